//! One result CSV: UTF-8 without a byte order mark, quoted by RFC 4180, LF, one line a data row in file order.

use std::io::Write;

use super::source::Source;
use super::{Abandoned, Echoes, Part, ResultError, Settled, echo};
use crate::ids::{IdBlock, RecordId};
use crate::plan::Plan;
use crate::prepare::Prepared;
use crate::reader::Row;
use crate::record_store::LedgerRow;
use crate::verdict::RowCode;
use crate::verdict_bytes::{self, Faults, RowVerdict};

/// Lines are handed on in pieces of this size.
const BUFFER_BYTES: usize = 64 * 1024;

/// Writes the result CSV of a resource. Rows behind the last committed chunk are `UNPROCESSED`; where such rows cannot
/// be read, the file ends.
pub(super) fn render<S>(part: Part<S>, out: &mut impl Write) -> Result<(), ResultError>
where
    S: Iterator<Item = Result<Settled, Abandoned>>,
{
    let Part { prepared, block, settled } = part;
    let Prepared { plan, reader, .. } = prepared;
    let mut lines = Lines { plan: &plan, buffer: Vec::with_capacity(2 * BUFFER_BYTES) };
    lines.push_header(reader.header());
    let mut rendering = Rendering { lines, source: Source::new(reader), block, rows: 0 };
    for settled in settled {
        match settled? {
            Settled::Chunk { ledger, echoes: Some(echoes) } => rendering.echoed(&ledger, &echoes, out)?,
            Settled::Chunk { ledger, echoes: None } => rendering.read_again(&ledger, out)?,
            Settled::All => return rendering.end(out),
        }
    }
    // A file that breaks off behind the settled rows is why its resource failed, and has been told.
    rendering.unprocessed(out)?;
    rendering.end(out)
}

struct Rendering<'p> {
    lines: Lines<'p>,
    source: Source,
    block: IdBlock,
    /// Rows that have their line.
    rows: u64,
}

impl Rendering<'_> {
    /// A chunk whose rows' echoes came along.
    fn echoed(&mut self, chunk: &LedgerRow, echoes: &Echoes, out: &mut impl Write) -> Result<(), ResultError> {
        let mut verdicts = verdict_bytes::read(&chunk.verdicts, self.block, self.rows + 1);
        for echo in echoes.rows() {
            self.rows += 1;
            let verdict = verdicts.next().ok_or(ResultError::VerdictMissing { row: self.rows })?;
            self.lines.buffer.extend_from_slice(echo);
            self.lines.push_verdict(Some(verdict));
            self.lines.hand_on(out)?;
        }
        self.all_of(chunk)
    }

    /// A chunk of an earlier run: its rows are read again.
    fn read_again(&mut self, chunk: &LedgerRow, out: &mut impl Write) -> Result<(), ResultError> {
        let mut verdicts = verdict_bytes::read(&chunk.verdicts, self.block, self.rows + 1);
        self.source.skip(self.rows);
        while self.rows < chunk.rows_through {
            let Some(row) = self.source.next() else { break };
            self.rows = row.number;
            let verdict = verdicts.next().ok_or(ResultError::VerdictMissing { row: self.rows })?;
            self.lines.push_echo(&row);
            self.lines.push_verdict(Some(verdict));
            self.lines.hand_on(out)?;
        }
        self.all_of(chunk)
    }

    fn all_of(&self, chunk: &LedgerRow) -> Result<(), ResultError> {
        let (rows, settled) = (self.rows, chunk.rows_through);
        if rows == settled { Ok(()) } else { Err(ResultError::SourceShort { rows, settled }) }
    }

    fn unprocessed(&mut self, out: &mut impl Write) -> Result<(), ResultError> {
        self.source.skip(self.rows);
        while let Some(row) = self.source.next() {
            self.lines.push_echo(&row);
            self.lines.push_verdict(None);
            self.lines.hand_on(out)?;
        }
        Ok(())
    }

    fn end(self, out: &mut impl Write) -> Result<(), ResultError> {
        Ok(out.write_all(&self.lines.buffer)?)
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
        echo::push_cells(self.plan.result_columns.iter().map(|&column| header[column].as_str()), &mut self.buffer);
        self.buffer.extend_from_slice(b"STATUS,RECORD_ID,ERRORS\n");
    }

    fn push_echo(&mut self, row: &Row<'_>) {
        echo::push_cells(self.plan.result_columns.iter().map(|&column| row.cell(column)), &mut self.buffer);
    }

    fn push_verdict(&mut self, verdict: Option<RowVerdict<'_>>) {
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
        echo::push_cell(&errors, &mut self.buffer);
        self.buffer.push(b'\n');
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
