//! OAuth clients and tokens.

use serde::{Deserialize, Serialize};

use super::{Operation, Request, Secret};

/// `POST /_bulkwright/admin/oauth-client/create`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateClient {
    /// Its organisation; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What it is called on the consent page.
    pub name: String,
    /// Where codes may be sent to; none for a client that takes its codes by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirect_uris: Vec<String>,
    /// Scopes of a refresh token that comes with it; without any, none comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_token_scopes: Vec<String>,
}

/// A new OAuth client. Its keys are those of `credentials.json` where they mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedClient {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The base of the API, if the server runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Its organisation.
    pub zgid: String,
    /// What it is called.
    pub name: String,
    /// Where codes may be sent to.
    pub redirect_uris: Vec<String>,
    /// Its id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Gives access tokens, if that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// The refresh token's scopes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
}

impl Request for CreateClient {
    type Answer = CreatedClient;
    const OPERATION: Operation = Operation::CreateClient;
}

/// `POST /_bulkwright/admin/oauth-client/list`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListClients {
    /// Only of this organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

/// OAuth clients, by organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientsAnswer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// Each of them.
    pub oauth_clients: Vec<ClientView>,
}

impl Request for ListClients {
    type Answer = ClientsAnswer;
    const OPERATION: Operation = Operation::ListClients;
}

/// An OAuth client as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientView {
    /// Its id.
    pub client_id: String,
    /// Its organisation.
    pub zgid: String,
    /// What it is called.
    pub name: String,
    /// Where codes may be sent to.
    pub redirect_uris: Vec<String>,
}

/// `POST /_bulkwright/admin/oauth-client/revoke`: it goes with its tokens and codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeClient {
    /// Which one.
    pub client_id: String,
}

/// What went with an OAuth client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedClient {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The client as it was.
    pub oauth_client: ClientView,
    /// Tokens that went.
    pub tokens: u64,
}

impl Request for RevokeClient {
    type Answer = RevokedClient;
    const OPERATION: Operation = Operation::RevokeClient;
}

/// What kind of token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Presented with each call.
    #[default]
    Access,
    /// Exchanged for access tokens.
    Refresh,
}

impl TokenKind {
    /// The word of the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenKind::Access => "access",
            TokenKind::Refresh => "refresh",
        }
    }
}

/// `POST /_bulkwright/admin/token/create`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateToken {
    /// Its organisation; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// On whose behalf; the oldest user who is not revoked if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The OAuth client it is given to; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What it opens.
    pub scopes: Vec<String>,
    /// What kind.
    #[serde(default)]
    pub kind: TokenKind,
    /// Seconds it lives; an hour for an access token if it is not said, for ever for a refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_seconds: Option<u64>,
    /// Whether it never ends.
    #[serde(default)]
    pub never_expires: bool,
}

/// A new token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedToken {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The token itself.
    pub token: Secret,
    /// What is known of it.
    #[serde(flatten)]
    pub view: TokenView,
}

impl Request for CreateToken {
    type Answer = CreatedToken;
    const OPERATION: Operation = Operation::CreateToken;
}

/// `POST /_bulkwright/admin/token/list`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListTokens {
    /// Only of this organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

/// Tokens, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokensAnswer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// Each of them, up to a limit.
    pub tokens: Vec<TokenView>,
    /// How many older ones there are.
    pub more_tokens: u64,
}

impl Request for ListTokens {
    type Answer = TokensAnswer;
    const OPERATION: Operation = Operation::ListTokens;
}

/// A token as it is listed: never the token itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// The first 16 hexadecimal digits of its SHA-256.
    pub id: String,
    /// What kind.
    pub kind: TokenKind,
    /// Its organisation.
    pub zgid: String,
    /// On whose behalf.
    pub user_id: String,
    /// The OAuth client it was given to.
    pub client_id: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// When it was given, if that was noted.
    pub issued_time: Option<String>,
    /// When it ends; absent for one that never does.
    pub expires_time: Option<String>,
    /// Whether it has ended.
    pub expired: bool,
    /// The id of the refresh token that it came from.
    pub refresh_token_id: Option<String>,
}

/// `POST /_bulkwright/admin/token/revoke`: by its id, or by the token itself. A refresh token takes along what came from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeToken {
    /// The id that lists show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
}

/// What went with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedToken {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The token as it was.
    pub token: TokenView,
    /// Access tokens that came from it and went too.
    pub access_tokens: u64,
}

impl Request for RevokeToken {
    type Answer = RevokedToken;
    const OPERATION: Operation = Operation::RevokeToken;
}
