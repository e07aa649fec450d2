//! What can be wrong with an input before anything is sent.

use std::path::PathBuf;

use crate::exit::Exit;

/// Why a file is not loaded. Nothing was sent and nothing written.
#[derive(Debug, thiserror::Error)]
pub enum InputProblem {
    /// No such file.
    #[error("there is no file {}", .0.display())]
    Missing(PathBuf),
    /// A folder where a file is wanted.
    #[error("{} is a folder; name one CSV file in it", .0.display())]
    Folder(PathBuf),
    /// A file of no bytes.
    #[error("{} is empty; a CSV begins with a line of column names", .0.display())]
    Empty(PathBuf),
    /// A file that is something else.
    #[error("{} is no CSV file: {reason}", .path.display())]
    NotCsv {
        /// The file.
        path: PathBuf,
        /// How that was seen.
        reason: String,
    },
    /// A file that is not in the charset that was named, or a name that means none.
    #[error("{} cannot be read: {reason}", .path.display())]
    Charset {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The header names no field of the module.
    #[error(
        "line 1 of {} names no field of {module}: it has {found}; {module} has {wanted}, among others",
        .path.display()
    )]
    NoKnownHeader {
        /// The file.
        path: PathBuf,
        /// The module.
        module: String,
        /// The first columns.
        found: String,
        /// A few fields.
        wanted: String,
    },
    /// The key is no field, or no column carries it.
    #[error("--key {key}: {reason}")]
    Key {
        /// What was given.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An option names what there is not, or what cannot be.
    #[error("{flag} {given}: {reason}")]
    Option {
        /// `--map`, `--format`, `--default`.
        flag: &'static str,
        /// What was given.
        given: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two columns name one field.
    #[error("columns {first} and {second} both name the field {field}; remove one, or begin its name with _")]
    Twice {
        /// One header.
        first: String,
        /// The other.
        second: String,
        /// The field.
        field: String,
    },
    /// No such module.
    #[error("there is no module {module}; this target has {known}")]
    NoModule {
        /// What was asked for.
        module: String,
        /// What there is.
        known: String,
    },
    /// More columns than a job may carry.
    #[error("{columns} columns name fields, a job carries {limit} at most; begin the names of some with _")]
    TooManyColumns {
        /// How many.
        columns: usize,
        /// How many there may be.
        limit: usize,
    },
}

impl InputProblem {
    /// How a process ends.
    pub fn exit(&self) -> Exit {
        match self {
            InputProblem::Missing(_) | InputProblem::NoModule { .. } => Exit::NotFound,
            InputProblem::Folder(_)
            | InputProblem::Key { .. }
            | InputProblem::Option { .. }
            | InputProblem::Charset { .. } => Exit::Usage,
            InputProblem::Empty(_)
            | InputProblem::NotCsv { .. }
            | InputProblem::NoKnownHeader { .. }
            | InputProblem::Twice { .. }
            | InputProblem::TooManyColumns { .. } => Exit::Stopped,
        }
    }
}
