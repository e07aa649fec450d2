//! Header names and the fixed header sets of each layer, as recorded (contract 1.5 and 2.1).

use crate::limit::IDEMPOTENCY_KEY_CHARS_MAX;

/// `feature: bulk-write` of an upload.
pub const FEATURE: &str = "feature";
/// The only feature there is.
pub const FEATURE_BULK_WRITE: &str = "bulk-write";
/// The zgid of an upload.
pub const ORG: &str = "x-crm-org";
/// When the presented token ends.
pub const TOKEN_RESET: &str = "x-accesstoken-reset";
/// Credits of the organisation that are left; only once half of them are used (contract 2.3).
pub const CREDITS_REMAINING: &str = "x-api-credits-remaining";
/// Ours: what a request very likely meant.
pub const HINT: &str = "bulkwright-hint";
/// Ours: the id under which the log speaks of a request.
pub const REQUEST_ID: &str = "bulkwright-request-id";
/// Ours: under which an upload or a creation may be sent again without being done twice.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// Ours: says `true` where an answer is the one that the first request under a key was given.
pub const REPLAYED: &str = "bulkwright-replayed";
/// `Server`
pub const SERVER: &str = "ZGS";
/// Content type of gateway errors.
pub const GATEWAY_JSON: &str = "application/json;charset=utf-8";
/// Content type of application answers.
pub const APPLICATION_JSON: &str = "application/json";
/// Content type of a result.
pub const ZIP: &str = "application/zip";
/// Ours: content type of events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Ours: tells proxies whether to collect an answer before they pass it on; they must not where events are sent.
pub const PROXY_BUFFERING: &str = "x-accel-buffering";

/// Which part of the vendor's stack answers; each has its own headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// Wrong URL or method: refused before authentication.
    Gateway,
    /// Authentication or scope.
    Access,
    /// The application's errors.
    ApplicationError,
    /// The application's successes.
    ApplicationSuccess,
}

const GATEWAY: &[(&str, &str)] =
    &[("x-frame-options", "deny"), ("x-download-options", "noopen"), ("x-content-type-options", "nosniff")];

const ACCESS: &[(&str, &str)] = &[
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-download-options", "noopen"),
];

const APPLICATION_ERROR: &[(&str, &str)] = &[
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("vary", "accept-encoding"),
];

const APPLICATION_SUCCESS: &[(&str, &str)] = &[
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("vary", "accept-encoding"),
    ("strict-transport-security", "max-age=63072000"),
];

impl Layer {
    /// The headers whose values never change. `Server`, `Content-Type`, `X-ACCESSTOKEN-RESET` and the framing of the
    /// body come beside them.
    pub fn fixed_headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Layer::Gateway => GATEWAY,
            Layer::Access => ACCESS,
            Layer::ApplicationError => APPLICATION_ERROR,
            Layer::ApplicationSuccess => APPLICATION_SUCCESS,
        }
    }

    /// The content type of the layer's JSON.
    pub fn content_type(self) -> &'static str {
        match self {
            Layer::Gateway | Layer::Access => GATEWAY_JSON,
            Layer::ApplicationError | Layer::ApplicationSuccess => APPLICATION_JSON,
        }
    }
}

/// The two spellings of a token on the wire (contract 12, row 22): the scheme in any case, blanks around it ignored.
/// `None` if the header carries no token of either.
pub fn token_of(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once([' ', '\t'])?;
    let known = scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("Zoho-oauthtoken");
    let token = token.trim();
    (known && !token.is_empty()).then_some(token)
}

/// Whether a text can be an [`IDEMPOTENCY_KEY`]: 1 to [`IDEMPOTENCY_KEY_CHARS_MAX`] visible ASCII characters.
pub fn is_idempotency_key(text: &str) -> bool {
    (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The `Authorization` value that the client sends.
pub fn authorization(token: &str) -> String {
    format!("Zoho-oauthtoken {token}")
}

/// The `Content-Disposition` that every SDK can read (sdk-needs, 6). Names are ours: digits and ASCII letters.
pub fn attachment(file_name: &str) -> String {
    format!("attachment; filename=\"{file_name}\"; filename*=UTF-8''{file_name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_from_both_schemes() {
        let check = |value: &str, expected: Option<&str>| assert_eq!(token_of(value), expected, "{value:?}");
        check("Bearer 1000.a", Some("1000.a"));
        check("bearer   1000.a ", Some("1000.a"));
        check(" Zoho-oauthtoken 1000.a", Some("1000.a"));
        check("ZOHO-OAUTHTOKEN 1000.a", Some("1000.a"));
        check("Basic abc", None);
        check("Bearer ", None);
        check("Bearer", None);
        check("", None);
    }

    #[test]
    fn keys_are_visible_and_not_endless() {
        let check = |key: &str, expected: bool| assert_eq!(is_idempotency_key(key), expected, "{key:?}");
        check("a", true);
        check("4f1c-3/create!~", true);
        check(&"k".repeat(255), true);
        check(&"k".repeat(256), false);
        check("", false);
        check("a b", false);
        check("a\tb", false);
        check("schl\u{fc}ssel", false);
        check("a\u{7f}", false);
    }
}
