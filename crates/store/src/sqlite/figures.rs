//! What the store holds, in numbers.

use std::path::Path;

use fs_err as fs;
use rusqlite::Transaction;

use super::sql::Doing;
use crate::Error;
use crate::model::{Figures, JobState};

const DOING: &str = "counting jobs";

/// Files of the databases, with those that SQLite keeps beside them.
const FILES: [&str; 5] = ["records.db", "records.db-journal", "control.db", "control.db-wal", "control.db-shm"];

/// Reads the control file and asks the disk.
pub(super) fn read(tx: &Transaction<'_>, directory: &Path) -> Result<Figures, Error> {
    let states = [JobState::Added, JobState::InProgress, JobState::Completed, JobState::Failed];
    let mut jobs = [0; 4];
    for (state, count) in states.into_iter().zip(&mut jobs) {
        *count = number(tx, "SELECT count(*) FROM job WHERE state = ?1", super::stored::state_number(state))?;
    }
    let sql = "SELECT min(created_at) FROM job WHERE state < 2 AND worker IS NULL";
    Ok(Figures {
        jobs,
        oldest_waiting: tx.query_row(sql, [], |row| row.get(0)).doing(DOING)?,
        deliveries_pending: number(tx, "SELECT count(*) FROM outbox WHERE state = ?1", 0)?,
        database_bytes: FILES
            .iter()
            .filter_map(|file| fs::metadata(directory.join(file)).ok())
            .map(|it| it.len())
            .sum(),
        free_bytes: free_bytes(directory),
    })
}

/// Bytes that an ordinary user can still write to the disk under a directory.
pub(super) fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

fn number(tx: &Transaction<'_>, sql: &str, parameter: i64) -> Result<u64, Error> {
    tx.query_row(sql, [parameter], |row| row.get::<_, i64>(0)).doing(DOING).map(i64::cast_unsigned)
}
