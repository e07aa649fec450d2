//! Organisations, users, OAuth clients and what tokens stand for.

use bulkwright_engine::ids::{OrgId, UserId};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// The wire's `zgid`.
    pub id: OrgId,
    /// `company_name`.
    pub company_name: String,
    /// IANA name or fixed offset (`+05:30`) of the organisation's time zone.
    pub time_zone: String,
    /// The vendor's edition whose limits hold for it; `None` where none do (contract 12, row 47).
    pub edition: Option<String>,
    /// What its callbacks are signed with, newest first: each of them signs.
    pub webhook_keys: Vec<WebhookKey>,
    /// When it was revoked: nothing opens it any more, and what it holds stays.
    pub revoked_at: Option<i64>,
}

/// A key that signs callbacks. Unlike all other secrets it is stored as it is: a signature needs it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WebhookKey(pub [u8; 32]);

impl std::fmt::Debug for WebhookKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookKey(…)")
    }
}

/// A user of an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The wire's id.
    pub id: UserId,
    /// Where he belongs.
    pub org: OrgId,
    /// `Patricia Boyle`.
    pub full_name: String,
    /// Unique in the organisation, compared without case.
    pub email: String,
    /// IANA name or fixed offset (`+05:30`): answers print times in it, cells without an offset are read in it.
    pub time_zone: String,
    /// Hash of the secret that he consents with; `None` if he has none.
    pub sign_in: Option<SecretHash>,
    /// When he was revoked: he consents to nothing any more, and what he made keeps his name.
    pub revoked_at: Option<i64>,
}

/// SHA-256 of a secret. Secrets themselves are never stored; being random, they need no slow hash.
#[derive(Clone, Copy)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The hash of a secret as it was presented.
    pub fn of(secret: &str) -> Self {
        SecretHash(Sha256::digest(secret.as_bytes()).into())
    }
}

/// In constant time: how long it takes tells nothing about where two hashes differ.
impl PartialEq for SecretHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretHash {}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// A registered OAuth client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// `1000.…`
    pub client_id: String,
    /// Hash of its secret.
    pub secret: SecretHash,
    /// Where it belongs.
    pub org: OrgId,
    /// What it is called on the consent page.
    pub name: String,
    /// Where codes may be sent to, compared as text; none for a client that takes its codes by hand.
    pub redirect_uris: Vec<String>,
}

/// What a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The tenant.
    pub org: OrgId,
    /// On whose behalf.
    pub user: UserId,
    /// The OAuth client it was given to.
    pub client_id: String,
    /// Scopes as granted, `ZohoCRM.bulk.ALL` and the like.
    pub scopes: Vec<String>,
    /// When it ends; `None` for tokens that never do.
    pub expires_at: Option<i64>,
    /// When it was given; `None` if that was not noted.
    pub issued_at: Option<i64>,
    /// The refresh token that it came from: it goes when that is revoked.
    pub parent: Option<SecretHash>,
}

/// What kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Presented with each call.
    Access,
    /// Exchanged for access tokens.
    Refresh,
}

/// A stored token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What kind.
    pub kind: TokenKind,
    /// Its hash.
    pub hash: SecretHash,
    /// What it stands for.
    pub grant: Grant,
}

/// Which tokens, and codes with them, are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSelection {
    /// The one of this hash, of either kind, and the access tokens that came from it.
    One(SecretHash),
    /// All of an OAuth client.
    OfClient(String),
    /// All of a user.
    OfUser(UserId),
    /// All of an organisation.
    OfOrg(OrgId),
}

/// What an authorization code stands for. It is taken once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What it is exchanged for; `expires_at` is the code's own end.
    pub grant: Grant,
    /// Where it was sent: the exchange must name the same. `None` for a code that was taken by hand.
    pub redirect_uri: Option<String>,
    /// What the exchange must prove (RFC 7636), if that was asked for.
    pub challenge: Option<CodeChallenge>,
    /// Whether a refresh token comes with it (`access_type=offline`).
    pub offline: bool,
}

/// A proof key's challenge (RFC 7636).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeChallenge {
    /// `plain` or `S256`.
    pub method: String,
    /// The challenge as it was sent.
    pub challenge: String,
}
