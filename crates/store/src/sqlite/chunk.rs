//! What one chunk writes, inside one transaction.
//!
//! Everything goes in the order of its tree: records by id (new ones append), keys by hash. A key tree that is filled
//! in key order would be a random walk over all of its pages for every chunk.

use bulkwright_engine::ids::{OrgId, RecordId, UserId};
use bulkwright_engine::record_store::{ChangeSet, Insert, KeyChange, StoreError, Update};
use rusqlite::{Statement, Transaction, params};

use super::sql::{Doing, is_constraint};
use super::{extents, find, row, seal};
use crate::Error;
use crate::failure::{FailurePoints, Moment};
use crate::records::{ALL_BUCKETS, KeyHasher, RecordColumns, ledger_checksum};

/// Rows that one statement inserts: starting and ending it costs as much as a row or two.
const ROWS_AT_ONCE: usize = 32;

/// The version of a record that was just made.
const FIRST_VERSION: u32 = 1;

/// Writes a chunk. The caller's transaction is rolled back on an error.
pub(super) fn write(
    tx: &Transaction<'_>,
    points: &FailurePoints,
    hasher: &KeyHasher,
    org: OrgId,
    change: &ChangeSet<'_>,
) -> Result<(), StoreError> {
    let pass = |place| points.pass("committing a chunk", Moment::Within(place));
    // First, because a chunk that was applied already is told by it at once.
    add_ledger_row(tx, org, change)?;
    pass("the ledger row is written")?;
    insert_records(tx, org, change)?;
    update_records(tx, org, change)?;
    pass("the records are written")?;
    let lost = in_hash_order(hasher, org, change.keys_lost);
    remove_keys(tx, &lost)?;
    let gained = in_hash_order(hasher, org, change.keys_gained);
    add_keys(tx, &gained)?;
    pass("the keys are written")?;
    check_unique(tx, hasher, org, &gained)?;
    add_picklist_values(tx, org, change)?;
    Ok(())
}

fn add_ledger_row(tx: &Transaction<'_>, org: OrgId, change: &ChangeSet<'_>) -> Result<(), StoreError> {
    let doing = "writing the ledger";
    let row = change.ledger;
    let sql = "INSERT INTO ledger (job, resource, chunk, bucket, org, rows_through, added, updated, skipped, verdicts,
                   checksum)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let written = tx.prepare_cached(sql).doing(doing)?.execute(params![
        row.job.0,
        row.resource,
        row.chunk,
        ALL_BUCKETS,
        org.0,
        row.rows_through.cast_signed(),
        row.counts.added.cast_signed(),
        row.counts.updated.cast_signed(),
        row.counts.skipped.cast_signed(),
        row.verdicts,
        ledger_checksum(org, ALL_BUCKETS, row),
    ]);
    conflict_if_there(written, doing)
}

/// A row that is there already means that another write came first.
fn conflict_if_there(written: rusqlite::Result<usize>, doing: &'static str) -> Result<(), StoreError> {
    match written {
        Err(error) if is_constraint(&error) => Err(StoreError::Conflict),
        other => Ok(other.map(|_| ()).doing(doing)?),
    }
}

fn insert_records(tx: &Transaction<'_>, org: OrgId, change: &ChangeSet<'_>) -> Result<(), StoreError> {
    let (wide, rest) = change.inserts.split_at(change.inserts.len() - change.inserts.len() % ROWS_AT_ONCE);
    insert_by(tx, org, change, wide, ROWS_AT_ONCE)?;
    insert_by(tx, org, change, rest, 1)?;
    Ok(extents::add(tx, org, change)?)
}

