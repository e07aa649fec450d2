//! How a job leaves the worker: finished, given back, or given up.

use std::sync::Arc;

use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::error::{is_full, with_causes};
use bulkwright_store::model::{Claim, Failure, Finish, Job, JobState, Postponed, Rest};
use bulkwright_wire::error::ErrorCode;

use super::attempt::{self, End};
use super::progress::Progress;
use super::{FAILURES_MAX, FULL_DISK_REST_SECONDS, POLL, REST_SECONDS, REST_SECONDS_MAX, Worked};
use crate::deliver;
use crate::room::NoRoom;
use crate::state::App;

/// Ends a job: the result's blob first, then everything that names it in one transaction.
pub(super) async fn finish(app: &App, claim: Claim, end: End) -> Result<Worked, StoreError> {
    let (result_blob, result_sum) = match end.result {
        Some((file, sum)) => (Some(app.store.put_blob_file("result", file).await?), Some(sum)),
        None => (None, None),
    };
    let (counts, finished_at) = (end.counts, app.clock.seconds());
    let finish = Finish {
        state: end.state,
        resources: vec![(end.state, counts, end.failure.clone())],
        result_blob: result_blob.clone(),
        result_sum,
        charset: end.charset,
        finished_at,
        callback_at: deliver::first_due(&app.callbacks.schedule, finished_at),
    };
    let finished = app.store.finish(claim, &finish).await;
    // Also where it failed: it may have been done all the same.
    app.callbacks.wake.notify_one();
    if let Err(error) = finished {
        // Any other error leaves it open whether the row that names the blob is there: then the sweep finds out.
        if matches!(error, StoreError::Fenced) {
            forget(app, result_blob).await;
        }
        return Err(error);
    }
    let Counts { added, updated, skipped } = counts;
    match end.failure {
        None => tracing::info!(added, updated, skipped, "a job is completed"),
        Some(failure) => {
            tracing::warn!(added, updated, skipped, code = failure.code, "a job has failed");
        }
    }
    Ok(Worked::Ended)
}

/// A result that no row will name.
async fn forget(app: &App, blob: Option<String>) {
    let Some(blob) = blob else { return };
    if let Err(error) = app.store.delete_blob(&blob).await {
        tracing::warn!(error = &error as &dyn std::error::Error, blob, "a result that is not needed was not removed");
    }
}

/// Gives a job back so that the next start goes on with it.
pub(super) async fn release(app: &App, claim: Claim) -> Result<Worked, StoreError> {
    app.store.release(claim).await?;
    tracing::info!("a job is left for the next start");
    Ok(Worked::Released)
}

/// A job that stopped between two chunks because the disk is nearly full.
pub(super) async fn wait_for_room(app: &App, claim: Claim, no_room: NoRoom) -> Result<Worked, StoreError> {
    tracing::warn!(%no_room, "a job waits for room on the disk");
    let rest = Rest { until: app.clock.seconds() + FULL_DISK_REST_SECONDS, cause: no_room.to_string() };
    postpone(app, claim, &rest, Postponed::Waiting).await?;
    Ok(Worked::Postponed)
}

/// An attempt that the store or the disk failed: the job rests, and others go first, unless it has had its attempts. A
/// full disk is nobody's attempt: the job waits for room as long as it takes.
pub(super) async fn failed_attempt(
    app: &Arc<App>,
    claim: Claim,
    job: &Arc<Job>,
    progress: &Progress,
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> Result<Worked, StoreError> {
    let failures = job.failures + 1;
    let (rest_seconds, postponed) = match (is_full(error), progress.has_committed()) {
        (true, _) => (FULL_DISK_REST_SECONDS, Postponed::Waiting),
        (false, true) => (REST_SECONDS, Postponed::FailedAfterProgress),
        (false, false) if failures >= FAILURES_MAX => return failed_for_good(app, claim, job, error).await,
        (false, false) => (rest_seconds(failures), Postponed::Failed),
    };
    tracing::error!(rest_seconds, error = error as &dyn std::error::Error, "an attempt at a job came to no end");
    let rest = Rest { until: app.clock.seconds() + rest_seconds, cause: with_causes(error) };
    postpone(app, claim, &rest, postponed).await?;
    Ok(Worked::Postponed)
}

/// Writes down that a job rests. Where even that cannot be written, no other job could be taken either: it is tried until
/// it can, or the server ends.
async fn postpone(app: &App, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), StoreError> {
    loop {
        let error = match app.store.postpone(claim, rest, postponed).await {
            Err(error) if !matches!(error, StoreError::Fenced) => error,
            written => return written,
        };
        tracing::warn!(error = &error as &dyn std::error::Error, "a job cannot be put to rest");
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = app.draining.cancelled() => return Err(error),
        }
    }
}

async fn failed_for_good(
    app: &Arc<App>,
    claim: Claim,
    job: &Arc<Job>,
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> Result<Worked, StoreError> {
    tracing::error!(error = error as &dyn std::error::Error, "a job is given up");
    let message = format!("{FAILURES_MAX} attempts came to no end: {}; the server's log says more", with_causes(error));
    give_up(app, claim, job, message).await
}

fn rest_seconds(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(u32::from(u8::MAX));
    2_i64
        .checked_pow(doublings)
        .and_then(|times| times.checked_mul(REST_SECONDS))
        .map_or(REST_SECONDS_MAX, |seconds| seconds.min(REST_SECONDS_MAX))
}

/// A job whose every attempt ended with the process, without a chunk committed, while nothing else was at work.
pub(super) async fn given_up_as_deadly(app: &Arc<App>, claim: Claim, job: &Arc<Job>) -> Result<Worked, StoreError> {
    let deaths = job.deaths;
    tracing::error!(deaths, "a job is given up: the server dies of it");
    let message =
        format!("the server ended {deaths} times in a row while it worked on this file alone; its log says more");
    give_up(app, claim, job, message).await
}

/// A panic is a fault of this program that this job meets: it would meet it again.
pub(super) async fn panicked(app: &Arc<App>, claim: Claim, job: &Arc<Job>) -> Result<Worked, StoreError> {
    tracing::error!("a job ended in a panic; the server goes on");
    let message = "the server met a fault of its own in this file; its log says more".to_owned();
    give_up(app, claim, job, message).await
}

/// Fails a job with the counts that its ledger has. The upload is kept.
async fn give_up(app: &Arc<App>, claim: Claim, job: &Arc<Job>, message: String) -> Result<Worked, StoreError> {
    let counts = settled(app, job).await;
    let failure = Failure { code: ErrorCode::InternalError.row().code.to_owned(), message };
    let end = End { state: JobState::Failed, counts, failure: Some(failure), charset: None, result: None };
    finish(app, claim, end).await
}

/// What the ledger says; if it cannot be read, what was last shown.
async fn settled(app: &Arc<App>, job: &Arc<Job>) -> Counts {
    let (ledger_app, ledger_job) = (app.clone(), job.clone());
    match tokio::task::spawn_blocking(move || attempt::settled(&ledger_app, &ledger_job)).await {
        Ok(Ok(counts)) => counts,
        _ => Progress::of(job).last().counts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_a_bound() {
        let rests = [1, 2, 3, 6, 7, 20, u32::MAX].map(rest_seconds);
        assert_eq!(rests, [5, 10, 20, 160, 300, 300, 300]);
    }
}
