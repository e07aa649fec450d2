//! Organisations.

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_store::model::{
    Grant, JobState, JobsQuery, OauthClient, Org, SecretHash, Token, TokenKind, TokenSelection, User,
};
use bulkwright_wire::administration::{
    CreateOrg, CreatedOrg, ListOrgs, OrgView, OrgsAnswer, RevokeOrg, RevokedOrg, SCHEMA, Secret, UpdateOrg, UpdatedOrg,
};
use bulkwright_wire::scope;
use jiff::tz::TimeZone;

use super::{Administered, Administration, Failed, Mistake, utc, values};
use crate::access::{new_client_id, new_client_secret, new_sign_in_secret, new_token, new_zgid};
use crate::deliver::signature;
use crate::start::webhook_keys;

/// What the first user is called, and his address, unless it is said.
const USER_NAME: &str = "Bulkwright Admin";
const USER_EMAIL: &str = "admin@bulkwright.local";
/// Jobs of an organisation that are counted one by one.
const JOBS_COUNTED_MAX: u32 = 1000;

impl Administered for CreateOrg {
    async fn carried_out(self, at: &Administration<'_>) -> Result<CreatedOrg, Failed> {
        let webhook_key = webhook_keys::new();
        let org = Org { webhook_keys: vec![webhook_key], ..new_org(&self, at).await? };
        let user_name = values::name("the first user", self.user_name.as_deref().unwrap_or(USER_NAME))?;
        let email = values::email(self.email.as_deref().unwrap_or(USER_EMAIL))?;
        let (sign_in, secret, refresh) = (new_sign_in_secret(), new_client_secret(), new_token());
        let user = User {
            id: UserId(at.store.new_id(at.clock.milliseconds()).await?),
            org: org.id,
            full_name: user_name,
            email,
            time_zone: org.time_zone.clone(),
            sign_in: Some(SecretHash::of(&sign_in)),
            revoked_at: None,
        };
        let client = OauthClient {
            client_id: new_client_id(),
            secret: SecretHash::of(&secret),
            org: org.id,
            name: org.company_name.clone(),
            redirect_uris: Vec::new(),
        };
        let token = first_token(&user, &client, &refresh, at.clock.seconds());
        at.store.add_org(&org, &user, &client, &[token]).await?;
        tracing::info!(org = %org.id, "an organisation is made");
        Ok(CreatedOrg {
            schema: SCHEMA,
            base_url: at.base_url.map(str::to_owned),
            zgid: org.id.to_string(),
            user_id: user.id.to_string(),
            email: user.email,
            sign_in_secret: Secret(sign_in),
            client_id: client.client_id,
            client_secret: Secret(secret),
            refresh_token: Secret(refresh),
            webhook_secret: Secret(signature::secret(&webhook_key)),
            name: org.company_name,
            time_zone: org.time_zone,
            edition: org.edition,
        })
    }
}

async fn new_org(asked: &CreateOrg, at: &Administration<'_>) -> Result<Org, Failed> {
    let orgs = at.store.orgs().await?;
    if orgs.is_empty() {
        let message =
            "a server's first start makes the first organisation: run `bulkwright serve` once, then this again";
        return Err(Mistake::Refused(message.to_owned()).into());
    }
    let id = match asked.zgid.as_deref() {
        Some(text) => free_id(text, &orgs)?,
        None => drawn_id(&orgs),
    };
    let system_zone = || TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    Ok(Org {
        id,
        company_name: values::name("an organisation", &asked.name)?,
        time_zone: asked.time_zone.as_deref().map(values::time_zone).transpose()?.unwrap_or_else(system_zone),
        edition: asked.edition.as_deref().map(values::edition).transpose()?.flatten(),
        webhook_keys: Vec::new(),
        revoked_at: None,
    })
}

fn free_id(text: &str, orgs: &[Org]) -> Result<OrgId, Mistake> {
    let id = text.parse().ok().filter(|id: &OrgId| id.0 > 0 && id.to_string() == text);
    let id = id.ok_or_else(|| {
        Mistake::Unusable(format!("`{text}` is no zgid; give digits like 694902309, or leave --zgid out"))
    })?;
    if orgs.iter().any(|org| org.id == id) {
        let message = format!("organisation {id} is there already; give another --zgid, or leave it out");
        return Err(Mistake::Refused(message));
    }
    Ok(id)
}

/// An id that no organisation has: of 900 million few are taken.
fn drawn_id(orgs: &[Org]) -> OrgId {
    loop {
        let id = new_zgid();
        if !orgs.iter().any(|org| org.id == id) {
            return id;
        }
    }
}

fn first_token(user: &User, client: &OauthClient, refresh: &str, now: i64) -> Token {
    let grant = Grant {
        org: user.org,
        user: user.id,
        client_id: client.client_id.clone(),
        scopes: scope::EVERYTHING.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: None,
        issued_at: Some(now),
        parent: None,
    };
    Token { kind: TokenKind::Refresh, hash: SecretHash::of(refresh), grant }
}

impl Administered for ListOrgs {
    async fn carried_out(self, at: &Administration<'_>) -> Result<OrgsAnswer, Failed> {
        let orgs = at.store.orgs().await?;
        Ok(OrgsAnswer { schema: SCHEMA, orgs: orgs.into_iter().map(view).collect() })
    }
}

fn view(org: Org) -> OrgView {
    OrgView {
        zgid: org.id.to_string(),
        name: org.company_name,
        time_zone: org.time_zone,
        edition: org.edition,
        revoked_time: org.revoked_at.map(utc),
    }
}

impl Administered for UpdateOrg {
    async fn carried_out(self, at: &Administration<'_>) -> Result<UpdatedOrg, Failed> {
        let mut org = at.living_org(self.org.as_deref()).await?;
        if let Some(name) = &self.name {
            org.company_name = values::name("an organisation", name)?;
        }
        if let Some(zone) = &self.time_zone {
            org.time_zone = values::time_zone(zone)?;
        }
        if let Some(edition) = &self.edition {
            org.edition = values::edition(edition)?;
        }
        at.store.update_org(&org).await?;
        tracing::info!(org = %org.id, "an organisation is changed");
        Ok(UpdatedOrg { schema: SCHEMA, org: view(org) })
    }
}

impl Administered for RevokeOrg {
    async fn carried_out(self, at: &Administration<'_>) -> Result<RevokedOrg, Failed> {
        let mut org = at.living_org(Some(&self.org)).await?;
        org.revoked_at = Some(at.clock.seconds());
        at.store.update_org(&org).await?;
        // Marked, it is closed already, whatever becomes of the rest.
        let tokens = at.store.remove_tokens(&TokenSelection::OfOrg(org.id)).await?;
        let clients = at.store.oauth_clients(org.id).await?;
        for client in &clients {
            at.store.remove_oauth_client(&client.client_id).await?;
        }
        tracing::info!(org = %org.id, tokens, "an organisation is revoked");
        let jobs_going_on = jobs_going_on(org.id, at).await?;
        Ok(RevokedOrg { schema: SCHEMA, org: view(org), oauth_clients: clients.len() as u64, tokens, jobs_going_on })
    }
}

async fn jobs_going_on(org: OrgId, at: &Administration<'_>) -> Result<u64, Failed> {
    let mut going_on = 0;
    for state in [JobState::Added, JobState::InProgress] {
        let query = JobsQuery { org: Some(org), state: Some(state), before: None, limit: JOBS_COUNTED_MAX };
        going_on += at.store.jobs(&query).await?.len() as u64;
    }
    Ok(going_on)
}
