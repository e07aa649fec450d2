//! `job show`: one look at a job.

use std::fmt::Write;

use bulkwright_client::api_words::{JobDetails, Resource, time};
use bulkwright_client::{Answer, Exit};
use jiff::tz::TimeZone;

use crate::advice;
use crate::args::JobShowArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::{Ui, grouped};

pub(crate) async fn run(args: &JobShowArgs, ui: &Ui) -> Result<Exit, Failure> {
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = look(args, &target, ui).await;
    target.close().await;
    ended
}

async fn look(args: &JobShowArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    if args.show_curl {
        ui.answer(&curl(target.api.job_url(&args.id).as_str()));
        return Ok(Exit::Done);
    }
    ui.talk_more(&format!("asking {}", target.name));
    let answer = target.api.job_answer(&args.id).await?;
    if args.raw {
        ui.answer_bytes(&as_received(&answer));
    } else if ui.json {
        ui.answer_bytes(&with_line_end(&answer.body));
    }
    if let Some(failure) = refusal(&answer, !args.raw) {
        return Err(failure);
    }
    let details: JobDetails = answer.read("looking at the job", target.api.base_url().authority())?;
    if !args.raw && !ui.json {
        ui.answer(&for_people(&details, &TimeZone::system()));
    }
    Ok(Exit::Done)
}

/// The command that sends the same request; the token is not shown.
fn curl(url: &str) -> String {
    format!("curl -i -H 'Authorization: Zoho-oauthtoken ****' -H 'Accept-Encoding: identity' '{url}'")
}

/// Status line, headers and body. Nothing was unpacked on the way, because nothing was asked to be packed.
fn as_received(answer: &Answer) -> Vec<u8> {
    let mut text = head(answer).join("\n").into_bytes();
    text.extend_from_slice(b"\n\n");
    text.extend_from_slice(&with_line_end(&answer.body));
    text
}

fn head(answer: &Answer) -> Vec<String> {
    let mut lines = vec![format!("{} {} {}", answer.version, answer.status, answer.reason())];
    lines.extend(answer.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines
}

/// A terminal wants a line end behind the last line.
fn with_line_end(body: &[u8]) -> Vec<u8> {
    let mut text = body.to_vec();
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text
}

/// What an answer that is an error says, with its status and headers unless they were shown already.
fn refusal(answer: &Answer, show_head: bool) -> Option<Failure> {
    let error = answer.error();
    if answer.status < 400 && error.is_none() {
        return None;
    }
    let mut failure = match error {
        Some(error) => {
            let exit = Exit::of_code(&error.code, answer.status);
            Failure::new(exit, format!("{}: {}", error.code, error.message), advice::for_code(&error.code))
        }
        None => {
            let message = format!("HTTP {} {}, and the body is no error of the API", answer.status, answer.reason());
            Failure::new(Exit::Temporary, message, "a proxy or another program seems to answer; check the base URL")
        }
    };
    if show_head {
        failure.evidence = head(answer);
    }
    Some(failure)
}

fn for_people(details: &JobDetails, zone: &TimeZone) -> String {
    let mut text = format!("Job {}: {}", details.id, details.status);
    for resource in &details.resource {
        describe(&mut text, details, resource);
    }
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {name:<10} {value}");
    };
    if let Some(encoding) = &details.character_encoding {
        line("charset", encoding);
    }
    if details.ignore_empty == Some(true) {
        line("empty", "empty cells leave a field alone");
    }
    line("created", &created(details, zone));
    if let Some(callback) = &details.callback {
        line("callback", &format!("{} {}", callback.method, callback.url));
    }
    match &details.result {
        Some(result) => line("result", &result.download_url),
        None => line("result", "none yet"),
    }
    text
}

fn describe(text: &mut String, details: &JobDetails, resource: &Resource) {
    let module = resource.module.as_ref().map_or("?", |module| module.api_name());
    let mut line = |name: &str, value: &str| {
        let _ = write!(text, "\n  {name:<10} {value}");
    };
    line("resource", &format!("{} into {module}: {} (code {})", details.operation, resource.status, resource.code));
    if let Some(message) = &resource.message {
        line("message", message);
    }
    if let Some(file) = &resource.file {
        line("file", &format!("{}: {}", file.name.as_deref().unwrap_or("(name not known yet)"), file.status));
        if let Some(total) = file.total_count {
            let count = |count: Option<u64>| grouped(count.unwrap_or(0));
            let (added, updated) = (count(file.added_count), count(file.updated_count));
            let skipped = count(file.skipped_count);
            line("rows", &format!("{added} added · {updated} updated · {skipped} skipped · {} in all", grouped(total)));
        }
    }
    let mut mappings: Vec<_> = resource.field_mappings.iter().collect();
    mappings.sort_by_key(|mapping| mapping.index);
    for mapping in mappings {
        let column = mapping.index.map_or("no column".to_owned(), |index| format!("column {index}"));
        line("mapping", &format!("{column} -> {}", mapping.api_name));
    }
}

/// `2021-05-11T12:38:29+05:30` with blanks where an eye wants them.
fn for_reading(time: &str) -> String {
    const OFFSET_CHARS: usize = "+05:30".len();
    let (moment, offset) = time.split_at(time.len().saturating_sub(OFFSET_CHARS));
    format!("{} {offset}", moment.replacen('T', " ", 1))
}

fn created(details: &JobDetails, zone: &TimeZone) -> String {
    let when = match time::parse(&details.created_time) {
        Ok(seconds) => for_reading(&time::print(seconds, zone)),
        Err(_) => details.created_time.clone(),
    };
    match &details.created_by {
        Some(by) => format!("{when} by {} ({})", by.name.as_deref().unwrap_or("?"), by.id),
        None => when,
    }
}
