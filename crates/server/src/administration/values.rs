//! Texts that the administrator gives, checked before anything is made of them. What is refused is told the nearest text
//! that would do.

use bulkwright_engine::nearest::{likeness, nearest, nearest_by};
use bulkwright_wire::limit::Edition;
use bulkwright_wire::{scope, time};
use url::Url;

use super::Mistake;

/// What takes an edition away.
const NO_EDITION: &str = "none";
/// Characters of a name or an address.
const TEXT_CHARS_MAX: usize = 255;
/// Scopes of one token.
const SCOPES_MAX: usize = 64;
/// Redirect URIs of one client.
const REDIRECT_URIS_MAX: usize = 32;
/// Bytes of a redirect URI.
const REDIRECT_URI_BYTES_MAX: usize = 2000;

/// A name: one line that says something. `what` is what it names.
pub(super) fn name(what: &str, text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > TEXT_CHARS_MAX {
        let message = format!("the name of {what} is one line of 1 to {TEXT_CHARS_MAX} characters; give one");
        return Err(Mistake::Unusable(message));
    }
    Ok(text.to_owned())
}

/// An e-mail address: something on both sides of one `@`.
pub(super) fn email(text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    let is_one = text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty() && !host.is_empty() && !host.contains('@') && text.chars().count() <= TEXT_CHARS_MAX
    });
    if !is_one || text.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
        return Err(Mistake::Unusable(format!("`{text}` is no e-mail address; write it like name@example.com")));
    }
    Ok(text.to_owned())
}

/// A time zone in its own spelling.
pub(super) fn time_zone(text: &str) -> Result<String, Mistake> {
    let text = text.trim();
    match time::zone(text) {
        Ok(zone) => Ok(zone.iana_name().unwrap_or(text).to_owned()),
        Err(error) => {
            let known: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
            let last_part = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
            let folded = text.to_lowercase();
            let near = nearest_by(text, known.iter().map(String::as_str), |name| {
                let name = name.to_lowercase();
                likeness(&folded, &name).max(likeness(&folded, &last_part(&name)))
            });
            Err(Mistake::Unusable(with_nearest(&error.to_string(), near)))
        }
    }
}

/// An edition in its own spelling; `None` for `none`.
pub(super) fn edition(text: &str) -> Result<Option<String>, Mistake> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(NO_EDITION) {
        return Ok(None);
    }
    match Edition::parse(text) {
        Some(edition) => Ok(Some(edition.row().name.to_owned())),
        None => {
            let message = format!(
                "`{text}` is no edition; give {}, or {NO_EDITION} for no limits",
                Edition::ALL.map(|edition| edition.row().name).join(", ")
            );
            Err(Mistake::Unusable(message))
        }
    }
}

/// Scopes, each once.
pub(super) fn scopes(texts: &[String]) -> Result<Vec<String>, Mistake> {
    if texts.is_empty() || texts.len() > SCOPES_MAX {
        let all = scope::EVERYTHING.join(",");
        return Err(Mistake::Unusable(format!("give 1 to {SCOPES_MAX} scopes with --scope; all there are: {all}")));
    }
    let mut scopes: Vec<String> = Vec::new();
    for text in texts.iter().map(|text| text.trim()) {
        check_scope(text)?;
        if !scopes.iter().any(|known| known.eq_ignore_ascii_case(text)) {
            scopes.push(text.to_owned());
        }
    }
    Ok(scopes)
}

/// One that is not there is told the nearest one.
fn check_scope(text: &str) -> Result<(), Mistake> {
    if scope::is_known(text) {
        return Ok(());
    }
    let known: Vec<String> = scope::every_known().collect();
    let near = nearest(text, known.iter().map(String::as_str));
    Err(Mistake::Unusable(with_nearest(&format!("there is no scope `{text}`"), near)))
}

