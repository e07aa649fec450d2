//! Which servers are believed to be who they say they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::error::ClientError;

/// What is trusted beside the authorities of the system, which are those of `SSL_CERT_FILE` if that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// A PEM file with certificates of further authorities.
    pub ca_cert: Option<PathBuf>,
    /// The credentials file of a server of one's own. Who shows the certificate that it names is that server, whatever
    /// stands in the certificate; the file is read anew each time, because a server exchanges its certificate while it runs.
    pub credentials: Option<PathBuf>,
}

impl Trust {
    /// What TLS connections are made by.
    ///
    /// # Errors
    /// [`ClientError::BadCaCert`].
    pub(crate) fn client_config(&self) -> Result<ClientConfig, ClientError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let more = self.ca_cert.as_deref().map(authorities_in).transpose()?.unwrap_or_default();
        // A machine without any authority can still talk to a server of its own.
        let known = match Verifier::new_with_extra_roots(more, provider.clone()) {
            Ok(known) => Some(known),
            Err(error) => match &self.ca_cert {
                Some(path) => return Err(bad(path, format!("a certificate in it is of no authority ({error})"))),
                None => None,
            },
        };
        let judge = Judge { known, credentials: self.credentials.clone(), provider: provider.clone() };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has suites for every version")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(judge))
            .with_no_client_auth();
        Ok(config)
    }
}

fn authorities_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, ClientError> {
    let text = fs_err::read(path).map_err(|error| bad(path, format!("it cannot be read ({})", error.kind())))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(bad(path, "there is no certificate in PEM in it".to_owned())),
    }
}

fn bad(path: &Path, reason: String) -> ClientError {
    ClientError::BadCaCert { path: path.to_owned(), reason }
}

/// Judges certificates: the one that a server of one's own has noted, else by the known authorities.
#[derive(Debug)]
struct Judge {
    known: Option<Verifier>,
    credentials: Option<PathBuf>,
    provider: Arc<CryptoProvider>,
}

impl Judge {
    /// Whether it is the certificate of the server of one's own.
    fn is_own(&self, shown: &CertificateDer<'_>) -> bool {
        let noted = self.credentials.as_deref().and_then(|path| Credentials::read(path).ok());
        let noted = noted.and_then(|credentials| credentials.certificate_sha256);
        noted.is_some_and(|noted| noted.eq_ignore_ascii_case(&hex::encode(Sha256::digest(shown))))
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.known {
            _ if self.is_own(end_entity) => Ok(ServerCertVerified::assertion()),
            Some(known) => known.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now),
            None => Err(CertificateError::UnknownIssuer.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// What kept a TLS connection from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsProblem {
    /// No authority that is trusted has signed the certificate.
    Untrusted,
    /// The certificate is for other names.
    OtherName,
    /// The certificate is not valid yet, or not any more.
    OutOfTime,
    /// The server does not speak TLS there.
    NotTls,
    /// Something else.
    Other,
}

impl TlsProblem {
    /// Finds it among the causes of an error.
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(present) = cause {
            // An I/O error hands over the source of what is in it, and keeps that itself to itself.
            let inner = present.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            let found = present.downcast_ref().or_else(|| inner.and_then(|inner| inner.downcast_ref()));
            if let Some(found) = found {
                return Some(TlsProblem::of(found));
            }
            cause = match inner {
                Some(inner) => Some(inner),
                None => present.source(),
            };
        }
        None
    }

    fn of(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(problem) => match problem {
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    TlsProblem::OtherName
                }
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => TlsProblem::OutOfTime,
                _ => TlsProblem::Untrusted,
            },
            rustls::Error::InvalidMessage(_) => TlsProblem::NotTls,
            _ => TlsProblem::Other,
        }
    }
}
