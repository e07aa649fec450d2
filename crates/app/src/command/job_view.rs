//! A job as people read it: what the API says, and what a server of one's own knows beside that.

use bulkwright_client::api_words::{CallbackView, DeliveryView, JobDetails, JobView, Resource, time};
use jiff::tz::TimeZone;

use crate::ui::{counted, grouped};

/// A job in lines. `view` is what a server of one's own adds.
pub(super) fn for_people(details: &JobDetails, view: Option<&JobView>, zone: &TimeZone) -> String {
    let mut lines = Lines(format!("Job {}: {}", details.id, details.status));
    for resource in &details.resource {
        describe(&mut lines, details, resource);
    }
    if let Some(encoding) = &details.character_encoding {
        lines.add("charset", encoding);
    }
    if details.ignore_empty == Some(true) {
        lines.add("empty", "empty cells leave a field alone");
    }
    lines.add("created", &created(details, zone));
    if let Some(view) = view {
        stand(&mut lines, view, zone);
    }
    if let Some(callback) = &details.callback {
        lines.add("callback", &format!("{} {}", callback.method, callback.url));
    }
    if let Some(CallbackView { delivery: Some(delivery), .. }) = view.and_then(|view| view.callback.as_ref()) {
        lines.add("delivery", &delivered(delivery, zone));
    }
    match &details.result {
        Some(result) => lines.add("result", &result.download_url),
        None => lines.add("result", "none yet"),
    }
    lines.0
}

/// Why a job failed: the code and the words of each resource that did.
pub(super) fn failure_of(details: &JobDetails) -> String {
    let told = details.resource.iter().filter_map(|resource| {
        let message = resource.message.as_ref()?;
        // v2 tells no code.
        let code = if resource.code.is_empty() { &resource.status } else { &resource.code };
        Some(format!("{code}: {message}"))
    });
    let told: Vec<_> = told.collect();
    if told.is_empty() { "the target does not say why".to_owned() } else { told.join("; ") }
}

/// A time of the API as people read it where they are; as it is, if it is none.
pub(super) fn local_time(text: &str, zone: &TimeZone) -> String {
    time::parse(text).map_or_else(|_| text.to_owned(), |seconds| for_reading(&time::print(seconds, zone)))
}

struct Lines(String);

impl Lines {
    fn add(&mut self, name: &str, value: &str) {
        self.0.push_str(&format!("\n  {name:<10} {value}"));
    }
}

fn describe(lines: &mut Lines, details: &JobDetails, resource: &Resource) {
    let module = resource.module.as_ref().map_or("?", |module| module.api_name());
    let code = if resource.code.is_empty() { String::new() } else { format!(" (code {})", resource.code) };
    lines.add("resource", &format!("{} into {module}: {}{code}", details.operation, resource.status));
    if let Some(message) = &resource.message {
        lines.add("message", message);
    }
    if let Some(file) = &resource.file {
        lines.add("file", &format!("{}: {}", file.name.as_deref().unwrap_or("(name not known yet)"), file.status));
        if let Some(total) = file.total_count {
            let count = |count: Option<u64>| grouped(count.unwrap_or(0));
            let (added, updated) = (count(file.added_count), count(file.updated_count));
            let skipped = count(file.skipped_count);
            lines.add(
                "rows",
                &format!("{added} added · {updated} updated · {skipped} skipped · {} in all", grouped(total)),
            );
        }
    }
    let mut mappings: Vec<_> = resource.field_mappings.iter().collect();
    mappings.sort_by_key(|mapping| mapping.index);
    for mapping in mappings {
        let column = mapping.index.map_or("no column".to_owned(), |index| format!("column {index}"));
        lines.add("mapping", &format!("{column} -> {}", mapping.api_name));
    }
}

/// When it was worked on, how often, and why it is not through.
fn stand(lines: &mut Lines, view: &JobView, zone: &TimeZone) {
    let times = [("begun", &view.started_time), ("ended", &view.finished_time)];
    for (name, moment) in times {
        if let Some(moment) = moment {
            lines.add(name, &local_time(moment, zone));
        }
    }
    if view.attempt > 1 || view.failures > 0 || view.deaths > 0 {
        lines.add("attempts", &attempts(view));
    }
    if let Some(waits_for) = &view.waits_for {
        lines.add("waits for", waits_for);
    }
    if let Some(cause) = &view.cause {
        lines.add("cause", cause);
    }
    if let Some(until) = &view.rests_until {
        lines.add("rests", &format!("until {}, then it is tried again", local_time(until, zone)));
    }
}

fn attempts(view: &JobView) -> String {
    let mut text = grouped(view.attempt.into());
    match view.failures {
        0 => {}
        1 => text.push_str(", the last one failed and wrote nothing"),
        failures => text.push_str(&format!(", the last {failures} failed and wrote nothing")),
    }
    match view.deaths {
        0 => {}
        1 => text.push_str("; the server died while it worked on this job alone"),
        deaths => {
            text.push_str(&format!("; the server died {deaths} times in a row while it worked on this job alone"))
        }
    }
    text
}

fn delivered(delivery: &DeliveryView, zone: &TimeZone) -> String {
    let mut text = format!("{} after {}", delivery.state.replace('_', " "), tries(delivery.attempts));
    if let Some(last) = &delivery.last_time {
        let status = delivery.last_status.map_or("no answer".to_owned(), |status| format!("HTTP {status}"));
        text.push_str(&format!("; the last one at {}: {status}", local_time(last, zone)));
    }
    if let Some(error) = &delivery.last_error {
        text.push_str(&format!(" ({error})"));
    }
    if let Some(next) = &delivery.next_time {
        text.push_str(&format!("; the next one is due at {}", local_time(next, zone)));
    }
    text
}

fn tries(attempts: u32) -> String {
    if attempts == 1 { "1 try".to_owned() } else { format!("{} tries", grouped(attempts.into())) }
}

/// `2021-05-11T12:38:29+05:30` with blanks where an eye wants them.
fn for_reading(time: &str) -> String {
    const OFFSET_CHARS: usize = "+05:30".len();
    let (moment, offset) = time.split_at(time.len().saturating_sub(OFFSET_CHARS));
    format!("{} {offset}", moment.replacen('T', " ", 1))
}

fn created(details: &JobDetails, zone: &TimeZone) -> String {
    let when = local_time(&details.created_time, zone);
    match &details.created_by {
        Some(by) => format!("{when} by {} ({})", by.name.as_deref().unwrap_or("?"), by.id),
        None => when,
    }
}

/// Rows that were not written, of all resources.
pub(super) fn skipped(details: &JobDetails) -> u64 {
    let files = details.resource.iter().filter_map(|resource| resource.file.as_ref());
    files.filter_map(|file| file.skipped_count).sum()
}

/// Rows of all resources, once they are known.
pub(super) fn rows(details: &JobDetails) -> Option<u64> {
    let files = details.resource.iter().map(|resource| resource.file.as_ref()?.total_count);
    files.sum()
}

/// `1,000 rows`, as far as they are known.
pub(super) fn rows_in_words(details: &JobDetails) -> String {
    rows(details).map_or_else(|| "rows not told".to_owned(), |rows| counted(rows, "row"))
}
