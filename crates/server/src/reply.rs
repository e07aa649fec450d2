//! The only place that builds HTTP answers: shapes, headers and framing of each layer of the vendor's stack.

#[cfg(test)]
mod tests;

use std::io::Write;

use bulkwright_store::Error as StoreError;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::header::{self, Layer};
use bulkwright_wire::version::Version;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::TryStreamExt;
use futures::stream::{self, BoxStream};
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, REFERRER_POLICY, SERVER, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderMap, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

/// Characters of a hint. It may name columns of a file, and those have any length.
const HINT_CHARS_MAX: usize = 500;

/// The body of an answer.
pub(crate) type ReplyBody = UnsyncBoxBody<Bytes, StoreError>;

/// What an endpoint answers when it does what it was asked.
pub(crate) enum Answer {
    /// JSON of the application.
    Json {
        /// 200 or 201.
        status: StatusCode,
        /// The body, compact.
        body: Vec<u8>,
        /// What the request very likely meant, for people.
        hint: Option<String>,
    },
    /// What the first request under a key was answered, once more.
    Replayed {
        /// 200 or 201.
        status: StatusCode,
        /// The body, byte for byte.
        body: Vec<u8>,
    },
    /// A text that is no JSON: 200.
    Text {
        /// Its type.
        content_type: &'static str,
        /// All of it.
        body: String,
    },
    /// A page for people.
    Page {
        /// 200, or what is wrong.
        status: StatusCode,
        /// All of it.
        html: String,
        /// Its Content-Security-Policy.
        policy: String,
    },
    /// Somebody is sent elsewhere: 302.
    Redirect {
        /// Where to.
        location: String,
    },
    /// There is nothing to show: 204.
    Nothing,
    /// A zip, streamed.
    Zip {
        /// The name to save it under.
        file_name: String,
        /// Its size.
        size: u64,
        /// Its bytes.
        content: BoxStream<'static, Result<Bytes, StoreError>>,
    },
    /// A text that is no JSON, as it is made: 200.
    Stream {
        /// Its type.
        content_type: &'static str,
        /// What should be known of it, for people.
        hint: Option<String>,
        /// Its bytes.
        content: BoxStream<'static, Result<Bytes, StoreError>>,
    },
    /// Server-sent events, one after another as they happen.
    Events(BoxStream<'static, Result<Bytes, StoreError>>),
}

impl Answer {
    /// 200 with a body of `wire`.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Answer::json(StatusCode::OK, body)
    }

    /// JSON with a status of its own.
    pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Answer::Json { status, body: json_bytes(body), hint: None }
    }

    /// With a hint beside the body, if there is one.
    pub(crate) fn with_hint(self, hint: Option<String>) -> Self {
        match self {
            Answer::Json { status, body, .. } => Answer::Json { status, body, hint },
            other => other,
        }
    }
}

/// A body as it is sent: compact, its keys in the order of its type.
pub(crate) fn json_bytes(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("answers are maps with text keys, written to memory")
}

/// What an endpoint answers when it does not.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The contract has an error for it.
    Error(ErrorBody),
    /// The store failed: logged once, told as INTERNAL_ERROR.
    Store(StoreError),
}

impl Refusal {
    /// With a hint, where the contract has an error for it and the error has no hint of its own.
    pub(crate) fn or_hint(self, hint: impl FnOnce() -> Option<String>) -> Self {
        match self {
            Refusal::Error(error) if error.hint.is_none() => Refusal::Error(error.with_hint(hint())),
            other => other,
        }
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Refusal::Error(code.into())
    }
}

impl From<ErrorBody> for Refusal {
    fn from(error: ErrorBody) -> Self {
        Refusal::Error(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Refusal::Store(error)
    }
}

/// What an answer says beside its content.
pub(crate) struct Envelope {
    /// Whether the client takes gzip.
    pub(crate) gzip: bool,
    /// When the presented token ends, as printed; known once the token is.
    pub(crate) token_reset: Option<String>,
    /// The version that the path names; known once the path is. Errors are told as it knows them.
    pub(crate) version: Option<Version>,
    /// Credits that the organisation has left, where that is told.
    pub(crate) credits_remaining: Option<u64>,
    /// Under which the log speaks of the request.
    pub(crate) request_id: String,
    /// The template of the request's path, for those who count; known once the path is.
    pub(crate) endpoint: &'static str,
    /// Whether the connection can be used again.
    pub(crate) connection: Connection,
}

/// Whether the connection can be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    KeepAlive,
    Close,
}

