//! `org …`

use bulkwright_client::Exit;
use bulkwright_client::api_words::administration::{CreateOrg, CreatedOrg, ListOrgs, OrgView, RevokeOrg, UpdateOrg};

use super::{labelled, local, show, table, tell_to_keep};
use crate::args::{OrgCreateArgs, OrgListArgs, OrgRevokeArgs, OrgUpdateArgs};
use crate::data_directory::administered;
use crate::exit::Failure;
use crate::ui::{Ui, counted};

pub(super) async fn create(args: &OrgCreateArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = CreateOrg {
        name: args.name.clone(),
        time_zone: args.time_zone.clone(),
        edition: args.edition.clone(),
        zgid: args.zgid.clone(),
        user_name: args.user_name.clone(),
        email: args.email.clone(),
    };
    let answer = administered(&args.data.data, request).await?;
    let exit = show(&answer, created, ui);
    tell_to_keep(ui);
    ui.talk(&format!("next: bulkwright token create --org {} --scope ZohoCRM.bulk.ALL", answer.zgid));
    Ok(exit)
}

fn created(answer: &CreatedOrg) -> Vec<String> {
    labelled(&[
        ("organisation", &answer.zgid),
        ("name", &answer.name),
        ("time zone", &answer.time_zone),
        ("edition", answer.edition.as_deref().unwrap_or("none, so no limits of one")),
        ("user", &format!("{} ({})", answer.user_id, answer.email)),
        ("sign-in secret", answer.sign_in_secret.reveal()),
        ("client id", &answer.client_id),
        ("client secret", answer.client_secret.reveal()),
        ("refresh token", answer.refresh_token.reveal()),
        ("webhook secret", answer.webhook_secret.reveal()),
    ])
}

pub(super) async fn list(args: &OrgListArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, ListOrgs {}).await?;
    let header = ["ZGID", "NAME", "TIME ZONE", "EDITION", "REVOKED"];
    Ok(show(&answer, |answer| table(header, answer.orgs.iter().map(cells)), ui))
}

fn cells(org: &OrgView) -> [String; 5] {
    let edition = org.edition.clone().unwrap_or_default();
    [org.zgid.clone(), org.name.clone(), org.time_zone.clone(), edition, local(org.revoked_time.as_ref())]
}

pub(super) async fn update(args: &OrgUpdateArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = UpdateOrg {
        org: args.org.clone(),
        name: args.name.clone(),
        time_zone: args.time_zone.clone(),
        edition: args.edition.clone(),
    };
    let answer = administered(&args.data.data, request).await?;
    let lines = |org: &OrgView| {
        labelled(&[
            ("organisation", &org.zgid),
            ("name", &org.name),
            ("time zone", &org.time_zone),
            ("edition", org.edition.as_deref().unwrap_or("none, so no limits of one")),
        ])
    };
    Ok(show(&answer, |answer| lines(&answer.org), ui))
}

pub(super) async fn revoke(args: &OrgRevokeArgs, ui: &Ui) -> Result<Exit, Failure> {
    let answer = administered(&args.data.data, RevokeOrg { org: args.org.clone() }).await?;
    let (tokens, clients) = (counted(answer.tokens, "token"), counted(answer.oauth_clients, "OAuth client"));
    let line = format!("organisation {} is revoked: {tokens} and {clients} are gone, its data stay", answer.org.zgid);
    let exit = show(&answer, |_| vec![line], ui);
    if answer.jobs_going_on > 0 {
        ui.talk(&format!("{} of it go on and end normally", counted(answer.jobs_going_on, "job")));
    }
    Ok(exit)
}
