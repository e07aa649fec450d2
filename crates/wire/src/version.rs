//! The API's versions, a path segment each, and what they differ in.

mod difference;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use difference::{Difference, DifferenceRow};

/// A version of the API that is served and spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Version {
    /// `v2`: `module` is a plain string.
    V2,
    /// `v2.1`: `module` becomes an object, `resource[].code` appears. The recorded examples are of this one.
    V2_1,
    /// `v3`
    V3,
    /// `v4`
    V4,
    /// `v5`: `file_names` and `parent_column_index`.
    V5,
    /// `v6`
    V6,
    /// `v7`
    V7,
    /// `v8`: the newest.
    V8,
}

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Version; 8] =
        [Version::V2, Version::V2_1, Version::V3, Version::V4, Version::V5, Version::V6, Version::V7, Version::V8];

    /// The path segment.
    pub const fn as_str(self) -> &'static str {
        match self {
            Version::V2 => "v2",
            Version::V2_1 => "v2.1",
            Version::V3 => "v3",
            Version::V4 => "v4",
            Version::V5 => "v5",
            Version::V6 => "v6",
            Version::V7 => "v7",
            Version::V8 => "v8",
        }
    }

    /// Whether this version has what others have not.
    pub fn has(self, difference: Difference) -> bool {
        self >= difference.row().since
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no version of the API.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no API version; there are v2, v2.1 and v3 to v8")]
pub struct UnknownVersion(String);

impl FromStr for Version {
    type Err = UnknownVersion;

    fn from_str(text: &str) -> Result<Self, UnknownVersion> {
        let found = Version::ALL.into_iter().find(|version| version.as_str() == text);
        found.ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.as_str().to_owned()
    }
}

impl TryFrom<String> for Version {
    type Error = UnknownVersion;

    fn try_from(text: String) -> Result<Self, UnknownVersion> {
        text.parse()
    }
}
