//! Connections to one file, and how work gets onto them.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

use super::directory::DirectoryLock;
use super::sql::Doing;
use super::{Durability, RecordsLayout};
use crate::Error;
use crate::failure::{FailurePoints, Moment};

/// Page cache of the connection that writes records. Bulk inserts touch every leaf of the key tree in each chunk: what
/// does not fit is read again.
const RECORDS_WRITER_CACHE_KIB: u32 = 96 * 1024;
/// Pages that a transaction may hold beyond that before it spills. One that spills locks readers out before it
/// commits, so chunks of up to 56 MiB of inserts and 25,000 scattered updates stay below or near it; what is larger must
/// not take memory without end.
const RECORDS_WRITER_SPILL_KIB: u32 = 160 * 1024;
/// Page cache of every other connection.
const SMALL_CACHE_KIB: u32 = 2 * 1024;
/// Statements a connection keeps prepared: more than there are different ones.
const STATEMENTS_MAX: usize = 64;

/// How long a lock is waited for. A reader waits while a chunk is written and synced, the writer while others read,
/// which a person with the `sqlite3` shell can drag out: so it is as long as a job may take.
const LOCK_WAIT_MAX: Duration = Duration::from_secs(3600);
/// Time between two tries for a lock, after the first few.
const LOCK_RETRY: Duration = Duration::from_millis(10);
/// How often a wait for a lock is told of.
const LOCK_WARNING: Duration = Duration::from_secs(5);

/// How a file is opened.
pub(super) struct Access {
    pub(super) path: PathBuf,
    pub(super) role: Role,
    pub(super) durability: Durability,
    pub(super) failure_points: FailurePoints,
}

/// What a connection is for.
#[derive(Clone, Copy)]
pub(super) enum Role {
    /// The one that writes `records.db`.
    RecordsWriter(RecordsLayout),
    /// The one that writes `control.db`.
    ControlWriter,
    /// One that only reads either.
    Reader,
}

impl Access {
    /// Opens a connection in its role.
    pub(super) fn open(&self) -> Result<Connection, Error> {
        // No SQLITE_OPEN_READ_ONLY for readers: the first one after a crash may have to roll a journal back.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags).doing("opening a database")?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        connection.busy_handler(Some(lock_wait(self.path.clone()))).doing("opening a database")?;
        connection.execute_batch(&self.settings()).doing("opening a database")?;
        Ok(connection)
    }

    fn settings(&self) -> String {
        let synchronous = match self.durability {
            Durability::Durable => "FULL",
            Durability::Temporary => "OFF",
        };
        let small = format!("PRAGMA cache_size = -{SMALL_CACHE_KIB}; PRAGMA temp_store = MEMORY;");
        // `synchronous` before `journal_mode`, which writes.
        match self.role {
            Role::Reader => format!("{small} PRAGMA query_only = ON;"),
            Role::ControlWriter => {
                format!("{small} PRAGMA synchronous = {synchronous}; PRAGMA journal_mode = WAL;")
            }
            Role::RecordsWriter(RecordsLayout { page_bytes }) => {
                let spill_pages = u64::from(RECORDS_WRITER_SPILL_KIB) * 1024 / u64::from(page_bytes);
                format!(
                    "PRAGMA page_size = {page_bytes}; PRAGMA synchronous = {synchronous};
                     PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = -{RECORDS_WRITER_CACHE_KIB};
                     PRAGMA cache_spill = {spill_pages}; PRAGMA temp_store = MEMORY;"
                )
            }
        }
    }
}

/// Some connections of one role to one file, opened when first needed, and the blocking threads they run on.
pub(super) struct Connections {
    access: Access,
    idle: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
    /// Work that outlives the store still holds the directory.
    _lock: Arc<DirectoryLock>,
}

impl Connections {
    /// At most `most` connections.
    pub(super) fn new(access: Access, most: usize, lock: Arc<DirectoryLock>) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(most));
        Arc::new(Connections { access, idle: Mutex::default(), permits, _lock: lock })
    }

    /// Exactly the one that is open already.
    pub(super) fn with(connection: Connection, access: Access, lock: Arc<DirectoryLock>) -> Arc<Self> {
        let one = Connections::new(access, 1, lock);
        one.idle().push(connection);
        one
    }

    /// One more connection, for long work that must not keep those waiting that read.
    pub(super) fn open_another(&self) -> Result<Connection, Error> {
        self.access.open()
    }

    /// Where tests make work on the file fail.
    pub(super) fn failure_points(&self) -> &FailurePoints {
        &self.access.failure_points
    }

    /// Runs `work` in a transaction that only reads and is over when this returns.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(TransactionBehavior::Deferred, doing, work).await
    }

    /// Runs `work` in a transaction that is committed if it succeeds and rolled back if it fails.
    pub(super) async fn write<T: Send + 'static>(
        self: &Arc<Self>,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.run(TransactionBehavior::Immediate, doing, work).await
    }

    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        behavior: TransactionBehavior,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|closed| Error::failed(doing, closed))?;
        let connections = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            connections.run_here(behavior, doing, work)
        });
        task.await.map_err(|panicked| Error::failed(doing, panicked))?
    }

    fn run_here<T>(
        &self,
        behavior: TransactionBehavior,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| self.access.open(), Ok)?;
        let outcome = match behavior {
            TransactionBehavior::Deferred => in_transaction(&mut connection, behavior, doing, work),
            _ => committed(&mut connection, &self.access.failure_points, doing, work),
        };
        // A transaction that could not even be rolled back would fail everything that comes after it on this connection.
        if connection.is_autocommit() {
            self.idle().push(connection);
        }
        outcome
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        // A panic between push and pop cannot leave the list half changed.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `work` in a transaction: committed if it succeeds, rolled back if it fails.
pub(super) fn in_transaction<T, E: From<Error>>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    doing: &'static str,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction_with_behavior(behavior).doing(doing)?;
    let answer = work(&transaction)?;
    transaction.commit().doing(doing)?;
    Ok(answer)
}

/// Runs `work` in a transaction that writes, past the failure points of a commit.
pub(super) fn committed<T, E: From<Error>>(
    connection: &mut Connection,
    points: &FailurePoints,
    doing: &'static str,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    points.pass(doing, Moment::Before)?;
    let answer = in_transaction(connection, TransactionBehavior::Immediate, doing, |tx| -> Result<T, E> {
        let answer = work(tx)?;
        points.pass(doing, Moment::BeforeCommit)?;
        Ok(answer)
    })?;
    points.pass(doing, Moment::AfterCommit)?;
    Ok(answer)
}

/// Waits for a lock that another connection holds, and tells of it when that takes long.
fn lock_wait(path: PathBuf) -> impl FnMut(i32) -> bool + Send + 'static {
    let mut waited = Duration::ZERO;
    let mut told = Duration::ZERO;
    move |tries| {
        if tries == 0 {
            (waited, told) = (Duration::ZERO, Duration::ZERO);
        }
        let pause = LOCK_RETRY.min(Duration::from_micros(100 << tries.min(7)));
        thread::sleep(pause);
        waited += pause;
        if waited - told >= LOCK_WARNING {
            told = waited;
            tracing::warn!(file = %path.display(), waited_ms = waited.as_millis() as u64,
                "waiting for a lock on the database; another program that reads it may be holding it");
        }
        waited < LOCK_WAIT_MAX
    }
}
