//! Where this server is, as told in answers (contract 12, row 49).

use std::net::{IpAddr, SocketAddr};

use bulkwright_wire::host::{DataCentre, data_centre_of};
use url::Url;

use crate::config::{Config, Mode};
use crate::error::ServeError;
use crate::tls::Tls;

/// The base of links.
#[derive(Clone, Debug)]
pub(crate) struct Links {
    base: String,
    scheme: Scheme,
    host_trust: HostTrust,
}

/// How this server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn of(tls: Option<&Tls>) -> Self {
        if tls.is_some() { Scheme::Https } else { Scheme::Http }
    }

    fn text(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// Whether a request's own Host header may name the base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HostTrust {
    /// Never: whoever sends it could make links to anywhere.
    Never,
    /// Where it names this machine: a developer's port forwarding and container names of the loopback.
    Loopback,
    /// Where it names this machine or one of the vendor's hosts: the certificate of `dev --tls` is for those too, and
    /// whoever is there because of his hosts file has to find everything else there.
    LoopbackAndVendor,
}

impl HostTrust {
    fn of(config: &Config) -> Self {
        match config.mode {
            _ if config.public_url.is_some() => HostTrust::Never,
            Mode::Serve { .. } => HostTrust::Never,
            Mode::Dev if config.dev_tls => HostTrust::LoopbackAndVendor,
            Mode::Dev => HostTrust::Loopback,
        }
    }
}

impl Links {
    /// Links to the public URL, or to the bound address if there is none.
    pub(crate) fn new(config: &Config, scheme: Scheme, bound: SocketAddr) -> Result<Self, ServeError> {
        let host_trust = HostTrust::of(config);
        let Some(url) = &config.public_url else {
            return Ok(Links { base: format!("{}://{bound}", scheme.text()), scheme, host_trust });
        };
        let is_base = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty();
        if !is_base {
            return Err(ServeError::PublicUrl { url: url.to_string() });
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Links { base, scheme, host_trust })
    }

    /// The base without a slash at its end.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The base for one request: its Host header if that may be trusted.
    pub(crate) fn base_for(&self, host: Option<&str>) -> String {
        match host {
            Some(host) if self.trusts(host) => format!("{}://{host}", self.scheme.text()),
            _ => self.base.clone(),
        }
    }

    /// What `api_domain` says beside a token: the base for the request, but where one of the vendor's hosts was asked,
    /// the one of its data centre that the API is at. SDKs take that for the vendor's cloud, which is what they are to
    /// believe here.
    pub(crate) fn api_domain_for(&self, host: Option<&str>) -> String {
        match host.filter(|host| self.trusts(host)).and_then(vendor_host) {
            Some((centre, port)) => format!("{}://{}{port}", self.scheme.text(), centre.api),
            None => self.base_for(host),
        }
    }

    fn trusts(&self, host: &str) -> bool {
        match self.host_trust {
            HostTrust::Never => false,
            HostTrust::Loopback => is_loopback(host),
            HostTrust::LoopbackAndVendor => is_loopback(host) || vendor_host(host).is_some(),
        }
    }
}

/// The data centre that a Host header names, and the port behind its colon.
fn vendor_host(host: &str) -> Option<(&'static DataCentre, &str)> {
    let (name, port) = host.split_at(host.find(':').unwrap_or(host.len()));
    let is_port = port.is_empty() || port[1..].parse::<u16>().is_ok();
    data_centre_of(name).filter(|_| is_port).map(|centre| (centre, port))
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
        let dev = Links::new(&Config::dev(), Scheme::Http, bound).unwrap();
        let serve = Links::new(&Config::serve("data".into()), Scheme::Http, bound).unwrap();
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
        check(Some("www.zohoapis.com"), "http://127.0.0.1:8080");
    }

    #[test]
    fn the_vendors_hosts_are_trusted_where_the_certificate_is_for_them() {
        let config = Config { dev_tls: true, ..Config::dev() };
        let dev = Links::new(&config, Scheme::Https, "127.0.0.1:443".parse().unwrap()).unwrap();
        let check = |host: &str, base: &str, api_domain: &str| {
            assert_eq!(
                (dev.base_for(Some(host)).as_str(), dev.api_domain_for(Some(host)).as_str()),
                (base, api_domain)
            );
        };
        check("localhost:8443", "https://localhost:8443", "https://localhost:8443");
        check("www.zohoapis.eu", "https://www.zohoapis.eu", "https://www.zohoapis.eu");
        check("accounts.zoho.eu", "https://accounts.zoho.eu", "https://www.zohoapis.eu");
        check("accounts.zohocloud.ca:8443", "https://accounts.zohocloud.ca:8443", "https://www.zohoapis.ca:8443");
        for other in
            ["evil.example", "www.zohoapis.com.evil.example", "www.zohoapis.com:80@evil.example", "www.zohoapis.com:x"]
        {
            check(other, "https://127.0.0.1:443", "https://127.0.0.1:443");
        }
    }

    #[test]
    fn a_public_url_is_a_base() {
        let bound: SocketAddr = "127.0.0.1:8080".parse().unwrap();
        let base = |url: &str| {
            let config = Config { public_url: Some(Url::parse(url).unwrap()), ..Config::dev() };
            Links::new(&config, Scheme::Http, bound).map(|links| links.base_for(Some("localhost")))
        };
        assert_eq!(base("https://crm.example.com/").unwrap(), "https://crm.example.com");
        assert_eq!(base("https://example.com/bulk/").unwrap(), "https://example.com/bulk");
        assert!(base("ftp://example.com").is_err());
        assert!(base("https://example.com/?a=1").is_err());
        assert!(base("https://me@example.com/").is_err());
    }
}
