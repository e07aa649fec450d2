//! The address: checked before anything is touched, bound before anything is promised.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::error::ServeError;

/// Refuses what other machines could reach: tokens and records would travel in the clear.
pub(crate) fn check(address: SocketAddr) -> Result<(), ServeError> {
    if address.ip().to_canonical().is_loopback() { Ok(()) } else { Err(ServeError::BeyondLoopback { address }) }
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
    #[test]
    fn only_loopback_is_listened_on() {
        let check = |address: &str, allowed: bool| {
            assert_eq!(super::check(address.parse().unwrap()).is_ok(), allowed, "{address}");
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
