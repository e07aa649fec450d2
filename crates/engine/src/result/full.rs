//! Our own full result: every row with its place, its record and each of its faults, read from the ledger and, as long as
//! it is there, the upload. Which rows are shown is decided by verdicts alone, and the upload is read only as far as rows
//! that are shown lie in it.

mod fault;
mod filter;
mod groups;
mod shown;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use super::ResultError;
use super::source::Source;
use crate::ids::{IdBlock, RecordId};
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::reader::Row;
use crate::record_store::{LedgerRow, StoreError};
use crate::spec::ResourceSpec;
use crate::verdict::Fault;
use crate::verdict_bytes::{self, RowVerdict};

pub use fault::FullFault;
pub use filter::{Filter, Status};
pub use groups::{GROUPS_MAX, Group, Groups, groups};
pub use shown::VALUE_CHARS_MAX;

/// What is known of a resource.
#[derive(Debug)]
pub struct Known<'k, L> {
    /// What was asked for.
    pub spec: &'k ResourceSpec,
    /// Its chunks, one after another: no more than one is held.
    pub ledger: L,
    /// The ids of its rows; a resource that has none yet has no chunk either.
    pub block: Option<IdBlock>,
    /// The upload, opened again; `None` if it is gone.
    pub source: Option<Prepared>,
    /// Whether rows behind the last chunk will stay without a verdict.
    pub is_over: bool,
}

/// The mappings of a column or a field, by the header's text or the API name, whatever the case: where the upload is gone and
/// the request named no fields, none is known.
pub fn mappings_named(source: Option<&Prepared>, spec: &ResourceSpec, name: &str) -> Vec<u16> {
    let folded = name.trim().to_lowercase();
    let is_named = |text: &str| text.trim().to_lowercase() == folded;
    let places = |named: Vec<bool>| (0..).zip(named).filter(|(_, named)| *named).map(|(place, _)| place).collect();
    match source {
        Some(Prepared { plan, .. }) => {
            places(plan.columns.iter().map(|one| is_named(&one.name) || is_named(&one.api_name)).collect())
        }
        None => places(spec.mappings.iter().map(|one| is_named(&one.field)).collect()),
    }
}

/// Where a row is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The physical line where it begins, from 1.
    pub line: u64,
    /// The byte of the unzipped file where it begins, from 0.
    pub byte: u64,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullRow {
    /// Which data row it is, from 1.
    pub number: u64,
    /// Where it is; `None` if the upload is gone.
    pub place: Option<Place>,
    /// What became of it.
    pub status: Status,
    /// The record that was made or changed.
    pub record: Option<RecordId>,
    /// What is wrong with it, in the order it is told.
    pub faults: Vec<FullFault>,
}

/// Shows the rows from number `from` on that the filter takes, in file order, until there is none or `see` has seen enough.
///
/// # Errors
/// [`ResultError::Ledger`], [`ResultError::SourceShort`] and [`ResultError::VerdictMissing`].
pub fn walk(
    known: Known<'_, impl Iterator<Item = Result<LedgerRow, StoreError>>>,
    filter: &Filter,
    from: u64,
    mut see: impl FnMut(FullRow) -> ControlFlow<()>,
) -> Result<(), ResultError> {
    let Known { spec, ledger, block, source, is_over } = known;
    let mut upload = Upload::new(spec, source);
    let settled = each_settled(ledger, block, from, |number, verdict| {
        let is_taken = filter.takes(&verdict);
        Ok(if is_taken { see(upload.full_row(number, verdict)?) } else { ControlFlow::Continue(()) })
    })?;
    match settled {
        ControlFlow::Continue(rows) if is_over && filter.takes_unprocessed() => {
            upload.unprocessed(from.max(rows + 1), see);
        }
        ControlFlow::Continue(_) | ControlFlow::Break(()) => {}
    }
    Ok(())
}

/// Calls `see` with the verdicts of rows from number `from` on, until it has seen enough; else says how many rows are
/// settled.
fn each_settled(
    ledger: impl Iterator<Item = Result<LedgerRow, StoreError>>,
    block: Option<IdBlock>,
    from: u64,
    mut see: impl FnMut(u64, RowVerdict<'_>) -> Result<ControlFlow<()>, ResultError>,
) -> Result<ControlFlow<(), u64>, ResultError> {
    let block = block.unwrap_or(IdBlock { start: 0, size: 0 });
    let mut rows = 0;
    for chunk in ledger {
        let chunk = chunk.map_err(ResultError::Ledger)?;
        let first_row = rows + 1;
        rows = chunk.rows_through;
        if rows < from {
            continue;
        }
        let mut verdicts = verdict_bytes::read(&chunk.verdicts, block, first_row);
        for row in first_row..=rows {
            let verdict = verdicts.next().ok_or(ResultError::VerdictMissing { row })?;
            if row >= from && see(row, verdict)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(rows))
}

/// The upload beside the ledger, as far as it is there.
struct Upload<'k> {
    spec: &'k ResourceSpec,
    opened: Option<Opened>,
}

struct Opened {
    plan: Plan,
    header: Vec<String>,
    source: Source,
}

impl<'k> Upload<'k> {
    fn new(spec: &'k ResourceSpec, source: Option<Prepared>) -> Self {
        let opened = source.map(|Prepared { plan, reader, .. }| Opened {
            plan,
            header: reader.header().to_vec(),
            source: Source::new(reader),
        });
        Upload { spec, opened }
    }

    fn full_row(&mut self, number: u64, verdict: RowVerdict<'_>) -> Result<FullRow, ResultError> {
        let (status, record, faults) = match verdict {
            RowVerdict::Added(id) => (Status::Added, Some(id), None),
            RowVerdict::Updated(id) => (Status::Updated, Some(id), None),
            RowVerdict::Skipped(faults) => (Status::Skipped, None, Some(faults)),
        };
        let (place, faults) = self.placed(number, faults.into_iter().flatten())?;
        Ok(FullRow { number, place, status, record, faults })
    }

    /// A row's place and its faults.
    fn placed(
        &mut self,
        number: u64,
        faults: impl Iterator<Item = Fault>,
    ) -> Result<(Option<Place>, Vec<FullFault>), ResultError> {
        let Some(Opened { plan, header, source }) = &mut self.opened else {
            return Ok((None, faults.map(|fault| FullFault::without_upload(fault, self.spec)).collect()));
        };
        let rows_before = source.rows();
        let Some(row) = source.row(number) else {
            return Err(ResultError::SourceShort { rows: rows_before.max(number - 1), settled: number });
        };
        Ok((Some(place_of(&row)), faults.map(|fault| FullFault::of(fault, plan, header, &row)).collect()))
    }

    /// Rows without a verdict, as far as they can be read: where the file breaks off, its resource failed.
    fn unprocessed(&mut self, from: u64, mut see: impl FnMut(FullRow) -> ControlFlow<()>) {
        let Some(Opened { source, .. }) = &mut self.opened else { return };
        source.skip(from - 1);
        while let Some(row) = source.next() {
            let (place, status) = (Some(place_of(&row)), Status::Unprocessed);
            let shown = FullRow { number: row.number, place, status, record: None, faults: Vec::new() };
            if see(shown).is_break() {
                return;
            }
        }
    }
}

fn place_of(row: &Row<'_>) -> Place {
    Place { line: row.line, byte: row.byte }
}
