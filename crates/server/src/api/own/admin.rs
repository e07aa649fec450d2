//! What is for the administrator (contract 12, row 59): looking after the data of a server that runs.

use std::time::Duration;

use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::upkeep::SweepRequest;
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

/// What the body asks for; `None` without a body.
async fn asked<T: DeserializeOwned>(call: OwnCall<'_>) -> Result<Option<T>, Refusal> {
    let body = call.body.read_whole(call.app.connections.json_bytes_max).await?;
    if body.is_empty() {
        return Ok(None);
    }
    let asked = serde_json::from_slice(&body);
    asked.map(Some).map_err(|error| ErrorBody::new(ErrorCode::InvalidRequest, error.to_string()).into())
}
