//! `GET /oauth/v2/auth`: a client asks for a user's consent (contract section 8, RFC 6749 4.1, RFC 7636).
//!
//! What is wrong with the request is told on a page of ours, as the vendor does, and never sent anywhere: only what a
//! user answers goes to the client.

use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{CodeChallenge, OauthClient, Org};
use bulkwright_wire::oauth::{ChallengeMethod, is_proof_key};
use bulkwright_wire::scope;
use http::StatusCode;

use super::parameters::Parameters;
use super::{OpenCall, page, redirect};
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// Bytes of `state`: it comes back in a header.
const STATE_BYTES_MAX: usize = 4096;

/// What a user is asked.
pub(super) struct Asked {
    pub(super) client: OauthClient,
    pub(super) org: Org,
    /// One that may be answered to.
    pub(super) redirect_uri: String,
    /// At least one, and there are such.
    pub(super) scopes: Vec<String>,
    pub(super) state: Option<String>,
    /// Whether a refresh token is wanted too.
    pub(super) offline: bool,
    pub(super) challenge: Option<CodeChallenge>,
}

/// Why a user is not asked.
pub(super) enum NotAsked {
    /// The page says so.
    Told(&'static str, String),
    /// The request itself failed.
    Failed(Refusal),
}

impl From<StoreError> for NotAsked {
    fn from(error: StoreError) -> Self {
        NotAsked::Failed(error.into())
    }
}

impl NotAsked {
    /// What is answered in its place.
    pub(super) fn answer(self) -> Result<Answer, Refusal> {
        match self {
            NotAsked::Told(word, explanation) => {
                tracing::info!(reason = word, "nobody was asked for consent");
                Ok(page::problem(StatusCode::BAD_REQUEST, word, &explanation))
            }
            NotAsked::Failed(refusal) => Err(refusal),
        }
    }
}

fn told<T>(word: &'static str, explanation: impl Into<String>) -> Result<T, NotAsked> {
    Err(NotAsked::Told(word, explanation.into()))
}

/// Shows the page that asks.
pub(super) async fn show(call: OpenCall<'_>) -> Result<Answer, Refusal> {
    match asked(call.app, &Parameters::of_query(call.query)).await {
        Ok(asked) => Ok(page::consent(&asked, &page::Filled::at_first(call.app))),
        Err(not_asked) => not_asked.answer(),
    }
}

/// Reads and checks what is asked; the form brings it back, and it is checked again then.
pub(super) async fn asked(app: &App, parameters: &Parameters) -> Result<Asked, NotAsked> {
    let client = match parameters.get("client_id") {
        Some(client_id) => app.store.oauth_client(client_id).await?,
        None => None,
    };
    let Some(client) = client else {
        return told("invalid_client", "No application is registered under this client_id.");
    };
    let orgs = app.store.orgs().await?;
    let Some(org) = orgs.into_iter().find(|org| org.id == client.org && org.revoked_at.is_none()) else {
        return told("invalid_client", "The organisation of this application is no longer served.");
    };
    let redirect_uri = trusted_uri(app, &client, parameters)?;
    if parameters.get("response_type") != Some("code") {
        return told("invalid_response_type", "The response_type has to be code.");
    }
    Ok(Asked {
        scopes: scopes(parameters)?,
        state: state(parameters)?,
        offline: is_offline(parameters)?,
        challenge: challenge(parameters)?,
        client,
        org,
        redirect_uri,
    })
}

fn trusted_uri(app: &App, client: &OauthClient, parameters: &Parameters) -> Result<String, NotAsked> {
    let given = parameters.get("redirect_uri").unwrap_or_default();
    if redirect::is_trusted(given, &client.redirect_uris, &app.mode) {
        return Ok(given.to_owned());
    }
    told("invalid_redirect_uri", "The redirect_uri is not one that is registered for this application.")
}

fn scopes(parameters: &Parameters) -> Result<Vec<String>, NotAsked> {
    match scope::parse_list(parameters.get("scope").unwrap_or_default()) {
        Ok(scopes) => Ok(scopes),
        Err(unknown) if unknown.is_empty() => told("invalid_scope", "The request names no scope."),
        Err(unknown) => told("invalid_scope", format!("There is no scope called {unknown}.")),
    }
}

fn state(parameters: &Parameters) -> Result<Option<String>, NotAsked> {
    match parameters.get("state") {
        Some(state) if state.len() > STATE_BYTES_MAX => told("invalid_request", "The state is too long."),
        state => Ok(state.map(str::to_owned)),
    }
}

fn is_offline(parameters: &Parameters) -> Result<bool, NotAsked> {
    match parameters.get("access_type") {
        None | Some("online") => Ok(false),
        Some("offline") => Ok(true),
        Some(_) => told("invalid_request", "The access_type has to be online or offline."),
    }
}

fn challenge(parameters: &Parameters) -> Result<Option<CodeChallenge>, NotAsked> {
    let Some(challenge) = parameters.get("code_challenge") else {
        return match parameters.get("code_challenge_method") {
            None => Ok(None),
            Some(_) => told("invalid_request", "A code_challenge_method needs a code_challenge."),
        };
    };
    let Some(method) = ChallengeMethod::of(parameters.get("code_challenge_method")) else {
        return told("invalid_request", "The code_challenge_method has to be S256 or plain.");
    };
    if !is_proof_key(challenge) {
        return told("invalid_request", "The code_challenge has to be 43 to 128 letters, digits or any of - . _ ~");
    }
    Ok(Some(CodeChallenge { method: method.as_str().to_owned(), challenge: challenge.to_owned() }))
}
