//! `job list`: which jobs there are.

use bulkwright_client::api_words::{JobView, JobsPage, ResourceView};
use bulkwright_client::{Exit, JobsFilter, TargetKind};
use clap::ValueEnum;
use jiff::tz::TimeZone;

use super::job_view::local_time;
use crate::args::{JobListArgs, ListFormat};
use crate::exit::Failure;
use crate::table;
use crate::target::{NoData, Target};
use crate::ui::{Ui, grouped};

/// Characters of a cause in a table; `job show` tells all of it.
const CAUSE_CHARS_MAX: usize = 60;
/// Columns of a table whose cells are numbers.
const NUMBERS: std::ops::Range<usize> = 4..7;

pub(crate) async fn run(args: &JobListArgs, ui: &Ui) -> Result<Exit, Failure> {
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = list(args, &target, ui).await;
    target.close().await;
    ended
}

async fn list(args: &JobListArgs, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    if target.kind().await? == TargetKind::Vendor {
        let message = format!("{} has no list of jobs: the API of the vendor tells one job at a time", target.name);
        let hint = "look at one with `bulkwright job show ID`; NAME.report.json names the jobs of each load";
        return Err(Failure::new(Exit::Usage, message, hint));
    }
    let status = args.status.and_then(|status| status.to_possible_value()).map(|value| value.get_name().to_owned());
    let filter = JobsFilter { status, limit: Some(args.limit), before: args.before.clone() };
    let received = target.api.jobs(&filter).await?;
    let page = received.value;
    match args.format {
        _ if ui.json => ui.answer_body(&received.body),
        ListFormat::Json => ui.answer_body(&received.body),
        ListFormat::Csv => ui.answer_bytes(&csv_of(&page)?),
        ListFormat::Table => lines(&page).iter().for_each(|line| ui.answer(line)),
    }
    if let Some(next) = &page.info.next_before {
        ui.talk(&format!("there are older ones: bulkwright job list --before {next}"));
    } else if page.jobs.is_empty() {
        ui.talk("no such jobs");
    }
    Ok(Exit::Done)
}

fn lines(page: &JobsPage) -> Vec<String> {
    let header = ["ID", "STATUS", "MODULE", "OPERATION", "ADDED", "UPDATED", "SKIPPED", "CREATED", "CAUSE"];
    let zone = TimeZone::system();
    table::lines(header, page.jobs.iter().map(|job| cells(job, &zone)).collect(), &NUMBERS)
}

fn cells(job: &JobView, zone: &TimeZone) -> [String; 9] {
    let counts = job.counts;
    [
        job.id.clone(),
        job.status.clone(),
        of_resources(job, |resource| &resource.module),
        job.operation.clone(),
        grouped(counts.added),
        grouped(counts.updated),
        grouped(counts.skipped),
        local_time(&job.created_time, zone),
        table::shortened(job.cause.as_deref().unwrap_or_default(), CAUSE_CHARS_MAX),
    ]
}

fn csv_of(page: &JobsPage) -> Result<Vec<u8>, Failure> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let wrong = |error: csv::Error| Failure::new(Exit::Unexpected, error.to_string(), "");
    csv.write_record([
        "id",
        "org",
        "status",
        "operation",
        "module",
        "file_name",
        "added",
        "updated",
        "skipped",
        "created_time",
        "started_time",
        "finished_time",
        "attempt",
        "cause",
    ])
    .map_err(wrong)?;
    for job in &page.jobs {
        let counts = [job.counts.added, job.counts.updated, job.counts.skipped].map(|count| count.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut row = vec![job.id.clone(), job.org.clone(), job.status.clone(), job.operation.clone()];
        row.push(of_resources(job, |resource| &resource.module));
        row.push(of_resources(job, |resource| &resource.file_name));
        row.extend(counts);
        row.extend([job.created_time.clone(), text(&job.started_time), text(&job.finished_time)]);
        row.extend([job.attempt.to_string(), text(&job.cause)]);
        csv.write_record(row).map_err(wrong)?;
    }
    csv.into_inner().map_err(|error| Failure::new(Exit::Unexpected, error.to_string(), ""))
}

fn of_resources(job: &JobView, text: impl Fn(&ResourceView) -> &String) -> String {
    job.resources.iter().map(|resource| text(resource).as_str()).collect::<Vec<_>>().join(" ")
}
