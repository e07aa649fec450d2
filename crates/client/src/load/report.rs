//! What a load ends with: for people through the caller, for machines as NAME.report.json.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::api::TargetKind;
use crate::exit::Exit;
use crate::load::fields::FieldOptions;
use crate::load::job::Stop;
use crate::load::output::OutputFiles;
use crate::load::tally::{FaultCount, RowFault};
use crate::load::verdict::Status;

/// The form of the report; raised when a key changes its meaning. Keys are only ever added.
pub const REPORT_SCHEMA: u32 = 1;

/// One job of a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobReport {
    /// Its id; `None` if it is not known whether there is one.
    pub id: Option<String>,
    /// Its part; 1 is the first.
    pub part: usize,
    /// Rows that were sent with it.
    pub rows: usize,
    /// Its status, as the target spells it; `UNKNOWN` if nobody knows.
    pub status: String,
    /// Rows of it by what became of them.
    pub counts: Vec<(Status, u64)>,
}

/// What a load ends with.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// Where it went.
    pub target: String,
    /// Whose server that is.
    pub target_kind: TargetKind,
    /// The organisation.
    pub zgid: String,
    /// The module.
    pub module: String,
    /// `insert`, `update` or `upsert`.
    pub operation: &'static str,
    /// The field that matched rows to records.
    pub key: Option<String>,
    /// What was said of columns and fields beyond their names.
    pub fields: FieldOptions,
    /// The file.
    pub input: String,
    /// How it was read, in words.
    pub reading: String,
    /// Columns that were not sent.
    pub unmapped: Vec<String>,
    /// Rows by what became of them, every status.
    pub counts: Vec<(Status, u64)>,
    /// Why rows were not written, the most frequent reason first.
    pub faults: Vec<FaultCount>,
    /// The first rows that were not written.
    pub first_faults: Vec<RowFault>,
    /// The jobs.
    pub jobs: Vec<JobReport>,
    /// The files.
    pub files: OutputFiles,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it ended early, if it did.
    pub stop: Option<Stop>,
    /// How the process ends.
    pub exit: Exit,
}

impl LoadReport {
    /// Rows that became so.
    pub fn rows(&self, status: Status) -> u64 {
        self.counts.iter().find(|(found, _)| *found == status).map_or(0, |(_, rows)| *rows)
    }

    /// All rows of the file.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, rows)| rows).sum()
    }

    /// Rows that are records now.
    pub fn written(&self) -> u64 {
        self.counts.iter().filter(|(status, _)| status.is_written()).map(|(_, rows)| rows).sum()
    }

    /// The report as JSON: what stands in NAME.report.json.
    pub fn to_json(&self) -> Value {
        json!({
            "schema": REPORT_SCHEMA,
            "target": self.target,
            "target_kind": match self.target_kind { TargetKind::Own => "own", TargetKind::Vendor => "vendor" },
            "zgid": self.zgid,
            "module": self.module,
            "operation": self.operation,
            "key": self.key,
            "input": self.input,
            "reading": self.reading,
            "unmapped_columns": self.unmapped,
            "rows": self.total(),
            "counts": counts(&self.counts),
            "not_written": self.faults.iter().map(fault).collect::<Vec<_>>(),
            "jobs": self.jobs.iter().map(job).collect::<Vec<_>>(),
            "files": {
                "results": self.files.results.to_string_lossy(),
                "errors": self.files.errors.to_string_lossy(),
                "unknown": self.files.unknown.as_ref().map(|path| path.to_string_lossy()),
                "report": self.files.report.to_string_lossy(),
            },
            "started": self.started.to_string(),
            "ended": self.ended.to_string(),
            "stopped": self.stop.as_ref().map(|stop| json!({ "message": stop.message, "code": stop.code })),
            "exit_code": self.exit.code(),
        })
    }
}

fn counts(counts: &[(Status, u64)]) -> Value {
    let pair = |&(status, rows): &(Status, u64)| (status.as_str().to_owned(), Value::from(rows));
    Value::Object(counts.iter().map(pair).collect::<Map<_, _>>())
}

fn fault(fault: &FaultCount) -> Value {
    json!({ "code": fault.code, "column": fault.column, "rows": fault.rows })
}

fn job(job: &JobReport) -> Value {
    json!({
        "id": job.id,
        "part": job.part,
        "rows": job.rows,
        "status": job.status,
        "counts": counts(&job.counts),
    })
}