/// Addresses that codes may be sent to: absolute, without a fragment, of the web or of an installed program
/// (RFC 6749, 3.1.2; RFC 8252, 7.1).
pub(super) fn redirect_uris(texts: &[String]) -> Result<Vec<String>, Mistake> {
    if texts.len() > REDIRECT_URIS_MAX {
        return Err(Mistake::Unusable(format!("a client has at most {REDIRECT_URIS_MAX} redirect URIs")));
    }
    texts.iter().map(|text| redirect_uri(text.trim())).collect()
}

fn redirect_uri(text: &str) -> Result<String, Mistake> {
    let is_fit = |url: Url| {
        let of_web = matches!(url.scheme(), "http" | "https") && url.has_host();
        let of_program = url.scheme().contains('.');
        (of_web || of_program) && url.fragment().is_none()
    };
    if text.len() <= REDIRECT_URI_BYTES_MAX && Url::parse(text).is_ok_and(is_fit) {
        return Ok(text.to_owned());
    }
    let message = format!("`{text}` is no redirect URI; write it like https://app.example.com/callback, without a #");
    Err(Mistake::Unusable(message))
}

fn with_nearest(message: &str, near: Option<&str>) -> String {
    near.map_or_else(|| message.to_owned(), |near| format!("{message}; did you mean {near}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_get_their_own_spelling_or_the_nearest() {
        let check = |text: &str, expected: &str| {
            let told = time_zone(text).unwrap_or_else(|mistake| mistake.to_string());
            assert!(told.ends_with(expected), "{text}: {told}");
        };
        check("Europe/Berlin", "Europe/Berlin");
        check("europe/berlin", "Europe/Berlin");
        check("+05:30", "+05:30");
        check("Europe/Berln", "did you mean Europe/Berlin?");
        check("Berlin", "did you mean Europe/Berlin?");
        check("xyzzy", "an offset such as +05:30");
    }

    #[test]
    fn editions_have_their_own_spelling() {
        assert_eq!(edition("professional"), Ok(Some("Professional".to_owned())));
        assert_eq!(edition("NONE"), Ok(None));
        assert!(edition("Pro").unwrap_err().to_string().contains("give Free, Standard, Professional"));
    }

    #[test]
    fn addresses_and_names_are_one_line() {
        let check = |text: &str, expected: bool| assert_eq!(email(text).is_ok(), expected, "{text}");
        check(" a@b.example ", true);
        check("a@b", true);
        check("a", false);
        check("@b", false);
        check("a@", false);
        check("a@b@c", false);
        check("a b@c", false);
        assert!(name("a user", " \t").is_err());
        assert!(name("a user", "two\nlines").is_err());
        assert!(name("a user", &"x".repeat(256)).is_err());
        assert_eq!(name("a user", " Ann Ng "), Ok("Ann Ng".to_owned()));
    }

    #[test]
    fn redirect_uris_lead_to_the_web_or_a_program() {
        let check = |text: &str, expected: bool| {
            assert_eq!(redirect_uris(&[text.to_owned()]).is_ok(), expected, "{text}");
        };
        check("https://app.example.com/callback?x=1", true);
        check("http://127.0.0.1:8400/", true);
        check("com.example.app:/callback", true);
        check("javascript:alert(1)", false);
        check("https://app.example.com/#here", false);
        check("/callback", false);
        check("", false);
    }

    #[test]
    fn scopes_are_checked_and_each_kept_once() {
        let given = |texts: &[&str]| scopes(&texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>());
        let bulk = "ZohoCRM.bulk.ALL";
        assert_eq!(given(&[bulk, " zohocrm.bulk.all"]), Ok(vec![bulk.to_owned()]));
        assert!(given(&["ZohoCRM.modules.leads.CREATE"]).is_ok());
        assert!(given(&["ZohoCRM.bulk.AL"]).unwrap_err().to_string().ends_with("did you mean ZohoCRM.bulk.ALL?"));
        assert!(given(&[]).unwrap_err().to_string().contains("--scope"));
    }
}
