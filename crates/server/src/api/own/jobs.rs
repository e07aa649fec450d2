//! `GET /_bulkwright/jobs`, `/jobs/{id}` and `/jobs/{id}/wait`: which jobs there are, and what each one is at.

use std::sync::Arc;
use std::time::Duration;

use bulkwright_engine::ids::{JobId, OrgId};
use bulkwright_store::model::{Job, JobState, JobsQuery};
use bulkwright_store::{Error as StoreError, Store};
use bulkwright_wire::details::Status;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::own::{JobView, JobsInfo, JobsPage};
use tokio_util::sync::CancellationToken;

use super::OwnCall;
use super::job_view::{self, Beside};
use crate::api::record_query::invalid;
use crate::gate::{Query, in_time};
use crate::news::JobNews;
use crate::reply::{Answer, Refusal};

/// Jobs of a page unless another number is asked for.
const PAGE_JOBS: u32 = 50;
/// Jobs of one page.
const PAGE_JOBS_MAX: u32 = 200;
/// How long a job's end is waited for unless another time is asked for.
const WAIT: Duration = Duration::from_secs(30);
/// The longest wait for a job's end.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// Jobs before another one that are counted one by one.
pub(super) const QUEUE_COUNTED_MAX: u32 = 100;

/// One page, newest first.
pub(super) async fn list(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let limit = limit(&call.query)?;
    let query = JobsQuery {
        org: call.org(),
        state: state(&call.query)?,
        before: before(&call.query)?,
        // One more than is shown, to know whether there are more.
        limit: limit + 1,
    };
    let mut jobs = call.app.store.jobs(&query).await?;
    let more_records = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let next_before = jobs.last().filter(|_| more_records).map(|last| last.id.to_string());
    let info = JobsInfo { count: jobs.len() as u32, more_records, next_before };
    let view = |job: &Job| job_view::of(job, call.app.news.held(job.id), Beside::default());
    Ok(Answer::ok(&JobsPage { jobs: jobs.iter().map(view).collect(), info }))
}

/// One job as it is now.
pub(super) async fn show(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(&Look::at(call)?.view().await?))
}

/// One job as soon as it is through; as it is by then if the time is over before, or the server ends.
pub(super) async fn wait(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let look = Look::at(call)?;
    let mut over = std::pin::pin!(tokio::time::sleep(timeout(&call.query)?));
    // Who listens before he looks misses no end.
    let mut listener = look.news.listen(look.job);
    let mut is_over = false;
    loop {
        let view = in_time(call.app, look.view()).await?;
        if is_over || is_through(&view) {
            return Ok(Answer::ok(&view));
        }
        is_over = tokio::select! {
            () = listener.turned() => false,
            () = &mut over => true,
            () = look.draining.cancelled() => true,
        };
    }
}

/// Whether nothing more will happen to a job.
pub(super) fn is_through(view: &JobView) -> bool {
    Status::parse(&view.status).is_some_and(Status::is_final)
}

/// A job that is looked at, maybe more than once.
pub(super) struct Look {
    store: Arc<dyn Store>,
    pub(super) news: Arc<JobNews>,
    pub(super) draining: CancellationToken,
    org: Option<OrgId>,
    pub(super) job: JobId,
}

impl Look {
    pub(super) fn at(call: &OwnCall<'_>) -> Result<Self, Refusal> {
        let job = call.route.parameter("job_id").parse().map_err(|_| ErrorCode::ResourceNotFound)?;
        Ok(Look {
            store: call.app.store.clone(),
            news: call.app.news.clone(),
            draining: call.app.draining.clone(),
            org: call.org(),
            job,
        })
    }

    /// The job as it is now.
    pub(super) async fn view(&self) -> Result<JobView, Refusal> {
        // Asked on both sides of the read: it may be taken or given back meanwhile.
        let held = self.news.held(self.job);
        let job = self.job().await?;
        let held = self.news.held(self.job).or(held);
        let beside = Beside {
            before: match job.state {
                JobState::Added => Some(self.before(job.id).await?),
                _ => None,
            },
            delivery: match job.callback {
                Some(_) => self.store.delivery(job.org, job.id).await?,
                None => None,
            },
        };
        Ok(job_view::of(&job, held, beside))
    }

