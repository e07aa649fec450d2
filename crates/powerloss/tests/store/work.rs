//! What a server does with its store, call by call, and what a second one does that finds a job unfinished.

use bulkwright_engine::ids::{FileId, IdBlock, JobId, RecordId};
use bulkwright_engine::key;
use bulkwright_engine::record_store::{ChangeSet, Insert, KeyChange, LedgerRow, RecordStore, Update};
use bulkwright_engine::spec::Operation;
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Store;
use bulkwright_store::model::{
    BlobSum, Callback, Claim, Failure, Finish, Job, JobResource, JobState, NewJob, NewUpload,
};
use bytes::Bytes;
use futures::StreamExt;

use crate::plan::{self, BLOCK_ROWS, ChunkPlan, EMAIL, JobPlan, LEAD_SOURCE, LEADS, NOW, ORG, PHONE, USER};

/// Seconds of a lease.
const LEASE: i64 = 60;
/// How often the email of a lead moves at most.
const MOVES_MAX: usize = 5;

/// Who hears of each call that was answered.
pub(crate) trait Witness {
    /// A call begins.
    fn begins(&mut self);
    /// It was answered.
    fn answered(&mut self, call: &str);
    /// A call that begins puts these bytes in; told before it is answered.
    fn blob(&mut self, name: &str, bytes: Vec<u8>);
}

/// Nobody: after a loss.
impl Witness for () {
    fn begins(&mut self) {}
    fn answered(&mut self, _: &str) {}
    fn blob(&mut self, _: &str, _: Vec<u8>) {}
}

/// Stores a job's file and adds the job.
pub(crate) async fn queue(store: &dyn Store, witness: &mut dyn Witness, job: usize) {
    let blob = put_blob(store, witness, "upload", plan::upload_bytes(job)).await;
    let upload = add_upload(store, witness, job, format!("leads-{job}.zip"), blob).await;
    witness.begins();
    store.add_job(&new_job(job, upload)).await.unwrap();
    witness.answered("add_job");
}

/// Adds the row of a job's file.
pub(crate) async fn add_upload(
    store: &dyn Store,
    witness: &mut dyn Witness,
    job: usize,
    name: String,
    blob: String,
) -> FileId {
    witness.begins();
    let bytes = plan::upload_bytes(job).len() as u64;
    let upload = NewUpload {
        id: None,
        org: ORG,
        user: USER,
        name,
        blob,
        bytes,
        sha256: [job as u8; 32],
        created_at: now(job),
        answer: None,
    };
    let upload = store.add_upload(&upload).await.unwrap();
    witness.answered("add_upload");
    upload.id
}

/// Works on every job that waits, until none does.
pub(crate) async fn work_all(store: &dyn Store, witness: &mut dyn Witness) {
    while let Some((claim, job)) = claim(store, witness).await {
        work(store, witness, claim, &job, usize::MAX).await;
        finish(store, witness, claim, &job).await;
    }
}

/// Claims the next job.
pub(crate) async fn claim(store: &dyn Store, witness: &mut dyn Witness) -> Option<(Claim, Job)> {
    witness.begins();
    let claimed = store.claim("worker", NOW + 10, LEASE).await.unwrap();
    witness.answered("claim");
    claimed
}

/// Commits the chunks of a job that its ledger does not have yet, up to the `until`-th.
pub(crate) async fn work(store: &dyn Store, witness: &mut dyn Witness, claim: Claim, job: &Job, until: usize) {
    let place = plan::place(&job.resources[0].csv_name);
    witness.begins();
    let block = store.reserve(claim, 0, BLOCK_ROWS, now(place) * 1000).await.unwrap();
    witness.answered("reserve");
    let chunks = plan::jobs().swap_remove(place).chunks;
    for (chunk, planned) in chunks.iter().enumerate().take(until) {
        witness.begins();
        let counts = commit(store, claim.job, block, place, chunk, planned);
        witness.answered("commit");
        witness.begins();
        store.progress(claim, NOW + 70 + chunk as i64, 0, counts, "UTF-8").await.unwrap();
        witness.answered("progress");
    }
}

