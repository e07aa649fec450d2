//! Rules of stored records that every backend shares: the hash of a key, and the checksums of records and ledger rows.
//!
//! The byte forms below are part of the format: they never change, or stored data would read as damaged. Integers are
//! little endian and of fixed width, so no two different rows have the same bytes; the variable part comes last.

use std::hash::Hasher;

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::{OrgId, RecordId, UserId};
use bulkwright_engine::record_store::{IndexId, Key, LedgerRow};
use siphasher::sip::SipHasher24;

/// The ledger's bucket where all buckets of a chunk commit together.
pub const ALL_BUCKETS: u8 = 0;

/// Makes the 64-bit hashes under which keys are stored: SipHash-2-4 with a key that belongs to the installation, so
/// that nobody outside can make keys that collide. A hash only finds candidates; the record decides.
#[derive(Clone)]
pub struct KeyHasher {
    seeded: SipHasher24,
    mask: u64,
}

impl KeyHasher {
    /// Bits of a hash in an installation.
    pub const BITS: u32 = 64;

    /// A hasher under the installation's key. Fewer than [`KeyHasher::BITS`] bits (from 1) are for tests that need
    /// collisions.
    pub fn new(installation_key: &[u8; 16], bits: u32) -> Self {
        assert!((1..=Self::BITS).contains(&bits), "a hash has 1 to 64 bits, not {bits}");
        KeyHasher { seeded: SipHasher24::new_with_key(installation_key), mask: u64::MAX >> (Self::BITS - bits) }
    }

    /// The hash of a folded key, over: organisation (8 bytes), module (2), field (2), key.
    pub fn hash(&self, org: OrgId, index: IndexId, key: &Key) -> u64 {
        let mut place = [0; 12];
        place[..8].copy_from_slice(&org.0.to_le_bytes());
        place[8..10].copy_from_slice(&index.module.0.to_le_bytes());
        place[10..].copy_from_slice(&index.field.0.to_le_bytes());
        let mut hasher = self.seeded;
        hasher.write(&place);
        hasher.write(key);
        hasher.finish() & self.mask
    }
}

/// The columns of a stored record that its checksum covers: all others.
#[derive(Clone, Copy, Debug)]
pub struct RecordColumns<'a> {
    /// Its id.
    pub id: RecordId,
    /// Whose.
    pub org: OrgId,
    /// Its kind.
    pub module: ModuleNumber,
    /// Changes so far, 1 when made.
    pub version: u32,
    /// When it was made, seconds since 1970.
    pub created_at: i64,
    /// By whom.
    pub created_by: UserId,
    /// When it was last changed.
    pub modified_at: i64,
    /// By whom.
    pub modified_by: UserId,
    /// Its values. Bytes, because it is not known to be text before the checksum was compared.
    pub body: &'a [u8],
}

impl RecordColumns<'_> {
    /// CRC-32 (IEEE) over: id (8 bytes), org (8), module (2), version (4), created_at (8), created_by (8),
    /// modified_at (8), modified_by (8), body.
    pub fn checksum(&self) -> u32 {
        let mut fixed = [0; 54];
        fixed[..8].copy_from_slice(&self.id.0.to_le_bytes());
        fixed[8..16].copy_from_slice(&self.org.0.to_le_bytes());
        fixed[16..18].copy_from_slice(&self.module.0.to_le_bytes());
        fixed[18..22].copy_from_slice(&self.version.to_le_bytes());
        fixed[22..30].copy_from_slice(&self.created_at.to_le_bytes());
        fixed[30..38].copy_from_slice(&self.created_by.0.to_le_bytes());
        fixed[38..46].copy_from_slice(&self.modified_at.to_le_bytes());
        fixed[46..].copy_from_slice(&self.modified_by.0.to_le_bytes());
        checksum_of(&fixed, self.body)
    }
}

/// CRC-32 (IEEE) of a ledger row, over: org (8 bytes), job (8), resource (2), chunk (4), bucket (1), rows_through (8),
/// added (8), updated (8), skipped (8), verdicts.
pub fn ledger_checksum(org: OrgId, bucket: u8, row: &LedgerRow) -> u32 {
    let mut fixed = [0; 55];
    fixed[..8].copy_from_slice(&org.0.to_le_bytes());
    fixed[8..16].copy_from_slice(&row.job.0.to_le_bytes());
    fixed[16..18].copy_from_slice(&row.resource.to_le_bytes());
    fixed[18..22].copy_from_slice(&row.chunk.to_le_bytes());
    fixed[22] = bucket;
    fixed[23..31].copy_from_slice(&row.rows_through.to_le_bytes());
    fixed[31..39].copy_from_slice(&row.counts.added.to_le_bytes());
    fixed[39..47].copy_from_slice(&row.counts.updated.to_le_bytes());
    fixed[47..].copy_from_slice(&row.counts.skipped.to_le_bytes());
    checksum_of(&fixed, &row.verdicts)
}

fn checksum_of(fixed: &[u8], rest: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(fixed);
    crc.update(rest);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::catalog::FieldNumber;
    use bulkwright_engine::ids::JobId;
    use bulkwright_engine::verdict::Counts;

    use super::*;

    /// Numbers from other implementations of SipHash and CRC-32: a change here means that stored data can no longer be
    /// read.
    #[test]
    fn byte_forms_never_change() {
        let hasher = KeyHasher::new(b"0123456789abcdef", 64);
        let index = IndexId { module: ModuleNumber(1), field: FieldNumber(7), case_sensitive: false, joins: None };
        assert_eq!(hasher.hash(OrgId(694_902_309), index, b"ann@example.com"), 1_589_975_922_582_858_551);
        let record = RecordColumns {
            id: RecordId(1_000_000_000_000_000_064),
            org: OrgId(694_902_309),
            module: ModuleNumber(1),
            version: 2,
            created_at: 1_620_000_000,
            created_by: UserId(5),
            modified_at: 1_620_000_001,
            modified_by: UserId(6),
            body: br#"{"1":"Smith"}"#,
        };
        assert_eq!(record.checksum(), 3_258_916_286);
        let row = LedgerRow {
            job: JobId(7),
            resource: 0,
            chunk: 3,
            rows_through: 40,
            counts: Counts { added: 1, updated: 2, skipped: 3 },
            verdicts: vec![1, 2, 3],
        };
        assert_eq!(ledger_checksum(OrgId(1), ALL_BUCKETS, &row), 4_031_158_143);
    }

    #[test]
    fn few_bits_collide() {
        let hasher = KeyHasher::new(&[7; 16], 4);
        let index = IndexId { module: ModuleNumber(1), field: FieldNumber(7), case_sensitive: false, joins: None };
        let most = (0..1000).map(|n: u32| hasher.hash(OrgId(1), index, &n.to_le_bytes())).max();
        assert_eq!(most, Some(15));
    }
}
