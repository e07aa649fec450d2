//! Who calls: from the Authorization header to the organisation, the user and what the token opens.

use bulkwright_engine::ids::OrgId;
use bulkwright_store::model::{Grant, Org, SecretHash, TokenKind, User};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::header::token_of;
use bulkwright_wire::limit::ACCESS_TOKEN_SECONDS;
use bulkwright_wire::path::Endpoint;
use bulkwright_wire::scope::{self, ModuleUse};
use bulkwright_wire::time;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::tz::TimeZone;

use crate::reply::Refusal;
use crate::state::App;

/// Bytes of randomness in a token: 256 bits, far beyond guessing, so that a fast hash is enough to store it.
const SECRET_BYTES: usize = 32;
/// Bytes of randomness in an OAuth client's id.
const CLIENT_ID_BYTES: usize = 16;
/// Organisation ids have nine digits, like the vendor's.
const ZGID_MIN: u32 = 100_000_000;
const ZGIDS: u32 = 900_000_000;

/// Who calls, as the presented token says.
pub(crate) struct Caller {
    /// What the token stands for.
    pub(crate) grant: Grant,
    /// On whose behalf.
    pub(crate) user: User,
    /// The user's time zone: times are printed in it.
    pub(crate) zone: TimeZone,
    /// Users of the organisation, as editions count them.
    pub(crate) users: u64,
}

impl Caller {
    /// When the token ends, as printed; a token that never does says an hour from now (contract 12, row 46).
    pub(crate) fn token_reset(&self, now: i64) -> String {
        time::print(self.grant.expires_at.unwrap_or(now + ACCESS_TOKEN_SECONDS), &self.zone)
    }

    /// A moment as this user reads it.
    pub(crate) fn print_time(&self, seconds: i64) -> String {
        time::print(seconds, &self.zone)
    }

    /// Whether the token opens an endpoint, with the module in its path if there is one.
    pub(crate) fn opens(&self, endpoint: Endpoint, module: Option<&str>) -> bool {
        scope::opens(&self.grant.scopes, endpoint)
            && module.is_none_or(|module| self.opens_module(module, ModuleUse::Read))
    }

    /// Whether the token allows that use of a module.
    pub(crate) fn opens_module(&self, module: &str, usage: ModuleUse) -> bool {
        scope::opens_module(&self.grant.scopes, module, usage)
    }

    /// The caller's organisation.
    pub(crate) async fn org(&self, app: &App) -> Result<Org, Refusal> {
        let orgs = app.store.orgs().await?;
        let found = orgs.into_iter().find(|org| org.id == self.grant.org);
        found.ok_or_else(|| ErrorCode::InvalidToken.into())
    }
}

/// Reads and checks the presented token (contract 12, rows 22 and 24).
pub(crate) async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(token_of);
    let token = presented.ok_or(ErrorCode::AuthenticationFailure)?;
    let grant = app.store.token(TokenKind::Access, SecretHash::of(token)).await?.ok_or(ErrorCode::InvalidToken)?;
    if grant.expires_at.is_some_and(|end| end <= app.clock.seconds()) {
        return Err(ErrorCode::InvalidToken.into());
    }
    let users = living_users(app, grant.org).await?;
    let licensed = users.len() as u64;
    let user = users.into_iter().find(|user| user.id == grant.user).ok_or(ErrorCode::InvalidToken)?;
    let zone = time::zone(&user.time_zone).unwrap_or_else(|error| {
        tracing::warn!(user = %user.id, %error, "times are printed in UTC");
        TimeZone::UTC
    });
    Ok(Caller { grant, user, zone, users: licensed })
}

/// Users who are not revoked, of an organisation that is not: a mark closes what a token opens, whatever became of the token.
async fn living_users(app: &App, org: OrgId) -> Result<Vec<User>, Refusal> {
    let orgs = app.store.orgs().await?;
    if !orgs.iter().any(|known| known.id == org && known.revoked_at.is_none()) {
        return Ok(Vec::new());
    }
    let mut users = app.store.users(org).await?;
    users.retain(|user| user.revoked_at.is_none());
    Ok(users)
}

/// A new token in the vendor's form: `1000.` and 256 random bits in two halves.
pub(crate) fn new_token() -> String {
    let secret = random_hex::<SECRET_BYTES>();
    let (first, second) = secret.split_at(SECRET_BYTES);
    format!("1000.{first}.{second}")
}

/// A new OAuth client's id in the vendor's form.
pub(crate) fn new_client_id() -> String {
    format!("1000.{}", random_hex::<CLIENT_ID_BYTES>().to_uppercase())
}

/// A new OAuth client's secret.
pub(crate) fn new_client_secret() -> String {
    random_hex::<SECRET_BYTES>()
}

/// A new secret that a user consents with.
pub(crate) fn new_sign_in_secret() -> String {
    format!("bulkwright-user-{}", random_hex::<SECRET_BYTES>())
}

/// An organisation's id in the vendor's form; it may be taken.
pub(crate) fn new_zgid() -> OrgId {
    OrgId(i64::from(ZGID_MIN + u32::from_le_bytes(random_bytes()) % ZGIDS))
}

/// `N` random bytes in hexadecimal.
pub(crate) fn random_hex<const N: usize>() -> String {
    hex::encode(random_bytes::<N>())
}

/// `N` random bytes.
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or nothing here is safe");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_the_vendors_form_and_never_repeat() {
        let token = new_token();
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!((parts[0], parts[1].len(), parts[2].len()), ("1000", 32, 32));
        assert!(parts[1..].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit())));
        assert_ne!(token, new_token());
    }
}
