//! Where the cells of one record begin and end: the rules of quoting, and nothing else.
//!
//! Places are counted from the record's first byte, so that a record too long for the memory is followed through
//! any number of windows by the same rules.

use super::line_ends;
use super::place::Within;
use super::row::RowProblem;
use super::structurals::Structurals;

/// Where a cell's content stands, quotes taken off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn between(start: usize, end: usize) -> Self {
        // A span past 4 GiB belongs to a record that is streamed past, whose cells are not kept from there on.
        let place = |place| u32::try_from(place).unwrap_or(u32::MAX);
        Span { start: place(start), end: place(end) }
    }

    /// The cell's bytes in its record.
    pub(super) fn of(self, record: &[u8]) -> &[u8] {
        record.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Whether quotes were taken off: before the content of any other cell stands a delimiter, or nothing.
    pub(super) fn is_quoted_in(self, record: &[u8]) -> bool {
        self.start.checked_sub(1).and_then(|before| record.get(before as usize)) == Some(&b'"')
    }
}

/// The part of a record that is in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'w> {
    pub(super) window: &'w [u8],
    /// Where this part begins in the window.
    pub(super) start: usize,
    /// Bytes of the record before this part, which are gone.
    pub(super) gone: usize,
}

/// The state of reading one record, reused for all.
#[derive(Debug)]
pub(super) struct Record {
    delimiter: u8,
    cell_bytes_max: usize,
    in_quotes: bool,
    /// The present cell began with a quote.
    quoted: bool,
    cell_start: usize,
    /// Line ends before the present cell, if it began with a quote; otherwise there are none in it.
    lines_before_cell: u64,
    last_quote: usize,
    carriage_return: Option<usize>,
    columns: usize,
    spans: Vec<Span>,
    /// Cells met, kept or not.
    pub(super) found: usize,
    /// Some cell has doubled quotes in it.
    pub(super) doubled_quotes: bool,
    /// Line ends inside quotes.
    inner_lines: u64,
    /// Where the first cell begins that is not kept, if there is one.
    surplus: Within,
    /// Bytes of the whole record without its line end.
    text_bytes: usize,
    /// The first thing found wrong.
    pub(super) fault: Option<Fault>,
}

/// What is wrong with a record, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) problem: RowProblem,
    pub(super) within: Within,
}

impl Record {
    /// Keeps this many cells of each record.
    pub(super) fn new(delimiter: u8, cell_bytes_max: usize, columns: usize) -> Self {
        Record {
            delimiter,
            cell_bytes_max,
            in_quotes: false,
            quoted: false,
            cell_start: 0,
            lines_before_cell: 0,
            last_quote: 0,
            carriage_return: None,
            columns,
            spans: vec![Span::default(); columns],
            found: 0,
            doubled_quotes: false,
            inner_lines: 0,
            surplus: Within::default(),
            text_bytes: 0,
            fault: None,
        }
    }

    /// From the next record on this many cells are kept.
    pub(super) fn keep(&mut self, columns: usize) {
        self.columns = columns;
    }

    /// Keeps no further cells of the present record.
    pub(super) fn keep_no_more(&mut self) {
        self.spans.truncate(self.found);
    }

