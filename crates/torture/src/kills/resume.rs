//! How soon an interrupted job goes on: the time from when the server was ready until the job shows anything new.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bulkwright_client::api_words::JobDetails;
use tokio::task::JoinHandle;

use super::feed::has_ended;
use crate::client::Client;
use crate::control::StoredJob;
use crate::say::Tally;
use crate::site::Server;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(5);
/// What is too late: far below the minute of a lease. Most jobs go on and end within a tenth of a second; the first chunk
/// of a wide one takes about a second until it is shown, on a busy machine more.
const LATE: Duration = Duration::from_secs(3);

/// The times that were seen.
#[derive(Debug)]
pub(crate) struct Resumes {
    times: Vec<Duration>,
    pub(crate) late: Tally,
}

impl Default for Resumes {
    fn default() -> Self {
        Resumes { times: Vec::new(), late: Tally::new("late") }
    }
}

/// A job that is watched.
pub(crate) struct Watched(Option<JoinHandle<Option<Duration>>>, Instant);

impl Resumes {
    /// Watches the job whose turn it is, if there is one.
    pub(crate) fn watch(&mut self, client: Arc<Client>, server: &Server, stored: &[StoredJob]) -> Watched {
        let ready = server.ready_since();
        let job = stored.iter().find(|job| !job.ended).cloned();
        Watched(job.map(|job| tokio::spawn(first_news(client, job, ready))), ready)
    }

    /// Takes the time, once the server is killed: the watch ends with it. No news is no time, unless it was long.
    pub(crate) async fn end(&mut self, Watched(watch, ready): Watched) {
        let lived = ready.elapsed();
        let Some(watch) = watch else { return };
        match watch.await.ok().flatten() {
            Some(time) => self.add(time),
            None if lived > LATE => self.add(lived),
            None => {}
        }
    }

    fn add(&mut self, time: Duration) {
        if time > LATE {
            self.late.add(|| format!("a job went on only after {:.1} s", time.as_secs_f64()));
        }
        self.times.push(time);
    }

    pub(crate) fn count(&self) -> usize {
        self.times.len()
    }

    /// The time that so many percent were not above.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(place).copied().unwrap_or_default()
    }
}

async fn first_news(client: Arc<Client>, before: StoredJob, ready: Instant) -> Option<Duration> {
    loop {
        match client.job(&before.id).await {
            Ok(now) if has_ended(&now) || is_news(&before, &now) => return Some(ready.elapsed()),
            Ok(_) => tokio::time::sleep(PAUSE).await,
            // The server was killed.
            Err(_) => return None,
        }
    }
}

/// Its first claim, or more rows settled.
fn is_news(before: &StoredJob, now: &JobDetails) -> bool {
    let file = now.resource.first().and_then(|resource| resource.file.as_ref());
    let rows = file.and_then(|file| file.total_count);
    rows.is_some_and(|rows| !before.begun || rows as i64 > before.rows_counted)
}
