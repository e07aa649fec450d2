//! Runs jobs by the worker's own code, without a network, and tells all that can be seen of them.

use std::path::Path;
use std::sync::Arc;

use bulkwright_engine::catalog::{Catalog, FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId, UserId};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::record_store::{IndexId, LedgerRow};
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Store;
use bulkwright_store::conformance::FailingStore;
use bulkwright_store::memory::MemoryStore;
use bulkwright_store::model::{
    Callback, Failure, Job, JobResource, JobState, NewJob, NewUpload, OauthClient, Org, PageQuery, Rest, SecretHash,
    SortBy, User,
};
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use proptest::prelude::TestCaseError;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::Notify;

use super::Step;
use super::faults::{Fault, Faults};
use super::jobs::{EMAILS, RandomJob, email};
use crate::config::Config;
use crate::links::{Links, Scheme};
use crate::proofs::harness::zip_of;
use crate::proofs::stores::without_upkeep;
use crate::server;
use crate::state::App;
use crate::work::{self, Worked};

const ORG: OrgId = OrgId(694_902_309);
const USER: UserId = UserId(9);
const LEADS: ModuleNumber = ModuleNumber(1);
const NOW_MS: i64 = 1_795_000_000_000;
/// The id counter begins further ahead than any clock goes here, so that ids depend on nothing but what was drawn.
const COUNTER_FROM_MS: i64 = NOW_MS + 1_000_000_000_000;
/// Bytes of typed rows in a chunk: two rows or three.
const CHUNK_BYTES: usize = 250;
/// More attempts than there are faults, lost leases and rests for.
const ATTEMPTS_MAX: usize = 12;
const RECORDS_MAX: u32 = 1000;

/// All that can be seen of a job and of the records after it.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    state: JobState,
    counts: Counts,
    failure: Option<Failure>,
    block: Option<IdBlock>,
    charset: Option<String>,
    rest: Option<Rest>,
    callback_is_promised: bool,
    result: Vec<u8>,
    ledger: Vec<LedgerRow>,
    records: Vec<(RecordId, u32, Box<str>)>,
    carriers: Vec<Vec<RecordId>>,
    picklist_additions: Vec<(FieldNumber, String)>,
}

/// The model, which nothing happens to.
pub(super) struct Undisturbed {
    store: Arc<dyn Store>,
    faults: Arc<Faults>,
    scratch: TempDir,
}

impl Undisturbed {
    pub(super) async fn new() -> Self {
        let store = Arc::new(MemoryStore::new().unwrap());
        begin(store.as_ref()).await;
        Undisturbed { store, faults: Faults::new(NOW_MS), scratch: tempfile::tempdir().unwrap() }
    }

    pub(super) async fn run(&self, number: i64, job: &RandomJob) -> Seen {
        let id = queue(self.store.as_ref(), number, job).await;
        let app = app(self.store.clone(), &self.faults, self.scratch.path());
        assert_eq!(work::claim_and_run(&app).await.unwrap(), Worked::Ended);
        let seen = seen(&self.store, id).await;
        assert_eq!((seen.state, seen.counts.total()), (JobState::Completed, job.rows()), "{:?}", seen.failure);
        seen
    }
}

/// The embedded store, whose calls fail and whose process dies.
pub(super) struct Disturbed {
    directory: TempDir,
    store: Option<Arc<dyn Store>>,
    faults: Arc<Faults>,
    scratch: TempDir,
}

impl Disturbed {
    pub(super) async fn new() -> Self {
        let (directory, faults) = (tempfile::tempdir().unwrap(), Faults::new(NOW_MS));
        let store = open(directory.path(), &faults);
        begin(store.as_ref()).await;
        Disturbed { directory, store: Some(store), faults, scratch: tempfile::tempdir().unwrap() }
    }

    /// Runs a job by one attempt after another, until it has come to its end.
    pub(super) async fn run(&mut self, number: i64, step: &Step) -> Result<Seen, TestCaseError> {
        let id = queue(self.store().as_ref(), number, &step.job).await;
        let mut faults = step.faults.iter().cloned();
        let mut block = None;
        for _ in 0..ATTEMPTS_MAX {
            self.attempt(faults.next()).await;
            let job = self.store().job(ORG, id).await.unwrap().unwrap();
            let now_block = job.resources[0].block;
            if block.is_some() && block != now_block {
                return Err(TestCaseError::fail(format!("the ids of job {number} have changed")));
            }
            block = now_block;
            if matches!(job.state, JobState::Completed | JobState::Failed) {
                return Ok(seen(self.store(), id).await);
            }
        }
        Err(TestCaseError::fail(format!("job {number} comes to no end")))
    }

    pub(super) fn met(&self) -> std::collections::BTreeMap<&'static str, u32> {
        self.faults.met()
    }

    /// One attempt, and a second beside it if the first is overtaken; then time passes.
    async fn attempt(&mut self, fault: Option<Fault>) {
        let app = app(self.store().clone(), &self.faults, self.scratch.path());
        self.faults.arm(fault, app.draining.clone());
        let first_is_over = Notify::new();
        let first = async {
            // Whatever it answers, the store says how the job stands.
            let _ = work::claim_and_run(&app).await;
            first_is_over.notify_one();
        };
        let second = async {
            tokio::select! {
                () = self.faults.overtaken.notified() => {
                    let _ = work::claim_and_run(&app).await;
                }
                () = first_is_over.notified() => {}
            }
        };
        tokio::join!(first, second);
        drop(app);
        if self.faults.disarm() {
            self.store = None;
            self.store = Some(open(self.directory.path(), &self.faults));
        }
        self.faults.time_passes();
    }

    fn store(&self) -> &Arc<dyn Store> {
        self.store.as_ref().expect("it is open again as soon as it was closed")
    }
}

