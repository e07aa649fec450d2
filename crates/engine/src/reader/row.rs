//! One row as the caller sees it, and what can be wrong with it.

use thiserror::Error;

use super::place::{Place, Within};
use super::record::Span;
use super::transcoder::bytes_before;
use crate::charset::Charset;
use crate::verdict::Reason;

/// One data row, borrowed from the reader until the next one is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Which data row it is; the first is 1. Rows that cannot be read count.
    pub number: u64,
    /// The physical line where it begins; the file's first line is 1. LF, CR and CRLF each end a line, also in quotes.
    pub line: u64,
    /// Where it begins in the unzipped file, from 0, a byte order mark counted.
    pub byte: u64,
    /// Where it ends in the file, its line end included: the next byte is not its own any more.
    pub byte_end: u64,
    /// What is wrong with it, if anything. Its cells are then what could be read, for showing and not for storing.
    pub problem: Option<RowProblem>,
    pub(super) within: Within,
    pub(super) charset: Charset,
    pub(super) raw: Option<&'a [u8]>,
    pub(super) text: &'a str,
    pub(super) spans: &'a [Span],
}

/// Why a row cannot be imported. Columns are cells of the row and count from 0 here, from 1 in the texts; where exactly
/// the fault is, [`Row::problem_place`] tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowProblem {
    /// Fewer cells than the header has.
    #[error("the row has {found} cells, and the header has {expected}")]
    TooFewCells {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// More cells than the header has.
    #[error("the row has {found} cells, and the header has {expected}; put cells that hold the delimiter in quotes")]
    TooManyCells {
        /// Cells of the row.
        found: usize,
        /// Cells of the header.
        expected: usize,
    },
    /// Something else than blanks follows the closing quote of a cell.
    #[error("text follows the closing quote of column {}; double each quote inside a quoted cell", column + 1)]
    TextAfterQuote {
        /// The cell's column.
        column: usize,
    },
    /// A quoted cell is never closed, so that the rest of the file is in it.
    #[error("the quote that opens column {} is never closed", column + 1)]
    OpenQuote {
        /// The cell's column.
        column: usize,
    },
    /// Bytes that mean no character in the file's charset.
    #[error(
        "column {} has bytes that mean nothing in the file's charset; name the right one, or mend them",
        column + 1
    )]
    Undecodable {
        /// The column of the first one.
        column: usize,
    },
    /// A cell is over [`crate::limits::Limits::cell_bytes_max`], measured in UTF-8 with its doubled quotes.
    #[error("column {} is longer than a cell may be", column + 1)]
    CellTooLong {
        /// The cell's column.
        column: usize,
    },
    /// All its cells together are more than is kept in memory at once.
    #[error("the row is longer than the {limit} bytes a row may have")]
    RowTooLong {
        /// Bytes a row may have.
        limit: usize,
    },
}

impl RowProblem {
    /// What is kept of it in the ledger.
    pub fn reason(self) -> Reason {
        match self {
            RowProblem::TooFewCells { .. } => Reason::TooFewCells,
            RowProblem::TooManyCells { .. } => Reason::TooManyCells,
            RowProblem::TextAfterQuote { .. } => Reason::TextAfterQuote,
            RowProblem::OpenQuote { .. } => Reason::OpenQuote,
            RowProblem::Undecodable { .. } => Reason::Undecodable,
            RowProblem::CellTooLong { .. } | RowProblem::RowTooLong { .. } => Reason::TooLarge,
        }
    }

    /// The cell it is about: of a row with too few the first that is missing, of a row with too many the first that is
    /// too much. `None` if it is about the row as a whole.
    pub fn column(self) -> Option<usize> {
        match self {
            RowProblem::TooFewCells { found, .. } => Some(found),
            RowProblem::TooManyCells { expected, .. } => Some(expected),
            RowProblem::TextAfterQuote { column }
            | RowProblem::OpenQuote { column }
            | RowProblem::Undecodable { column }
            | RowProblem::CellTooLong { column } => Some(column),
            RowProblem::RowTooLong { .. } => None,
        }
    }
}

impl<'a> Row<'a> {
    /// The text of a cell as the file has it, quotes taken off; empty where the row has no such cell. Undecodable
    /// bytes appear as U+FFFD.
    #[inline]
    pub fn cell(&self, column: usize) -> &'a str {
        let span = self.spans.get(column).copied().unwrap_or_default();
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// The cells that were kept, in file order: at most as many as the header has.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &'a str> {
        let row = *self;
        (0..self.len()).map(move |column| row.cell(column))
    }

    /// How many cells [`Row::cells`] gives.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether no cell could be read at all.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Where its problem is: the byte that cannot be decoded, the text behind a closing quote, the quote that is never
    /// closed, the cell that is too much or too long, the end of a row that lacks cells. Of a row in another charset
    /// than UTF-8 that was too long to be held, only its beginning is known.
    pub fn problem_place(&self) -> Option<Place> {
        let problem = self.problem?;
        Some(Place {
            line: self.line + self.within.lines,
            column: problem.column(),
            byte: self.byte + self.bytes_before(self.within.text_bytes) as u64,
        })
    }

    /// Its problem and the place of it, in words.
    pub fn problem_told(&self) -> Option<String> {
        let (problem, place) = self.problem.zip(self.problem_place())?;
        Some(format!("{problem} ({place})"))
    }

    /// Bytes of the row in the file that come before a place of its text.
    pub(super) fn bytes_before(&self, place: usize) -> usize {
        match self.raw {
            _ if self.charset.is_utf8() => place,
            Some(raw) => bytes_before(self.charset, raw, place),
            None => 0,
        }
    }

    /// Its bytes as they stand in the file, in the file's charset and with the line end; `None` if it was too long to
    /// be held, and only [`Row::byte`] and [`Row::byte_end`] tell where they are.
    pub fn raw(&self) -> Option<&'a [u8]> {
        self.raw
    }

    /// [`Row::raw`] as text, for showing: what cannot be decoded is U+FFFD. At most so many bytes of it are looked at.
    pub fn raw_text(&self, bytes_max: usize) -> Option<String> {
        let raw = self.raw?;
        Some(self.charset.decode_for_show(&raw[..raw.len().min(bytes_max)]))
    }
}
