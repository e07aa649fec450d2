//! What the administrator is answered: bodies under `/_bulkwright/admin/` (contract 12, row 59), and what the commands
//! print with `--json`. Members are only ever added.

use serde::{Deserialize, Serialize};

/// The number of this form of the answers.
pub const SCHEMA: u32 = 1;

/// `POST /_bulkwright/admin/verify`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifyAnswer {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether nothing differs.
    pub sound: bool,
    /// What is not as it has to be, up to a limit.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more_differences: u64,
    /// What is no damage and still worth knowing.
    pub remarks: Vec<String>,
    /// What the store holds, added up.
    pub sums: Sums,
}

/// One thing that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What kind of thing: `record`, `key`, `ledger` and the like.
    pub kind: String,
    /// Which one.
    pub what: String,
    /// What follows from everything else.
    pub expected: String,
    /// What is stored.
    pub found: String,
}

/// What a store holds, added up, so that an outsider can compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sums {
    /// Records of each module of each organisation that has some.
    pub records: Vec<RecordSums>,
    /// Keys of all records.
    pub keys: u64,
    /// Rows of the files of all jobs that became what, swept jobs among them.
    pub ledger: LedgerSums,
    /// Jobs by their state.
    pub jobs: JobSums,
    /// Uploads.
    pub uploads: u64,
    /// Deliveries of callbacks by their state.
    pub deliveries: DeliverySums,
}

/// Records of one module of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSums {
    /// The organisation.
    pub org: String,
    /// API name of the module.
    pub module: String,
    /// How many.
    pub records: u64,
    /// Their versions, added up.
    pub versions: u64,
}

/// Rows that became what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSums {
    /// Records made.
    pub added: u64,
    /// Records changed.
    pub updated: u64,
    /// Rows not written.
    pub skipped: u64,
}

/// Jobs by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSums {
    /// Waiting.
    pub added: u64,
    /// Begun.
    pub in_progress: u64,
    /// Through.
    pub completed: u64,
    /// Through, without having processed everything.
    pub failed: u64,
}

/// Deliveries of callbacks by their state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliverySums {
    /// Still tried.
    pub pending: u64,
    /// Taken by the receiver.
    pub delivered: u64,
    /// Given up.
    pub given_up: u64,
}

/// The body of `POST /_bulkwright/admin/sweep`; without one, nothing is removed and the server's own lifetimes hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepRequest {
    /// Whether it is done; else it is only said what would go.
    #[serde(default)]
    pub remove: bool,
    /// One lifetime for uploads, results and jobs, in place of the server's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub older_than_seconds: Option<u64>,
}

/// `POST /_bulkwright/admin/sweep`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SweepAnswer {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether it is gone; else it would be.
    pub removed: bool,
    /// Uploads with their files.
    pub uploads: u64,
    /// Results; their jobs stay.
    pub results: u64,
    /// Jobs with all that hangs on them.
    pub jobs: u64,
    /// Tokens and authorization codes that have ended.
    pub tokens: u64,
    /// Answers that were kept for repeated requests.
    #[serde(default)]
    pub answers: u64,
    /// Files that nothing names.
    pub orphans: u64,
    /// Bytes of all files that went.
    pub bytes: u64,
}

/// The body of `POST /_bulkwright/admin/backup`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupRequest {
    /// An absolute path on the server's machine.
    pub destination: String,
}

/// `POST /_bulkwright/admin/backup`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupAnswer {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Where it is.
    pub directory: String,
    /// Files in it, the manifest not counted.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Milliseconds for which jobs had to wait.
    pub jobs_waited_ms: u64,
    /// What it holds, added up.
    pub sums: Sums,
}

/// What `bulkwright restore --json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreAnswer {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The data directory.
    pub directory: String,
    /// When the backup was made, in UTC.
    pub backed_up_at: String,
    /// Files that were restored.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}
