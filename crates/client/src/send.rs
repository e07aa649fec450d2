//! Sending: the token, the tries, the pauses. What may be repeated is said by each call.

use std::path::Path;
use std::time::Duration;

use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::header;
use bulkwright_wire::rows::RowsFormat;
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use url::Url;

use crate::answer::{self, Answer};
use crate::api::Patience;
use crate::error::ClientError;
use crate::host;
use crate::repeat_key::RepeatKey;
use crate::retry_after;
use crate::secret::Secret;
use crate::token::Tokens;
use crate::trust::{TlsProblem, Trust};

/// Time to make a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) doing: &'static str,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) payload: Payload<'a>,
    pub(crate) repeat: Repeat,
    pub(crate) access: Access,
    /// What all sendings of this request have in common, if it makes something.
    pub(crate) key: Option<&'a RepeatKey>,
}

/// What a request carries.
#[derive(Clone, Debug)]
pub(crate) enum Payload<'a> {
    Nothing,
    Json(Vec<u8>),
    Zip { path: &'a Path, name: &'a str, zgid: &'a str },
}

/// When a request may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Doing it twice is harmless.
    Freely,
    /// Only when it is certain that the first one did nothing.
    OnlyIfNothingHappened,
}

/// Whether a request shows the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Token,
    Open,
}

/// Sends calls.
#[derive(Debug)]
pub(crate) struct Sender {
    http: reqwest::Client,
    tokens: Tokens,
    base_url: Url,
    upload_url: Url,
    patience: Patience,
}

impl Sender {
    pub(crate) fn new(
        tokens: Tokens,
        base_url: Url,
        upload_url: Url,
        trust: &Trust,
        patience: Patience,
    ) -> Result<Self, ClientError> {
        // A redirect would carry the token along, and none of the API's answers is one. Answers are small, and `job
        // show --raw` shows them as they came: nothing is asked to be packed.
        let http = reqwest::Client::builder()
            .user_agent(concat!("bulkwright/", env!("CARGO_PKG_VERSION")))
            .tls_backend_preconfigured(trust.client_config()?)
            .redirect(reqwest::redirect::Policy::none())
            .no_gzip()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(patience.request_timeout)
            .build()
            .map_err(|error| ClientError::BadAddress { text: base_url.to_string(), reason: error.to_string() })?;
        Ok(Sender { http, tokens, base_url, upload_url, patience })
    }

    /// Sends until there is an answer that another try would not change.
    pub(crate) async fn answer(&self, call: &Call<'_>) -> Result<Answer, ClientError> {
        let mut token = self.token_for(call).await?;
        let mut tries = Tries::new(self.patience);
        let mut may_renew = call.access == Access::Token;
        loop {
            match self.try_once(call, token.as_ref()).await {
                Ok(answer) if answer.status == 401 && may_renew && is_spent(&answer) => {
                    may_renew = false;
                    let spent = token.as_ref().expect("a call without a token does not renew one");
                    match self.tokens.renew(&self.http, spent).await? {
                        Some(renewed) => token = Some(renewed),
                        None => return Ok(answer),
                    }
                }
                Ok(answer) => match tries.after_answer(call, &answer)? {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Ok(answer),
                },
                Err(ClientError::NoAnswer { doing, host, source }) => match tries.after_silence(call, &source) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(ClientError::NoAnswer { doing, host, source }),
                },
                Err(error) => return Err(error),
            }
        }
    }

    /// Fetches into a file, from its beginning at each try.
    pub(crate) async fn download(&self, call: &Call<'_>, file: &mut fs_err::tokio::File) -> Result<(), ClientError> {
        let mut tries = Tries::new(self.patience);
        let mut refused_before = false;
        loop {
            match self.download_once(call, file).await? {
                Fetched::Whole => return Ok(()),
                Fetched::SomethingElse if refused_before => return Err(no_zip()),
                Fetched::SomethingElse => {
                    refused_before = true;
                    self.ask_again(call).await?;
                }
                Fetched::Cut(source) => match tries.after_silence(call, &source) {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(no_answer(call, source)),
                },
            }
        }
    }

    /// What came instead of a file is a small answer: it is asked for once more in the way of every other call, which
    /// renews a spent token. No error means that the file itself may be had now.
    async fn ask_again(&self, call: &Call<'_>) -> Result<(), ClientError> {
        let answer = self.answer(call).await?;
        let is_file = answer.status == 200 && answer.error().is_none() && is_file_type(answer.header("content-type"));
        if is_file {
            return Ok(());
        }
        answer.read::<serde::de::IgnoredAny>(call.doing, call.url.authority())?;
        Err(no_zip())
    }

    async fn download_once(&self, call: &Call<'_>, file: &mut fs_err::tokio::File) -> Result<Fetched, ClientError> {
        let token = self.token_for(call).await?;
        match self.request(call, token.as_ref()).await?.send().await {
            Ok(response) if is_file(&response) => copy(response, file).await,
            Ok(_) => Ok(Fetched::SomethingElse),
            Err(source) => Ok(Fetched::Cut(source)),
        }
    }

    async fn token_for(&self, call: &Call<'_>) -> Result<Option<Secret>, ClientError> {
        if call.access == Access::Open {
            return Ok(None);
        }
        let known = host::may_see_token(&self.base_url, &call.url) || self.upload_url.origin() == call.url.origin();
        if !known {
            return Err(ClientError::ForeignHost { url: call.url.to_string() });
        }
        self.tokens.get(&self.http).await.map(Some)
    }

    async fn try_once(&self, call: &Call<'_>, token: Option<&Secret>) -> Result<Answer, ClientError> {
        let request = self.request(call, token).await?;
        let response = request.send().await.map_err(|source| no_answer(call, source))?;
        answer::collect(response).await.map_err(|source| no_answer(call, source))
    }

    async fn request(&self, call: &Call<'_>, token: Option<&Secret>) -> Result<reqwest::RequestBuilder, ClientError> {
        let mut request = self.http.request(call.method.clone(), call.url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = token {
            let mut value = reqwest::header::HeaderValue::from_str(&header::authorization(token.reveal()))
                .expect("a token is checked to be printable before it is held");
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(key) = call.key {
            request = request.header(header::IDEMPOTENCY_KEY, key.as_str());
        }
        Ok(match &call.payload {
            Payload::Nothing => request,
            Payload::Json(body) => request.header(CONTENT_TYPE, header::APPLICATION_JSON).body(body.clone()),
            Payload::Zip { path, name, zgid } => request
                .header(header::FEATURE, header::FEATURE_BULK_WRITE)
                .header(header::ORG, *zgid)
                .multipart(reqwest::multipart::Form::new().part("file", zip_part(path, name).await?)),
        })
    }
}

async fn zip_part(path: &Path, name: &str) -> Result<reqwest::multipart::Part, ClientError> {
    let file = fs_err::tokio::File::open(path).await?;
    let bytes = file.metadata().await?.len();
    let stream = tokio_util::io::ReaderStream::with_capacity(file, 1 << 16);
    let body = reqwest::Body::wrap_stream(stream);
    let part = reqwest::multipart::Part::stream_with_length(body, bytes).file_name(name.to_owned());
    Ok(part.mime_str(header::ZIP).expect("the type is a constant of the contract"))
}

/// What a try to fetch a file came to.
enum Fetched {
    Whole,
    SomethingElse,
    Cut(reqwest::Error),
}

/// Writes the file anew.
async fn copy(mut response: reqwest::Response, file: &mut fs_err::tokio::File) -> Result<Fetched, ClientError> {
    file.set_len(0).await?;
    file.rewind().await?;
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => file.write_all(&chunk).await?,
            Ok(None) => break,
            Err(error) => return Ok(Fetched::Cut(error)),
        }
    }
    file.flush().await?;
    Ok(Fetched::Whole)
}

