//! Random sequences of jobs over fields of all types and all ways to find records: on this store, in chunks and with stops,
//! on the model in the same chunks, and on a model that commits each row by itself. All three end alike, record for record:
//! chunks are no more than a way to be fast.
//!
//! `BULKWRIGHT_RANDOM_CASES` is how many sequences are tried, `BULKWRIGHT_RANDOM_SEED` repeats those of a seed.

mod draw;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use bulkwright_engine::ids::UserId;
use bulkwright_engine::import::{self, Import, Outcome, Watch};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::memory::MemoryStore;
use bulkwright_engine::plan::{NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::{Key, LedgerRow};
use bulkwright_engine::result::{self, Echoes, Part};
use bulkwright_engine::spec::ResourceSpec;
use bulkwright_engine::typing::Person;
use futures::{StreamExt, stream};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use sha2::{Digest, Sha256};

use super::town::{NOW, ORG, open_town, upload};
use super::*;
use crate::model::{BlobSum, JobResource, JobState, PageQuery, SortBy};
use crate::upkeep::Upkeep;
use draw::{RandomJob, random_job};

/// Sequences that are tried unless the environment says otherwise.
const CASES: u32 = 80;
/// Jobs of a sequence.
const JOBS_MAX: usize = 7;
/// What every set of sequences has to meet, or nothing is proven.
const MET: [&str; 7] =
    ["added", "updated", "skipped", "INVALID_DATA", "DUPLICATE_DATA", "MANDATORY_NOT_FOUND", "RESOURCE_NOT_FOUND"];
const USER: UserId = UserId(5);
const RECORDS_MAX: u32 = 1000;

type Met = BTreeMap<String, u64>;

#[test]
fn chunks_end_like_single_rows() {
    let cases = from_environment("BULKWRIGHT_RANDOM_CASES").unwrap_or(u64::from(CASES)) as u32;
    let seed = from_environment("BULKWRIGHT_RANDOM_SEED").unwrap_or_else(|| getrandom::u64().unwrap());
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 400, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let met = Mutex::new(Met::new());
    let sequence = (prop::sample::select(&[64, 4][..]), prop::collection::vec(random_job(), 1..=JOBS_MAX));
    let outcome = runner.run(&sequence, |(hash_bits, jobs)| {
        for (what, times) in runtime.block_on(run(hash_bits, &jobs))? {
            *met.lock().unwrap().entry(what).or_default() += times;
        }
        Ok(())
    });
    let met = met.into_inner().unwrap();
    println!("{cases} sequences of seed {seed}; met: {met:#?}");
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, (hash_bits, jobs))) => {
            panic!("{reason}\nrepeat it with BULKWRIGHT_RANDOM_SEED={seed}\n{hash_bits} bits of hashes\n{jobs:#?}")
        }
        Err(error) => panic!("{error}"),
    }
    for what in MET {
        assert!(met.contains_key(what), "no row met {what}: {met:?}");
    }
}

fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number, not {value:?}")))
}

/// Runs one sequence everywhere, and compares after each job.
async fn run(hash_bits: u32, jobs: &[RandomJob]) -> Result<Met, TestCaseError> {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &OpenOptions { hash_bits, ..temporary() }).await;
    store.set_catalog(&draw::catalog()).unwrap();
    let (mut model, mut by_rows) = (MemoryStore::new(ORG), MemoryStore::new(ORG));
    let mut met = Met::new();
    for (number, job) in (0..).zip(jobs) {
        run_job(&store, &mut model, &mut by_rows, number, job, &mut met).await?;
        compare(&store, &model, &by_rows).await?;
    }
    let verification = store.verify().await.unwrap();
    prop_assert!(verification.is_sound(), "{:?}", verification.differences);
    Ok(met)
}

/// A job's upload, and what is asked of it.
struct Asked<'a> {
    path: PathBuf,
    spec: ResourceSpec,
    job: &'a RandomJob,
}

