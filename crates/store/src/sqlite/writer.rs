//! What an import writes through, and whose turn it is.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};
use bulkwright_engine::verdict::Counts;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::connections::{Access, committed, in_transaction};
use super::directory::DirectoryLock;
use super::sql::Doing;
use super::{chunk, find, row};
use crate::Error;
use crate::records::{ALL_BUCKETS, KeyHasher, ledger_checksum};

/// The one connection that writes records, lent to one user after the other.
pub(super) struct WriterTurn {
    idle: Mutex<Option<Connection>>,
    given_back: Condvar,
    /// Held while a chunk is written, and by whoever needs the records to stand still: a commit that waits for a lock of
    /// the file keeps new readers out, one that waits here does not.
    still: Mutex<()>,
    access: Access,
    /// A writer that outlives the store still holds the directory.
    _lock: Arc<DirectoryLock>,
}

impl WriterTurn {
    pub(super) fn new(connection: Connection, access: Access, lock: Arc<DirectoryLock>) -> Arc<Self> {
        Arc::new(WriterTurn {
            idle: Mutex::new(Some(connection)),
            given_back: Condvar::new(),
            still: Mutex::default(),
            access,
            _lock: lock,
        })
    }

    /// Blocks until no chunk is being written; none is while the guard is held.
    pub(super) fn stand_still(&self) -> MutexGuard<'_, ()> {
        // It guards no data.
        self.still.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more connection that can write, for what must not wait until an import is through. It writes only while the
    /// records stand still, and nothing that an import looks at.
    pub(super) fn open_another(&self) -> Result<Connection, Error> {
        self.access.open()
    }

    /// Where tests make work on the file fail.
    pub(super) fn failure_points(&self) -> &crate::failure::FailurePoints {
        &self.access.failure_points
    }

    /// Blocks until the connection is free.
    pub(super) fn wait(self: &Arc<Self>) -> LentConnection {
        // The slot is only ever set whole, so a panic elsewhere leaves it sound.
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = idle.take() {
                return LentConnection { connection: Some(connection), turn: self.clone() };
            }
            idle = self.given_back.wait(idle).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The connection until it is dropped; then the next one has its turn.
pub(super) struct LentConnection {
    connection: Option<Connection>,
    turn: Arc<WriterTurn>,
}

impl LentConnection {
    /// Uses the connection.
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut Connection) -> T) -> T {
        work(self.connection.as_mut().expect("it is given back only when this is dropped"))
    }

    /// Opens another connection if this one is left with a transaction that could not even be rolled back: it would fail
    /// everything that comes after.
    fn mend(&mut self) -> Result<(), Error> {
        if self.with(|connection| connection.is_autocommit()) {
            return Ok(());
        }
        tracing::warn!("the connection that writes records is opened again: its transaction could not be ended");
        self.connection = Some(self.turn.access.open()?);
        Ok(())
    }
}

impl Drop for LentConnection {
    fn drop(&mut self) {
        *self.turn.idle.lock().unwrap_or_else(PoisonError::into_inner) = self.connection.take();
        self.turn.given_back.notify_one();
    }
}

/// The records of one organisation, for an import.
pub(super) struct Writer {
    connection: LentConnection,
    org: OrgId,
    hasher: KeyHasher,
}

impl Writer {
    pub(super) fn new(connection: LentConnection, org: OrgId, hasher: KeyHasher) -> Self {
        Writer { connection, org, hasher }
    }

    /// Each batch is one transaction: its locks are taken once, not once for each statement.
    fn read_all<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, StoreError> {
        let outcome = self.connection.with(|it| in_transaction(it, TransactionBehavior::Deferred, doing, work));
        outcome.map_err(StoreError::from)
    }
}

impl RecordStore for Writer {
    fn org(&self) -> OrgId {
        self.org
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        let (org, hasher) = (self.org, self.hasher.clone());
        self.read_all("finding records by key", |tx| find::find(tx, &hasher, org, index, keys))
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        let org = self.org;
        self.read_all("reading records", |tx| read_records(tx, org, module, ids))
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        let org = self.org;
        self.read_all("reading picklist additions", |tx| row::picklist_additions(tx, org, module))
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        let org = self.org;
        self.read_all("reading the ledger", |tx| ledger_rows(tx, org, job, resource))
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        let (org, hasher) = (self.org, &self.hasher);
        let turn = self.connection.turn.clone();
        let _still = turn.stand_still();
        let points = &turn.access.failure_points;
        let outcome = self
            .connection
            .with(|it| committed(it, points, "committing a chunk", |tx| chunk::write(tx, points, hasher, org, change)));
        self.connection.mend()?;
        outcome
    }
}

