//! The API, one method a call. Every answer is judged by its body.

mod own;
mod rows;

use std::path::Path;
use std::time::Duration;

use bulkwright_wire::account::{Org, OrgAnswer, User, UsersAnswer};
use bulkwright_wire::create::{CreateAnswer, CreateBody};
use bulkwright_wire::details::JobDetails;
use bulkwright_wire::path;
use bulkwright_wire::record::RecordsAnswer;
use bulkwright_wire::settings::{FieldInfo, FieldsAnswer, ModuleInfo, ModulesAnswer};
use bulkwright_wire::upload::UploadAnswer;
use bulkwright_wire::version::Version;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use crate::answer::Answer;
use crate::error::ClientError;
use crate::host;
use crate::repeat_key::RepeatKey;
use crate::send::{self, Access, Call, Payload, Repeat, Sender};
use crate::token::{TokenSource, Tokens};
use crate::trust::Trust;

pub use own::{CallbacksFilter, JobsFilter};
pub use rows::RowsFilter;

/// What the client is pointed at.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// The base of the API.
    pub base_url: Url,
    /// Where uploads go; the base if it is not said.
    pub upload_url: Option<Url>,
    /// Where access tokens come from.
    pub token: TokenSource,
    /// Which servers are believed to be the target.
    pub trust: Trust,
    /// The version in every path.
    pub version: Version,
    /// How long one request may take, and how often it is tried.
    pub patience: Patience,
}

/// How long one request may take, and how often one that may be repeated is tried.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The time of one request, body and answer.
    pub request_timeout: Duration,
    /// Tries of a call at most.
    pub tries_max: u32,
    /// The pause before the second try; each later one is three times as long.
    pub pause: Duration,
    /// The longest `Retry-After` that is waited for.
    pub retry_after_max: Duration,
    /// How long a job that was just created may be unknown before that is believed (CLIENT 10).
    pub disbelief: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            request_timeout: Duration::from_secs(300),
            tries_max: 4,
            pause: Duration::from_millis(250),
            retry_after_max: Duration::from_secs(300),
            disbelief: Duration::from_secs(60),
        }
    }
}

/// Whose server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    /// A server of one's own: it says so under `/_bulkwright/health`.
    Own,
    /// Anything else that speaks the API.
    Vendor,
}

/// An answer that was understood, and its bytes.
#[derive(Clone, Debug)]
pub struct Received<T> {
    /// What it says.
    pub value: T,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What came of a create: the job's id, or the whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created<T = String> {
    /// There is a job.
    Job(T),
    /// Nobody knows whether there is a job: the answer was lost or made no sense. Sent again under another key, or to a
    /// target that knows no keys, it may make a second one.
    Unknown {
        /// What happened instead of an answer.
        why: String,
    },
}

/// A client of the Bulk Write API.
#[derive(Debug)]
pub struct Api {
    sender: Sender,
    base_url: Url,
    upload_url: Url,
    version: Version,
    patience: Patience,
    /// Whose server it is, once that was asked.
    kind: OnceCell<TargetKind>,
}

impl Api {
    /// A client that has not talked to anybody yet.
    ///
    /// # Errors
    /// [`ClientError::BadCaCert`], and [`ClientError::BadAddress`] if no HTTP client could be made for the target.
    pub fn new(settings: ApiSettings) -> Result<Self, ClientError> {
        let ApiSettings { base_url, upload_url, token, trust, version, patience } = settings;
        let upload_url = upload_url.unwrap_or_else(|| base_url.clone());
        let sender = Sender::new(Tokens::new(token), base_url.clone(), upload_url.clone(), &trust, patience)?;
        Ok(Api { sender, base_url, upload_url, version, patience, kind: OnceCell::new() })
    }

    /// The base of the API.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// How patient this client is.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// Asks whose server this is, once (CLIENT 3). Needs no token.
    ///
    /// # Errors
    /// [`ClientError::NoAnswer`].
    pub async fn target_kind(&self) -> Result<TargetKind, ClientError> {
        self.kind.get_or_try_init(|| self.asked_kind()).await.copied()
    }

