//! Sample files: realistic leads in any number, the same bytes for the same seed, on every machine and for ever.
//!
//! A row depends on the seed and its own number only, never on the rows before it: a file of 1,000 rows is the start of the
//! file of 1,000,000 rows, and memory does not grow with the file. `vocabulary.toml` has the words, [`lead`] makes a good
//! row of them, [`fault`] decides which rows are bad and how.

mod fault;
mod lead;
mod random;
mod share;
mod vocabulary;

use std::io::{self, Write};

pub(crate) use fault::FaultKind;
use fault::{Fault, FaultPlan};
use lead::{HEADER, Lead};
pub(crate) use share::Share;
use vocabulary::Vocabulary;

/// What to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Data rows; the header is not counted.
    pub(crate) rows: u64,
    /// Any number; another one gives other leads.
    pub(crate) seed: u64,
    /// The share of rows that have exactly one fault each, the kinds in turn.
    pub(crate) bad: Share,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleReport {
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    bad: [u64; FaultKind::ALL.len()],
}

/// How many bytes are collected before they are handed on.
const WRITE_BYTES: usize = 64 * 1024;

/// Writes a CSV of leads: UTF-8 without a BOM, comma, LF, cells quoted only where RFC 4180 demands it.
pub(crate) fn write(sample: &Sample, out: &mut impl Write) -> io::Result<SampleReport> {
    let words = Vocabulary::built_in();
    let mut plan = FaultPlan::new(sample.seed, sample.rows, sample.bad);
    let mut lead = Lead::default();
    let mut report = SampleReport::default();
    let mut text = Vec::with_capacity(2 * WRITE_BYTES);
    push_row(&mut text, &HEADER);
    for number in 1..=sample.rows {
        let mut random = lead.fill(&words, sample.seed, number);
        let fault = plan.next(number);
        if let Some(fault) = fault {
            fault.spoil(&mut lead, &words, sample.seed, &mut random);
        }
        push_row(&mut text, &lead.cells);
        report.count(fault);
        if text.len() >= WRITE_BYTES {
            report.bytes += hand_on(&mut text, out)?;
        }
    }
    report.bytes += hand_on(&mut text, out)?;
    out.flush()?;
    Ok(report)
}

impl SampleReport {
    /// How many rows are bad.
    pub(crate) fn bad_rows(&self) -> u64 {
        self.bad.iter().sum()
    }

    /// How many rows have each kind of fault, in the order of [`FaultKind::ALL`].
    pub(crate) fn faults(&self) -> impl Iterator<Item = (FaultKind, u64)> {
        FaultKind::ALL.into_iter().zip(self.bad)
    }

    fn count(&mut self, fault: Option<Fault>) {
        self.rows += 1;
        if let Some(fault) = fault {
            self.bad[fault.kind() as usize] += 1;
        }
    }
}

fn hand_on(text: &mut Vec<u8>, out: &mut impl Write) -> io::Result<u64> {
    out.write_all(text)?;
    let bytes = text.len() as u64;
    text.clear();
    Ok(bytes)
}

fn push_row(text: &mut Vec<u8>, cells: &[impl AsRef<str>]) {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        push_cell(text, cell.as_ref());
    }
    text.push(b'\n');
}

fn push_cell(text: &mut Vec<u8>, cell: &str) {
    if !cell.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        return text.extend_from_slice(cell.as_bytes());
    }
    text.push(b'"');
    for byte in cell.bytes() {
        if byte == b'"' {
            text.push(b'"');
        }
        text.push(byte);
    }
    text.push(b'"');
}

#[cfg(test)]
mod tests;
