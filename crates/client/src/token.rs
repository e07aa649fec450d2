//! Where access tokens come from, and how a new one is got when one ends.

use std::path::PathBuf;

use bulkwright_wire::limit::TOKEN_WINDOW_SECONDS;
use bulkwright_wire::oauth::{THROTTLED, TokenAnswer, TokenError};
use bulkwright_wire::path;
use tokio::sync::Mutex;
use url::Url;

use crate::answer::{self, Answer};
use crate::error::ClientError;
use crate::secret::Secret;

/// Where access tokens come from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// One token, for as long as it lasts.
    Fixed(Secret),
    /// A file with one token, written anew by somebody else; read again when the token ends.
    File(PathBuf),
    /// A refresh token, exchanged for access tokens.
    Refresh {
        /// Where it is exchanged.
        accounts_url: Url,
        /// The OAuth client.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// The refresh token.
        refresh_token: Secret,
    },
}

/// Holds the present access token. Callers that find it spent at the same time cause one refresh.
#[derive(Debug)]
pub(crate) struct Tokens {
    source: TokenSource,
    present: Mutex<Option<Secret>>,
}

impl Tokens {
    pub(crate) fn new(source: TokenSource) -> Self {
        Tokens { source, present: Mutex::new(None) }
    }

    /// The present token; the first call gets one.
    pub(crate) async fn get(&self, http: &reqwest::Client) -> Result<Secret, ClientError> {
        let mut present = self.present.lock().await;
        if let Some(token) = present.as_ref() {
            return Ok(token.clone());
        }
        let token = self.fetch(http).await?;
        *present = Some(token.clone());
        Ok(token)
    }

    /// Another token than `spent`; `None` if there is none to be had. Whoever comes second gets what the first got.
    pub(crate) async fn renew(&self, http: &reqwest::Client, spent: &Secret) -> Result<Option<Secret>, ClientError> {
        let mut present = self.present.lock().await;
        if let Some(token) = present.as_ref().filter(|token| *token != spent) {
            return Ok(Some(token.clone()));
        }
        if matches!(self.source, TokenSource::Fixed(_)) {
            return Ok(None);
        }
        let token = self.fetch(http).await?;
        *present = Some(token.clone());
        Ok((token != *spent).then_some(token))
    }

    async fn fetch(&self, http: &reqwest::Client) -> Result<Secret, ClientError> {
        match &self.source {
            TokenSource::Fixed(token) => usable(token.clone(), "the token that was given"),
            TokenSource::File(path) => {
                let text = fs_err::read_to_string(path).map_err(|error| ClientError::NoToken {
                    reason: format!("{error}; --token-file names the file"),
                })?;
                usable(Secret::new(&text), &format!("{}", path.display()))
            }
            TokenSource::Refresh { accounts_url, client_id, client_secret, refresh_token } => {
                let form = [
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("client_secret", client_secret.reveal()),
                    ("refresh_token", refresh_token.reveal()),
                ];
                exchange(http, accounts_url, &form).await
            }
        }
    }
}

fn usable(token: Secret, place: &str) -> Result<Secret, ClientError> {
    let printable = token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if token.is_empty() || !printable {
        let reason = format!("{place} holds no token: one line without blanks is wanted");
        return Err(ClientError::NoToken { reason });
    }
    Ok(token)
}

const GETTING: &str = "getting an access token";

async fn exchange(http: &reqwest::Client, accounts: &Url, form: &[(&str, &str)]) -> Result<Secret, ClientError> {
    let host = accounts.authority().to_owned();
    let mut url = accounts.clone();
    url.set_path(path::TOKEN);
    let failed = |source| ClientError::NoAnswer { doing: GETTING, host: host.clone(), source };
    let response = http.post(url).form(form).send().await.map_err(failed)?;
    let answer = answer::collect(response).await.map_err(failed)?;
    token_of(answer, host)
}

/// `invalid_*` is a refusal; throttling, a server error and HTML are for later (CLIENT 5).
fn token_of(answer: Answer, host: String) -> Result<Secret, ClientError> {
    if let Ok(given) = serde_json::from_slice::<TokenAnswer>(&answer.body) {
        return usable(Secret::new(&given.access_token), "the answer of the token endpoint");
    }
    match serde_json::from_slice::<TokenError>(&answer.body) {
        Ok(TokenError { error, .. }) if error == THROTTLED => {
            Err(ClientError::Throttled { doing: GETTING, host, seconds: TOKEN_WINDOW_SECONDS.unsigned_abs() })
        }
        Ok(TokenError { error, error_description, .. }) if answer.status < 500 => {
            let told = error_description.map(|words| format!(" ({words})")).unwrap_or_default();
            let reason = format!("{host} answers `{error}`{told}; check client id, client secret and refresh token");
            Err(ClientError::NoToken { reason })
        }
        _ => Err(ClientError::NotTheApi { doing: GETTING, host, answer: Box::new(answer) }),
    }
}

#[cfg(test)]
mod tests {
    use bulkwright_wire::exchange::Exchange;

    use super::*;

    /// What the exchanges of `contract/oauth` answer to a request for a token is read, whatever it is.
    #[test]
    fn every_answer_of_the_token_endpoint_is_understood() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract/oauth");
        let files = fs_err::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
        let read = |path: PathBuf| Exchange::parse(&fs_err::read_to_string(path).unwrap()).unwrap();
        let exchanges: Vec<Exchange> = files.map(read).filter(|one| one.request.path == path::TOKEN).collect();
        for exchange in &exchanges {
            let Exchange { name, response, .. } = exchange;
            let (version, headers) = ("HTTP/1.1".to_owned(), Vec::new());
            let answer = Answer { version, status: response.status, headers, body: response.body_text().into() };
            let read = token_of(answer, "accounts.example.com".to_owned());
            let told = response.body["error"].as_str();
            match (&read, told) {
                (Ok(token), None) => assert_eq!(Some(token.reveal()), response.body["access_token"].as_str(), "{name}"),
                (Err(ClientError::Throttled { seconds, .. }), Some(THROTTLED)) => assert_eq!(*seconds, 600),
                (Err(ClientError::NoToken { reason }), Some(word)) => {
                    assert!(reason.contains(word), "{name}: {reason}")
                }
                _ => panic!("{name}: {read:?}"),
            }
        }
        assert!(exchanges.len() >= 14, "all of them are there");
    }
}
