//! What is exchanged for an access token: a code, a refresh token, or a client's own secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkwright_engine::ids::OrgId;
use bulkwright_store::model::{Code, CodeChallenge, Grant, OauthClient, Org, SecretHash, TokenKind, TokenSelection};
use bulkwright_wire::limit::ACCESS_TOKEN_SECONDS;
use bulkwright_wire::oauth::{ChallengeMethod, TokenAnswer, TokenRefusal};
use bulkwright_wire::scope;
use sha2::{Digest, Sha256};

use super::parameters::Parameters;
use super::token::NoToken;
use crate::access;
use crate::state::App;
use crate::throttle::Key;

/// What stands before the organisation's id in `soid`.
const SERVICE: &str = "ZohoCRM.";

/// A code, once: whoever shows it first spends it, even if what he shows beside it is wrong.
pub(super) async fn of_code(
    app: &App,
    client: &OauthClient,
    parameters: &Parameters,
    base: String,
) -> Result<TokenAnswer, NoToken> {
    let shown = parameters.get("code").ok_or(TokenRefusal::InvalidRequest)?;
    let code = app.store.take_code(SecretHash::of(shown)).await?.ok_or(TokenRefusal::InvalidCode)?;
    check_code(&code, client, parameters, app.clock.seconds())?;
    let grant = Grant { expires_at: None, issued_at: Some(app.clock.seconds()), parent: None, ..code.grant };
    if !code.offline {
        return given(app, grant, base).await;
    }
    let refresh_token = access::new_token();
    let parent = SecretHash::of(&refresh_token);
    app.store.add_token(TokenKind::Refresh, parent, &grant).await?;
    let answer = given(app, Grant { parent: Some(parent), ..grant }, base).await?;
    Ok(TokenAnswer { refresh_token: Some(refresh_token), ..answer })
}

fn check_code(code: &Code, client: &OauthClient, parameters: &Parameters, now: i64) -> Result<(), TokenRefusal> {
    if code.grant.client_id != client.client_id || has_ended(&code.grant, now) {
        return Err(TokenRefusal::InvalidCode);
    }
    // A code that was taken by hand was sent nowhere: SDKs name a place all the same.
    if code.redirect_uri.as_deref().is_some_and(|sent_to| parameters.get("redirect_uri") != Some(sent_to)) {
        return Err(TokenRefusal::InvalidRedirectUri);
    }
    let proven = code
        .challenge
        .as_ref()
        .is_none_or(|challenge| parameters.get("code_verifier").is_some_and(|verifier| is_met_by(challenge, verifier)));
    if proven { Ok(()) } else { Err(TokenRefusal::InvalidCode) }
}

fn is_met_by(challenge: &CodeChallenge, verifier: &str) -> bool {
    let made = match ChallengeMethod::of(Some(&challenge.method)) {
        Some(ChallengeMethod::S256) => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)),
        Some(ChallengeMethod::Plain) => verifier.to_owned(),
        None => return false,
    };
    // Their hashes compare in constant time.
    SecretHash::of(&made) == SecretHash::of(&challenge.challenge)
}

/// A refresh token, as often as it is wanted, within the vendor's limit where that holds (contract 12, row 47).
pub(super) async fn of_refresh_token(
    app: &App,
    client: &OauthClient,
    parameters: &Parameters,
    base: String,
) -> Result<TokenAnswer, NoToken> {
    let shown = SecretHash::of(parameters.get("refresh_token").ok_or(TokenRefusal::InvalidRequest)?);
    let now = app.clock.seconds();
    let grant = app.store.token(TokenKind::Refresh, shown).await?;
    let grant = grant.filter(|grant| grant.client_id == client.client_id && !has_ended(grant, now));
    let grant = grant.ok_or(TokenRefusal::InvalidCode)?;
    let org = living_org(app, client.org).await?.ok_or(TokenRefusal::InvalidCode)?;
    if org.edition.is_some() && !app.throttles.tokens.take(Key::of_token(shown.0), now) {
        return Err(TokenRefusal::Throttled.into());
    }
    given(app, Grant { parent: Some(shown), ..grant }, base).await
}

/// The client itself: it acts as the first user of its organisation.
pub(super) async fn of_client(
    app: &App,
    client: &OauthClient,
    parameters: &Parameters,
    base: String,
) -> Result<TokenAnswer, NoToken> {
    let soid = parameters.get("soid").ok_or(TokenRefusal::InvalidRequest)?;
    if named_org(soid) != Some(client.org) {
        return Err(TokenRefusal::AccessDenied.into());
    }
    let scopes = scope::parse_list(parameters.get("scope").unwrap_or_default());
    let scopes = scopes.map_err(|_| TokenRefusal::InvalidScope)?;
    living_org(app, client.org).await?.ok_or(TokenRefusal::AccessDenied)?;
    let users = app.store.users(client.org).await?;
    let user = users.into_iter().find(|user| user.revoked_at.is_none()).ok_or(TokenRefusal::AccessDenied)?;
    let grant = Grant {
        org: client.org,
        user: user.id,
        client_id: client.client_id.clone(),
        scopes,
        expires_at: None,
        issued_at: None,
        parent: None,
    };
    given(app, grant, base).await
}

fn named_org(soid: &str) -> Option<OrgId> {
    let has_service = soid.get(..SERVICE.len()).is_some_and(|start| start.eq_ignore_ascii_case(SERVICE));
    let id = if has_service { &soid[SERVICE.len()..] } else { soid };
    id.parse().ok()
}

async fn living_org(app: &App, org: OrgId) -> Result<Option<Org>, NoToken> {
    let orgs = app.store.orgs().await?;
    Ok(orgs.into_iter().find(|known| known.id == org && known.revoked_at.is_none()))
}

fn has_ended(grant: &Grant, now: i64) -> bool {
    grant.expires_at.is_some_and(|end| end <= now)
}

/// A new access token, stored before it is told.
async fn given(app: &App, grant: Grant, base: String) -> Result<TokenAnswer, NoToken> {
    let (token, now) = (access::new_token(), app.clock.seconds());
    let hash = SecretHash::of(&token);
    let grant = Grant { expires_at: Some(now + ACCESS_TOKEN_SECONDS), issued_at: Some(now), ..grant };
    app.store.add_token(TokenKind::Access, hash, &grant).await?;
    if !stands(app, &grant).await? {
        for gone in [Some(hash), grant.parent].into_iter().flatten() {
            app.store.remove_tokens(&TokenSelection::One(gone)).await?;
        }
        return Err(TokenRefusal::InvalidCode.into());
    }
    Ok(TokenAnswer {
        access_token: token,
        refresh_token: None,
        scope: Some(grant.scopes.join(" ")),
        api_domain: base,
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_TOKEN_SECONDS,
    })
}

/// Whether nobody took away what the grant rests on. Asked once the token is there: whoever revokes something later
/// finds the token and removes it, whoever did so before is seen here.
async fn stands(app: &App, grant: &Grant) -> Result<bool, NoToken> {
    let parent_is_gone = match grant.parent {
        Some(parent) => app.store.token(TokenKind::Refresh, parent).await?.is_none(),
        None => false,
    };
    let users = app.store.users(grant.org).await?;
    let user_lives = users.iter().any(|user| user.id == grant.user && user.revoked_at.is_none());
    let client_is_there = app.store.oauth_client(&grant.client_id).await?.is_some();
    Ok(!parent_is_gone && user_lives && client_is_there && living_org(app, grant.org).await?.is_some())
}
