//! `credentials.json`: what opens a server, for the one who started it.

use std::fmt;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::atomic_file;
use crate::error::ServeError;

/// Its name in the data directory.
pub const CREDENTIALS_FILE: &str = "credentials.json";

/// What opens a server. The file has mode 0600; its URLs are true again after each start.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// The base of the API.
    pub base_url: String,
    /// The base of the token endpoint.
    pub accounts_url: String,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// Gives access tokens.
    pub refresh_token: String,
    /// The organisation, as `X-CRM-ORG` wants it.
    pub zgid: String,
    /// The user.
    pub user_id: String,
    /// His address.
    pub email: String,
    /// Opens what is for the administrator. Files of earlier versions have none and get one at the next start.
    #[serde(default)]
    pub admin_secret: String,
    /// SHA-256 of the certificate that the server shows, if it speaks TLS: who has this file knows it by that, whatever
    /// names are in it and whoever has signed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
}

impl Credentials {
    /// The same credentials for a server at `base` that shows that certificate, if it shows one.
    #[must_use]
    pub(crate) fn at(self, base: &str, certificate_sha256: Option<String>) -> Self {
        Credentials { base_url: base.to_owned(), accounts_url: base.to_owned(), certificate_sha256, ..self }
    }
}

/// Secrets are not printed.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id)
            .field("zgid", &self.zgid)
            .finish_non_exhaustive()
    }
}

/// Reads the file of a data directory; `None` if there is none.
pub(crate) fn read(directory: &Path) -> Result<Option<Credentials>, ServeError> {
    let path = directory.join(CREDENTIALS_FILE);
    let text = match fs_err::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ServeError::Directory { path, source }),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| ServeError::Credentials {
        path,
        reason: format!("it is no credentials file ({error}); put the right one back, or move it away"),
    })
}

/// Writes another certificate into the file of a data directory, if it is there.
pub(crate) fn note_certificate(directory: &Path, sha256: &str) -> Result<(), ServeError> {
    match read(directory)? {
        Some(known) => write(directory, &Credentials { certificate_sha256: Some(sha256.to_owned()), ..known }),
        None => Ok(()),
    }
}

/// Writes the file of a data directory.
pub(crate) fn write(directory: &Path, credentials: &Credentials) -> Result<(), ServeError> {
    let path = directory.join(CREDENTIALS_FILE);
    let mut text = serde_json::to_string_pretty(credentials).expect("texts under text keys are JSON");
    text.push('\n');
    atomic_file::write(&path, text.as_bytes()).map_err(|source| ServeError::Directory { path, source })
}
