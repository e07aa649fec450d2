//! The log on stderr.

use tracing_subscriber::EnvFilter;

/// What is logged unless told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usual {
    /// A server: what it does.
    Server,
    /// A client: only what is wrong.
    Client,
}

/// Starts the log. `BULKWRIGHT_LOG` holds filters for those who need more than `-v` gives.
pub(crate) fn start(usual: Usual, quiet: bool, verbose: u8) {
    let level = match (usual, quiet, verbose) {
        (_, true, _) => "error",
        (Usual::Client, _, 0) => "warn",
        (Usual::Server, _, 0) => "info",
        (Usual::Client, _, 1) => "info",
        (_, _, 1) => "debug,hyper=info,hyper_util=info,reqwest=info",
        (Usual::Client, _, 2) => "debug,hyper=info,hyper_util=info,reqwest=info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("BULKWRIGHT_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A second start in one process can only happen in tests, where the first one is good enough.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_target(false)
        .try_init();
}
