//! Jobs: the queue, its claims, and how a job ends.
//!
//! A claim holds a job while its attempt is the job's last one and a worker is named. Whoever claims next raises the
//! attempt; releasing, finishing and a new process take the worker's name away. Each write looks at both first, in its
//! own transaction.

use bulkwright_engine::ids::{IdBlock, JobId, OrgId};
use bulkwright_engine::verdict::Counts;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::connections::committed;
use super::sql::{self, Doing, draw_block};
use super::{outbox, stored};
use crate::Error;
use crate::failure::FailurePoints;
use crate::model::{Claim, Finish, Job, JobResource, JobState, JobsQuery, NewJob, Postponed, Rest};

mod read;

pub(super) use read::get;

/// At start: no process but this one can hold a job, so what is held was held by one that died. If that was a single
/// job, its death is noted, in a row with those before it unless chunks were committed since.
pub(super) fn take_over(
    connection: &mut Connection,
    points: &FailurePoints,
    chunks_settled: impl Fn(JobId) -> Result<i64, Error>,
) -> Result<(), Error> {
    let doing = "taking over from the process before";
    committed(connection, points, doing, |tx| {
        let mut statement = tx.prepare("SELECT id FROM job WHERE state < 2 AND worker IS NOT NULL").doing(doing)?;
        let held = statement.query_map([], |row| Ok(JobId(row.get(0)?))).doing(doing)?;
        if let [job] = held.collect::<rusqlite::Result<Vec<_>>>().doing(doing)?[..] {
            let sql = "UPDATE job SET deaths = CASE WHEN chunks_at_death < ?2 THEN 0 ELSE deaths + 1 END,
                           chunks_at_death = ?2
                       WHERE id = ?1";
            tx.execute(sql, params![job.0, chunks_settled(job)?]).doing(doing)?;
        }
        let sql = "UPDATE job SET worker = NULL, lease_until = NULL, rest_until = NULL
                   WHERE state < 2 AND (worker IS NOT NULL OR rest_until IS NOT NULL)";
        tx.execute(sql, []).doing(doing).map(|_| ())
    })
}

/// Adds a job that waits.
pub(super) fn add(tx: &Transaction<'_>, new: NewJob) -> Result<Job, Error> {
    let doing = "adding a job";
    let id = match new.id {
        Some(id) => id,
        None => JobId(sql::draw_id(tx, sql::milliseconds(new.created_at))?),
    };
    let (callback_url, callback_method) = new.callback.as_ref().map(|it| (&it.url, &it.method)).unzip();
    tx.execute(
        "INSERT INTO job (id, org, created_by, created_at, operation, ignore_empty, charset, version, callback_url,
             callback_method, state, result_url, fixed, attempt)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 0)",
        params![
            id.0,
            new.org.0,
            new.created_by.0,
            new.created_at,
            stored::operation_number(new.operation),
            new.ignore_empty,
            new.charset,
            new.version,
            callback_url,
            callback_method,
            stored::state_number(JobState::Added),
            new.result_url,
            new.fixed,
        ],
    )
    .doing(doing)?;
    for (place, resource) in new.resources.iter().enumerate() {
        add_resource(tx, id, place, resource)?;
    }
    get(tx, new.org, id)?.ok_or_else(|| Error::failed(doing, "the job is not there after it was added"))
}

fn add_resource(tx: &Transaction<'_>, job: JobId, place: usize, resource: &JobResource) -> Result<(), Error> {
    let doing = "adding a resource of a job";
    let mappings = stored::mappings_json(&resource.mappings).map_err(|error| Error::failed(doing, error))?;
    tx.execute(
        "INSERT INTO job_resource (job, place, kind, module, file, find_by, ignore_empty, mappings, csv_name, state,
             added, updated, skipped)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 0)",
        params![
            job.0,
            place as i64,
            resource.kind,
            resource.module,
            resource.file.0,
            resource.find_by,
            resource.ignore_empty,
            mappings,
            resource.csv_name,
            stored::state_number(JobState::Added),
        ],
    )
    .doing(doing)?;
    Ok(())
}

