//! From what came of a part to what became of each of its rows.

use bulkwright_wire::details::{File, JobDetails, Status as JobStatus};

use crate::api::TargetKind;
use crate::load::job::{PartEnd, Stop};
use crate::load::join::{self, HowToJoin};
use crate::load::part::Part;
use crate::load::result;
use crate::load::verdict::{JoinedBy, RowEnd, Status};

/// A part whose rows all have their end.
#[derive(Debug)]
pub(crate) struct Settled {
    /// One for each row of the part, also for those that were not sent.
    pub(crate) ends: Vec<RowEnd>,
    pub(crate) job: Option<String>,
    /// The job's status, as the target spells it.
    pub(crate) job_status: Option<String>,
    pub(crate) stop: Option<Stop>,
    /// What somebody should know.
    pub(crate) warnings: Vec<String>,
}

/// What is known of the echo.
#[derive(Clone, Debug)]
pub(crate) struct Echo {
    /// Source columns that are echoed, in order.
    pub(crate) columns: Vec<usize>,
    pub(crate) target: TargetKind,
    pub(crate) by: JoinedBy,
}

/// Gives every row of a part its end.
pub(crate) fn settle(part: &Part, end: PartEnd, echo: &Echo) -> Settled {
    let mut settled = Settled { ends: Vec::new(), job: None, job_status: None, stop: None, warnings: Vec::new() };
    let sent_ends = match end {
        PartEnd::NothingToSend => Vec::new(),
        PartEnd::NotSent(stop) => {
            let end = RowEnd::of(Status::NotSent, &*stop.message).with_code(stop.code.clone());
            settled.stop = Some(stop);
            vec![end; part.sent.len()]
        }
        PartEnd::Unknown { job, why, stop } => {
            (settled.job, settled.stop) = (job, stop);
            vec![RowEnd::unknown(why); part.sent.len()]
        }
        PartEnd::Ended { details, result, stop } => {
            (settled.job, settled.job_status) = (Some(details.id.clone()), Some(details.status.clone()));
            settled.stop = stop;
            let ends = match result.and_then(|zip| joined(part, &details.id, &zip, echo)) {
                Ok(ends) => ends,
                Err(missing) => by_counts(part, &details, &missing),
            };
            settled.warnings.extend(counts_differ(&ends, &details));
            ends
        }
    };
    settled.ends = with_refused(part, sent_ends);
    settled
}

fn joined(part: &Part, job: &str, zip: &tempfile::NamedTempFile, echo: &Echo) -> Result<Vec<RowEnd>, String> {
    let mut results = Vec::with_capacity(part.sent.len());
    let file = zip.reopen().map_err(|error| error.to_string())?;
    result::read(file, job, |row| results.push(row)).map_err(|error| error.to_string())?;
    let how = HowToJoin { target: echo.target, by: echo.by };
    Ok(join::join(part, &echo.columns, results, how))
}

/// Without a result only the counts speak: all of one kind, or nothing at all.
fn by_counts(part: &Part, details: &JobDetails, missing: &str) -> Vec<RowEnd> {
    let rows = part.sent.len() as u64;
    let resource = details.resource.first();
    let count = |pick: fn(&File) -> Option<u64>| resource.and_then(|one| one.file.as_ref()).and_then(pick).unwrap_or(0);
    let (added, updated) = (count(|file| file.added_count), count(|file| file.updated_count));
    let of_counts = |status| RowEnd { joined_by: Some(JoinedBy::Counts), ..RowEnd::of(status, "") };
    let end = if added == rows {
        of_counts(Status::Added)
    } else if updated == rows {
        of_counts(Status::Updated)
    } else if JobStatus::parse(&details.status) == Some(JobStatus::Failed) && added + updated == 0 {
        let code = resource.map(|one| one.code.clone()).filter(|code| !code.is_empty());
        let message = resource.and_then(|one| one.message.clone());
        RowEnd::of(Status::Failed, message.unwrap_or_else(|| "the job failed".to_owned())).with_code(code)
    } else {
        RowEnd::unknown(format!("job {} ended {}, but {missing}", details.id, details.status))
    };
    vec![end; part.sent.len()]
}

/// The target counts too; where its numbers are others than the result's, somebody should look.
fn counts_differ(ends: &[RowEnd], details: &JobDetails) -> Option<String> {
    let file = details.resource.first()?.file.as_ref()?;
    let of = |status| ends.iter().filter(|end| end.status == status).count() as u64;
    let counted = (file.added_count?, file.updated_count?);
    let found = (of(Status::Added), of(Status::Updated));
    let known = ends.iter().all(|end| end.status != Status::Unknown);
    (known && counted != found).then(|| {
        format!(
            "job {} counts {} added and {} updated, its result names {} and {}",
            details.id, counted.0, counted.1, found.0, found.1
        )
    })
}

fn with_refused(part: &Part, sent_ends: Vec<RowEnd>) -> Vec<RowEnd> {
    let mut sent = sent_ends.into_iter();
    let end = |row: crate::load::rows::RowView<'_>| match row.refused() {
        Some(refused) => refusal(&refused.reason),
        None => sent.next().expect("every row that is not refused was sent and has its end"),
    };
    part.rows.iter().map(end).collect()
}

/// The end of a row that cannot be read.
pub(crate) fn refusal(reason: &str) -> RowEnd {
    RowEnd::of(Status::Refused, reason).with_code(Some("INVALID_DATA".to_owned()))
}
