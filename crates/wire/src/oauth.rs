//! The accounts server: tokens, what is answered in their place, and who their user is (contract section 8).
//!
//! Evidence. The shapes of a token and of the throttle are the wire's; `invalid_code`, `invalid_client`,
//! `invalid_client_secret`, `invalid_redirect_uri` and `access_denied` are words of the vendor's pages and of users;
//! `invalid_request`, `unsupported_grant_type` and `invalid_scope` are RFC 6749's, where nobody recorded the vendor's.

use serde::{Deserialize, Serialize};

/// What `POST /oauth/v2/token` answers when it gives a token.
#[derive(Clone, Serialize, Deserialize)]
pub struct TokenAnswer {
    /// The new access token.
    pub access_token: String,
    /// Only for the code grant, and only for offline access.
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

/// What it answers when it gives none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenError {
    /// More words, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
    /// `invalid_client` and the like.
    pub error: String,
    /// `failure`, where it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// The word for too many requests.
pub const THROTTLED: &str = "Access Denied";

/// Why no token is given, or none is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// No such client.
    InvalidClient,
    /// The client's secret is another.
    InvalidClientSecret,
    /// The refresh token or the code is unknown or spent, or its proof key is missing or another.
    InvalidCode,
    /// The code was sent elsewhere.
    InvalidRedirectUri,
    /// A scope that there is not, or none.
    InvalidScope,
    /// A parameter is missing or cannot be read.
    InvalidRequest,
    /// A grant type that is none.
    UnsupportedGrantType,
    /// The organisation is another than the client's, or it or its user was revoked.
    AccessDenied,
    /// The token to be taken back is none.
    InvalidToken,
    /// Too many tokens of one refresh token, or too many wrong secrets.
    Throttled,
}

impl TokenRefusal {
    /// The wire's word.
    pub fn as_str(self) -> &'static str {
        match self {
            TokenRefusal::InvalidClient => "invalid_client",
            TokenRefusal::InvalidClientSecret => "invalid_client_secret",
            TokenRefusal::InvalidCode => "invalid_code",
            TokenRefusal::InvalidRedirectUri => "invalid_redirect_uri",
            TokenRefusal::InvalidScope => "invalid_scope",
            TokenRefusal::InvalidRequest => "invalid_request",
            TokenRefusal::UnsupportedGrantType => "unsupported_grant_type",
            TokenRefusal::AccessDenied => "access_denied",
            TokenRefusal::InvalidToken => "invalid_token",
            TokenRefusal::Throttled => THROTTLED,
        }
    }

    /// The HTTP status: 200 where no token is given, 400 for the throttle and, as the vendor's pages say, for a token
    /// that cannot be taken back because it is none.
    pub fn http(self) -> u16 {
        match self {
            TokenRefusal::Throttled | TokenRefusal::InvalidToken => 400,
            _ => 200,
        }
    }

    /// The body.
    pub fn body(self) -> TokenError {
        let error = self.as_str().to_owned();
        if self != TokenRefusal::Throttled {
            return TokenError { error_description: None, error, status: None };
        }
        let words = "You have made too many requests continuously. Please try again after some time.";
        TokenError { error_description: Some(words.to_owned()), error, status: Some("failure".to_owned()) }
    }
}

/// What `POST /oauth/v2/token/revoke` answers when the token is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RevokeAnswer {
    /// `success`
    pub status: String,
}

/// `GET /oauth/user/info`, as the vendor's clients read it: the keys are known from them, their order is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProfileAnswer {
    /// All but the last word of the name.
    #[serde(rename = "First_Name")]
    pub first_name: String,
    /// His address.
    #[serde(rename = "Email")]
    pub email: String,
    /// The last word of the name.
    #[serde(rename = "Last_Name")]
    pub last_name: String,
    /// The whole name.
    #[serde(rename = "Display_Name")]
    pub display_name: String,
    /// His id. The vendor's is a number of few digits; ours has more than JavaScript can count, and so it is a text.
    #[serde(rename = "ZUID")]
    pub zuid: String,
}

/// What the vendor says where its users' data are; ours says the one that every client knows. What counts is
/// `accounts-server` beside it.
pub const LOCATION: &str = "us";

/// How a proof key's challenge was made of the verifier (RFC 7636).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChallengeMethod {
    /// It is the verifier.
    Plain,
    /// It is the verifier's SHA-256 in base64url without padding.
    S256,
}

impl ChallengeMethod {
    /// The method of that name; the one meant without a name is `plain`.
    pub fn of(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("plain") => Some(ChallengeMethod::Plain),
            Some("S256") => Some(ChallengeMethod::S256),
            Some(_) => None,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            ChallengeMethod::Plain => "plain",
            ChallengeMethod::S256 => "S256",
        }
    }
}

/// Whether a text can be a verifier or a challenge: 43 to 128 characters that need no escape (RFC 7636, 4.1 and 4.2).
pub fn is_proof_key(text: &str) -> bool {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    (43..=128).contains(&text.len()) && text.bytes().all(unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_the_wires_bytes() {
        let check = |refusal: TokenRefusal, http: u16, expected: &str| {
            let body = serde_json::to_string(&refusal.body()).unwrap();
            assert_eq!((refusal.http(), body.as_str()), (http, expected));
        };
        check(TokenRefusal::InvalidCode, 200, r#"{"error":"invalid_code"}"#);
        check(
            TokenRefusal::Throttled,
            400,
            r#"{"error_description":"You have made too many requests continuously. Please try again after some time.","error":"Access Denied","status":"failure"}"#,
        );
    }

    #[test]
    fn proof_keys_have_their_characters_and_lengths() {
        let check = |text: &str, expected: bool| assert_eq!(is_proof_key(text), expected, "{text}");
        check("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", true);
        check(&"a".repeat(42), false);
        check(&"a".repeat(128), true);
        check(&"a".repeat(129), false);
        check(&"ä".repeat(30), false);
        check(&format!("{} ", "a".repeat(43)), false);
    }
}
