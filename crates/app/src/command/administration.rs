//! `org`, `user`, `oauth-client` and `token`: who may use a server. Secrets are printed once, and what is printed on
//! stdout is the answer alone.

mod oauth_client;
mod org;
mod token;
mod user;

use bulkwright_client::Exit;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::job_view::local_time;
use crate::args::{OauthClientCommand, OrgCommand, TokenCommand, UserCommand};
use crate::data_directory::json;
use crate::exit::Failure;
use crate::ui::Ui;

/// `org …`
pub(crate) async fn org(command: &OrgCommand, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        OrgCommand::Create(args) => org::create(args, ui).await,
        OrgCommand::List(args) => org::list(args, ui).await,
        OrgCommand::Update(args) => org::update(args, ui).await,
        OrgCommand::Revoke(args) => org::revoke(args, ui).await,
    }
}

/// `user …`
pub(crate) async fn user(command: &UserCommand, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        UserCommand::Create(args) => user::create(args, ui).await,
        UserCommand::List(args) => user::list(args, ui).await,
        UserCommand::Revoke(args) => user::revoke(args, ui).await,
    }
}

/// `oauth-client …`
pub(crate) async fn oauth_client(command: &OauthClientCommand, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        OauthClientCommand::Create(args) => oauth_client::create(args, ui).await,
        OauthClientCommand::List(args) => oauth_client::list(args, ui).await,
        OauthClientCommand::Revoke(args) => oauth_client::revoke(args, ui).await,
        OauthClientCommand::Code(args) => oauth_client::code(args, ui).await,
    }
}

/// `token …`
pub(crate) async fn token(command: &TokenCommand, ui: &Ui) -> Result<Exit, Failure> {
    match command {
        TokenCommand::Create(args) => token::create(args, ui).await,
        TokenCommand::List(args) => token::list(args, ui).await,
        TokenCommand::Revoke(args) => token::revoke(args, ui).await,
    }
}

/// Prints an answer: the document, or lines for people.
fn show<A: Serialize>(answer: &A, lines: impl FnOnce(&A) -> Vec<String>, ui: &Ui) -> Exit {
    if ui.json {
        ui.answer_json(&json(answer));
    } else {
        lines(answer).iter().for_each(|line| ui.answer(line));
    }
    Exit::Done
}

/// What is said beside secrets.
fn tell_to_keep(ui: &Ui) {
    ui.talk("keep the secrets now: this is the only time they are shown");
}

/// Values under their names, those of nothing left out.
fn labelled(rows: &[(&str, &str)]) -> Vec<String> {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0) + 1;
    let told = rows.iter().filter(|(_, value)| !value.is_empty());
    told.map(|(label, value)| format!("{:<width$}  {value}", format!("{label}:"))).collect()
}

/// Plain aligned columns; the first row holds their names.
fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> Vec<String> {
    let rows: Vec<[String; N]> = std::iter::once(header.map(str::to_owned)).chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N).map(width).collect();
    let aligned = |row: &[String; N]| {
        let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(aligned).collect()
}

/// A moment for people; empty for none.
fn local(time: Option<&String>) -> String {
    time.map(|time| local_time(time, &TimeZone::system())).unwrap_or_default()
}
