//! Which addresses a callback may name (contract 12, row 48). Here the address is judged as it is written; names are
//! resolved, and judged again, when a callback is sent.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bulkwright_wire::error::{ErrorBody, ErrorCode};
use url::{Host, Url};

/// Characters of a callback's address.
const URL_CHARS_MAX: usize = 2048;

/// What a server allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallbackRule {
    /// Nothing inside: no loopback, no private network.
    PublicOnly,
    /// Loopback too: a developer's own receiver.
    PublicAndLoopback,
}

impl CallbackRule {
    /// Refuses an address that may not be called.
    pub(crate) fn check(self, address: &str) -> Result<(), ErrorBody> {
        let refused = |reason: &str| {
            Err(ErrorBody::from(ErrorCode::InvalidCallbackUrl)
                .with("api_name", "url")
                .with("json_path", "$.callback.url")
                .with("reason", reason))
        };
        if address.chars().count() > URL_CHARS_MAX {
            return refused("the address is longer than 2048 characters");
        }
        let Ok(url) = Url::parse(address) else { return refused("the address is no URL") };
        if !matches!(url.scheme(), "http" | "https") {
            return refused("only http and https are called");
        }
        match url.host() {
            Some(host) if self.allows(&host) => Ok(()),
            Some(_) => refused("the address lies inside a network that is not called"),
            None => refused("the address names no host"),
        }
    }

    fn allows(self, host: &Host<&str>) -> bool {
        let place = match host {
            Host::Ipv4(ip) => place_of(IpAddr::V4(*ip)),
            Host::Ipv6(ip) => place_of(IpAddr::V6(*ip)),
            Host::Domain(name) => place_of_name(name),
        };
        match place {
            Place::Public => true,
            Place::Loopback => self == CallbackRule::PublicAndLoopback,
            Place::Inside => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Public,
    Loopback,
    Inside,
}

fn place_of_name(name: &str) -> Place {
    let name = name.trim_end_matches('.');
    if name == "localhost" || name.ends_with(".localhost") {
        return Place::Loopback;
    }
    let inside = name.ends_with(".internal") || name.ends_with(".local") || name == "metadata";
    if inside { Place::Inside } else { Place::Public }
}

fn place_of(ip: IpAddr) -> Place {
    match ip.to_canonical() {
        IpAddr::V4(ip) => place_of_v4(ip),
        IpAddr::V6(ip) => place_of_v6(ip),
    }
}

fn place_of_v4(ip: Ipv4Addr) -> Place {
    if ip.is_loopback() {
        return Place::Loopback;
    }
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = (a, b, c) == (192, 0, 0) || (a, b, c) == (192, 88, 99) || (a == 198 && (b == 18 || b == 19));
    let inside =
        a == 0 || a >= 224 || shared || special || ip.is_private() || ip.is_link_local() || ip.is_documentation();
    if inside { Place::Inside } else { Place::Public }
}

fn place_of_v6(ip: Ipv6Addr) -> Place {
    if ip.is_loopback() {
        return Place::Loopback;
    }
    let [first, second, ..] = ip.segments();
    // Addresses that carry a v4 address somewhere inside are as private as that one.
    if let Some(embedded) = embedded_v4(ip) {
        return if place_of_v4(embedded) == Place::Public { Place::Public } else { Place::Inside };
    }
    // Only 2000::/3 is public; of that, documentation is not.
    let documentation = (first == 0x2001 && second == 0x0db8) || (first == 0x3fff && second < 0x1000);
    let public = first & 0xe000 == 0x2000 && !documentation && !(first == 0x2001 && second < 0x0200);
    if public { Place::Public } else { Place::Inside }
}

/// The v4 address of a NAT64 (`64:ff9b::/96`) or 6to4 (`2002::/16`) address.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = ip.octets();
    let nat64 = [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    if octets[..12] == nat64 {
        return Some(Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]));
    }
    let is_6to4 = octets[..2] == [0x20, 0x02];
    is_6to4.then(|| Ipv4Addr::new(octets[2], octets[3], octets[4], octets[5]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_judged_in_every_spelling() {
        let check = |address: &str, serve: bool, dev: bool| {
            assert_eq!(CallbackRule::PublicOnly.check(address).is_ok(), serve, "{address}");
            assert_eq!(CallbackRule::PublicAndLoopback.check(address).is_ok(), dev, "{address}");
        };
        for public in [
            "https://www.zoho.com/",
            "http://example.com:8080/x?y=1",
            "https://93.184.216.34/",
            "https://[2606:4700::1111]/",
        ] {
            check(public, true, true);
        }
        for loopback in [
            "http://127.0.0.1:9000/",
            "http://localhost/cb",
            "http://LOCALHOST./",
            "http://me.localhost/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://127.1/",
        ] {
            check(loopback, false, true);
        }
        for inside in [
            "http://10.0.0.1/",
            "http://172.16.9.9/",
            "http://192.168.1.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://198.18.0.1/",
            "http://192.0.2.1/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://[ff02::1]/",
            "http://[2001:db8::1]/",
            "http://[64:ff9b::a00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[::ffff:10.0.0.1]/",
            "http://metadata.google.internal/",
            "ftp://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "www.zoho.com",
            "",
            "http://",
        ] {
            check(inside, false, false);
        }
        check(&format!("https://example.com/{}", "x".repeat(2048)), false, false);
    }
}