    /// The cells that were met and kept.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans[..self.found.min(self.spans.len())]
    }

    pub(super) fn spans_mut(&mut self) -> &mut [Span] {
        let kept = self.found.min(self.spans.len());
        &mut self.spans[..kept]
    }

    #[inline(always)]
    pub(super) fn begin(&mut self) {
        if self.spans.len() != self.columns {
            self.spans.resize(self.columns, Span::default());
        }
        self.in_quotes = false;
        self.quoted = false;
        self.cell_start = 0;
        self.carriage_return = None;
        self.found = 0;
        self.doubled_quotes = false;
        self.inner_lines = 0;
        self.fault = None;
    }

    /// Goes through a part of the record up to the line end that ends it, and tells that one's place in the window.
    #[inline(always)]
    pub(super) fn walk(&mut self, part: Part<'_>, structurals: &mut Structurals) -> Option<usize> {
        while let Some(place) = structurals.next(part.window) {
            let here = place - part.start + part.gone;
            let byte = part.window[place];
            if byte == b'"' {
                self.quote(here);
            } else if self.in_quotes {
                self.line_end_inside(byte, here);
            } else if byte == self.delimiter {
                self.end_cell(here, part);
            } else {
                return Some(place);
            }
        }
        None
    }

    /// Physical lines of the whole record.
    #[inline(always)]
    pub(super) fn lines(&self) -> u64 {
        1 + self.inner_lines
    }

    /// Line ends of the record that were met so far.
    pub(super) fn inner_lines(&self) -> u64 {
        self.inner_lines
    }

    /// The fault of a record whose text is broken at a place.
    #[cold]
    pub(super) fn undecodable(&self, text: &[u8], place: usize) -> Fault {
        let column = self.spans().iter().take_while(|span| (span.end as usize) <= place).count();
        let within = Within { text_bytes: place, lines: line_ends::count(&text[..place]) };
        Fault { problem: RowProblem::Undecodable { column }, within }
    }

    /// The fault of a record with another number of cells than `expected`, which are as many as are kept.
    #[cold]
    pub(super) fn wrong_cell_count(&self, expected: usize) -> Fault {
        let found = self.found;
        if found > expected {
            return Fault { problem: RowProblem::TooManyCells { found, expected }, within: self.surplus };
        }
        let within = Within { text_bytes: self.text_bytes, lines: self.inner_lines };
        Fault { problem: RowProblem::TooFewCells { found, expected }, within }
    }

    /// Ends the last cell, at the record's line end or the end of the file.
    #[inline(always)]
    pub(super) fn end(&mut self, here: usize, part: Part<'_>) {
        self.text_bytes = here;
        if self.in_quotes {
            self.leave_open(here);
        } else {
            self.end_cell(here, part);
        }
    }

    #[inline(always)]
    fn quote(&mut self, here: usize) {
        if self.in_quotes {
            self.in_quotes = false;
            self.last_quote = here;
        } else if self.quoted {
            // Right behind a closing quote it is the second half of a doubled one; later it is only more text there.
            let doubled = here == self.last_quote + 1;
            self.in_quotes = doubled;
            self.doubled_quotes |= doubled;
        } else if here == self.cell_start {
            self.in_quotes = true;
            self.quoted = true;
            self.lines_before_cell = self.inner_lines;
        }
    }

    fn line_end_inside(&mut self, byte: u8, here: usize) {
        match byte {
            b'\r' => {
                self.inner_lines += 1;
                self.carriage_return = Some(here);
            }
            b'\n' if self.carriage_return.is_none_or(|before| before + 1 != here) => self.inner_lines += 1,
            _ => {}
        }
    }

    #[inline(always)]
    fn end_cell(&mut self, here: usize, part: Part<'_>) {
        let (start, end) = match self.quoted {
            true => self.quoted_content(here, part),
            false => (self.cell_start, here),
        };
        if end - start > self.cell_bytes_max {
            self.note(RowProblem::CellTooLong { column: self.found }, self.cell_within());
        }
        match self.spans.get_mut(self.found) {
            Some(span) => *span = Span::between(start, end),
            None => self.pass_over(),
        }
        self.found += 1;
        self.cell_start = here + 1;
        self.quoted = false;
    }

    /// The content of a quoted cell that ends at `here`; the whole cell as it stands if text follows its quote.
    #[inline(always)]
    fn quoted_content(&mut self, here: usize, part: Part<'_>) -> (usize, usize) {
        if self.last_quote + 1 != here && !is_blank(part, self.last_quote + 1, here) {
            let within = Within { text_bytes: self.last_quote + 1, lines: self.inner_lines };
            self.note(RowProblem::TextAfterQuote { column: self.found }, within);
            return (self.cell_start, here);
        }
        (self.cell_start + 1, self.last_quote)
    }

    /// The open cell's content is the rest of the file; nobody wants to see that as a cell.
    #[cold]
    fn leave_open(&mut self, here: usize) {
        // It outranks whatever else was found: all that follows it is a consequence.
        let problem = RowProblem::OpenQuote { column: self.found };
        self.fault = Some(Fault { problem, within: self.cell_within() });
        if let Some(span) = self.spans.get_mut(self.found) {
            *span = Span::between(here, here);
        }
        self.found += 1;
    }

    /// The present cell is one too many.
    #[cold]
    fn pass_over(&mut self) {
        if self.found == self.columns {
            self.surplus = self.cell_within();
        }
    }

    /// Where the present cell begins.
    fn cell_within(&self) -> Within {
        let lines = if self.quoted { self.lines_before_cell } else { self.inner_lines };
        Within { text_bytes: self.cell_start, lines }
    }

    #[cold]
    fn note(&mut self, problem: RowProblem, within: Within) {
        self.fault.get_or_insert(Fault { problem, within });
    }
}

/// Whether only blanks stand between two places of the record. What is not in memory any more is no blank.
#[cold]
fn is_blank(part: Part<'_>, from: usize, to: usize) -> bool {
    let in_window = |place: usize| place.checked_sub(part.gone).map(|place| place + part.start);
    let between = in_window(from).zip(in_window(to)).and_then(|(from, to)| part.window.get(from..to));
    between.is_some_and(|bytes| bytes.iter().all(|byte| matches!(byte, b' ' | b'\t')))
}
