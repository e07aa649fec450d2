//! `callback list|show|replay|secret`: what became of callbacks, once more, and what signs them.

use bulkwright_client::api_words::administration::{WebhookSecretAnswer, WebhookSecretRequest};
use bulkwright_client::api_words::{CallbackDelivery, CallbacksPage};
use bulkwright_client::{CallbacksFilter, Exit, TargetKind};
use jiff::tz::TimeZone;
use serde_json::json;

use super::job_view::local_time;
use crate::args::{
    CallbackCommand, CallbackListArgs, CallbackReplayArgs, CallbackSecretArgs, CallbackShowArgs, ListedState,
    TargetArgs,
};
use crate::data_directory::{administered, json as document};
use crate::exit::Failure;
use crate::table;
use crate::target::{NoData, Target};
use crate::ui::{Ui, counted};

/// Callbacks of one page when all are gone through.
const PAGE: u32 = 200;
/// Characters of an address and of an error in a table.
const CELL_CHARS_MAX: usize = 60;

pub(crate) async fn run(command: &CallbackCommand, ui: &Ui) -> Result<Exit, Failure> {
    let args = match command {
        CallbackCommand::Secret(args) => return secret(args, ui).await,
        CallbackCommand::List(args) => &args.target,
        CallbackCommand::Show(args) => &args.target,
        CallbackCommand::Replay(args) => &args.target,
    };
    let target = own_target(args).await?;
    let ended = match command {
        CallbackCommand::List(args) => list(args, &target, ui).await,
        CallbackCommand::Show(args) => show(args, &target, ui).await,
        CallbackCommand::Replay(args) => replay(args, &target, ui).await,
        CallbackCommand::Secret(_) => Ok(Exit::Done),
    };
    target.close().await;
    ended
}

/// The vendor tells nothing of its callbacks.
async fn own_target(args: &TargetArgs) -> Result<Target, Failure> {
    let target = Target::resolve(args, NoData::Refuse).await?;
    if target.kind().await? == TargetKind::Vendor {
        let message = format!("{} tells nothing of its callbacks: they are sent once, by the vendor", target.name);
        target.close().await;
        return Err(Failure::new(Exit::Usage, message, "ask for the job's end with `bulkwright job wait ID`"));
    }
    Ok(target)
}

async fn list(args: &CallbackListArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let state = args.state.map(ListedState::word);
    let filter = CallbacksFilter { state, limit: Some(args.limit), before: args.before.clone() };
    let received = target.api.callbacks(&filter).await?;
    let page = received.value;
    if ui.json {
        ui.answer_body(&received.body);
    } else {
        lines(&page).iter().for_each(|line| ui.answer(line));
    }
    if let Some(next) = &page.info.next_before {
        ui.talk(&format!("there are older ones: bulkwright callback list --before {next}"));
    } else if page.callbacks.is_empty() {
        ui.talk("no such callbacks");
    }
    Ok(Exit::Done)
}

fn lines(page: &CallbacksPage) -> Vec<String> {
    let zone = TimeZone::system();
    let header = ["JOB", "STATE", "TRIES", "LAST TRY", "NEXT TRY", "URL", "CAUSE"];
    let cells = |callback: &CallbackDelivery| {
        let delivery = &callback.delivery;
        let time = |time: &Option<String>| time.as_deref().map(|time| local_time(time, &zone)).unwrap_or_default();
        [
            callback.job_id.clone(),
            delivery.state.clone(),
            delivery.attempts.to_string(),
            time(&delivery.last_time),
            time(&delivery.next_time),
            table::shortened(&callback.url, CELL_CHARS_MAX),
            table::shortened(delivery.last_error.as_deref().unwrap_or_default(), CELL_CHARS_MAX),
        ]
    };
    table::lines(header, page.callbacks.iter().map(cells).collect(), &(2..3))
}

async fn show(args: &CallbackShowArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let callback = target.api.callback(&args.id).await?;
    if ui.json {
        ui.answer_json(&document(&callback));
    } else {
        told(&callback).iter().for_each(|line| ui.answer(line));
    }
    Ok(Exit::Done)
}

fn told(callback: &CallbackDelivery) -> Vec<String> {
    let zone = TimeZone::system();
    let delivery = &callback.delivery;
    let mut lines = vec![
        format!("callback:  of job {}, webhook-id job-{}", callback.job_id, callback.job_id),
        format!("url:       {}", callback.url),
        format!("state:     {}", delivery.state),
    ];
    lines.extend(delivery.next_time.as_ref().map(|next| format!("next try:  {}", local_time(next, &zone))));
    for one in callback.tries.iter().flatten() {
        let what = match (&one.error, one.status) {
            (Some(error), _) => error.clone(),
            (None, Some(status)) => format!("taken with {status}"),
            (None, None) => "taken".to_owned(),
        };
        lines.push(format!("try:       {}  {what}", local_time(&one.time, &zone)));
    }
    lines
}

async fn replay(args: &CallbackReplayArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let ids = if args.given_up { given_up(target).await? } else { args.id.clone() };
    let mut replayed = Vec::with_capacity(ids.len());
    for id in &ids {
        replayed.push(target.api.replay_callback(id).await?);
    }
    if ui.json {
        let replayed: Vec<_> = replayed.iter().map(document).collect();
        ui.answer_json(&json!({ "replayed": replayed }));
    } else {
        for callback in &replayed {
            ui.answer(&format!("callback of job {} is sent again to {}", callback.job_id, callback.url));
        }
        ui.answer(&format!("{} due now; see bulkwright callback list", counted(replayed.len() as u64, "callback")));
    }
    Ok(Exit::Done)
}

/// The ids of all that were given up, gathered first: what is replayed is given up no more.
async fn given_up(target: &Target) -> Result<Vec<String>, Failure> {
    let mut ids = Vec::new();
    let mut before = None;
    loop {
        let state = Some(ListedState::GivenUp.word());
        let page = target.api.callbacks(&CallbacksFilter { state, limit: Some(PAGE), before }).await?.value;
        ids.extend(page.callbacks.into_iter().map(|callback| callback.job_id));
        before = page.info.next_before;
        if before.is_none() {
            return Ok(ids);
        }
    }
}

async fn secret(args: &CallbackSecretArgs, ui: &Ui) -> Result<Exit, Failure> {
    let request = WebhookSecretRequest { org: args.org.clone(), rotate: args.rotate };
    let answer = administered(&args.data.data, request).await?;
    if ui.json {
        ui.answer_json(&document(&answer));
    } else {
        secret_lines(&answer, args.rotate).iter().for_each(|line| ui.answer(line));
    }
    Ok(Exit::Done)
}

fn secret_lines(answer: &WebhookSecretAnswer, is_new: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, secret) in answer.secrets.iter().enumerate() {
        let what = match (place, is_new) {
            (0, true) => "new secret",
            (0, false) => "secret",
            _ => "the one before, which signs too until the next change",
        };
        lines.push(format!("{}  ({what} of organisation {})", secret.reveal(), answer.zgid));
    }
    lines
}
