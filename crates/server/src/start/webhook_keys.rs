//! Organisations of earlier versions have no key that signs their callbacks: they get one at the next start.

use bulkwright_store::model::{Org, WebhookKey};

use crate::access::random_bytes;
use crate::error::ServeError;
use crate::state::App;

/// Gives a key to each organisation that has none.
pub(crate) async fn complete(app: &App) -> Result<(), ServeError> {
    for org in app.store.orgs().await?.into_iter().filter(|org| org.webhook_keys.is_empty()) {
        app.store.update_org(&Org { webhook_keys: vec![new()], ..org }).await?;
    }
    Ok(())
}

/// A new key.
pub(crate) fn new() -> WebhookKey {
    WebhookKey(random_bytes())
}
