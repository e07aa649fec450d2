//! The ledger as those read it who look after the store: every row of it, and what its verdicts come to.

use bulkwright_engine::ids::{IdBlock, JobId, OrgId};
use bulkwright_engine::record_store::LedgerRow;
use bulkwright_engine::verdict::Counts;
use bulkwright_engine::verdict_bytes::{self, RowVerdict};
use rusqlite::{Row, Transaction, params};

use super::seal;
use super::sql::Doing;
use crate::Error;
use crate::records::{ALL_BUCKETS, ledger_checksum};

const DOING: &str = "reading the ledger";

/// What the verdicts of one chunk come to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Counted verdicts.
    pub(super) counts: Counts,
    /// Ids of the records that were made, rising.
    pub(super) added: Vec<i64>,
    /// Ids of the records that were changed and that no row of the same chunk made, rising, each once: each of them has
    /// one version more by this chunk, however many of its rows changed it.
    pub(super) changed: Vec<i64>,
}

impl Tally {
    /// Counts the verdicts of a chunk whose first row is data row `first_row`.
    pub(super) fn of(verdicts: &[u8], block: IdBlock, first_row: u64) -> Tally {
        let mut tally = Tally::default();
        for verdict in verdict_bytes::read(verdicts, block, first_row) {
            match verdict {
                RowVerdict::Added(id) => {
                    tally.counts.added += 1;
                    tally.added.push(id.0);
                }
                RowVerdict::Updated(id) => {
                    tally.counts.updated += 1;
                    tally.changed.push(id.0);
                }
                RowVerdict::Skipped(_) => tally.counts.skipped += 1,
            }
        }
        tally.changed.sort_unstable();
        tally.changed.dedup();
        let added = &tally.added;
        tally.changed.retain(|id| added.binary_search(id).is_err());
        tally
    }
}

/// A ledger row as it is stored.
pub(super) struct StoredRow {
    pub(super) org: OrgId,
    pub(super) row: LedgerRow,
    /// Whether it matches its checksum.
    pub(super) is_sound: bool,
}

/// The columns that [`stored`] reads.
pub(super) const COLUMNS: &str =
    "job, resource, chunk, bucket, org, rows_through, added, updated, skipped, verdicts, checksum";

/// Reads a row of [`COLUMNS`]; `None` if a column is not even of its type.
pub(super) fn stored(row: &Row<'_>) -> Option<StoredRow> {
    read_columns(row).ok()
}

fn read_columns(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let (bucket, org, checksum): (u8, _, u32) = (row.get(3)?, OrgId(row.get(4)?), row.get(10)?);
    let ledger = LedgerRow {
        job: JobId(row.get(0)?),
        resource: row.get(1)?,
        chunk: row.get(2)?,
        rows_through: number(5)?,
        counts: Counts { added: number(6)?, updated: number(7)?, skipped: number(8)? },
        verdicts: row.get(9)?,
    };
    let is_sound = bucket == ALL_BUCKETS && ledger_checksum(org, bucket, &ledger) == checksum;
    Ok(StoredRow { org, row: ledger, is_sound })
}

/// What swept ledger rows came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Swept {
    pub(super) org: OrgId,
    /// The job, or 0 for jobs that are gone.
    pub(super) job: i64,
    pub(super) counts: Counts,
    /// Changes of records that were there before their chunk, one for each record and chunk.
    pub(super) changed: u64,
}

/// What swept ledger rows came to, for each organisation and job that has some.
pub(super) fn swept(tx: &Transaction<'_>) -> Result<Vec<Swept>, Error> {
    let read = |row: &Row<'_>| swept_row(row).doing(DOING).map(Some);
    seal::SWEPT.all(tx, DOING, "ORDER BY org, job", &[], u32::MAX, read)
}

/// What swept ledger rows of one job came to.
pub(super) fn swept_of(tx: &Transaction<'_>, org: OrgId, job: i64) -> Result<Swept, Error> {
    let found = seal::SWEPT.first(tx, DOING, "WHERE org = ?1 AND job = ?2", params![org.0, job], swept_row)?;
    Ok(found.unwrap_or(Swept { org, job, counts: Counts::default(), changed: 0 }))
}

fn swept_row(row: &Row<'_>) -> rusqlite::Result<Swept> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let counts = Counts { added: number("added")?, updated: number("updated")?, skipped: number("skipped")? };
    Ok(Swept { org: OrgId(row.get("org")?), job: row.get("job")?, counts, changed: number("changed")? })
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::ids::RecordId;

    use super::*;

    const BLOCK: IdBlock = IdBlock { start: 100, size: 10 };

    #[test]
    fn a_record_counts_once_for_each_chunk() {
        let made = BLOCK.record(3, 5).unwrap();
        let mut verdicts = verdict_bytes::begin();
        verdict_bytes::push_updated(RecordId(9), &mut verdicts);
        verdict_bytes::push_added(5, &mut verdicts);
        verdict_bytes::push_skipped(&[], &mut verdicts);
        for id in [made, RecordId(9), RecordId(7)] {
            verdict_bytes::push_updated(id, &mut verdicts);
        }
        let tally = Tally::of(&verdicts, BLOCK, 2);
        assert_eq!(tally.counts, Counts { added: 1, updated: 4, skipped: 1 });
        assert_eq!((tally.added, tally.changed), (vec![made.0], vec![7, 9]));
    }
}
