//! Organisation and users (contract section 8).

use serde::{Deserialize, Serialize};

/// `GET /crm/{v}/org`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrgAnswer {
    /// One organisation.
    pub org: Vec<Org>,
}

/// The organisation of the token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Org {
    /// What X-CRM-ORG wants.
    pub zgid: String,
    /// Another id of it; ours is the same.
    #[serde(default)]
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub company_name: Option<String>,
    /// IANA name or offset.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// `production`, `sandbox` and the like.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// `GET /crm/{v}/users?type=CurrentUser`
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsersAnswer {
    /// The users.
    pub users: Vec<User>,
    /// How many.
    #[serde(default)]
    pub info: Option<UsersInfo>,
}

/// Counts of a user list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UsersInfo {
    /// Users of a page at most.
    pub per_page: u32,
    /// Users here.
    pub count: u32,
    /// Which page.
    pub page: u32,
    /// Whether there are more.
    pub more_records: bool,
}

/// A user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    /// His id.
    pub id: String,
    /// His name.
    #[serde(default)]
    pub full_name: Option<String>,
    /// His address.
    #[serde(default)]
    pub email: Option<String>,
    /// `active`
    #[serde(default)]
    pub status: Option<String>,
    /// IANA name or offset.
    #[serde(default)]
    pub time_zone: Option<String>,
}
