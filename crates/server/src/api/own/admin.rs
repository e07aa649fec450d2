//! What is for the administrator (contract 12, row 59): looking after the data of a server that runs.

use std::path::PathBuf;
use std::time::Duration;

use bulkwright_store::Error as StoreError;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::upkeep::{BackupRequest, SweepRequest};
use serde::de::DeserializeOwned;

use super::OwnCall;
use crate::reply::{Answer, Refusal};
use crate::state::App;
use crate::sweep::Lifetimes;
use crate::upkeep;

/// `POST /_bulkwright/admin/verify`
pub(super) async fn verify(app: &App) -> Result<Answer, Refusal> {
    let verification = app.upkeep.verify().await?;
    Ok(Answer::ok(&upkeep::verify_answer(verification, &app.catalog)))
}

/// `POST /_bulkwright/admin/sweep`
pub(super) async fn sweep(call: OwnCall<'_>) -> Result<Answer, Refusal> {
    let app = call.app;
    let request: SweepRequest = asked(call).await?.unwrap_or_default();
    let lifetimes = request.older_than_seconds.map(Duration::from_secs).map_or(app.lifetimes, Lifetimes::all);
    let mode = upkeep::sweep_mode(request.remove);
    let swept = app.upkeep.sweep(&lifetimes.rule(app.clock.seconds(), mode)).await?;
    Ok(Answer::ok(&upkeep::sweep_answer(swept, mode)))
}

/// `POST /_bulkwright/admin/backup`
pub(super) async fn backup(call: OwnCall<'_>) -> Result<Answer, Refusal> {
    let app = call.app;
    let request: Option<BackupRequest> = asked(call).await?;
    let destination = request.map(|request| PathBuf::from(request.destination)).filter(|path| path.is_absolute());
    let destination = destination.ok_or_else(|| {
        let message = "give the absolute path of the backup, on the machine of the server, as destination";
        ErrorBody::new(ErrorCode::InvalidRequest, message)
    })?;
    let report = app.upkeep.backup(&destination, app.clock.seconds()).await.map_err(refusal)?;
    tracing::info!(
        directory = %report.directory.display(), files = report.files, bytes = report.bytes,
        jobs_waited_ms = report.jobs_waited_ms, "a backup is written"
    );
    Ok(Answer::ok(&upkeep::backup_answer(report, &app.catalog)))
}

/// Whoever asks for a backup chose the place and looks after the disk: he is told what is wrong with them.
fn refusal(error: StoreError) -> Refusal {
    match error {
        StoreError::Directory { path, source } => {
            let message =
                format!("{} cannot be written: {source}; choose a directory that is not there yet", path.display());
            ErrorBody::new(ErrorCode::InvalidRequest, message).into()
        }
        error @ (StoreError::Full { .. } | StoreError::Damaged { .. }) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a backup was not written");
            ErrorBody::new(ErrorCode::InternalError, format!("no backup was written: {error}")).into()
        }
        other => other.into(),
    }
}

/// What the body asks for; without a body, what an empty object does.
pub(super) async fn asked_or_nothing<T: DeserializeOwned>(call: OwnCall<'_>) -> Result<T, Refusal> {
    match asked(call).await? {
        Some(asked) => Ok(asked),
        None => Ok(read(b"{}")?),
    }
}

/// What the body asks for; `None` without a body.
async fn asked<T: DeserializeOwned>(call: OwnCall<'_>) -> Result<Option<T>, Refusal> {
    let body = call.body.read_whole(call.app.connections.json_bytes_max).await?;
    if body.is_empty() {
        return Ok(None);
    }
    Ok(Some(read(&body)?))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorBody> {
    serde_json::from_slice(body).map_err(|error| ErrorBody::new(ErrorCode::InvalidRequest, error.to_string()))
}
