//! What the control file says, read from a copy of it while no server runs.
//!
//! It answers what no answer told: whether a job whose create was cut off exists. And it holds a server to its word:
//! what was answered is there, a block of ids stays, an end is an end.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};

/// States of a job as the file numbers them.
const ADDED: i64 = 0;
const COMPLETED: i64 = 2;

/// A job as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredJob {
    pub(crate) id: String,
    pub(crate) file_id: String,
    pub(crate) created_at: i64,
    pub(crate) begun: bool,
    pub(crate) ended: bool,
    /// Whether a process had taken it.
    pub(crate) held: bool,
    /// Where its block of ids begins, once it has one.
    pub(crate) block_start: Option<i64>,
    pub(crate) rows_counted: i64,
}

/// Reads all jobs, in the order in which they run.
pub(crate) fn jobs(data: &Path) -> anyhow::Result<Vec<StoredJob>> {
    let copy = tempfile::tempdir()?;
    for name in ["control.db", "control.db-wal"] {
        match fs_err::copy(data.join(name), copy.path().join(name)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            copied => drop(copied?),
        }
    }
    if !copy.path().join("control.db").exists() {
        return Ok(Vec::new());
    }
    let connection = Connection::open(copy.path().join("control.db"))?;
    let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'job_resource'";
    if connection.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    let sql = "SELECT job.id, file, created_at, job.state, block_start, added + updated + skipped,
                   worker IS NOT NULL
               FROM job JOIN job_resource ON job.id = job_resource.job ORDER BY created_at, job.id";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(StoredJob {
            id: row.get::<_, i64>(0)?.to_string(),
            file_id: row.get::<_, i64>(1)?.to_string(),
            created_at: row.get(2)?,
            begun: row.get::<_, i64>(3)? > ADDED,
            ended: row.get::<_, i64>(3)? >= COMPLETED,
            held: row.get(6)?,
            block_start: row.get(4)?,
            rows_counted: row.get(5)?,
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().context("control.db cannot be read")
}

/// How many uploads there are, from the control file of a server that has ended.
pub(crate) fn uploads(data: &Path) -> anyhow::Result<usize> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(data.join("control.db"), flags)?;
    let count: i64 = connection.query_row("SELECT count(*) FROM upload", [], |row| row.get(0))?;
    Ok(usize::try_from(count)?)
}

/// Ids and versions of all records, in the order of ids, from the records file of a server that has ended.
pub(crate) fn versions(data: &Path) -> anyhow::Result<Vec<(i64, i64)>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(data.join("records.db"), flags)?;
    let mut statement = connection.prepare("SELECT id, version FROM record ORDER BY id")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect::<rusqlite::Result<_>>().context("records.db cannot be read")
}

/// The last row of each chunk of the only job, from the records file of a server that has ended.
pub(crate) fn chunk_ends(data: &Path) -> anyhow::Result<Vec<i64>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let connection = Connection::open_with_flags(data.join("records.db"), flags)?;
    let mut statement = connection.prepare("SELECT rows_through FROM ledger ORDER BY chunk")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect::<rusqlite::Result<_>>().context("records.db cannot be read")
}

/// Remembers what was seen of jobs, and tells what contradicts it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    seen: BTreeMap<String, StoredJob>,
}

impl Memory {
    /// Takes in a look at the file; answers what it contradicts.
    pub(crate) fn see(&mut self, jobs: &[StoredJob]) -> Vec<String> {
        let mut wrong = Vec::new();
        let found: BTreeMap<&str, &StoredJob> = jobs.iter().map(|job| (job.id.as_str(), job)).collect();
        for (id, before) in &self.seen {
            match found.get(id.as_str()) {
                None => wrong.push(format!("job {id} is gone")),
                Some(now) if before.ended && !now.ended => wrong.push(format!("job {id} had ended and runs again")),
                Some(now) if before.block_start.is_some() && now.block_start != before.block_start => {
                    wrong.push(format!("job {id} lost its block of ids for another one"));
                }
                Some(_) => {}
            }
        }
        self.seen.extend(jobs.iter().map(|job| (job.id.clone(), job.clone())));
        wrong
    }

    /// The block that a job had when it was last seen.
    pub(crate) fn block_start(&self, id: &str) -> Option<i64> {
        self.seen.get(id)?.block_start
    }
}
