//! An authority for one run of `dev`, and the certificate that it signs.
//!
//! Whoever trusts this authority trusts it with little: its key is in the memory of one process, it ends after some days,
//! and it may only sign for the names below.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bulkwright_wire::host::{DATA_CENTRES, DataCentre};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use url::{Host, Url};

use super::pair::Pair;
use super::provider;

/// How long it lasts. It begins a day early, for clocks that are behind.
const DAYS: i64 = 30;
/// The name that people see in a list of what is trusted.
const AUTHORITY: &str = "Bulkwright dev, thrown away when it ends";

/// A certificate, and what to trust so that it is believed.
pub(super) struct ThrownAway {
    pub(super) pair: Pair,
    pub(super) ca_pem: String,
}

/// What the certificate is for: this machine, the vendor's hosts, and the host of the public URL.
pub(super) fn names(public_url: Option<&Url>) -> Vec<String> {
    let loopback = ["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string(), Ipv6Addr::LOCALHOST.to_string()];
    let vendor = DATA_CENTRES.iter().flat_map(DataCentre::hosts).map(str::to_owned);
    let public = public_url.and_then(Url::host).map(|host| match host {
        Host::Domain(name) => name.to_owned(),
        Host::Ipv4(ip) => ip.to_string(),
        Host::Ipv6(ip) => ip.to_string(),
    });
    let mut names: Vec<String> = loopback.into_iter().chain(vendor).collect();
    names.extend(public.filter(|public| !names.contains(public)));
    names
}

/// Makes an authority and has it sign a certificate for `names`, from `now` on, in seconds.
pub(super) fn make(names: &[String], now: i64) -> Result<ThrownAway, Box<dyn std::error::Error>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = lasting(CertificateParams::new([])?, now)?;
    authority.distinguished_name = named(AUTHORITY);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let permitted_subtrees = names.iter().map(|name| subtree(name)).collect();
    authority.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    let ca_pem = authority.self_signed(&authority_key)?.pem();

    let key = KeyPair::generate()?;
    let mut server = lasting(CertificateParams::new(names)?, now)?;
    server.distinguished_name = named("Bulkwright dev");
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let signed = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let certified = CertifiedKey::from_der(vec![signed.der().clone()], private, &provider())?;
    Ok(ThrownAway { pair: Pair { certified: Arc::new(certified) }, ca_pem })
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn subtree(name: &str) -> GeneralSubtree {
    match name.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => GeneralSubtree::IpAddress(CidrSubnet::V4(ip.octets(), [0xff; 4])),
        Ok(IpAddr::V6(ip)) => GeneralSubtree::IpAddress(CidrSubnet::V6(ip.octets(), [0xff; 16])),
        Err(_) => GeneralSubtree::DnsName(name.to_owned()),
    }
}

fn lasting(mut params: CertificateParams, now: i64) -> Result<CertificateParams, jiff::Error> {
    let day = |days: i64| -> Result<_, jiff::Error> {
        let date = Timestamp::from_second(now)?.checked_add(SignedDuration::from_hours(24 * days))?;
        let date = TimeZone::UTC.to_datetime(date).date();
        Ok(rcgen::date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs()))
    };
    (params.not_before, params.not_after) = (day(-1)?, day(DAYS)?);
    Ok(params)
}
