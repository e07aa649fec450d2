//! The torture corpus of `tests/corpus`: each case is imported as a job is, and what is told of it is compared with what
//! stands beside it. `BULKWRIGHT_REWRITE_CORPUS=1` writes that again, to be looked at.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod case;
mod counted;
mod org;
mod told;

use std::path::Path;

use case::Case;
use org::Org;

/// The cases of one group, in order. All are run before the first difference ends the test.
fn check(group: &str) {
    let differing: Vec<String> = case::of_group(group).iter().filter_map(differs).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// What differs from the expected result, if anything does.
fn differs(case: &Case) -> Option<String> {
    let told = Org::new().run(case);
    let path = case.expected();
    if std::env::var_os("BULKWRIGHT_REWRITE_CORPUS").is_some() {
        std::fs::write(&path, &told).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    (told != expected).then(|| first_difference(&path, &told, &expected))
}

fn first_difference(path: &Path, told: &str, expected: &str) -> String {
    let lines = told.lines().map(Some).chain(std::iter::repeat(None));
    let others = expected.lines().map(Some).chain([None]);
    let (number, (is, should)) =
        (1..).zip(lines.zip(others)).find(|(_, (is, should))| is != should).unwrap_or_default();
    format!("{}:{number}: expected {should:?}, but it is {is:?}", path.display())
}

#[test]
fn quoting() {
    check("quoting");
}

#[test]
fn charsets() {
    check("charsets");
}

#[test]
fn widths() {
    check("widths");
}

#[test]
fn dates() {
    check("dates");
}

#[test]
fn numbers() {
    check("numbers");
}

#[test]
fn values() {
    check("values");
}

#[test]
fn matching() {
    check("matching");
}

#[test]
fn zips() {
    check("zips");
}

#[test]
fn every_file_belongs_to_a_case() {
    for group in std::fs::read_dir(case::corpus()).unwrap().map(|entry| entry.unwrap().path()) {
        let Some(name) = group.file_name().and_then(|name| name.to_str()).filter(|_| group.join("cases.json").exists())
        else {
            continue;
        };
        let mut known: Vec<_> = case::of_group(name).iter().flat_map(Case::files).collect();
        known.push(group.join("cases.json"));
        for file in std::fs::read_dir(&group).unwrap().map(|entry| entry.unwrap().path()) {
            assert!(known.contains(&file), "{} belongs to no case", file.display());
        }
    }
}
