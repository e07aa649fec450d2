//! `GET /oauth/user/info`: who the user of a token is, as sign-in libraries ask for it.

use bulkwright_store::model::User;
use bulkwright_wire::oauth::ProfileAnswer;

use crate::gate::Call;
use crate::reply::{Answer, Refusal};

/// The token's own user.
pub(crate) fn show(call: &Call<'_>) -> Result<Answer, Refusal> {
    Ok(Answer::ok(&profile(&call.caller.user)))
}

fn profile(user: &User) -> ProfileAnswer {
    let name = user.full_name.trim();
    let (first_name, last_name) = name.rsplit_once(' ').unwrap_or(("", name));
    ProfileAnswer {
        first_name: first_name.trim_end().to_owned(),
        email: user.email.clone(),
        last_name: last_name.to_owned(),
        display_name: name.to_owned(),
        zuid: user.id.to_string(),
    }
}
