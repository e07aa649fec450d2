//! What lies under `/_bulkwright/`: health and readiness, open to all (contract 12, row 59).

use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::path;
use http::{Method, StatusCode};
use serde::Serialize;

use crate::reply::{Answer, Refusal};
use crate::state::App;

/// Says what this is, so that a client knows whom it talks to.
#[derive(Serialize)]
struct Health {
    status: &'static str,
    product: &'static str,
    version: &'static str,
    api: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

pub(crate) async fn answer(app: &App, path: &str, method: &Method) -> Result<Answer, Refusal> {
    if path != path::HEALTH && path != path::READY {
        return Err(ErrorCode::InvalidUrlPattern.into());
    }
    if method != Method::GET {
        return Err(ErrorCode::InvalidRequestMethod.into());
    }
    if path == path::READY { Ok(ready(app).await) } else { Ok(health()) }
}

fn health() -> Answer {
    Answer::ok(&Health { status: "ok", product: "bulkwright", version: env!("CARGO_PKG_VERSION"), api: "bulkwright" })
}

async fn ready(app: &App) -> Answer {
    let not_ready =
        |reason| Answer::json(StatusCode::SERVICE_UNAVAILABLE, &Ready { status: "not ready", reason: Some(reason) });
    if app.draining.is_cancelled() {
        return not_ready("the server is ending");
    }
    match app.store.check().await {
        Ok(()) => Answer::ok(&Ready { status: "ready", reason: None }),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the store is not ready");
            not_ready("the store cannot be read and written")
        }
    }
}