impl Envelope {
    /// The answer that does what was asked.
    pub(crate) fn answer(&self, answer: Answer) -> Response<ReplyBody> {
        match answer {
            Answer::Json { status, body, hint } => {
                hinted(self.application(status, Layer::ApplicationSuccess, body), hint.as_deref())
            }
            Answer::Replayed { status, body } => {
                let mut response = self.application(status, Layer::ApplicationSuccess, body);
                let name = HeaderName::from_static(header::REPLAYED);
                response.headers_mut().insert(name, HeaderValue::from_static("true"));
                response
            }
            Answer::Text { content_type, body } => {
                let mut response = self.application(StatusCode::OK, Layer::ApplicationSuccess, body.into_bytes());
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                response
            }
            Answer::Page { status, html, policy } => self.page(status, html, &policy),
            Answer::Redirect { location } => self.redirect(&location),
            Answer::Nothing => {
                let headers = self.application_headers(Layer::ApplicationSuccess);
                self.built(StatusCode::NO_CONTENT, headers, exactly(Vec::new()))
            }
            Answer::Zip { file_name, size, content } => self.zip(&file_name, size, content),
            Answer::Stream { content_type, hint, content } => {
                hinted(self.streamed(content_type, content), hint.as_deref())
            }
            Answer::Events(events) => self.events(events),
        }
    }

    /// An error of the contract as the version knows it.
    pub(crate) fn in_version(&self, error: ErrorBody) -> ErrorBody {
        match self.version {
            Some(version) => error.in_version(version),
            None => error,
        }
    }

    /// An error of the contract, in its layer's shape.
    pub(crate) fn error(&self, error: &ErrorBody) -> Response<ReplyBody> {
        let row = error.code.row();
        let status = StatusCode::from_u16(row.http).expect("the table's statuses are statuses");
        let body = error.to_bytes();
        let response = match row.layer {
            Layer::Gateway | Layer::Access => self.gateway(status, row.layer, body),
            Layer::ApplicationError | Layer::ApplicationSuccess => self.application(status, row.layer, body),
        };
        hinted(response, error.hint.as_deref())
    }

    /// Gateway errors have a fixed length and are never compressed.
    fn gateway(&self, status: StatusCode, layer: Layer, body: Vec<u8>) -> Response<ReplyBody> {
        let mut headers = layer_headers(layer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(layer.content_type()));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        self.built(status, headers, exactly(body))
    }

