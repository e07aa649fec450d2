//! What the administrator of a server of one's own can ask of it, with the admin secret of its credentials.

use std::time::Duration;

use bulkwright_wire::administration::Request;
use bulkwright_wire::path;
use bulkwright_wire::upkeep::{BackupAnswer, BackupRequest, SweepAnswer, SweepRequest, VerifyAnswer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::api::Patience;
use crate::credentials::Credentials;
use crate::error::ClientError;
use crate::host;
use crate::send::{Access, Call, Payload, Repeat, Sender};
use crate::token::{TokenSource, Tokens};

/// How long an answer is waited for: what is asked for reads everything that is stored, and a day is longer than any
/// disk takes for that.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(24 * 3600);

/// A client of the administrator's part of a server.
#[derive(Debug)]
pub struct Admin {
    sender: Sender,
    base_url: Url,
}

impl Admin {
    /// A client that has not talked to anybody yet.
    ///
    /// # Errors
    /// [`ClientError::NoToken`] if the credentials have no admin secret, [`ClientError::BadAddress`].
    pub fn new(credentials: &Credentials) -> Result<Self, ClientError> {
        let Some(secret) = credentials.admin_secret.clone().filter(|secret| !secret.is_empty()) else {
            let reason = "the credentials file has no admin secret; the server's next start writes one".to_owned();
            return Err(ClientError::NoToken { reason });
        };
        let base_url = credentials.base_url.clone();
        let patience = Patience { request_timeout: ANSWER_TIME_MAX, ..Patience::default() };
        let tokens = Tokens::new(TokenSource::Fixed(secret));
        let sender = Sender::new(tokens, base_url.clone(), base_url.clone(), &credentials.trust(None), patience)?;
        Ok(Admin { sender, base_url })
    }

    /// Looks at everything that is stored.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn verify(&self) -> Result<VerifyAnswer, ClientError> {
        self.post("verifying", path::VERIFY, Payload::Nothing).await
    }

    /// Takes away what has outlived its time, or says what would go.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn sweep(&self, request: SweepRequest) -> Result<SweepAnswer, ClientError> {
        self.post("sweeping", path::SWEEP, json(&request)).await
    }

    /// Copies everything to a directory of the server's machine.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn backup(&self, request: &BackupRequest) -> Result<BackupAnswer, ClientError> {
        self.post("backing up", path::BACKUP, json(request)).await
    }

    /// Makes, lists or revokes organisations, users, OAuth clients or tokens.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn administer<R: Request>(&self, request: &R) -> Result<R::Answer, ClientError> {
        self.post(R::OPERATION.doing(), R::OPERATION.path(), json(request)).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        doing: &'static str,
        path: &str,
        payload: Payload<'_>,
    ) -> Result<T, ClientError> {
        let call = Call {
            doing,
            method: reqwest::Method::POST,
            url: host::under(&self.base_url, path),
            payload,
            repeat: Repeat::OnlyIfNothingHappened,
            access: Access::Token,
            key: None,
        };
        self.sender.answer(&call).await?.read(doing, self.base_url.authority())
    }
}

fn json(request: &impl Serialize) -> Payload<'static> {
    Payload::Json(serde_json::to_vec(request).expect("requests are maps with text keys, written to memory"))
}
