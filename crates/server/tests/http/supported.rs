//! SUPPORT.md is held to the source: what it names is there, and what is there has a row.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bulkwright_wire::error::{ErrorCode, NEVER_PRODUCED};
use bulkwright_wire::path::{ENDPOINTS, OWN_ENDPOINTS};
use bulkwright_wire::version::{Difference, Version};

/// What a cell of a version, or of no version, may say.
const SERVED: [&str; 3] = ["Y", "partial", "no"];
const GRADES: [&str; 4] = ["wire", "source", "docs", "ours"];
/// The columns of what is never answered.
const NEVER: [&str; 4] = ["code", "listed", "evidence", "reason"];

/// One row of a table, by the names of its columns.
struct Row {
    columns: Vec<String>,
    cells: Vec<String>,
}

impl Row {
    fn cell(&self, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|known| known == column)?;
        self.cells.get(at).map(String::as_str)
    }

    fn name(&self) -> &str {
        &self.cells[0]
    }

    /// The first thing between backquotes.
    fn key(&self) -> &str {
        self.name().split('`').nth(1).unwrap_or_default()
    }
}

#[test]
fn every_table_has_all_its_columns_and_every_cell_a_word_of_its_own() {
    let versions: Vec<&str> = Version::ALL.iter().map(|version| version.as_str()).collect();
    for row in rows() {
        assert_eq!(row.cells.len(), row.columns.len(), "{}", row.name());
        assert!(row.cells.iter().all(|cell| !cell.is_empty()), "{} leaves a cell empty", row.name());
        assert!(GRADES.contains(&row.cell("evidence").unwrap()), "{}: {:?}", row.name(), row.cell("evidence"));
        let columns: Vec<&str> = row.columns[1..].iter().map(String::as_str).collect();
        if columns == NEVER[1..] {
            continue;
        }
        let (served, rest) = columns.split_at(columns.len() - 2);
        assert_eq!(rest, ["evidence", "test"], "{}", row.name());
        assert!(served == versions || served == ["served"], "{}: {served:?}", row.name());
        for column in served {
            assert!(SERVED.contains(&row.cell(column).unwrap()), "{} {column}", row.name());
        }
    }
}

#[test]
fn every_endpoint_and_every_error_has_a_row() {
    let rows = rows();
    let keys_under = |first: &str| -> BTreeSet<String> {
        rows.iter().filter(|row| row.columns[0] == first).map(|row| row.key().to_owned()).collect()
    };
    let told: BTreeSet<String> = rows.iter().map(|row| row.key().to_owned()).collect();
    let of_the_api = ENDPOINTS.iter().map(|row| format!("{} {}", row.method, row.template));
    let own = OWN_ENDPOINTS.iter().map(|row| format!("{} {}", row.method, row.template));
    let served: BTreeSet<String> = of_the_api.chain(own).collect();
    let missing: Vec<_> = served.difference(&told).collect();
    assert!(missing.is_empty(), "SUPPORT.md has no row for {missing:?}");
    let gone: Vec<_> = told.iter().filter(|key| key.contains(" /") && !served.contains(*key)).collect();
    assert!(gone.is_empty(), "SUPPORT.md has rows for {gone:?}, which are not served");
    let errors: BTreeSet<String> = ErrorCode::ALL.iter().map(|code| format!("{code:?}")).collect();
    assert_eq!(keys_under("error"), errors);
}

/// The code and the grade of an error are those of the table.
#[test]
fn errors_are_told_as_the_table_has_them() {
    let rows = rows();
    for &code in ErrorCode::ALL {
        let (name, row) = (format!("{code:?}"), code.row());
        let told = rows.iter().find(|told| told.columns[0] == "error" && told.key() == name);
        let told = told.unwrap_or_else(|| panic!("SUPPORT.md has no row for {name}"));
        let word = serde_json::to_value(row.evidence).unwrap();
        assert_eq!(told.cell("evidence"), word.as_str(), "{name}");
        let sent = if code == ErrorCode::LinkNotValid { row.message } else { row.code };
        let expected = format!("{} `{sent}`", row.http);
        assert!(told.name().contains(&expected), "{} lacks {expected}", told.name());
        for version in Version::ALL {
            let is_told = told.cell(version.as_str()) != Some("no");
            assert!(!is_told || code.in_version(version) == code, "{name} is none of {version}");
        }
    }
}

