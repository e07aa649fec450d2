//! The exit codes as they stand in the help, and failures with what to do about them.

use bulkwright_client::{ClientError, Exit};

use crate::advice;

/// The table of exit codes for `--help`.
pub(crate) fn table() -> String {
    let lines = Exit::ALL.iter().map(|(exit, words)| format!("  {:>3}  {words}", exit.code()));
    let lines: Vec<String> = lines.collect();
    format!("Exit codes (any other one is a failure):\n{}", lines.join("\n"))
}

/// Why a command ends without having done what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// What happened, and where.
    pub(crate) message: String,
    /// What to do next; empty if the message says it.
    pub(crate) hint: String,
    /// The answer behind it: status line and headers, line by line.
    pub(crate) evidence: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { exit, message: message.into(), hint: hint.into(), evidence: Vec::new() }
    }

    /// Message and hint in one line.
    pub(crate) fn line(&self) -> String {
        if self.hint.is_empty() {
            return self.message.clone();
        }
        format!("{}; {}", self.message.trim_end_matches('.'), self.hint)
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        let hint = advice::for_client_error(&error);
        Failure::new(error.exit(), error.to_string(), hint)
    }
}
