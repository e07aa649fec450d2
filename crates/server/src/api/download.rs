//! `GET /{v}/crm/{org}/bulk-write/{job}/{job}.zip`: the result (contract 1.6; 12, rows 6 and 56).

use bulkwright_engine::ids::JobId;
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::path::download_org;

use crate::gate::Call;
use crate::reply::{Answer, Refusal};

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
    let job = call.app.store.job(org, id).await?;
    let blob = job.and_then(|job| job.result_blob).ok_or(ErrorCode::ResourceNotFound)?;
    let (size, content) = call.app.store.get_blob(&blob).await?;
    Ok(Answer::Zip { file_name, size, content })
}
