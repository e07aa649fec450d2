//! The address: checked before anything is touched, bound before anything is promised.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::config::{Config, Mode};
use crate::error::ServeError;

/// Refuses what other machines could reach if nothing protects it: tokens and records would travel in the clear.
pub(crate) fn check(config: &Config) -> Result<(), ServeError> {
    let address = config.listen;
    let allowed = is_loopback(address) || config.has_tls() || config.behind_proxy;
    if allowed { Ok(()) } else { Err(ServeError::BeyondLoopback { address }) }
}

/// Says what a start that is allowed may still be lacking.
pub(crate) fn warn(config: &Config) {
    let beyond = !is_loopback(config.listen);
    if config.public_url.is_none() && (beyond || config.behind_proxy) {
        tracing::warn!(
            "links in answers lead to the address that is listened on; set --public-url to the one that clients use"
        );
    }
    if beyond && config.mode == Mode::Dev {
        tracing::warn!("the documented tokens open this server to every machine that reaches it");
    }
}

fn is_loopback(address: SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        ErrorKind::AddrInUse => ServeError::PortTaken { address },
        _ => ServeError::Address { address, source },
    })
}

/// Where a listener listens, its port known.
pub(crate) fn address_of(listener: &TcpListener, asked: SocketAddr) -> Result<SocketAddr, ServeError> {
    listener.local_addr().map_err(|source| ServeError::Address { address: asked, source })
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn only_loopback_is_listened_on_without_protection() {
        let check = |address: &str, allowed: bool| {
            let plain = Config { listen: address.parse().unwrap(), ..Config::dev() };
            assert_eq!(super::check(&plain).is_ok(), allowed, "{address}");
            assert!(super::check(&Config { behind_proxy: true, ..plain.clone() }).is_ok());
            assert!(super::check(&Config { dev_tls: true, ..plain.clone() }).is_ok());
            assert!(super::check(&Config { tls_cert: Some("cert.pem".into()), ..plain }).is_ok());
        };
        check("127.0.0.1:0", true);
        check("127.9.9.9:80", true);
        check("[::1]:8080", true);
        check("[::ffff:127.0.0.1]:8080", true);
        check("0.0.0.0:8080", false);
        check("[::]:8080", false);
        check("192.168.1.5:8080", false);
    }
}
