//! `POST /oauth/v2/token`: a refresh token becomes an access token (contract section 8, sdk-needs 1).

use bulkwright_store::model::{Grant, OauthClient, SecretHash, TokenKind};
use bulkwright_wire::limit::ACCESS_TOKEN_SECONDS;
use bulkwright_wire::oauth::{TokenAnswer, TokenError, TokenRefusal};
use http::HeaderMap;
use http::header::HOST;
use url::form_urlencoded;

use super::multipart;
use crate::access;
use crate::body::RequestBody;
use crate::gate::Query;
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// Bytes of a token request's body. Its parameters are a few hundred.
const FORM_BYTES_MAX: usize = 64 * 1024;
/// Parameters of a token request.
const PARAMETERS_MAX: usize = 32;

/// Gives an access token for a refresh token. Refusals of the endpoint itself are answers with status 200.
pub(crate) async fn exchange(
    app: &App,
    query: Query,
    headers: &HeaderMap,
    body: &mut RequestBody,
) -> Result<Answer, Refusal> {
    let parameters = parameters(query, headers, body).await?;
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    match refreshed(app, &parameters, host).await? {
        Ok(answer) => Ok(Answer::ok(&answer)),
        Err(refusal) => Ok(Answer::ok(&TokenError { error: refusal.as_str().to_owned() })),
    }
}

struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// A parameter that says something.
    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map(|(_, value)| value.as_str())
    }
}

/// The parameters of the body, be it a form or multipart, then those of the query.
async fn parameters(query: Query, headers: &HeaderMap, body: &mut RequestBody) -> Result<Parameters, Refusal> {
    let mut parameters = match multipart::boundary_of(headers) {
        Some(boundary) => of_multipart(body, boundary).await?,
        None => {
            let form = body.read_whole(FORM_BYTES_MAX).await?;
            form_urlencoded::parse(&form).into_owned().take(PARAMETERS_MAX).collect()
        }
    };
    parameters.extend(query.into_pairs());
    Ok(Parameters(parameters))
}

async fn of_multipart(body: &mut RequestBody, boundary: String) -> Result<Vec<(String, String)>, Refusal> {
    let (mut form, guard) = multipart::form(body, boundary, FORM_BYTES_MAX as u64);
    let mut parameters = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| guard.refusal(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let value = field.text().await.map_err(|error| guard.refusal(&error))?;
        if parameters.len() < PARAMETERS_MAX {
            parameters.push((name, value));
        }
    }
    Ok(parameters)
}

async fn refreshed(
    app: &App,
    parameters: &Parameters,
    host: Option<&str>,
) -> Result<Result<TokenAnswer, TokenRefusal>, Refusal> {
    let client = match client(app, parameters).await? {
        Ok(client) => client,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match parameters.get("grant_type") {
        Some("refresh_token") => {}
        Some(_) => return Ok(Err(TokenRefusal::UnsupportedGrantType)),
        None => return Ok(Err(TokenRefusal::InvalidRequest)),
    }
    let Some(token) = parameters.get("refresh_token") else { return Ok(Err(TokenRefusal::InvalidRequest)) };
    let grant = app.store.token(TokenKind::Refresh, SecretHash::of(token)).await?;
    match grant.filter(|grant| grant.client_id == client.client_id && !has_ended(grant, app.clock.seconds())) {
        Some(grant) => Ok(Ok(given(app, grant, host).await?)),
        None => Ok(Err(TokenRefusal::InvalidCode)),
    }
}

async fn client(app: &App, parameters: &Parameters) -> Result<Result<OauthClient, TokenRefusal>, Refusal> {
    let Some(client_id) = parameters.get("client_id") else { return Ok(Err(TokenRefusal::InvalidClient)) };
    let Some(client) = app.store.oauth_client(client_id).await? else {
        return Ok(Err(TokenRefusal::InvalidClient));
    };
    // Hashes compare in constant time.
    let secret_fits = parameters.get("client_secret").is_some_and(|secret| SecretHash::of(secret) == client.secret);
    Ok(if secret_fits { Ok(client) } else { Err(TokenRefusal::InvalidClientSecret) })
}

fn has_ended(grant: &Grant, now: i64) -> bool {
    grant.expires_at.is_some_and(|end| end <= now)
}

/// A new access token with the refresh token's scopes, stored before it is told.
async fn given(app: &App, refresh: Grant, host: Option<&str>) -> Result<TokenAnswer, Refusal> {
    let token = access::new_token();
    let expires_at = Some(app.clock.seconds() + ACCESS_TOKEN_SECONDS);
    let grant = Grant { expires_at, ..refresh };
    app.store.add_token(TokenKind::Access, SecretHash::of(&token), &grant).await?;
    Ok(TokenAnswer {
        access_token: token,
        refresh_token: None,
        scope: Some(grant.scopes.join(" ")),
        api_domain: app.links.api_domain_for(host),
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_TOKEN_SECONDS,
    })
}
