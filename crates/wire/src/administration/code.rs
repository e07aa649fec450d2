//! Codes that are taken by hand, as the vendor's API console gives them to its self clients.

use serde::{Deserialize, Serialize};

use super::{Operation, Request, Secret};

/// `POST /_bulkwright/admin/oauth-client/code`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateCode {
    /// Its organisation; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// On whose behalf; the oldest user who is not revoked if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The OAuth client that exchanges it; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What the tokens open that it is exchanged for.
    pub scopes: Vec<String>,
    /// Seconds in which it has to be exchanged; [`crate::limit::SELF_CLIENT_CODE_SECONDS`] if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
}

/// A new code. It is exchanged once, for an access token and a refresh token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedCode {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The code itself.
    pub code: Secret,
    /// Its organisation.
    pub zgid: String,
    /// On whose behalf.
    pub user_id: String,
    /// The OAuth client that exchanges it.
    pub client_id: String,
    /// What its tokens open.
    pub scopes: Vec<String>,
    /// Until when it is exchanged.
    pub expires_time: String,
}

impl Request for CreateCode {
    type Answer = CreatedCode;
    const OPERATION: Operation = Operation::CreateCode;
}
