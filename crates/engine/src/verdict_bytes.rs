//! Verdicts as the bytes of a ledger row.
//!
//! The first byte is the form's version, 1. Then, for each row in file order: `0..=63` a record was added in that
//! bucket (its id follows from the id block and the row); `64` one was updated, and its id in eight little-endian
//! bytes; `65` the row was skipped, the number of its faults in two bytes, and for each fault its code in one byte and
//! its mapping in two (`65535`: none). Rows that were never processed have no bytes.

use crate::ids::{BUCKETS, IdBlock, RecordId};
use crate::verdict::{Fault, RowCode, Verdict};

const VERSION: u8 = 1;
const UPDATED: u8 = BUCKETS;
const SKIPPED: u8 = BUCKETS + 1;
const NO_MAPPING: u16 = u16::MAX;

/// Begins the bytes of a chunk.
pub fn begin() -> Vec<u8> {
    vec![VERSION]
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
pub struct Faults<'a>(&'a [u8]);

impl Iterator for Faults<'_> {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        let (&[code, low, high], rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        let mapping = u16::from_le_bytes([low, high]);
        Some(Fault { code: RowCode::from_number(code)?, mapping: (mapping != NO_MAPPING).then_some(mapping) })
    }
}

/// Reads the verdicts of a chunk: one for each row, in file order.
#[derive(Clone, Debug)]
pub struct Verdicts<'a> {
    bytes: &'a [u8],
    block: IdBlock,
    row: u64,
}

/// Reads the bytes of a ledger row whose first row is data row `first_row` of the file. Bytes of an unknown version
/// give no verdict; a ledger row is checked against its checksum before.
pub fn read(bytes: &[u8], block: IdBlock, first_row: u64) -> Verdicts<'_> {
    Verdicts { bytes: bytes.strip_prefix(&[VERSION]).unwrap_or_default(), block, row: first_row }
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
                let (faults, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*count)) * 3)?;
                (RowVerdict::Skipped(Faults(faults)), rest)
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
            Fault { code: RowCode::MandatoryNotFound, mapping: Some(3) },
            Fault { code: RowCode::InvalidData, mapping: None },
        ];
        let mut bytes = begin();
        push_added(63, &mut bytes);
        push_skipped(&faults, &mut bytes);
        push_updated(RecordId(-5), &mut bytes);
        push_added(0, &mut bytes);
        assert_eq!(bytes.len(), 1 + 1 + 9 + 9 + 1);
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
    fn an_unknown_tag_ends_the_verdicts() {
        assert_eq!(read(&[VERSION, 0, 66, 0], BLOCK, 1).count(), 1);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            read(&bytes, BLOCK, 1).map(RowVerdict::to_verdict).for_each(drop);
        }
    }
}
