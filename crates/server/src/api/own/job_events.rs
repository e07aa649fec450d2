//! `GET /_bulkwright/jobs/{id}/events`: a job as it moves, as server-sent events. Only the present state is ever sent,
//! so that nothing piles up for a client that is slow.

use std::time::Duration;

use bulkwright_store::Error as StoreError;
use bulkwright_wire::own::{JobProgress, JobView};
use bytes::Bytes;
use futures::{StreamExt, stream};
use serde::Serialize;
use tokio::time::Instant;

use super::OwnCall;
use super::job_view::counts;
use super::jobs::{Look, is_through};
use crate::news::{Listener, Turn};
use crate::reply::{Answer, Refusal};

/// The least time between two events that tell counters.
const PACE: Duration = Duration::from_millis(250);
/// How long nothing is sent before a comment shows that the connection is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with events until the job or the server ends.
pub(super) async fn follow(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let look = Look::at(call)?;
    // Who listens before he looks misses nothing.
    let listener = look.news.listen(look.job);
    let seen = Some(look.view().await?);
    let feed = Feed { look, listener, seen, told: None, sent_at: Instant::now(), due: None };
    Ok(Answer::Events(stream::unfold(Some(feed), next_event).boxed()))
}

struct Feed {
    look: Look,
    listener: Listener,
    /// What was read and not told yet.
    seen: Option<JobView>,
    told: Option<JobProgress>,
    sent_at: Instant,
    /// When counters that have moved are told.
    due: Option<Instant>,
}

/// What comes next in a feed.
enum Next {
    Look,
    Counters,
    KeepAlive,
    End,
}

/// The next event and the feed behind it; no feed behind the last one.
async fn next_event(feed: Option<Feed>) -> Option<(Result<Bytes, StoreError>, Option<Feed>)> {
    let mut feed = feed?;
    loop {
        let progress = match feed.seen.take() {
            Some(view) if is_through(&view) => return Some((Ok(event("end", &view)), None)),
            Some(view) => Some(progress_of(&view)),
            None => match feed.next().await {
                Next::Look => {
                    feed.seen = Some(feed.read().await?);
                    continue;
                }
                Next::Counters => feed.counters(),
                Next::KeepAlive => {
                    feed.sent_at = Instant::now();
                    return Some((Ok(Bytes::from_static(b": nothing new\n\n")), Some(feed)));
                }
                Next::End => return None,
            },
        };
        let Some(progress) = progress.filter(|progress| feed.told.as_ref() != Some(progress)) else { continue };
        let event = event("progress", &progress);
        (feed.told, feed.sent_at, feed.due) = (Some(progress), Instant::now(), None);
        return Some((Ok(event), Some(feed)));
    }
}

impl Feed {
    /// Waits for something to tell.
    async fn next(&mut self) -> Next {
        loop {
            let due = self.due;
            tokio::select! {
                turn = self.listener.next() => match turn {
                    Turn::Turned => return Next::Look,
                    Turn::Moved => self.due = due.or(Some(self.sent_at + PACE)),
                },
                () = at(due) => {
                    self.due = None;
                    return Next::Counters;
                }
                () = tokio::time::sleep_until(self.sent_at + KEEP_ALIVE) => return Next::KeepAlive,
                () = self.look.draining.cancelled() => return Next::End,
            }
        }
    }

    /// Reads the job anew. Where that fails, the feed ends: its client asks again.
    async fn read(&self) -> Option<JobView> {
        match self.look.view().await {
            Ok(view) => Some(view),
            Err(refusal) => {
                tracing::warn!(job = %self.look.job, ?refusal, "a job cannot be followed any more");
                None
            }
        }
    }

    /// What the worker has come to since the last event. The store need not be asked for that.
    fn counters(&self) -> Option<JobProgress> {
        let held = self.look.news.held(self.look.job)?;
        self.told.as_ref().map(|told| JobProgress { counts: counts(held.counts), ..told.clone() })
    }
}

/// That moment; never, if there is none.
async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn progress_of(view: &JobView) -> JobProgress {
    JobProgress {
        id: view.id.clone(),
        status: view.status.clone(),
        counts: view.counts,
        rests_until: view.rests_until.clone(),
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    // JSON in one line: no line of it can be taken for another field.
    let data = serde_json::to_string(data).expect("answers are maps with text keys, written to memory");
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}
