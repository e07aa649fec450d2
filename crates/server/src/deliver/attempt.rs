//! One try at a delivery, from reading the job to noting what came of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Delivery, DeliveryOutcome, DeliveryState};

use super::sender::{Sender, Tried, Verdict};
use super::{POLL, message, schedule};
use crate::state::App;

/// Makes one try. Only a try whose outcome is known and noted counts: whatever ends this before leaves the delivery due
/// as it was.
pub(super) async fn make(app: &App, sender: Arc<Sender>, delivery: &Delivery, host: &str) {
    let tried = match message::of(app, delivery).await {
        Ok(Some(message)) => sender.send(message).await,
        Ok(None) => Tried::without_answer(Verdict::Never, "the job is there no more"),
        Err(error) => {
            tracing::error!(job = %delivery.job, error = &error as &dyn std::error::Error, "a callback could not be made ready");
            return rest(app).await;
        }
    };
    note(app, delivery, host, tried).await;
}

/// Keeps a delivery from being tried again at once.
pub(super) async fn rest(app: &App) {
    let mut clock_moves = app.clock.moves();
    tokio::select! {
        () = tokio::time::sleep(POLL) => {}
        Ok(()) = clock_moves.changed() => {}
        () = app.draining.cancelled() => {}
    }
}

/// Writes down what came of a try. Until it is written, the delivery is not tried again by this process: a disk that is
/// full must not become a storm at the receiver.
async fn note(app: &App, delivery: &Delivery, host: &str, tried: Tried) {
    let (callbacks, now, attempts) = (&app.callbacks, app.clock.seconds(), delivery.attempts + 1);
    let (state, next_at) = schedule::after(tried.verdict, &callbacks.schedule, attempts, now, &callbacks.randomness);
    let outcome = DeliveryOutcome { at: now, status: tried.status, error: tried.error };
    while let Err(error) = app.store.note_delivery(delivery.job, &outcome, state, next_at).await {
        tracing::error!(job = %delivery.job, error = &error as &dyn std::error::Error, "what came of a callback could not be noted");
        rest(app).await;
        if app.draining.is_cancelled() {
            return;
        }
        match is_noted(app, delivery).await {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => tracing::error!(error = &error as &dyn std::error::Error, "a delivery cannot be read"),
        }
    }
    tell(app, delivery, host, &outcome, state, next_at);
}

/// Whether what seemed to fail was written all the same: a try counts once.
async fn is_noted(app: &App, delivery: &Delivery) -> Result<bool, StoreError> {
    let present = app.store.delivery(delivery.org, delivery.job).await?;
    Ok(present.is_none_or(|present| present.attempts > delivery.attempts))
}

/// The log names the receiver's host only: the rest of an address may be a secret.
fn tell(
    app: &App,
    delivery: &Delivery,
    host: &str,
    outcome: &DeliveryOutcome,
    state: DeliveryState,
    next_at: Option<i64>,
) {
    let (job, attempt) = (delivery.job, delivery.attempts + 1);
    let (status, error) = (outcome.status, outcome.error.as_deref());
    let counts = &app.callbacks.counts;
    match state {
        DeliveryState::Delivered => {
            counts.delivered.fetch_add(1, Ordering::Relaxed);
            tracing::info!(%job, host, attempt, status, "a callback is delivered");
        }
        DeliveryState::Pending => {
            counts.postponed.fetch_add(1, Ordering::Relaxed);
            let wait_seconds = next_at.map(|next_at| next_at - outcome.at);
            tracing::warn!(%job, host, attempt, status, error, wait_seconds, "a callback was not taken");
        }
        DeliveryState::GivenUp => {
            counts.given_up.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%job, host, attempt, status, error, "a callback is given up");
        }
    }
}
