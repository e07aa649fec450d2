//! `GET /{v}/crm/{org}/bulk-write/{job}/{job}.zip`: the result (contract 1.6; 12, rows 6, 20 and 56).

use bulkwright_engine::ids::JobId;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{BlobSum, Job, JobState};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::path::download_org;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};

use crate::gate::Call;
use crate::reply::{Answer, Refusal};
use crate::state::App;

type Content = BoxStream<'static, Result<Bytes, StoreError>>;

/// Streams the result of a job. Another organisation's job, one without a result and none at all answer the same.
pub(crate) async fn send(call: &Call<'_>) -> Result<Answer, Refusal> {
    let org = call.caller.grant.org;
    let job_id = call.route.parameter("job_id");
    let file_name = format!("{job_id}.zip");
    let is_own = download_org(call.route.parameter("org")) == org.to_string();
    if !is_own || call.route.parameter("file") != file_name {
        return Err(ErrorCode::ResourceNotFound.into());
    }
    let id: JobId = job_id.parse().map_err(|_| ErrorCode::ResourceNotFound)?;
    let job = call.app.store.job(org, id).await?.ok_or(ErrorCode::ResourceNotFound)?;
    if link_has_ended(&job, call.app) {
        return Err(ErrorCode::LinkNotValid.into());
    }
    let blob = job.result_blob.ok_or(ErrorCode::ResourceNotFound)?;
    let (size, content) = call.app.store.get_blob(&blob).await?;
    let content = match job.result_sum {
        Some(sum) if sum.bytes != size => return Err(Refusal::Store(damaged(id))),
        Some(sum) => begun(checked(content, sum, id)).await?,
        // Written by a version that did not note what it wrote.
        None => content,
    };
    Ok(Answer::Zip { file_name, size, content })
}

/// Whether the job had a result that has outlived its time (contract 12, row 20), be it swept already or not. A completed
/// job always had one.
fn link_has_ended(job: &Job, app: &App) -> bool {
    let is_old = |finished_at: i64| finished_at.saturating_add(app.lifetimes.result) <= app.clock.seconds();
    let is_swept = job.state == JobState::Completed && job.result_blob.is_none();
    !job.fixed && (is_swept || job.finished_at.is_some_and(is_old))
}

/// Waits for the first piece: a result that has no other is refused before an answer has begun.
async fn begun(mut content: Content) -> Result<Content, StoreError> {
    let first = content.try_next().await?;
    Ok(stream::iter(first.map(Ok)).chain(content).boxed())
}

fn damaged(job: JobId) -> StoreError {
    StoreError::Damaged { what: format!("the result of job {job}") }
}

/// Hashes a result as it is sent, and keeps its last piece back until the hash is known: one that has changed is never
/// received whole, and whatever its size it is read once.
fn checked(content: Content, sum: BlobSum, job: JobId) -> Content {
    let state = (content, Sha256::new(), 0_u64);
    let checked = stream::try_unfold(state, move |(mut content, mut hasher, sent)| async move {
        let Some(piece) = content.try_next().await? else { return Ok(None) };
        hasher.update(&piece);
        let sent = sent + piece.len() as u64;
        if sent >= sum.bytes && hasher.clone().finalize()[..] != sum.sha256 {
            // Whoever waits for the rest of a download tells nobody.
            tracing::error!(%job, "a result has changed on the disk: its download is broken off");
            return Err(damaged(job));
        }
        Ok(Some((piece, (content, hasher, sent))))
    });
    checked.boxed()
}
