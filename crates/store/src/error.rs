//! Why the store did not do what it was asked, by what the caller can do about it.

use std::path::PathBuf;

use bulkwright_engine::record_store::StoreError;

/// An error of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process holds the data directory.
    #[error("the data directory {} is in use by process {pid}", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// The process that holds it; 0 if it did not say.
        pid: u32,
    },
    /// The data directory cannot be made, read or written.
    #[error("the data directory {} cannot be used", path.display())]
    Directory {
        /// The directory or the file in it.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of a newer version than this program knows.
    #[error("{} has schema {found}, this program knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The claim was lost: another attempt holds the job.
    #[error("the job is held by another attempt")]
    Fenced,
    /// Stored bytes do not match their checksum.
    #[error("{what} is damaged")]
    Damaged {
        /// What is damaged.
        what: String,
    },
    /// The database or the disk failed.
    #[error("the store failed while {doing}")]
    Failed {
        /// What it was doing.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A failure of what lies below, with what was being done.
    pub(crate) fn failed(doing: &'static str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Error::Failed { doing, source: source.into() }
    }
}

/// What an import is told. The other variants concern opening and jobs, and cannot reach it as more than a failure.
impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error {
            Error::Damaged { what } => StoreError::Damaged { what },
            Error::Failed { doing, source } => StoreError::Failed { doing, source },
            other => StoreError::Failed { doing: "using the data directory", source: other.into() },
        }
    }
}
