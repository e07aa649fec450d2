//! Rows of the control file that have outlived their time.

use bulkwright_engine::ids::{IdBlock, JobId, OrgId};
use rusqlite::{Row, ToSql, Transaction, params};

use crate::Error;
use crate::sqlite::sql::Doing;
use crate::sqlite::{jobs, seal};

/// A table whose rows end at a time of their own.
pub(super) struct Ending {
    pub(super) table: &'static str,
    key: &'static str,
}

/// All of them.
pub(super) const ENDING: [Ending; 3] = [
    Ending { table: "token", key: "kind, hash" },
    Ending { table: "code", key: "hash" },
    Ending { table: ANSWERS, key: "org, client_id, operation, key" },
];
pub(super) const ANSWERS: &str = "answer";

impl Ending {
    /// Rows that have ended.
    pub(super) fn count(&self, tx: &Transaction<'_>, now: i64) -> Result<u64, Error> {
        let sql = format!("SELECT count(*) FROM {} WHERE expires_at <= ?1", self.table);
        tx.query_row(&sql, [now], |row| row.get::<_, i64>(0)).doing("counting what has ended").map(i64::cast_unsigned)
    }

    /// Removes some of them, and answers how many.
    pub(super) fn remove(&self, tx: &Transaction<'_>, now: i64, limit: u32) -> Result<u64, Error> {
        let Ending { table, key } = self;
        let sql =
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires_at <= ?1 LIMIT ?2)");
        tx.execute(&sql, params![now, limit]).doing("sweeping what has ended").map(|gone| gone as u64)
    }
}

/// Jobs after one whose result is old, by id, with its blob.
pub(super) fn old_results(
    tx: &Transaction<'_>,
    through: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<(JobId, String)>, Error> {
    let sql = "SELECT id, result_blob FROM job
               WHERE id > ?2 AND state >= 2 AND NOT fixed AND finished_at <= ?1 AND result_blob IS NOT NULL
               ORDER BY id LIMIT ?3";
    all(tx, "looking for old results", sql, params![through, after, limit], |row| Ok((JobId(row.get(0)?), row.get(1)?)))
}

/// These jobs have no result any more. Answers those that now have none: a damaged row is for `verify` to name.
pub(super) fn forget_results(
    tx: &Transaction<'_>,
    results: Vec<(JobId, String)>,
) -> Result<Vec<(JobId, String)>, Error> {
    let set = "result_blob = NULL, result_bytes = NULL, result_sha256 = NULL";
    let mut gone = Vec::new();
    for (job, blob) in results {
        match seal::JOB.update(tx, "sweeping results", params![job.0], set, &[]) {
            Ok(_) => gone.push((job, blob)),
            Err(Error::Damaged { what }) => tracing::warn!(what, "a result cannot be swept: its job is damaged"),
            Err(error) => return Err(error),
        }
    }
    Ok(gone)
}

/// Old jobs after one, by id, with the blobs of results that are not old themselves. One whose delivery is pending stays.
pub(super) fn old_jobs(
    tx: &Transaction<'_>,
    through: i64,
    results_through: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<(JobId, OrgId, Option<String>)>, Error> {
    let sql = "SELECT id, org, CASE WHEN finished_at > ?4 THEN result_blob END FROM job
               WHERE id > ?2 AND state >= 2 AND NOT fixed AND finished_at <= ?1
                   AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.job = job.id AND outbox.state = 0)
               ORDER BY id LIMIT ?3";
    all(tx, "looking for old jobs", sql, params![through, after, limit, results_through], |row| {
        Ok((JobId(row.get(0)?), OrgId(row.get(1)?), row.get(2)?))
    })
}

/// The blocks of a job's resources, by their place.
pub(super) fn blocks(tx: &Transaction<'_>, org: OrgId, job: JobId) -> Result<Vec<Option<IdBlock>>, Error> {
    let job = jobs::get(tx, org, job)?;
    Ok(job.map_or_else(Vec::new, |job| job.resources.iter().map(|resource| resource.block).collect()))
}

/// Removes a job with all that hangs on it.
pub(super) fn remove_job(tx: &Transaction<'_>, job: JobId) -> Result<(), Error> {
    for sql in [
        "DELETE FROM attempt WHERE job = ?1",
        "DELETE FROM outbox WHERE job = ?1",
        "DELETE FROM job_resource WHERE job = ?1",
        "DELETE FROM job WHERE id = ?1",
    ] {
        tx.execute(sql, [job.0]).doing("sweeping jobs")?;
    }
    Ok(())
}

/// Old uploads after one, by id, with their blobs. What an unfinished or a fixed job needs stays.
pub(super) fn old_uploads(
    tx: &Transaction<'_>,
    through: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, String)>, Error> {
    let sql =
        format!("SELECT id, blob FROM upload WHERE id > ?2 AND created_at <= ?1 AND {UNUSED} ORDER BY id LIMIT ?3");
    all(tx, "looking for old uploads", &sql, params![through, after, limit], |row| Ok((row.get(0)?, row.get(1)?)))
}

const UNUSED: &str = "id NOT IN (SELECT file FROM job_resource
    WHERE job IN (SELECT id FROM job WHERE state < 2 UNION ALL SELECT id FROM job WHERE fixed))";

/// Removes those of the uploads that no job has begun to need meanwhile, and answers them.
pub(super) fn remove_uploads(tx: &Transaction<'_>, uploads: &[(i64, String)]) -> Result<Vec<(i64, String)>, Error> {
    let doing = "sweeping uploads";
    let sql = format!("DELETE FROM upload WHERE id = ?1 AND {UNUSED}");
    let mut statement = tx.prepare(&sql).doing(doing)?;
    let mut gone = Vec::new();
    for (id, blob) in uploads {
        if statement.execute([id]).doing(doing)? == 1 {
            gone.push((*id, blob.clone()));
        }
    }
    Ok(gone)
}

/// Those of the jobs that are not there any more.
pub(super) fn gone(tx: &Transaction<'_>, noted: Vec<(OrgId, i64)>) -> Result<Vec<(OrgId, i64)>, Error> {
    let doing = "looking for jobs that are gone";
    let mut statement = tx.prepare("SELECT 1 FROM job WHERE id = ?1").doing(doing)?;
    let mut gone = Vec::new();
    for (org, job) in noted {
        if !statement.exists([job]).doing(doing)? {
            gone.push((org, job));
        }
    }
    Ok(gone)
}

fn all<T>(
    tx: &Transaction<'_>,
    doing: &'static str,
    sql: &str,
    values: &[&dyn ToSql],
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    statement.query_map(values, read).doing(doing)?.collect::<rusqlite::Result<_>>().doing(doing)
}
