//! What became of a row, and how many rows became what.

mod words;

use crate::ids::RecordId;

pub use words::Words;

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
    /// All of them, in the order in which they are told.
    pub const ALL: [RowCode; 4] =
        [RowCode::MandatoryNotFound, RowCode::InvalidData, RowCode::DuplicateData, RowCode::ResourceNotFound];

    /// The code that is stored as this number.
    pub fn from_number(number: u8) -> Option<RowCode> {
        RowCode::ALL.into_iter().find(|code| *code as u8 == number)
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

/// Why exactly a cell or a row is at fault: what an advice can be made of, beside the wire's few codes. The numbers are
/// stored in ledgers and never change; a new reason takes the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Reason {
    /// Not known: the ledger row is from before reasons were kept.
    #[default]
    Unspecified = 0,
    /// The cell is empty, and the field needs a value.
    Empty = 1,
    /// The row has fewer cells than the header.
    TooFewCells = 2,
    /// The row has more cells than the header.
    TooManyCells = 3,
    /// Text follows the closing quote of a cell.
    TextAfterQuote = 4,
    /// A quote is never closed.
    OpenQuote = 5,
    /// Bytes mean nothing in the file's charset.
    Undecodable = 6,
    /// The cell or the row is larger than is held in memory.
    TooLarge = 7,
    /// The value has more code points than the field.
    TooLong = 8,
    /// Not an e-mail address.
    NotAnEmail = 9,
    /// Not a phone number.
    NotAPhone = 10,
    /// Not a web address.
    NotAWebsite = 11,
    /// Not a whole number.
    NotAnInteger = 12,
    /// Not a number.
    NotANumber = 13,
    /// A number with more digits than the field.
    TooManyDigits = 14,
    /// Neither true nor false.
    NotABoolean = 15,
    /// Not a date in a form that is read.
    NotADate = 16,
    /// Not a date and time in a form that is read.
    NotAMoment = 17,
    /// A day or a time that no calendar has.
    NoSuchDay = 18,
    /// Not in the form that the mapping's `format` says.
    NotInFormat = 19,
    /// Not in the field's list, and nothing may be added to it.
    NotInList = 20,
    /// No user has this id or e-mail.
    NotAUser = 21,
    /// Not a record's id.
    NotAnId = 22,
    /// No record that the field can point to has this value.
    LookUpNotFound = 23,
    /// Several records that the field can point to have this value.
    LookUpAmbiguous = 24,
    /// A record with this key exists already.
    KeyTaken = 25,
    /// Another record holds this value of a unique field.
    ValueTaken = 26,
    /// Several records carry this key.
    SeveralRecords = 27,
    /// No record carries this key.
    NoRecord = 28,
    /// The module has no layout of this name.
    NoSuchLayout = 29,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Reason; 30] = [
        Reason::Unspecified,
        Reason::Empty,
        Reason::TooFewCells,
        Reason::TooManyCells,
        Reason::TextAfterQuote,
        Reason::OpenQuote,
        Reason::Undecodable,
        Reason::TooLarge,
        Reason::TooLong,
        Reason::NotAnEmail,
        Reason::NotAPhone,
        Reason::NotAWebsite,
        Reason::NotAnInteger,
        Reason::NotANumber,
        Reason::TooManyDigits,
        Reason::NotABoolean,
        Reason::NotADate,
        Reason::NotAMoment,
        Reason::NoSuchDay,
        Reason::NotInFormat,
        Reason::NotInList,
        Reason::NotAUser,
        Reason::NotAnId,
        Reason::LookUpNotFound,
        Reason::LookUpAmbiguous,
        Reason::KeyTaken,
        Reason::ValueTaken,
        Reason::SeveralRecords,
        Reason::NoRecord,
        Reason::NoSuchLayout,
    ];

    /// The reason that is stored as this number. One of a later version is not known here.
    pub fn from_number(number: u8) -> Reason {
        Reason::ALL.get(usize::from(number)).copied().unwrap_or_default()
    }
}

/// One thing wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// What is wrong.
    pub code: RowCode,
    /// The mapping it is wrong with, by its place in the plan; `None` for a row that cannot be read.
    pub mapping: Option<u16>,
    /// Why exactly.
    pub reason: Reason,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_at_their_numbers() {
        for (number, reason) in (0..).zip(Reason::ALL) {
            assert_eq!((reason as u8, Reason::from_number(number)), (number, reason));
        }
        assert_eq!(Reason::from_number(u8::MAX), Reason::Unspecified);
    }
}