/// Jobs, newest first.
pub(super) fn list(tx: &Transaction<'_>, query: &JobsQuery) -> Result<Vec<Job>, Error> {
    let doing = "listing jobs";
    let sql = "SELECT id, org FROM job
               WHERE (?1 IS NULL OR org = ?1) AND (?2 IS NULL OR state = ?2) AND id < ?3
               ORDER BY id DESC LIMIT ?4";
    let before = query.before.map_or(i64::MAX, |before| before.0);
    let values = params![query.org.map(|org| org.0), query.state.map(stored::state_number), before, query.limit];
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let found = statement.query_map(values, |row| Ok((JobId(row.get(0)?), OrgId(row.get(1)?)))).doing(doing)?;
    let found = found.collect::<rusqlite::Result<Vec<_>>>().doing(doing)?;
    found.into_iter().filter_map(|(id, org)| get(tx, org, id).transpose()).collect()
}

/// Takes the oldest job that waits or whose lease has ended, and that does not rest.
pub(super) fn claim(
    tx: &Transaction<'_>,
    worker: &str,
    now: i64,
    lease_until: i64,
) -> Result<Option<(Claim, Job)>, Error> {
    let doing = "claiming a job";
    let sql = "SELECT id, org FROM job
               WHERE state < 2 AND (worker IS NULL OR lease_until <= ?1) AND coalesce(rest_until, ?1) <= ?1
               ORDER BY created_at, id LIMIT 1";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let oldest = statement.query_row([now], |row| Ok((JobId(row.get(0)?), OrgId(row.get(1)?))));
    let Some((id, org)) = oldest.optional().doing(doing)? else { return Ok(None) };
    let sql = "UPDATE job SET state = ?2, worker = ?3, lease_until = ?4, attempt = attempt + 1, rest_until = NULL,
                   rest_cause = NULL, started_at = coalesce(started_at, ?5)
               WHERE id = ?1";
    let values = params![id.0, stored::state_number(JobState::InProgress), worker, lease_until, now];
    tx.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    let job = get(tx, org, id)?.ok_or_else(|| Error::failed(doing, "the job is not there after it was claimed"))?;
    Ok(Some((Claim { job: id, attempt: job.attempt }, job)))
}

/// Holds on to a claim and shows how far it is.
pub(super) fn progress(
    tx: &Transaction<'_>,
    claim: Claim,
    lease_until: i64,
    resource: u16,
    counts: Counts,
    charset: &str,
) -> Result<(), Error> {
    let doing = "writing a job's progress";
    check_held(tx, claim)?;
    let sql = "UPDATE job SET lease_until = ?2, charset = coalesce(nullif(?3, ''), charset) WHERE id = ?1";
    tx.prepare_cached(sql).doing(doing)?.execute(params![claim.job.0, lease_until, charset]).doing(doing)?;
    let sql = "UPDATE job_resource SET state = ?3, added = ?4, updated = ?5, skipped = ?6
               WHERE job = ?1 AND place = ?2";
    let state = stored::state_number(JobState::InProgress);
    let [added, updated, skipped] = count_columns(counts);
    let values = params![claim.job.0, resource, state, added, updated, skipped];
    let changed = tx.prepare_cached(sql).doing(doing)?.execute(values).doing(doing)?;
    expect_resource(changed, claim.job, resource.into(), doing)
}

/// Gives a claim back.
pub(super) fn release(tx: &Transaction<'_>, claim: Claim) -> Result<(), Error> {
    check_held(tx, claim)?;
    let sql = "UPDATE job SET worker = NULL, lease_until = NULL WHERE id = ?1";
    tx.execute(sql, [claim.job.0]).doing("releasing a job").map(|_| ())
}

/// Gives a claim back until the rest is over.
pub(super) fn postpone(tx: &Transaction<'_>, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
    check_held(tx, claim)?;
    let failures = match postponed {
        Postponed::Waiting => "failures",
        Postponed::Failed => "failures + 1",
        Postponed::FailedAfterProgress => "1",
    };
    let sql = format!(
        "UPDATE job SET worker = NULL, lease_until = NULL, rest_until = ?2, rest_cause = ?3, failures = {failures}
         WHERE id = ?1"
    );
    tx.execute(&sql, params![claim.job.0, rest.until, rest.cause]).doing("postponing a job").map(|_| ())
}