impl Asked<'_> {
    /// The plan as it is when these values are in the picklists.
    fn prepared(&self, additions: &[(FieldNumber, String)]) -> Result<Prepared, String> {
        let person = |id, name: &str| Person { id: UserId(id), email: format!("{name}@x.com"), name: name.to_owned() };
        let policy = if self.job.refuses_new { NewPicklistValues::Refuse } else { NewPicklistValues::Add };
        let request = Request {
            resource: 0,
            spec: &self.spec,
            catalog: &draw::catalog(),
            people: &[person(5, "ann"), person(6, "bob")],
            picklist_additions: additions,
            new_picklist_values: policy,
            time_zone: &jiff::tz::TimeZone::UTC,
            limits: &Limits::default(),
        };
        prepare(File::open(&self.path).unwrap(), &request).map_err(|refusal| refusal.to_string())
    }

    /// Runs the job, with stops if there are to be any, and answers its counts and its result.
    fn run(&self, import: &Import<'_>, records: &mut dyn RecordStore, stop_after: usize) -> (Counts, Vec<u8>) {
        let module = module(&self.spec.module);
        loop {
            let prepared = self.prepared(&records.picklist_additions(module).unwrap()).unwrap();
            let mut stop = Stop { stop_after, chunks: 0 };
            match import::run(import, prepared, records, &mut stop).unwrap() {
                Outcome::Stopped(_) => {}
                Outcome::Completed(counts) => return (counts, self.result(import, records)),
                failed @ Outcome::Failed(..) => panic!("{failed:?}"),
            }
        }
    }

    fn result(&self, import: &Import<'_>, records: &mut dyn RecordStore) -> Vec<u8> {
        let additions = records.picklist_additions(module(&self.spec.module)).unwrap();
        let prepared = self.prepared(&additions).unwrap();
        let ledger = records.ledger(import.job, 0).unwrap();
        let part = Part { prepared, block: import.block, settled: ledger.into_iter().map(|row| Ok(row.into())) };
        result::write(vec![part], NOW, Cursor::new(Vec::new())).unwrap().into_inner()
    }
}

/// Stops a run after some chunks.
struct Stop {
    stop_after: usize,
    chunks: usize,
}

impl Watch for Stop {
    fn committed(&mut self, _: LedgerRow, _: Echoes, _: Counts) {
        self.chunks += 1;
    }

    fn should_stop(&mut self) -> bool {
        self.chunks >= self.stop_after
    }

    fn elapsed(&mut self) -> Duration {
        Duration::ZERO
    }
}

async fn run_job(
    store: &SqliteStore,
    model: &mut MemoryStore,
    by_rows: &mut MemoryStore,
    number: i64,
    job: &RandomJob,
    met: &mut Met,
) -> Result<(), TestCaseError> {
    let at = NOW + number;
    let csv = job.csv(|name, place| {
        let ids: Vec<i64> = model.records(module(name)).map(|(id, _)| id.0).collect();
        ids.get(place % ids.len().max(1)).copied()
    });
    let upload = upload(store, &csv, at).await;
    let asked = Asked { path: store.blob_file(&upload.blob).await.unwrap(), spec: job.spec(), job };
    let additions = model.picklist_additions(module(&asked.spec.module)).unwrap();
    let rows_bound = match asked.prepared(&additions) {
        Ok(prepared) => prepared.rows_bound(&Limits::default()),
        Err(refusal) => {
            *met.entry(format!("refused: {refusal}")).or_default() += 1;
            return Ok(());
        }
    };
    let (claim, id) = claimed(store, &asked.spec, upload.id, at).await;
    let block = store.reserve(claim, 0, rows_bound, at * 1000).await.unwrap();
    let limits = |chunk_bytes_max| Limits { chunk_bytes_max, ..Limits::default() };
    let (in_chunks, in_rows) = (limits(job.chunk_bytes), limits(1));
    let import = Import { job: id, resource: 0, user: USER, now: at, block, limits: &in_chunks };
    let mut records = store.record_writer(ORG).unwrap();
    let seen = asked.run(&import, records.as_mut(), job.stop_after);
    let ledger = records.ledger(id, 0).unwrap();
    drop(records);
    prop_assert_eq!(&seen, &asked.run(&import, model, usize::MAX), "in chunks: {}", csv);
    prop_assert_eq!(ledger, model.ledger(id, 0).unwrap(), "{}", csv);
    let (counts, result) = seen;
    let row_by_row = asked.run(&Import { limits: &in_rows, ..import }, by_rows, usize::MAX);
    prop_assert_eq!((counts, text(&result)), (row_by_row.0, text(&row_by_row.1)), "row by row: {}", csv);
    check_result(job, counts, &text(&result), met)?;
    job.met().for_each(|way| *met.entry(way).or_default() += 1);
    finish(store, claim, counts, result, at).await;
    Ok(())
}

