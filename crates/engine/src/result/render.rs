//! One result CSV: UTF-8 without a byte order mark, quoted by RFC 4180, LF, one line a data row in file order.

use std::io::Write;

use super::{Part, ResultError};
use crate::ids::RecordId;
use crate::plan::Plan;
use crate::reader::Row;
use crate::record_store::LedgerRow;
use crate::verdict::RowCode;
use crate::verdict_bytes::{self, Faults, RowVerdict, Verdicts};

/// Lines are handed on in pieces of this size.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes the result CSV of a resource. Rows behind the last committed chunk are `UNPROCESSED`; where such rows cannot
/// be read, the file ends.
pub(super) fn render(part: Part<'_>, out: &mut impl Write) -> Result<(), ResultError> {
    let Part { prepared, block, ledger } = part;
    let mut lines = Lines { plan: &prepared.plan, buffer: Vec::with_capacity(2 * BUFFER_BYTES) };
    lines.push_header(prepared.reader.header());
    let settled = ledger.last().map_or(0, |row| row.rows_through);
    let mut verdicts = SettledVerdicts::new(ledger, block);
    let mut reader = prepared.reader;
    let mut rows = 0;
    // A file that breaks off behind the settled rows is why its resource failed, and has been told.
    while let Ok(Some(row)) = reader.next_row() {
        rows = row.number;
        let verdict = if row.number > settled { None } else { Some(verdicts.next(row.number)?) };
        lines.push_row(&row, verdict);
        if lines.buffer.len() >= BUFFER_BYTES {
            out.write_all(&lines.buffer)?;
            lines.buffer.clear();
        }
    }
    if rows < settled {
        return Err(ResultError::SourceShort { rows, settled });
    }
    Ok(out.write_all(&lines.buffer)?)
}

/// The verdicts of all chunks, one after another.
struct SettledVerdicts<'a> {
    chunks: std::slice::Iter<'a, LedgerRow>,
    block: crate::ids::IdBlock,
    chunk: Verdicts<'a>,
    chunk_through: u64,
}

impl<'a> SettledVerdicts<'a> {
    fn new(ledger: &'a [LedgerRow], block: crate::ids::IdBlock) -> Self {
        SettledVerdicts { chunks: ledger.iter(), block, chunk: verdict_bytes::read(&[], block, 1), chunk_through: 0 }
    }

    fn next(&mut self, row: u64) -> Result<RowVerdict<'a>, ResultError> {
        let missing = || ResultError::VerdictMissing { row };
        if row > self.chunk_through {
            let chunk = self.chunks.next().ok_or_else(missing)?;
            self.chunk = verdict_bytes::read(&chunk.verdicts, self.block, row);
            self.chunk_through = chunk.rows_through;
        }
        self.chunk.next().ok_or_else(missing)
    }
}

struct Lines<'p> {
    plan: &'p Plan,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    fn push_header(&mut self, header: &[String]) {
        for &column in &self.plan.result_columns {
            self.push_cell(&header[column]);
            self.buffer.push(b',');
        }
        self.buffer.extend_from_slice(b"STATUS,RECORD_ID,ERRORS\n");
    }

    fn push_row(&mut self, row: &Row<'_>, verdict: Option<RowVerdict<'_>>) {
        for &column in &self.plan.result_columns {
            self.push_cell(row.cell(column));
            self.buffer.push(b',');
        }
        match verdict {
            Some(RowVerdict::Added(id)) => self.push_written("ADDED", id),
            Some(RowVerdict::Updated(id)) => self.push_written("UPDATED", id),
            Some(RowVerdict::Skipped(faults)) => self.push_skipped(faults),
            None => self.buffer.extend_from_slice(b"UNPROCESSED,,\n"),
        }
    }

    fn push_written(&mut self, status: &str, id: RecordId) {
        self.buffer.extend_from_slice(status.as_bytes());
        self.buffer.push(b',');
        push_digits(id, &mut self.buffer);
        self.buffer.extend_from_slice(b",\n");
    }

    fn push_skipped(&mut self, faults: Faults<'_>) {
        self.buffer.extend_from_slice(b"SKIPPED,,");
        let errors = errors(self.plan, faults);
        self.push_cell(&errors);
        self.buffer.push(b'\n');
    }

    fn push_cell(&mut self, cell: &str) {
        if cell.bytes().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
            self.push_quoted(cell);
        } else {
            self.buffer.extend_from_slice(cell.as_bytes());
        }
    }

    fn push_quoted(&mut self, cell: &str) {
        self.buffer.push(b'"');
        for (place, part) in cell.split('"').enumerate() {
            if place > 0 {
                self.buffer.extend_from_slice(b"\"\"");
            }
            self.buffer.extend_from_slice(part.as_bytes());
        }
        self.buffer.push(b'"');
    }
}

/// `CODE-column,column:CODE-column`: columns of one code joined by commas, codes by colons (contract section 6).
fn errors(plan: &Plan, faults: Faults<'_>) -> String {
    let mut errors = String::new();
    let mut last: Option<RowCode> = None;
    for fault in faults {
        let name = fault.mapping.and_then(|mapping| plan.columns.get(usize::from(mapping))).map(|column| &column.name);
        if last != Some(fault.code) {
            if last.is_some() {
                errors.push(':');
            }
            errors.push_str(fault.code.as_str());
        }
        if let Some(name) = name {
            errors.push(if last == Some(fault.code) { ',' } else { '-' });
            errors.push_str(name);
        }
        last = Some(fault.code);
    }
    errors
}

fn push_digits(id: RecordId, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut start = digits.len();
    let mut rest = id.0.unsigned_abs();
    while rest > 0 || start == digits.len() {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[start..]);
}
