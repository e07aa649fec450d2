//! The server of one's own over a data directory: the running one, or one in this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bulkwright_client::api_words::Version;
use bulkwright_client::{Api, ApiSettings, ClientError, Credentials, Exit, Patience, Secret, TargetKind, TokenSource};
use bulkwright_server::{CREDENTIALS_FILE, Config, Running, ServeError, Server};

use crate::data_directory::exit_of_mistake;
use crate::exit::Failure;

/// How often and how far apart the holder of the lock is looked for.
const HOLDER_LOOKS: u32 = 20;
const HOLDER_PAUSE: Duration = Duration::from_millis(50);

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
            Err(ServeError::DirectoryInUse { pid, .. }) => {
                let credentials = holder(data, pid).await?;
                Ok(OwnServer { data: data.to_owned(), credentials, running: None, is_new: false })
            }
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
        if let Some(Err(error)) = made_here.map(fs_err::remove_dir_all) {
            tracing::warn!(%error, "the unused data directory was left");
        }
    }
}

/// The credentials of the server that holds the lock. It may have taken the lock a moment ago and not listen yet.
pub(crate) async fn holder(data: &Path, pid: u32) -> Result<Credentials, Failure> {
    let mut reason = String::new();
    for _ in 0..HOLDER_LOOKS {
        match answering(&data.join(CREDENTIALS_FILE)).await {
            Ok(credentials) => return Ok(credentials),
            Err(error) => reason = error.to_string(),
        }
        tokio::time::sleep(HOLDER_PAUSE).await;
    }
    let message = format!("{} is in use by process {pid}, which does not answer: {reason}", data.display());
    Err(Failure::new(Exit::Temporary, message, "try again when that process has started or ended"))
}

/// Credentials whose server says that it is one of ours.
async fn answering(file: &Path) -> Result<Credentials, ClientError> {
    let credentials = Credentials::read(file)?;
    let api = Api::new(ApiSettings {
        base_url: credentials.base_url.clone(),
        upload_url: None,
        // Nothing is asked that needs a token.
        token: TokenSource::Fixed(Secret::new("")),
        trust: credentials.trust(None),
        version: Version::V8,
        patience: Patience { tries_max: 1, ..Patience::default() },
    })?;
    match api.target_kind().await? {
        TargetKind::Own => Ok(credentials),
        TargetKind::Vendor => {
            let reason = format!("another program listens at {}", credentials.base_url);
            Err(ClientError::BadCredentials { path: file.to_owned(), reason })
        }
    }
}

/// One line for a server that did not start. Its codes are the user's to mend, except for a damaged store.
pub(crate) fn failure(error: &ServeError) -> Failure {
    let exit = match error {
        ServeError::Store(_) | ServeError::Seed { .. } => Exit::Unexpected,
        ServeError::NoData { .. } => Exit::NotFound,
        ServeError::Mistake(mistake) => exit_of_mistake(mistake.code().row().code),
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
