//! Every code of the contract in words: what it means, what usually causes it, and what to do (contract sections 2 and 6). The
//! pages of `docs/errors/` and `bulkwright explain` show this table.

use crate::error::{ErrorCode, NEVER_PRODUCED};

mod table;

pub use table::EXPLANATIONS;

/// One code in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code on the wire.
    pub code: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// What usually is behind it.
    pub cause: &'static str,
    /// What to do.
    pub fix: &'static str,
}

impl Explanation {
    /// Rows of the error table that are told under this code.
    pub fn answers(&self) -> impl Iterator<Item = ErrorCode> {
        let code = self.code;
        ErrorCode::ALL.iter().copied().filter(move |error| error.row().code == code)
    }

    /// Why a server of one's own never answers it; `None` if it does.
    pub fn never_because(&self) -> Option<&'static str> {
        NEVER_PRODUCED.iter().find(|never| never.code == self.code).map(|never| never.reason)
    }
}

/// The code in words, whatever its case and whether its words are parted by `_`, `-` or blanks.
pub fn explanation(code: &str) -> Option<&'static Explanation> {
    let asked = plain(code);
    EXPLANATIONS.iter().find(|known| plain(known.code) == asked)
}

/// A code in capitals between `_`.
pub fn plain(code: &str) -> String {
    code.trim().to_uppercase().replace(['-', ' '], "_")
}

/// One code of an ERRORS cell, with the columns that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOfCell {
    /// The code, as it was given.
    pub code: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// Reads `CODE-Column,Column:CODE-Column`, the ERRORS of a row (contract section 6), or a code alone. A header may hold the
/// marks between, so that a part which begins with no known code belongs to the column before it.
pub fn codes_of_cell(text: &str) -> Vec<CodeOfCell> {
    let mut found: Vec<CodeOfCell> = Vec::new();
    for part in text.trim().split(':') {
        match (split_code(part), found.last_mut()) {
            (Some((code, columns)), _) => found.push(CodeOfCell { code, columns: columns_of(columns) }),
            (None, Some(CodeOfCell { columns, .. })) => match columns.last_mut() {
                Some(column) => column.push_str(&format!(":{part}")),
                None => columns.push(part.to_owned()),
            },
            (None, None) => found.push(CodeOfCell { code: part.trim().to_owned(), columns: Vec::new() }),
        }
    }
    found
}

/// The longest known code that a text begins with, and what follows the mark behind it.
fn split_code(part: &str) -> Option<(String, &str)> {
    let part = part.trim_start();
    let ends = part.match_indices('-').map(|(at, _)| at).chain([part.trim_end().len()]);
    let code_end = ends.filter(|&end| explanation(&part[..end]).is_some()).max()?;
    Some((part[..code_end].to_owned(), part.get(code_end + 1..).unwrap_or_default()))
}

fn columns_of(text: &str) -> Vec<String> {
    if text.is_empty() { Vec::new() } else { text.split(',').map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_explained_once() {
        let mut explained = HashSet::new();
        for known in EXPLANATIONS {
            assert!(explained.insert(known.code), "{} is explained twice", known.code);
            for sentence in [known.meaning, known.cause, known.fix] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", known.code);
            }
            assert_eq!(plain(known.code), known.code);
        }
        let of_answers = ErrorCode::ALL.iter().map(|error| error.row().code);
        // What is no word of its own: a shape of three keys, and a line of HTTP.
        let never = NEVER_PRODUCED.iter().map(|never| never.code).filter(|code| plain(code) == *code);
        for code in of_answers.chain(never.filter(|code| !code.contains(','))) {
            assert!(explained.contains(code), "{code} is not explained");
        }
        assert!(EXPLANATIONS.is_sorted_by_key(|known| known.code), "in the order of the alphabet");
    }

    #[test]
    fn codes_are_found_as_people_write_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(explanation(text).map(|known| known.code), expected, "{text}");
        };
        check("INVALID_DATA", Some("INVALID_DATA"));
        check(" invalid-data ", Some("INVALID_DATA"));
        check("Mandatory not found", Some("MANDATORY_NOT_FOUND"));
        check("INVALID", None);
        check("", None);
    }

    #[test]
    fn cells_are_read_whole() {
        let check = |text: &str, expected: &[(&str, &[&str])]| {
            let found = codes_of_cell(text);
            let found: Vec<(&str, Vec<&str>)> =
                found.iter().map(|one| (one.code.as_str(), one.columns.iter().map(String::as_str).collect())).collect();
            let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(code, of)| (*code, of.to_vec())).collect();
            assert_eq!(found, expected, "{text}");
        };
        check(
            "MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email",
            &[("MANDATORY_NOT_FOUND", &["Company", "Last_Name"]), ("DUPLICATE_DATA", &["Email"])],
        );
        check("INVALID_DATA", &[("INVALID_DATA", &[])]);
        check("invalid-data-E-Mail", &[("invalid-data", &["E-Mail"])]);
        check("INVALID_DATA-Time: start", &[("INVALID_DATA", &["Time: start"])]);
        check("RESOURCE_NOT_FOUND:INVALID_DATA-A", &[("RESOURCE_NOT_FOUND", &[]), ("INVALID_DATA", &["A"])]);
        check("NO_SUCH_CODE-A", &[("NO_SUCH_CODE-A", &[])]);
    }
}
