//! The token endpoint (contract section 8).

use serde::{Deserialize, Serialize};

/// What `POST /oauth/v2/token` answers when it gives a token.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// The new access token.
    pub access_token: String,
    /// Only for the code grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Scopes, separated by blanks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The base of the API.
    #[serde(default)]
    pub api_domain: String,
    /// `Bearer`
    #[serde(default)]
    pub token_type: String,
    /// Seconds it lives.
    pub expires_in: i64,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAnswer").field("expires_in", &self.expires_in).finish_non_exhaustive()
    }
}

/// What it answers when it gives none. The status is 200 all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenError {
    /// `invalid_client` and the like.
    pub error: String,
}

/// Why no token is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No such client.
    InvalidClient,
    /// The client's secret is another.
    InvalidClientSecret,
    /// The refresh token or the code is unknown or spent.
    InvalidCode,
    /// A parameter is missing, or the grant type is none that is served.
    InvalidRequest,
    /// A grant type that is none.
    UnsupportedGrantType,
}

impl TokenRefusal {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenRefusal::InvalidClient => "invalid_client",
            TokenRefusal::InvalidClientSecret => "invalid_client_secret",
            TokenRefusal::InvalidCode => "invalid_code",
            TokenRefusal::InvalidRequest => "invalid_request",
            TokenRefusal::UnsupportedGrantType => "unsupported_grant_type",
        }
    }
}
