//! A certificate and its key, from two PEM files.

use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls;
use tokio_rustls::rustls::sign::CertifiedKey;

use super::provider;
use crate::error::ServeError;

/// Bytes of a file at most: a chain has some kilobytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// Bits of a file's mode by which other users than its owner and group can read it.
const READABLE_BY_OTHERS: u32 = 0o004;

/// Where a certificate with its chain and its key are.
#[derive(Clone, Debug)]
pub(super) struct PairFiles {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// A certificate with its chain, and the key that fits it.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) certified: Arc<CertifiedKey>,
}

/// Why two files are no pair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be used for TLS: {reason}", path.display())]
pub(super) struct PairProblem {
    path: PathBuf,
    reason: String,
}

impl From<PairProblem> for ServeError {
    fn from(PairProblem { path, reason }: PairProblem) -> Self {
        ServeError::Tls { path, reason }
    }
}

impl Pair {
    /// SHA-256 of the certificate without its chain, in hexadecimal digits.
    pub(super) fn certificate_sha256(&self) -> String {
        hex::encode(Sha256::digest(self.certified.cert.first().map_or(&[][..], |leaf| leaf)))
    }

    /// Whether it is the same to whoever is shown it.
    pub(super) fn is_like(&self, other: &Pair) -> bool {
        self.certified.cert == other.certified.cert
    }
}

impl PairFiles {
    /// Reads both. Nothing is taken that could not be shown.
    pub(super) fn read(&self) -> Result<Pair, PairProblem> {
        let (cert, key) = (contents(&self.cert)?, contents(&self.key)?);
        let chain = chain_in(&cert).map_err(|reason| problem(&self.cert, reason))?;
        let key = key_in(&key, &self.key).map_err(|reason| problem(&self.key, reason))?;
        let certified = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| self.misfit(&error))?;
        Ok(Pair { certified: Arc::new(certified) })
    }

    /// A key that anybody can read is no secret.
    pub(super) fn warn_if_the_key_is_open(&self) {
        let mode = fs_err::metadata(&self.key).map(|found| found.permissions().mode()).unwrap_or_default();
        if mode & READABLE_BY_OTHERS != 0 {
            let file = self.key.display();
            tracing::warn!(%file, mode = format!("{:o}", mode & 0o777), "every user of this machine can read the TLS key; chmod 600 it");
        }
    }

    fn misfit(&self, error: &rustls::Error) -> PairProblem {
        let cert = self.cert.display();
        match error {
            rustls::Error::InconsistentKeys(_) => problem(
                &self.key,
                format!("this key does not fit the first certificate of {cert}, which has to be the server's own"),
            ),
            rustls::Error::InvalidCertificate(_) => {
                problem(&self.cert, format!("its first certificate cannot be read ({error})"))
            }
            _ => problem(&self.key, format!("its key is of no kind that TLS servers use ({error})")),
        }
    }
}

fn problem(path: &Path, reason: impl Into<String>) -> PairProblem {
    PairProblem { path: path.to_owned(), reason: reason.into() }
}

fn contents(path: &Path) -> Result<Vec<u8>, PairProblem> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => problem(path, "there is no such file"),
        ErrorKind::PermissionDenied => problem(path, "this user may not read it"),
        kind => problem(path, format!("it cannot be read ({kind})")),
    };
    // Looked at before it is opened: to open a pipe is to wait for somebody.
    if !fs_err::metadata(path).map_err(unreadable)?.is_file() {
        return Err(problem(path, "it is no file"));
    }
    let mut bytes = Vec::new();
    let file = fs_err::File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(problem(path, "it is too large to be one"));
    }
    Ok(bytes)
}

fn chain_in(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    let chain = chain.map_err(broken)?;
    if !chain.is_empty() {
        return Ok(chain);
    }
    let holds_a_key = PrivateKeyDer::from_pem_slice(text).is_ok();
    let hint = if holds_a_key { ", but a key; are --tls-cert and --tls-key exchanged?" } else { "; it has to be PEM" };
    Err(format!("there is no certificate in it{hint}"))
}

fn key_in(text: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    let found = PrivateKeyDer::from_pem_slice(text);
    if is_encrypted(text) {
        let file = path.display();
        return Err(format!("its key is encrypted; `openssl pkey -in {file} -out NEW` makes one without a password"));
    }
    match found {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => {
            let holds_a_chain = CertificateDer::from_pem_slice(text).is_ok();
            let hint = if holds_a_chain {
                ", but a certificate; are --tls-cert and --tls-key exchanged?"
            } else {
                "; it has to be PEM"
            };
            Err(format!("there is no private key in it{hint}"))
        }
        Err(error) => Err(broken(error)),
    }
}

/// PKCS#8 has a label of its own for it, the older forms a header.
fn is_encrypted(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// The parser's own words hold bytes of the file, which may be a key.
fn broken(error: pem::Error) -> String {
    let what = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section has no proper beginning",
        pem::Error::Base64Decode(_) => "a section is no base64",
        _ => "it cannot be parsed",
    };
    format!("its PEM is broken: {what}")
}
