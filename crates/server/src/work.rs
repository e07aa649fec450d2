//! The worker: takes jobs by lease, one after another, and sees each to its end.
//!
//! The job's row is the queue. A worker is woken when a job is added and looks by itself now and then; what it holds
//! when the server ends it gives back, and what it held when the process died is free at the next start. Running a job
//! twice is harmless: its ledger says what was applied.

mod attempt;
mod ending;
pub(crate) mod intact;
mod progress;
mod timed;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Claim, Job};
use futures::FutureExt;
use tracing::{Instrument, Span};

use crate::state::App;

pub(crate) use attempt::spec_of;
use attempt::{Attempt, AttemptError, Ended};
use progress::Progress;

/// How the one worker of an embedded store is called.
const WORKER: &str = "worker-1";
/// Seconds a claim holds without being renewed.
const LEASE_SECONDS: i64 = 60;
/// How often the worker looks for jobs although nobody woke it.
const POLL: Duration = Duration::from_secs(5);
/// Seconds that a job rests after its first attempt that came to no end; each further one doubles them.
const REST_SECONDS: i64 = 5;
/// Seconds that it rests at most.
const REST_SECONDS_MAX: i64 = 300;
/// How often a running job's counts are shown to those who look.
pub(crate) const SHOW: Duration = Duration::from_secs(1);
/// Shows after which a claim is renewed even if nothing moved: well within the lease.
const SHOWS_PER_RENEWAL: u32 = 20;
/// Seconds that a job rests while the disk is full: it costs little to look whether there is room again.
const FULL_DISK_REST_SECONDS: i64 = 5;
/// Attempts in a row that may fail without a chunk committed. After them the job is the cause, not the victim.
const FAILURES_MAX: u32 = 20;
/// Processes in a row that may die while they work on a job alone, without a chunk committed.
const DEATHS_MAX: u32 = 20;

/// Works until the server ends.
pub(crate) async fn serve(app: Arc<App>) {
    while !app.draining.is_cancelled() {
        match AssertUnwindSafe(claim_and_run(&app)).catch_unwind().await {
            Ok(Ok(Worked::Ended | Worked::Postponed)) => continue,
            Ok(Ok(Worked::Nothing | Worked::Released)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the worker could not take or end a job");
            }
            Err(_) => tracing::error!("the worker met a fault of its own and goes on"),
        }
        tokio::select! {
            () = app.work.notified() => {}
            () = tokio::time::sleep(POLL) => {}
            () = app.draining.cancelled() => {}
        }
    }
}

/// What came of a look at the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worked {
    /// A job has come to its end.
    Ended,
    /// No job waits.
    Nothing,
    /// A job was tried in vain and rests; others may go first.
    Postponed,
    /// A job was left to another attempt.
    Released,
}

/// Takes the oldest job that waits and sees it to its end, or gives it back.
pub(crate) async fn claim_and_run(app: &Arc<App>) -> Result<Worked, StoreError> {
    let Some((claim, job)) = app.store.claim(WORKER, app.clock.seconds(), LEASE_SECONDS).await? else {
        return Ok(Worked::Nothing);
    };
    // Of the highest level, so that what is said in it is never without its ids.
    let attempt = tracing::error_span!("attempt", job = %job.id, number = claim.attempt);
    see_through(app, claim, Arc::new(job)).instrument(attempt).await
}

/// One attempt at a job that is claimed, whatever comes of it.
async fn see_through(app: &Arc<App>, claim: Claim, job: Arc<Job>) -> Result<Worked, StoreError> {
    tracing::info!("a job begins");
    let progress = Arc::new(Progress::of(&job));
    let _hold = app.news.hold(job.id, app.clock.seconds(), progress.last().counts);
    let worked = match run(app, claim, &job, &progress).await {
        // What failed may have been done all the same: then the job is no longer held, which the next call says.
        Err(error) if !matches!(error, StoreError::Fenced) => {
            ending::failed_attempt(app, claim, &job, &progress, &error).await
        }
        other => other,
    };
    match worked {
        // Another attempt has begun, or the job is through: it is no longer ours to touch.
        Err(StoreError::Fenced) => {
            tracing::warn!("this attempt holds the job no longer");
            Ok(Worked::Released)
        }
        other => other,
    }
}

async fn run(app: &Arc<App>, claim: Claim, job: &Arc<Job>, progress: &Arc<Progress>) -> Result<Worked, StoreError> {
    if job.deaths >= DEATHS_MAX {
        return ending::given_up_as_deadly(app, claim, job).await;
    }
    let attempt = Attempt::new(app.clone(), claim, job.clone(), progress.clone()).await?;
    let span = Span::current();
    let mut running = tokio::task::spawn_blocking(move || span.in_scope(|| attempt.run()));
    let mut shows = tokio::time::interval(SHOW);
    let mut quiet_shows = 0;
    shows.tick().await;
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            _ = shows.tick() => show(app, claim, progress, &mut quiet_shows).await,
        }
    };
    match ended {
        Ok(Ok(Ended::Finished(end))) => ending::finish(app, claim, end).await,
        Ok(Ok(Ended::Stopped)) => match progress.no_room() {
            Some(no_room) => ending::wait_for_room(app, claim, no_room).await,
            None => ending::release(app, claim).await,
        },
        Ok(Err(AttemptError::Fenced)) => Err(StoreError::Fenced),
        Ok(Err(error)) => ending::failed_attempt(app, claim, job, progress, &error).await,
        Err(_) => ending::panicked(app, claim, job).await,
    }
}

/// Shows counts that have moved, and renews the claim before it ends. A claim that is lost stops the attempt.
async fn show(app: &App, claim: Claim, progress: &Progress, quiet_shows: &mut u32) {
    let moved = progress.take_moved();
    if moved.is_none() && *quiet_shows < SHOWS_PER_RENEWAL {
        *quiet_shows += 1;
        return;
    }
    *quiet_shows = 0;
    let seen = moved.unwrap_or_else(|| progress.last());
    let lease_until = app.clock.seconds() + LEASE_SECONDS;
    match app.store.progress(claim, lease_until, 0, seen.counts, seen.charset).await {
        Ok(()) => {}
        Err(StoreError::Fenced) => progress.stop(),
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "a claim was not renewed"),
    }
}