    /// The job as it is stored. One of another organisation is answered like one that is not there.
    pub(super) async fn job(&self) -> Result<Job, Refusal> {
        Ok(self.read().await?.ok_or(ErrorCode::ResourceNotFound)?)
    }

    async fn read(&self) -> Result<Option<Job>, StoreError> {
        if let Some(org) = self.org {
            return self.store.job(org, self.job).await;
        }
        let next = JobId(self.job.0.saturating_add(1));
        let query = JobsQuery { before: Some(next), limit: 1, ..JobsQuery::default() };
        Ok(self.store.jobs(&query).await?.pop().filter(|found| found.id == self.job))
    }

    /// How many jobs of all organisations come before one that waits, counted to a bound.
    async fn before(&self, job: JobId) -> Result<u32, StoreError> {
        let mut jobs = 0;
        for state in [JobState::Added, JobState::InProgress] {
            let limit = QUEUE_COUNTED_MAX + 1;
            let query = JobsQuery { org: None, state: Some(state), before: Some(job), limit };
            jobs += self.store.jobs(&query).await?.len() as u32;
        }
        Ok(jobs)
    }
}

fn state(query: &Query) -> Result<Option<JobState>, ErrorBody> {
    let Some(text) = query.get("status") else { return Ok(None) };
    match Status::parse(text) {
        Some(Status::Added) => Ok(Some(JobState::Added)),
        Some(Status::InProgress) => Ok(Some(JobState::InProgress)),
        Some(Status::Completed) => Ok(Some(JobState::Completed)),
        Some(Status::Failed) => Ok(Some(JobState::Failed)),
        Some(Status::Skipped) | None => {
            Err(invalid("status", "status is one of ADDED, INPROGRESS, COMPLETED and FAILED"))
        }
    }
}

/// How many a page has, jobs or what hangs on them.
pub(super) fn limit(query: &Query) -> Result<u32, ErrorBody> {
    let Some(text) = query.get("limit") else { return Ok(PAGE_JOBS) };
    let fits = text.parse().ok().filter(|limit| (1..=PAGE_JOBS_MAX).contains(limit));
    fits.ok_or_else(|| invalid("limit", &format!("limit is a number from 1 to {PAGE_JOBS_MAX}")))
}

/// Where a page goes on.
pub(super) fn before(query: &Query) -> Result<Option<JobId>, ErrorBody> {
    let Some(text) = query.get("before") else { return Ok(None) };
    let wrong = |_| invalid("before", "before is the id of a job; next_before of the page before tells it");
    text.parse().map(Some).map_err(wrong)
}

/// `30s`, `500ms`, `5m`.
fn timeout(query: &Query) -> Result<Duration, ErrorBody> {
    let Some(text) = query.get("timeout") else { return Ok(WAIT) };
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let each = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        _ => None,
    };
    let milliseconds = number.parse::<u64>().ok().zip(each).and_then(|(number, each)| number.checked_mul(each));
    let fits = milliseconds.map(Duration::from_millis).filter(|time| *time <= WAIT_MAX);
    fits.ok_or_else(|| invalid("timeout", "timeout is a time up to 5m with its unit, such as 500ms, 30s or 2m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_unit_and_are_bounded() {
        let check = |text: &str, expected: Option<u64>| {
            let query = Query::of(Some(&format!("timeout={text}")));
            assert_eq!(timeout(&query).ok(), expected.map(Duration::from_millis), "{text}");
        };
        check("0s", Some(0));
        check("1500ms", Some(1500));
        check("30s", Some(30_000));
        check("5m", Some(300_000));
        check("301s", None);
        check("30", None);
        check("s", None);
        check("-1s", None);
        check("9999999999999999999m", None);
        assert_eq!(timeout(&Query::of(None)).unwrap(), WAIT);
    }
}
