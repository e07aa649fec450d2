//! Organisations, users, OAuth clients and tokens, for the administrator (contract 12, row 59).

use bulkwright_wire::administration::{
    CreateClient, CreateCode, CreateOrg, CreateToken, CreateUser, ListClients, ListOrgs, ListTokens, ListUsers,
    Operation, RevokeClient, RevokeOrg, RevokeToken, RevokeUser, UpdateOrg, WebhookSecretRequest,
};

use super::{OwnCall, admin};
use crate::administration::{Administered, Administration};
use crate::reply::{Answer, Refusal};

/// `POST /_bulkwright/admin/{org|user|oauth-client|token}/…` and `webhook-secret`
pub(super) async fn answer(call: OwnCall<'_>, operation: Operation) -> Result<Answer, Refusal> {
    match operation {
        Operation::CreateOrg => carried_out::<CreateOrg>(call).await,
        Operation::ListOrgs => carried_out::<ListOrgs>(call).await,
        Operation::UpdateOrg => carried_out::<UpdateOrg>(call).await,
        Operation::RevokeOrg => carried_out::<RevokeOrg>(call).await,
        Operation::CreateUser => carried_out::<CreateUser>(call).await,
        Operation::ListUsers => carried_out::<ListUsers>(call).await,
        Operation::RevokeUser => carried_out::<RevokeUser>(call).await,
        Operation::CreateClient => carried_out::<CreateClient>(call).await,
        Operation::ListClients => carried_out::<ListClients>(call).await,
        Operation::RevokeClient => carried_out::<RevokeClient>(call).await,
        Operation::CreateCode => carried_out::<CreateCode>(call).await,
        Operation::CreateToken => carried_out::<CreateToken>(call).await,
        Operation::ListTokens => carried_out::<ListTokens>(call).await,
        Operation::RevokeToken => carried_out::<RevokeToken>(call).await,
        Operation::WebhookSecret => carried_out::<WebhookSecretRequest>(call).await,
    }
}

async fn carried_out<R: Administered>(call: OwnCall<'_>) -> Result<Answer, Refusal> {
    let app = call.app;
    let request: R = admin::asked_or_nothing(call).await?;
    // One after another: what was looked at is still so when it is acted on.
    let _turn = app.administration.lock().await;
    let at = Administration { store: app.store.as_ref(), clock: &app.clock, base_url: Some(app.links.base()) };
    Ok(Answer::ok(&request.carried_out(&at).await?))
}
