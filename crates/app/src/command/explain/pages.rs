//! The pages of docs/errors are what `explain` says, and a test holds them to it. `WRITE_PAGES=1` with that test writes them
//! anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bulkwright_client::api_words::Evidence;
use bulkwright_client::api_words::explain::{EXPLANATIONS, Explanation};
use bulkwright_engine::import::FailureCode;
use bulkwright_engine::verdict::RowCode;

use super::told::{PAGES, Told};

/// All pages by their file names.
fn pages() -> BTreeMap<String, String> {
    let mut pages: BTreeMap<_, _> =
        EXPLANATIONS.iter().map(|known| (format!("{}.md", known.code), page(known))).collect();
    pages.insert("README.md".to_owned(), index());
    pages
}

fn index() -> String {
    let rows = EXPLANATIONS.iter().map(|known| format!("| [`{0}`]({0}.md) | {1} |\n", known.code, known.meaning));
    format!(
        "# Codes\n\nEvery code that the API answers or gives a row, with its meaning, its usual cause and what to do. The same \
         without a browser:\n`bulkwright explain CODE`. What is behind the code of a row is told by `bulkwright job rows ID` and \
         `GET /_bulkwright/jobs/{{job_id}}/rows`.\n\n| code | meaning |\n|---|---|\n{}",
        rows.collect::<String>()
    )
}

fn page(known: &'static Explanation) -> String {
    let told = Told { explanation: known, columns: Vec::new() };
    let Explanation { code, meaning, cause, fix } = *known;
    let mut page = format!("# {code}\n\n{meaning}\n\n**Usual cause.** {cause}\n\n**What to do.** {fix}\n");
    if let Some(why) = known.never_because() {
        page.push_str(&format!("\nThe vendor's cloud says it; a server of your own never does: {why}.\n"));
    }
    let answers: Vec<_> = known.answers().map(|error| error.row()).collect();
    if !answers.is_empty() {
        page.push_str("\n## Answers\n\n| HTTP | text | how sure |\n|---|---|---|\n");
        answers
            .iter()
            .for_each(|row| page.push_str(&format!("| {} | {} | {} |\n", row.http, row.message, word(row.evidence))));
    }
    let reasons = told.reasons();
    if !reasons.is_empty() {
        page.push_str("\n## Reasons\n\nWhy a row has it, as `bulkwright job rows` tells.\n\n");
        page.push_str("| reason | what is wrong | what to do |\n|---|---|---|\n");
        reasons.iter().map(|reason| reason.words()).for_each(|words| {
            page.push_str(&format!("| `{}` | {} | {} |\n", words.name, words.message, words.advice));
        });
    }
    page.push_str("\n[All codes](README.md)\n");
    page
}

fn word(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Wire => "seen on the wire",
        Evidence::Source => "the vendor's source",
        Evidence::Docs => "the vendor's docs",
        Evidence::Ours => "our own words",
    }
}

#[test]
fn the_pages_say_what_explain_says() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(PAGES);
    if std::env::var_os("WRITE_PAGES").is_some() {
        fs_err::create_dir_all(&folder).unwrap();
        pages().iter().for_each(|(name, text)| fs_err::write(folder.join(name), text).unwrap());
    }
    let found = fs_err::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
    let found: BTreeMap<String, String> = found
        .map(|entry| (entry.file_name().into_string().unwrap(), fs_err::read_to_string(entry.path()).unwrap()))
        .collect();
    let expected = pages();
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    for (name, text) in &expected {
        assert_eq!(&found[name], text, "{name}; WRITE_PAGES=1 writes it anew");
    }
}

#[test]
fn what_rows_and_failed_files_are_told_is_explained() {
    let codes = RowCode::ALL.map(RowCode::as_str);
    let failures = [FailureCode::FileNotSupported, FailureCode::LimitExceeded].map(FailureCode::as_str);
    for code in codes.into_iter().chain(failures) {
        assert!(EXPLANATIONS.iter().any(|known| known.code == code), "{code}");
    }
}