#[test]
fn every_difference_of_the_versions_is_told_as_the_table_has_it() {
    let rows = rows();
    for &difference in Difference::ALL {
        let (name, row) = (format!("{difference:?}"), difference.row());
        let told = rows.iter().find(|told| told.columns[0] == "difference" && told.key() == name);
        let told = told.unwrap_or_else(|| panic!("SUPPORT.md has no row for {name}"));
        assert_eq!(told.name(), format!("`{name}`: {}", row.text));
        assert_eq!(told.cell("evidence"), serde_json::to_value(row.evidence).unwrap().as_str(), "{name}");
        for version in Version::ALL {
            let expected = if version.has(difference) { "Y" } else { "no" };
            assert_eq!(told.cell(version.as_str()), Some(expected), "{name} {version}");
        }
    }
}

#[test]
fn what_is_never_answered_is_told_with_the_reason_of_the_table() {
    let rows = rows();
    for never in NEVER_PRODUCED {
        let told = rows.iter().find(|told| told.columns == NEVER && told.name() == format!("`{}`", never.code));
        let told = told.unwrap_or_else(|| panic!("SUPPORT.md has no row for {}", never.code));
        let cells = [never.listed, never.reason].map(Some);
        assert_eq!([told.cell("listed"), told.cell("reason")], cells, "{}", never.code);
    }
}

#[test]
fn every_test_that_is_named_is_there() {
    let mut seen = 0;
    for row in rows() {
        let Some(cell) = row.cell("test") else { continue };
        for name in cell.split(',').map(|name| name.trim().trim_matches('`')) {
            assert!(is_there(name), "{}: there is no {name}", row.name());
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn what_is_not_there_is_noticed() {
    for name in ["server::http::supported::no_such_test", "wire::nothing::a_test", "tests/no-such-script", "supported"]
    {
        assert!(!is_there(name), "{name}");
    }
    for name in
        ["server::http::supported::what_is_not_there_is_noticed", "wire::path::tests::urls_fit_the_table", "test"]
    {
        assert!(is_there(name), "{name}");
    }
}

/// Whether a test, `crate::module::name`, or else a script or file of the repository is there.
fn is_there(name: &str) -> bool {
    let parts: Vec<&str> = name.split("::").collect();
    let [package, modules @ .., test] = parts.as_slice() else { return root().join(name).is_file() };
    let folder = root().join("crates").join(package);
    // A module `tests` is mostly inside the file that it tests.
    let inside = modules.strip_suffix(&["tests"]).unwrap_or(modules);
    let files = [modules, inside].map(|modules| format!("{}.rs", modules.join("/")));
    let places = ["src", "tests"].iter().flat_map(|place| files.each_ref().map(|file| folder.join(place).join(file)));
    places.filter_map(|file| fs::read_to_string(file).ok()).any(|source| has_test(&source, test))
}

/// Whether a test of that name stands in the source: an attribute that makes it one, and the function right behind.
fn has_test(source: &str, name: &str) -> bool {
    let wanted = [format!("fn {name}("), format!("async fn {name}(")];
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().filter(|(_, line)| wanted.iter().any(|start| line.starts_with(start))).any(|(at, _)| {
        let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
        attributes.into_iter().any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// All rows of all tables.
fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("SUPPORT.md")).unwrap();
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for line in text.lines() {
        if !line.starts_with('|') {
            columns.clear();
        } else if columns.is_empty() {
            columns = cells(line);
        } else if !line.starts_with("|---") {
            rows.push(Row { columns: columns.clone(), cells: cells(line) });
        }
    }
    assert!(rows.len() > 100, "{}", rows.len());
    rows
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
    inner.replace("\\|", "\u{0}").split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
