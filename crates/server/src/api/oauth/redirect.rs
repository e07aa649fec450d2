//! Where a user's answer may be sent: to what the client has registered, and nowhere else.

use url::{Host, Url, form_urlencoded};

use crate::config::Mode;

/// Bytes of a redirect URI.
const REDIRECT_URI_BYTES_MAX: usize = 2048;
/// What a registered URI begins with whose port an application picks when it starts (RFC 8252, 7.3), if it names none.
const LOOPBACK: [&str; 3] = ["http://localhost", "http://127.0.0.1", "http://[::1]"];

/// Whether answers may go to `given`: it is one of `registered`, letter by letter, or differs from a registered
/// loopback URI without a port by its port alone. A server for developers sends to every loopback address: it listens
/// there and its secrets are printed in its manual.
pub(super) fn is_trusted(given: &str, registered: &[String], mode: &Mode) -> bool {
    if given.len() > REDIRECT_URI_BYTES_MAX || !is_fit(given) {
        return false;
    }
    let matches = |known: &String| known == given || without_port(given).is_some_and(|bare| *known == bare);
    registered.iter().any(matches) || (*mode == Mode::Dev && is_loopback(given))
}

/// An absolute URI of the web or of an installed program (RFC 8252, 7.1) that fits into a header and has no fragment and
/// no user.
fn is_fit(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else { return false };
    let of_web = is_web(&url) && url.has_host();
    text.bytes().all(|byte| byte.is_ascii_graphic())
        && (of_web || url.scheme().contains('.'))
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
}

/// A loopback URI with a port, as its text without it.
fn without_port(text: &str) -> Option<String> {
    let start = LOOPBACK.into_iter().find(|start| text.starts_with(&format!("{start}:")))?;
    let rest = &text[start.len() + 1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse::<u16>().ok()?;
    Some(format!("{start}{}", &rest[digits..]))
}

fn is_web(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn is_loopback(text: &str) -> bool {
    let url = Url::parse(text).ok().filter(is_web);
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A redirect URI with an answer in its query. The vendor's answers end in `&`.
pub(super) fn with_answer(redirect_uri: &str, answer: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    let join = if redirect_uri.contains('?') { '&' } else { '?' };
    format!("{redirect_uri}{join}{query}&")
}

/// Where the consent page's form may lead, as a Content-Security-Policy says it: browsers hold redirects to it too.
pub(super) fn source_of(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else { return String::new() };
    match url.host() {
        Some(Host::Domain(_) | Host::Ipv4(_)) if is_web(&url) => url.origin().ascii_serialization(),
        // Policies have no words for the others.
        _ => format!("{}:", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn registered() -> Vec<String> {
        [
            "https://app.example.com/oauth/callback",
            "http://localhost/cb",
            "http://127.0.0.1:8000/fixed",
            "javascript:alert(1)",
            "https://user@app.example.com/",
            "com.example.app:/oauth/callback",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    #[test]
    fn answers_go_to_what_is_registered_letter_by_letter() {
        let kept = Mode::Serve { data: PathBuf::new() };
        let check =
            |given: &str, expected: bool| assert_eq!(is_trusted(given, &registered(), &kept), expected, "{given}");
        check("https://app.example.com/oauth/callback", true);
        check("com.example.app:/oauth/callback", true);
        check("com.example.app2:/oauth/callback", false);
        for near in [
            "https://app.example.com/oauth/callback/",
            "https://app.example.com/oauth/callback?x=1",
            "https://app.example.com/oauth/callback#x",
            "https://app.example.com/oauth/Callback",
            "https://APP.example.com/oauth/callback",
            "https://app.example.com:443/oauth/callback",
            "http://app.example.com/oauth/callback",
            "https://app.example.com.evil.example/oauth/callback",
            "https://app.example.com@evil.example/oauth/callback",
            "https://evil.example/https://app.example.com/oauth/callback",
            "https://app.example.com/oauth/callback/../../evil",
            "//app.example.com/oauth/callback",
            "/oauth/callback",
            "",
            " https://app.example.com/oauth/callback",
            "https://app.example.com/oauth/callback\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "https://user@app.example.com/",
        ] {
            check(near, false);
        }
    }

    #[test]
    fn a_loopback_uri_without_a_port_stands_for_every_port() {
        let kept = Mode::Serve { data: PathBuf::new() };
        let check =
            |given: &str, expected: bool| assert_eq!(is_trusted(given, &registered(), &kept), expected, "{given}");
        check("http://localhost/cb", true);
        check("http://localhost:49152/cb", true);
        check("http://localhost:49152/other", false);
        check("http://localhost:1@evil.example/cb", false);
        check("http://localhost:65536/cb", false);
        check("http://localhost:/cb", false);
        check("https://localhost:49152/cb", false);
        check("http://127.0.0.1:49152/cb", false);
        check("http://127.0.0.1:8000/fixed", true);
        check("http://127.0.0.1:8001/fixed", false);
        check("http://127.0.0.1/fixed", false);
    }

    #[test]
    fn developers_are_sent_to_their_own_machine() {
        let check = |given: &str, expected: bool| assert_eq!(is_trusted(given, &[], &Mode::Dev), expected, "{given}");
        check("http://localhost:3000/any", true);
        check("https://127.0.0.9/any", true);
        check("http://[::1]:3000/any", true);
        check("http://localhost.evil.example/any", false);
        check("http://localhost@evil.example/any", false);
        check("https://evil.example/localhost", false);
        check("com.evil.app://localhost/any", false);
    }

    #[test]
    fn an_answer_is_put_behind_what_is_there() {
        let answer = [("state", "a b&c=d"), ("code", "1000.x")];
        assert_eq!(with_answer("https://a.example/cb", &answer), "https://a.example/cb?state=a+b%26c%3Dd&code=1000.x&");
        assert_eq!(with_answer("https://a.example/cb?x=1", &answer[1..]), "https://a.example/cb?x=1&code=1000.x&");
        assert_eq!(source_of("https://a.example:8443/cb?x"), "https://a.example:8443");
        assert_eq!(source_of("http://[::1]:3000/cb"), "http:");
        assert_eq!(source_of("com.example.app:/cb"), "com.example.app:");
    }
}
