//! Creating a job: what the request says, read with the vendor's refusals, and the answer (contract 1.4, 2.5, 3).

mod read;

use serde::{Deserialize, Serialize};

use crate::details::{Callback, CreatedBy, DefaultValue};
use crate::error::ErrorBody;
use crate::version::Version;

/// A create-job request whose shape is right. What its names mean is the server's to check.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateRequest {
    /// The charset; detected if absent.
    pub character_encoding: Option<String>,
    /// `insert`, `update` or `upsert`.
    pub operation: Operation,
    /// The top level's word on empty cells.
    pub ignore_empty: Option<bool>,
    /// Where to tell of the end.
    pub callback: Option<Callback>,
    /// What is written where; at least one.
    pub resource: Vec<CreateResource>,
}

/// What happens to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Rows become records.
    Insert,
    /// Records are changed.
    Update,
    /// Either.
    Upsert,
}

impl Operation {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Insert => "insert",
            Operation::Update => "update",
            Operation::Upsert => "upsert",
        }
    }

    /// Reads the wire's word.
    pub fn parse(text: &str) -> Option<Self> {
        [Operation::Insert, Operation::Update, Operation::Upsert].into_iter().find(|word| word.as_str() == text)
    }
}

/// One resource of the request.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateResource {
    /// API name of the module: from a string or an object, in every version.
    pub module: String,
    /// The upload, as written.
    pub file_id: String,
    /// Names of CSVs inside the zip (v5 and later).
    pub file_names: Vec<String>,
    /// The resource's word on empty cells.
    pub ignore_empty: Option<bool>,
    /// The field that matches rows to records.
    pub find_by: Option<String>,
    /// Columns to fields; empty means by header.
    pub field_mappings: Vec<CreateMapping>,
}

/// One mapping of the request.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateMapping {
    /// The field.
    pub api_name: String,
    /// The column; negative ones are read and refused later, by their own code.
    pub index: Option<i64>,
    /// A date or number pattern.
    pub format: Option<String>,
    /// How a look-up is resolved.
    pub find_by: Option<String>,
    /// Where a look-up is resolved.
    pub module: Option<String>,
    /// What an empty cell becomes.
    pub default_value: Option<DefaultValue>,
    /// The parent's column in a job of several files (v5 and later).
    pub parent_column_index: Option<i64>,
}

impl CreateRequest {
    /// Reads a body by the keys that a version has. Keys that it does not have are passed over.
    ///
    /// # Errors
    /// The error to answer, by its newest code ([`ErrorBody::in_version`]): malformed JSON with line and column, a missing
    /// key with its `json_path`, a value of the wrong type or over its bound with `api_name` and `json_path`.
    pub fn parse(body: &[u8], version: Version) -> Result<Self, ErrorBody> {
        read::request(body, version)
    }
}

/// The answer to a create: 201.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateAnswer {
    /// `success`
    pub status: String,
    /// `SUCCESS`
    pub code: String,
    /// `success`
    pub message: String,
    /// What was made.
    pub details: CreateDetails,
}

/// What a create made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateDetails {
    /// The job.
    pub id: String,
    /// Whose it is.
    #[serde(default)]
    pub created_by: Option<CreatedBy>,
}

impl CreateAnswer {
    /// The one success there is.
    pub fn success(id: String, created_by: CreatedBy) -> Self {
        CreateAnswer {
            status: "success".to_owned(),
            code: "SUCCESS".to_owned(),
            message: "success".to_owned(),
            details: CreateDetails { id, created_by: Some(created_by) },
        }
    }
}

/// The body that the client sends.
#[derive(Clone, Debug, Serialize)]
pub struct CreateBody {
    /// `UTF-8` and the like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub character_encoding: Option<String>,
    /// `insert`, `update` or `upsert`.
    pub operation: &'static str,
    /// Whether empty cells leave a field alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ignore_empty: Option<bool>,
    /// One resource.
    pub resource: Vec<CreateBodyResource>,
}

/// A resource as the client sends it.
#[derive(Clone, Debug, Serialize)]
pub struct CreateBodyResource {
    /// `data`
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The module.
    pub module: ModuleName,
    /// The upload.
    pub file_id: String,
    /// The field that matches rows to records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find_by: Option<String>,
    /// Columns to fields.
    pub field_mappings: Vec<CreateBodyMapping>,
}

/// `{"api_name":"Leads"}`
#[derive(Clone, Debug, Serialize)]
pub struct ModuleName {
    /// `Leads`
    pub api_name: String,
}

/// A mapping as the client sends it.
#[derive(Clone, Debug, Serialize)]
pub struct CreateBodyMapping {
    /// The field.
    pub api_name: String,
    /// The column; none where all rows have the default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// A date or number pattern.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How a look-up is resolved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find_by: Option<String>,
    /// What an empty or missing cell becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<CreateBodyDefault>,
}

impl CreateBodyMapping {
    /// The plain mapping of a column, 0 is the first, to a field.
    pub fn of_column(api_name: &str, index: usize) -> Self {
        CreateBodyMapping {
            api_name: api_name.to_owned(),
            index: Some(index),
            format: None,
            find_by: None,
            default_value: None,
        }
    }
}

/// A default as the client sends it.
#[derive(Clone, Debug, Serialize)]
pub struct CreateBodyDefault {
    /// The value, as text.
    pub value: String,
}

impl CreateBodyDefault {
    /// The default of that value.
    pub fn new(value: String) -> Self {
        CreateBodyDefault { value }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_the_documented_one() {
        let by = CreatedBy { id: "111111000000035795".into(), name: Some("Patricia Boyle".into()) };
        let answer = CreateAnswer::success("111111000000541958".into(), by);
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"status":"success","code":"SUCCESS","message":"success","details":{"id":"111111000000541958","created_by":{"id":"111111000000035795","name":"Patricia Boyle"}}}"#
        );
    }
}
