//! Users.

use serde::{Deserialize, Serialize};

use super::{Operation, Request, Secret};

/// `POST /_bulkwright/admin/user/create`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// His organisation; the only one if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// What he is called.
    pub name: String,
    /// His address, unique in the organisation.
    pub email: String,
    /// IANA name or fixed offset; the organisation's if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A new user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedUser {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// His organisation.
    pub zgid: String,
    /// His id.
    pub user_id: String,
    /// What he is called.
    pub name: String,
    /// His address.
    pub email: String,
    /// His time zone.
    pub time_zone: String,
    /// What he consents with.
    pub sign_in_secret: Secret,
}

impl Request for CreateUser {
    type Answer = CreatedUser;
    const OPERATION: Operation = Operation::CreateUser;
}

/// `POST /_bulkwright/admin/user/list`
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// Only of this organisation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
}

/// Users, by organisation, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersAnswer {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// Each of them.
    pub users: Vec<UserView>,
}

impl Request for ListUsers {
    type Answer = UsersAnswer;
    const OPERATION: Operation = Operation::ListUsers;
}

/// A user as he is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// His id.
    pub user_id: String,
    /// His organisation.
    pub zgid: String,
    /// What he is called.
    pub name: String,
    /// His address.
    pub email: String,
    /// His time zone.
    pub time_zone: String,
    /// Whether he has a secret to consent with.
    pub can_sign_in: bool,
    /// When he was revoked.
    pub revoked_time: Option<String>,
}

/// `POST /_bulkwright/admin/user/revoke`: his tokens end, and what he made keeps his name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokeUser {
    /// Which one.
    pub user: String,
}

/// What went with a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedUser {
    /// [`super::SCHEMA`].
    pub schema: u32,
    /// The user.
    pub user: UserView,
    /// Tokens that went.
    pub tokens: u64,
}

impl Request for RevokeUser {
    type Answer = RevokedUser;
    const OPERATION: Operation = Operation::RevokeUser;
}
