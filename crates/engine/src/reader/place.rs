//! Where in the file something is, as people look for it.

use std::fmt;

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The physical line; the file's first line is 1. LF, CR and CRLF each end a line, also in quotes.
    pub line: u64,
    /// Which cell of its row, from 0 here and from 1 in the text; `None` for a row as a whole.
    pub column: Option<usize>,
    /// The byte of the unzipped file as it was uploaded, from 0, whatever its charset.
    pub byte: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, ", self.line)?;
        if let Some(column) = self.column {
            write!(f, "column {}, ", column + 1)?;
        }
        write!(f, "byte {}", self.byte)
    }
}

/// A place in a record: bytes of its text, and line ends, that come before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Within {
    pub(super) text_bytes: usize,
    pub(super) lines: u64,
}
