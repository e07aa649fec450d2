//! Jobs as they are read.

use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, UserId};
use bulkwright_engine::verdict::Counts;
use rusqlite::{Row, Transaction, params};

use crate::Error;
use crate::model::{BlobSum, Callback, Failure, Job, JobResource, Rest};
use crate::sqlite::sql::Doing;
use crate::sqlite::{seal, stored};

const DOING: &str = "reading a job";

/// A job of an organisation.
pub(in crate::sqlite) fn get(tx: &Transaction<'_>, org: OrgId, id: JobId) -> Result<Option<Job>, Error> {
    let in_org = |row: &Row<'_>| of_row(tx, row, |job| job.org == org);
    Ok(seal::JOB.all(tx, DOING, "WHERE id = ?1", params![id.0], 1, in_org)?.pop())
}

/// The job of a row that was compared with its seal, if it is wanted.
pub(super) fn of_row(
    tx: &Transaction<'_>,
    row: &Row<'_>,
    wanted: impl FnOnce(&Job) -> bool,
) -> Result<Option<Job>, Error> {
    let Some(job) = Some(job(row).doing(DOING)?).filter(wanted) else { return Ok(None) };
    let expected: u32 = row.get("resources").doing(DOING)?;
    let filter = "WHERE job = ?1 ORDER BY place";
    let read = |row: &Row<'_>| resource(row).doing(DOING).map(Some);
    let resources = seal::JOB_RESOURCE.all(tx, DOING, filter, params![job.id.0], u32::MAX, read)?;
    if resources.len() == expected as usize {
        return Ok(Some(Job { resources, ..job }));
    }
    Err(Error::Damaged { what: format!("a resource of job {}", job.id) })
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let callback = row.get::<_, Option<String>>("callback_url")?.zip(row.get("callback_method")?);
    let rest = row.get::<_, Option<i64>>("rest_until")?.zip(row.get("rest_cause")?);
    Ok(Job {
        id: JobId(row.get("id")?),
        org: OrgId(row.get("org")?),
        created_by: UserId(row.get("created_by")?),
        created_at: row.get("created_at")?,
        operation: stored::known(row, "operation", stored::operation)?,
        ignore_empty: row.get("ignore_empty")?,
        charset: row.get("charset")?,
        version: row.get("version")?,
        callback: callback.map(|(url, method)| Callback { url, method }),
        resources: Vec::new(),
        state: stored::known(row, "state", stored::state)?,
        result_blob: row.get("result_blob")?,
        result_sum: result_sum(row)?,
        result_url: row.get("result_url")?,
        fixed: row.get("fixed")?,
        attempt: row.get("attempt")?,
        started_at: row.get("started_at")?,
        finished_at: row.get("finished_at")?,
        failures: row.get("failures")?,
        deaths: row.get("deaths")?,
        rest: rest.map(|(until, cause)| Rest { until, cause }),
    })
}

fn result_sum(row: &Row<'_>) -> rusqlite::Result<Option<BlobSum>> {
    let sum = row.get::<_, Option<i64>>("result_bytes")?.zip(row.get("result_sha256")?);
    Ok(sum.map(|(bytes, sha256)| BlobSum { bytes: bytes.cast_unsigned(), sha256 }))
}

fn resource(row: &Row<'_>) -> rusqlite::Result<JobResource> {
    let mappings: String = row.get("mappings")?;
    let failure = row.get::<_, Option<String>>("failure_code")?.zip(row.get("failure_message")?);
    let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(JobResource {
        block: block(row)?,
        kind: row.get("kind")?,
        module: row.get("module")?,
        file: FileId(row.get("file")?),
        find_by: row.get("find_by")?,
        ignore_empty: row.get("ignore_empty")?,
        mappings: stored::mappings(&mappings).map_err(unreadable)?,
        csv_name: row.get("csv_name")?,
        state: stored::known(row, "state", stored::state)?,
        counts: Counts { added: count("added")?, updated: count("updated")?, skipped: count("skipped")? },
        failure: failure.map(|(code, message)| Failure { code, message }),
    })
}

/// The ids of a resource, once reserved.
pub(super) fn block(row: &Row<'_>) -> rusqlite::Result<Option<IdBlock>> {
    let both = row.get::<_, Option<i64>>("block_start")?.zip(row.get::<_, Option<i64>>("block_size")?);
    Ok(both.map(|(start, size)| IdBlock { start: start.cast_unsigned(), size: size.cast_unsigned() }))
}

fn unreadable(error: serde_json::Error) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(error))
}
