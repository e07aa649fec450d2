//! Why a server could not start, by what the caller can do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::administration::Mistake;

/// A server that did not start. Each is one clear line, its source the reason.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program listens there.
    #[error(
        "the port of {address} is taken by another program; choose another one with --listen, or port 0 for a free one"
    )]
    PortTaken {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The address is none of this machine, or may not be used.
    #[error("{address} cannot be listened on")]
    Address {
        /// The address that was asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The address can be reached from other machines, and nothing protects what is sent.
    #[error(
        "{address} can be reached from other machines, and nothing protects what is sent: give --tls-cert and --tls-key, \
         or --behind-proxy if a proxy before this server speaks TLS, or listen on 127.0.0.1 or [::1]"
    )]
    BeyondLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// Of the certificate and its key, only one was given.
    #[error("TLS needs a certificate and its key, and {missing} is not given")]
    TlsHalf {
        /// The flag of the other one.
        missing: &'static str,
    },
    /// The certificate or its key cannot be used.
    #[error("{} cannot be used for TLS: {reason}", path.display())]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// `public_url` is no base of links.
    #[error("{url} is no public URL: give http or https, a host, and no query")]
    PublicUrl {
        /// What was given.
        url: String,
    },
    /// Another process holds the data directory.
    #[error("the data directory {} is in use by process {pid}", path.display())]
    DirectoryInUse {
        /// The directory.
        path: PathBuf,
        /// That process; 0 if it did not say.
        pid: u32,
    },
    /// The data directory, or a file that was asked for, cannot be made, read or written.
    #[error("{} cannot be made, read or written; choose another place, or mend its permissions", path.display())]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no data directory.
    #[error("{} is no data directory", path.display())]
    NoData {
        /// What was looked at.
        path: PathBuf,
    },
    /// The credentials file and the data beside it do not belong together, or the file cannot be read.
    #[error("{} cannot be used: {reason}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        reason: String,
    },
    /// The modules of one's own cannot be used, by themselves or with the data that are there.
    #[error("{place}: {reason}")]
    Modules {
        /// The file, and the line where it is known.
        place: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// What the administrator asked for cannot be done as it is.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// The store cannot be used: damaged, made by a newer version, or the disk failed.
    #[error("the data cannot be used")]
    Store(#[source] bulkwright_store::Error),
    /// Documented data could not be seeded: a fault of this program or of its disk.
    #[error("the example job could not be run: {reason}")]
    Seed {
        /// What happened.
        reason: String,
    },
}

impl From<bulkwright_store::Error> for ServeError {
    fn from(error: bulkwright_store::Error) -> Self {
        match error {
            bulkwright_store::Error::InUse { path, pid } => ServeError::DirectoryInUse { path, pid },
            bulkwright_store::Error::Directory { path, source } => ServeError::Directory { path, source },
            other => ServeError::Store(other),
        }
    }
}
