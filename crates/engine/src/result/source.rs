//! The upload of a resource, read a second time.

use crate::inflate::InflateAhead;
use crate::reader::{Row, RowReader};

/// The upload, read again.
pub(super) struct Source {
    reader: RowReader<InflateAhead>,
    /// Rows read so far.
    rows: u64,
}

impl Source {
    pub(super) fn new(reader: RowReader<InflateAhead>) -> Self {
        Source { reader, rows: 0 }
    }

    /// The next row; `None` at the end, also if the file only breaks off there.
    pub(super) fn next(&mut self) -> Option<Row<'_>> {
        let row = self.reader.next_row().ok().flatten()?;
        self.rows = row.number;
        Some(row)
    }

    /// Passes over the rows up to this one.
    pub(super) fn skip(&mut self, rows: u64) {
        while self.rows < rows && self.next().is_some() {}
    }

    /// The row of this number, which lies behind all rows that were asked for before; `None` if the file ends before it.
    pub(super) fn row(&mut self, number: u64) -> Option<Row<'_>> {
        self.skip(number - 1);
        self.next().filter(|row| row.number == number)
    }

    /// Rows read so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }
}
