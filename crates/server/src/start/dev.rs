//! `dev`: documented credentials, and the recorded job, made by really running it.

use std::io::{Cursor, Write};
use std::sync::Arc;

use bulkwright_engine::ids::{FileId, JobId, OrgId, UserId};
use bulkwright_engine::spec::{Mapping, Operation};
use bulkwright_engine::verdict::Counts;
use bulkwright_store::model::{
    Callback, Grant, JobResource, JobState, NewJob, NewUpload, OauthClient, Org, SecretHash, Token, TokenKind, User,
    WebhookKey,
};
use bulkwright_wire::host::DATA_CENTRES;
use bulkwright_wire::scope;
use bytes::Bytes;
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::credentials::Credentials;
use crate::error::ServeError;
use crate::state::App;
use crate::tls::Tls;
use crate::work::{self, Worked};

/// Id of the OAuth client.
pub const CLIENT_ID: &str = "1000.BULKWRIGHTDEV";
/// Its secret.
pub const CLIENT_SECRET: &str = "bulkwright-dev-secret";
/// The refresh token: all scopes.
pub const REFRESH_TOKEN: &str = "1000.bulkwright-dev-refresh";
/// An access token with all scopes. It never expires.
pub const ACCESS_TOKEN: &str = "1000.bulkwright-dev-access";
/// An access token without the scopes for bulk work. It never expires.
pub const ACCESS_TOKEN_WITHOUT_BULK: &str = "1000.bulkwright-dev-noscope";
/// Opens what is for the administrator.
pub const ADMIN_SECRET: &str = "bulkwright-dev-admin";
/// The organisation.
pub const ZGID: &str = "694902309";
/// The recorded job, which is already there.
pub const JOB: &str = "4150868000005350003";
/// The user, Patricia Boyle.
pub const USER: &str = "4150868000000225013";

/// What callbacks are signed with.
pub const WEBHOOK_KEY: &[u8; 32] = b"bulkwright-dev-webhook-key-00000";

const COMPANY_NAME: &str = "Bulkwright Dev";
/// The vendor's hosts of its first data centre, for a hosts file that leads them to a server with a certificate for them.
pub fn vendor_hosts() -> impl Iterator<Item = &'static str> {
    DATA_CENTRES[0].hosts()
}

const ORG_ID: OrgId = OrgId(694_902_309);
const USER_ID: UserId = UserId(4_150_868_000_000_225_013);
const JOB_ID: JobId = JobId(4_150_868_000_005_350_003);
/// Her address.
pub const EMAIL: &str = "patricia.boyle@example.com";
const TIME_ZONE: &str = "+05:30";
/// 2021-05-11T12:38:29+05:30
const JOB_CREATED_AT: i64 = 1_620_716_909;
/// Where the recorded answer says the result is; the same path on this server really gives it.
const JOB_RESULT_URL: &str =
    "https://download-accl.zoho.com/v2/crm/694902309/bulk-write/4150868000005350003/4150868000005350003.zip";
const CSV_NAME: &str = "Fil2.csv";
const CSV: &str = include_str!("Fil2.csv");

/// Makes the organisation, the tokens and the job.
pub(crate) async fn seed(app: &Arc<App>) -> Result<(), ServeError> {
    let client = OauthClient {
        client_id: CLIENT_ID.to_owned(),
        secret: SecretHash::of(CLIENT_SECRET),
        org: ORG_ID,
        name: COMPANY_NAME.to_owned(),
        redirect_uris: Vec::new(),
    };
    let tokens = [
        (TokenKind::Refresh, REFRESH_TOKEN, scope::EVERYTHING),
        (TokenKind::Access, ACCESS_TOKEN, scope::EVERYTHING),
        (TokenKind::Access, ACCESS_TOKEN_WITHOUT_BULK, scope::NO_BULK),
    ];
    let tokens = tokens.map(|(kind, token, scopes)| Token { kind, hash: SecretHash::of(token), grant: grant(scopes) });
    app.store.add_org(&org(), &user(), &client, &tokens).await?;
    seed_job(app).await
}

