//! Records as they are read back (contract section 8).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `GET /crm/{v}/{Module}` and `/search`; a single record comes without `info`. A server may send records of a type of
/// its own that keeps decimals exact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RecordsAnswer<R = Map<String, Value>> {
    /// Records: `id` and the fields asked for.
    pub data: Vec<R>,
    /// Where the page stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<PageInfo>,
}

/// Where a page stands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PageInfo {
    /// Records of a page at most.
    pub per_page: u32,
    /// Opens the page after this one; null at the end.
    #[serde(default)]
    pub next_page_token: Option<String>,
    /// Records here.
    pub count: u32,
    /// `id`, `Created_Time` or `Modified_Time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_by: Option<String>,
    /// Which page.
    #[serde(default)]
    pub page: u64,
    /// Opens the page before this one; always null here.
    #[serde(default)]
    pub previous_page_token: Option<String>,
    /// When the tokens end; null where they do not.
    #[serde(default)]
    pub page_token_expiry: Option<String>,
    /// `asc` or `desc`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_order: Option<String>,
    /// Whether there are more.
    pub more_records: bool,
}
