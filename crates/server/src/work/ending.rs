//! How a job leaves the worker: finished, given back, or given up.

use std::sync::Arc;

use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Claim, Failure, Finish, Job, JobState};
use bulkwright_wire::error::ErrorCode;

use super::attempt::{self, AttemptError, End};
use super::progress::Progress;
use super::{ATTEMPTS_MAX, REST_SECONDS, REST_SECONDS_MAX, Worked};
use crate::state::App;

/// Ends a job: the result's blob first, then everything that names it in one transaction.
pub(super) async fn finish(app: &App, claim: Claim, job: &Job, end: End) -> Result<Worked, StoreError> {
    let result_blob = match end.result {
        Some(file) => Some(app.store.put_blob_file("result", file).await?),
        None => None,
    };
    let counts = end.counts;
    let finish = Finish {
        state: end.state,
        resources: vec![(end.state, counts, end.failure.clone())],
        result_blob: result_blob.clone(),
        charset: end.charset,
        finished_at: app.clock.seconds(),
    };
    if let Err(error) = app.store.finish(claim, &finish).await {
        forget(app, result_blob).await;
        return Err(error);
    }
    let Counts { added, updated, skipped } = counts;
    match end.failure {
        None => tracing::info!(job = %job.id, added, updated, skipped, "a job is completed"),
        Some(failure) => {
            tracing::warn!(job = %job.id, added, updated, skipped, code = failure.code, "a job has failed");
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
pub(super) async fn release(app: &App, claim: Claim, job: &Job) -> Result<Worked, StoreError> {
    app.store.release(claim).await?;
    tracing::info!(job = %job.id, "a job is left for the next start");
    Ok(Worked::Released)
}

/// An attempt that the store or the disk failed: the job rests, and others go first, unless it has had its attempts.
/// It rests by its lease, which a new start voids.
pub(super) async fn failed_attempt(
    app: &Arc<App>,
    claim: Claim,
    job: &Arc<Job>,
    progress: &Progress,
    error: &AttemptError,
) -> Result<Worked, StoreError> {
    tracing::error!(
        job = %job.id,
        attempt = claim.attempt,
        error = error as &dyn std::error::Error,
        "an attempt at a job came to no end"
    );
    if claim.attempt >= ATTEMPTS_MAX {
        let message = format!("{ATTEMPTS_MAX} attempts came to no end: {error}; the server's log says more");
        return give_up(app, claim, job, message).await;
    }
    let seen = progress.last();
    let rest_until = app.clock.seconds() + rest_seconds(claim.attempt);
    app.store.progress(claim, rest_until, 0, seen.counts, seen.charset).await?;
    Ok(Worked::Postponed)
}

fn rest_seconds(attempt: u32) -> i64 {
    let doublings = attempt.saturating_sub(1).min(u32::from(u8::MAX));
    2_i64
        .checked_pow(doublings)
        .and_then(|times| times.checked_mul(REST_SECONDS))
        .map_or(REST_SECONDS_MAX, |seconds| seconds.min(REST_SECONDS_MAX))
}

/// A job whose attempts all ended with the process, before its first chunk, is not begun again.
pub(super) async fn given_up_unless_it_moves(
    app: &Arc<App>,
    claim: Claim,
    job: &Arc<Job>,
) -> Result<Option<Worked>, StoreError> {
    if settled(app, job).await.total() > 0 {
        return Ok(None);
    }
    let message = format!("the server ended {ATTEMPTS_MAX} times while it worked on this file; its log says more");
    give_up(app, claim, job, message).await.map(Some)
}

/// A panic is a fault of this program that this job meets: it would meet it again.
pub(super) async fn panicked(app: &Arc<App>, claim: Claim, job: &Arc<Job>) -> Result<Worked, StoreError> {
    tracing::error!(job = %job.id, attempt = claim.attempt, "a job ended in a panic; the server goes on");
    let message = "the server met a fault of its own in this file; its log says more".to_owned();
    give_up(app, claim, job, message).await
}

/// Fails a job with the counts that its ledger has. The upload is kept.
async fn give_up(app: &Arc<App>, claim: Claim, job: &Arc<Job>, message: String) -> Result<Worked, StoreError> {
    let counts = settled(app, job).await;
    let failure = Failure { code: ErrorCode::InternalError.row().code.to_owned(), message };
    let end = End { state: JobState::Failed, counts, failure: Some(failure), charset: None, result: None };
    finish(app, claim, job, end).await
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