/// Inserts records with a statement of `rows` rows.
fn insert_by(
    tx: &Transaction<'_>,
    org: OrgId,
    change: &ChangeSet<'_>,
    inserts: &[Insert<'_>],
    rows: usize,
) -> Result<(), StoreError> {
    let doing = "inserting records";
    // What all records of a chunk share is ?1 to ?4, bound once: bindings stay from one execution to the next.
    let values = |row: usize| {
        let [id, body, checksum] = [5 + 3 * row, 6 + 3 * row, 7 + 3 * row];
        format!("(?{id}, ?1, ?2, {FIRST_VERSION}, ?3, ?4, ?3, ?4, ?{body}, ?{checksum})")
    };
    let sql = format!(
        "INSERT INTO record (id, org, module, version, created_at, created_by, modified_at, modified_by, body, checksum)
         VALUES {}",
        (0..rows).map(values).collect::<Vec<_>>().join(", ")
    );
    let mut statement = tx.prepare_cached(&sql).doing(doing)?;
    bind_shared_columns(&mut statement, org, change).doing(doing)?;
    for some in inserts.chunks_exact(rows) {
        conflict_if_there(insert_some(&mut statement, org, change, some), doing)?;
    }
    Ok(())
}

fn bind_shared_columns(statement: &mut Statement<'_>, org: OrgId, change: &ChangeSet<'_>) -> rusqlite::Result<()> {
    statement.raw_bind_parameter(1, org.0)?;
    statement.raw_bind_parameter(2, change.module.0)?;
    statement.raw_bind_parameter(3, change.now)?;
    statement.raw_bind_parameter(4, change.user.0)
}

fn insert_some(
    statement: &mut Statement<'_>,
    org: OrgId,
    change: &ChangeSet<'_>,
    inserts: &[Insert<'_>],
) -> rusqlite::Result<usize> {
    for (row, insert) in inserts.iter().enumerate() {
        let record = RecordColumns {
            id: insert.id,
            org,
            module: change.module,
            version: FIRST_VERSION,
            created_at: change.now,
            created_by: change.user,
            modified_at: change.now,
            modified_by: change.user,
            body: insert.body.as_bytes(),
        };
        statement.raw_bind_parameter(5 + 3 * row, record.id.0)?;
        statement.raw_bind_parameter(6 + 3 * row, insert.body)?;
        statement.raw_bind_parameter(7 + 3 * row, record.checksum())?;
    }
    statement.raw_execute()
}

fn update_records(tx: &Transaction<'_>, org: OrgId, change: &ChangeSet<'_>) -> Result<(), StoreError> {
    let doing = "updating records";
    let mut updates: Vec<&Update<'_>> = change.updates.iter().collect();
    updates.sort_unstable_by_key(|update| update.id);
    let sql = "UPDATE record SET version = ?2, modified_at = ?3, modified_by = ?4, body = ?5, checksum = ?6
               WHERE id = ?1";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    for update in &updates {
        let made = made(tx, org, change, update)?.ok_or(StoreError::Conflict)?;
        let version = update.version + 1;
        let record = RecordColumns {
            id: update.id,
            org,
            module: change.module,
            version,
            created_at: made.0,
            created_by: made.1,
            modified_at: change.now,
            modified_by: change.user,
            body: update.body.as_bytes(),
        };
        let values = params![update.id.0, version, change.now, change.user.0, update.body, record.checksum()];
        statement.execute(values).doing(doing)?;
    }
    let first_changes = updates.iter().filter(|update| update.version == 1).map(|update| update.id);
    Ok(extents::count_first_changes(tx, org, change.module, first_changes)?)
}

/// When and by whom a record was made, if it still has the version that the update was decided on.
fn made(
    tx: &Transaction<'_>,
    org: OrgId,
    change: &ChangeSet<'_>,
    update: &Update<'_>,
) -> Result<Option<(i64, UserId)>, Error> {
    let found = row::look(tx, org, change.module, update.id, |record| {
        Ok((record.version == update.version).then_some((record.created_at, record.created_by)))
    })?;
    Ok(found.flatten())
}

/// A key change with its hash, in the tree's signed order. What is written stands here once more: in hash order the
/// changes themselves are all over memory.
struct Hashed<'a> {
    hash: i64,
    id: i64,
    field: u16,
    change: &'a KeyChange<'a>,
}

