//! A store in which jobs have really run: uploads, imports, results and deliveries, as a server makes them.

use std::fs::File;
use std::io::{Cursor, Write};
use std::path::Path;
use std::time::Duration;

use bulkwright_engine::catalog::Catalog;
use bulkwright_engine::ids::UserId;
use bulkwright_engine::import::{self, Import, Outcome, Watch};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::plan::{NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::LedgerRow;
use bulkwright_engine::result::{self, Echoes, Part};
use bulkwright_engine::spec::{Operation, ResourceSpec};
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;

use super::*;
use crate::model::{BlobSum, Callback, JobResource, JobState};

pub(super) const ORG: OrgId = OrgId(694_902_309);
pub(super) const NOW: i64 = 1_795_000_000;
const USER: UserId = UserId(5);

/// A module with a key that may repeat and one that may not.
const THINGS: &str = r#"
number = 9
id = 77
api_name = "Things"
singular_label = "Thing"
plural_label = "Things"
fields = [
  { number = 1, id = 1, api_name = "Name", label = "Name", type = "text", length = 20, mandatory = true },
  { number = 2, id = 2, api_name = "Email", label = "Email", type = "email", length = 100, duplicate_check = true },
  { number = 3, id = 3, api_name = "Code", label = "Code", type = "text", length = 20, unique = { case_sensitive = false } },
  { number = 6, id = 6, api_name = "Kind", label = "Kind", type = "picklist", values = ["Old", "New"] },
  { number = 1001, id = 11, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
"#;

pub(super) fn catalog() -> Catalog {
    Catalog::parse(&[THINGS]).unwrap()
}

/// Another directory with the same files.
pub(super) fn copy_of(directory: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    std::fs::create_dir(copy.path().join("blobs")).unwrap();
    for folder in ["", "blobs"] {
        for entry in std::fs::read_dir(directory.join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.path().join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    copy
}

/// What is asked of a job.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) csv: &'a str,
    pub(super) operation: Operation,
    pub(super) find_by: Option<&'a str>,
    pub(super) callback: bool,
    pub(super) fixed: bool,
    /// When it was created and has ended.
    pub(super) at: i64,
}

impl<'a> Asked<'a> {
    pub(super) fn insert(csv: &'a str) -> Self {
        Asked { csv, operation: Operation::Insert, find_by: None, callback: false, fixed: false, at: NOW }
    }

    pub(super) fn upsert(csv: &'a str) -> Self {
        Asked { operation: Operation::Upsert, find_by: Some("Email"), ..Asked::insert(csv) }
    }
}

/// Whether all of a job is done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    FirstChunk,
    LastChunk,
    End,
}

/// Opens a store with an organisation in it, or again.
pub(super) async fn open_town(directory: &Path, options: &OpenOptions) -> SqliteStore {
    let store = SqliteStore::open(directory, options).unwrap();
    store.set_catalog(&catalog()).unwrap();
    if store.orgs().await.unwrap().is_empty() {
        let zone = "Europe/Berlin".to_owned();
        let org = Org {
            id: ORG,
            company_name: "Zylker".to_owned(),
            time_zone: zone.clone(),
            edition: None,
            webhook_keys: Vec::new(),
            revoked_at: None,
        };
        let (full_name, email) = ("Ann".to_owned(), "ann@example.com".to_owned());
        let user = User { id: USER, org: ORG, full_name, email, time_zone: zone, sign_in: None, revoked_at: None };
        let client = OauthClient {
            client_id: "1000.A".to_owned(),
            secret: SecretHash::of("s"),
            org: ORG,
            name: String::new(),
            redirect_uris: Vec::new(),
        };
        store.add_org(&org, &user, &client, &[]).await.unwrap();
    }
    store
}

/// A store after jobs of every kind: added, updated, changed twice in one chunk, skipped, failed, waiting, half done.
pub(super) async fn mixed_jobs(store: &SqliteStore) {
    let first = "Name,Email,Code,Kind\nA,a@x.com,1,Old\nB,b@x.com,2,Odd\n,c@x.com,3,New\nD,d@x.com,1,New\n";
    run(store, Asked { callback: true, ..Asked::insert(first) }, Until::End).await;
    let second = "Name,Email\nA2,A@x.com\nE,e@x.com\nE2,e@x.com\nA3,a@x.com\n";
    run(store, Asked::upsert(second), Until::End).await;
    let changed = "Name,Email,Code\nB2,b@x.com,20\nZ,nobody@x.com,9\n";
    run(store, Asked { operation: Operation::Update, ..Asked::upsert(changed) }, Until::End).await;
    run(store, Asked { fixed: true, ..Asked::insert("Name\nFixed\n") }, Until::End).await;
    run(store, Asked { callback: true, ..Asked::insert("Name\nG\n") }, Until::LastChunk).await;
    run(store, Asked { callback: true, ..Asked::insert(&many(400)) }, Until::FirstChunk).await;
    let token = Grant {
        org: ORG,
        user: USER,
        client_id: "1000.A".to_owned(),
        scopes: vec![],
        expires_at: None,
        issued_at: None,
        parent: None,
    };
    store.add_token(TokenKind::Refresh, SecretHash::of("refresh"), &token).await.unwrap();
    let ends = Grant { expires_at: Some(NOW + 3600), ..token };
    store.add_token(TokenKind::Access, SecretHash::of("access"), &ends).await.unwrap();
    add(store, Asked::insert("Name\nWaits\n")).await;
}

/// Rows for several chunks.
pub(super) fn many(rows: u32) -> String {
    let rows = (0..rows).map(|row| format!("Name {row},lead{row}@example.com\n"));
    format!("Name,Email\n{}", rows.collect::<String>())
}

/// Uploads a file and creates a job over it.
pub(super) async fn add(store: &SqliteStore, asked: Asked<'_>) -> Job {
    let upload = upload(store, asked.csv, asked.at).await;
    let resource = JobResource {
        kind: "data".to_owned(),
        module: "Things".to_owned(),
        file: upload.id,
        find_by: asked.find_by.map(str::to_owned),
        ignore_empty: None,
        mappings: vec![],
        csv_name: "things.csv".to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    let url = || Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() };
    let new = NewJob {
        id: None,
        org: ORG,
        created_by: USER,
        created_at: asked.at,
        operation: asked.operation,
        ignore_empty: None,
        charset: None,
        version: "v8".to_owned(),
        callback: asked.callback.then(url),
        resources: vec![resource],
        result_url: None,
        fixed: asked.fixed,
        answer: None,
    };
    store.add_job(&new).await.unwrap()
}

pub(super) async fn upload(store: &SqliteStore, csv: &str, at: i64) -> Upload {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("things.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let (bytes, sha256) = (zip.len() as u64, Sha256::digest(&zip).into());
    let blob = store.put_blob("upload", stream::iter([Ok(Bytes::from(zip))]).boxed()).await.unwrap();
    let name = "things.zip".to_owned();
    store
        .add_upload(&NewUpload {
            id: None,
            org: ORG,
            user: USER,
            name,
            blob,
            bytes,
            sha256,
            created_at: at,
            answer: None,
        })
        .await
        .unwrap()
}

/// Adds a job and runs it so far.
pub(super) async fn run(store: &SqliteStore, asked: Asked<'_>, until: Until) -> Job {
    let added = add(store, asked).await;
    // Beyond every lease: a job that is not through would be claimed again.
    let (claim, job) = store.claim("test", asked.at, i64::MAX / 2).await.unwrap().unwrap();
    assert_eq!(job.id, added.id);
    go_on(store, claim, &job, asked.at, until).await;
    store.job(ORG, job.id).await.unwrap().unwrap()
}

/// Runs a claimed job.
pub(super) async fn go_on(store: &SqliteStore, claim: Claim, job: &Job, at: i64, until: Until) {
    let upload = store.upload(ORG, job.resources[0].file).await.unwrap().unwrap();
    let path = store.blob_file(&upload.blob).await.unwrap();
    let limits = Limits { chunk_bytes_max: 10_000, ..Limits::default() };
    let prepared = prepared(&path, job, &limits);
    let size = prepared.rows_bound(&limits);
    let block = store.reserve(claim, 0, size, at * 1000).await.unwrap();
    let import = Import { job: job.id, resource: 0, user: USER, now: at, block, limits: &limits };
    let mut records = store.record_writer(ORG).unwrap();
    let outcome = import::run(&import, prepared, records.as_mut(), &mut Stop { until, chunks: 0 }).unwrap();
    let ledger = records.ledger(job.id, 0).unwrap();
    drop(records);
    let counts = match (until, outcome) {
        (Until::FirstChunk, Outcome::Stopped(_)) | (Until::LastChunk, Outcome::Completed(_)) => return,
        (Until::End, Outcome::Completed(counts)) => counts,
        (_, other) => panic!("{other:?}"),
    };
    let prepared = self::prepared(&path, job, &limits);
    let mut result = tempfile::NamedTempFile::new().unwrap();
    let part = Part { prepared, block, settled: ledger.into_iter().map(|row| Ok(row.into())) };
    result::write(vec![part], at, &mut result).unwrap();
    let bytes = std::fs::read(result.path()).unwrap();
    let result_sum = Some(BlobSum { bytes: bytes.len() as u64, sha256: Sha256::digest(&bytes).into() });
    let result_blob = Some(store.put_blob_file("result", result).await.unwrap());
    let resources = vec![(JobState::Completed, counts, None)];
    let end = Finish {
        state: JobState::Completed,
        resources,
        result_blob,
        result_sum,
        charset: None,
        finished_at: at,
        callback_at: at,
    };
    store.finish(claim, &end).await.unwrap();
}

/// Sees to it that a run ends where it is to end.
struct Stop {
    until: Until,
    chunks: u32,
}

impl Watch for Stop {
    fn committed(&mut self, _: LedgerRow, _: Echoes, _: Counts) {
        self.chunks += 1;
    }

    fn should_stop(&mut self) -> bool {
        self.until == Until::FirstChunk && self.chunks == 1
    }

    fn elapsed(&mut self) -> Duration {
        Duration::ZERO
    }
}

fn prepared(path: &Path, job: &Job, limits: &Limits) -> Prepared {
    let spec = ResourceSpec {
        module: "Things".to_owned(),
        operation: job.operation,
        find_by: job.resources[0].find_by.clone(),
        ignore_empty: false,
        mappings: vec![],
        charset: None,
    };
    let request = Request {
        resource: 0,
        spec: &spec,
        catalog: &catalog(),
        people: &[],
        picklist_additions: &[],
        new_picklist_values: NewPicklistValues::Add,
        time_zone: &jiff::tz::TimeZone::UTC,
        limits,
    };
    prepare(File::open(path).unwrap(), &request).unwrap()
}
