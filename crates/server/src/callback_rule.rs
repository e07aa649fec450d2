//! Which addresses a callback may name and a connection may be made to (contract 12, row 48). The same rule judges an
//! address as it is written, when the job is created and before each try, and what a name resolves to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bulkwright_wire::error::{ErrorBody, ErrorCode};
use ipnet::IpNet;
use url::{Host, Url};

/// Characters of a callback's address.
const URL_CHARS_MAX: usize = 2048;
/// Names that hosts files give to loopback.
const LOOPBACK_NAMES: [&str; 4] = ["localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"];
/// What names end in that are of no public use: RFC 6762, RFC 8375, and what networks call themselves.
const INSIDE_ENDS: [&str; 6] = [".internal", ".local", ".localdomain", ".lan", ".home.arpa", ".intranet"];

/// Which addresses this server calls.
#[derive(Clone, Debug)]
pub(crate) struct CallbackRule {
    /// Networks that are called although they are not public.
    allow: Vec<IpNet>,
}

impl CallbackRule {
    /// Nothing inside but these networks.
    pub(crate) fn public_and(allow: Vec<IpNet>) -> Self {
        CallbackRule { allow }
    }

    /// Nothing inside but loopback, a developer's own receiver, and these networks.
    pub(crate) fn public_loopback_and(mut allow: Vec<IpNet>) -> Self {
        allow.push(IpNet::new_assert(Ipv4Addr::new(127, 0, 0, 0).into(), 8));
        allow.push(IpNet::new_assert(Ipv6Addr::LOCALHOST.into(), 128));
        CallbackRule { allow }
    }

    /// Refuses an address that may not be called, as it is written. Body and details are the documented ones; why is told
    /// in the hint.
    pub(crate) fn check(&self, address: &str) -> Result<(), ErrorBody> {
        let refused = |reason: &str| ErrorBody::from(ErrorCode::InvalidCallbackUrl).with_hint(Some(reason.to_owned()));
        self.judge(address).map(|_| ()).map_err(refused)
    }

    /// The address, or why it may not be called. A name is judged by what it says of itself: its addresses are judged
    /// when it is resolved.
    pub(crate) fn judge(&self, address: &str) -> Result<Url, &'static str> {
        if address.chars().count() > URL_CHARS_MAX {
            return Err("the address is longer than 2048 characters");
        }
        let url = Url::parse(address).map_err(|_| "the address is no URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("only http and https are called");
        }
        let is_allowed = match url.host().ok_or("the address names no host")? {
            Host::Ipv4(ip) => self.allows(ip.into()),
            Host::Ipv6(ip) => self.allows(ip.into()),
            Host::Domain(name) => self.allows_name(name),
        };
        if is_allowed { Ok(url) } else { Err("the address lies inside a network that is not called") }
    }

    /// Whether a connection to this address may be made.
    pub(crate) fn allows(&self, ip: IpAddr) -> bool {
        place_of(ip) == Place::Public || self.opens(ip)
    }

    fn allows_name(&self, name: &str) -> bool {
        match place_of_name(name) {
            Place::Public => true,
            Place::Loopback => self.opens(Ipv4Addr::LOCALHOST.into()) || self.opens(Ipv6Addr::LOCALHOST.into()),
            // What it leads to shows when it is resolved; there is no need to ask where nothing inside is called.
            Place::Inside => self.allow.iter().any(|network| !network.network().is_loopback()),
        }
    }

    fn opens(&self, ip: IpAddr) -> bool {
        let ip = ip.to_canonical();
        self.allow.iter().any(|network| network.contains(&ip))
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
    if LOOPBACK_NAMES.contains(&name) || name.ends_with(".localhost") {
        return Place::Loopback;
    }
    let inside = name == "metadata" || INSIDE_ENDS.iter().any(|end| name.ends_with(end));
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
pub(crate) mod forms;

#[cfg(test)]
mod tests {
    use super::forms::{self, Form};
    use super::*;

    #[test]
    fn addresses_are_judged_in_every_spelling() {
        let (for_serve, for_dev) =
            (CallbackRule::public_and(Vec::new()), CallbackRule::public_loopback_and(Vec::new()));
        let mut forms = 0;
        for Form { verdict, address, what } in forms::all(9000) {
            let (serve, dev) = match verdict {
                "public" => (true, true),
                "loopback" => (false, true),
                "inside" | "no url" => (false, false),
                other => panic!("{other} is no verdict"),
            };
            assert_eq!(for_serve.check(&address).is_ok(), serve, "{address} ({what})");
            assert_eq!(for_dev.check(&address).is_ok(), dev, "{address} ({what})");
            forms += 1;
        }
        assert!(forms >= 200, "{forms}");
        assert!(for_dev.check(&format!("https://example.com/{}", "x".repeat(2048))).is_err());
    }

    #[test]
    fn networks_that_are_allowed_are_called_and_no_others() {
        let allowing = |networks: &[&str]| {
            CallbackRule::public_and(networks.iter().map(|network| network.parse().unwrap()).collect())
        };
        let loopback = allowing(&["127.0.0.0/8"]);
        let intranet = allowing(&["10.1.0.0/16", "fd00::/8"]);
        let check = |address: &str, by_loopback: bool, by_intranet: bool| {
            assert_eq!(loopback.check(address).is_ok(), by_loopback, "{address}");
            assert_eq!(intranet.check(address).is_ok(), by_intranet, "{address}");
        };
        check("https://example.com/", true, true);
        check("http://127.0.0.1:9000/", true, false);
        check("http://[::ffff:127.0.0.1]/", true, false);
        check("http://localhost/", true, false);
        check("http://[::1]/", false, false);
        check("http://10.1.2.3/", false, true);
        check("http://10.2.2.3/", false, false);
        check("http://[fd00::7]/", false, true);
        check("http://crm.corp.internal/", false, true);
        check("http://169.254.169.254/", false, false);
        // A v4 address inside a v6 one is opened by no v4 network.
        check("http://[64:ff9b::a01:203]/", false, false);
    }
}
