//! A CSV's bytes become rows, borrowed from one reused buffer: nothing is allocated for a row or a cell.
//!
//! The rules (contract 12, rows 17, 37, 38, 40 and 58): LF, CR and CRLF all end a record, also mixed. A cell that
//! begins with a quote ends with one; in it, line ends and delimiters are text and a doubled quote is one quote. A
//! quote inside a cell that does not begin with one is text. Blanks behind a closing quote are passed over, other text
//! there spoils its row. An open quote makes the rest of the file one row that cannot be read. Empty lines are no
//! rows. Cells are given as they stand; trimming is the typing's business. A bad row is a [`Row`] with a
//! [`RowProblem`], and the rows behind it go on.
//!
//! UTF-8 is read as it stands; a file in another charset passes through a `transcoder` first. Either way lines and bytes
//! are those of the file, and bytes that mean nothing in its charset spoil only their row.
//!
//! Memory is bounded whatever the file holds: a row that does not fit into [`ROW_BYTES_MAX`] is streamed past.

mod binary;
mod line_ends;
mod place;
mod problem;
mod record;
mod rewrite;
mod row;
mod source;
mod structurals;
mod transcoder;
mod window;

#[cfg(test)]
mod tests;

use std::io::Read;

use crate::charset::{self, Charset, HEAD_BYTES};
use crate::delimiter::{self, Delimiter};
use crate::limits::Limits;

use place::Within;
use record::{Fault, Part, Record};
use rewrite::rewrite;
use source::Source;
use structurals::Structurals;
use transcoder::Extent;
use window::{Growth, WINDOW_BYTES, Window};

pub use place::Place;
pub use problem::ReadProblem;
pub use row::{Row, RowProblem};

/// Bytes of a row that are held in memory at once; a longer row is streamed past and cannot be imported. With a
/// larger [`Limits::cell_bytes_max`] it is twice that, so that one cell of the allowed size always fits.
pub const ROW_BYTES_MAX: usize = 16 << 20;

/// However large cells may be, a row is never held beyond this: places in it are counted in 32 bits.
const ROW_BYTES_CEILING: usize = 1 << 30;

/// Reads the rows of one CSV.
#[derive(Debug)]
pub struct RowReader<R> {
    window: Window<R>,
    structurals: Structurals,
    record: Record,
    /// The cells of a row that cannot be given out of the window as they stand.
    rewritten: String,
    charset: Charset,
    delimiter: Delimiter,
    header: Vec<String>,
    header_raw: Vec<u8>,
    row_bytes_max: usize,
    rows_max: u64,
    rows: u64,
    /// The physical line where the next record begins.
    line: u64,
    failed: bool,
}

/// How much is held in memory.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    window_bytes: usize,
    row_bytes_max: usize,
}

/// Where a record was found.
#[derive(Clone, Copy, Debug)]
struct Found {
    line: u64,
    extent: Extent,
    held: Held,
}

/// What of a record is in memory.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// All of it, in the window: where it begins, where its line end begins, and where the next record begins.
    Whole { start: usize, line_end: usize, next: usize },
    /// Only the cells that were rewritten before the rest was streamed past.
    FirstCells,
}

/// How far the window reaches into a record.
#[derive(Clone, Copy, Debug)]
enum Reach {
    /// To the record's end: where its line end begins, and where the next record begins.
    End { line_end: usize, next: usize },
    /// Not to its end. Everything before `walked` needs no second look.
    Cut { walked: usize },
}

impl<R: Read> RowReader<R> {
    /// Reads the head of a file, settles charset and delimiter, and reads the header.
    ///
    /// # Errors
    /// Every [`ReadProblem`] except [`ReadProblem::TooManyRows`].
    pub fn open(source: R, named_charset: Option<&str>, limits: &Limits) -> Result<Self, ReadProblem> {
        let row_bytes_max = ROW_BYTES_MAX.max(limits.cell_bytes_max.saturating_mul(2)).min(ROW_BYTES_CEILING);
        Self::open_sized(source, named_charset, limits, Sizes { window_bytes: WINDOW_BYTES, row_bytes_max })
    }

