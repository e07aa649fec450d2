//! Why a file cannot be read any further.

use std::io;

use thiserror::Error;

use super::place::Place;
use super::row::RowProblem;
use crate::archive::FileProblem;
use crate::charset::CharsetProblem;

/// Why reading rows ends before the end of the file. A bad row is no such thing: it is a [`super::Row`] with a problem.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReadProblem {
    /// No charset could be settled on.
    #[error(transparent)]
    Charset(#[from] CharsetProblem),
    /// There is no line that is not empty.
    #[error("the CSV has no header line; its first line must name the columns")]
    NoHeader,
    /// The first line holds bytes that no text has.
    #[error("the file is not a CSV: its first line has a zero byte at byte {byte}; save it as CSV in UTF-8")]
    NotText {
        /// Where the zero byte is in the file.
        byte: u64,
    },
    /// The file begins like one of another kind, whatever its name says.
    #[error("the file is not a CSV but {what}; save its table as CSV")]
    AnotherKind {
        /// What it is, with its article.
        what: &'static str,
    },
    /// The header has more columns than are allowed.
    #[error("the header has {found} columns, and {limit} are allowed; leave out the columns that are not needed")]
    TooManyColumns {
        /// Columns of the header.
        found: usize,
        /// [`crate::limits::Limits::columns_max`].
        limit: usize,
    },
    /// The header itself cannot be read, so that no row can.
    #[error("the header cannot be read at {place}: {problem}")]
    BadHeader {
        /// Where in the file.
        place: Place,
        /// What is wrong with it.
        problem: RowProblem,
    },
    /// More data rows than are allowed; met at the first one too many.
    #[error("the CSV has more than {limit} rows; split it into files of at most {limit} rows each")]
    TooManyRows {
        /// [`crate::limits::Limits::rows_max`].
        limit: u64,
    },
    /// What the bytes come from failed.
    #[error(transparent)]
    File(#[from] FileProblem),
}

/// A failed read carries the archive's own problem where it has one.
impl From<io::Error> for ReadProblem {
    fn from(error: io::Error) -> Self {
        ReadProblem::File(FileProblem::from(error))
    }
}
