//! `verify`: whether everything in a data directory is as it has to be.

use bulkwright_client::Exit;
use bulkwright_client::api_words::upkeep::{RecordSums, Sums, VerifyAnswer};
use bulkwright_server::upkeep;

use crate::args::VerifyArgs;
use crate::data_directory::{json, looked_after};
use crate::exit::Failure;
use crate::ui::{Ui, grouped};

/// Looks, and prints what was found. Differences are an answer: they go to stdout, and the exit code tells of them.
pub(crate) async fn run(args: &VerifyArgs, ui: &Ui) -> Result<Exit, Failure> {
    let data = &args.data.data;
    let answer = looked_after(data, upkeep::verify(data), async |server| server.verify().await).await?;
    if ui.json {
        ui.answer_json(&json(&answer));
    } else {
        lines(&answer).iter().for_each(|line| ui.answer(line));
    }
    Ok(if answer.sound { Exit::Done } else { Exit::Stopped })
}

fn lines(answer: &VerifyAnswer) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for it in &answer.differences {
        lines.push(format!("{}: {}: expected {}, found {}", it.kind, it.what, it.expected, it.found));
    }
    if answer.more_differences > 0 {
        lines.push(format!("and {} more", grouped(answer.more_differences)));
    }
    lines.extend(answer.remarks.iter().map(|remark| format!("remark: {remark}")));
    lines.extend(sums(&answer.sums));
    let differences = answer.differences.len() as u64 + answer.more_differences;
    lines.push(match differences {
        0 => "sound:    everything is as it has to be".to_owned(),
        _ => format!("damaged:  {} differences; put a backup back with bulkwright restore", grouped(differences)),
    });
    lines
}

/// What a store holds, for people.
pub(crate) fn sums(sums: &Sums) -> Vec<String> {
    let record = |it: &RecordSums| {
        let (records, versions) = (grouped(it.records), grouped(it.versions));
        format!("records:  {records} {} of organisation {}, {versions} versions", it.module, it.org)
    };
    let mut lines: Vec<String> = sums.records.iter().map(record).collect();
    let [added, updated, skipped] = [sums.ledger.added, sums.ledger.updated, sums.ledger.skipped].map(grouped);
    lines.push(format!("rows:     {added} added, {updated} updated, {skipped} skipped"));
    let jobs = [sums.jobs.added, sums.jobs.in_progress, sums.jobs.completed, sums.jobs.failed].map(grouped);
    let [waiting, begun, completed, failed] = jobs;
    lines.push(format!("jobs:     {waiting} waiting, {begun} begun, {completed} completed, {failed} failed"));
    lines.push(format!("uploads:  {}", grouped(sums.uploads)));
    lines
}
