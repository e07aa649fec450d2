//! OAuth clients.

use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, TokenKind, TokenSelection};
use bulkwright_wire::administration::{
    ClientView, ClientsAnswer, CreateClient, CreatedClient, ListClients, RevokeClient, RevokedClient, SCHEMA, Secret,
};

use super::{Administered, Administration, Failed, Mistake, known, values};
use crate::access::{new_client_id, new_client_secret, new_token};

impl Administered for CreateClient {
    async fn carried_out(self, at: &Administration<'_>) -> Result<CreatedClient, Failed> {
        let org = at.living_org(self.org.as_deref()).await?;
        let scopes = match self.refresh_token_scopes.as_slice() {
            [] => Vec::new(),
            given => values::scopes(given)?,
        };
        let secret = new_client_secret();
        let client = OauthClient {
            client_id: new_client_id(),
            secret: SecretHash::of(&secret),
            org: org.id,
            name: values::name("an OAuth client", &self.name)?,
            redirect_uris: values::redirect_uris(&self.redirect_uris)?,
        };
        at.store.add_oauth_client(&client).await?;
        let refresh_token = match scopes.is_empty() {
            true => None,
            false => Some(refresh_token(&org, &client, &scopes, at).await?),
        };
        tracing::info!(org = %client.org, client_id = client.client_id, "an OAuth client is made");
        Ok(CreatedClient {
            schema: SCHEMA,
            base_url: at.base_url.map(str::to_owned),
            zgid: client.org.to_string(),
            name: client.name,
            redirect_uris: client.redirect_uris,
            client_id: client.client_id,
            client_secret: Secret(secret),
            refresh_token,
            scopes,
        })
    }
}

/// A refresh token on behalf of the organisation's oldest user.
async fn refresh_token(
    org: &Org,
    client: &OauthClient,
    scopes: &[String],
    at: &Administration<'_>,
) -> Result<Secret, Failed> {
    let user = at.user_of(org, None).await?;
    let token = new_token();
    let grant = Grant {
        org: org.id,
        user: user.id,
        client_id: client.client_id.clone(),
        scopes: scopes.to_vec(),
        expires_at: None,
        issued_at: Some(at.clock.seconds()),
        parent: None,
    };
    at.store.add_token(TokenKind::Refresh, SecretHash::of(&token), &grant).await?;
    Ok(Secret(token))
}

impl Administered for ListClients {
    async fn carried_out(self, at: &Administration<'_>) -> Result<ClientsAnswer, Failed> {
        let mut oauth_clients = Vec::new();
        for org in at.listed_orgs(self.org.as_deref()).await? {
            oauth_clients.extend(at.store.oauth_clients(org).await?.into_iter().map(view));
        }
        Ok(ClientsAnswer { schema: SCHEMA, oauth_clients })
    }
}

fn view(client: OauthClient) -> ClientView {
    ClientView {
        client_id: client.client_id,
        zgid: client.org.to_string(),
        name: client.name,
        redirect_uris: client.redirect_uris,
    }
}

impl Administered for RevokeClient {
    async fn carried_out(self, at: &Administration<'_>) -> Result<RevokedClient, Failed> {
        let Some(client) = at.store.oauth_client(&self.client_id).await? else {
            let mut all = Vec::new();
            for org in at.listed_orgs(None).await? {
                all.extend(at.store.oauth_clients(org).await?);
            }
            let known = known(all.iter().map(|client| format!("{} ({})", client.client_id, client.name)));
            let message = format!("there is no OAuth client {}, or it is revoked already; {known}", self.client_id);
            return Err(Mistake::Unknown(message).into());
        };
        let tokens = at.store.remove_tokens(&TokenSelection::OfClient(client.client_id.clone())).await?;
        at.store.remove_oauth_client(&client.client_id).await?;
        tracing::info!(org = %client.org, client_id = client.client_id, tokens, "an OAuth client is revoked");
        Ok(RevokedClient { schema: SCHEMA, oauth_client: view(client), tokens })
    }
}
