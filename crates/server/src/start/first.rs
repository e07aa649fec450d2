//! The first start of a data directory: an organisation, a user, an OAuth client and their credentials.
//!
//! The file comes first, the store second: secrets are stored only as hashes, so a store that names a client whose
//! file was never written could be opened by nobody. A start that was killed between the two finds the file and makes
//! the store what the file says.

use std::path::Path;

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, Token, TokenKind, User};
use bulkwright_wire::scope;
use jiff::tz::TimeZone;

use super::credentials::{self, CREDENTIALS_FILE, Credentials};
use super::webhook_keys;
use crate::access::{new_client_id, new_client_secret, new_token, new_zgid, random_hex};
use crate::error::ServeError;
use crate::state::App;
use crate::tls::Tls;

/// Bytes of randomness in the admin secret.
const ADMIN_SECRET_BYTES: usize = 32;

const COMPANY_NAME: &str = "Bulkwright";
const USER_NAME: &str = "Bulkwright Admin";
const USER_EMAIL: &str = "admin@bulkwright.local";

/// The credentials of a data directory, made on its first start; their URLs are this start's.
pub(crate) async fn credentials(app: &App, directory: &Path) -> Result<Option<Credentials>, ServeError> {
    let orgs = app.store.orgs().await?;
    let known = match (credentials::read(directory)?, orgs.first()) {
        (Some(known), org) => checked(known, org, directory)?,
        (None, None) => made(app).await?,
        (None, Some(_)) => {
            let file = directory.join(CREDENTIALS_FILE);
            tracing::warn!(file = %file.display(), "the credentials file is gone; who holds its secrets can go on");
            return Ok(None);
        }
    };
    let certificate = app.tls.as_ref().map(Tls::certificate_sha256);
    let known = with_admin_secret(known).at(app.links.base(), certificate);
    credentials::write(directory, &known)?;
    let time_zone = TimeZone::system().iana_name().unwrap_or("UTC").to_owned();
    enter(app, &known, directory, orgs.is_empty().then_some(time_zone)).await?;
    Ok(Some(known))
}

fn checked(known: Credentials, org: Option<&Org>, directory: &Path) -> Result<Credentials, ServeError> {
    match org {
        Some(org) if org.id.to_string() != known.zgid => Err(ServeError::Credentials {
            path: directory.join(CREDENTIALS_FILE),
            reason: format!("it belongs to organisation {}, and the data to {}", known.zgid, org.id),
        }),
        _ => Ok(known),
    }
}

async fn made(app: &App) -> Result<Credentials, ServeError> {
    let user_id = app.store.new_id(app.clock.milliseconds()).await?;
    Ok(Credentials {
        base_url: String::new(),
        accounts_url: String::new(),
        client_id: new_client_id(),
        client_secret: new_client_secret(),
        refresh_token: new_token(),
        zgid: new_zgid().to_string(),
        user_id: user_id.to_string(),
        email: USER_EMAIL.to_owned(),
        admin_secret: new_admin_secret(),
        certificate_sha256: None,
    })
}

/// The file is the only place where the admin secret is: it is in force because it stands there.
fn with_admin_secret(known: Credentials) -> Credentials {
    if known.admin_secret.is_empty() { Credentials { admin_secret: new_admin_secret(), ..known } } else { known }
}

fn new_admin_secret() -> String {
    format!("bulkwright-admin-{}", random_hex::<ADMIN_SECRET_BYTES>())
}

/// Makes the store know what the file says, if it knows nothing yet: the organisation, its user, its client and the refresh
/// token come together, so what was taken away later stays away.
async fn enter(app: &App, known: &Credentials, directory: &Path, new_in: Option<String>) -> Result<(), ServeError> {
    let broken = |what: &str| ServeError::Credentials {
        path: directory.join(CREDENTIALS_FILE),
        reason: format!("its {what} is no id"),
    };
    let org = known.zgid.parse::<OrgId>().map_err(|_| broken("zgid"))?;
    let user = known.user_id.parse::<UserId>().map_err(|_| broken("user_id"))?;
    match new_in {
        Some(time_zone) => add_org(app, known, org, user, time_zone).await,
        None => Ok(()),
    }
}

async fn add_org(
    app: &App,
    known: &Credentials,
    org: OrgId,
    user: UserId,
    time_zone: String,
) -> Result<(), ServeError> {
    let client = OauthClient {
        client_id: known.client_id.clone(),
        secret: SecretHash::of(&known.client_secret),
        org,
        name: COMPANY_NAME.to_owned(),
        redirect_uris: Vec::new(),
    };
    let grant = Grant {
        org,
        user,
        client_id: known.client_id.clone(),
        scopes: scope::EVERYTHING.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: None,
        issued_at: Some(app.clock.seconds()),
        parent: None,
    };
    let refresh = Token { kind: TokenKind::Refresh, hash: SecretHash::of(&known.refresh_token), grant };
    let user = User {
        id: user,
        org,
        full_name: USER_NAME.to_owned(),
        email: known.email.clone(),
        time_zone: time_zone.clone(),
        sign_in: None,
        revoked_at: None,
    };
    let org = Org {
        id: org,
        company_name: COMPANY_NAME.to_owned(),
        time_zone,
        edition: None,
        webhook_keys: vec![webhook_keys::new()],
        revoked_at: None,
    };
    Ok(app.store.add_org(&org, &user, &client, &[refresh]).await?)
}
