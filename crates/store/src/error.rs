//! Why the store did not do what it was asked, by what the caller can do about it.

use std::io::ErrorKind;
use std::path::PathBuf;

use bulkwright_engine::ids::RecordId;
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
    /// A field is to be unique, and records share a value of it. Nothing was changed.
    #[error(
        "{module}.{field} is marked unique, but records {} and {} both have {value:?}: change one of them before, \
         or take the mark away",
        records[0], records[1]
    )]
    NotUnique {
        /// API name of the module.
        module: String,
        /// API name of the field.
        field: String,
        /// The value, cut.
        value: String,
        /// Two records that have it.
        records: [RecordId; 2],
    },
    /// The claim was lost: another attempt holds the job.
    #[error("the job is held by another attempt")]
    Fenced,
    /// An answer is kept under the key already: nothing was changed.
    #[error("another answer is kept under this key")]
    Answered,
    /// Stored bytes do not match their checksum.
    #[error("{what} is damaged")]
    Damaged {
        /// What is damaged.
        what: String,
    },
    /// The disk has no room left. Nothing was written, and it can be tried again when there is room.
    #[error("the disk is full (while {doing})")]
    Full {
        /// What it was doing.
        doing: &'static str,
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
        let source = source.into();
        if is_full(source.as_ref()) { Error::Full { doing } } else { Error::Failed { doing, source } }
    }
}

/// Whether an error, or what caused it, is that a disk has no room left.
pub fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let here = match (error.downcast_ref::<Error>(), error.downcast_ref::<std::io::Error>()) {
        (Some(Error::Full { .. }), _) => true,
        (_, Some(io)) => {
            // What an io::Error wraps is not its source.
            matches!(io.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
                || io.get_ref().is_some_and(|inner| is_full(inner))
        }
        _ => error
            .downcast_ref::<rusqlite::Error>()
            .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull)),
    };
    here || error.source().is_some_and(is_full)
}

/// An error and what caused it, in one line for people.
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
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
