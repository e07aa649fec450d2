//! One result CSV: UTF-8 without a byte order mark, quoted by RFC 4180, LF, one line a data row in file order.

use std::io::Write;

use super::{Abandoned, Part, ResultError};
use crate::ids::{IdBlock, RecordId};
use crate::inflate::InflateAhead;
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::reader::{Row, RowReader};
use crate::record_store::LedgerRow;
use crate::verdict::RowCode;
use crate::verdict_bytes::{self, Faults, RowVerdict};

/// Lines are handed on in pieces of this size.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes the result CSV of a resource. Rows behind the last committed chunk are `UNPROCESSED`; where such rows cannot
/// be read, the file ends.
pub(super) fn render<L>(part: Part<L>, out: &mut impl Write) -> Result<(), ResultError>
where
    L: Iterator<Item = Result<LedgerRow, Abandoned>>,
{
    let Part { prepared, block, ledger } = part;
    let Prepared { plan, reader, .. } = prepared;
    let mut lines = Lines { plan: &plan, buffer: Vec::with_capacity(2 * BUFFER_BYTES) };
    lines.push_header(reader.header());
    let mut source = Source { reader, rows: 0 };
    for chunk in ledger {
        render_chunk(&chunk?, block, &mut source, &mut lines, out)?;
    }
    // A file that breaks off behind the settled rows is why its resource failed, and has been told.
    while let Some(row) = source.next() {
        lines.push_row(&row, None);
        lines.hand_on(out)?;
    }
    Ok(out.write_all(&lines.buffer)?)
}

fn render_chunk(
    chunk: &LedgerRow,
    block: IdBlock,
    source: &mut Source,
    lines: &mut Lines<'_>,
    out: &mut impl Write,
) -> Result<(), ResultError> {
    let settled = chunk.rows_through;
    let mut verdicts = verdict_bytes::read(&chunk.verdicts, block, source.rows + 1);
    while source.rows < settled {
        let rows = source.rows;
        let row = source.next().ok_or(ResultError::SourceShort { rows, settled })?;
        let verdict = verdicts.next().ok_or(ResultError::VerdictMissing { row: row.number })?;
        lines.push_row(&row, Some(verdict));
        lines.hand_on(out)?;
    }
    Ok(())
}

/// The upload, read again.
struct Source {
    reader: RowReader<InflateAhead>,
    /// Rows read so far.
    rows: u64,
}

impl Source {
    /// The next row; `None` at the end, also if the file only breaks off there.
    fn next(&mut self) -> Option<Row<'_>> {
        let row = self.reader.next_row().ok().flatten()?;
        self.rows = row.number;
        Some(row)
    }
}

struct Lines<'p> {
    plan: &'p Plan,
    buffer: Vec<u8>,
}

impl Lines<'_> {
    /// Hands on what has gathered, a piece at a time.
    fn hand_on(&mut self, out: &mut impl Write) -> std::io::Result<()> {
        if self.buffer.len() >= BUFFER_BYTES {
            out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

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
