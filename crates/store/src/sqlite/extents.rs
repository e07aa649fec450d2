//! Which ids a module got: one row for each chunk that made records.
//!
//! An id alone does not say its module, and an index entry for each record would cost a bulk insert more than its
//! checks. But a chunk's new ids lie in one block that no other resource gets, and later chunks of a block continue
//! where earlier ones ended. So a module is a list of id ranges, apart from each other, that hold nothing else: walking
//! the ranges in id order and the rows inside them lists the module by id.
//!
//! Created_Time. All records of a chunk carry one time, which its extent repeats. Ids are drawn from a counter that
//! follows the clock, so extents by id are nearly always extents by time as well; they are not where a job got its ids,
//! was interrupted, and went on after another one, or where the clock was set back. Listing by Created_Time therefore
//! never relies on ids: it walks the extents by their time and then first id, and inside one by id, which is exact.

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::{OrgId, RecordId};
use bulkwright_engine::record_store::ChangeSet;
use rusqlite::{Row, Transaction, params};

use super::sql::Doing;
use crate::Error;

/// A range of ids that one chunk gave to records of one module.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) first: i64,
    pub(super) last: i64,
    /// The time that all of its records were made at.
    pub(super) created_at: i64,
    /// Records in it.
    pub(super) records: u64,
    /// Records in it that were never changed.
    pub(super) unchanged: u64,
}

impl Extent {
    /// The columns of a row, in the order of [`Extent::read`].
    pub(super) const COLUMNS: &str = "first_id, last_id, created_at, records, unchanged";

    /// Reads [`Extent::COLUMNS`].
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Extent> {
        Ok(Extent {
            first: row.get(0)?,
            last: row.get(1)?,
            created_at: row.get(2)?,
            records: row.get::<_, i64>(3)?.cast_unsigned(),
            unchanged: row.get::<_, i64>(4)?.cast_unsigned(),
        })
    }
}

/// Adds the range of a chunk's new records.
pub(super) fn add(tx: &Transaction<'_>, org: OrgId, change: &ChangeSet<'_>) -> Result<(), Error> {
    let doing = "adding a range of ids";
    let (Some(first), Some(last)) = (change.inserts.first(), change.inserts.last()) else { return Ok(()) };
    refuse_overlap(tx, org, change.module, first.id, last.id)?;
    let sql = "INSERT INTO extent (org, module, first_id, last_id, created_at, records, unchanged)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)";
    let records = change.inserts.len() as i64;
    let values = params![org.0, change.module.0, first.id.0, last.id.0, change.now, records];
    tx.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    Ok(())
}

/// Ranges that overlapped would list records twice. It takes a fault of the caller to make one.
fn refuse_overlap(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    first: RecordId,
    last: RecordId,
) -> Result<(), Error> {
    let doing = "adding a range of ids";
    let sql = "SELECT max(last_id) FROM (SELECT last_id FROM extent
               WHERE org = ?1 AND module = ?2 AND first_id <= ?3 ORDER BY first_id DESC LIMIT 1)";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let before: Option<i64> = statement.query_row(params![org.0, module.0, last.0], |row| row.get(0)).doing(doing)?;
    match before {
        Some(end) if end >= first.0 => {
            let what = format!("ids {first} to {last} overlap those of an earlier chunk, up to {end}");
            Err(Error::failed(doing, what))
        }
        _ => Ok(()),
    }
}

/// Notes for their extents that these records, in id order, are changed for the first time.
pub(super) fn count_first_changes(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    ids: impl Iterator<Item = RecordId>,
) -> Result<(), Error> {
    let mut ids = ids.peekable();
    while let Some(&id) = ids.peek() {
        let (first, last) = containing(tx, org, module, id)?;
        let mut changed = 0_i64;
        while ids.next_if(|id| id.0 <= last).is_some() {
            changed += 1;
        }
        let doing = "counting changed records";
        let sql = "UPDATE extent SET unchanged = unchanged - ?4 WHERE org = ?1 AND module = ?2 AND first_id = ?3";
        let values = params![org.0, module.0, first, changed];
        tx.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    }
    Ok(())
}

/// The range that holds a record which is there.
fn containing(tx: &Transaction<'_>, org: OrgId, module: ModuleNumber, id: RecordId) -> Result<(i64, i64), Error> {
    let sql = "SELECT first_id, last_id FROM extent WHERE org = ?1 AND module = ?2 AND first_id <= ?3
               ORDER BY first_id DESC LIMIT 1";
    let doing = "finding a range of ids";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let found = statement.query_row(params![org.0, module.0, id.0], |row| Ok((row.get(0)?, row.get(1)?)));
    match found {
        Ok((first, last)) if last >= id.0 => Ok((first, last)),
        Ok(_) | Err(rusqlite::Error::QueryReturnedNoRows) => {
            Err(Error::Damaged { what: format!("the list of ids (record {id} is in none of its ranges)") })
        }
        Err(error) => Err(error).doing(doing),
    }
}
