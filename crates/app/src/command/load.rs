//! `load`: a file goes in, its outcome comes out.

mod show;
mod summary;

use std::time::Instant;

use bulkwright_client::api_words::Operation;
use bulkwright_client::load::{FieldOptions, Input, PartLimits, PollInterval, load};
use bulkwright_client::{Exit, LoadReport, LoadSettings, TargetKind};
use serde_json::{Value, json};

use crate::advice;
use crate::args::{LoadArgs, Op};
use crate::exit::Failure;
use crate::signals::stop_on_signal;
use crate::target::{NoData, Target};
use crate::ui::Ui;
pub(super) use show::spinner;

use show::Show;

pub(crate) async fn run(args: &LoadArgs, ui: &Ui) -> Result<Exit, Failure> {
    let ended = attempt(args, ui).await;
    if let (true, Err(failure)) = (ui.json, &ended) {
        ui.answer_json(&summary::of_failure(failure));
    }
    ended
}

async fn attempt(args: &LoadArgs, ui: &Ui) -> Result<Exit, Failure> {
    check(args)?;
    // The file first: one that cannot be loaded needs no target.
    let input = Input::open(&args.file, args.charset.as_deref())?;
    if input.has_no_rows() {
        return Ok(no_rows(args, ui));
    }
    let started = Instant::now();
    let target = Target::resolve(&args.target, NoData::Make).await?;
    ui.talk(&format!("Loading {} into {} at {}", args.file.display(), args.module, target.name));
    let talk = ui.clone();
    let stop = stop_on_signal(move || talk.talk("Stopping: what is known is written down (again to stop at once)"));
    let show = Show::new(ui);
    let loaded = load(&target.api, input, &settings(args), &show, &stop).await;
    show.finish();
    match loaded {
        Ok(report) => {
            // Who cannot be asked any more is taken for one that tells no more than the result.
            let kind = target.kind().await.unwrap_or(TargetKind::Vendor);
            tell(&report, &target.name, kind, started, ui);
            target.close().await;
            if let Some(failure) = early_end(&report) {
                ui.fail(&failure);
            }
            Ok(report.exit)
        }
        Err(error) if show.has_begun() => {
            target.close().await;
            Err(error.into())
        }
        Err(error) => {
            target.close_unused().await;
            Err(error.into())
        }
    }
}

/// What the command line alone can tell.
fn check(args: &LoadArgs) -> Result<(), Failure> {
    if args.op != Op::Insert && args.key.is_none() {
        let message = "to update or upsert, the field that finds the records must be known";
        return Err(Failure::new(Exit::Usage, message, "add --key FIELD, such as --key Email"));
    }
    Ok(())
}

fn settings(args: &LoadArgs) -> LoadSettings {
    LoadSettings {
        module: args.module.clone(),
        operation: match args.op {
            Op::Insert => Operation::Insert,
            Op::Update => Operation::Update,
            Op::Upsert => Operation::Upsert,
        },
        key: args.key.clone(),
        join_by: args.join_by.clone(),
        ignore_empty: args.ignore_empty,
        fields: FieldOptions {
            maps: args.maps.clone(),
            formats: args.formats.clone(),
            defaults: args.defaults.clone(),
            layout: args.layout.clone(),
        },
        out: args.out.clone(),
        parts: parts(args),
        poll_interval: args.poll_interval.map(PollInterval),
        wait: args.wait,
    }
}

/// Whoever asks for larger jobs has a server that takes larger zips.
fn parts(args: &LoadArgs) -> PartLimits {
    let vendor = PartLimits::default();
    let rows_max = args.rows_per_job as usize;
    if rows_max <= vendor.rows_max {
        return PartLimits { rows_max, ..vendor };
    }
    PartLimits { rows_max, zip_bytes_max: u64::MAX, bytes_max: usize::MAX }
}

fn no_rows(args: &LoadArgs, ui: &Ui) -> Exit {
    let exit = if args.error_if_empty { Exit::NothingToDo } else { Exit::Done };
    if ui.json {
        ui.answer_json(&summary::without_rows(&args.file, exit));
    } else {
        ui.answer(&format!("no rows: {} has a header and nothing under it", args.file.display()));
    }
    if exit != Exit::Done {
        ui.fail(&Failure::new(exit, "nothing to do", "the file has no rows"));
    }
    exit
}

fn tell(report: &LoadReport, target: &str, kind: TargetKind, started: Instant, ui: &Ui) {
    if ui.json {
        let Value::Object(report) = report.to_json() else { return };
        let mut line = json!({ "message_type": "summary" });
        if let Value::Object(line) = &mut line {
            line.extend(report);
        }
        ui.answer_json(&line);
        return;
    }
    for line in summary::faults(report) {
        ui.talk(&line);
    }
    for line in summary::lines(report, target, kind, started.elapsed()) {
        ui.answer(&line);
    }
}

/// Why a run ended before all rows had their turn; said last, where it is seen.
fn early_end(report: &LoadReport) -> Option<Failure> {
    if matches!(report.exit, Exit::Done | Exit::SomeNotWritten) {
        return None;
    }
    let (message, code) = match &report.stop {
        Some(stop) => (stop.message.clone(), stop.code.clone().unwrap_or_default()),
        None => ("no job of this load could be processed".to_owned(), String::new()),
    };
    let mut hint = advice::for_refusal(&code);
    if hint.is_empty() {
        hint = format!("{} says what became of each row", report.files.results.display());
    }
    Some(Failure::new(report.exit, message, hint))
}
