//! `POST /oauth/v2/token/revoke`: a token is taken back, a refresh token with all that came from it (contract section 8).

use bulkwright_store::model::{SecretHash, TokenSelection};
use bulkwright_wire::oauth::{RevokeAnswer, TokenRefusal};

use super::parameters::Parameters;
use super::{OpenCall, token};
use crate::reply::{Answer, Refusal};

/// Whoever has the token may take it back: no client has to show a secret, as the SDKs never do.
pub(super) async fn take_back(call: OpenCall<'_>) -> Result<Answer, Refusal> {
    let OpenCall { app, query, headers, body, .. } = call;
    let parameters = Parameters::read(query, headers, body).await?;
    // Pages of the vendor's call it either.
    let Some(shown) = parameters.get("token").or_else(|| parameters.get("refresh_token")) else {
        return Ok(token::told(TokenRefusal::InvalidToken));
    };
    let gone = app.store.remove_tokens(&TokenSelection::One(SecretHash::of(shown))).await?;
    if gone == 0 {
        return Ok(token::told(TokenRefusal::InvalidToken));
    }
    tracing::info!(tokens = gone, "a token was taken back");
    Ok(Answer::ok(&RevokeAnswer { status: "success".to_owned() }))
}
