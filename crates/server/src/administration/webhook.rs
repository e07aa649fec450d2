//! What an organisation's callbacks are signed with: shown to whoever sets its receivers up, and changed without a gap.

use bulkwright_wire::administration::{SCHEMA, Secret, WebhookSecretAnswer, WebhookSecretRequest};

use super::{Administered, Administration, Failed};
use crate::deliver::signature;
use crate::start::webhook_keys;

/// Keys that sign at the same time: the new one and the one before, until receivers know the new one.
const KEYS_MAX: usize = 2;

impl Administered for WebhookSecretRequest {
    async fn carried_out(self, at: &Administration<'_>) -> Result<WebhookSecretAnswer, Failed> {
        let mut org = at.org(self.org.as_deref()).await?;
        if self.rotate || org.webhook_keys.is_empty() {
            org.webhook_keys.insert(0, webhook_keys::new());
            org.webhook_keys.truncate(KEYS_MAX);
            at.store.update_org(&org).await?;
            tracing::info!(org = %org.id, "callbacks are signed with a new secret");
        }
        let secrets = org.webhook_keys.iter().map(|key| Secret(signature::secret(key))).collect();
        Ok(WebhookSecretAnswer { schema: SCHEMA, zgid: org.id.to_string(), secrets })
    }
}
