//! TLS: what connections are wrapped in, and whose certificate they are shown.
//!
//! The certificate comes from two files, looked at again while the server runs ([`reload`]), or from an authority that
//! is made for one run of `dev` ([`throw_away`]).

mod pair;

pub(crate) mod reload;

mod throw_away;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::server::TlsStream;

use crate::config::{Config, Mode};
use crate::error::ServeError;
use crate::start::atomic_file;
use pair::{Pair, PairFiles};

/// The only protocol that is spoken inside.
const HTTP_1_1: &[u8] = b"http/1.1";
/// The first byte of every record of a handshake.
const HANDSHAKE: u8 = 22;

/// What connections are wrapped in.
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    origin: Origin,
}

/// Where a certificate is from.
enum Origin {
    /// Two files, which may change.
    Files(PairFiles),
    /// An authority that was made for this run; its own certificate.
    ThrownAway { ca_pem: String },
}

/// A connection whose first bytes have been seen.
pub(crate) enum Opened {
    /// Wrapped.
    Tls(Box<TlsStream<TcpStream>>),
    /// Its client speaks HTTP in the clear.
    Plain(TcpStream),
    /// Its client has closed it without a word.
    Nothing,
}

impl Tls {
    /// What the configuration asks for: none, the files' certificate, or one that is made now.
    pub(crate) fn of(config: &Config) -> Result<Option<Self>, ServeError> {
        if config.mode == Mode::Dev && config.dev_tls {
            return Tls::thrown_away(config).map(Some);
        }
        let files = match (&config.tls_cert, &config.tls_key) {
            (None, None) => return Ok(None),
            (Some(cert), Some(key)) => PairFiles { cert: cert.clone(), key: key.clone() },
            (cert, _) => {
                let missing = if cert.is_none() { "--tls-cert" } else { "--tls-key" };
                return Err(ServeError::TlsHalf { missing });
            }
        };
        let pair = files.read()?;
        files.warn_if_the_key_is_open();
        Ok(Some(Tls::showing(pair, Origin::Files(files))))
    }

    fn thrown_away(config: &Config) -> Result<Self, ServeError> {
        let failed = |reason: String| ServeError::Tls { path: config.tls_ca_file.clone(), reason };
        let names = throw_away::names(config.public_url.as_ref());
        let made = throw_away::make(&names, config.clock.seconds()).map_err(|error| failed(error.to_string()))?;
        Ok(Tls::showing(made.pair, Origin::ThrownAway { ca_pem: made.ca_pem }))
    }

    fn showing(pair: Pair, origin: Origin) -> Self {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(pair))));
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("the provider has suites for both versions")
            .with_no_client_auth()
            .with_cert_resolver(shown.clone());
        config.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Tls { acceptor: TlsAcceptor::from(Arc::new(config)), shown, origin }
    }

    /// Writes what has to be trusted, if it is of this run alone.
    pub(crate) fn publish(&self, path: &Path) -> Result<(), ServeError> {
        let Origin::ThrownAway { ca_pem } = &self.origin else { return Ok(()) };
        let failed = |source| ServeError::Directory { path: path.to_owned(), source };
        atomic_file::write(path, ca_pem.as_bytes()).map_err(failed)
    }

    /// Shakes hands. What comes in the clear is left as it is.
    pub(crate) async fn open(&self, stream: TcpStream) -> io::Result<Opened> {
        let mut first = [0];
        match stream.peek(&mut first).await? {
            0 => Ok(Opened::Nothing),
            _ if first[0] != HANDSHAKE && first[0].is_ascii_alphabetic() => Ok(Opened::Plain(stream)),
            _ => self.acceptor.accept(stream).await.map(|stream| Opened::Tls(Box::new(stream))),
        }
    }

    /// SHA-256 of the certificate that is shown, in hexadecimal digits.
    pub(crate) fn certificate_sha256(&self) -> String {
        self.shown.pair().certificate_sha256()
    }
}

/// The certificate in force. Who has shaken hands keeps the one he was shown.
struct Shown(RwLock<Arc<Pair>>);

impl Shown {
    fn pair(&self) -> Arc<Pair> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, pair: Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair().certified.clone())
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shown(…)")
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
