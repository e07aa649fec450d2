//! Organisations.

use serde::{Deserialize, Serialize};

use super::{Operation, Request, Secret};

/// `POST /_bulkwright/admin/org/create`: an organisation with its first user, its first OAuth client and a refresh token
/// of all scopes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateOrg {
    /// What it is called.
    pub name: String,
    /// IANA name or fixed offset; the machine's if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// The vendor's edition whose limits are to hold; none do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
    /// Its id, digits; a free one is drawn if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zgid: Option<String>,
    /// What the first user is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// The first user's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// A new organisation. Its keys are those of `credentials.json` where they mean the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedOrg {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The base of the API, if the server runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The organisation, as `X-CRM-ORG` wants it.
    pub zgid: String,
    /// What it is called.
    pub name: String,
    /// Its time zone.
    pub time_zone: String,
    /// Its edition, if limits of one hold.
    pub edition: Option<String>,
    /// The first user.
    pub user_id: String,
    /// The first user's address.
    pub email: String,
    /// What the first user consents with.
    pub sign_in_secret: Secret,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// Gives access tokens of all scopes.
    pub refresh_token: Secret,
    /// What callbacks are signed with, as receivers want it.
    pub webhook_secret: Secret,
}

impl Request for CreateOrg {
    type Answer = CreatedOrg;
    const OPERATION: Operation = Operation::CreateOrg;
}

/// `POST /_bulkwright/admin/org/list`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListOrgs {}

/// All organisations, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgsAnswer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// Each of them.
    pub orgs: Vec<OrgView>,
}

impl Request for ListOrgs {
    type Answer = OrgsAnswer;
    const OPERATION: Operation = Operation::ListOrgs;
}

/// An organisation as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgView {
    /// Its id.
    pub zgid: String,
    /// What it is called.
    pub name: String,
    /// Its time zone.
    pub time_zone: String,
    /// Its edition, if limits of one hold.
    pub edition: Option<String>,
    /// When it was revoked.
    pub revoked_time: Option<String>,
}

/// `POST /_bulkwright/admin/org/update`: what is not said stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateOrg {
    /// Which one; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What it is called from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its time zone from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Its edition from now on; `none` for no limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<String>,
}

/// An organisation as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdatedOrg {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The organisation.
    pub org: OrgView,
}

impl Request for UpdateOrg {
    type Answer = UpdatedOrg;
    const OPERATION: Operation = Operation::UpdateOrg;
}

/// `POST /_bulkwright/admin/org/revoke`: nothing opens it any more; what it holds stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeOrg {
    /// Which one.
    pub org: String,
}

/// What went with an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedOrg {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The organisation.
    pub org: OrgView,
    /// OAuth clients that went.
    pub oauth_clients: u64,
    /// Tokens that went.
    pub tokens: u64,
    /// Jobs that are not through: they end as if nothing had happened.
    pub jobs_going_on: u64,
}

impl Request for RevokeOrg {
    type Answer = RevokedOrg;
    const OPERATION: Operation = Operation::RevokeOrg;
}
