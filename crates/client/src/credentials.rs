//! The file of credentials that a server of one's own writes into its data directory.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use crate::error::ClientError;
use crate::secret::Secret;

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
}

impl Credentials {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ClientError::Disk`] if it cannot be read, [`ClientError::BadCredentials`] if it says something else.
    pub fn read(path: &Path) -> Result<Self, ClientError> {
        let text = fs_err::read_to_string(path)?;
        serde_json::from_str(&text)
            .map_err(|error| ClientError::BadCredentials { path: path.to_owned(), reason: error.to_string() })
    }
}
