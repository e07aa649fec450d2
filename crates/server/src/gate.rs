//! The gate that every request passes: URL, method, authentication, scope, application, in this order.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use bulkwright_store::error::is_full;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::path::{self, Endpoint};
use futures::FutureExt;
use http::header::{ACCEPT_ENCODING, CONNECTION, EXPECT, HOST};
use http::request::Parts;
use http::{HeaderMap, Request, Response, Version};
use hyper::body::Incoming;
use tracing::Instrument;
use url::form_urlencoded;

use crate::access::{self, Caller};
use crate::api;
use crate::body::{Drained, RequestBody};
use crate::hint;
use crate::metrics::{NO_ENDPOINT, Open};
use crate::quota::Quota;
use crate::reply::{Answer, Connection, Envelope, Refusal, ReplyBody, takes_gzip};
use crate::router::{self, Matched};
use crate::state::App;

/// A request that has passed the gate.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) caller: &'a Caller,
    pub(crate) route: &'a Matched<'a>,
    pub(crate) query: Query,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a mut RequestBody,
}

impl Call<'_> {
    /// A header's text; `None` if it is absent or no text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
    }

    /// The base of links in this answer.
    pub(crate) fn base(&self) -> String {
        self.app.links.base_for(self.header(HOST.as_str()))
    }
}

/// Where a proxy says who it speaks for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Who is at the other end of a request's connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The parameters behind the question mark.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(text: Option<&str>) -> Self {
        Query(form_urlencoded::parse(text.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first value of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Every value of that name.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// The address that a request comes from: the other end of the connection, or who the proxy there says it speaks for. Proxies
/// put him behind whatever was said before them.
fn asker(app: &App, head: &Parts) -> Option<IpAddr> {
    if !app.behind_proxy {
        return head.extensions.get::<Peer>().map(|peer| peer.0);
    }
    let said = head.headers.get_all(FORWARDED_FOR).iter().next_back()?.to_str().ok()?;
    said.rsplit(',').next()?.trim().parse().ok()
}

/// Answers one request, whatever happens inside.
pub(crate) async fn answer(app: &App, request: Request<Incoming>) -> Response<ReplyBody> {
    let began = Instant::now();
    let _open = Open::counted_by(&app.metrics.requests_open);
    let (head, incoming) = request.into_parts();
    let mut envelope = Envelope {
        gzip: head.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(takes_gzip),
        token_reset: None,
        version: None,
        credits_remaining: None,
        request_id: app.request_ids.next(),
        endpoint: NO_ENDPOINT,
        connection: asked_connection(&head),
    };
    // Of the highest level, so that what is said in it is never without its id.
    let span = tracing::error_span!("request", id = envelope.request_id);
    async {
        let response = outcome(app, &head, incoming, &mut envelope).await;
        app.metrics.count_request(envelope.endpoint, response.status(), began);
        tracing::info!(
            method = %head.method,
            path = head.uri.path(),
            status = response.status().as_u16(),
            ms = began.elapsed().as_millis() as u64,
            "answered"
        );
        response
    }
    .instrument(span)
    .await
}

/// The answer to a request in the clear, where TLS is spoken: it is not looked at.
pub(crate) fn misdirected(app: &App, request: &Request<Incoming>) -> Response<ReplyBody> {
    let gzip = false;
    let request_id = app.request_ids.next();
    let (endpoint, connection) = (NO_ENDPOINT, Connection::Close);
    let envelope =
        Envelope { gzip, token_reset: None, version: None, credits_remaining: None, request_id, endpoint, connection };
    let response = envelope.error(&ErrorCode::HttpsRequired.into());
    tracing::info!(id = envelope.request_id, method = %request.method(), path = request.uri().path(), status = response.status().as_u16(), "answered");
    response
}

/// HTTP/1.0 and whoever says so want the connection closed.
fn asked_connection(head: &Parts) -> Connection {
    let values = head.headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(',')).map(str::trim);
    let says_close = words.any(|word| word.eq_ignore_ascii_case("close"));
    if says_close || head.version < Version::HTTP_11 { Connection::Close } else { Connection::KeepAlive }
}

async fn outcome(app: &App, head: &Parts, incoming: Incoming, envelope: &mut Envelope) -> Response<ReplyBody> {
    let expects_continue = head.headers.contains_key(EXPECT);
    let mut body = RequestBody::new(incoming, expects_continue, &app.connections);
    let evaluated = AssertUnwindSafe(evaluate(app, head, &mut body, envelope)).catch_unwind().await;
    let outcome = match evaluated {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(refusal)) => Err(explained(app, head, envelope, told(refusal))),
        Err(_) => {
            tracing::error!("a request ended in a panic; the server goes on");
            Err(ErrorCode::InternalError.into())
        }
    };
    let drained = body.drain().await;
    if drained != Drained::Whole || app.draining.is_cancelled() || closes(&outcome) {
        envelope.connection = Connection::Close;
    }
    if drained == Drained::Silent {
        body.drain_behind_the_answer(app.draining.clone());
    }
    match outcome {
        Ok(answer) => envelope.answer(answer),
        Err(error) => envelope.error(&error),
    }
}

/// The error that the client is told. A failure of the store is told to the log, once, here.
fn told(refusal: Refusal) -> ErrorBody {
    match refusal {
        Refusal::Error(error) => error,
        Refusal::Store(error) if is_full(&error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a request found the disk full");
            ErrorBody::new(ErrorCode::ServiceUnavailable, "the disk of the server is full, please try again later")
        }
        Refusal::Store(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the store failed a request");
            ErrorCode::InternalError.into()
        }
    }
}

