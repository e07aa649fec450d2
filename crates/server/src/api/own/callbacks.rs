//! `GET /_bulkwright/callbacks`, `/callbacks/{job_id}` and `POST …/replay`: what became of callbacks, and once more.

use bulkwright_engine::ids::JobId;
use bulkwright_store::model::{DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState};
use bulkwright_wire::callback::{CallbackDelivery, CallbackTry, CallbacksInfo, CallbacksPage};
use bulkwright_wire::error::{ErrorBody, ErrorCode};

use super::job_view::{delivery_state, shown, utc};
use super::{OwnCall, jobs};
use crate::api::record_query::invalid;
use crate::gate::Query;
use crate::reply::{Answer, Refusal};

/// One page, newest job first.
pub(super) async fn list(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let limit = jobs::limit(&call.query)?;
    let query = DeliveriesQuery {
        org: call.org(),
        state: state(&call.query)?,
        before: jobs::before(&call.query)?,
        // One more than is shown, to know whether there are more.
        limit: limit + 1,
    };
    let mut deliveries = call.app.store.deliveries(&query).await?;
    let more_records = deliveries.len() > limit as usize;
    deliveries.truncate(limit as usize);
    let next_before = deliveries.last().filter(|_| more_records).map(|last| last.job.to_string());
    let info = CallbacksInfo { count: deliveries.len() as u32, more_records, next_before };
    let callbacks = deliveries.into_iter().map(|delivery| view(delivery, None)).collect();
    Ok(Answer::ok(&CallbacksPage { callbacks, info }))
}

/// One job's callback with each of its tries.
pub(super) async fn show(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let delivery = find(call).await?;
    answered(call, delivery).await
}

/// Makes a callback due now, whatever came of it before. Its tries count anew, and its receiver knows it by the same id.
pub(super) async fn replay(call: &OwnCall<'_>) -> Result<Answer, Refusal> {
    let found = find(call).await?;
    let now = call.app.clock.seconds();
    let replayed = call.app.store.replay_delivery(found.org, found.job, now).await?;
    let delivery = replayed.ok_or(ErrorCode::ResourceNotFound)?;
    tracing::info!(job = %delivery.job, "a callback is sent again");
    call.app.callbacks.wake.notify_one();
    answered(call, delivery).await
}

async fn answered(call: &OwnCall<'_>, delivery: Delivery) -> Result<Answer, Refusal> {
    let tries = call.app.store.delivery_attempts(delivery.org, delivery.job).await?;
    Ok(Answer::ok(&view(delivery, Some(tries))))
}

/// The delivery of the path. One of another organisation is answered like one that is not there.
async fn find(call: &OwnCall<'_>) -> Result<Delivery, Refusal> {
    let job: JobId = call.route.parameter("job_id").parse().map_err(|_| ErrorCode::ResourceNotFound)?;
    let found = match call.org() {
        Some(org) => call.app.store.delivery(org, job).await?,
        None => {
            let next = JobId(job.0.saturating_add(1));
            let query = DeliveriesQuery { before: Some(next), limit: 1, ..DeliveriesQuery::default() };
            call.app.store.deliveries(&query).await?.pop().filter(|found| found.job == job)
        }
    };
    found.ok_or_else(|| ErrorCode::ResourceNotFound.into())
}

fn view(delivery: Delivery, tries: Option<Vec<DeliveryOutcome>>) -> CallbackDelivery {
    CallbackDelivery {
        job_id: delivery.job.to_string(),
        org: delivery.org.to_string(),
        url: delivery.callback.url.clone(),
        method: delivery.callback.method.clone(),
        created_time: utc(delivery.created_at),
        delivery: shown(delivery),
        tries: tries.map(|tries| tries.into_iter().map(one_try).collect()),
    }
}

fn one_try(outcome: DeliveryOutcome) -> CallbackTry {
    CallbackTry { time: utc(outcome.at), status: outcome.status, error: outcome.error }
}

fn state(query: &Query) -> Result<Option<DeliveryState>, ErrorBody> {
    let Some(text) = query.get("state") else { return Ok(None) };
    let all = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::GivenUp];
    let found = all.into_iter().find(|state| delivery_state(*state) == text);
    found.map(Some).ok_or_else(|| invalid("state", "state is one of pending, delivered and given_up"))
}