/// The ids of a resource, drawn the first time.
pub(super) fn reserve(
    tx: &Transaction<'_>,
    claim: Claim,
    resource: u16,
    size: u64,
    now_ms: i64,
) -> Result<IdBlock, Error> {
    let doing = "reserving ids";
    check_held(tx, claim)?;
    let sql = "SELECT block_start, block_size FROM job_resource WHERE job = ?1 AND place = ?2";
    let present = tx.query_row(sql, params![claim.job.0, resource], read::block).doing(doing)?;
    if let Some(block) = present {
        return Ok(block);
    }
    let block = draw_block(tx, size, now_ms)?;
    let sql = "UPDATE job_resource SET block_start = ?3, block_size = ?4, state = ?5 WHERE job = ?1 AND place = ?2";
    let (start, size) = (block.start.cast_signed(), block.size.cast_signed());
    let state = stored::state_number(JobState::InProgress);
    tx.execute(sql, params![claim.job.0, resource, start, size, state]).doing(doing)?;
    Ok(block)
}

/// Ends a job, and puts its callback into the outbox.
pub(super) fn finish(tx: &Transaction<'_>, claim: Claim, end: &Finish) -> Result<(), Error> {
    let doing = "finishing a job";
    assert!(matches!(end.state, JobState::Completed | JobState::Failed), "a job ends completed or failed");
    check_held(tx, claim)?;
    let sql = "UPDATE job SET state = ?2, result_blob = ?3, charset = coalesce(?4, charset), finished_at = ?5,
                   worker = NULL, lease_until = NULL, rest_cause = NULL
               WHERE id = ?1";
    let state = stored::state_number(end.state);
    tx.execute(sql, params![claim.job.0, state, end.result_blob, end.charset, end.finished_at]).doing(doing)?;
    let sql = "SELECT count(*) FROM job_resource WHERE job = ?1";
    let resources: i64 = tx.query_row(sql, [claim.job.0], |row| row.get(0)).doing(doing)?;
    assert_eq!(resources, end.resources.len() as i64, "a job ends with all of its resources");
    for (place, resource) in end.resources.iter().enumerate() {
        finish_resource(tx, claim.job, place, resource)?;
    }
    outbox::add(tx, claim.job, end.finished_at)
}

fn finish_resource(
    tx: &Transaction<'_>,
    job: JobId,
    place: usize,
    (state, counts, failure): &(JobState, Counts, Option<crate::model::Failure>),
) -> Result<(), Error> {
    let doing = "finishing a resource of a job";
    let sql = "UPDATE job_resource SET state = ?3, added = ?4, updated = ?5, skipped = ?6, failure_code = ?7,
                   failure_message = ?8
               WHERE job = ?1 AND place = ?2";
    let [added, updated, skipped] = count_columns(*counts);
    let (code, message) = failure.as_ref().map(|it| (&it.code, &it.message)).unzip();
    let state = stored::state_number(*state);
    let values = params![job.0, place as i64, state, added, updated, skipped, code, message];
    expect_resource(tx.execute(sql, values).doing(doing)?, job, place, doing)
}

fn expect_resource(changed: usize, job: JobId, place: usize, doing: &'static str) -> Result<(), Error> {
    if changed == 1 { Ok(()) } else { Err(Error::failed(doing, format!("job {job} has no resource {place}"))) }
}

fn check_held(tx: &Transaction<'_>, claim: Claim) -> Result<(), Error> {
    let sql = "SELECT 1 FROM job WHERE id = ?1 AND attempt = ?2 AND worker IS NOT NULL";
    let mut statement = tx.prepare_cached(sql).doing("checking a claim")?;
    let held = statement.exists(params![claim.job.0, claim.attempt]).doing("checking a claim")?;
    if held { Ok(()) } else { Err(Error::Fenced) }
}

fn count_columns(counts: Counts) -> [i64; 3] {
    [counts.added, counts.updated, counts.skipped].map(u64::cast_signed)
}
