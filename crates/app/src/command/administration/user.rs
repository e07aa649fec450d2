//! `user …`

use bulkwright_client::Exit;
use bulkwright_client::api_words::administration::{CreateUser, CreatedUser, ListUsers, RevokeUser, UserView};

use super::{labelled, local, show, table, tell_to_keep};
use crate::args::{OfOrgArgs, UserCreateArgs, UserRevokeArgs};
use crate::data_directory::administered;
use crate::exit::Failure;
use crate::ui::{Ui, counted};

pub(super) async fn create(args: &UserCreateArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = CreateUser {
        org: args.of.org.clone(),
        name: args.name.clone(),
        email: args.email.clone(),
        time_zone: args.time_zone.clone(),
    };
    let answer = administered(&args.of.data.data, request).await?;
    let exit = show(&answer, created, ui);
    tell_to_keep(ui);
    Ok(exit)
}

fn created(answer: &CreatedUser) -> Vec<String> {
    labelled(&[
        ("user", &answer.user_id),
        ("name", &answer.name),
        ("e-mail", &answer.email),
        ("organisation", &answer.zgid),
        ("time zone", &answer.time_zone),
        ("sign-in secret", answer.sign_in_secret.reveal()),
    ])
}

pub(super) async fn list(args: &OfOrgArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, ListUsers { org: args.org.clone() }).await?;
    let header = ["ID", "ORG", "NAME", "E-MAIL", "TIME ZONE", "SIGNS IN", "REVOKED"];
    Ok(show(&answer, |answer| table(header, answer.users.iter().map(cells)), ui))
}

fn cells(user: &UserView) -> [String; 7] {
    [
        user.user_id.clone(),
        user.zgid.clone(),
        user.name.clone(),
        user.email.clone(),
        user.time_zone.clone(),
        if user.can_sign_in { "yes" } else { "no" }.to_owned(),
        local(user.revoked_time.as_ref()),
    ]
}

pub(super) async fn revoke(args: &UserRevokeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, RevokeUser { user: args.id.clone() }).await?;
    let tokens = counted(answer.tokens, "token");
    let line = format!("user {} ({}) is revoked: {tokens} gone", answer.user.user_id, answer.user.email);
    Ok(show(&answer, |_| vec![line], ui))
}
