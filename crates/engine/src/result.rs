//! The vendor's result file (contract 12, rows 15, 16, 33 and 34): a zip with one CSV a resource, rendered from the
//! verdicts of the ledger and the rows' echoes, which come along with the import or are read from the source again. The
//! same inputs give the same bytes.

mod echo;
pub mod full;
mod render;
mod source;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::io::{self, Seek, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::ids::IdBlock;
use crate::prepare::Prepared;
use crate::record_store::{LedgerRow, StoreError};

pub use echo::Echoes;

/// Deflate's fastest level: results are read once, and soon.
const DEFLATE_LEVEL: i64 = 1;
/// Bytes that a result line may take beside its source row: from here on an entry needs the 64-bit form.
const LINE_BYTES: u64 = 64;

/// What a resource's part of the result is made from.
#[derive(Debug)]
pub struct Part<S> {
    /// The upload, opened again.
    pub prepared: Prepared,
    /// The ids of its rows.
    pub block: IdBlock,
    /// What is settled, by chunk, or the word that there will be no result. It may block until the next chunk is
    /// committed, so that the result grows beside the import.
    pub settled: S,
}

/// What is settled of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    /// The next chunk.
    Chunk {
        /// Its ledger row.
        ledger: LedgerRow,
        /// What its rows echo, if they were typed just now; else they are read again.
        echoes: Option<Echoes>,
    },
    /// There is no row behind the last chunk: nobody has to look for unprocessed ones.
    All,
}

impl From<LedgerRow> for Settled {
    fn from(ledger: LedgerRow) -> Self {
        Settled::Chunk { ledger, echoes: None }
    }
}

/// The import whose result is being written has stopped before its end: there will be no result of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The source ends, or cannot be read, before the rows that have verdicts.
    #[error("the upload has only {rows} of the {settled} rows that were imported from it")]
    SourceShort {
        /// Rows that could be read.
        rows: u64,
        /// Rows that have verdicts.
        settled: u64,
    },
    /// A ledger row has fewer verdicts than rows.
    #[error("the ledger has no verdict for data row {row}")]
    VerdictMissing {
        /// The row.
        row: u64,
    },
    /// The ledger could not be read.
    #[error("the ledger could not be read")]
    Ledger(#[source] StoreError),
    /// The import stopped before its end.
    #[error("the import stopped before its end")]
    Abandoned,
    /// The zip could not be written.
    #[error("the result could not be written")]
    Write(#[source] io::Error),
}

impl From<Abandoned> for ResultError {
    fn from(Abandoned: Abandoned) -> Self {
        ResultError::Abandoned
    }
}

impl From<io::Error> for ResultError {
    fn from(error: io::Error) -> Self {
        ResultError::Write(error)
    }
}

/// Writes the result zip of a job. Its entries carry `created_at`, the job's creation in seconds since 1970, as their
/// time in UTC.
///
/// # Errors
/// [`ResultError`]; what was written until then is no zip.
pub fn write<W, S>(parts: Vec<Part<S>>, created_at: i64, out: W) -> Result<W, ResultError>
where
    W: Write + Seek,
    S: Iterator<Item = Result<Settled, Abandoned>>,
{
    let mut zip = ZipWriter::new(out);
    let mut names = HashSet::new();
    for part in parts {
        let name = unused_name(&entry_name(&part.prepared), &mut names);
        zip.start_file(name, options(&part.prepared, created_at)).map_err(io::Error::from)?;
        render::render(part, &mut zip)?;
    }
    Ok(zip.finish().map_err(io::Error::from)?)
}

/// `{Module}-{the uploaded CSV's stem}.csv`.
pub fn entry_name(prepared: &Prepared) -> String {
    let name = prepared.csv_name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    format!("{}-{stem}.csv", prepared.plan.module_name())
}

/// Two resources of a job may have uploads of one name.
fn unused_name(name: &str, names: &mut HashSet<String>) -> String {
    let stem = name.strip_suffix(".csv").unwrap_or(name);
    let candidates = (2..).map(|count| format!("{stem}-{count}.csv"));
    let mut all = std::iter::once(name.to_owned()).chain(candidates);
    all.find(|name| names.insert(name.clone())).expect("one of endlessly many names is not taken")
}

fn options(prepared: &Prepared, created_at: i64) -> SimpleFileOptions {
    let rows_at_most = prepared.entry.csv_bytes;
    let bytes_at_most = rows_at_most.saturating_mul(LINE_BYTES);
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(DEFLATE_LEVEL))
        .large_file(bytes_at_most >= u64::from(u32::MAX))
        .last_modified_time(dos_time(created_at).unwrap_or_default())
}

/// The time of a zip entry; it has no years before 1980 or after 2107.
fn dos_time(seconds: i64) -> Option<zip::DateTime> {
    let moment = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::from_second(seconds).ok()?);
    let part = |number: i8| u8::try_from(number).ok();
    zip::DateTime::from_date_and_time(
        u16::try_from(moment.year()).ok()?,
        part(moment.month())?,
        part(moment.day())?,
        part(moment.hour())?,
        part(moment.minute())?,
        part(moment.second())?,
    )
    .ok()
}
