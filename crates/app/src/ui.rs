//! The printer: the only place that writes to stdout and stderr. The answer goes to stdout, all talk to stderr.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anstream::ColorChoice;
use bulkwright_client::Exit;
use serde_json::{Value, json};

use crate::args::{Color, NoOrder, ProgressForm, Talk};
use crate::exit::Failure;

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const PLAIN: &str = "\x1b[0m";

/// Writes what commands say.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
    pub(crate) verbose: u8,
    progress: ProgressForm,
}

/// How progress is really shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShownProgress {
    Bar,
    Lines,
    Json,
    Nothing,
}

impl Ui {
    pub(crate) fn new(talk: &Talk) -> Self {
        let choice = match talk.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::AlwaysAnsi,
            Color::Never => ColorChoice::Never,
        };
        choice.write_global();
        Ui { json: talk.json, quiet: talk.quiet, verbose: talk.verbose, progress: talk.progress }
    }

    /// One line of the answer.
    pub(crate) fn answer(&self, line: &str) {
        // Whoever closed the pipe has seen enough.
        let _ = writeln!(anstream::stdout(), "{line}");
    }

    /// Bytes of the answer, as they are.
    pub(crate) fn answer_bytes(&self, bytes: &[u8]) {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(bytes).and_then(|()| out.flush());
    }

    /// Everything that can be read, as the answer.
    ///
    /// # Errors
    /// Those of reading. Whoever closed the pipe has seen enough.
    pub(crate) fn answer_from(&self, from: &mut impl std::io::Read) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        match std::io::copy(from, &mut out).and_then(|_| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// A document of the answer as it was received; a terminal wants a line end behind its last line.
    pub(crate) fn answer_body(&self, body: &[u8]) {
        let line_end: &[u8] = if body.ends_with(b"\n") { b"" } else { b"\n" };
        self.answer_bytes(&[body, line_end].concat());
    }

    /// One document or one line of JSON as the answer.
    pub(crate) fn answer_json(&self, value: &Value) {
        self.answer(&value.to_string());
    }

    /// One line of talk.
    pub(crate) fn talk(&self, line: &str) {
        if !self.quiet {
            say(line);
        }
    }

    /// One line of talk for those who asked for more.
    pub(crate) fn talk_more(&self, line: &str) {
        if self.verbose > 0 {
            say(line);
        }
    }

    /// Something that should be known and stops nothing.
    pub(crate) fn warn(&self, line: &str) {
        if !self.quiet {
            say(&format!("{YELLOW}warning{PLAIN}: {line}"));
        }
    }

    /// Why a command failed.
    pub(crate) fn fail(&self, failure: &Failure) {
        for line in &failure.evidence {
            say(line);
        }
        if self.json {
            say(&exit_error(failure.exit, &failure.message, &failure.hint));
        } else {
            say(&format!("{RED}error{PLAIN}: {}", failure.line()));
        }
    }

    /// How progress is really shown here.
    pub(crate) fn progress(&self) -> ShownProgress {
        let terminal = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        match self.progress {
            _ if self.quiet => ShownProgress::Nothing,
            ProgressForm::Bar => ShownProgress::Bar,
            ProgressForm::Auto if terminal => ShownProgress::Bar,
            ProgressForm::Auto | ProgressForm::Plain => ShownProgress::Lines,
            ProgressForm::Json => ShownProgress::Json,
            ProgressForm::Off => ShownProgress::Nothing,
        }
    }
}

fn say(line: &str) {
    // If stderr is gone there is nobody to tell.
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// A command line that was no order: help goes to stdout and is a success, a mistake is a usage error.
pub(crate) fn usage(ending: &NoOrder) -> ExitCode {
    if ending.json && ending.error.use_stderr() {
        let text = ending.error.render().to_string();
        let first = text.lines().next().unwrap_or_default();
        let message = first.strip_prefix("error: ").unwrap_or(first);
        say(&exit_error(Exit::Usage, message, "`--help` shows what there is"));
    } else {
        let _ = ending.error.print();
    }
    let exit = if ending.error.use_stderr() { Exit::Usage } else { Exit::Done };
    ExitCode::from(exit.code())
}

fn exit_error(exit: Exit, message: &str, hint: &str) -> String {
    json!({
        "message_type": "exit_error",
        "code": exit.code(),
        "kind": exit.kind(),
        "message": message,
        "hint": hint,
    })
    .to_string()
}

/// A number with thousands marks, for people.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 row`, `2,000 rows`.
pub(crate) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        let check = |number: u64, expected: &str| assert_eq!(grouped(number), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1,000");
        check(2_999_871, "2,999,871");
        assert_eq!((counted(1, "row").as_str(), counted(0, "row").as_str()), ("1 row", "0 rows"));
    }
}