fn in_hash_order<'a>(hasher: &KeyHasher, org: OrgId, changes: &'a [KeyChange<'a>]) -> Vec<Hashed<'a>> {
    let hashed = |change: &'a KeyChange<'a>| {
        let hash = hasher.hash(org, change.index, change.key).cast_signed();
        Hashed { hash, id: change.id.0, field: change.index.field.0, change }
    };
    let mut keys: Vec<Hashed<'a>> = changes.iter().map(hashed).collect();
    keys.sort_unstable_by_key(|key| (key.hash, key.id));
    keys
}

fn remove_keys(tx: &Transaction<'_>, keys: &[Hashed<'_>]) -> Result<(), Error> {
    let doing = "removing keys";
    let sql = "DELETE FROM key WHERE hash = ?1 AND id = ?2 AND field = ?3";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    for Hashed { hash, id, field, .. } in keys {
        statement.execute(params![hash, id, field]).doing(doing)?;
    }
    Ok(())
}

fn add_keys(tx: &Transaction<'_>, keys: &[Hashed<'_>]) -> Result<(), Error> {
    let (wide, rest) = keys.split_at(keys.len() - keys.len() % ROWS_AT_ONCE);
    add_keys_by(tx, wide, ROWS_AT_ONCE)?;
    add_keys_by(tx, rest, 1)
}

/// Adds keys with a statement of `rows` rows.
fn add_keys_by(tx: &Transaction<'_>, keys: &[Hashed<'_>], rows: usize) -> Result<(), Error> {
    let doing = "adding keys";
    // A record that gains a key it has already keeps one entry.
    let sql = format!("INSERT OR IGNORE INTO key (hash, id, field) VALUES {}", vec!["(?, ?, ?)"; rows].join(", "));
    let mut statement = tx.prepare_cached(&sql).doing(doing)?;
    for some in keys.chunks_exact(rows) {
        for (row, Hashed { hash, id, field, .. }) in some.iter().enumerate() {
            statement.raw_bind_parameter(3 * row + 1, hash).doing(doing)?;
            statement.raw_bind_parameter(3 * row + 2, id).doing(doing)?;
            statement.raw_bind_parameter(3 * row + 3, field).doing(doing)?;
        }
        statement.raw_execute().doing(doing)?;
    }
    Ok(())
}

/// Looks at the records as they are after the chunk, so that a key that moves inside it is no conflict, and two
/// records that gain one key are.
fn check_unique(tx: &Transaction<'_>, hasher: &KeyHasher, org: OrgId, gained: &[Hashed<'_>]) -> Result<(), StoreError> {
    let mut unique: Vec<&KeyChange<'_>> = gained.iter().map(|key| key.change).filter(|change| change.unique).collect();
    unique.sort_by_key(|change| change.index);
    for of_one_index in unique.chunk_by(|one, other| one.index == other.index) {
        let keys: Vec<&[u8]> = of_one_index.iter().map(|change| change.key).collect();
        let own: Vec<RecordId> = of_one_index.iter().map(|change| change.id).collect();
        if find::carried_by_others(tx, hasher, org, of_one_index[0].index, &keys, &own)? {
            return Err(StoreError::Conflict);
        }
    }
    Ok(())
}

fn add_picklist_values(tx: &Transaction<'_>, org: OrgId, change: &ChangeSet<'_>) -> Result<(), Error> {
    let doing = "adding picklist values";
    let sql = "INSERT OR IGNORE INTO picklist_addition (org, module, field, value) VALUES (?1, ?2, ?3, ?4)";
    for (field, value) in change.picklist_additions {
        seal::PICKLIST_ADDITION.insert(tx, doing, sql, params![org.0, change.module.0, field.0, value])?;
    }
    Ok(())
}
