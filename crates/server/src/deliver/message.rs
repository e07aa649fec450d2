//! What a receiver is sent.

use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Delivery, WebhookKey};

use crate::api::details;
use crate::state::App;

/// One message. Every try of a delivery sends the same one.
#[derive(Debug)]
pub(super) struct Message {
    /// Where to.
    pub(super) url: String,
    /// By this a receiver knows a repeat: a job ends once, so its id names the message.
    pub(super) id: String,
    /// The job's details (contract 1.7).
    pub(super) body: Vec<u8>,
    /// What it is signed with: the keys of the job's organisation at the moment of the try.
    pub(super) keys: Vec<WebhookKey>,
}

/// The message of a delivery; `None` if its job is there no more.
pub(super) async fn of(app: &App, delivery: &Delivery) -> Result<Option<Message>, StoreError> {
    let Some(job) = app.store.job(delivery.org, delivery.job).await? else { return Ok(None) };
    let id = format!("job-{}", job.id);
    let body = details::as_told_to_a_receiver(app, job).await?;
    let orgs = app.store.orgs().await?;
    let keys = orgs.into_iter().find(|org| org.id == delivery.org).map(|org| org.webhook_keys).unwrap_or_default();
    Ok(Some(Message { url: delivery.callback.url.clone(), id, body, keys }))
}
