//! How a command ends: the documented exit codes, and which code of the API leads to which.

/// How a command ends. Any code that is not listed is a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All rows were written, or what was asked for was shown.
    Done,
    /// A bug or a failing disk.
    Unexpected,
    /// The command line or a setting is wrong.
    Usage,
    /// Finished, but some rows were not written.
    SomeNotWritten,
    /// Stopped, or refused before the start.
    Stopped,
    /// Network, 429, 5xx: later it may work.
    Temporary,
    /// Login, scope, permission.
    NotAllowed,
    /// No such file, job, module or address.
    NotFound,
    /// The time to wait ran out; the work goes on.
    WaitOver,
    /// Nothing to do, if that was to be an error.
    NothingToDo,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// Every ending with the words of `--help`, in the order of the codes.
    pub const ALL: &[(Exit, &str)] = &[
        (Exit::Done, "all rows were written, or what was asked for was shown"),
        (Exit::Unexpected, "unexpected failure: a bug, a disk"),
        (Exit::Usage, "the command line or a setting is wrong"),
        (Exit::SomeNotWritten, "finished, but some rows were not written (the files say which)"),
        (Exit::Stopped, "stopped: job failed, data not sound, or refused before the start"),
        (Exit::Temporary, "temporary: network, too many requests, server error"),
        (Exit::NotAllowed, "not allowed: token, scope, permission"),
        (Exit::NotFound, "not found: file, module, job, address"),
        (Exit::WaitOver, "the time to wait ran out; the work goes on"),
        (Exit::NothingToDo, "nothing to do (only with --error-if-empty)"),
        (Exit::Interrupted, "interrupted"),
    ];

    /// The number that the process returns.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Unexpected => 1,
            Exit::Usage => 2,
            Exit::SomeNotWritten => 3,
            Exit::Stopped => 4,
            Exit::Temporary => 5,
            Exit::NotAllowed => 6,
            Exit::NotFound => 7,
            Exit::WaitOver => 8,
            Exit::NothingToDo => 9,
            Exit::Interrupted => 130,
        }
    }

    /// The word for machines, in `exit_error`.
    pub const fn kind(self) -> &'static str {
        match self {
            Exit::Done => "done",
            Exit::Unexpected => "unexpected",
            Exit::Usage => "usage",
            Exit::SomeNotWritten => "some_not_written",
            Exit::Stopped => "stopped",
            Exit::Temporary => "temporary",
            Exit::NotAllowed => "not_allowed",
            Exit::NotFound => "not_found",
            Exit::WaitOver => "wait_over",
            Exit::NothingToDo => "nothing_to_do",
            Exit::Interrupted => "interrupted",
        }
    }

    /// The ending that a refusal of the API leads to: by its code, the HTTP status only where the code says nothing.
    pub fn of_code(code: &str, http: u16) -> Exit {
        match code {
            "AUTHENTICATION_FAILURE"
            | "INVALID_TOKEN"
            | "OAUTH_SCOPE_MISMATCH"
            | "NO_PERMISSION"
            | "AUTHORIZATION_FAILED" => Exit::NotAllowed,
            "RESOURCE_NOT_FOUND" | "INVALID_URL_PATTERN" | "INVALID_MODULE" | "MODULE_NOT_AVAILABLE" => Exit::NotFound,
            "TOO_MANY_REQUESTS" => Exit::Temporary,
            _ if http == 429 || http >= 500 => Exit::Temporary,
            _ => Exit::Stopped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_follow_the_code_and_not_the_status() {
        let check =
            |code: &str, http: u16, expected: u8| assert_eq!(Exit::of_code(code, http).code(), expected, "{code}");
        check("RESOURCE_NOT_FOUND", 400, 7);
        check("INVALID_URL_PATTERN", 404, 7);
        check("INVALID_TOKEN", 401, 6);
        check("OAUTH_SCOPE_MISMATCH", 401, 6);
        check("TOO_MANY_REQUESTS", 429, 5);
        check("INTERNAL_ERROR", 500, 5);
        check("INVALID_REQUEST_METHOD", 400, 4);
        check("MANDATORY_FIELDS_NOT_MAPPED", 400, 4);
    }

    #[test]
    fn the_table_is_complete_and_in_order() {
        let codes: Vec<u8> = Exit::ALL.iter().map(|(exit, _)| exit.code()).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 130]);
    }
}
