//! What the administrator asks for and is answered about organisations, users, OAuth clients and tokens: bodies under
//! `/_bulkwright/admin/` (contract 12, row 59), and what the commands print with `--json`. Members are only ever added.
//!
//! Each request is a [`Request`]: it knows where it goes and what comes back. Secrets are told once, in the answer that
//! makes them; nothing gives them a second time, but for what signs callbacks, which is no way in.

mod code;
mod org;
mod token;
mod user;
mod webhook;

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use code::{CreateCode, CreatedCode};
pub use org::{CreateOrg, CreatedOrg, ListOrgs, OrgView, OrgsAnswer, RevokeOrg, RevokedOrg, UpdateOrg, UpdatedOrg};
pub use token::{
    ClientView, ClientsAnswer, CreateClient, CreateToken, CreatedClient, CreatedToken, ListClients, ListTokens,
    RevokeClient, RevokeToken, RevokedClient, RevokedToken, TokenKind, TokenView, TokensAnswer,
};
pub use user::{CreateUser, CreatedUser, ListUsers, RevokeUser, RevokedUser, UserView, UsersAnswer};
pub use webhook::{WebhookSecretAnswer, WebhookSecretRequest};

/// The number of this form of the answers.
pub const SCHEMA: u32 = 1;

/// What the administrator can do to organisations and to what opens them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`CreateOrg`]
    CreateOrg,
    /// [`ListOrgs`]
    ListOrgs,
    /// [`UpdateOrg`]
    UpdateOrg,
    /// [`RevokeOrg`]
    RevokeOrg,
    /// [`CreateUser`]
    CreateUser,
    /// [`ListUsers`]
    ListUsers,
    /// [`RevokeUser`]
    RevokeUser,
    /// [`CreateClient`]
    CreateClient,
    /// [`ListClients`]
    ListClients,
    /// [`RevokeClient`]
    RevokeClient,
    /// [`CreateCode`]
    CreateCode,
    /// [`CreateToken`]
    CreateToken,
    /// [`ListTokens`]
    ListTokens,
    /// [`RevokeToken`]
    RevokeToken,
    /// [`WebhookSecretRequest`]
    WebhookSecret,
}

impl Operation {
    /// Where it is asked for.
    pub const fn path(self) -> &'static str {
        match self {
            Operation::CreateOrg => "/_bulkwright/admin/org/create",
            Operation::ListOrgs => "/_bulkwright/admin/org/list",
            Operation::UpdateOrg => "/_bulkwright/admin/org/update",
            Operation::RevokeOrg => "/_bulkwright/admin/org/revoke",
            Operation::CreateUser => "/_bulkwright/admin/user/create",
            Operation::ListUsers => "/_bulkwright/admin/user/list",
            Operation::RevokeUser => "/_bulkwright/admin/user/revoke",
            Operation::CreateClient => "/_bulkwright/admin/oauth-client/create",
            Operation::ListClients => "/_bulkwright/admin/oauth-client/list",
            Operation::RevokeClient => "/_bulkwright/admin/oauth-client/revoke",
            Operation::CreateCode => "/_bulkwright/admin/oauth-client/code",
            Operation::CreateToken => "/_bulkwright/admin/token/create",
            Operation::ListTokens => "/_bulkwright/admin/token/list",
            Operation::RevokeToken => "/_bulkwright/admin/token/revoke",
            Operation::WebhookSecret => "/_bulkwright/admin/webhook-secret",
        }
    }

    /// What is being done, for messages.
    pub const fn doing(self) -> &'static str {
        match self {
            Operation::CreateOrg => "making an organisation",
            Operation::ListOrgs => "listing organisations",
            Operation::UpdateOrg => "changing an organisation",
            Operation::RevokeOrg => "revoking an organisation",
            Operation::CreateUser => "making a user",
            Operation::ListUsers => "listing users",
            Operation::RevokeUser => "revoking a user",
            Operation::CreateClient => "making an OAuth client",
            Operation::ListClients => "listing OAuth clients",
            Operation::RevokeClient => "revoking an OAuth client",
            Operation::CreateCode => "making a code",
            Operation::CreateToken => "making a token",
            Operation::ListTokens => "listing tokens",
            Operation::RevokeToken => "revoking a token",
            Operation::WebhookSecret => "asking for the webhook secret",
        }
    }
}

/// Something that the administrator asks for.
pub trait Request: Serialize + DeserializeOwned + Send + Sync {
    /// What is answered.
    type Answer: Serialize + DeserializeOwned + Send;
    /// Which one it is.
    const OPERATION: Operation;
}

/// A secret that is told. Its `Debug` shows nothing; it has no `Display`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub String);

impl Secret {
    /// The secret itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_written_to_answers_and_shown_nowhere_else() {
        let secret = Secret("1000.a.b".to_owned());
        assert_eq!(serde_json::to_string(&secret).unwrap(), r#""1000.a.b""#);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn a_key_that_is_not_known_is_refused() {
        let read = serde_json::from_str::<CreateOrg>(r#"{"name":"Acme","zone":"UTC"}"#);
        assert!(read.unwrap_err().to_string().contains("unknown field `zone`"));
    }
}
