//! One story of a server and its client: a first start, tokens, uploads, a job that is put to rest, stopped in the middle
//! and gone on with, its result, its records. It is told with nothing failing, and then with each point failing in turn.
//!
//! Time is the runtime's own and paused: it passes when everybody waits for it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bulkwright_engine::catalog::{Catalog, ModuleNumber};
use bulkwright_engine::ids::{BUCKETS, ID_BASE, IdBlock, JobId, OrgId};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::record_store::LedgerRow;
use bulkwright_store::Store;
use bulkwright_store::model::{JobsQuery, PageQuery, SortBy};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::harness::{Answer, Client, csv_in, form_of, job_of, zip_of};
use super::injector::Injector;
use super::stores::without_upkeep;
use crate::Clock;
use crate::config::Config;
use crate::deliver::NameLookup;
use crate::server::{Data, Running, Server};
use crate::work;

const CSV: &str = "Last_Name,Email,Lead_Source\nAnn,ann@x.com,Fair\nBob,bob@x.com,\nAnn again,ANN@x.com,Radio show\n\
    ,none@x.com,\nCy,cy@x.com,fair\nDee,,\nBob again,bob@x.com,Radio show\nshort\nEve,no email,\nFay,fay@x.com,\n";
/// Bytes of typed rows in a chunk: three rows or so.
const CHUNK_BYTES: usize = 300;
/// Under which the upload and the creation are sent.
const KEY: &str = "the-story";
const LEADS: ModuleNumber = ModuleNumber(1);
const NOW_MS: i64 = 1_795_000_000_000;
/// Time between two looks at a job.
const LOOK: Duration = Duration::from_secs(7);
/// Looks after which a job is stuck: more than all rests and leases of a story take together.
const LOOKS_MAX: usize = 60;
/// Tries of what one failure can spoil once.
const TRIES: usize = 3;

/// Opens the store as a start does. It is asked for one after another: the one before is dropped.
pub(super) type OpenStore<'a> = dyn Fn() -> Result<Arc<dyn Store>, String> + Sync + 'a;

/// What came of it, in numbers of rows where ids would differ.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct End {
    pub(super) status: String,
    pub(super) code: Value,
    pub(super) file: Value,
    pub(super) result: Option<String>,
    pub(super) ledger: Vec<LedgerRow>,
    /// Row, version and body.
    pub(super) records: Vec<(u64, u32, String)>,
    pub(super) deliveries: usize,
}

/// One telling of it.
pub(super) struct Story<'a> {
    injector: &'a Arc<Injector>,
    open: &'a OpenStore<'a>,
    directory: &'a Path,
    clock: Clock,
    server: Option<(Running, Arc<dyn Store>)>,
    client: Client,
}

impl<'a> Story<'a> {
    /// Tells it in an empty directory.
    pub(super) async fn tell(injector: &'a Arc<Injector>, open: &'a OpenStore<'a>, directory: &'a Path) -> End {
        let began = Instant::now();
        let clock = Clock::from_fn(move || NOW_MS + began.elapsed().as_millis() as i64);
        let client = Client { addr: ([127, 0, 0, 1], 0).into(), token: None, org: String::new() };
        let mut story = Story { injector, open, directory, clock, server: None, client };
        story.start().await;
        story.take_token().await;
        story.look_around().await;
        let file = story.upload().await;
        let job = story.create(&file).await;
        let details = story.wait(&job).await;
        let result = story.download(&details).await;
        story.end(job.parse().unwrap(), &details, result).await
    }

    /// Starts the server, as often as a start may fail.
    async fn start(&mut self) {
        for _ in 0..TRIES {
            let Ok(store) = (self.open)() else { continue };
            let config = Config {
                listen: "127.0.0.1:0".parse().unwrap(),
                limits: Limits { chunk_bytes_max: CHUNK_BYTES, ..Limits::default() },
                disk_free_min: 0,
                clock: self.clock.clone(),
                callback_lookup: NameLookup::from_fn(async |_| Err(std::io::ErrorKind::NotFound.into())),
                failure_points: self.injector.points(),
                ..Config::serve(self.directory.to_owned())
            };
            let (data, catalog) = (Data::Kept(self.directory.to_owned()), Arc::new(Catalog::builtin()));
            let Ok(server) = Server::over(without_upkeep(store.clone()), config, None, data, catalog).await else {
                continue;
            };
            let known = server.credentials().expect("a first start, and each after it, knows the credentials");
            self.client = Client { addr: server.addr(), org: known.zgid.clone(), ..self.client.clone() };
            self.server = Some((server, store));
            return;
        }
        panic!("the server does not start");
    }