    /// Application answers are chunked, and packed if the client takes that.
    fn application(&self, status: StatusCode, layer: Layer, body: Vec<u8>) -> Response<ReplyBody> {
        let mut headers = self.application_headers(layer);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(layer.content_type()));
        if !self.gzip {
            return self.built(status, headers, chunked(body));
        }
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        self.built(status, headers, chunked(gzipped(&body)))
    }

    /// A page is kept by nobody, shown in no frame, and tells nobody where it was.
    fn page(&self, status: StatusCode, html: String, policy: &str) -> Response<ReplyBody> {
        let mut headers = private_headers();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html;charset=utf-8"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(html.len()));
        headers.insert(CONTENT_SECURITY_POLICY, value_of(policy));
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("deny"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        self.built(status, headers, exactly(html.into_bytes()))
    }

    fn redirect(&self, location: &str) -> Response<ReplyBody> {
        let mut headers = private_headers();
        headers.insert(LOCATION, value_of(location));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        self.built(StatusCode::FOUND, headers, exactly(Vec::new()))
    }

    fn zip(
        &self,
        file_name: &str,
        size: u64,
        content: BoxStream<'static, Result<Bytes, StoreError>>,
    ) -> Response<ReplyBody> {
        let mut headers = self.application_headers(Layer::ApplicationSuccess);
        // A download is sent as it is stored, whatever the client would take.
        headers.remove(http::header::VARY);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(header::ZIP));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(size));
        headers.insert(CONTENT_DISPOSITION, value_of(&header::attachment(file_name)));
        let body = StreamBody::new(content.map_ok(Frame::data));
        self.built(StatusCode::OK, headers, body.boxed_unsync())
    }

    /// Each event is sent when it happens: never packed, and kept by nobody on the way.
    fn events(&self, events: BoxStream<'static, Result<Bytes, StoreError>>) -> Response<ReplyBody> {
        let mut response = self.streamed(header::EVENT_STREAM, events);
        let name = HeaderName::from_static(header::PROXY_BUFFERING);
        response.headers_mut().insert(name, HeaderValue::from_static("no"));
        response
    }

    /// What is made while it is sent is never packed.
    fn streamed(
        &self,
        content_type: &'static str,
        content: BoxStream<'static, Result<Bytes, StoreError>>,
    ) -> Response<ReplyBody> {
        let mut headers = self.application_headers(Layer::ApplicationSuccess);
        headers.remove(http::header::VARY);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let body = StreamBody::new(content.map_ok(Frame::data));
        self.built(StatusCode::OK, headers, body.boxed_unsync())
    }

    fn application_headers(&self, layer: Layer) -> HeaderMap {
        let mut headers = layer_headers(layer);
        if let Some(reset) = &self.token_reset {
            headers.insert(HeaderName::from_static(header::TOKEN_RESET), value_of(reset));
        }
        headers
    }

    fn built(&self, status: StatusCode, mut headers: HeaderMap, body: ReplyBody) -> Response<ReplyBody> {
        headers.insert(SERVER, HeaderValue::from_static(header::SERVER));
        headers.insert(HeaderName::from_static(header::REQUEST_ID), value_of(&self.request_id));
        if let Some(credits) = self.credits_remaining {
            headers.insert(HeaderName::from_static(header::CREDITS_REMAINING), HeaderValue::from(credits));
        }
        let connection = match self.connection {
            Connection::KeepAlive => "keep-alive",
            Connection::Close => "close",
        };
        headers.insert(CONNECTION, HeaderValue::from_static(connection));
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

/// With what the request very likely meant, if that is known.
fn hinted(mut response: Response<ReplyBody>, hint: Option<&str>) -> Response<ReplyBody> {
    let short = |hint: &str| hint.chars().take(HINT_CHARS_MAX).collect::<String>();
    let hint = hint.map(|hint| (HeaderName::from_static(header::HINT), value_of(&short(hint))));
    response.headers_mut().extend(hint);
    response
}

/// Whether an `Accept-Encoding` takes gzip.
pub(crate) fn takes_gzip(accept_encoding: &str) -> bool {
    let mut anything = false;
    for offer in accept_encoding.split(',') {
        let mut parts = offer.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let refused = parts.any(|weight| weight.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        if coding.eq_ignore_ascii_case("gzip") {
            return !refused;
        }
        anything |= coding == "*" && !refused;
    }
    anything
}

fn private_headers() -> HeaderMap {
    let fixed = [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
    fixed.map(|(name, value)| (name, HeaderValue::from_static(value))).into_iter().collect()
}

fn layer_headers(layer: Layer) -> HeaderMap {
    let fixed = layer.fixed_headers().iter();
    fixed.map(|&(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

/// A header's value. What must not stand in one (line ends, control characters, all but ASCII) becomes `?`.
fn value_of(text: &str) -> HeaderValue {
    let plain: String = text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect();
    HeaderValue::from_str(&plain).unwrap_or(HeaderValue::from_static(""))
}

fn exactly(body: Vec<u8>) -> ReplyBody {
    Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync()
}

/// A body whose length is not told beforehand, which makes it chunked.
fn chunked(body: Vec<u8>) -> ReplyBody {
    StreamBody::new(stream::once(std::future::ready(Ok(Frame::data(Bytes::from(body)))))).boxed_unsync()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    encoder.write_all(body).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}
