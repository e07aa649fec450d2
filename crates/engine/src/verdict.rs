//! What became of a row, and how many rows became what.

use crate::ids::RecordId;

/// Why a row was not written: the codes of contract section 6 that the engine gives, in the order in which they are
/// told (contract 12, row 32). The numbers are stored in ledgers and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowCode {
    /// A mandatory field is empty.
    MandatoryNotFound = 1,
    /// A cell does not fit its field, or the row cannot be read.
    InvalidData = 2,
    /// The key or a unique value is taken.
    DuplicateData = 3,
    /// No record carries the key.
    ResourceNotFound = 4,
}

impl RowCode {
    /// The code that is stored as this number.
    pub fn from_number(number: u8) -> Option<RowCode> {
        use RowCode::{DuplicateData, InvalidData, MandatoryNotFound, ResourceNotFound};
        [MandatoryNotFound, InvalidData, DuplicateData, ResourceNotFound].into_iter().find(|code| *code as u8 == number)
    }

    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            RowCode::MandatoryNotFound => "MANDATORY_NOT_FOUND",
            RowCode::InvalidData => "INVALID_DATA",
            RowCode::DuplicateData => "DUPLICATE_DATA",
            RowCode::ResourceNotFound => "RESOURCE_NOT_FOUND",
        }
    }
}

/// One thing wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// What is wrong.
    pub code: RowCode,
    /// The mapping it is wrong with, by its place in the plan; `None` for a row that cannot be read.
    pub mapping: Option<u16>,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A record was made.
    Added(RecordId),
    /// A record was changed.
    Updated(RecordId),
    /// Nothing was written, for these reasons (at least one, in the order they are told).
    Skipped(Vec<Fault>),
    /// The file failed before the row's turn came to be committed.
    Unprocessed,
}

/// How many rows became what. `total()` is what the wire calls `total_count`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records made.
    pub added: u64,
    /// Records changed.
    pub updated: u64,
    /// Rows not written.
    pub skipped: u64,
}

impl Counts {
    /// Rows with a verdict.
    pub fn total(self) -> u64 {
        self.added + self.updated + self.skipped
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.added += other.added;
        self.updated += other.updated;
        self.skipped += other.skipped;
    }
}
