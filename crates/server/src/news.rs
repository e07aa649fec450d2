//! What the worker tells those who look at a job: that it holds it, how far it is, and that something else has changed.
//!
//! News are a ring of the bell and carry no state: who hears one looks again. Whoever subscribes before he looks misses
//! nothing, and who is too slow to hear every ring is told to look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bulkwright_engine::ids::JobId;
use bulkwright_engine::verdict::Counts;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// News that one listener may leave unheard; then it is told to look again.
const UNHEARD_MAX: usize = 64;

/// The bell, and what the workers of this process hold.
pub(crate) struct JobNews {
    bell: broadcast::Sender<(JobId, Turn)>,
    held: Mutex<HashMap<JobId, Held>>,
}

/// What kind of news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Its counters have moved.
    Moved,
    /// Anything else: a worker took it, gave it back, or ended it.
    Turned,
}

/// A job that a worker of this process works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    /// Since when.
    pub(crate) since: i64,
    /// When this attempt committed its last chunk.
    pub(crate) chunk_at: Option<i64>,
    /// Rows of all attempts so far.
    pub(crate) counts: Counts,
}

/// Says that a job is held for as long as it is there; then that it is held no more, however the attempt has ended.
pub(crate) struct Hold {
    news: Arc<JobNews>,
    job: JobId,
}

/// Hears what is told of one job.
pub(crate) struct Listener {
    bell: broadcast::Receiver<(JobId, Turn)>,
    job: JobId,
}

impl Default for JobNews {
    fn default() -> Self {
        JobNews { bell: broadcast::Sender::new(UNHEARD_MAX), held: Mutex::default() }
    }
}

impl JobNews {
    /// What is told of a job from now on.
    pub(crate) fn listen(&self, job: JobId) -> Listener {
        Listener { bell: self.bell.subscribe(), job }
    }

    /// A worker begins with a job whose attempts so far have come to these counts.
    pub(crate) fn hold(self: &Arc<Self>, job: JobId, now: i64, counts: Counts) -> Hold {
        self.all_held().insert(job, Held { since: now, chunk_at: None, counts });
        self.ring(job, Turn::Turned);
        Hold { news: self.clone(), job }
    }

    /// A chunk of a job that is held is committed.
    pub(crate) fn moved(&self, job: JobId, now: i64, counts: Counts) {
        if let Some(held) = self.all_held().get_mut(&job) {
            (held.chunk_at, held.counts) = (Some(now), counts);
        }
        self.ring(job, Turn::Moved);
    }

    /// The worker's hold on a job, if one of this process has it.
    pub(crate) fn held(&self, job: JobId) -> Option<Held> {
        self.all_held().get(&job).copied()
    }

    fn ring(&self, job: JobId, turn: Turn) {
        // Nobody may be listening.
        let _ = self.bell.send((job, turn));
    }

    fn all_held(&self) -> MutexGuard<'_, HashMap<JobId, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.news.all_held().remove(&self.job);
        self.news.ring(self.job, Turn::Turned);
    }
}

impl Listener {
    /// The next thing that is told of the job.
    pub(crate) async fn next(&mut self) -> Turn {
        loop {
            match self.bell.recv().await {
                Ok((job, turn)) if job == self.job => return turn,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Turn::Turned,
                // The bell goes with the server.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// The next time that more than the counters has changed.
    pub(crate) async fn turned(&mut self) {
        while self.next().await != Turn::Turned {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId(7);

    #[tokio::test]
    async fn listeners_hear_of_their_own_job_in_order() {
        let news = Arc::new(JobNews::default());
        let mut listener = news.listen(JOB);
        let hold = news.hold(JOB, 100, Counts::default());
        drop(news.hold(JobId(8), 100, Counts::default()));
        news.moved(JOB, 101, Counts { added: 2, ..Counts::default() });
        assert_eq!(
            news.held(JOB).map(|held| (held.since, held.chunk_at, held.counts.added)),
            Some((100, Some(101), 2))
        );
        drop(hold);
        let heard = [listener.next().await, listener.next().await, listener.next().await];
        assert_eq!(heard, [Turn::Turned, Turn::Moved, Turn::Turned]);
        assert_eq!(news.held(JOB), None);
    }

    #[tokio::test]
    async fn who_cannot_keep_up_is_told_to_look() {
        let news = JobNews::default();
        let mut listener = news.listen(JOB);
        (0..=UNHEARD_MAX as i64).for_each(|second| news.moved(JOB, second, Counts::default()));
        assert_eq!(listener.next().await, Turn::Turned);
    }
}
