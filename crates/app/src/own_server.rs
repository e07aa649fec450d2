//! The server of one's own over a data directory: the running one, or one in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bulkwright_client::{Credentials, Exit};
use bulkwright_server::{CREDENTIALS_FILE, Config, Running, ServeError, Server};

use crate::exit::Failure;

/// A server of one's own that can be talked to.
pub(crate) struct OwnServer {
    data: PathBuf,
    pub(crate) credentials: Credentials,
    /// The server in this process; `None` if another one holds the data.
    running: Option<Running>,
    /// Whether the data directory was made by this process.
    is_new: bool,
}

impl OwnServer {
    /// Talks to whoever holds the lock of the data directory; if nobody does, this process.
    pub(crate) async fn over(data: &Path) -> Result<Self, Failure> {
        let is_new = !data.exists();
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        match Server::start(Config { listen, ..Config::serve(data.to_owned()) }).await {
            Ok(running) => {
                let credentials = Credentials::read(&data.join(CREDENTIALS_FILE))?;
                Ok(OwnServer { data: data.to_owned(), credentials, running: Some(running), is_new })
            }
            Err(ServeError::DirectoryInUse { pid, .. }) => held_by(data, pid),
            Err(error) => Err(failure(&error)),
        }
    }

    /// How it is called in the first line and the summary.
    pub(crate) fn name(&self) -> String {
        let place = if self.running.is_some() { "own server in this process" } else { "own running server" };
        format!("{place}, data in {}", self.data.display())
    }

    /// Ends the server of this process in order.
    pub(crate) async fn close(self) {
        if let Some(running) = self.running {
            running.stop().await;
        }
    }

    /// Ends it and takes away the data directory that was made for it: nothing was ever put there.
    pub(crate) async fn close_unused(self) {
        let made_here = (self.is_new && self.running.is_some()).then(|| self.data.clone());
        self.close().await;
        if let Some(data) = made_here {
            if let Err(error) = fs_err::remove_dir_all(data) {
                tracing::warn!(%error, "the unused data directory was left");
            }
        }
    }
}

fn held_by(data: &Path, pid: u32) -> Result<OwnServer, Failure> {
    let file = data.join(CREDENTIALS_FILE);
    let credentials = Credentials::read(&file).map_err(|error| {
        let message =
            format!("{} is in use by process {pid}, and its credentials cannot be read: {error}", data.display());
        Failure::new(Exit::Usage, message, "name the server with --base-url and --token-file")
    })?;
    Ok(OwnServer { data: data.to_owned(), credentials, running: None, is_new: false })
}

/// One line for a server that did not start. Its codes are the user's to mend, except for a damaged store.
pub(crate) fn failure(error: &ServeError) -> Failure {
    let exit = match error {
        ServeError::Store(_) | ServeError::Seed { .. } => Exit::Unexpected,
        _ => Exit::Usage,
    };
    Failure::new(exit, with_causes(error), "")
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}