/// An error as the version knows it, with what the request very likely meant; told to the log as well.
fn explained(app: &App, head: &Parts, envelope: &Envelope, error: ErrorBody) -> ErrorBody {
    let hint = error.hint.as_deref().map(str::to_owned);
    let hint = hint.or_else(|| hint::of_refusal(&app.catalog, head, &error));
    let error = envelope.in_version(error.with_hint(hint));
    tracing::info!(
        code = error.code.row().code,
        text = loggable_text(&error),
        path = head.uri.path(),
        hint = error.hint.as_deref(),
        "a request is refused"
    );
    error
}

/// The text of an error, unless it may repeat what stands in a file (a header that names nothing may be a row) or in a
/// query.
fn loggable_text(error: &ErrorBody) -> &str {
    match error.code {
        ErrorCode::InvalidFieldName | ErrorCode::InvalidQuery => error.code.row().message,
        _ => &error.message,
    }
}

/// 408 and 414 close: what follows on the connection cannot be trusted to be a request (contract 12, row 57).
fn closes(outcome: &Result<Answer, ErrorBody>) -> bool {
    matches!(outcome, Err(error) if matches!(error.code, ErrorCode::RequestTimeout | ErrorCode::UriTooLong))
}

async fn evaluate(app: &App, head: &Parts, body: &mut RequestBody, envelope: &mut Envelope) -> Result<Answer, Refusal> {
    if head.uri.path_and_query().is_some_and(|url| url.as_str().len() > app.connections.url_bytes_max) {
        return Err(ErrorCode::UriTooLong.into());
    }
    let single = path::collapse_slashes(head.uri.path());
    let path = single.as_deref().unwrap_or(head.uri.path());
    if path.starts_with(path::OWN_PREFIX) {
        return api::own::answer(app, path, head, body, envelope).await;
    }
    let route = router::find(path).ok_or(ErrorCode::InvalidUrlPattern)?;
    envelope.endpoint = route.row.template;
    envelope.version = route.row.names_a_version().then_some(route.version);
    let route = route.by_method(head.method.as_str()).ok_or(ErrorCode::InvalidRequestMethod)?;
    let query = Query::of(head.uri.query());
    if api::oauth::is_open(route.row.endpoint) {
        let peer = asker(app, head);
        let call = api::oauth::OpenCall { app, query, headers: &head.headers, peer, body };
        return in_time(app, api::oauth::answer(route.row.endpoint, call)).await;
    }
    let caller = access::caller(app, &head.headers).await?;
    envelope.token_reset = Some(caller.token_reset(app.clock.seconds()));
    if !caller.opens(route.row.endpoint, route.parameter_if_any("module")) {
        return Err(ErrorCode::OauthScopeMismatch.into());
    }
    let call = Call { app, caller: &caller, route: &route, query, headers: &head.headers, body };
    within_quota(route.row.endpoint, call, envelope).await
}

/// Lets the application answer, as far as the limits of the organisation's edition allow.
async fn within_quota(endpoint: Endpoint, call: Call<'_>, envelope: &mut Envelope) -> Result<Answer, Refusal> {
    let (app, caller) = (call.app, call.caller);
    let Some(quota) = Quota::of(app, caller, endpoint).await? else { return answered(endpoint, call).await };
    let admitted = match app.quotas.admit(&quota, endpoint, app.clock.seconds()) {
        Ok(admitted) => admitted,
        Err(refused) => {
            envelope.credits_remaining = refused.credits_remaining;
            return Err(ErrorBody::from(refused.exceeded).into());
        }
    };
    let answer = answered(endpoint, call).await;
    let has_made = matches!(&answer, Ok(answer) if !matches!(answer, Answer::Replayed { .. }));
    envelope.credits_remaining = admitted.settled(has_made);
    answer
}

async fn answered(endpoint: Endpoint, call: Call<'_>) -> Result<Answer, Refusal> {
    let app = call.app;
    match endpoint {
        // An upload may take as long as it comes at its rate; a creation bounds its checks itself.
        Endpoint::Upload | Endpoint::CreateJob => dispatch(endpoint, call).await,
        _ => in_time(app, dispatch(endpoint, call)).await,
    }
}

async fn dispatch(endpoint: Endpoint, call: Call<'_>) -> Result<Answer, Refusal> {
    match endpoint {
        Endpoint::Upload => api::upload::receive(call).await,
        Endpoint::CreateJob => api::create::create(call).await,
        Endpoint::JobDetails => api::details::show(&call).await,
        Endpoint::Download => api::download::send(&call).await,
        Endpoint::Org => api::account::org(&call).await,
        Endpoint::Users => api::account::users(&call).await,
        Endpoint::Modules => api::settings::modules(&call),
        Endpoint::Fields => api::settings::fields(&call).await,
        Endpoint::Layouts => api::layouts::list(&call).await,
        Endpoint::Layout => api::layouts::one(&call).await,
        Endpoint::Records => api::records::list(&call).await,
        Endpoint::Search => api::search::search(&call).await,
        Endpoint::Record => api::records::one(&call).await,
        Endpoint::Profile => api::oauth::profile::show(&call),
        Endpoint::Authorize | Endpoint::Consent | Endpoint::Token | Endpoint::Revoke => {
            unreachable!("what is open is answered before authentication")
        }
    }
}

/// Bounds the time that a request's answer may take.
pub(crate) async fn in_time<T>(app: &App, answer: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    match tokio::time::timeout(app.connections.request_time_max, answer).await {
        Ok(answer) => answer,
        Err(_) => {
            tracing::error!("a request was not answered in time");
            Err(ErrorCode::ServiceUnavailable.into())
        }
    }
}
