//! Which rows are shown.

use crate::verdict::{Fault, Reason, RowCode};
use crate::verdict_bytes::RowVerdict;

/// What became of a row, in the words of the vendor's result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A record was made.
    Added,
    /// A record was changed.
    Updated,
    /// Nothing was written.
    Skipped,
    /// The file failed before its turn came.
    Unprocessed,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 4] = [Status::Added, Status::Updated, Status::Skipped, Status::Unprocessed];

    /// The word in the result file.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Added => "ADDED",
            Status::Updated => "UPDATED",
            Status::Skipped => "SKIPPED",
            Status::Unprocessed => "UNPROCESSED",
        }
    }
}

/// Which rows are shown. What is left empty does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Rows of one of these.
    pub statuses: Vec<Status>,
    /// Rows with a fault of one of these,
    pub codes: Vec<RowCode>,
    /// for one of these reasons,
    pub reasons: Vec<Reason>,
    /// in one of these mappings. One and the same fault is all of that.
    pub mappings: Vec<u16>,
}

impl Filter {
    pub(super) fn takes(&self, verdict: &RowVerdict<'_>) -> bool {
        match *verdict {
            RowVerdict::Added(_) => self.takes_status(Status::Added) && !self.asks_for_faults(),
            RowVerdict::Updated(_) => self.takes_status(Status::Updated) && !self.asks_for_faults(),
            RowVerdict::Skipped(mut faults) => {
                self.takes_status(Status::Skipped)
                    && (!self.asks_for_faults() || faults.any(|fault| self.takes_fault(fault)))
            }
        }
    }

    pub(super) fn takes_unprocessed(&self) -> bool {
        self.takes_status(Status::Unprocessed) && !self.asks_for_faults()
    }

    fn takes_status(&self, status: Status) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }

    fn asks_for_faults(&self) -> bool {
        !(self.codes.is_empty() && self.reasons.is_empty() && self.mappings.is_empty())
    }

    fn takes_fault(&self, fault: Fault) -> bool {
        let is_of_mapping = || fault.mapping.is_some_and(|mapping| self.mappings.contains(&mapping));
        (self.codes.is_empty() || self.codes.contains(&fault.code))
            && (self.reasons.is_empty() || self.reasons.contains(&fault.reason))
            && (self.mappings.is_empty() || is_of_mapping())
    }
}
