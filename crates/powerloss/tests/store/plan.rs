//! The jobs of the sequence, written down beforehand: what each chunk does depends on nothing else, so a job that is
//! finished after a loss can be compared with one that was never disturbed.

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_engine::record_store::IndexId;
use bulkwright_store::model::JobState;

pub(crate) const ORG: OrgId = OrgId(694_902_309);
pub(crate) const USER: UserId = UserId(5);
pub(crate) const LEADS: ModuleNumber = ModuleNumber(1);
pub(crate) const LEAD_SOURCE: FieldNumber = FieldNumber(10);
pub(crate) const EMAIL: IndexId = IndexId { module: LEADS, field: FieldNumber(4), case_sensitive: false, joins: None };
pub(crate) const PHONE: IndexId = IndexId { module: LEADS, field: FieldNumber(5), case_sensitive: false, joins: None };

/// When the first job is added, in seconds since 1970.
pub(crate) const NOW: i64 = 1_795_000_000;
/// Ids a job reserves: rows that its file may have.
pub(crate) const BLOCK_ROWS: u64 = 1000;

/// One job.
pub(crate) struct JobPlan {
    pub(crate) callback: bool,
    pub(crate) end: JobState,
    pub(crate) chunks: Vec<ChunkPlan>,
}

/// One chunk of it.
#[derive(Default)]
pub(crate) struct ChunkPlan {
    /// Row numbers of new leads: row `n` of a job makes lead `n` of it.
    pub(crate) inserts: std::ops::Range<u64>,
    /// Leads (job, row) whose email moves.
    pub(crate) moved: Vec<(usize, u64)>,
    /// Bytes by which each body is longer.
    pub(crate) padding: usize,
    /// Picklist values that come.
    pub(crate) picklist: Vec<&'static str>,
}

/// All jobs. Inserts append and fill pages, updates scatter over old ones, long bodies overflow pages.
pub(crate) fn jobs() -> Vec<JobPlan> {
    let scattered = |job: usize, step: usize| (1..=60).step_by(step).map(|row| (job, row)).collect::<Vec<_>>();
    vec![
        JobPlan {
            callback: true,
            end: JobState::Completed,
            chunks: vec![
                ChunkPlan { inserts: 1..41, picklist: vec!["Fair"], ..ChunkPlan::default() },
                ChunkPlan { inserts: 41..81, padding: 300, ..ChunkPlan::default() },
            ],
        },
        JobPlan {
            callback: false,
            end: JobState::Completed,
            chunks: vec![
                ChunkPlan { moved: scattered(0, 3), picklist: vec!["Fair 2", "Fête"], ..ChunkPlan::default() },
                ChunkPlan { inserts: 1..61, moved: scattered(0, 7), ..ChunkPlan::default() },
                ChunkPlan { moved: scattered(0, 2), ..ChunkPlan::default() },
            ],
        },
        JobPlan {
            callback: true,
            end: JobState::Completed,
            chunks: vec![
                ChunkPlan { inserts: 1..4, padding: 20_000, ..ChunkPlan::default() },
                ChunkPlan { moved: scattered(1, 5), inserts: 4..34, padding: 50, ..ChunkPlan::default() },
                ChunkPlan { moved: vec![(2, 1), (2, 2)], ..ChunkPlan::default() },
            ],
        },
        JobPlan {
            callback: true,
            end: JobState::Failed,
            chunks: vec![ChunkPlan { inserts: 1..10, ..ChunkPlan::default() }],
        },
    ]
}

/// The name of a job's CSV: tells its place in the plan.
pub(crate) fn csv_name(job: usize) -> String {
    format!("job-{job}.csv")
}

/// The place in the plan of a job with that CSV.
pub(crate) fn place(csv_name: &str) -> usize {
    let digits = csv_name.trim_start_matches("job-").trim_end_matches(".csv");
    digits.parse().expect("jobs of the plan are named by csv_name")
}

/// The bytes of a job's upload: several writes long.
pub(crate) fn upload_bytes(job: usize) -> Vec<u8> {
    (0..30_000 + job * 1000).map(|place| (place * 7 + job) as u8).collect()
}

/// The bytes of a job's result.
pub(crate) fn result_bytes(job: usize) -> Vec<u8> {
    (0..20_000 + job * 100).map(|place| (place * 13 + job) as u8).collect()
}
