//! Recorded exchanges: the files of `contract/`.
//!
//! One JSON file an exchange: what was asked, what was answered, and how sure that is. The server's tests answer every
//! one of them and the client's tests parse every one of them.

use serde::{Deserialize, Serialize};

/// One exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What it shows.
    pub name: String,
    /// How sure it is: `wire`, `source`, `docs` or `ours`.
    pub evidence: String,
    /// What was asked.
    pub request: Request,
    /// What was answered.
    pub response: Response,
}

/// What was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `GET`
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Which token went with it: `all`, `without-bulk` or `none`. Tokens themselves are never recorded.
    pub token: String,
}

/// What was answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers as recorded, in order.
    pub headers: Vec<(String, String)>,
    /// The body as recorded (after unpacking; some recorders print JSON anew).
    pub body: String,
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