    async fn asked_kind(&self) -> Result<TargetKind, ClientError> {
        if host::is_vendor(&self.base_url) {
            return Ok(TargetKind::Vendor);
        }
        let call = Call { access: Access::Open, ..self.get("asking who is there", path::HEALTH) };
        let answer = self.sender.answer(&call).await?;
        Ok(if answer.status == 200 && says_bulkwright(&answer.body) { TargetKind::Own } else { TargetKind::Vendor })
    }

    /// The organisation of the token.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn org(&self) -> Result<Org, ClientError> {
        let doing = "asking for the organisation";
        let call = self.get(doing, &path::org(self.version));
        let answer: OrgAnswer = self.read(&call).await?;
        answer.org.into_iter().next().ok_or_else(|| self.empty(doing))
    }

    /// The user of the token.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn current_user(&self) -> Result<User, ClientError> {
        let doing = "asking for the user";
        let call = self.get(doing, &path::current_user(self.version));
        let answer: UsersAnswer = self.read(&call).await?;
        answer.users.into_iter().next().ok_or_else(|| self.empty(doing))
    }

    /// The modules.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn modules(&self) -> Result<Vec<ModuleInfo>, ClientError> {
        let answer: ModulesAnswer =
            self.read(&self.get("asking for the modules", &path::modules(self.version))).await?;
        Ok(answer.modules)
    }

    /// The fields of a module.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn fields(&self, module: &str) -> Result<Vec<FieldInfo>, ClientError> {
        let call = self.get("asking for the fields", &path::fields(self.version, module));
        let answer: FieldsAnswer = self.read(&call).await?;
        Ok(answer.fields)
    }

    /// Uploads a zip; the answer names its file_id. Repeating it costs nothing (CLIENT 6), and on a server of one's own
    /// it makes nothing either, under the same key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn upload(
        &self,
        zip: &Path,
        name: &str,
        zgid: &str,
        key: &RepeatKey,
    ) -> Result<Received<UploadAnswer>, ClientError> {
        let call = Call {
            doing: "uploading the file",
            method: reqwest::Method::POST,
            url: host::under(&self.upload_url, &path::upload(self.version)),
            payload: Payload::Zip { path: zip, name, zgid },
            repeat: Repeat::Freely,
            access: Access::Token,
            key: Some(key),
        };
        self.receive(&call).await
    }

    /// Creates a job. A server of one's own is sent it again when an answer is lost: it does nothing twice under one key
    /// (CLIENT 8). Anybody else only when the first one certainly did nothing (CLIENT 7).
    ///
    /// # Errors
    /// [`ClientError::Refused`] and whatever happened before the request was sent. An answer that was lost or makes
    /// no sense is no error but [`Created::Unknown`].
    pub async fn create(&self, body: &CreateBody, key: &RepeatKey) -> Result<Created, ClientError> {
        let body = serde_json::to_vec(body).expect("the body is made of text and numbers");
        Ok(match self.create_from(body, key).await? {
            Created::Job(received) => Created::Job(received.value.details.id),
            Created::Unknown { why } => Created::Unknown { why },
        })
    }

    /// Creates a job from a body that somebody else has written, under the same rules.
    ///
    /// # Errors
    /// See [`Api::create`].
    pub async fn create_from(
        &self,
        body: Vec<u8>,
        key: &RepeatKey,
    ) -> Result<Created<Received<CreateAnswer>>, ClientError> {
        let doing = "creating the job";
        // Asked beforehand: once an answer is lost, it is too late to learn who keeps answers.
        let repeat = match self.target_kind().await? {
            TargetKind::Own => Repeat::Freely,
            TargetKind::Vendor => Repeat::OnlyIfNothingHappened,
        };
        let call = Call {
            doing,
            method: reqwest::Method::POST,
            url: host::under(&self.base_url, &path::create_job(self.version)),
            payload: Payload::Json(body),
            repeat,
            access: Access::Token,
            key: Some(key),
        };
        let answer = match self.sender.answer(&call).await {
            Ok(answer) => answer,
            // The exchange of a token may fail in here too; then nothing was sent.
            Err(ClientError::NoAnswer { doing: what, source, host }) if what == doing && !source.is_connect() => {
                let why = format!("no answer came from {host}");
                return Ok(Created::Unknown { why });
            }
            Err(error) => return Err(error),
        };
        if answer.status >= 500 || send::is_in_use(&answer) {
            return Ok(Created::Unknown { why: format!("the answer was HTTP {}", answer.status) });
        }
        let bytes = answer.body.clone();
        match answer.read::<CreateAnswer>(doing, self.host()) {
            Ok(value) => Ok(Created::Job(Received { value, body: bytes })),
            Err(ClientError::NotTheApi { answer, .. }) => {
                Ok(Created::Unknown { why: format!("the answer (HTTP {}) was not the API's", answer.status) })
            }
            Err(error) => Err(error),
        }
    }

    /// One record, field by field; `None` if the API has nothing to show.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn record(&self, module: &str, id: &str) -> Result<Option<Received<RecordsAnswer>>, ClientError> {
        let mut url = host::under(&self.base_url, &path::records(self.version, ""));
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend([module, id]);
        }
        let call = Call { url, ..self.get("looking at the record", "/") };
        let answer = self.sender.answer(&call).await?;
        if answer.status == 204 {
            return Ok(None);
        }
        self.received(&call, answer).map(Some)
    }

    /// A job's details.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job(&self, id: &str) -> Result<JobDetails, ClientError> {
        self.read(&self.job_call(id)).await
    }

    /// The answer to a request for a job's details, whatever it is.
    ///
    /// # Errors
    /// [`ClientError::NoAnswer`], and what keeps a request from being sent.
    pub async fn job_answer(&self, id: &str) -> Result<Answer, ClientError> {
        self.sender.answer(&self.job_call(id)).await
    }

    /// The address of a job's details. The id is taken as it is: whether it is one is the target's to say.
    pub fn job_url(&self, id: &str) -> Url {
        let mut url = host::under(&self.base_url, &path::job_details(self.version, ""));
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(id);
        }
        url
    }

    /// Fetches a result into a file. The token goes only to hosts of the target (CLIENT 4).
    ///
    /// # Errors
    /// [`ClientError::ForeignHost`] and others of [`ClientError`].
    pub async fn download(&self, download_url: &str, file: &mut fs_err::tokio::File) -> Result<(), ClientError> {
        let url = match Url::parse(download_url) {
            Ok(absolute) => absolute,
            Err(_) => host::under(&self.base_url, &format!("/{}", download_url.trim_start_matches('/'))),
        };
        if !host::may_see_token(&self.base_url, &url) {
            return Err(ClientError::ForeignHost { url: url.to_string() });
        }
        self.sender.download(&Call { url, ..self.get("fetching the result", "/") }, file).await
    }

    fn job_call(&self, id: &str) -> Call<'static> {
        Call { url: self.job_url(id), ..self.get("looking at the job", "/") }
    }

    fn get(&self, doing: &'static str, path_and_query: &str) -> Call<'static> {
        Call {
            doing,
            method: reqwest::Method::GET,
            url: host::under(&self.base_url, path_and_query),
            payload: Payload::Nothing,
            repeat: Repeat::Freely,
            access: Access::Token,
            key: None,
        }
    }

    async fn read<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ClientError> {
        self.sender.answer(call).await?.read(call.doing, self.host())
    }

    async fn receive<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<Received<T>, ClientError> {
        let answer = self.sender.answer(call).await?;
        self.received(call, answer)
    }

    fn received<T: DeserializeOwned>(&self, call: &Call<'_>, answer: Answer) -> Result<Received<T>, ClientError> {
        let body = answer.body.clone();
        Ok(Received { value: answer.read(call.doing, self.host())?, body })
    }

    fn host(&self) -> &str {
        self.base_url.authority()
    }

    fn empty(&self, doing: &'static str) -> ClientError {
        let reason = format!("{doing}: {} names none for this token", self.host());
        ClientError::NoToken { reason }
    }
}

fn says_bulkwright(body: &[u8]) -> bool {
    let Ok(serde_json::Value::Object(object)) = serde_json::from_slice(body) else { return false };
    object.get("product").is_some_and(|product| product == "bulkwright")
}
