//! `POST /oauth/v2/auth`: what the user says on the consent page.
//!
//! Nothing but the secret in the form says that it was him: there are no cookies and no sessions, so no other site can
//! answer in his name.

use bulkwright_engine::ids::UserId;
use bulkwright_store::model::{Code, Grant, OauthClient, SecretHash};
use bulkwright_wire::limit::CODE_SECONDS;
use bulkwright_wire::oauth::LOCATION;

use super::authorize::{self, Asked};
use super::page::{self, Filled};
use super::parameters::Parameters;
use super::{OpenCall, redirect, token};
use crate::access;
use crate::reply::{Answer, Refusal};
use crate::state::App;

/// What wrong secrets on this page are counted under, whoever's they are: one who tries many people is one.
const SIGN_IN: &str = "/oauth/v2/auth";

/// Sends the user back to the client, with a code if he accepts.
pub(super) async fn decide(call: OpenCall<'_>) -> Result<Answer, Refusal> {
    let base = call.base();
    let OpenCall { app, query, headers, peer, body } = call;
    let parameters = Parameters::read(query, headers, body).await?;
    if parameters.get("grant_type").is_some() {
        // The CRM's pages print this path for the client credentials grant.
        return token::given(app, &parameters, peer, base).await;
    }
    let asked = match authorize::asked(app, &parameters).await {
        Ok(asked) => asked,
        Err(not_asked) => return not_asked.answer(),
    };
    if parameters.get("decision") != Some("accept") {
        tracing::info!(client = asked.client.client_id, "a user has denied");
        return Ok(sent_back(&asked, &[("error", "access_denied")]));
    }
    let now = app.clock.seconds();
    if app.throttles.refuses_secrets(SIGN_IN, peer, now) {
        return Ok(page::consent(&asked, &Filled::too_often(&parameters)));
    }
    let Some(user) = signed_in(app, &asked.client, &parameters).await? else {
        app.throttles.count_wrong_secret(SIGN_IN, peer, now);
        tracing::warn!(client = asked.client.client_id, "a wrong secret was given on the consent page");
        return Ok(page::consent(&asked, &Filled::wrongly(&parameters)));
    };
    accepted(app, &asked, user, &base).await
}

/// The user of that address, if the secret is his or the administrator's. Both are compared whatever comes of the first.
async fn signed_in(app: &App, client: &OauthClient, parameters: &Parameters) -> Result<Option<UserId>, Refusal> {
    let email = parameters.get("email").unwrap_or_default().trim().to_lowercase();
    let secret = SecretHash::of(parameters.get("secret").unwrap_or_default().trim());
    let users = app.store.users(client.org).await?;
    let user = users.into_iter().find(|user| user.revoked_at.is_none() && user.email.to_lowercase() == email);
    let is_own = user.as_ref().and_then(|user| user.sign_in).is_some_and(|known| known == secret);
    let is_admins = app.admin_secret.get().is_some_and(|known| *known == secret);
    Ok(user.filter(|_| is_own | is_admins).map(|user| user.id))
}

async fn accepted(app: &App, asked: &Asked, user: UserId, base: &str) -> Result<Answer, Refusal> {
    let now = app.clock.seconds();
    let code = access::new_token();
    let grant = Grant {
        org: asked.org.id,
        user,
        client_id: asked.client.client_id.clone(),
        scopes: asked.scopes.clone(),
        expires_at: Some(now + CODE_SECONDS),
        issued_at: Some(now),
        parent: None,
    };
    let stored = Code {
        grant,
        redirect_uri: Some(asked.redirect_uri.clone()),
        challenge: asked.challenge.clone(),
        offline: asked.offline,
    };
    app.store.add_code(SecretHash::of(&code), &stored).await?;
    tracing::info!(client = asked.client.client_id, %user, "a user has consented");
    Ok(sent_back(asked, &[("code", &code), ("location", LOCATION), ("accounts-server", base)]))
}

/// The keys in the order that the vendor has.
fn sent_back(asked: &Asked, answer: &[(&str, &str)]) -> Answer {
    let state = asked.state.as_deref().map(|state| ("state", state));
    let all: Vec<_> = state.into_iter().chain(answer.iter().copied()).collect();
    Answer::Redirect { location: redirect::with_answer(&asked.redirect_uri, &all) }
}
