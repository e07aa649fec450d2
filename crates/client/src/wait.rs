//! Waiting for the end of a job that is there already.

use std::time::Duration;

use bulkwright_wire::details::{JobDetails, Status};
use bulkwright_wire::own::{CountsView, JobView};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, TargetKind};
use crate::error::ClientError;
use crate::exit::Exit;
use crate::load::poll::{Pauses, PollInterval};

/// The least time between two looks at an own server: one that ends answers every look at once.
const OWN_PAUSE: Duration = Duration::from_millis(100);
/// The time between two looks while the target does not answer, in first pauses of [`Patience`](crate::Patience).
const OUTAGE_PAUSES: u32 = 4;

/// How a job is waited for.
#[derive(Clone, Copy, Debug)]
pub struct WaitSettings {
    /// How long altogether; as long as it takes if it is not said.
    pub timeout: Option<Duration>,
    /// How often news are wanted before the end. An own server is asked to answer at the end or after this time; the
    /// vendor's is asked by its schedule.
    pub news_every: Duration,
    /// The time between two looks at the vendor's, if it is not that of the schedule.
    pub poll_interval: Option<PollInterval>,
}

/// A job as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The status, as the target spells it.
    pub status: String,
    /// Rows so far.
    pub counts: CountsView,
    /// When it is tried again, if it rests (an own server tells).
    pub rests_until: Option<String>,
    /// Why it rests, or who works on it (an own server tells).
    pub cause: Option<String>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitEnd {
    /// The job is through.
    Through,
    /// The time is over; the job goes on.
    TimeOver,
    /// It was told to stop; the job goes on.
    Stopped,
}

/// Waits for a job's end and tells `see` each look at it. Once the job has been seen, a target that does not answer is
/// waited for as well, for [`Patience::disbelief`](crate::Patience::disbelief) each time.
///
/// # Errors
/// What a look at the job came to, if that was no job.
pub async fn wait_for_job(
    api: &Api,
    kind: TargetKind,
    id: &str,
    settings: WaitSettings,
    stop: &CancellationToken,
    see: &(dyn Fn(&Seen) + Sync),
) -> Result<WaitEnd, ClientError> {
    let deadline = settings.timeout.map(|timeout| Instant::now() + timeout);
    let mut pauses = Pauses::new(kind, settings.poll_interval);
    // The first look answers at once, whatever the time.
    let mut seen = look(api, kind, id, Duration::ZERO).await?;
    let mut outage_since = None;
    loop {
        see(&seen);
        if Status::parse(&seen.status).is_some_and(Status::is_final) {
            return Ok(WaitEnd::Through);
        }
        seen = loop {
            let pause = match (outage_since, kind) {
                (Some(_), _) => api.patience().pause * OUTAGE_PAUSES,
                (None, TargetKind::Own) => OWN_PAUSE,
                (None, TargetKind::Vendor) => pauses.next(),
            };
            let next = async {
                tokio::time::sleep(pause).await;
                look(api, kind, id, news_within(settings, deadline)).await
            };
            let looked = tokio::select! {
                looked = next => looked,
                () = at(deadline) => return Ok(WaitEnd::TimeOver),
                () = stop.cancelled() => return Ok(WaitEnd::Stopped),
            };
            match looked {
                Ok(seen) => break seen,
                Err(error) if error.exit() == Exit::Temporary => {
                    let since = *outage_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= api.patience().disbelief {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        };
        outage_since = None;
    }
}

/// Never asked for longer than is waited: the last answer comes in time.
fn news_within(settings: WaitSettings, deadline: Option<Instant>) -> Duration {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    left.map_or(settings.news_every, |left| left.min(settings.news_every))
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn look(api: &Api, kind: TargetKind, id: &str, time: Duration) -> Result<Seen, ClientError> {
    match kind {
        TargetKind::Own => api.job_view_within(id, time).await.map(Seen::from),
        TargetKind::Vendor => api.job(id).await.map(Seen::from),
    }
}

impl From<JobView> for Seen {
    fn from(view: JobView) -> Self {
        let JobView { status, counts, rests_until, cause, .. } = view;
        Seen { status, counts, rests_until, cause }
    }
}

impl From<JobDetails> for Seen {
    fn from(details: JobDetails) -> Self {
        let files = details.resource.iter().filter_map(|resource| resource.file.as_ref());
        let counts = files.fold(CountsView::default(), |sum, file| {
            let count = |count: Option<u64>| count.unwrap_or_default();
            CountsView::new(
                sum.added + count(file.added_count),
                sum.updated + count(file.updated_count),
                sum.skipped + count(file.skipped_count),
            )
        });
        Seen { status: details.status, counts, rests_until: None, cause: None }
    }
}
