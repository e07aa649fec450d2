//! The gate that every request passes: URL, method, authentication, scope, application, in this order.

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
use crate::metrics::{NO_ENDPOINT, Open};
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

    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }
}

/// Answers one request, whatever happens inside.
pub(crate) async fn answer(app: &App, request: Request<Incoming>) -> Response<ReplyBody> {
    let began = Instant::now();
    let _open = Open::counted_by(&app.metrics.requests_open);
    let (head, incoming) = request.into_parts();
    let mut envelope = Envelope {
        gzip: head.headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).is_some_and(takes_gzip),
        token_reset: None,
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
    let envelope = Envelope { gzip, token_reset: None, request_id, endpoint, connection };
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
        Ok(Err(refusal)) => Err(told(refusal)),
        Err(_) => {
            tracing::error!("a request ended in a panic; the server goes on");
            Err(ErrorCode::InternalError.into())
        }
    };
    if body.drain().await == Drained::Cut || app.draining.is_cancelled() || closes(&outcome) {
        envelope.connection = Connection::Close;
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
    if head.method.as_str() != route.row.method {
        return Err(ErrorCode::InvalidRequestMethod.into());
    }
    let query = Query::of(head.uri.query());
    if route.row.endpoint == Endpoint::Token {
        return in_time(app, api::token::exchange(app, query, &head.headers, body)).await;
    }
    let caller = access::caller(app, &head.headers).await?;
    envelope.token_reset = Some(caller.token_reset(app.clock.seconds()));
    if !caller.opens(route.row.endpoint, route.parameter_if_any("module")) {
        return Err(ErrorCode::OauthScopeMismatch.into());
    }
    let call = Call { app, caller: &caller, route: &route, query, headers: &head.headers, body };
    let endpoint = route.row.endpoint;
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
        Endpoint::Records => api::records::list(&call).await,
        Endpoint::Search => api::records::search(&call).await,
        Endpoint::Record => api::records::one(&call).await,
        Endpoint::Token => unreachable!("the token endpoint is answered before authentication"),
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
