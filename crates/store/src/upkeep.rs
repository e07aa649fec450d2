//! What is asked of a store beside its daily work: whether it is sound, what has outlived its time, a copy.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::OrgId;
use bulkwright_engine::verdict::Counts;

use crate::Error;

/// What looks after a store. One of these runs at a time, and none of them keeps readers out.
#[async_trait]
pub trait Upkeep: Send + Sync + 'static {
    /// Looks at everything that is stored and names whatever is not as it has to be: every record and every ledger row
    /// against its checksum, every key against its record, every count against the ledger, every blob against its row.
    /// What it says is true of one moment. Jobs wait meanwhile before their next chunk.
    async fn verify(&self) -> Result<Verification, Error>;
    /// Takes away what has outlived its time, and blobs that no row names. The row goes before its blob. Uploads that
    /// unfinished jobs need, jobs whose delivery is pending, and whatever is fixed or has no end, stay. What a sweep that
    /// was interrupted has left, the next one takes.
    async fn sweep(&self, rule: &SweepRule) -> Result<Swept, Error>;
    /// Writes a copy of one moment to a directory that is not there yet, or empty. It appears there whole or not at all.
    /// Jobs wait before their next chunk while the records are copied. `now` is noted in it, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Directory`] if the destination is taken or cannot be written, [`Error::Full`], [`Error::Damaged`] if a
    /// blob is not what its row says.
    async fn backup(&self, destination: &Path, now: i64) -> Result<BackupReport, Error>;
    /// The process is about to end: what runs of these breaks off at its next step, and what comes later does not begin.
    fn break_off(&self);
}

/// What [`Upkeep::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// Whatever is not as it has to be, in the order in which it was found, up to a limit.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more_differences: u64,
    /// What is no damage and still worth knowing, such as a blob that no row names: the next sweep removes it.
    pub remarks: Vec<String>,
    /// What the store holds, added up.
    pub sums: Sums,
}

impl Verification {
    /// Whether nothing differs.
    pub fn is_sound(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing.
    pub kind: DifferenceKind,
    /// Which one: `record 1000…`.
    pub what: String,
    /// What follows from everything else.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

/// What kind of thing differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// A database file: SQLite itself finds it damaged, or a part of it cannot be read.
    Database,
    /// A row of a small table that does not match its checksum.
    Seal,
    /// A record: its checksum, its columns, its body.
    Record,
    /// A key without its record, a record without its key, a unique key with two records.
    Key,
    /// The list of ids of a module.
    Extent,
    /// A ledger row: its checksum, its verdicts, its counts, its place.
    Ledger,
    /// A verdict without its record, or a record without its verdict.
    Verdict,
    /// The changes of an organisation's records against those that the ledger counts.
    Versions,
    /// A job, its resources, its counts.
    Job,
    /// A block of ids.
    Block,
    /// A callback's delivery.
    Delivery,
    /// An organisation, a user, a client or a token.
    Access,
    /// An upload or a result against its file.
    Blob,
    /// A picklist value.
    Picklist,
}

impl DifferenceKind {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            DifferenceKind::Database => "database",
            DifferenceKind::Seal => "seal",
            DifferenceKind::Record => "record",
            DifferenceKind::Key => "key",
            DifferenceKind::Extent => "extent",
            DifferenceKind::Ledger => "ledger",
            DifferenceKind::Verdict => "verdict",
            DifferenceKind::Versions => "versions",
            DifferenceKind::Job => "job",
            DifferenceKind::Block => "block",
            DifferenceKind::Delivery => "delivery",
            DifferenceKind::Access => "access",
            DifferenceKind::Blob => "blob",
            DifferenceKind::Picklist => "picklist",
        }
    }
}

/// What a store holds, added up, so that somebody else can compare it with what he knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Records of each module of each organisation that has some.
    pub records: Vec<RecordSums>,
    /// Keys of all records.
    pub keys: u64,
    /// Rows of the files of all jobs that became what, swept jobs among them.
    pub ledger: Counts,
    /// Jobs in each state: ADDED, INPROGRESS, COMPLETED, FAILED.
    pub jobs: [u64; 4],
    /// Uploads.
    pub uploads: u64,
    /// Deliveries that are pending, delivered, given up.
    pub deliveries: [u64; 3],
}

/// Records of one module of one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordSums {
    /// The organisation.
    pub org: OrgId,
    /// The module.
    pub module: ModuleNumber,
    /// How many.
    pub records: u64,
    /// Their versions, added up: each chunk that makes or changes a record adds one.
    pub versions: u64,
}

/// What [`Upkeep::sweep`] takes away. Times are seconds since 1970; what is as old as a time or older goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepRule {
    /// What time it is: tokens, codes and kept answers that ended before go.
    pub now: i64,
    /// Uploads that came at this time or before.
    pub uploads_through: i64,
    /// Results of jobs that ended at this time or before.
    pub results_through: i64,
    /// Jobs that ended at this time or before.
    pub jobs_through: i64,
    /// Whether it is done, or only said.
    pub mode: SweepMode,
}

/// Whether a sweep is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepMode {
    /// Everything the rule says goes.
    Remove,
    /// Nothing goes; the answer is what would.
    Tell,
}

/// What a sweep took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads with their blobs.
    pub uploads: u64,
    /// Results with their blobs; their jobs stay.
    pub results: u64,
    /// Jobs with their resources, deliveries, ledger rows and results.
    pub jobs: u64,
    /// Tokens and authorization codes.
    pub tokens: u64,
    /// Answers that were kept for repeated requests.
    pub answers: u64,
    /// Blobs that no row named.
    pub orphans: u64,
    /// Bytes of all blobs that went.
    pub bytes: u64,
}

/// What [`Upkeep::backup`] wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupReport {
    /// Where it is.
    pub directory: PathBuf,
    /// Files in it, the manifest not counted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Milliseconds for which jobs had to wait before their next chunk.
    pub jobs_waited_ms: u64,
    /// What the copy holds, added up.
    pub sums: Sums,
}

/// What was restored from a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreReport {
    /// When the backup was made, seconds since 1970.
    pub backed_up_at: i64,
    /// Files that were restored.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
