//! `oauth-client …`

use bulkwright_client::Exit;
use bulkwright_client::api_words::administration::{
    ClientView, CreateClient, CreateCode, CreatedClient, CreatedCode, ListClients, RevokeClient, Secret,
};

use super::{labelled, local, show, table, tell_to_keep};
use crate::args::{OauthClientCodeArgs, OauthClientCreateArgs, OauthClientRevokeArgs, OfOrgArgs};
use crate::data_directory::administered;
use crate::exit::Failure;
use crate::ui::{Ui, counted};

pub(super) async fn create(args: &OauthClientCreateArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = CreateClient {
        org: args.of.org.clone(),
        name: args.name.clone(),
        redirect_uris: args.redirect_uri.clone(),
        refresh_token_scopes: if args.with_refresh_token { args.scope.clone() } else { Vec::new() },
    };
    let answer = administered(&args.of.data.data, request).await?;
    let exit = show(&answer, created, ui);
    tell_to_keep(ui);
    Ok(exit)
}

fn created(answer: &CreatedClient) -> Vec<String> {
    labelled(&[
        ("organisation", &answer.zgid),
        ("name", &answer.name),
        ("client id", &answer.client_id),
        ("client secret", answer.client_secret.reveal()),
        ("refresh token", answer.refresh_token.as_ref().map_or("", Secret::reveal)),
        ("scopes", &answer.scopes.join(",")),
        ("redirect URIs", &answer.redirect_uris.join(" ")),
    ])
}

pub(super) async fn list(args: &OfOrgArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, ListClients { org: args.org.clone() }).await?;
    let header = ["CLIENT ID", "ORG", "NAME", "REDIRECT URIS"];
    Ok(show(&answer, |answer| table(header, answer.oauth_clients.iter().map(cells)), ui))
}

fn cells(client: &ClientView) -> [String; 4] {
    [client.client_id.clone(), client.zgid.clone(), client.name.clone(), client.redirect_uris.join(" ")]
}

pub(super) async fn revoke(args: &OauthClientRevokeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, RevokeClient { client_id: args.client_id.clone() }).await?;
    let (client, tokens) = (&answer.oauth_client, counted(answer.tokens, "token"));
    let line = format!("OAuth client {} ({}) is revoked: {tokens} gone", client.client_id, client.name);
    Ok(show(&answer, |_| vec![line], ui))
}

pub(super) async fn code(args: &OauthClientCodeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = CreateCode {
        org: args.of.org.clone(),
        user: args.user.clone(),
        client_id: args.client_id.clone(),
        scopes: args.scope.clone(),
        expires_in_seconds: Some(args.expires_in),
    };
    let answer = administered(&args.of.data.data, request).await?;
    // The code alone, so that it can go where it is exchanged.
    let exit = show(&answer, |answer| vec![answer.code.reveal().to_owned()], ui);
    ui.talk(&beside(&answer));
    Ok(exit)
}

fn beside(answer: &CreatedCode) -> String {
    let CreatedCode { zgid, user_id, client_id, expires_time, .. } = answer;
    let end = local(Some(expires_time));
    format!(
        "code of organisation {zgid}, user {user_id}, for OAuth client {client_id}: exchange it until {end}, once; this is \
         the only time it is shown"
    )
}