/// Chunks of a job that are committed. At start, before anybody writes.
pub(super) fn chunks_settled(connection: &Connection, job: JobId) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM ledger WHERE job = ?1";
    connection.query_row(sql, [job.0], |row| row.get(0)).doing("counting the chunks of a job")
}

/// In the order asked, but read in the order of the tree.
fn read_records(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    ids: &[RecordId],
) -> Result<Vec<Option<Versioned>>, Error> {
    let mut order: Vec<usize> = (0..ids.len()).collect();
    order.sort_unstable_by_key(|&place| ids[place]);
    let mut answer = vec![None; ids.len()];
    for place in order {
        let record = row::get(tx, org, module, ids[place])?;
        answer[place] = record.map(|it| Versioned { id: it.id, version: it.version, body: it.body });
    }
    Ok(answer)
}

fn ledger_rows(tx: &Transaction<'_>, org: OrgId, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, Error> {
    let doing = "reading the ledger";
    let sql = "SELECT chunk, rows_through, added, updated, skipped, verdicts, checksum, org FROM ledger
               WHERE job = ?1 AND resource = ?2 AND bucket = ?3 ORDER BY chunk";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query(params![job.0, resource, ALL_BUCKETS]).doing(doing)?;
    let mut ledger = Vec::new();
    while let Some(row) = rows.next().doing(doing)? {
        let (of_org, it) = sound_ledger_row(row, job, resource)?;
        if of_org == org {
            // Chunks are numbered as they are committed: a gap is a row that the file no longer gives.
            if it.chunk as usize != ledger.len() {
                let what = format!("the ledger of job {job}, resource {resource} (chunk {} is missing)", ledger.len());
                return Err(Error::Damaged { what });
            }
            ledger.push(it);
        }
    }
    Ok(ledger)
}

/// The ledger row of one chunk.
pub(super) fn ledger_chunk(
    tx: &Transaction<'_>,
    org: OrgId,
    job: JobId,
    resource: u16,
    chunk: u32,
) -> Result<Option<LedgerRow>, Error> {
    let doing = "reading the ledger";
    let sql = "SELECT chunk, rows_through, added, updated, skipped, verdicts, checksum, org FROM ledger
               WHERE job = ?1 AND resource = ?2 AND chunk = ?3 AND bucket = ?4";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let mut rows = statement.query(params![job.0, resource, chunk, ALL_BUCKETS]).doing(doing)?;
    let Some(row) = rows.next().doing(doing)? else { return Ok(None) };
    let (of_org, it) = sound_ledger_row(row, job, resource)?;
    Ok((of_org == org).then_some(it))
}

/// A ledger row that matches its checksum, and whose it is.
fn sound_ledger_row(row: &rusqlite::Row<'_>, job: JobId, resource: u16) -> Result<(OrgId, LedgerRow), Error> {
    let stored = ledger_row(row, job, resource).ok();
    let sound = stored.filter(|(org, it, checksum)| ledger_checksum(*org, ALL_BUCKETS, it) == *checksum);
    let damaged = || Error::Damaged { what: format!("a ledger row of job {job}, resource {resource}") };
    sound.map(|(org, it, _)| (org, it)).ok_or_else(damaged)
}

fn ledger_row(row: &rusqlite::Row<'_>, job: JobId, resource: u16) -> rusqlite::Result<(OrgId, LedgerRow, u32)> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let counts = Counts { added: number(2)?, updated: number(3)?, skipped: number(4)? };
    let (chunk, rows_through, verdicts) = (row.get(0)?, number(1)?, row.get(5)?);
    Ok((OrgId(row.get(7)?), LedgerRow { job, resource, chunk, rows_through, counts, verdicts }, row.get(6)?))
}
