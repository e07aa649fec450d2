//! How a job leaves the worker: finished, given back, or given up.

use std::sync::Arc;

use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Claim, Failure, Finish, Job, JobState};
use bulkwright_wire::error::ErrorCode;

use super::attempt::{self, AttemptError, End};
use super::{ATTEMPTS_MAX, Worked};
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
    Ok(Worked::AJob)
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
    Ok(Worked::InVain)
}

/// An attempt that the store or the disk failed: the job is given back, unless it has had its attempts.
pub(super) async fn failed_attempt(
    app: &Arc<App>,
    claim: Claim,
    job: &Arc<Job>,
    error: &AttemptError,
) -> Result<Worked, StoreError> {
    tracing::error!(
        job = %job.id,
        attempt = claim.attempt,
        error = error as &dyn std::error::Error,
        "an attempt at a job came to no end"
    );
    if claim.attempt < ATTEMPTS_MAX {
        return release(app, claim, job).await;
    }
    let message = format!("{ATTEMPTS_MAX} attempts came to no end: {error}; the server's log says more");
    give_up(app, claim, job, message).await
}

/// A panic is a fault of this program that this job meets: it would meet it again.
pub(super) async fn panicked(app: &Arc<App>, claim: Claim, job: &Arc<Job>) -> Result<Worked, StoreError> {
    tracing::error!(job = %job.id, attempt = claim.attempt, "a job ended in a panic; the server goes on");
    let message = "the server met a fault of its own in this file; its log says more".to_owned();
    give_up(app, claim, job, message).await
}

/// Fails a job with the counts that its ledger has. The upload is kept.
async fn give_up(app: &Arc<App>, claim: Claim, job: &Arc<Job>, message: String) -> Result<Worked, StoreError> {
    let (settled_app, settled_job) = (app.clone(), job.clone());
    let settled = tokio::task::spawn_blocking(move || attempt::settled(&settled_app, &settled_job)).await;
    let counts = match settled {
        Ok(Ok(counts)) => counts,
        _ => job.resources.first().map(|resource| resource.counts).unwrap_or_default(),
    };
    let failure = Failure { code: ErrorCode::InternalError.row().code.to_owned(), message };
    let end = End { state: JobState::Failed, counts, failure: Some(failure), charset: None, result: None };
    finish(app, claim, job, end).await
}
