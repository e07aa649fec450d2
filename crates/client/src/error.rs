//! What can go wrong, by what the caller can do about it.

use std::path::PathBuf;

use bulkwright_wire::error::ReceivedError;

use crate::answer::Answer;
use crate::exit::Exit;
use crate::input::InputProblem;
use crate::trust::TlsProblem;

/// Why something was not done. What it means for a process is [`ClientError::exit`].
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The API answered with an error.
    #[error("{doing} was refused: {} {}{}", .refusal.error.code, .refusal.error.message, .refusal.place())]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// The answer.
        refusal: Box<Refusal>,
    },
    /// The host could not be reached, or did not answer in time. Later it may.
    #[error("{doing} got no answer from {host}: {}", innermost(.source))]
    NoAnswer {
        /// What was being done.
        doing: &'static str,
        /// Who was asked.
        host: String,
        /// Why.
        source: reqwest::Error,
    },
    /// Something answered that is not the API: a proxy's page, a sign-in form, half a body.
    #[error("{doing} got an answer from {host} that is not the API's: HTTP {} {}", .answer.status, .answer.reason())]
    NotTheApi {
        /// What was being done.
        doing: &'static str,
        /// Who was asked.
        host: String,
        /// What came.
        answer: Box<Answer>,
    },
    /// The host asks to wait longer than is allowed.
    #[error("{doing} has to wait: {host} asks for {seconds} s of patience")]
    Throttled {
        /// What was being done.
        doing: &'static str,
        /// Who asks.
        host: String,
        /// How long.
        seconds: u64,
    },
    /// No usable token could be had.
    #[error("no access token: {reason}")]
    NoToken {
        /// Why.
        reason: String,
    },
    /// The token was about to go to a host that has no business with it.
    #[error("the result is offered at {url}, which is not the target's host; the token was not sent there")]
    ForeignHost {
        /// Where it would have gone.
        url: String,
    },
    /// An address that is none.
    #[error("`{text}` is no address of a server: {reason}")]
    BadAddress {
        /// What was given.
        text: String,
        /// Why.
        reason: String,
    },
    /// The input cannot be loaded; nothing was sent.
    #[error(transparent)]
    Input(#[from] InputProblem),
    /// A file of credentials does not say what is needed.
    #[error("{} is no file of credentials: {reason}", .path.display())]
    BadCredentials {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of authorities to trust is none.
    #[error("{} cannot be trusted: {reason}", .path.display())]
    BadCaCert {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A result did not hold what it must.
    #[error("the result of job {job} cannot be read: {reason}")]
    BadResult {
        /// The job.
        job: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A local file could not be read or written. The message names it.
    #[error("{0}")]
    Disk(#[from] std::io::Error),
}

/// An error that the API answered with.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// Code, message, details.
    pub error: ReceivedError,
    /// Status, headers, body.
    pub answer: Answer,
}

impl Refusal {
    pub(crate) fn new(error: ReceivedError, answer: Answer) -> Self {
        Refusal { error, answer }
    }

    pub(crate) fn err(self, doing: &'static str) -> ClientError {
        ClientError::Refused { doing, refusal: Box::new(self) }
    }

    /// ` (details …)` if there are any.
    fn place(&self) -> String {
        if self.error.details.is_empty() {
            return String::new();
        }
        format!(" {}", serde_json::Value::Object(self.error.details.clone()))
    }
}

impl ClientError {
    /// How a process ends that could do no more because of this (CLIENT 24: by code and not by HTTP status).
    pub fn exit(&self) -> Exit {
        match self {
            ClientError::Refused { refusal, .. } => Exit::of_code(&refusal.error.code, refusal.answer.status),
            ClientError::NoAnswer { .. } if self.tls_problem().is_some_and(|problem| problem != TlsProblem::Other) => {
                Exit::Usage
            }
            ClientError::NoAnswer { .. } | ClientError::NotTheApi { .. } | ClientError::Throttled { .. } => {
                Exit::Temporary
            }
            ClientError::NoToken { .. } => Exit::NotAllowed,
            ClientError::ForeignHost { .. } => Exit::Stopped,
            ClientError::BadAddress { .. } | ClientError::BadCredentials { .. } | ClientError::BadCaCert { .. } => {
                Exit::Usage
            }
            ClientError::Input(problem) => problem.exit(),
            ClientError::BadResult { .. } | ClientError::Disk(_) => Exit::Unexpected,
        }
    }

    /// What kept a TLS connection from being made, if that is what happened.
    pub fn tls_problem(&self) -> Option<TlsProblem> {
        match self {
            ClientError::NoAnswer { source, .. } => TlsProblem::behind(source),
            _ => None,
        }
    }

    /// The API's code, if it answered with one.
    pub fn code(&self) -> Option<&str> {
        match self {
            ClientError::Refused { refusal, .. } => Some(&refusal.error.code),
            _ => None,
        }
    }
}

/// The last cause: reqwest's own text names the URL and buries the reason.
fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