/// A new process over the directory.
fn open(directory: &Path, faults: &Arc<Faults>) -> Arc<dyn Store> {
    let failure_points = faults.points();
    let options = OpenOptions { durability: Durability::Temporary, failure_points, ..OpenOptions::default() };
    let store = SqliteStore::open(directory, &options).unwrap();
    Arc::new(FailingStore::new(Arc::new(store), faults.points()))
}

fn app(store: Arc<dyn Store>, faults: &Arc<Faults>, scratch: &Path) -> Arc<App> {
    let config = Config {
        limits: Limits { chunk_bytes_max: CHUNK_BYTES, ..Limits::default() },
        disk_free_min: 0,
        clock: faults.clock(),
        failure_points: faults.points(),
        ..Config::dev()
    };
    let links = Links::new(&config, Scheme::Http, config.listen).unwrap();
    Arc::new(server::app(&config, without_upkeep(store), Arc::new(Catalog::builtin()), links, scratch.to_owned()))
}

async fn begin(store: &dyn Store) {
    let org = Org {
        id: ORG,
        company_name: "Acme".to_owned(),
        time_zone: "UTC".to_owned(),
        edition: None,
        webhook_keys: Vec::new(),
        revoked_at: None,
    };
    let user = User {
        id: USER,
        org: ORG,
        full_name: "Ann".to_owned(),
        email: "ann@example.com".to_owned(),
        time_zone: "UTC".to_owned(),
        sign_in: None,
        revoked_at: None,
    };
    let client = OauthClient {
        client_id: "1000.X".to_owned(),
        secret: SecretHash::of("x"),
        org: ORG,
        name: String::new(),
        redirect_uris: Vec::new(),
    };
    store.add_org(&org, &user, &client, &[]).await.unwrap();
    store.new_id(COUNTER_FROM_MS).await.unwrap();
}

/// Uploads the file and creates the job.
async fn queue(store: &dyn Store, number: i64, job: &RandomJob) -> JobId {
    let zip = Bytes::from(zip_of(&[("leads.csv", &job.csv())]));
    let (bytes, sha256) = (zip.len() as u64, Sha256::digest(&zip).into());
    let blob = store.put_blob("upload", stream::iter([Ok(zip)]).boxed()).await.unwrap();
    let created_at = NOW_MS / 1000 + number;
    let name = "leads.zip".to_owned();
    let upload = NewUpload { id: None, org: ORG, user: USER, name, blob, bytes, sha256, created_at, answer: None };
    let file = store.add_upload(&upload).await.unwrap().id;
    store.add_job(&new_job(job, file, created_at)).await.unwrap().id
}

fn new_job(job: &RandomJob, file: FileId, created_at: i64) -> NewJob {
    let resource = JobResource {
        kind: "data".to_owned(),
        module: "Leads".to_owned(),
        file,
        find_by: job.find_by.map(str::to_owned),
        ignore_empty: None,
        mappings: Vec::new(),
        csv_name: "leads.csv".to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    let callback = Callback { url: "https://example.com/done".to_owned(), method: "post".to_owned() };
    NewJob {
        id: None,
        org: ORG,
        created_by: USER,
        created_at,
        operation: job.operation,
        ignore_empty: Some(job.ignore_empty),
        charset: None,
        version: "v8".to_owned(),
        callback: job.callback.then_some(callback),
        resources: vec![resource],
        result_url: None,
        fixed: false,
        answer: None,
    }
}

async fn seen(store: &Arc<dyn Store>, id: JobId) -> Seen {
    let Job { state, charset, rest, result_blob, mut resources, .. } = store.job(ORG, id).await.unwrap().unwrap();
    let JobResource { counts, failure, block, .. } = resources.remove(0);
    let all = PageQuery { sort_by: SortBy::Id, descending: false, after: None, skip: 0, limit: RECORDS_MAX };
    let records = store.page(ORG, LEADS, &all).await.unwrap();
    let mut carriers = Vec::new();
    for number in 0..EMAILS {
        let index = IndexId { module: LEADS, field: email_field(), case_sensitive: false, joins: None };
        let found = store.search(ORG, index, email(number).as_bytes(), RECORDS_MAX).await.unwrap();
        carriers.push(found.into_iter().map(|record| record.id).collect());
    }
    Seen {
        state,
        counts,
        failure,
        block,
        charset,
        rest,
        callback_is_promised: store.delivery(ORG, id).await.unwrap().is_some(),
        result: match result_blob {
            Some(blob) => read(store.as_ref(), &blob).await,
            None => Vec::new(),
        },
        ledger: store.record_writer(ORG).unwrap().ledger(id, 0).unwrap(),
        records: records.into_iter().map(|record| (record.id, record.version, record.body)).collect(),
        carriers,
        picklist_additions: store.picklist_additions(ORG, LEADS).await.unwrap(),
    }
}

async fn read(store: &dyn Store, blob: &str) -> Vec<u8> {
    let (_, body) = store.get_blob(blob).await.unwrap();
    let parts: Vec<Bytes> = body.try_collect().await.unwrap();
    parts.concat()
}

fn email_field() -> FieldNumber {
    let catalog = Catalog::builtin();
    let leads = catalog.module("Leads").unwrap();
    assert_eq!(leads.number, LEADS);
    leads.indexed().find(|field| field.api_name == "Email").unwrap().number
}
