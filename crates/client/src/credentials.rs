//! The file of credentials that a server of one's own writes into its data directory.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::error::ClientError;
use crate::secret::Secret;
use crate::trust::Trust;

/// What `credentials.json` says. Keys that are not needed here are passed over.
#[derive(Clone, Debug, Deserialize)]
pub struct Credentials {
    /// The base of the API.
    pub base_url: Url,
    /// Where tokens are exchanged; the base if it is not said.
    #[serde(default)]
    pub accounts_url: Option<Url>,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Secret,
    /// What access tokens are got for.
    pub refresh_token: Secret,
    /// What opens the administrator's part of the server, if the file says it.
    #[serde(default)]
    pub admin_secret: Option<Secret>,
    /// SHA-256 of the certificate that the server shows, if it speaks TLS.
    #[serde(default)]
    pub certificate_sha256: Option<String>,
    /// Where all this was read.
    #[serde(skip)]
    path: PathBuf,
}

impl Credentials {
    /// What is trusted so that their server is: its own certificate, and the authorities of that file.
    pub fn trust(&self, ca_cert: Option<PathBuf>) -> Trust {
        Trust { ca_cert, credentials: Some(self.path.clone()) }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ClientError::Disk`] if it cannot be read, [`ClientError::BadCredentials`] if it says something else.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let text = fs_err::read_to_string(path)?;
        let read: Credentials = serde_json::from_str(&text)
            .map_err(|error| ClientError::BadCredentials { path: path.to_owned(), reason: error.to_string() })?;
        Ok(Credentials { path: path.to_owned(), ..read })
    }
}
