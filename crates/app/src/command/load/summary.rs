//! The last word of a load: at most twelve lines for people, one line of JSON for machines.

use std::path::Path;
use std::time::Duration;

use bulkwright_client::load::{FieldOptions, REPORT_SCHEMA, RowFault, Status};
use bulkwright_client::{Exit, LoadReport, TargetKind};
use serde_json::{Value, json};

use crate::advice;
use crate::exit::Failure;
use crate::ui::{counted, grouped};

/// Reasons that the first line names.
const REASONS_SHOWN: usize = 5;
/// Characters of a cell that are shown.
const VALUE_CHARS_SHOWN: usize = 40;
/// Jobs that are named one by one.
const JOBS_SHOWN: usize = 3;

/// What went in, what came out, where the files are, what to do next.
pub(super) fn lines(report: &LoadReport, target: &str, kind: TargetKind, time: Duration) -> Vec<String> {
    let mut lines = vec![outcome(report)];
    let mut line = |name: &str, value: &str| lines.push(format!("{name:<9} {value}"));
    let key = report.key.as_ref().map_or(String::new(), |key| format!(" by {key}"));
    line("target:", &format!("{} ({}{key}) at {target}", report.module, report.operation));
    line("jobs:", &jobs(report));
    line("time:", &format!("{:.1} s for {}", time.as_secs_f64(), counted(report.total(), "row")));
    line("results:", &shown(&report.files.results));
    if not_written(report) > 0 {
        line("errors:", &shown(&report.files.errors));
    }
    if let Some(command) = reasons_of(report, kind) {
        line("reasons:", &command);
    }
    if let Some(unknown) = &report.files.unknown {
        line("unknown:", &shown(unknown));
    }
    line("report:", &shown(&report.files.report));
    lines.extend(next_step(report));
    lines
}

/// `980 added · 20 not written (8 INVALID_DATA Email, 12 MANDATORY_NOT_FOUND Last_Name)`
fn outcome(report: &LoadReport) -> String {
    let rows = |status| report.rows(status);
    let unknown = rows(Status::Unknown);
    let not_written = not_written(report);
    let mut parts = Vec::new();
    if rows(Status::Added) > 0 || rows(Status::Updated) == 0 {
        parts.push(format!("{} added", grouped(rows(Status::Added))));
    }
    if rows(Status::Updated) > 0 {
        parts.push(format!("{} updated", grouped(rows(Status::Updated))));
    }
    parts.push(format!("{} not written{}", grouped(not_written), reasons(report)));
    if unknown > 0 {
        parts.push(format!("{} unknown", grouped(unknown)));
    }
    parts.join(" · ")
}

/// Rows that stand in the errors file.
fn not_written(report: &LoadReport) -> u64 {
    report.total() - report.written() - report.rows(Status::Unknown)
}

/// Where a server of one's own says why exactly rows were not written; of several jobs the first stands for all.
fn reasons_of(report: &LoadReport, kind: TargetKind) -> Option<String> {
    let is_told = kind == TargetKind::Own && report.rows(Status::Skipped) > 0;
    let job = report.jobs.iter().find_map(|job| job.id.as_deref()).filter(|_| is_told)?;
    Some(format!("bulkwright job rows {job} --status skipped"))
}

fn reasons(report: &LoadReport) -> String {
    if report.faults.is_empty() {
        return String::new();
    }
    let reason = |fault: &bulkwright_client::load::FaultCount| {
        format!("{} {} {}", grouped(fault.rows), fault.code, fault.column).trim_end().to_owned()
    };
    let mut shown: Vec<String> = report.faults.iter().take(REASONS_SHOWN).map(reason).collect();
    if report.faults.len() > REASONS_SHOWN {
        shown.push("…".to_owned());
    }
    format!(" ({})", shown.join(", "))
}

fn jobs(report: &LoadReport) -> String {
    let ids: Vec<&str> = report.jobs.iter().filter_map(|job| job.id.as_deref()).collect();
    match ids.len() {
        0 => "none".to_owned(),
        1..=JOBS_SHOWN => ids.join(", "),
        many => format!("{}, {} to {}", grouped(many as u64), ids[0], ids[many - 1]),
    }
}

fn next_step(report: &LoadReport) -> Option<String> {
    if report.rows(Status::Unknown) > 0 {
        return Some("Look at the jobs with `bulkwright job show` before loading unknown rows again.".to_owned());
    }
    if report.written() == report.total() {
        return None;
    }
    let mut flags = format!("--module {}", report.module);
    if report.operation != "insert" {
        flags.push_str(&format!(" --op {}", report.operation));
    }
    if let Some(key) = &report.key {
        flags.push_str(&format!(" --key {key}"));
    }
    flags.extend(field_flags(&report.fields));
    let errors = shown(&report.files.errors);
    let first = if report.rows(Status::NotSent) > 0 {
        format!("Rows that were not sent are in {errors}; when the cause is gone, load that file")
    } else {
        format!("Fix the rows in {errors} and load that file")
    };
    Some(format!("{first}: bulkwright load {errors} {flags}"))
}

/// The options that say what the columns are, as they have to be given again.
fn field_flags(fields: &FieldOptions) -> impl Iterator<Item = String> {
    let of = |flag: &'static str, pairs: &[(String, String)]| -> Vec<String> {
        pairs.iter().map(|(name, value)| format!(" --{flag} {}", quoted(&format!("{name}={value}")))).collect()
    };
    let layout = fields.layout.iter().map(|layout| format!(" --layout {}", quoted(layout)));
    let pairs = [of("map", &fields.maps), of("format", &fields.formats), of("default", &fields.defaults)].concat();
    pairs.into_iter().chain(layout.collect::<Vec<_>>())
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-=/:@%+,".contains(c);
    if word.chars().all(is_plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// The first rows that were not written, each with what to do.
pub(super) fn faults(report: &LoadReport) -> Vec<String> {
    let mut lines: Vec<String> = report.first_faults.iter().map(fault).collect();
    let not_written = report.total() - report.written() - report.rows(Status::Unknown);
    let more = not_written - report.first_faults.len() as u64;
    if more > 0 && !lines.is_empty() {
        lines.push(format!("… and {} more in {}", grouped(more), shown(&report.files.errors)));
    }
    lines
}

fn fault(fault: &RowFault) -> String {
    let mut text = format!("line {}: {}", grouped(fault.line), fault.code);
    if !fault.column.is_empty() {
        text.push_str(&format!(" {}", fault.column));
        if !fault.value.trim().is_empty() {
            text.push_str(&format!(" `{}`", cell(&fault.value)));
        }
    }
    let advice = advice::for_row(fault);
    if advice.is_empty() { text } else { format!("{text}: {advice}") }
}

/// A cell in one line: line ends and control characters would break it.
fn cell(value: &str) -> String {
    let mut text: String =
        value.chars().take(VALUE_CHARS_SHOWN).map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if value.chars().count() > VALUE_CHARS_SHOWN {
        text.push('…');
    }
    text
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// The summary of a load that was refused.
pub(super) fn of_failure(failure: &Failure) -> Value {
    json!({
        "message_type": "summary",
        "schema": REPORT_SCHEMA,
        "rows": 0,
        "stopped": { "message": failure.message },
        "exit_code": failure.exit.code(),
    })
}

/// The summary of a file without rows.
pub(super) fn without_rows(file: &Path, exit: Exit) -> Value {
    json!({
        "message_type": "summary",
        "schema": REPORT_SCHEMA,
        "input": file.to_string_lossy(),
        "rows": 0,
        "exit_code": exit.code(),
    })
}
