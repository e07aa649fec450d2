//! The echoed columns of rows, as they stand in the result.
//!
//! Whoever types rows has their cells in hand and notes the echo beside the batch, so that the result of an import that
//! is under way needs no second reading of the source.

use crate::plan::Plan;
use crate::reader::Row;

/// The echoes of a chunk's rows: each row's echoed cells with a comma behind each, quoted where that is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Echoes {
    text: Vec<u8>,
    /// Where each row's echo ends; it begins where that of the row before ends.
    ends: Vec<u32>,
}

impl Echoes {
    /// Adds the echo of the next row.
    pub(crate) fn push(&mut self, plan: &Plan, row: &Row<'_>) {
        push_cells(plan.result_columns.iter().map(|&column| row.cell(column)), &mut self.text);
        self.ends.push(self.text.len() as u32);
    }

    /// Bytes held.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + size_of_val(self.ends.as_slice())
    }

    /// The echoes, row by row.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.text[start as usize..end as usize])
    }
}

/// Cells with a comma behind each.
pub(super) fn push_cells<'c>(cells: impl Iterator<Item = &'c str>, out: &mut Vec<u8>) {
    for cell in cells {
        push_cell(cell, out);
        out.push(b',');
    }
}

/// A cell, quoted by RFC 4180 if it has to be.
pub(super) fn push_cell(cell: &str, out: &mut Vec<u8>) {
    if cell.bytes().fold(false, |found, byte| found | matches!(byte, b',' | b'"' | b'\n' | b'\r')) {
        push_quoted(cell, out);
    } else {
        out.extend_from_slice(cell.as_bytes());
    }
}

fn push_quoted(cell: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for (place, part) in cell.split('"').enumerate() {
        if place > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}
