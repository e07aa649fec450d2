//! Which hosts belong to a target, and so may see its token (CLIENT 4; contract 1.1).

use url::Url;

use crate::error::ClientError;

/// Domains that the vendor serves its API, uploads and downloads from (contract 1.1).
const VENDOR_DOMAINS: &[&str] = &[
    "zohoapis.com",
    "zohoapis.eu",
    "zohoapis.in",
    "zohoapis.com.au",
    "zohoapis.com.cn",
    "zohoapis.jp",
    "zohoapis.ca",
    "zohoapis.sa",
    "zoho.com",
    "zoho.eu",
    "zoho.in",
    "zoho.com.au",
    "zoho.com.cn",
    "zoho.jp",
    "zoho.sa",
    "zohocloud.ca",
];

/// Reads the base address of a target: http or https, a host, and a path only if the API lives under one.
///
/// # Errors
/// [`ClientError::BadAddress`].
pub fn base_url(text: &str) -> Result<Url, ClientError> {
    let bad = |reason: &str| ClientError::BadAddress { text: text.to_owned(), reason: reason.to_owned() };
    let url = Url::parse(text.trim()).map_err(|error| bad(&format!("{error}; write it like http://127.0.0.1:8080")))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(bad("it must begin with http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("it must not hold a name or a password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("no ? and no # may follow"));
    }
    Ok(url)
}

/// An absolute path of the API under the base's own path.
pub(crate) fn under(base: &Url, path_and_query: &str) -> Url {
    let (path, query) = match path_and_query.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path_and_query, None),
    };
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url.set_query(query);
    url
}

/// Whether the address is one of the vendor's.
pub fn is_vendor(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let inside = |domain: &str| host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    url.scheme() == "https" && VENDOR_DOMAINS.iter().any(|domain| inside(domain))
}

/// Whether a token for `base` may be sent to `other`: the same scheme, host and port, or both the vendor's.
pub(crate) fn may_see_token(base: &Url, other: &Url) -> bool {
    base.origin() == other.origin() || (is_vendor(base) && is_vendor(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_targets_own_hosts_see_its_token() {
        let check = |base: &str, other: &str, expected: bool| {
            let (base, other) = (Url::parse(base).unwrap(), Url::parse(other).unwrap());
            assert_eq!(may_see_token(&base, &other), expected, "{base} -> {other}");
        };
        check("http://127.0.0.1:8080", "http://127.0.0.1:8080/v2/crm/1/bulk-write/2/2.zip", true);
        check("http://127.0.0.1:8080", "http://127.0.0.1:8081/v2", false);
        check("http://127.0.0.1:8080", "https://download-accl.zoho.com/v2", false);
        check("https://www.zohoapis.eu", "https://download-accl.zoho.eu/v2", true);
        check("https://www.zohoapis.eu", "http://download-accl.zoho.eu/v2", false);
        check("https://www.zohoapis.com", "https://zoho.com.evil.example/v2", false);
        check("https://www.zohoapis.com", "https://evilzoho.com/v2", false);
        check("https://crm.example.org", "https://www.zohoapis.com/", false);
    }

    #[test]
    fn every_host_of_the_vendor_is_in_its_domains() {
        for host in bulkwright_wire::host::DATA_CENTRES.iter().flat_map(bulkwright_wire::host::DataCentre::hosts) {
            assert!(is_vendor(&Url::parse(&format!("https://{host}")).unwrap()), "{host}");
        }
    }

    #[test]
    fn paths_go_under_the_base() {
        let check = |base: &str, path: &str, expected: &str| {
            assert_eq!(under(&base_url(base).unwrap(), path).as_str(), expected);
        };
        check("http://a.example", "/crm/v8/org", "http://a.example/crm/v8/org");
        check("http://a.example/", "/crm/v8/users?type=CurrentUser", "http://a.example/crm/v8/users?type=CurrentUser");
        check("http://a.example/zoho/", "/crm/v8/org", "http://a.example/zoho/crm/v8/org");
    }

    #[test]
    fn a_base_is_a_scheme_and_a_host() {
        assert_eq!(base_url(" http://127.0.0.1:8080/ ").unwrap().as_str(), "http://127.0.0.1:8080/");
        let check = |text: &str| assert!(base_url(text).is_err(), "{text}");
        check("127.0.0.1:8080");
        check("localhost");
        check("ftp://example.org");
        check("https://user:pass@example.org");
        check("https://example.org/?a=b");
    }
}
