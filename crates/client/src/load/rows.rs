//! Rows of the source, held in one buffer until their verdicts come.

use bulkwright_engine::reader::Row;

/// Bytes of a row that cannot be read which are kept to show it.
const RAW_BYTES_MAX: usize = 64 << 10;

/// Rows in file order.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    text: String,
    /// Where each cell ends in `text`; it begins where the one before it ends.
    cell_ends: Vec<usize>,
    heads: Vec<Head>,
}

/// What is known of a row beside its cells.
#[derive(Debug)]
struct Head {
    line: u64,
    /// Where its cells end in `cell_ends`.
    cells_end: usize,
    refusal: Option<Box<Refused>>,
}

/// Why a row is not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// In words.
    pub(crate) reason: String,
    /// The row as it stands in the file, as far as it can be shown.
    pub(crate) raw: String,
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowView<'a> {
    rows: &'a Rows,
    index: usize,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.heads.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Bytes of all cells.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) fn push(&mut self, row: &Row<'_>) {
        let refusal = row.problem_told().map(|reason| Refused { reason, raw: raw_of(row) });
        self.add(row.line, row.cells(), refusal);
    }

    pub(crate) fn add<'c>(&mut self, line: u64, cells: impl Iterator<Item = &'c str>, refusal: Option<Refused>) {
        for cell in cells {
            self.text.push_str(cell);
            self.cell_ends.push(self.text.len());
        }
        self.heads.push(Head { line, cells_end: self.cell_ends.len(), refusal: refusal.map(Box::new) });
    }

    pub(crate) fn append(&mut self, other: Rows) {
        for row in other.iter() {
            self.add(row.line(), row.cells(), row.refused().cloned());
        }
    }

    /// Keeps the first `len` rows and gives the others.
    pub(crate) fn split_off(&mut self, len: usize) -> Rows {
        let mut rest = Rows::default();
        for row in self.iter().skip(len) {
            rest.add(row.line(), row.cells(), row.refused().cloned());
        }
        self.heads.truncate(len);
        self.cell_ends.truncate(self.heads.last().map_or(0, |head| head.cells_end));
        self.text.truncate(self.cell_ends.last().copied().unwrap_or(0));
        rest
    }

    /// Marks a row as not to be sent.
    pub(crate) fn refuse(&mut self, index: usize, reason: String) {
        self.heads[index].refusal = Some(Box::new(Refused { reason, raw: String::new() }));
    }

    pub(crate) fn get(&self, index: usize) -> RowView<'_> {
        RowView { rows: self, index }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = RowView<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }
}

impl<'a> RowView<'a> {
    /// The physical line where it begins; the header is 1.
    pub(crate) fn line(&self) -> u64 {
        self.rows.heads[self.index].line
    }

    /// Why it is not sent, if it is not.
    pub(crate) fn refused(&self) -> Option<&'a Refused> {
        self.rows.heads[self.index].refusal.as_deref()
    }

    /// A cell; empty where the row has none.
    pub(crate) fn cell(&self, column: usize) -> &'a str {
        let (first, end) = self.bounds();
        let at = first + column;
        if at >= end {
            return "";
        }
        let start = at.checked_sub(1).map_or(0, |before| self.rows.cell_ends[before]);
        &self.rows.text[start..self.rows.cell_ends[at]]
    }

    pub(crate) fn cells(self) -> impl Iterator<Item = &'a str> {
        let (first, end) = self.bounds();
        (0..end - first).map(move |column| self.cell(column))
    }

    fn bounds(&self) -> (usize, usize) {
        let heads = &self.rows.heads;
        let first = self.index.checked_sub(1).map_or(0, |before| heads[before].cells_end);
        (first, heads[self.index].cells_end)
    }
}

fn raw_of(row: &Row<'_>) -> String {
    let raw = row.raw_text(RAW_BYTES_MAX).unwrap_or_default();
    raw.trim_end_matches(['\r', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Rows {
        let mut rows = Rows::default();
        rows.add(2, ["a", "", "c"].into_iter(), None);
        rows.add(3, ["d"].into_iter(), Some(Refused { reason: "short".into(), raw: "d".into() }));
        rows.add(5, ["x", "y", "z"].into_iter(), None);
        rows
    }

    #[test]
    fn rows_come_back_as_they_went_in() {
        let rows = three();
        assert_eq!(rows.get(0).cells().collect::<Vec<_>>(), ["a", "", "c"]);
        assert_eq!(rows.get(1).cells().collect::<Vec<_>>(), ["d"]);
        assert_eq!((rows.get(1).cell(2), rows.get(2).cell(2), rows.get(2).line()), ("", "z", 5));
        assert!(rows.get(1).refused().is_some() && rows.get(2).refused().is_none());
    }

    #[test]
    fn splitting_loses_nothing() {
        for at in 0..=3 {
            let mut first = three();
            let rest = first.split_off(at);
            assert_eq!((first.len(), rest.len()), (at, 3 - at));
            first.append(rest);
            let text =
                |rows: &Rows| rows.iter().map(|row| row.cells().collect::<Vec<_>>().join("|")).collect::<Vec<_>>();
            assert_eq!(text(&first), text(&three()), "split at {at}");
        }
    }
}
