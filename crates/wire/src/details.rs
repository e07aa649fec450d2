//! Job details: `GET /crm/bulk/{v}/write/{id}`, and the callback's body (contract 1.5, 1.7 and section 5).
//!
//! The same types write and read. They write exactly the wire's keys in the wire's order; they read whatever is
//! missing, null or unknown without complaint, as the documented samples differ among themselves.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A status that is `IN PROGRESS` in the docs and `INPROGRESS` on the wire, among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Waiting.
    Added,
    /// Running.
    InProgress,
    /// Ended; the counts and the result say how.
    Completed,
    /// Could not be processed.
    Failed,
    /// Ended without anything written.
    Skipped,
}

impl Status {
    /// The spelling that is sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Added => "ADDED",
            Status::InProgress => "INPROGRESS",
            Status::Completed => "COMPLETED",
            Status::Failed => "FAILED",
            Status::Skipped => "SKIPPED",
        }
    }

    /// Reads any spelling that was seen: any case, `IN PROGRESS`, `IN_PROGRESS`.
    pub fn parse(text: &str) -> Option<Self> {
        let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
        let all = [Status::Added, Status::InProgress, Status::Completed, Status::Failed, Status::Skipped];
        all.into_iter().find(|status| status.as_str().eq_ignore_ascii_case(&letters))
    }

    /// Whether nothing more will happen.
    pub fn is_final(self) -> bool {
        matches!(self, Status::Completed | Status::Failed | Status::Skipped)
    }
}

/// The body of job details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobDetails {
    /// Where the job is; [`Status::parse`] reads it.
    pub status: String,
    /// The charset, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_encoding: Option<String>,
    /// What is written where.
    #[serde(default)]
    pub resource: Vec<Resource>,
    /// The job's id.
    pub id: String,
    /// Where the end is told to, if that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callback: Option<Callback>,
    /// Where the result is, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultLink>,
    /// Who created the job.
    #[serde(default)]
    pub created_by: Option<CreatedBy>,
    /// Whether empty cells leave a field alone, if that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignore_empty: Option<bool>,
    /// `insert`, `update` or `upsert`.
    #[serde(default)]
    pub operation: String,
    /// [`crate::time`].
    #[serde(default)]
    pub created_time: String,
}

/// One resource of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// Where it is.
    #[serde(default)]
    pub status: String,
    /// `data`
    #[serde(default, rename = "type")]
    pub kind: String,
    /// The module.
    #[serde(default)]
    pub module: Option<Module>,
    /// Columns to fields, in the request's order.
    #[serde(default, deserialize_with = "null_is_default")]
    pub field_mappings: Vec<FieldMapping>,
    /// The file and its counts.
    #[serde(default)]
    pub file: Option<File>,
    /// `ADDED`, `COMPLETED`, or why it failed; v2 has none ([`crate::version::Difference::ResourceCode`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Why it failed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// A module: a plain string in v2, an object later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Module {
    /// `"Leads"`
    Plain(String),
    /// `{"id":"…","api_name":"Leads"}`
    Object {
        /// Its id.
        #[serde(default)]
        id: Option<String>,
        /// `Leads`
        api_name: String,
    },
}

impl Module {
    /// `Leads`
    pub fn api_name(&self) -> &str {
        match self {
            Module::Plain(api_name) | Module::Object { api_name, .. } => api_name,
        }
    }
}

/// One column that becomes one field. Unset keys are null, never absent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldMapping {
    /// The field.
    pub api_name: String,
    /// The column, 0 is the first.
    #[serde(default)]
    pub index: Option<i64>,
    /// A date or number pattern.
    #[serde(default)]
    pub format: Option<String>,
    /// How a look-up is resolved.
    #[serde(default)]
    pub find_by: Option<String>,
    /// Where a look-up is resolved.
    #[serde(default)]
    pub module: Option<String>,
    /// The parent's column in a job of several files: the outer `None` where the version has no such key
    /// ([`crate::version::Difference::ParentColumnIndexTold`]), the inner one where it is null.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub parent_column_index: Option<Option<i64>>,
    /// What an empty cell becomes.
    #[serde(default)]
    pub default_value: Option<DefaultValue>,
}

