//! What an organisation's callbacks are signed with.

use serde::{Deserialize, Serialize};

use super::{Operation, Request, Secret};

/// `POST /_bulkwright/admin/webhook-secret`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSecretRequest {
    /// Which organisation; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// Whether a new secret takes the first place; the one before it goes on signing until the next change.
    #[serde(default)]
    pub rotate: bool,
}

/// The secrets of an organisation. Unlike all others they are told again: receivers are set up with them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecretAnswer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// Whose.
    pub zgid: String,
    /// `whsec_…`, newest first: a signature for each is sent.
    pub secrets: Vec<Secret>,
}

impl Request for WebhookSecretRequest {
    type Answer = WebhookSecretAnswer;
    const OPERATION: Operation = Operation::WebhookSecret;
}
