//! `sweep`: what has outlived its time goes.

use std::time::Duration;

use bulkwright_client::Exit;
use bulkwright_client::api_words::upkeep::{SweepAnswer, SweepRequest};
use bulkwright_server::upkeep;

use crate::args::SweepArgs;
use crate::data_directory::{json, looked_after};
use crate::exit::Failure;
use crate::ui::{Ui, grouped};

/// How long things are kept where no server says otherwise.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sweeps, or says what would go.
pub(crate) async fn run(args: &SweepArgs, ui: &Ui) -> Result<Exit, Failure> {
    let data = &args.data.data;
    let here = upkeep::sweep(data, args.older_than.unwrap_or(LIFETIME), args.now);
    let request = SweepRequest { remove: args.now, older_than_seconds: args.older_than.map(|age| age.as_secs()) };
    let answer = looked_after(data, here, async |server| server.sweep(request).await).await?;
    if ui.json {
        ui.answer_json(&json(&answer));
    } else {
        ui.answer(&line(&answer));
    }
    Ok(Exit::Done)
}

fn line(answer: &SweepAnswer) -> String {
    let count = |number: u64, one: &str| format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" });
    let what = [
        count(answer.uploads, "upload"),
        count(answer.results, "result"),
        count(answer.jobs, "job"),
        count(answer.tokens, "token"),
        count(answer.answers, "kept answer"),
        count(answer.orphans, "orphan"),
    ];
    let what = format!("{}; {} of files", what.join(", "), count(answer.bytes, "byte"));
    if answer.removed { format!("removed: {what}") } else { format!("would remove: {what}; --now does it") }
}
