//! Verdicts as the bytes of a ledger row.
//!
//! The first byte is the form, 2. Then, for each row in file order: `0..=63` a record was added in that bucket (its id
//! follows from the id block and the row); `64` one was updated, and its id in eight little-endian bytes; `65` the row
//! was skipped, the number of its faults in two bytes, and for each fault its code in one byte, its mapping in two
//! (`65535`: none) and its reason in one. Rows that were never processed have no bytes. Form 1, which older ledger rows
//! have, is the same without reasons.

use crate::ids::{BUCKETS, IdBlock, RecordId};
use crate::verdict::{Fault, Reason, RowCode, Verdict};

const WITHOUT_REASONS: u8 = 1;
const WITH_REASONS: u8 = 2;
const UPDATED: u8 = BUCKETS;
const SKIPPED: u8 = BUCKETS + 1;
const NO_MAPPING: u16 = u16::MAX;

/// Begins the bytes of a chunk.
pub fn begin() -> Vec<u8> {
    vec![WITH_REASONS]
}

/// The next row became a record in `bucket`.
pub fn push_added(bucket: u8, out: &mut Vec<u8>) {
    debug_assert!(bucket < BUCKETS);
    out.push(bucket);
}

/// The next row changed a record.
pub fn push_updated(id: RecordId, out: &mut Vec<u8>) {
    out.push(UPDATED);
    out.extend_from_slice(&id.0.to_le_bytes());
}

/// The next row was not written, for these reasons.
pub fn push_skipped(faults: &[Fault], out: &mut Vec<u8>) {
    let faults = &faults[..faults.len().min(usize::from(u16::MAX))];
    out.push(SKIPPED);
    out.extend_from_slice(&(faults.len() as u16).to_le_bytes());
    for fault in faults {
        out.push(fault.code as u8);
        out.extend_from_slice(&fault.mapping.unwrap_or(NO_MAPPING).to_le_bytes());
        out.push(fault.reason as u8);
    }
}

/// What became of one row, its faults still encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowVerdict<'a> {
    /// A record was made.
    Added(RecordId),
    /// A record was changed.
    Updated(RecordId),
    /// Nothing was written.
    Skipped(Faults<'a>),
}

impl RowVerdict<'_> {
    /// The verdict on its own.
    pub fn to_verdict(self) -> Verdict {
        match self {
            RowVerdict::Added(id) => Verdict::Added(id),
            RowVerdict::Updated(id) => Verdict::Updated(id),
            RowVerdict::Skipped(faults) => Verdict::Skipped(faults.collect()),
        }
    }
}

/// The faults of one skipped row, in the order they are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults<'a> {
    bytes: &'a [u8],
    form: Form,
}

/// What the bytes of a fault are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    WithoutReasons,
    WithReasons,
}

impl Form {
    fn of(bytes: &[u8]) -> Option<(Form, &[u8])> {
        match bytes.split_first()? {
            (&WITHOUT_REASONS, rest) => Some((Form::WithoutReasons, rest)),
            (&WITH_REASONS, rest) => Some((Form::WithReasons, rest)),
            _ => None,
        }
    }

    fn fault_bytes(self) -> usize {
        match self {
            Form::WithoutReasons => 3,
            Form::WithReasons => 4,
        }
    }
}

impl Iterator for Faults<'_> {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        let (fault, rest) = self.bytes.split_at_checked(self.form.fault_bytes())?;
        self.bytes = rest;
        let (&[code, low, high], reason) = fault.split_first_chunk()?;
        let mapping = u16::from_le_bytes([low, high]);
        Some(Fault {
            code: RowCode::from_number(code)?,
            mapping: (mapping != NO_MAPPING).then_some(mapping),
            reason: reason.first().map_or(Reason::Unspecified, |&number| Reason::from_number(number)),
        })
    }
}

/// Reads the verdicts of a chunk: one for each row, in file order.
#[derive(Clone, Debug)]
pub struct Verdicts<'a> {
    bytes: &'a [u8],
    form: Form,
    block: IdBlock,
    row: u64,
}

/// Reads the bytes of a ledger row whose first row is data row `first_row` of the file. Bytes of an unknown form
/// give no verdict; a ledger row is checked against its checksum before.
pub fn read(bytes: &[u8], block: IdBlock, first_row: u64) -> Verdicts<'_> {
    let (form, bytes) = Form::of(bytes).unwrap_or((Form::WithReasons, &[]));
    Verdicts { bytes, form, block, row: first_row }
}

impl<'a> Iterator for Verdicts<'a> {
    type Item = RowVerdict<'a>;

    fn next(&mut self) -> Option<RowVerdict<'a>> {
        let (&tag, rest) = self.bytes.split_first()?;
        let (verdict, rest) = match tag {
            UPDATED => {
                let (id, rest) = rest.split_first_chunk()?;
                (RowVerdict::Updated(RecordId(i64::from_le_bytes(*id))), rest)
            }
            SKIPPED => {
                let (count, rest) = rest.split_first_chunk()?;
                let (faults, rest) =
                    rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * self.form.fault_bytes())?;
                (RowVerdict::Skipped(Faults { bytes: faults, form: self.form }), rest)
            }
            bucket if bucket < BUCKETS => (RowVerdict::Added(self.block.record(self.row, bucket)?), rest),
            _ => return None,
        };
        self.bytes = rest;
        self.row += 1;
        Some(verdict)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLOCK: IdBlock = IdBlock { start: 1000, size: 100 };

    #[test]
    fn verdicts_come_back() {
        let faults = [
            Fault { code: RowCode::MandatoryNotFound, mapping: Some(3), reason: Reason::Empty },
            Fault { code: RowCode::InvalidData, mapping: None, reason: Reason::OpenQuote },
        ];
        let mut bytes = begin();
        push_added(63, &mut bytes);
        push_skipped(&faults, &mut bytes);
        push_updated(RecordId(-5), &mut bytes);
        push_added(0, &mut bytes);
        assert_eq!(bytes.len(), 1 + 1 + 11 + 9 + 1);
        let verdicts: Vec<_> = read(&bytes, BLOCK, 7).map(RowVerdict::to_verdict).collect();
        assert_eq!(
            verdicts,
            [
                Verdict::Added(BLOCK.record(7, 63).unwrap()),
                Verdict::Skipped(faults.to_vec()),
                Verdict::Updated(RecordId(-5)),
                Verdict::Added(BLOCK.record(10, 0).unwrap()),
            ]
        );
    }

    #[test]
    fn faults_of_the_older_form_have_no_reason() {
        let bytes = [WITHOUT_REASONS, SKIPPED, 2, 0, 2, 5, 0, 1, 255, 255, 7];
        let faults = vec![
            Fault { code: RowCode::InvalidData, mapping: Some(5), reason: Reason::Unspecified },
            Fault { code: RowCode::MandatoryNotFound, mapping: None, reason: Reason::Unspecified },
        ];
        let verdicts: Vec<_> = read(&bytes, BLOCK, 1).map(RowVerdict::to_verdict).collect();
        assert_eq!(verdicts, [Verdict::Skipped(faults), Verdict::Added(BLOCK.record(2, 7).unwrap())]);
    }

    #[test]
    fn an_unknown_tag_ends_the_verdicts() {
        assert_eq!(read(&[WITH_REASONS, 0, 66, 0], BLOCK, 1).count(), 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            read(&bytes, BLOCK, 1).map(RowVerdict::to_verdict).for_each(drop);
        }
    }
}