/// Stores the result and ends the job.
pub(crate) async fn finish(store: &dyn Store, witness: &mut dyn Witness, claim: Claim, job: &Job) {
    let place = plan::place(&job.resources[0].csv_name);
    let JobPlan { end, .. } = plan::jobs().swap_remove(place);
    let bytes = plan::result_bytes(place);
    // The sum is stored as it is told: what it is made of does not matter here.
    let result_sum = Some(BlobSum { bytes: bytes.len() as u64, sha256: [place as u8; 32] });
    let blob = put_result(store, witness, bytes).await;
    witness.begins();
    let failure = Failure { code: "LIMIT_EXCEEDED".to_owned(), message: "too many rows".to_owned() };
    let finish = Finish {
        state: end,
        resources: vec![(end, settled(store, claim.job), (end == JobState::Failed).then_some(failure))],
        result_blob: Some(blob),
        result_sum,
        charset: Some("UTF-8".to_owned()),
        finished_at: now(place) + 50,
        callback_at: now(place) + 50,
    };
    store.finish(claim, &finish).await.unwrap();
    witness.answered("finish");
}

/// Streams a blob in, in two parts.
pub(crate) async fn put_blob(store: &dyn Store, witness: &mut dyn Witness, prefix: &str, bytes: Vec<u8>) -> String {
    witness.begins();
    let (first, second) = bytes.split_at(bytes.len() / 3);
    let parts = [first, second].map(|part| Ok(Bytes::copy_from_slice(part)));
    let name = store.put_blob(prefix, futures::stream::iter(parts).boxed()).await.unwrap();
    witness.blob(&name, bytes);
    witness.answered("put_blob");
    name
}

/// Moves a finished file in from a folder beside the blobs, as the worker does with its result.
async fn put_result(store: &dyn Store, witness: &mut dyn Witness, bytes: Vec<u8>) -> String {
    witness.begins();
    let blobs = store.blob_file("result-0").await.unwrap();
    let scratch = blobs.parent().unwrap().parent().unwrap().join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    let file = tempfile::NamedTempFile::new_in(scratch).unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    let name = store.put_blob_file("result", file).await.unwrap();
    witness.blob(&name, bytes);
    witness.answered("put_blob_file");
    name
}

fn now(job: usize) -> i64 {
    NOW + job as i64
}

fn new_job(place: usize, file: FileId) -> NewJob {
    let planned = plan::jobs().swap_remove(place);
    let callback = Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() };
    let resource = JobResource {
        kind: "data".to_owned(),
        module: "Leads".to_owned(),
        file,
        find_by: Some("Email".to_owned()),
        ignore_empty: None,
        mappings: Vec::new(),
        csv_name: plan::csv_name(place),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    NewJob {
        id: None,
        org: ORG,
        created_by: USER,
        created_at: now(place),
        operation: Operation::Upsert,
        ignore_empty: None,
        charset: None,
        version: "v8".to_owned(),
        callback: planned.callback.then_some(callback),
        resources: vec![resource],
        result_url: None,
        fixed: false,
        answer: None,
    }
}

/// What the ledger says of a job.
fn settled(store: &dyn Store, job: JobId) -> Counts {
    let ledger = store.record_writer(ORG).unwrap().ledger(job, 0).unwrap();
    ledger.iter().fold(Counts::default(), |sum, row| Counts {
        added: sum.added + row.counts.added,
        updated: sum.updated + row.counts.updated,
        skipped: sum.skipped + row.counts.skipped,
    })
}

/// Commits a chunk unless the ledger has it, and answers its counts.
fn commit(store: &dyn Store, job: JobId, block: IdBlock, place: usize, chunk: usize, planned: &ChunkPlan) -> Counts {
    let mut writer = store.record_writer(ORG).unwrap();
    if let Some(row) = writer.ledger(job, 0).unwrap().get(chunk) {
        return row.counts;
    }
    let made = Made::new(block, place, planned);
    let moved = Moved::new(writer.as_mut(), chunk, planned);
    let counts = Counts { added: made.ids.len() as u64, updated: moved.ids.len() as u64, skipped: 1 };
    let verdicts = (0..counts.added + counts.updated).map(|row| row as u8).collect();
    let rows_through = 100 * (chunk as u64 + 1);
    let ledger = LedgerRow { job, resource: 0, chunk: chunk as u32, rows_through, counts, verdicts };
    let picklist: Vec<_> = planned.picklist.iter().map(|value| (LEAD_SOURCE, *value)).collect();
    let change = ChangeSet {
        module: LEADS,
        user: USER,
        now: now(place) + chunk as i64,
        block,
        inserts: &made.ids.iter().zip(&made.bodies).map(|(id, body)| Insert { id: *id, body }).collect::<Vec<_>>(),
        updates: &moved.updates(),
        keys_lost: &moved.keys(&moved.lost),
        keys_gained: &[made.keys(), moved.keys(&moved.gained)].concat(),
        picklist_additions: &picklist,
        ledger: &ledger,
    };
    writer.commit(&change).unwrap();
    counts
}

