//! Opens an upload and settles its plan: the one way in for those who create a job and for those who run it.

use std::fs::File;

use crate::archive::{self, CsvEntry, FileProblem};
use crate::charset::CharsetProblem;
use crate::inflate::InflateAhead;
use crate::limits::Limits;
use crate::plan::{Plan, Refusal, Request};
use crate::reader::{ReadProblem, RowReader};

/// Where a request names the charset.
const CHARSET_PATH: &str = "$.character_encoding";

/// An upload whose header is read and whose plan is settled; its first row comes next.
#[derive(Debug)]
pub struct Prepared {
    /// How rows become records.
    pub plan: Plan,
    /// The CSV in the zip.
    pub entry: CsvEntry,
    pub(crate) reader: RowReader<InflateAhead>,
}

impl Prepared {
    /// The CSV's file name.
    pub fn csv_name(&self) -> &str {
        &self.entry.name
    }

    /// The canonical name of the charset that was settled on.
    pub fn charset(&self) -> &'static str {
        self.reader.charset().name()
    }

    /// The names of the columns, as the file has them.
    pub fn header(&self) -> &[String] {
        self.reader.header()
    }

    /// How many rows there can be at most: the size of the resource's id block. A row takes a byte at least.
    pub fn rows_bound(&self, limits: &Limits) -> u64 {
        limits.rows_max.min(self.entry.csv_bytes)
    }
}

/// Opens the zip in `file`, reads the header of its CSV and settles the plan.
///
/// # Errors
/// Everything that can be refused before the first row is read.
pub fn prepare(mut file: File, request: &Request<'_>) -> Result<Prepared, Refusal> {
    let limits = request.limits;
    let entry = archive::find_csv(&mut file, limits).map_err(refuse_file)?;
    let source = archive::open_csv(file, &entry, limits).map_err(refuse_file)?;
    let ahead = InflateAhead::start(source).map_err(|error| Refusal::Unreadable(FileProblem::Io(error)))?;
    let reader = RowReader::open(ahead, request.spec.charset.as_deref(), limits).map_err(refuse_csv)?;
    let plan = Plan::settle(request, reader.header())?;
    Ok(Prepared { plan, entry, reader })
}

fn refuse_file(problem: FileProblem) -> Refusal {
    match problem {
        FileProblem::Io(_) => Refusal::Unreadable(problem),
        _ => Refusal::FileNotSupported { reason: problem.to_string() },
    }
}

fn refuse_csv(problem: ReadProblem) -> Refusal {
    match problem {
        ReadProblem::File(problem) => refuse_file(problem),
        ReadProblem::TooManyColumns { found, limit } => Refusal::TooManyHeaderColumns { found, limit },
        ReadProblem::Charset(CharsetProblem::Unknown { label }) => {
            Refusal::UnknownCharset { label, path: CHARSET_PATH }
        }
        ReadProblem::Charset(problem @ CharsetProblem::Contradicted { .. }) => {
            Refusal::CharsetContradicted { problem, path: CHARSET_PATH }
        }
        other => Refusal::FileNotSupported { reason: other.to_string() },
    }
}