/// Counts add up, and there is a line for each row, in the order of the file.
fn check_result(job: &RandomJob, counts: Counts, result: &str, met: &mut Met) -> Result<(), TestCaseError> {
    prop_assert_eq!(counts.total(), job.rows() as u64);
    let lines: Vec<&str> = result.lines().skip(1).collect();
    prop_assert_eq!(lines.len(), job.rows());
    for (number, line) in lines.iter().enumerate() {
        prop_assert!(line.starts_with(&format!("r{number},")), "{}", result);
    }
    let statuses = [("added", "ADDED", counts.added), ("updated", "UPDATED", counts.updated)];
    for (what, status, count) in [statuses[0], statuses[1], ("skipped", "SKIPPED", counts.skipped)] {
        let of_status = lines.iter().filter(|line| line.contains(&format!(",{status},"))).count();
        prop_assert_eq!(of_status as u64, count, "{}", result);
        if count > 0 {
            *met.entry(what.to_owned()).or_default() += count;
        }
    }
    for code in MET.iter().filter(|it| result.contains(*it)) {
        *met.entry((*code).to_owned()).or_default() += 1;
    }
    Ok(())
}

/// All records, all keys and all values of picklists are the same.
async fn compare(store: &SqliteStore, model: &MemoryStore, by_rows: &MemoryStore) -> Result<(), TestCaseError> {
    let mut model = model.clone();
    let all = PageQuery { sort_by: SortBy::Id, descending: false, after: None, skip: 0, limit: RECORDS_MAX };
    for module in draw::catalog().modules() {
        let number = module.number;
        let records = store.page(ORG, number, &all).await.unwrap();
        let seen: Vec<_> = records.into_iter().map(|it| (it.id, it.version, it.body)).collect();
        let expected: Vec<_> = model.records(number).map(|(id, it)| (id, it.version, it.body.clone())).collect();
        prop_assert_eq!(&seen, &expected);
        // A chunk that changes a record twice is one change of it: the versions are others.
        let row_by_row: Vec<_> = by_rows.records(number).map(|(id, it)| (id, it.body.clone())).collect();
        prop_assert_eq!(seen.into_iter().map(|(id, _, body)| (id, body)).collect::<Vec<_>>(), row_by_row);
        let additions = store.picklist_additions(ORG, number).await.unwrap();
        prop_assert_eq!(additions, model.picklist_additions(number).unwrap());
    }
    let keys: Vec<(IndexId, Vec<u8>)> = model.keys().map(|(index, key, _)| (index, key.to_vec())).collect();
    prop_assert!(model.keys().eq(by_rows.keys()));
    let mut records = store.record_writer(ORG).unwrap();
    for (index, key) in &keys {
        let key: [&Key; 1] = [key];
        prop_assert_eq!(records.find(*index, &key).unwrap(), model.find(*index, &key).unwrap());
    }
    Ok(())
}

async fn claimed(store: &SqliteStore, spec: &ResourceSpec, file: FileId, at: i64) -> (Claim, JobId) {
    let resource = JobResource {
        kind: "data".to_owned(),
        module: spec.module.clone(),
        file,
        find_by: spec.find_by.clone(),
        ignore_empty: Some(spec.ignore_empty),
        mappings: spec.mappings.clone(),
        csv_name: "things.csv".to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    let new = NewJob {
        id: None,
        org: ORG,
        created_by: USER,
        created_at: at,
        operation: spec.operation,
        ignore_empty: None,
        charset: None,
        version: "v8".to_owned(),
        callback: None,
        resources: vec![resource],
        result_url: None,
        fixed: false,
        answer: None,
    };
    let added = store.add_job(&new).await.unwrap();
    let (claim, job) = store.claim("test", at, i64::MAX / 2).await.unwrap().unwrap();
    assert_eq!(job.id, added.id);
    (claim, job.id)
}

async fn finish(store: &SqliteStore, claim: Claim, counts: Counts, result: Vec<u8>, at: i64) {
    let sum = BlobSum { bytes: result.len() as u64, sha256: Sha256::digest(&result).into() };
    let blob = store.put_blob("result", stream::iter([Ok(Bytes::from(result))]).boxed()).await.unwrap();
    let end = Finish {
        state: JobState::Completed,
        resources: vec![(JobState::Completed, counts, None)],
        result_blob: Some(blob),
        result_sum: Some(sum),
        charset: None,
        finished_at: at,
        callback_at: at,
    };
    store.finish(claim, &end).await.unwrap();
}

/// The CSV of a result.
fn text(zip: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut text = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut text).unwrap();
    text
}

fn module(name: &str) -> ModuleNumber {
    draw::catalog().module(name).unwrap().number
}
