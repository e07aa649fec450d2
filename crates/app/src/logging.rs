//! The log on stderr: one line an event, as text or as JSON.
//!
//! Events name what they are about by fields: the request by the span `request`, a job and its attempt by the span
//! `attempt`. Neither tokens nor the content of rows are ever among them, nor in what a panic leaves.

mod json_line;
mod text_line;

use std::io::stderr;
use std::panic::PanicHookInfo;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use json_line::JsonLine;
use text_line::TextLine;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// For programs: one object a line.
    Json,
}

impl LogFormat {
    pub(crate) const WORDS: &'static [(&'static str, LogFormat)] =
        &[("text", LogFormat::Text), ("json", LogFormat::Json)];
}

/// The levels that can be asked for, each by its own name.
pub(crate) const LEVELS: &[(&str, &str)] =
    &[("error", "error"), ("warn", "warn"), ("info", "info"), ("debug", DEBUG), ("trace", "trace")];

/// What libraries say of their own insides is left to `trace`.
const DEBUG: &str = "debug,hyper=info,hyper_util=info,reqwest=info";

/// A certificate that is not believed is told once, with what to do, by the command that meets it.
const TOLD_ELSEWHERE: &str = "rustls_platform_verifier=off";

/// Starts the log of a client: only what is wrong, unless it was asked for more.
pub(crate) fn start_for_client(quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => "warn",
        (_, 1) => "info",
        (_, 2) => DEBUG,
        _ => "trace",
    };
    start(LogFormat::Text, level);
}

/// Starts the log of a server: what it does, at the level that is set, unless `-q` and `-v` say otherwise.
pub(crate) fn start_for_server(format: LogFormat, level: &'static str, quiet: bool, verbose: u8) {
    let level = match (quiet, verbose) {
        (true, _) => "error",
        (_, 0) => level,
        (_, 1) => DEBUG,
        _ => "trace",
    };
    start(format, level);
}

/// `BULKWRIGHT_LOG` holds filters for those who need more than a level gives.
fn start(format: LogFormat, level: &'static str) {
    let usual = || EnvFilter::new(format!("{level},{TOLD_ELSEWHERE}"));
    let filter = EnvFilter::try_from_env("BULKWRIGHT_LOG").unwrap_or_else(|_| usual());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr).with_ansi(false);
    // A line that cannot be written is lost. To say so on the same stderr would panic, and a full disk would end the server.
    let builder = builder.log_internal_errors(false);
    // A second start in one process can only happen in tests, where the first one is good enough.
    let _ = match format {
        LogFormat::Text => builder.event_format(TextLine::new()).try_init(),
        LogFormat::Json => builder.fmt_fields(JsonFields::new()).event_format(JsonLine).try_init(),
    };
    std::panic::set_hook(Box::new(log_panic));
}

/// A panic is an event like others. Its message is only told where it stands in the program's text: one that was put
/// together may hold what a row holds.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let reason = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("not told here");
    let thread = std::thread::current().name().unwrap_or_default().to_owned();
    tracing::error!(place, reason, thread, "a panic, which is a fault of this program");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Lines;

        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    impl Lines {
        /// The lines without their time, which is checked to be there.
        fn untimed(&self) -> Vec<String> {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            let untimed = |line: &str| {
                let at = line.find("20").expect("a line has a time");
                let end = line.find('Z').expect("a time is in UTC");
                assert!(line[at..end].parse::<jiff::civil::DateTime>().is_ok(), "{line}");
                format!("{}{}", &line[..at], &line[end + 1..])
            };
            text.lines().map(untimed).collect()
        }
    }

    fn say_things() {
        let broken = std::io::Error::other("one\ntwo");
        let request = tracing::error_span!("request", id = "ab-1");
        request.in_scope(|| tracing::info!(status = 200, path = "/a\n\"b\"", "answered"));
        let attempt = tracing::error_span!("attempt", job = %41, number = 2);
        attempt.in_scope(|| {
            tracing::error!(error = &broken as &dyn std::error::Error, "broken\noff");
            let row = String::from("Marker");
            let lost = std::panic::catch_unwind(|| panic!("the row {row}"));
            assert!(lost.is_err());
        });
    }

    /// One test, because the hook of panics is the process's. What is logged on this thread goes where the test reads it.
    #[test]
    fn each_event_is_one_line_with_its_ids_and_a_panic_tells_no_row() {
        start_for_client(false, 0);
        let lines = Lines::default();
        let builder = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone());
        tracing::subscriber::with_default(builder.event_format(TextLine::new()).finish(), say_things);
        let text = lines.untimed();
        assert_eq!(
            text[..2],
            [
                r#"  INFO request{id="ab-1"}: answered status=200 path="/a\n\"b\"""#,
                r#" ERROR attempt{job=41 number=2}: broken\noff error=one\ntwo"#,
            ]
        );
        assert!(text[2].starts_with(" ERROR attempt{job=41 number=2}: a panic, which is a fault of this program"));
        assert!(text[2].contains("logging.rs:") && !text[2].contains("Marker"), "{}", text[2]);
        assert_eq!(text.len(), 3);

        let lines = Lines::default();
        let builder = tracing_subscriber::fmt().with_ansi(false).with_writer(lines.clone());
        let json = builder.fmt_fields(JsonFields::new()).event_format(JsonLine).finish();
        tracing::subscriber::with_default(json, say_things);
        let json = lines.untimed();
        assert_eq!(
            json[..2],
            [
                r#"{"time":"","level":"info","message":"answered","request":"ab-1","status":200,"path":"/a\n\"b\""}"#,
                r#"{"time":"","level":"error","message":"broken\noff","job":"41","attempt":2,"error":"one\ntwo"}"#,
            ]
        );
        assert!(json[2].contains(r#""job":"41","attempt":2,"place":"#) && !json[2].contains("Marker"), "{}", json[2]);
        assert_eq!(json.len(), 3);
    }
}
