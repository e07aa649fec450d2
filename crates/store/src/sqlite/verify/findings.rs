//! What a verification found, up to a limit.

use crate::Error;
use crate::error::with_causes;
use crate::upkeep::{Difference, DifferenceKind, Sums, Verification};

/// Differences that are named one by one; more are counted. Where so many are, a backup is put back, whatever the others
/// are.
const DIFFERENCES_MAX: usize = 1000;
/// Remarks that are kept.
const REMARKS_MAX: usize = 1000;

/// What was found so far.
#[derive(Default)]
pub(super) struct Findings {
    differences: Vec<Difference>,
    more: u64,
    remarks: Vec<String>,
}

impl Findings {
    /// Something is not as it has to be.
    pub(super) fn differ(
        &mut self,
        kind: DifferenceKind,
        what: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if self.differences.len() == DIFFERENCES_MAX {
            self.more += 1;
            return;
        }
        let (what, expected, found) = (what.into(), expected.into(), found.into());
        self.differences.push(Difference { kind, what, expected, found });
    }

    /// Two numbers have to be the same.
    pub(super) fn compare<N: PartialEq + ToString>(
        &mut self,
        kind: DifferenceKind,
        what: impl Into<String>,
        expected: N,
        found: N,
    ) {
        if expected != found {
            self.differ(kind, what, expected.to_string(), found.to_string());
        }
    }

    /// Something that is no damage.
    pub(super) fn remark(&mut self, what: String) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.push(what);
        }
    }

    /// What a check answers. That something cannot be read is what is looked for: it is named, and the other checks go on.
    /// A full disk says nothing about what is stored.
    pub(super) fn read<T>(&mut self, what: &str, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        match outcome {
            Ok(it) => Ok(Some(it)),
            Err(error @ Error::Full { .. }) => Err(error),
            Err(error) => {
                self.differ(DifferenceKind::Database, what, "can be read to the end", with_causes(&error));
                Ok(None)
            }
        }
    }

    pub(super) fn into_verification(self, sums: Sums) -> Verification {
        let Findings { differences, more, remarks } = self;
        Verification { differences, more_differences: more, remarks, sums }
    }
}
