//! What lies under `/_bulkwright/` (contract 12, row 59): health and readiness are open to all; the rest is for who has an
//! access token, about his organisation, and for the administrator.

mod admin;
mod administration;
mod callbacks;
mod job_events;
mod job_view;
mod jobs;
mod rows;

use bulkwright_engine::ids::OrgId;
use bulkwright_store::model::SecretHash;
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::header::token_of;
use bulkwright_wire::path::{Endpoint, OwnAccess, OwnEndpoint};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::access::{self, Caller};
use crate::body::RequestBody;
use crate::gate::{Query, in_time};
use crate::metrics;
use crate::reply::{Answer, Envelope, Refusal};
use crate::router::{self, OwnMatched};
use crate::state::App;

/// Who asks.
pub(crate) enum Visitor {
    /// Whoever has the admin secret: asks about every organisation.
    Admin,
    /// Whoever has an access token for bulk work: asks about his organisation.
    Caller(Box<Caller>),
}

impl Visitor {
    /// The organisation that is asked about; `None` for all of them.
    pub(crate) fn org(&self) -> Option<OrgId> {
        match self {
            Visitor::Admin => None,
            Visitor::Caller(caller) => Some(caller.grant.org),
        }
    }
}

/// A request that may be answered.
pub(crate) struct OwnCall<'a> {
    pub(crate) app: &'a App,
    pub(crate) visitor: Option<Visitor>,
    pub(crate) route: OwnMatched<'a>,
    pub(crate) query: Query,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a mut RequestBody,
}

impl OwnCall<'_> {
    /// The organisation that is asked about; `None` for all of them. Not for rows that are open to everybody.
    pub(crate) fn org(&self) -> Option<OrgId> {
        self.visitor.as_ref().expect("whoever is not let in is refused before this").org()
    }
}

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

/// Answers in the order of every request: URL, method, authentication, scope, then what was asked.
pub(crate) async fn answer(
    app: &App,
    path: &str,
    head: &Parts,
    body: &mut RequestBody,
    envelope: &mut Envelope,
) -> Result<Answer, Refusal> {
    let route = router::find_own(path).ok_or(ErrorCode::InvalidUrlPattern)?;
    envelope.endpoint = route.row.template;
    if head.method.as_str() != route.row.method {
        return Err(ErrorCode::InvalidRequestMethod.into());
    }
    let visitor = match route.row.access {
        OwnAccess::Open => None,
        access => Some(visitor(app, head, access, envelope).await?),
    };
    let (access, endpoint) = (route.row.access, route.row.endpoint);
    let call = OwnCall { app, visitor, route, query: Query::of(head.uri.query()), headers: &head.headers, body };
    match (access, endpoint) {
        // What the administrator asks for takes as long as there is data.
        (OwnAccess::Admin, _) => dispatch(call).await,
        // It waits as long as it was asked to, and bounds the rest itself.
        (_, OwnEndpoint::JobWait) => dispatch(call).await,
        (OwnAccess::Open | OwnAccess::Organisation, _) => in_time(app, dispatch(call)).await,
    }
}

async fn dispatch(call: OwnCall<'_>) -> Result<Answer, Refusal> {
    match call.route.row.endpoint {
        OwnEndpoint::Health => Ok(health()),
        OwnEndpoint::Ready => Ok(ready(call.app).await),
        OwnEndpoint::Verify => admin::verify(call.app).await,
        OwnEndpoint::Metrics => {
            Ok(Answer::Text { content_type: metrics::CONTENT_TYPE, body: metrics::scrape(call.app).await? })
        }
        OwnEndpoint::Jobs => jobs::list(&call).await,
        OwnEndpoint::Job => jobs::show(&call).await,
        OwnEndpoint::JobWait => jobs::wait(&call).await,
        OwnEndpoint::JobEvents => job_events::follow(&call).await,
        OwnEndpoint::JobRows => rows::list(&call).await,
        OwnEndpoint::JobSummary => rows::summary(&call).await,
        OwnEndpoint::Callbacks => callbacks::list(&call).await,
        OwnEndpoint::Callback => callbacks::show(&call).await,
        OwnEndpoint::CallbackReplay => callbacks::replay(&call).await,
        OwnEndpoint::Sweep => admin::sweep(call).await,
        OwnEndpoint::Backup => admin::backup(call).await,
        OwnEndpoint::Administration(operation) => administration::answer(call, operation).await,
    }
}

async fn visitor(app: &App, head: &Parts, access: OwnAccess, envelope: &mut Envelope) -> Result<Visitor, Refusal> {
    let presented = head.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(token_of);
    if presented.is_some_and(|token| app.admin_secret.get() == Some(&SecretHash::of(token))) {
        return Ok(Visitor::Admin);
    }
    let caller = access::caller(app, &head.headers).await?;
    envelope.token_reset = Some(caller.token_reset(app.clock.seconds()));
    if access == OwnAccess::Admin || !caller.opens(Endpoint::JobDetails, None) {
        return Err(ErrorCode::OauthScopeMismatch.into());
    }
    Ok(Visitor::Caller(Box::new(caller)))
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
