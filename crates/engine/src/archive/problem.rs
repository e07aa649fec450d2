//! What can be wrong with an uploaded file, by what its owner is answered.

use std::io;

use thiserror::Error;
use zip::result::ZipError;

/// Why an uploaded file is not imported. Every text says what is wrong, where, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// No zip, or one that is cut off or has no directory: refused at upload.
    #[error("the file is not a readable zip: {reason}; upload a zip that holds one CSV file")]
    NotAZip {
        /// What is missing or broken.
        reason: String,
    },
    /// A zip whose content is not imported: refused when a job asks for it.
    #[error("the zip is not supported: {reason}")]
    NotSupported {
        /// What is in the way, where, and what to do.
        reason: String,
    },
    /// Over a limit: by its declared sizes when a job asks for it, by its real ones while reading.
    #[error(
        "{what} is over the limit of {limit}; split the file or leave out what is not needed, \
         or ask the server's owner to raise the limit"
    )]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// The limit in that unit.
        limit: u64,
    },
    /// The CSV's bytes are damaged; met while reading.
    #[error("the CSV in the zip is damaged at byte {byte} of the unpacked file: {reason}; make the zip again")]
    Damaged {
        /// What does not fit.
        reason: String,
        /// Bytes of the CSV that had been unpacked by then.
        byte: u64,
    },
    /// The file could not be read.
    #[error("the uploaded file could not be read")]
    Io(#[source] io::Error),
}

impl FileProblem {
    pub(super) fn not_a_zip(reason: impl Into<String>) -> Self {
        FileProblem::NotAZip { reason: reason.into() }
    }

    pub(super) fn not_supported(reason: impl Into<String>) -> Self {
        FileProblem::NotSupported { reason: reason.into() }
    }

    pub(super) fn from_zip(error: ZipError) -> Self {
        match error {
            ZipError::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                FileProblem::not_a_zip("its directory points past the end of the file")
            }
            ZipError::Io(error) => FileProblem::from(error),
            ZipError::InvalidArchive(reason) => FileProblem::not_a_zip(format!("its directory is broken ({reason})")),
            other => FileProblem::not_supported(format!("{other}; make a plain zip with one CSV file")),
        }
    }
}

/// Takes a problem out of the [`io::Error`] it travelled in; any other error is [`FileProblem::Io`].
impl From<io::Error> for FileProblem {
    fn from(error: io::Error) -> Self {
        error.downcast::<FileProblem>().unwrap_or_else(FileProblem::Io)
    }
}

/// Packs a problem for a trip through [`io::Read`]; [`FileProblem::from`] unpacks it.
impl From<FileProblem> for io::Error {
    fn from(problem: FileProblem) -> Self {
        match problem {
            FileProblem::Io(error) => error,
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}
