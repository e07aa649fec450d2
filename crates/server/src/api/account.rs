//! The organisation and its users.

use bulkwright_store::model::User as StoredUser;
use bulkwright_wire::account::{Org, OrgAnswer, User, UsersAnswer, UsersInfo};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::limit::PAGE_RECORDS_MAX;

use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// Kinds of users that there can be none of here: nobody is deleted or unconfirmed.
const TYPES_WITHOUT_USERS: [&str; 3] = ["NotConfirmedUsers", "DeletedUsers", "ActiveUnconfirmedUsers"];

/// `GET /crm/{v}/org`
pub(crate) async fn org(call: &Call<'_>) -> Result<Answer, Refusal> {
    let org = call.caller.org(call.app).await?;
    let id = org.id.to_string();
    Ok(Answer::ok(&OrgAnswer {
        org: vec![Org {
            zgid: id.clone(),
            id,
            company_name: Some(org.company_name),
            time_zone: Some(org.time_zone),
            kind: Some("production".to_owned()),
        }],
    }))
}

/// `GET /crm/{v}/users?type=…`: the token's own user, or all of them.
pub(crate) async fn users(call: &Call<'_>) -> Result<Answer, Refusal> {
    let users = match call.query.get("type").unwrap_or("AllUsers") {
        "CurrentUser" => vec![call.caller.user.clone()],
        "AllUsers" => users_who(call, |_| true).await?,
        "ActiveUsers"
        | "ConfirmedUsers"
        | "ActiveConfirmedUsers"
        | "AdminUsers"
        | "ActiveConfirmedAdmins"
        | "ConfirmedAdmins" => users_who(call, |user| user.revoked_at.is_none()).await?,
        "DeactiveUsers" => users_who(call, |user| user.revoked_at.is_some()).await?,
        none if TYPES_WITHOUT_USERS.contains(&none) => Vec::new(),
        unknown => return Err(unknown_type(unknown).into()),
    };
    if users.is_empty() {
        return Ok(Answer::Nothing);
    }
    let info = UsersInfo { per_page: PAGE_RECORDS_MAX, count: users.len() as u32, page: 1, more_records: false };
    Ok(Answer::ok(&UsersAnswer { users: users.into_iter().map(shown).collect(), info: Some(info) }))
}

async fn users_who(call: &Call<'_>, are: impl Fn(&StoredUser) -> bool) -> Result<Vec<StoredUser>, Refusal> {
    let users = call.app.store.users(call.caller.grant.org).await?;
    Ok(users.into_iter().filter(are).collect())
}

fn unknown_type(given: &str) -> ErrorBody {
    let message = format!("invalid value for type: `{given}` is no kind of users");
    ErrorBody::new(ErrorCode::InvalidQuery, message).with("param_name", "type")
}

fn shown(user: StoredUser) -> User {
    User {
        id: user.id.to_string(),
        full_name: Some(user.full_name),
        email: Some(user.email),
        // Nobody recorded the word for one who is deactivated.
        status: Some(if user.revoked_at.is_none() { "active" } else { "disabled" }.to_owned()),
        time_zone: Some(user.time_zone),
    }
}
