//! Where this server is, as told in answers (contract 12, row 49).

use std::net::{IpAddr, SocketAddr};

use url::Url;

use crate::error::ServeError;

/// The base of links.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    base: String,
    host_trust: HostTrust,
}

/// Whether a request's own Host header may name the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HostTrust {
    /// Never: whoever sends it could make links to anywhere.
    Never,
    /// Where it names this machine: a developer's port forwarding and container names of the loopback.
    Loopback,
}

impl Links {
    /// Links to `public_url`, or to the bound address if there is none.
    pub(crate) fn new(public_url: Option<&Url>, bound: SocketAddr, host_trust: HostTrust) -> Result<Self, ServeError> {
        let Some(url) = public_url else { return Ok(Links { base: format!("http://{bound}"), host_trust }) };
        let is_base = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        if !is_base {
            return Err(ServeError::PublicUrl { url: url.to_string() });
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Links { base, host_trust: HostTrust::Never })
    }

    /// The base without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The base for one request: its Host header if that may be trusted.
    pub(crate) fn base_for(&self, host: Option<&str>) -> String {
        match host {
            Some(host) if self.host_trust == HostTrust::Loopback && is_loopback(host) => format!("http://{host}"),
            _ => self.base.clone(),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}/")) else { return false };
    let plain = url.username().is_empty() && url.password().is_none() && url.path() == "/" && url.query().is_none();
    plain
        && match url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => IpAddr::V6(ip).to_canonical().is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_host_is_trusted_and_only_if_said() {
        let bound: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let dev = Links::new(None, bound, HostTrust::Loopback).unwrap();
        let serve = Links::new(None, bound, HostTrust::Never).unwrap();
        let check = |host: Option<&str>, expected: &str| {
            assert_eq!(dev.base_for(host), expected, "{host:?}");
            assert_eq!(serve.base_for(host), "http://127.0.0.1:8080", "{host:?}");
        };
        check(None, "http://127.0.0.1:8080");
        check(Some("localhost:9999"), "http://localhost:9999");
        check(Some("127.0.0.5"), "http://127.0.0.5");
        check(Some("[::1]:80"), "http://[::1]:80");
        check(Some("evil.example"), "http://127.0.0.1:8080");
        check(Some("localhost.evil.example"), "http://127.0.0.1:8080");
        check(Some("localhost@evil.example"), "http://127.0.0.1:8080");
        check(Some("localhost/x?"), "http://127.0.0.1:8080");
    }

    #[test]
    fn a_public_url_is_a_base() {
        let bound: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let base = |url: &str| {
            let url = Url::parse(url).unwrap();
            Links::new(Some(&url), bound, HostTrust::Loopback).map(|links| links.base_for(Some("localhost")))
        };
        assert_eq!(base("https://crm.example.com/").unwrap(), "https://crm.example.com");
        assert_eq!(base("https://example.com/bulk/").unwrap(), "https://example.com/bulk");
        assert!(base("ftp://example.com").is_err());
        assert!(base("https://example.com/?a=1").is_err());
        assert!(base("https://me@example.com/").is_err());
    }
}
