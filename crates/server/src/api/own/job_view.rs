//! From a stored job to what is shown of it: also why it stands where it stands.

use bulkwright_engine::verdict::Counts;
use bulkwright_store::model::{Callback, Delivery, DeliveryState, Failure, Job, JobResource, JobState};
use bulkwright_wire::own::{CallbackView, CountsView, DeliveryView, JobView, ResourceView};
use bulkwright_wire::time;
use jiff::tz::TimeZone;

use super::jobs::QUEUE_COUNTED_MAX;
use crate::api::details::{operation, status};
use crate::news::Held;

/// What is told beside the job itself; nothing of it in lists.
#[derive(Default)]
pub(super) struct Beside {
    /// Jobs that come before it, if it waits.
    pub(super) before: Option<u32>,
    pub(super) delivery: Option<Delivery>,
}

/// A job as it is shown. `held` is the hold of a worker of this process.
pub(super) fn of(job: &Job, held: Option<Held>, beside: Beside) -> JobView {
    let is_running = job.state == JobState::InProgress;
    // What a worker knows is newer than what it has last written down.
    let held = held.filter(|_| is_running);
    let resources: Vec<ResourceView> = job.resources.iter().map(|one| resource(one, held)).collect();
    let rest = job.rest.as_ref().filter(|_| is_running && held.is_none());
    JobView {
        id: job.id.to_string(),
        org: job.org.to_string(),
        status: status(job.state).as_str().to_owned(),
        operation: operation(job.operation).as_str().to_owned(),
        counts: sum(&resources),
        resources,
        created_time: utc(job.created_at),
        started_time: job.started_at.map(utc),
        finished_time: job.finished_at.map(utc),
        attempt: job.attempt,
        failures: job.failures,
        deaths: job.deaths,
        cause: cause(job, held),
        rests_until: rest.map(|rest| utc(rest.until)),
        waits_for: beside.before.map(waits_for),
        has_result: job.result_blob.is_some(),
        callback: job.callback.as_ref().map(|one| callback(one, beside.delivery)),
    }
}

fn cause(job: &Job, held: Option<Held>) -> Option<String> {
    match job.state {
        JobState::Added | JobState::Completed => None,
        JobState::Failed => {
            let failures = job.resources.iter().filter_map(|resource| resource.failure.as_ref());
            let told: Vec<_> = failures.map(|Failure { code, message }| format!("{code}: {message}")).collect();
            Some(told.join("; "))
        }
        JobState::InProgress => Some(match (held, &job.rest) {
            (Some(held), _) => at_work(held),
            (None, Some(rest)) => rest.cause.clone(),
            (None, None) => "no worker holds it at the moment; the next one that is free goes on with it".to_owned(),
        }),
    }
}

fn at_work(held: Held) -> String {
    let since = utc(held.since);
    match held.chunk_at {
        Some(chunk_at) => format!("a worker holds it since {since}, its last chunk was committed at {}", utc(chunk_at)),
        None => format!("a worker holds it since {since} and has committed no chunk yet"),
    }
}

fn waits_for(before: u32) -> String {
    match before {
        0 => "a worker; no job is before it".to_owned(),
        1 => "the job before it".to_owned(),
        _ if before > QUEUE_COUNTED_MAX => format!("more than {QUEUE_COUNTED_MAX} jobs before it"),
        _ => format!("{before} jobs before it"),
    }
}

fn resource(resource: &JobResource, held: Option<Held>) -> ResourceView {
    let (code, message) = match &resource.failure {
        Some(Failure { code, message }) => (Some(code.clone()), Some(message.clone())),
        None => (None, None),
    };
    ResourceView {
        module: resource.module.clone(),
        file_id: resource.file.to_string(),
        file_name: resource.csv_name.clone(),
        status: status(resource.state).as_str().to_owned(),
        counts: counts(held.map_or(resource.counts, |held| held.counts)),
        code,
        message,
    }
}

fn sum(resources: &[ResourceView]) -> CountsView {
    resources.iter().map(|resource| resource.counts).fold(CountsView::default(), |sum, one| {
        CountsView::new(sum.added + one.added, sum.updated + one.updated, sum.skipped + one.skipped)
    })
}

/// Counts as they are shown.
pub(super) fn counts(counts: Counts) -> CountsView {
    CountsView::new(counts.added, counts.updated, counts.skipped)
}

fn callback(callback: &Callback, delivery: Option<Delivery>) -> CallbackView {
    CallbackView { url: callback.url.clone(), method: callback.method.clone(), delivery: delivery.map(shown) }
}

/// The word for a delivery's state.
pub(super) fn delivery_state(state: DeliveryState) -> &'static str {
    match state {
        DeliveryState::Pending => "pending",
        DeliveryState::Delivered => "delivered",
        DeliveryState::GivenUp => "given_up",
    }
}

/// How a delivery stands.
pub(super) fn shown(delivery: Delivery) -> DeliveryView {
    DeliveryView {
        state: delivery_state(delivery.state).to_owned(),
        attempts: delivery.attempts,
        next_time: delivery.next_at.map(utc),
        last_time: delivery.last.as_ref().map(|last| utc(last.at)),
        last_status: delivery.last.as_ref().and_then(|last| last.status),
        last_error: delivery.last.and_then(|last| last.error),
    }
}

/// A moment as it is shown to everybody.
pub(super) fn utc(seconds: i64) -> String {
    time::print(seconds, &TimeZone::UTC)
}