    fn open_sized(
        mut source: R,
        named_charset: Option<&str>,
        limits: &Limits,
        sizes: Sizes,
    ) -> Result<Self, ReadProblem> {
        let head = read_head(&mut source)?;
        binary::check(&head)?;
        let charset = charset::settle(&head, named_charset)?;
        let mark_bytes = charset.mark_bytes(&head);
        let delimiter = delimiter_of(&head[mark_bytes..], charset);
        let mut reader = RowReader {
            window: Window::new(Source::new(head, mark_bytes, source, charset), mark_bytes, sizes),
            structurals: Structurals::new(delimiter.byte()),
            record: Record::new(delimiter.byte(), limits.cell_bytes_max, limits.columns_max),
            rewritten: String::new(),
            charset,
            delimiter,
            header: Vec::new(),
            header_raw: Vec::new(),
            row_bytes_max: sizes.row_bytes_max,
            rows_max: limits.rows_max,
            rows: 0,
            line: 1,
            failed: false,
        };
        reader.read_header(limits.columns_max)?;
        Ok(reader)
    }

    /// The header's cells as they stand in the file.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The header's cells without white space around them, as names are compared (contract 12, row 37).
    pub fn header_trimmed(&self) -> impl ExactSizeIterator<Item = &str> {
        self.header.iter().map(|name| name.trim())
    }

    /// The header's bytes as they stand in the file, line end included and byte order mark left out: what a part of
    /// the file must begin with to be a file of its own. The line end is missing if the file ends with the header.
    pub fn header_raw(&self) -> &[u8] {
        &self.header_raw
    }

    /// The charset that was settled on.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// The delimiter that was told by the header.
    pub fn delimiter(&self) -> Delimiter {
        self.delimiter
    }