/// What opens the server, as documented.
pub(crate) fn credentials(app: &App) -> Credentials {
    let base = app.links.base().to_owned();
    Credentials {
        base_url: base.clone(),
        accounts_url: base,
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.to_owned(),
        refresh_token: REFRESH_TOKEN.to_owned(),
        zgid: ZGID.to_owned(),
        user_id: USER.to_owned(),
        email: EMAIL.to_owned(),
        admin_secret: ADMIN_SECRET.to_owned(),
        certificate_sha256: app.tls.as_ref().map(Tls::certificate_sha256),
    }
}

fn org() -> Org {
    Org {
        id: ORG_ID,
        company_name: COMPANY_NAME.to_owned(),
        time_zone: TIME_ZONE.to_owned(),
        edition: None,
        webhook_keys: vec![WebhookKey(*WEBHOOK_KEY)],
        revoked_at: None,
    }
}

fn user() -> User {
    User {
        id: USER_ID,
        org: ORG_ID,
        full_name: "Patricia Boyle".to_owned(),
        email: EMAIL.to_owned(),
        time_zone: TIME_ZONE.to_owned(),
        sign_in: None,
        revoked_at: None,
    }
}

fn grant(scopes: &[&str]) -> Grant {
    Grant {
        org: ORG_ID,
        user: USER_ID,
        client_id: CLIENT_ID.to_owned(),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: None,
        issued_at: None,
        parent: None,
    }
}

/// Uploads the file, queues the job, and lets the worker's own hands run it.
async fn seed_job(app: &Arc<App>) -> Result<(), ServeError> {
    let file = upload(app).await?;
    app.store.add_job(&job(file)).await?;
    match work::claim_and_run(app).await? {
        Worked::Ended => Ok(()),
        Worked::Nothing | Worked::Postponed | Worked::Released => {
            Err(ServeError::Seed { reason: "it came to no end".to_owned() })
        }
    }
}

async fn upload(app: &App) -> Result<FileId, ServeError> {
    let zip = zipped().map_err(|error| ServeError::Seed { reason: error.to_string() })?;
    let (bytes, sha256) = (zip.len() as u64, Sha256::digest(&zip).into());
    let content = stream::iter([Ok(Bytes::from(zip))]).boxed();
    let blob = app.store.put_blob("upload", content).await?;
    let upload = NewUpload {
        id: None,
        org: ORG_ID,
        user: USER_ID,
        name: "Fil2.zip".to_owned(),
        blob,
        bytes,
        sha256,
        created_at: JOB_CREATED_AT,
        answer: None,
    };
    Ok(app.store.add_upload(&upload).await?.id)
}

fn zipped() -> std::io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(CSV_NAME, SimpleFileOptions::default()).map_err(std::io::Error::from)?;
    zip.write_all(CSV.as_bytes())?;
    Ok(zip.finish().map_err(std::io::Error::from)?.into_inner())
}

/// The request behind the recorded job, its mappings in the order that the recorded answer has.
fn job(file: FileId) -> NewJob {
    let mapping = |field: &str, index| Mapping {
        field: field.to_owned(),
        index: Some(index),
        format: None,
        find_by: None,
        module: None,
        default: None,
    };
    let resource = JobResource {
        kind: "data".to_owned(),
        module: "Leads".to_owned(),
        file,
        find_by: None,
        ignore_empty: None,
        mappings: vec![mapping("Owner", 2), mapping("Last_Name", 0), mapping("Mobile", 1)],
        csv_name: CSV_NAME.to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    NewJob {
        id: Some(JOB_ID),
        org: ORG_ID,
        created_by: USER_ID,
        created_at: JOB_CREATED_AT,
        operation: Operation::Insert,
        ignore_empty: Some(true),
        charset: None,
        version: "v2.1".to_owned(),
        callback: Some(Callback { url: "https://www.zoho.com/".to_owned(), method: "post".to_owned() }),
        resources: vec![resource],
        result_url: Some(JOB_RESULT_URL.to_owned()),
        fixed: true,
        answer: None,
    }
}