    /// Stops it in the middle of an attempt that has been shown once, and lets go on what waits for that.
    async fn restart(&mut self) {
        tokio::time::advance(work::SHOW).await;
        self.injector.shown().await;
        let (server, store) = self.server.take().unwrap();
        let told = async { self.injector.told_to_stop() };
        tokio::join!(server.stop(), told);
        drop(store);
        self.start().await;
    }

    /// Asks until the answer is the right one. Any other is a clean error of the server's own.
    async fn ask(&self, expected: u16, request: impl AsyncFn() -> Answer) -> Answer {
        for _ in 0..TRIES {
            let answer = request().await;
            if answer.status == expected {
                return answer;
            }
            assert_clean(&answer);
        }
        panic!("the right answer never comes");
    }

    async fn take_token(&mut self) {
        let known = self.server.as_ref().unwrap().0.credentials().unwrap();
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            known.client_id, known.client_secret, known.refresh_token
        );
        let (path, form_type) = ("/oauth/v2/token", "application/x-www-form-urlencoded");
        let answer = self.ask(200, async || self.client.post(path, form_type, form.as_bytes()).await).await;
        self.client.token = Some(answer.json()["access_token"].as_str().unwrap().to_owned());
    }

    async fn look_around(&self) {
        for path in ["/crm/v8/org", "/crm/v8/users", "/crm/v8/settings/fields?module=Leads"] {
            self.ask(200, async || self.client.get(path).await).await;
        }
        let refused = self.ask(400, async || self.client.upload(b"no zip").await).await;
        assert_eq!(refused.code().1, "INVALID_FILE_FORMAT");
        let ready = self.client.get("/_bulkwright/ready").await;
        assert!(matches!(ready.status, 200 | 503), "{ready:?}");
    }

    /// Uploads, and once more under the same key: that makes nothing.
    async fn upload(&self) -> String {
        let form = form_of("file", &zip_of(&[("leads.csv", CSV)]));
        let headers = [("feature", "bulk-write"), ("X-CRM-ORG", self.client.org.as_str()), ("Idempotency-Key", KEY)];
        let under_key = async || self.client.upload_with("v8", &headers, &form).await;
        let answer = self.ask(200, &under_key).await;
        assert_eq!(self.ask(200, &under_key).await.body, answer.body);
        answer.json()["details"]["file_id"].as_str().unwrap().to_owned()
    }

    /// Creates the job. An error that names no job promises that there is none, so it is asked for once more; and once
    /// more when it is there.
    async fn create(&self, file: &str) -> String {
        let mut body = job_of(file, "upsert", Some("Email"));
        body["callback"] = json!({ "url": "https://callback.invalid/done", "method": "post" });
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", KEY)];
        let body = body.to_string();
        let under_key = async || self.client.send("POST", "/crm/bulk/v8/write", &headers, body.as_bytes()).await;
        for _ in 0..TRIES {
            let answer = under_key().await;
            if answer.status == 201 {
                assert_eq!(self.ask(201, &under_key).await.body, answer.body);
                return answer.json()["details"]["id"].as_str().unwrap().to_owned();
            }
            assert_clean(&answer);
            assert_eq!(answer.json()["details"].get("id"), None, "one failure leaves nothing unknown");
            assert_eq!(self.jobs().await, [], "a create that is answered with an error has made no job");
        }
        panic!("the job is never created");
    }

    async fn jobs(&self) -> Vec<JobId> {
        let all = JobsQuery { limit: 99, ..JobsQuery::default() };
        let store = &self.server.as_ref().unwrap().1;
        // What fails here is this test's own call.
        let jobs = match store.jobs(&all).await {
            Ok(jobs) => jobs,
            Err(_) => store.jobs(&all).await.unwrap(),
        };
        jobs.into_iter().map(|job| job.id).collect()
    }

    /// Looks at the job until it has ended by itself, while the server is stopped and started once.
    async fn wait(&mut self, job: &str) -> Value {
        let path = format!("/crm/bulk/v8/write/{job}");
        for _ in 0..LOOKS_MAX {
            tokio::select! {
                () = self.injector.stop.notified() => {
                    self.restart().await;
                    continue;
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            let details = self.ask(200, async || self.client.get(&path).await).await.json();
            if matches!(details["status"].as_str(), Some("COMPLETED" | "FAILED")) {
                return details;
            }
        }
        panic!("the job is stuck");
    }

    async fn download(&self, details: &Value) -> Option<String> {
        let url = details["result"]["download_url"].as_str()?;
        let path = &url[url.find("/v2/").expect("the link is one of this server")..];
        Some(csv_in(&self.ask(200, async || self.client.get(path).await).await.body))
    }

    /// Everything there is at the end, read from the store after the server has stopped.
    async fn end(mut self, job: JobId, details: &Value, result: Option<String>) -> End {
        let org = self.client.org.parse().unwrap();
        for path in ["/crm/v8/Leads?fields=Last_Name", "/crm/v8/Leads/search?email=bob@x.com"] {
            let answer = self.client.get(path).await;
            // A job that was given up before its first chunk leaves nothing to read.
            if !matches!(answer.status, 200 | 204) {
                assert_clean(&answer);
            }
        }
        assert_eq!(self.jobs().await, [job], "one create that was answered, one job");
        let (server, store) = self.server.take().unwrap();
        server.stop().await;
        assert_eq!(std::fs::read_dir(self.directory.join("scratch")).unwrap().count(), 0, "unfinished files are gone");
        end_of(store.as_ref(), org, job, details, result).await
    }
}

/// Read twice where the failure falls here: it is the test's own.
async fn twice<T, E>(read: impl AsyncFn() -> Result<T, E>) -> T
where
    E: std::fmt::Debug,
{
    match read().await {
        Ok(answer) => answer,
        Err(_) => read().await.unwrap(),
    }
}

async fn end_of(store: &dyn Store, org: OrgId, id: JobId, details: &Value, result: Option<String>) -> End {
    let job = twice(async || store.job(org, id).await).await.unwrap();
    let block = job.resources[0].block.unwrap_or(IdBlock { start: 0, size: 0 });
    let upload = twice(async || store.upload(org, job.resources[0].file).await).await.unwrap();
    for blob in [Some(upload.blob), job.result_blob].into_iter().flatten() {
        twice(async || store.get_blob(&blob).await.map(|_| ())).await;
    }
    let all = PageQuery { sort_by: SortBy::Id, descending: false, after: None, skip: 0, limit: 999 };
    let records = twice(async || store.page(org, LEADS, &all).await).await;
    let row = |id: i64| ((id - ID_BASE) / i64::from(BUCKETS)) as u64 - block.start;
    End {
        status: details["status"].as_str().unwrap().to_owned(),
        code: details["resource"][0]["code"].clone(),
        file: details["resource"][0]["file"].clone(),
        result: result.map(|csv| with_rows(&csv, row)),
        ledger: ledger_of(store, org, id, row).await,
        records: records.into_iter().map(|it| (row(it.id.0), it.version, it.body.into())).collect(),
        deliveries: usize::from(twice(async || store.delivery(org, id).await).await.is_some()),
    }
}

/// The ledger, the job's number and the ids of updated records taken out of it.
async fn ledger_of(store: &dyn Store, org: OrgId, id: JobId, row: impl Fn(i64) -> u64) -> Vec<LedgerRow> {
    const UPDATED: u8 = 64;
    let ledger = twice(async || store.record_writer(org)?.ledger(id, 0)).await;
    let without_ids = |mut it: LedgerRow| {
        it.job = JobId(0);
        for place in 0..it.verdicts.len().saturating_sub(8) {
            if it.verdicts[place] == UPDATED {
                let bytes: [u8; 8] = it.verdicts[place + 1..place + 9].try_into().unwrap();
                let known = i64::from_le_bytes(bytes);
                if known > ID_BASE {
                    it.verdicts[place + 1..place + 9].copy_from_slice(&row(known).to_le_bytes());
                }
            }
        }
        it
    };
    ledger.into_iter().map(without_ids).collect()
}

/// A result with row numbers in place of ids.
fn with_rows(csv: &str, row: impl Fn(i64) -> u64) -> String {
    let cell = |cell: &str| match cell.parse::<i64>() {
        Ok(id) if cell.len() == 19 => format!("row {}", row(id)),
        _ => cell.to_owned(),
    };
    let line = |line: &str| line.split(',').map(cell).collect::<Vec<_>>().join(",");
    csv.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// An answer that is not the right one is an error of the server, told as one.
fn assert_clean(answer: &Answer) {
    assert_eq!(answer.code(), (500, "INTERNAL_ERROR".to_owned()), "{answer:?}");
}