/// What an empty cell becomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DefaultValue {
    /// The value.
    #[serde(default)]
    pub value: Option<Value>,
    /// A name beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The module of a look-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
}

/// The file of a resource. A job that waits has only the status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Where it is.
    #[serde(default)]
    pub status: String,
    /// Name of the CSV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Records made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub added_count: Option<u64>,
    /// Rows not written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped_count: Option<u64>,
    /// Records changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_count: Option<u64>,
    /// All of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
}

/// Where the end of a job is told to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The address.
    pub url: String,
    /// `post`
    #[serde(default)]
    pub method: String,
}

/// Where the result is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultLink {
    /// Absolute, or relative to the API's base.
    pub download_url: String,
}

/// Who created a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedBy {
    /// His id.
    pub id: String,
    /// His name; absent in one official example.
    #[serde(default)]
    pub name: Option<String>,
}

fn null_is_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A key that is there, whatever it says.
fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::Exchange;

    #[test]
    fn the_recorded_body_survives_reading_and_writing() {
        let recorded = include_str!("../../../contract/job-details/success.json");
        let body = Exchange::parse(recorded).unwrap().response.body_text();
        let details: JobDetails = serde_json::from_str(&body).unwrap();
        assert_eq!(Status::parse(&details.status), Some(Status::Completed));
        let recorded: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(serde_json::to_string(&details).unwrap(), recorded.to_string(), "same keys, values and order");
    }

    #[test]
    fn keys_that_a_version_does_not_have_are_absent() {
        let check = |text: &str| {
            let resource: Resource = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&resource).unwrap(), text);
        };
        let mapping = r#"{"api_name":"Owner","index":2,"format":null,"find_by":null,"module":null,"#;
        let file = r#""file":{"status":"COMPLETED"}"#;
        check(&format!(
            r#"{{"status":"COMPLETED","type":"data","module":"Leads","field_mappings":[{mapping}"default_value":null}}],{file}}}"#
        ));
        for index in ["null", "4"] {
            check(&format!(
                r#"{{"status":"COMPLETED","type":"data","module":{{"id":"1","api_name":"Leads"}},"field_mappings":[{mapping}"parent_column_index":{index},"default_value":null}}],{file},"code":"COMPLETED"}}"#
            ));
        }
    }

    #[test]
    fn every_spelling_of_a_status_is_read() {
        let check = |text: &str, expected: Option<Status>| assert_eq!(Status::parse(text), expected, "{text}");
        check("INPROGRESS", Some(Status::InProgress));
        check("IN PROGRESS", Some(Status::InProgress));
        check("in_progress", Some(Status::InProgress));
        check("Completed", Some(Status::Completed));
        check("QUEUED", None);
    }

    #[test]
    fn samples_that_leave_things_out_are_read() {
        let check = |body: &str| {
            serde_json::from_str::<JobDetails>(body).unwrap_or_else(|error| panic!("{error}: {body}"));
        };
        check(r#"{"status":"ADDED","id":"1","resource":[{"status":"INPROGRESS","file":{"status":"INPROGRESS"}}]}"#);
        check(r#"{"status":"ADDED","id":"1","resource":[{"module":"Leads","field_mappings":null,"new":1}]}"#);
        check(r#"{"status":"IN PROGRESS","id":"1","created_by":{"id":"2"},"callback":null,"result":null}"#);
    }

    #[test]
    fn a_waiting_file_has_only_its_status() {
        let file = File {
            status: "INPROGRESS".into(),
            name: None,
            added_count: None,
            skipped_count: None,
            updated_count: None,
            total_count: None,
        };
        assert_eq!(serde_json::to_string(&file).unwrap(), r#"{"status":"INPROGRESS"}"#);
    }
}
