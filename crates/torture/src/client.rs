//! A client of the server under torture: the API's own client for jobs, plain requests for records.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bulkwright_client::api_words::{
    CreateBody, CreateBodyMapping, CreateBodyResource, JobDetails, ModuleName, Operation, Version, authorization,
};
use bulkwright_client::{Api, ApiSettings, ClientError, Created, Patience, RepeatKey, Secret, TokenSource, Trust};
use serde::Deserialize;
use serde_json::value::RawValue;
use tempfile::NamedTempFile;
use url::Url;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::sequence::Job;

/// The longest one request may take.
const REQUEST_MAX: Duration = Duration::from_secs(120);
/// Deflate's fastest level: zips are made by the thousand.
const DEFLATE_LEVEL: i64 = 1;

/// What opens a server, and stays true from start to start.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    token: String,
    zgid: String,
}

/// What credentials.json says that is needed here.
#[derive(Deserialize)]
struct Credentials {
    client_id: String,
    client_secret: String,
    refresh_token: String,
    zgid: String,
}

impl Key {
    /// Exchanges the refresh token of a data directory for an access token.
    pub(crate) async fn of(data: &Path, url: &Url) -> anyhow::Result<Key> {
        let path = data.join("credentials.json");
        let known: Credentials = serde_json::from_str(&fs_err::read_to_string(&path)?)
            .with_context(|| format!("{} is not what it should be", path.display()))?;
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", &known.client_id),
            ("client_secret", &known.client_secret),
            ("refresh_token", &known.refresh_token),
        ];
        #[derive(Deserialize)]
        struct Token {
            access_token: String,
        }
        let answer = reqwest::Client::new().post(url.join("/oauth/v2/token")?).form(&form).send().await?;
        let token: Token = answer.json().await.context("the server gives no token")?;
        Ok(Key { token: token.access_token, zgid: known.zgid })
    }
}

/// A client of one running server.
#[derive(Debug)]
pub(crate) struct Client {
    api: Api,
    http: reqwest::Client,
    url: Url,
    key: Key,
}

/// A page of records: each is its fields as they were printed.
#[derive(Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Vec<Fields>,
    pub(crate) info: PageInfo,
}

pub(crate) type Fields = BTreeMap<String, Box<RawValue>>;

#[derive(Deserialize)]
pub(crate) struct PageInfo {
    pub(crate) next_page_token: Option<String>,
}

impl Client {
    pub(crate) fn new(url: &Url, key: &Key) -> anyhow::Result<Client> {
        // Nothing is tried twice behind our back: a run says itself what it repeats.
        let patience = Patience { request_timeout: REQUEST_MAX, tries_max: 1, ..Patience::default() };
        let settings = ApiSettings {
            base_url: url.clone(),
            upload_url: None,
            token: TokenSource::Fixed(Secret::new(&key.token)),
            trust: Trust::default(),
            version: Version::V8,
            patience,
        };
        let http = reqwest::Client::builder().timeout(REQUEST_MAX).build()?;
        Ok(Client { api: Api::new(settings)?, http, url: url.clone(), key: key.clone() })
    }

    pub(crate) async fn upload(&self, zip: &Path, name: &str) -> Result<String, ClientError> {
        self.upload_under(&RepeatKey::random(), zip, name).await
    }

    /// An upload that is done once, however often it is sent.
    pub(crate) async fn upload_under(&self, key: &RepeatKey, zip: &Path, name: &str) -> Result<String, ClientError> {
        let received = self.api.upload(zip, name, &self.key.zgid, key).await?;
        Ok(received.value.details.file_id)
    }

    pub(crate) async fn create(&self, body: &CreateBody) -> Result<Created, ClientError> {
        self.create_under(&RepeatKey::random(), body).await
    }

    /// A creation that is done once, however often it is sent.
    pub(crate) async fn create_under(&self, key: &RepeatKey, body: &CreateBody) -> Result<Created, ClientError> {
        self.api.create(body, key).await
    }

    pub(crate) async fn job(&self, id: &str) -> Result<JobDetails, ClientError> {
        self.api.job(id).await
    }

    /// Fetches the result that these details name, if they name one.
    pub(crate) async fn result(&self, details: &JobDetails, to: &Path) -> Result<(), ClientError> {
        let Some(link) = &details.result else { return Ok(()) };
        let mut file = fs_err::tokio::File::create(to).await?;
        self.api.download(&link.download_url, &mut file).await
    }

    /// A page of leads; `None` where there are none.
    pub(crate) async fn leads(&self, query: &[(&str, &str)]) -> anyhow::Result<Option<Page>> {
        self.get("/crm/v8/Leads", query).await
    }

    /// The leads with an address.
    pub(crate) async fn search(&self, email: &str) -> anyhow::Result<Option<Page>> {
        self.get("/crm/v8/Leads/search", &[("email", email)]).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Option<Page>> {
        let request = self.http.get(self.url.join(path)?).query(query);
        let answer = request.header("authorization", authorization(&self.key.token)).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        match status.as_u16() {
            204 => Ok(None),
            200 => Ok(Some(serde_json::from_slice(&body)?)),
            _ => bail!("{path} answered {status}: {}", String::from_utf8_lossy(&body)),
        }
    }
}

/// The request that creates a job of these columns.
pub(crate) fn create_body(operation: Operation, find_by: Option<&str>, columns: &[&str], file_id: &str) -> CreateBody {
    let mapping = |(index, column): (usize, &&str)| CreateBodyMapping::of_column(column, index);
    CreateBody {
        character_encoding: Some("UTF-8".to_owned()),
        operation: operation.as_str(),
        ignore_empty: None,
        resource: vec![CreateBodyResource {
            kind: "data",
            module: ModuleName { api_name: "Leads".to_owned() },
            file_id: file_id.to_owned(),
            find_by: find_by.map(str::to_owned),
            field_mappings: columns.iter().enumerate().map(mapping).collect(),
        }],
    }
}

/// The request that creates this job.
pub(crate) fn create_body_of(job: &Job, file_id: &str) -> CreateBody {
    create_body(job.operation, job.keyed.then_some("Email"), job.columns(), file_id)
}

/// A file that goes away with this value: a zip with one CSV.
pub(crate) fn zipped(csv_name: &str, csv: &[u8]) -> anyhow::Result<NamedTempFile> {
    let mut zip = ZipWriter::new(NamedTempFile::new()?);
    zip.start_file(csv_name, SimpleFileOptions::default().compression_level(Some(DEFLATE_LEVEL)))?;
    zip.write_all(csv)?;
    Ok(zip.finish()?)
}

/// The one CSV of a result zip.
pub(crate) fn unzipped(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut zip = zip::ZipArchive::new(fs_err::File::open(path)?)?;
    ensure!(zip.len() == 1, "{} has {} entries", path.display(), zip.len());
    let mut csv = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_index(0)?, &mut csv)?;
    Ok(csv)
}
