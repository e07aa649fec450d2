//! Exchanges: the files of `contract/`, as `contract/README.md` describes them.
//!
//! One JSON file an exchange: what was asked, what was answered, and how sure that is. The server's tests answer every
//! one of them in every version that it is held to, and the client's tests parse every one of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::Evidence;
use crate::version::Version;

/// One exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What it shows.
    pub name: String,
    /// How sure its status and its code are.
    pub evidence: Evidence,
    /// Who shows it; where only a part is shown, what of text and details is ours.
    pub source: String,
    /// The versions that it is held to; none if its path has no version. Its own path names one of them.
    pub versions: Vec<Version>,
    /// What is there before.
    #[serde(default)]
    pub given: Given,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub response: Response,
}

/// What is there before, beside the organisation, the tokens and the job of `dev`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// Uploads: names of zips to what is in them. `{leads.zip}` in a path or a body is the id of the upload.
    #[serde(default)]
    pub uploads: BTreeMap<String, Zip>,
    /// The create body of a job. `{job}` in a path or a body is its id.
    #[serde(default)]
    pub job: Option<Value>,
    /// Where that job is; at its end if that is not said.
    #[serde(default)]
    pub until: Option<String>,
    /// A code. `{code}` in a path or a body is the code; `{code-refresh-token}` the refresh token that it was exchanged for,
    /// if that is what is asked about.
    #[serde(default)]
    pub code: Option<GivenCode>,
    /// How often the same was asked before, on a server of its own.
    #[serde(default)]
    pub asked_before: u32,
    /// What fails in the store, once the server is there.
    #[serde(default)]
    pub failing: Option<Failing>,
    /// The edition of the organisation, whose credits do not suffice for another job.
    #[serde(default)]
    pub spent: Option<String>,
    /// Limits of the server that are not the usual ones: `rows_max`, `zip_bytes_max` and the like.
    #[serde(default)]
    pub limits: BTreeMap<String, u64>,
}

/// A code that somebody has.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GivenCode {
    /// What it is for, separated by commas.
    pub scopes: String,
    /// Where a user's consent sent it; taken by hand if that is not said.
    #[serde(default)]
    pub redirect_uri: Option<String>,
}

/// What fails in the store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failing {
    /// The step: `adding a job`.
    pub step: String,
    /// Whether it finds the disk full; any other fault if not.
    #[serde(default)]
    pub full_disk: bool,
}

/// What is in a zip: names of files to their texts, in order.
pub type Zip = Map<String, Value>;

/// What was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Which token went with it: `all`, `without-bulk`, `leads`, `unknown` or `none`. Tokens themselves are never recorded.
    pub token: String,
    /// Headers beside those of every request.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// A text is sent as it is, anything else as compact JSON with its content type.
    #[serde(default)]
    pub body: Value,
    /// The length that is told of the body where it is not its own: the rest never comes.
    #[serde(default)]
    pub length: Option<u64>,
    /// The parts of a form, which is sent in place of a body.
    #[serde(default)]
    pub form: Vec<Part>,
}

/// One part of a form.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// The name of its file, if it is one.
    #[serde(default)]
    pub file_name: Option<String>,
    /// Its content.
    pub content: Content,
}

/// What a part holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A zip of these files.
    Zip(Zip),
    /// A text.
    Text(String),
    /// That many bytes of no meaning.
    Bytes(usize),
}

/// What was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers as recorded, in order; empty where nobody recorded them: they are those of the answer's layer.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// A text is the body as recorded (after unpacking; some recorders print JSON anew); anything else is the JSON
    /// itself. `{base}` in it is where the server is.
    #[serde(default)]
    pub body: Value,
    /// Values of the moment in the body, as JSON pointers: an id, a time or a token, and only that they are one is compared.
    #[serde(default)]
    pub varies: Vec<String>,
    /// What is in the zip that was answered in place of a body.
    #[serde(default)]
    pub zip: Option<Zip>,
}

impl Exchange {
    /// Reads one file.
    ///
    /// # Errors
    /// What serde says of a file that is no exchange.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

impl Request {
    /// The path as it is in another version: the first segment that names one.
    pub fn path_in(&self, version: Version) -> String {
        let own = self.path.split('/').find(|segment| segment.parse::<Version>().is_ok());
        match own {
            Some(own) => self.path.replacen(&format!("/{own}/"), &format!("/{version}/"), 1),
            None => self.path.clone(),
        }
    }

    /// The body as it is sent.
    pub fn body_text(&self) -> String {
        text_of(&self.body)
    }
}

impl Response {
    /// The body as text: as recorded, or as compact JSON. Empty if there is none.
    pub fn body_text(&self) -> String {
        text_of(&self.body)
    }
}

fn text_of(body: &Value) -> String {
    match body {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        json => json.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_moved_to_another_version_by_its_own_segment() {
        let check = |path: &str, expected: &str| {
            let (method, token) = ("GET".to_owned(), "all".to_owned());
            let (headers, body, length, form) = (Vec::new(), Value::Null, None, Vec::new());
            let request = Request { method, path: path.to_owned(), token, headers, body, length, form };
            assert_eq!(request.path_in(Version::V7), expected, "{path}");
        };
        check("/crm/bulk/v2.1/write/41", "/crm/bulk/v7/write/41");
        check("/crm/bulk/v2.1/write", "/crm/bulk/v7/write");
        check("/v2/crm/694902309/bulk-write/41/41.zip", "/v7/crm/694902309/bulk-write/41/41.zip");
        check("/oauth/token", "/oauth/token");
    }
}
