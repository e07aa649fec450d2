//! What is stored, as domain types. Times are seconds since 1970, UTC.

use std::io::{self, Read};
use std::path::Path;

use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId, UserId};
use bulkwright_engine::spec::{Mapping, Operation};
use bulkwright_engine::verdict::Counts;
use fs_err as fs;
use sha2::{Digest, Sha256};

mod access;
mod answer;
mod delivery;

pub use access::{
    Code, CodeChallenge, Grant, OauthClient, Org, SecretHash, Token, TokenKind, TokenSelection, User, WebhookKey,
};
pub use answer::{AnswerKey, AnsweredOperation, FirstAnswer};
pub use delivery::{DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState};

/// A stored zip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The wire's `file_id`.
    pub id: FileId,
    /// Whose.
    pub org: OrgId,
    /// Who sent it.
    pub user: UserId,
    /// The file name of the multipart part.
    pub name: String,
    /// The blob that holds it.
    pub blob: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
    /// When it came.
    pub created_at: i64,
}

/// An upload to be added.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id, if it has one already ([`crate::Store::new_id`]); else the store draws one.
    pub id: Option<FileId>,
    /// Whose.
    pub org: OrgId,
    /// Who sent it.
    pub user: UserId,
    /// The file name of the multipart part.
    pub name: String,
    /// The blob that holds it: written before this row.
    pub blob: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of it.
    pub sha256: [u8; 32],
    /// When it came.
    pub created_at: i64,
    /// What the request that made it is answered, kept for its repeats.
    pub answer: Option<FirstAnswer>,
}

/// Bytes of a file that are hashed at once.
const SUM_BUFFER_BYTES: usize = 256 * 1024;

/// What the bytes of a blob are, to tell whether they still are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobSum {
    /// How many.
    pub bytes: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
}

impl BlobSum {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of_file(path: &Path) -> io::Result<BlobSum> {
        let mut file = fs::File::open(path)?;
        let (mut hasher, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; SUM_BUFFER_BYTES];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(BlobSum { bytes, sha256: hasher.finalize().into() }),
                read => {
                    hasher.update(&buffer[..read]);
                    bytes += read as u64;
                }
            }
        }
    }
}

/// Where a job is: the wire's states (contract section 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Waiting for a worker.
    Added,
    /// Claimed.
    InProgress,
    /// Every readable row has its verdict.
    Completed,
    /// A resource could not be processed.
    Failed,
}

/// A callback as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// Where to.
    pub url: String,
    /// Always `post`, in the request's spelling.
    pub method: String,
}

/// One resource of a job: what was asked, and how far it is.
#[derive(Clone, Debug, PartialEq)]
pub struct JobResource {
    /// The wire's `type`: `data`.
    pub kind: String,
    /// API name of the module.
    pub module: String,
    /// The upload.
    pub file: FileId,
    /// The field that matches rows to records.
    pub find_by: Option<String>,
    /// The resource's own word on empty cells; the job's holds where this is `None`.
    pub ignore_empty: Option<bool>,
    /// As the request gave them, in its order.
    pub mappings: Vec<Mapping>,
    /// Name of the CSV inside the zip.
    pub csv_name: String,
    /// Its ids, once reserved.
    pub block: Option<IdBlock>,
    /// Where it is.
    pub state: JobState,
    /// Rows so far.
    pub counts: Counts,
    /// Why it failed.
    pub failure: Option<Failure>,
}

/// Why a resource failed: a code of contract section 2.5 or 6 and words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `FILE_NOT_SUPPORTED`, `LIMIT_EXCEEDED` and the like.
    pub code: String,
    /// What happened, where, and what to do.
    pub message: String,
}

/// A bulk write job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Whose.
    pub org: OrgId,
    /// Who created it.
    pub created_by: UserId,
    /// When.
    pub created_at: i64,
    /// What happens to rows.
    pub operation: Operation,
    /// The job's word on empty cells, if it said one.
    pub ignore_empty: Option<bool>,
    /// The charset: named by the request, or detected once known.
    pub charset: Option<String>,
    /// The API version of the create call, `v2.1`.
    pub version: String,
    /// Where to tell of the end.
    pub callback: Option<Callback>,
    /// What is written where.
    pub resources: Vec<JobResource>,
    /// Where it is.
    pub state: JobState,
    /// The blob of the result zip, once there is one.
    pub result_blob: Option<String>,
    /// What that blob's bytes are; `None` without one, and where an earlier version of this program wrote it.
    pub result_sum: Option<BlobSum>,
    /// The download URL to tell instead of this server's own; only seeded jobs have one.
    pub result_url: Option<String>,
    /// Seeded: never expires, sends no callback (contract 12, row 46).
    pub fixed: bool,
    /// How many workers have claimed it.
    pub attempt: u32,
    /// When a worker first claimed it.
    pub started_at: Option<i64>,
    /// When it ended.
    pub finished_at: Option<i64>,
    /// Attempts in a row that the store or the disk failed, none of which committed a chunk.
    pub failures: u32,
    /// Processes in a row that died while they worked on this job and no other, none of which committed a chunk.
    pub deaths: u32,
    /// Why nobody works on it although it is not through, and until when.
    pub rest: Option<Rest>,
}