/// The email of a lead before it ever moved.
pub(crate) fn email(job: usize, row: u64) -> String {
    format!("lead-{row}@job-{job}.example")
}

/// The phone of a lead: several share one.
pub(crate) fn phone(row: u64) -> String {
    format!("+49 {}", row % 7)
}

/// Leads that a chunk makes.
struct Made {
    ids: Vec<RecordId>,
    bodies: Vec<String>,
    emails: Vec<Vec<u8>>,
    phones: Vec<Vec<u8>>,
}

impl Made {
    fn new(block: IdBlock, job: usize, planned: &ChunkPlan) -> Made {
        let rows = planned.inserts.clone();
        let padding = "x".repeat(planned.padding);
        let body =
            |row| format!(r#"{{"1":"Lead {row}","3":"{padding}","4":"{}","5":"{}"}}"#, email(job, row), phone(row));
        Made {
            ids: rows.clone().map(|row| block.record(row, (row % 64) as u8).expect("rows fit the block")).collect(),
            bodies: rows.clone().map(body).collect(),
            emails: rows.clone().map(|row| key::fold(&email(job, row), false)).collect(),
            phones: rows.map(|row| key::fold(&phone(row), false)).collect(),
        }
    }

    fn keys(&self) -> Vec<KeyChange<'_>> {
        let emails = self.ids.iter().zip(&self.emails);
        let emails = emails.map(|(id, key)| KeyChange { index: EMAIL, key, id: *id, unique: true });
        let phones = self.ids.iter().zip(&self.phones);
        let phones = phones.map(|(id, key)| KeyChange { index: PHONE, key, id: *id, unique: false });
        emails.chain(phones).collect()
    }
}

/// Leads whose email moves, found by the one that they have.
struct Moved {
    ids: Vec<RecordId>,
    versions: Vec<u32>,
    bodies: Vec<String>,
    lost: Vec<Vec<u8>>,
    gained: Vec<Vec<u8>>,
}

impl Moved {
    fn new(writer: &mut dyn RecordStore, chunk: usize, planned: &ChunkPlan) -> Moved {
        let mut moved = Moved { ids: vec![], versions: vec![], bodies: vec![], lost: vec![], gained: vec![] };
        for (job, row) in &planned.moved {
            moved.add(writer, *job, *row, chunk);
        }
        moved
    }

    fn add(&mut self, writer: &mut dyn RecordStore, job: usize, row: u64, chunk: usize) {
        // Each move puts one letter before the email.
        let emails: Vec<String> = (0..=MOVES_MAX).map(|moves| "m".repeat(moves) + &email(job, row)).collect();
        let keys: Vec<Vec<u8>> = emails.iter().map(|email| key::fold(email, false)).collect();
        let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
        let matches = writer.find(EMAIL, &asked).unwrap();
        let present =
            (0..matches.len()).find(|at| !matches.of(*at).is_empty()).expect("the lead has one of its emails");
        let id = matches.of(present)[0];
        let record = writer.read(LEADS, &[id]).unwrap().remove(0).expect("a record that was found is there");
        self.ids.push(id);
        self.versions.push(record.version);
        self.bodies.push(format!(r#"{{"1":"Moved in {chunk}","4":"{}","5":"{}"}}"#, emails[present + 1], phone(row)));
        self.lost.push(keys[present].clone());
        self.gained.push(keys[present + 1].clone());
    }

    fn updates(&self) -> Vec<Update<'_>> {
        let all = self.ids.iter().zip(&self.versions).zip(&self.bodies);
        all.map(|((id, version), body)| Update { id: *id, version: *version, body }).collect()
    }

    fn keys<'a>(&self, keys: &'a [Vec<u8>]) -> Vec<KeyChange<'a>> {
        self.ids.iter().zip(keys).map(|(id, key)| KeyChange { index: EMAIL, key, id: *id, unique: true }).collect()
    }
}
