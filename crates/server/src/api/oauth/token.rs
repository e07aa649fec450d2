//! `POST /oauth/v2/token`: codes, refresh tokens and client secrets become access tokens (contract section 8,
//! sdk-needs 1).

use std::net::IpAddr;

use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{OauthClient, SecretHash};
use bulkwright_wire::oauth::TokenRefusal;
use http::StatusCode;

use super::parameters::Parameters;
use super::{OpenCall, grants};
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// Why there is no token.
pub(super) enum NoToken {
    /// The client is told so.
    Told(TokenRefusal),
    /// The request itself failed.
    Failed(Refusal),
}

impl From<TokenRefusal> for NoToken {
    fn from(refusal: TokenRefusal) -> Self {
        NoToken::Told(refusal)
    }
}

impl From<StoreError> for NoToken {
    fn from(error: StoreError) -> Self {
        NoToken::Failed(error.into())
    }
}

/// Gives an access token, or says why not.
pub(super) async fn exchange(call: OpenCall<'_>) -> Result<Answer, Refusal> {
    let base = call.api_domain();
    let OpenCall { app, query, headers, peer, body } = call;
    let parameters = Parameters::read(query, headers, body).await?;
    given(app, &parameters, peer, base).await
}

/// Like [`exchange`], for parameters that have been read.
pub(super) async fn given(
    app: &App,
    parameters: &Parameters,
    peer: Option<IpAddr>,
    base: String,
) -> Result<Answer, Refusal> {
    match granted(app, parameters, peer, base).await {
        Ok(answer) => Ok(answer),
        Err(NoToken::Told(refusal)) => Ok(told(refusal)),
        Err(NoToken::Failed(refusal)) => Err(refusal),
    }
}

/// A refusal as it is answered.
pub(super) fn told(refusal: TokenRefusal) -> Answer {
    tracing::info!(reason = refusal.as_str(), "no token was given or taken back");
    let status = StatusCode::from_u16(refusal.http()).expect("the table's statuses are statuses");
    Answer::json(status, &refusal.body())
}

async fn granted(app: &App, parameters: &Parameters, peer: Option<IpAddr>, base: String) -> Result<Answer, NoToken> {
    let client = client(app, parameters, peer).await?;
    let answer = match parameters.get("grant_type") {
        Some("authorization_code") => grants::of_code(app, &client, parameters, base).await?,
        Some("refresh_token") => grants::of_refresh_token(app, &client, parameters, base).await?,
        Some("client_credentials") => grants::of_client(app, &client, parameters, base).await?,
        Some(_) => return Err(TokenRefusal::UnsupportedGrantType.into()),
        None => return Err(TokenRefusal::InvalidRequest.into()),
    };
    Ok(Answer::ok(&answer))
}

/// The client that shows its secret. Whoever has shown too many wrong ones is not listened to for a while.
async fn client(app: &App, parameters: &Parameters, peer: Option<IpAddr>) -> Result<OauthClient, NoToken> {
    let client_id = parameters.get("client_id").ok_or(TokenRefusal::InvalidClient)?;
    let client = app.store.oauth_client(client_id).await?.ok_or(TokenRefusal::InvalidClient)?;
    let now = app.clock.seconds();
    if app.throttles.refuses_secrets(client_id, peer, now) {
        return Err(TokenRefusal::Throttled.into());
    }
    // Hashes compare in constant time.
    if parameters.get("client_secret").is_some_and(|secret| SecretHash::of(secret) == client.secret) {
        return Ok(client);
    }
    app.throttles.count_wrong_secret(client_id, peer, now);
    Err(TokenRefusal::InvalidClientSecret.into())
}
