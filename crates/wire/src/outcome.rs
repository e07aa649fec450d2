//! The result CSV's words (contract section 6; 12, rows 15, 16, 33).

/// The three columns after the echoed ones, in order.
pub const COLUMNS: [&str; 3] = ["STATUS", "RECORD_ID", "ERRORS"];
/// Mapped columns that are echoed before them.
pub const ECHOED_COLUMNS: usize = 3;

/// What became of a row, on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowStatus {
    /// A record was made.
    Added,
    /// A record was changed.
    Updated,
    /// Nothing was written, and ERRORS says why.
    Skipped,
    /// Its turn never came.
    Unprocessed,
}

impl RowStatus {
    /// The wire's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            RowStatus::Added => "ADDED",
            RowStatus::Updated => "UPDATED",
            RowStatus::Skipped => "SKIPPED",
            RowStatus::Unprocessed => "UNPROCESSED",
        }
    }

    /// Reads the wire's spelling in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [RowStatus::Added, RowStatus::Updated, RowStatus::Skipped, RowStatus::Unprocessed];
        all.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(text.trim()))
    }
}

/// One code of an ERRORS cell with the columns it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError<'a> {
    /// `MANDATORY_NOT_FOUND`
    pub code: &'a str,
    /// Header texts as they stand in the cell; none for a row that could not be read. Headers that hold `,`
    /// themselves cannot be told apart and come in pieces.
    pub columns: Vec<&'a str>,
}

/// Reads an ERRORS cell: `CODE-Column,Column:CODE-Column`. A piece after `:` that does not begin with a code belongs to
/// the column before it (headers may hold a colon).
pub fn parse_errors(cell: &str) -> Vec<RowError<'_>> {
    let mut errors = Vec::new();
    for piece in pieces(cell) {
        let (code, columns) = match piece.split_once('-') {
            Some((code, columns)) => (code, columns.split(',').collect()),
            None => (piece, Vec::new()),
        };
        errors.push(RowError { code, columns });
    }
    errors
}

fn pieces(cell: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for (at, _) in cell.match_indices(':') {
        if begins_with_code(&cell[at + 1..]) {
            pieces.push(&cell[start..at]);
            start = at + 1;
        }
    }
    if start < cell.len() {
        pieces.push(&cell[start..]);
    }
    pieces
}

fn begins_with_code(text: &str) -> bool {
    let code = text.split(['-', ':']).next().unwrap_or_default();
    code.len() > 3 && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_as_documented() {
        let check = |cell: &str, expected: &[(&str, &[&str])]| {
            let found = parse_errors(cell);
            let found: Vec<_> = found.iter().map(|error| (error.code, error.columns.as_slice())).collect();
            assert_eq!(found, expected, "{cell}");
        };
        check("", &[]);
        check("INVALID_DATA", &[("INVALID_DATA", &[])]);
        check("MANDATORY_NOT_FOUND-Company", &[("MANDATORY_NOT_FOUND", &["Company"])]);
        check(
            "MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email",
            &[("MANDATORY_NOT_FOUND", &["Company", "Last_Name"]), ("DUPLICATE_DATA", &["Email"])],
        );
        check("INVALID_DATA-E-mail: work", &[("INVALID_DATA", &["E-mail: work"])]);
    }

    #[test]
    fn statuses_are_read_in_any_case() {
        assert_eq!(RowStatus::parse("added"), Some(RowStatus::Added));
        assert_eq!(RowStatus::parse(" SKIPPED "), Some(RowStatus::Skipped));
        assert_eq!(RowStatus::parse("DONE"), None);
    }
}