/// Why a job rests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    /// When it may be claimed again; a new start does not wait for that.
    pub until: i64,
    /// What it waits for, for people.
    pub cause: String,
}

/// What an attempt that came to no end says of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Postponed {
    /// It has nothing to do with the job, such as a full disk: the job may wait as long as it takes.
    Waiting,
    /// The attempt failed, without having committed a chunk.
    Failed,
    /// The attempt failed, but committed at least one chunk before.
    FailedAfterProgress,
}

/// Which jobs are listed, newest first by id.
#[derive(Clone, Debug, Default)]
pub struct JobsQuery {
    /// Of one organisation; of all if this is `None`.
    pub org: Option<OrgId>,
    /// In one state; in any if this is `None`.
    pub state: Option<JobState>,
    /// Only those before (older than) this one.
    pub before: Option<JobId>,
    /// At most so many.
    pub limit: u32,
}

/// What a store holds, in numbers, for those who watch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Jobs in each state: ADDED, INPROGRESS, COMPLETED, FAILED.
    pub jobs: [u64; 4],
    /// `created_at` of the oldest job that nobody works on yet.
    pub oldest_waiting: Option<i64>,
    /// Deliveries that are still tried.
    pub deliveries_pending: u64,
    /// Bytes of the databases.
    pub database_bytes: u64,
    /// Bytes that the disk under the store has left; `None` where that is not known.
    pub free_bytes: Option<u64>,
}

/// A job to be added. The store gives the id unless one is set.
#[derive(Clone, Debug)]
pub struct NewJob {
    /// Drawn before ([`crate::Store::new_id`]), so that who adds the job can look for it where the answer is an error that
    /// leaves open whether it is there; or seeded.
    pub id: Option<JobId>,
    /// Whose.
    pub org: OrgId,
    /// Who creates it.
    pub created_by: UserId,
    /// When.
    pub created_at: i64,
    /// What happens to rows.
    pub operation: Operation,
    /// The job's word on empty cells.
    pub ignore_empty: Option<bool>,
    /// The charset the request named.
    pub charset: Option<String>,
    /// The API version of the create call.
    pub version: String,
    /// Where to tell of the end.
    pub callback: Option<Callback>,
    /// What is written where; states ADDED, no block, no counts.
    pub resources: Vec<JobResource>,
    /// See [`Job::result_url`].
    pub result_url: Option<String>,
    /// See [`Job::fixed`].
    pub fixed: bool,
    /// What the request that made it is answered, kept for its repeats.
    pub answer: Option<FirstAnswer>,
}

/// A worker's hold on a job: every write of the attempt names it, and fails with [`crate::Error::Fenced`] once another
/// attempt has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// The attempt, from 1.
    pub attempt: u32,
}

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// [`JobState::Completed`] or [`JobState::Failed`].
    pub state: JobState,
    /// For each resource: its state, counts and failure.
    pub resources: Vec<(JobState, Counts, Option<Failure>)>,
    /// The result zip; written before this.
    pub result_blob: Option<String>,
    /// What its bytes are.
    pub result_sum: Option<BlobSum>,
    /// The charset used.
    pub charset: Option<String>,
    /// When.
    pub finished_at: i64,
    /// When its callback is due for the first time, if it has one.
    pub callback_at: i64,
}

/// A record for readers of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: RecordId,
    /// Changes so far, 1 when made.
    pub version: u32,
    /// Its values: a body of the engine.
    pub body: Box<str>,
    /// `Created_Time`.
    pub created_at: i64,
    /// `Created_By`.
    pub created_by: UserId,
    /// `Modified_Time`.
    pub modified_at: i64,
    /// `Modified_By`.
    pub modified_by: UserId,
}

/// By what a page of records is sorted. Ties go by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortBy {
    /// The record's id.
    Id,
    /// When it was made.
    CreatedTime,
    /// When it was last changed.
    ModifiedTime,
}

/// Where a page begins: right after this record in the sort's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageCursor {
    /// The sort value of the last record of the page before: its time; unused for [`SortBy::Id`].
    pub value: i64,
    /// Its id.
    pub id: RecordId,
}

/// Which page of records.
#[derive(Clone, Debug)]
pub struct PageQuery {
    /// By what.
    pub sort_by: SortBy,
    /// Largest first.
    pub descending: bool,
    /// After which record.
    pub after: Option<PageCursor>,
    /// Records to pass over after the cursor: `(page - 1) * per_page`.
    pub skip: u64,
    /// Records to answer (the caller asks for one more than it shows to know whether there are more).
    pub limit: u32,
}
