//! Jobs as they are read.

use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, UserId};
use bulkwright_engine::verdict::Counts;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use crate::Error;
use crate::model::{Callback, Failure, Job, JobResource, JobState, Rest};
use crate::sqlite::sql::Doing;
use crate::sqlite::stored;

const DOING: &str = "reading a job";

/// A job of an organisation.
pub(in crate::sqlite) fn get(tx: &Transaction<'_>, org: OrgId, id: JobId) -> Result<Option<Job>, Error> {
    let sql = "SELECT id, org, created_by, created_at, operation, ignore_empty, charset, version, callback_url,
                   callback_method, state, result_blob, result_url, fixed, attempt, started_at, finished_at, failures, deaths,
                   rest_until, rest_cause
               FROM job WHERE id = ?1 AND org = ?2";
    let mut statement = tx.prepare_cached(sql).doing(DOING)?;
    let found = statement.query_row(params![id.0, org.0], job).optional().doing(DOING)?;
    let Some(job) = found else { return Ok(None) };
    Ok(Some(Job { resources: resources(tx, id)?, ..job }))
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let callback = row.get::<_, Option<String>>(8)?.zip(row.get(9)?).map(|(url, method)| Callback { url, method });
    Ok(Job {
        id: JobId(row.get(0)?),
        org: OrgId(row.get(1)?),
        created_by: UserId(row.get(2)?),
        created_at: row.get(3)?,
        operation: known(row, 4, stored::operation)?,
        ignore_empty: row.get(5)?,
        charset: row.get(6)?,
        version: row.get(7)?,
        callback,
        resources: Vec::new(),
        state: state(row, 10)?,
        result_blob: row.get(11)?,
        result_url: row.get(12)?,
        fixed: row.get(13)?,
        attempt: row.get(14)?,
        started_at: row.get(15)?,
        finished_at: row.get(16)?,
        failures: row.get(17)?,
        deaths: row.get(18)?,
        rest: row.get::<_, Option<i64>>(19)?.zip(row.get(20)?).map(|(until, cause)| Rest { until, cause }),
    })
}

fn resources(tx: &Transaction<'_>, job: JobId) -> Result<Vec<JobResource>, Error> {
    let sql = "SELECT block_start, block_size, kind, module, file, find_by, ignore_empty, mappings, csv_name, state,
                   added, updated, skipped, failure_code, failure_message
               FROM job_resource WHERE job = ?1 ORDER BY place";
    let mut statement = tx.prepare_cached(sql).doing(DOING)?;
    let rows = statement.query_map([job.0], resource).doing(DOING)?;
    rows.collect::<rusqlite::Result<_>>().doing(DOING)
}

fn resource(row: &Row<'_>) -> rusqlite::Result<JobResource> {
    let mappings: String = row.get(7)?;
    let failure = row.get::<_, Option<String>>(13)?.zip(row.get(14)?);
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(JobResource {
        block: block(row)?,
        kind: row.get(2)?,
        module: row.get(3)?,
        file: FileId(row.get(4)?),
        find_by: row.get(5)?,
        ignore_empty: row.get(6)?,
        mappings: stored::mappings(&mappings).map_err(|error| unreadable(7, error))?,
        csv_name: row.get(8)?,
        state: state(row, 9)?,
        counts: Counts { added: count(10)?, updated: count(11)?, skipped: count(12)? },
        failure: failure.map(|(code, message)| Failure { code, message }),
    })
}

/// The block in the first two columns.
pub(super) fn block(row: &Row<'_>) -> rusqlite::Result<Option<IdBlock>> {
    let both = row.get::<_, Option<i64>>(0)?.zip(row.get::<_, Option<i64>>(1)?);
    Ok(both.map(|(start, size)| IdBlock { start: start.cast_unsigned(), size: size.cast_unsigned() }))
}

fn state(row: &Row<'_>, column: usize) -> rusqlite::Result<JobState> {
    known(row, column, stored::state)
}

fn known<T>(row: &Row<'_>, column: usize, of: impl Fn(i64) -> Option<T>) -> rusqlite::Result<T> {
    let number: i64 = row.get(column)?;
    of(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(column, number))
}

fn unreadable(column: usize, error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}