fn is_file(response: &reqwest::Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    response.status().as_u16() == 200 && is_file_type(kind)
}

/// Results come under several types; what they never come under is an error's JSON and a proxy's page. Lines of JSON are no
/// error's.
fn is_file_type(kind: Option<&str>) -> bool {
    let kind = kind.unwrap_or_default();
    kind == RowsFormat::JsonLines.content_type() || !kind.contains("json") && !kind.contains("html")
}

fn no_zip() -> ClientError {
    ClientError::BadResult { job: String::new(), reason: "the answer was no zip".to_owned() }
}

fn is_spent(answer: &Answer) -> bool {
    answer.error().is_some_and(|error| error.code == "INVALID_TOKEN")
}

/// Whether an earlier sending under the same key is still being answered.
pub(crate) fn is_in_use(answer: &Answer) -> bool {
    answer.error().is_some_and(|error| error.code == ErrorCode::IdempotencyKeyInUse.row().code)
}

fn no_answer(call: &Call<'_>, source: reqwest::Error) -> ClientError {
    ClientError::NoAnswer { doing: call.doing, host: call.url.authority().to_owned(), source }
}

/// Counts the tries of one call and says how long to pause before the next.
struct Tries {
    left: u32,
    pause: Duration,
    retry_after_max: Duration,
}

impl Tries {
    fn new(patience: Patience) -> Self {
        Tries {
            left: patience.tries_max.saturating_sub(1),
            pause: patience.pause,
            retry_after_max: patience.retry_after_max,
        }
    }

    /// After an answer: too many requests did nothing and may be sent again, and so may one whose key is in use by its
    /// own first sending; what is no answer of the API only if that is harmless.
    fn after_answer(&mut self, call: &Call<'_>, answer: &Answer) -> Result<Option<Duration>, ClientError> {
        let freely = call.repeat == Repeat::Freely;
        let again = answer.status == 429 || (freely && (answer.status >= 500 || is_in_use(answer)));
        if !again || self.left == 0 {
            return Ok(None);
        }
        let Some(asked) = retry_after::read(answer) else { return Ok(self.next_pause()) };
        if asked > self.retry_after_max {
            let (doing, host) = (call.doing, call.url.authority().to_owned());
            return Err(ClientError::Throttled { doing, host, seconds: asked.as_secs() });
        }
        self.left -= 1;
        Ok(Some(asked))
    }

    /// After no answer: a connection that was never made carried nothing.
    fn after_silence(&mut self, call: &Call<'_>, source: &reqwest::Error) -> Option<Duration> {
        let again = source.is_connect() || call.repeat == Repeat::Freely;
        // Who is not trusted now is not trusted in a second.
        let again = again && TlsProblem::behind(source).is_none_or(|problem| problem == TlsProblem::Other);
        again.then(|| self.next_pause()).flatten()
    }

    fn next_pause(&mut self) -> Option<Duration> {
        self.left = self.left.checked_sub(1)?;
        let pause = self.pause;
        self.pause *= 3;
        Some(pause)
    }
}