    /// The next data row, `None` at the end of the file. After an error there are no more rows.
    ///
    /// # Errors
    /// [`ReadProblem::TooManyRows`] and [`ReadProblem::File`]; rows that were whole before it have been given.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<Row<'_>>, ReadProblem> {
        if self.failed {
            return Ok(None);
        }
        match self.next_record() {
            Ok(Some(found)) if self.rows < self.rows_max => {
                self.rows += 1;
                Ok(Some(self.row(found)))
            }
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.fail(ReadProblem::TooManyRows { limit: self.rows_max })),
            Err(problem) => Err(self.fail(problem)),
        }
    }

    #[cold]
    fn fail(&mut self, problem: ReadProblem) -> ReadProblem {
        self.failed = true;
        problem
    }

    fn read_header(&mut self, columns_max: usize) -> Result<(), ReadProblem> {
        let found = self.next_record()?.ok_or(ReadProblem::NoHeader)?;
        let columns = self.record.found;
        let zero = self.zero_in(found);
        let row = self.row(found);
        if let (Some(problem), Some(place)) = (row.problem, row.problem_place()) {
            return Err(ReadProblem::BadHeader { place, problem });
        }
        if columns > columns_max {
            return Err(ReadProblem::TooManyColumns { found: columns, limit: columns_max });
        }
        if let Some(zero) = zero {
            return Err(ReadProblem::NotText { byte: row.byte + row.bytes_before(zero) as u64 });
        }
        let header = row.cells().map(str::to_owned).collect();
        let header_raw = row.raw().unwrap_or_default().to_vec();
        (self.header, self.header_raw) = (header, header_raw);
        self.record.keep(columns);
        Ok(())
    }

    /// The first zero in the text of a record.
    fn zero_in(&self, found: Found) -> Option<usize> {
        let Held::Whole { start, line_end, .. } = found.held else { return None };
        memchr::memchr(0, &self.window.bytes()[start..line_end])
    }

    #[inline]
    fn next_record(&mut self) -> Result<Option<Found>, ReadProblem> {
        loop {
            let start = self.window.start();
            if self.window.ended() && start == self.window.bytes().len() {
                return Ok(None);
            }
            self.record.begin();
            match self.reach(0) {
                Reach::End { line_end, next } => {
                    let is_empty = line_end == start;
                    let found = self.pass(0, line_end, next);
                    if !is_empty {
                        return Ok(Some(found));
                    }
                }
                Reach::Cut { walked } => match self.window.grow()? {
                    Growth::More | Growth::Ended => self.structurals.restart_at(self.window.start()),
                    Growth::Full => return self.stream_past(walked).map(Some),
                },
            }
        }
    }

    /// Walks along the present record, of which `gone` bytes were in earlier windows.
    #[inline(always)]
    fn reach(&mut self, gone: usize) -> Reach {
        let (window, start, ended) = (self.window.bytes(), self.window.start(), self.window.ended());
        match self.record.walk(Part { window, start, gone }, &mut self.structurals) {
            Some(line_end) => match end_of_line(window, line_end, ended) {
                Some(next) => Reach::End { line_end, next },
                None => Reach::Cut { walked: line_end },
            },
            None if !ended => Reach::Cut { walked: window.len() },
            None => Reach::End { line_end: window.len(), next: window.len() },
        }
    }

    /// Ends the record and takes it off the window.
    #[inline(always)]
    fn pass(&mut self, gone: usize, line_end: usize, next: usize) -> Found {
        let start = self.window.start();
        if next > line_end + 1 {
            // The LF of a CRLF must not come up again as an empty line.
            self.structurals.skip_one(next - 1);
        }
        self.record.end(line_end - start + gone, Part { window: self.window.bytes(), start, gone });
        let held = if gone == 0 { Held::Whole { start, line_end, next } } else { Held::FirstCells };
        let lines = self.record.lines();
        let found = Found { line: self.line, extent: self.window.pass(next, gone, lines), held };
        self.line += lines;
        found
    }

    /// Follows a record that is too long to be held to its end, keeping the cells that are known by now.
    #[cold]
    fn stream_past(&mut self, mut walked: usize) -> Result<Found, ReadProblem> {
        let known = &self.window.bytes()[self.window.start()..walked];
        rewrite(known, self.record.spans_mut(), &mut self.rewritten);
        self.record.keep_no_more();
        let mut gone = 0;
        loop {
            gone += walked - self.window.start();
            self.window.drop_to(walked, self.record.inner_lines());
            self.window.grow()?;
            self.structurals.restart_at(self.window.start());
            match self.reach(gone) {
                Reach::Cut { walked: further } => walked = further,
                Reach::End { line_end, next } => return Ok(self.pass(gone, line_end, next)),
            }
        }
    }

    #[inline(always)]
    fn row(&mut self, found: Found) -> Row<'_> {
        let mut fault = self.record.fault.or_else(|| self.wrong_cell_count());
        let mut raw = None;
        let text = match found.held {
            Held::Whole { start, line_end, next } => {
                raw = Some(self.window.raw(start, next));
                let content = &self.window.bytes()[start..line_end];
                match simdutf8::basic::from_utf8(content) {
                    Ok(text) if !self.record.doubled_quotes => text,
                    _ => {
                        // Only this validation tells where the first bad byte is.
                        if let Err(error) = std::str::from_utf8(content) {
                            fault = fault.or_else(|| Some(self.record.undecodable(content, error.valid_up_to())));
                        }
                        rewrite(content, self.record.spans_mut(), &mut self.rewritten);
                        &self.rewritten
                    }
                }
            }
            Held::FirstCells => {
                let problem = RowProblem::RowTooLong { limit: self.row_bytes_max };
                fault = fault.or(Some(Fault { problem, within: Within::default() }));
                &self.rewritten
            }
        };
        Row {
            number: self.rows,
            line: found.line,
            byte: found.extent.byte,
            byte_end: found.extent.byte_end,
            problem: fault.map(|fault| fault.problem),
            within: fault.map_or(Within::default(), |fault| fault.within),
            charset: self.charset,
            raw,
            text,
            spans: self.record.spans(),
        }
    }

    #[inline(always)]
    fn wrong_cell_count(&self) -> Option<Fault> {
        let expected = self.header.len();
        // Without a header it is the header that is being read.
        let is_wrong = expected != 0 && self.record.found != expected;
        is_wrong.then(|| self.record.wrong_cell_count(expected))
    }
}

/// The delimiter, told by the header's text.
fn delimiter_of(head: &[u8], charset: Charset) -> Delimiter {
    if charset.is_utf8() {
        delimiter::detect(head)
    } else {
        delimiter::detect(charset.decode_for_show(head).as_bytes())
    }
}

fn read_head(source: &mut impl Read) -> Result<Vec<u8>, ReadProblem> {
    let mut head = Vec::new();
    source.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Where the line behind a line end begins; `None` if that is not known before more bytes are read.
#[inline(always)]
fn end_of_line(window: &[u8], line_end: usize, ended: bool) -> Option<usize> {
    if window[line_end] == b'\n' {
        return Some(line_end + 1);
    }
    match window.get(line_end + 1) {
        Some(b'\n') => Some(line_end + 2),
        Some(_) => Some(line_end + 1),
        None => ended.then_some(line_end + 1),
    }
}
