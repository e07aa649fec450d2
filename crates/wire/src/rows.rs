//! Our own full result of a job, under [`crate::path::JOBS`] (contract 12, row 59): `…/{id}/rows` tells each row with all
//! that is wrong with it, `…/{id}/summary` how often what is wrong. The same types write and read; keys are only ever added.

use serde::{Deserialize, Serialize};

use crate::own::CountsView;

/// Rows of a page unless another number is asked for.
pub const PAGE_ROWS: u32 = 200;
/// Rows of one page.
pub const PAGE_ROWS_MAX: u32 = 2_000;

/// The form that rows are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsFormat {
    /// A page: a [`RowsPage`].
    Json,
    /// All rows that are asked for, a [`RowView`] a line.
    JsonLines,
    /// All rows that are asked for under [`CSV_HEADER`]: a line for each error, and one for a row without any.
    Csv,
}

impl RowsFormat {
    /// All of them, the one that holds if nothing is said first.
    pub const ALL: [RowsFormat; 3] = [RowsFormat::Json, RowsFormat::JsonLines, RowsFormat::Csv];

    /// Its word in `format=`.
    pub fn as_str(self) -> &'static str {
        match self {
            RowsFormat::Json => "json",
            RowsFormat::JsonLines => "jsonl",
            RowsFormat::Csv => "csv",
        }
    }

    /// Its media type.
    pub fn content_type(self) -> &'static str {
        match self {
            RowsFormat::Json => "application/json",
            RowsFormat::JsonLines => "application/x-ndjson",
            RowsFormat::Csv => "text/csv;charset=utf-8",
        }
    }

    /// The form of this word.
    pub fn parse(word: &str) -> Option<RowsFormat> {
        RowsFormat::ALL.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(word))
    }

    /// The first form that an `Accept` names; weights are not looked at.
    pub fn accepted(accept: &str) -> Option<RowsFormat> {
        accept.split(',').find_map(|offer| {
            let media = offer.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            match media.as_str() {
                "application/json" => Some(RowsFormat::Json),
                "application/x-ndjson" | "application/jsonl" | "application/jsonlines" => Some(RowsFormat::JsonLines),
                "text/csv" => Some(RowsFormat::Csv),
                _ => None,
            }
        })
    }
}

/// The columns of the CSV form.
pub const CSV_HEADER: [&str; 12] =
    ["row", "line", "byte", "status", "record_id", "code", "reason", "column", "field", "value", "message", "advice"];

/// `GET /_bulkwright/jobs/{id}/rows`: in file order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsPage {
    /// The job.
    pub job: RowsJob,
    /// Whether the upload could be read beside the verdicts.
    pub upload: UploadState,
    /// The rows.
    pub rows: Vec<RowView>,
    /// Where the page stands.
    pub info: RowsInfo,
}

/// The job that rows are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsJob {
    /// Its id.
    pub id: String,
    /// `ADDED`, `INPROGRESS`, `COMPLETED` or `FAILED`: until one of the latter two, more rows may come.
    pub status: String,
}

/// Whether the upload is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadState {
    /// If not, lines, bytes, columns and values are null, and rows without a verdict are not told.
    pub available: bool,
    /// Why not; null if it is.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Where a page of rows stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsInfo {
    /// Rows here.
    pub count: u32,
    /// Whether there are more.
    pub more_records: bool,
    /// The `from` of the next page; null at the end.
    #[serde(default)]
    pub next_from: Option<u64>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowView {
    /// Which data row it is, from 1.
    pub row: u64,
    /// The physical line where it begins; the header's is 1.
    #[serde(default)]
    pub line: Option<u64>,
    /// The byte of the unzipped file where it begins, from 0.
    #[serde(default)]
    pub byte: Option<u64>,
    /// `ADDED`, `UPDATED`, `SKIPPED` or `UNPROCESSED`.
    pub status: String,
    /// The record that was made or changed.
    #[serde(default)]
    pub record_id: Option<String>,
    /// What is wrong with it.
    #[serde(default)]
    pub errors: Vec<RowError>,
}

/// One thing wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// The vendor's code, `INVALID_DATA`.
    pub code: String,
    /// Why exactly, `not_an_email`.
    pub reason: String,
    /// The column, as the header names it.
    #[serde(default)]
    pub column: Option<String>,
    /// API name of the field.
    #[serde(default)]
    pub field: Option<String>,
    /// What stands there, cut and with control characters written out.
    #[serde(default)]
    pub value: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do, in one sentence.
    pub advice: String,
}

/// `GET /_bulkwright/jobs/{id}/summary`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsSummary {
    /// The job.
    pub job: RowsJob,
    /// Whether the upload could be read beside the verdicts.
    pub upload: UploadState,
    /// Rows that are settled.
    pub counts: CountsView,
    /// What is wrong, the most frequent first.
    pub groups: Vec<RowsGroup>,
    /// Kinds of errors beside those, which are not told.
    pub groups_left_off: u32,
}

/// Rows with one and the same error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsGroup {
    /// How many.
    pub rows: u64,
    /// The vendor's code.
    pub code: String,
    /// Why exactly.
    pub reason: String,
    /// The column, as the header names it.
    #[serde(default)]
    pub column: Option<String>,
    /// API name of the field.
    #[serde(default)]
    pub field: Option<String>,
    /// What is wrong, in words.
    pub message: String,
    /// What to do, in one sentence.
    pub advice: String,
    /// The first of them.
    pub example: RowsExample,
}

/// The first row of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsExample {
    /// Which data row it is, from 1.
    pub row: u64,
    /// The physical line where it begins.
    #[serde(default)]
    pub line: Option<u64>,
    /// What stands in it.
    #[serde(default)]
    pub value: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> RowError {
        RowError {
            code: "INVALID_DATA".into(),
            reason: "not_an_email".into(),
            column: Some("Mail".into()),
            field: Some("Email".into()),
            value: Some("bad".into()),
            message: "the value is no e-mail address".into(),
            advice: "Write an address like name@example.com.".into(),
        }
    }

    #[test]
    fn a_row_has_these_keys_in_this_order() {
        let row = RowView {
            row: 2,
            line: Some(3),
            byte: Some(41),
            status: "SKIPPED".into(),
            record_id: None,
            errors: vec![error()],
        };
        let text = serde_json::to_string(&row).unwrap();
        insta::assert_snapshot!(text, @r#"{"row":2,"line":3,"byte":41,"status":"SKIPPED","record_id":null,"errors":[{"code":"INVALID_DATA","reason":"not_an_email","column":"Mail","field":"Email","value":"bad","message":"the value is no e-mail address","advice":"Write an address like name@example.com."}]}"#);
        assert_eq!(serde_json::from_str::<RowView>(&text).unwrap(), row);
    }

    #[test]
    fn what_a_newer_server_tells_is_read() {
        let row = r#"{"row":1,"status":"ADDED","new":[]}"#;
        assert_eq!(serde_json::from_str::<RowView>(row).unwrap().errors, []);
    }

    #[test]
    fn forms_are_asked_for_by_word_and_by_media_type() {
        let check = |accept: &str, expected| assert_eq!(RowsFormat::accepted(accept), expected, "{accept}");
        check("text/csv", Some(RowsFormat::Csv));
        check("text/html, TEXT/CSV;q=0.9, application/json", Some(RowsFormat::Csv));
        check("application/x-ndjson", Some(RowsFormat::JsonLines));
        check("*/*", None);
        check("", None);
        assert_eq!(RowsFormat::parse("JSONL"), Some(RowsFormat::JsonLines));
        assert_eq!(RowsFormat::parse("xml"), None);
    }
}
