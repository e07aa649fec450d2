//! What came of a case, as a text that people can look at.

use std::fmt::Write;

use bulkwright_engine::catalog::Module;
use bulkwright_engine::ids::{BUCKETS, ID_BASE};
use bulkwright_engine::import::Outcome;
use bulkwright_engine::record_store::RecordStore;
use bulkwright_engine::result::full::{FullFault, FullRow};
use bulkwright_engine::verdict::Counts;

use crate::case::Case;
use crate::org::{BLOCK_SIZE, End, Org, Ran};

/// Characters of a line that are shown.
const LINE_CHARS_MAX: usize = 300;
/// Lines of a list that are shown.
const LINES_MAX: usize = 60;

pub(crate) struct Told(String);

impl Told {
    pub(crate) fn of(case: &Case, org: &Org, end: &End) -> String {
        let mut told = Told(format!("{}\n\n", case.about));
        match end {
            End::RefusedAtUpload(message) => told.line(&format!("refused at upload: {message}")),
            End::Refused(refusal) => {
                told.line(&format!("refused at creation: {refusal}"));
                refusal.path().into_iter().for_each(|path| told.line(&format!("at {path}")));
            }
            End::Ran(ran) => told.ran(ran),
        }
        org.catalog.modules().iter().for_each(|module| told.stored(org, module));
        told.0
    }

    fn ran(&mut self, ran: &Ran) {
        self.line(&outcome(&ran.outcome));
        self.line(&format!("charset {}", ran.charset));
        if !ran.ignored_headers.is_empty() {
            self.line(&format!("ignored headers {:?}", ran.ignored_headers));
        }
        self.list("rows", ran.rows.iter().flat_map(row));
        self.list(&ran.result_name, with_short_ids(&ran.result).lines().map(str::to_owned));
    }

    fn stored(&mut self, org: &Org, module: &Module) {
        let records = org.store.records(module.number);
        let lines: Vec<String> = records
            .map(|(id, record)| format!("{} v{} {}", short_id(id.0), record.version, named(&record.body, module)))
            .collect();
        if !lines.is_empty() {
            self.list(&format!("{} stored", module.api_name), lines.into_iter());
        }
        let additions = org.store.clone().picklist_additions(module.number).unwrap();
        for (number, value) in additions {
            let field = module.by_number(number).unwrap();
            self.line(&format!("new in {}: {value}", field.api_name));
        }
    }

    fn list(&mut self, title: &str, lines: impl Iterator<Item = String>) {
        let _ = writeln!(self.0, "\n{title}");
        let lines: Vec<String> = lines.collect();
        lines.iter().take(LINES_MAX).for_each(|line| self.line(line));
        if let Some(more @ 1..) = lines.len().checked_sub(LINES_MAX) {
            self.line(&format!("({more} more)"));
        }
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(visible(line).trim_end());
        self.0.push('\n');
    }
}

fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Completed(counts) => format!("completed, {}", counted(*counts)),
        Outcome::Failed(counts, failure) => {
            format!("failed, {}: {} {}", counted(*counts), failure.code.as_str(), failure.message)
        }
        Outcome::Stopped(counts) => format!("stopped, {}", counted(*counts)),
    }
}

fn counted(counts: Counts) -> String {
    let Counts { added, updated, skipped } = counts;
    format!("{added} added, {updated} updated, {skipped} skipped, {} in all", counts.total())
}

/// A line for the row and one for each of its faults.
fn row(row: &FullRow) -> Vec<String> {
    let place = row.place.map_or_else(String::new, |place| format!(" line {} byte {}", place.line, place.byte));
    let record = row.record.map_or_else(String::new, |id| format!(" {}", short_id(id.0)));
    let first = format!("{}{place}: {}{record}", row.number, row.status.as_str());
    std::iter::once(first).chain(row.faults.iter().map(fault)).collect()
}

fn fault(fault: &FullFault) -> String {
    let about = fault.column.as_deref().or(fault.field.as_deref()).unwrap_or("the row");
    let value = fault.value.as_deref().unwrap_or_default();
    format!("    {} {about} {:?} {value:?}: {}", fault.code.as_str(), fault.reason, fault.message)
}

/// A body with API names in the place of numbers.
fn named(body: &str, module: &Module) -> String {
    let values: serde_json::Map<String, serde_json::Value> = serde_json::from_str(body).unwrap();
    let name = |number: &str| {
        let number = number.parse().map(bulkwright_engine::catalog::FieldNumber).unwrap();
        module.by_number(number).unwrap().api_name.clone()
    };
    let named: serde_json::Map<_, _> = values.iter().map(|(number, value)| (name(number), value.clone())).collect();
    let named = serde_json::Value::Object(named).to_string();
    // Look-ups hold ids of records.
    named.split('"').map(with_short_ids).collect::<Vec<_>>().join("\"")
}

/// `#job.row` of an id that a job gave.
fn short_id(id: i64) -> String {
    let number = id.abs_diff(ID_BASE) / u64::from(BUCKETS);
    if id < ID_BASE { id.to_string() } else { format!("#{}.{}", number / BLOCK_SIZE, number % BLOCK_SIZE) }
}

fn with_short_ids(text: &str) -> String {
    let shorten = |cell: &str| match cell.parse() {
        Ok(id) if cell.len() == 19 => short_id(id),
        _ => cell.to_owned(),
    };
    let line = |line: &str| line.split(',').map(shorten).collect::<Vec<_>>().join(",");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// Control characters and marks are written out, and what is too long is cut.
fn visible(line: &str) -> String {
    let is_hidden =
        |c: char| c.is_control() || matches!(c, '\u{FEFF}' | '\u{A0}' | '\u{2028}' | '\u{200B}' | '\u{202F}');
    let mut shown = String::new();
    for c in line.chars().take(LINE_CHARS_MAX) {
        if is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    match line.chars().count().saturating_sub(LINE_CHARS_MAX) {
        0 => shown,
        more => format!("{shown}… ({more} more characters)"),
    }
}
