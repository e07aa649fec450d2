//! What has outlived its time goes: at the start, and then at each interval of the server's clock.

use std::sync::Arc;
use std::time::Duration;

use bulkwright_store::upkeep::{SweepMode, SweepRule, Swept};

use crate::config::Config;
use crate::state::App;

/// How often the clock is looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(1);

/// How long things are kept, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lifetimes {
    pub(crate) upload: i64,
    pub(crate) result: i64,
    pub(crate) job: i64,
}

impl Lifetimes {
    pub(crate) fn of(config: &Config) -> Self {
        Lifetimes {
            upload: seconds(config.upload_lifetime),
            result: seconds(config.result_lifetime),
            job: seconds(config.job_lifetime),
        }
    }

    /// The same for everything.
    pub(crate) fn all(lifetime: Duration) -> Self {
        let seconds = seconds(lifetime);
        Lifetimes { upload: seconds, result: seconds, job: seconds }
    }

    /// What is as old as that at `now`.
    pub(crate) fn rule(self, now: i64, mode: SweepMode) -> SweepRule {
        SweepRule {
            now,
            uploads_through: now.saturating_sub(self.upload),
            results_through: now.saturating_sub(self.result),
            jobs_through: now.saturating_sub(self.job),
            mode,
        }
    }
}

pub(crate) fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// Sweeps until the server ends.
pub(crate) async fn serve(app: Arc<App>) {
    let sweeps = async { sweep_at_each_interval(&app).await };
    tokio::pin!(sweeps);
    tokio::select! {
        () = &mut sweeps => {}
        () = app.draining.cancelled() => {
            app.upkeep.break_off();
            sweeps.await;
        }
    }
}

async fn sweep_at_each_interval(app: &App) {
    let interval = seconds(app.sweep_interval);
    loop {
        sweep(app).await;
        let mut last = app.clock.seconds();
        while app.clock.seconds() < last.saturating_add(interval) {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = app.draining.cancelled() => return,
            }
            // A clock that is set back must not put the next sweep off.
            last = last.min(app.clock.seconds());
        }
    }
}

async fn sweep(app: &App) {
    let rule = app.lifetimes.rule(app.clock.seconds(), SweepMode::Remove);
    match app.upkeep.sweep(&rule).await {
        Ok(Swept { uploads: 0, results: 0, jobs: 0, tokens: 0, answers: 0, orphans: 0, .. }) => {}
        Ok(Swept { uploads, results, jobs, tokens, answers, orphans, bytes }) => {
            tracing::info!(uploads, results, jobs, tokens, answers, orphans, bytes, "swept what has outlived its time");
        }
        // The next start sweeps what is left.
        Err(_) if app.draining.is_cancelled() => {}
        Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "a sweep broke off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_end_where_time_ends() {
        let lifetimes = Lifetimes { upload: 10, ..Lifetimes::all(Duration::MAX) };
        let rule = lifetimes.rule(-5, SweepMode::Tell);
        assert_eq!((rule.now, rule.uploads_through, rule.jobs_through), (-5, -15, i64::MIN));
    }
}
