//! Jobs: the queue, its claims, and how a job ends.
//!
//! A claim holds a job while its attempt is the job's last one and a worker is named. Whoever claims next raises the
//! attempt; releasing, finishing and a new process take the worker's name away. Each write looks at both first, in its
//! own transaction.

use bulkwright_engine::ids::{IdBlock, JobId};
use bulkwright_engine::verdict::Counts;
use rusqlite::{Connection, Row, Transaction, params};

use super::connections::committed;
use super::sql::{self, Doing, draw_block};
use super::{answers, outbox, seal, stored};
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
        let ids = |condition: &str| -> Result<Vec<JobId>, Error> {
            let mut statement =
                tx.prepare(&format!("SELECT id FROM job WHERE state < 2 AND ({condition})")).doing(doing)?;
            let found = statement.query_map([], |row| Ok(JobId(row.get(0)?))).doing(doing)?;
            found.collect::<rusqlite::Result<_>>().doing(doing)
        };
        if let [job] = ids("worker IS NOT NULL")?[..] {
            let set = "deaths = CASE WHEN chunks_at_death < ?2 THEN 0 ELSE deaths + 1 END, chunks_at_death = ?2";
            let settled = chunks_settled(job)?;
            unless_damaged(seal::JOB.update(tx, doing, &[&job.0], set, params![settled]))?;
        }
        for job in ids("worker IS NOT NULL OR rest_until IS NOT NULL")? {
            let set = "worker = NULL, lease_until = NULL, rest_until = NULL";
            unless_damaged(seal::JOB.update(tx, doing, &[&job.0], set, &[]))?;
        }
        Ok(())
    })
}

/// A job that is damaged stays as it is, and is passed over by whoever looks for work: the others go on.
fn unless_damaged(changed: Result<usize, Error>) -> Result<(), Error> {
    match changed {
        Err(Error::Damaged { what }) => {
            tracing::error!(what, "a job cannot go on: its row in control.db is damaged");
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

/// Adds a job that waits.
pub(super) fn add(tx: &Transaction<'_>, new: NewJob) -> Result<Job, Error> {
    let doing = "adding a job";
    answers::keep(tx, new.answer.as_ref(), new.created_at)?;
    let id = match new.id {
        Some(id) => id,
        None => JobId(sql::draw_id(tx, sql::milliseconds(new.created_at))?),
    };
    let (callback_url, callback_method) = new.callback.as_ref().map(|it| (&it.url, &it.method)).unzip();
    let sql =
        "INSERT INTO job (id, org, created_by, created_at, operation, ignore_empty, charset, version, callback_url,
                   callback_method, state, result_url, fixed, resources, attempt)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 0)";
    let values = params![
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
        new.resources.len() as i64,
    ];
    seal::JOB.insert(tx, doing, sql, values)?;
    for (place, resource) in new.resources.iter().enumerate() {
        add_resource(tx, id, place, resource)?;
    }
    get(tx, new.org, id)?.ok_or_else(|| Error::failed(doing, "the job is not there after it was added"))
}

fn add_resource(tx: &Transaction<'_>, job: JobId, place: usize, resource: &JobResource) -> Result<(), Error> {
    let doing = "adding a resource of a job";
    let mappings = stored::mappings_json(&resource.mappings).map_err(|error| Error::failed(doing, error))?;
    let sql =
        "INSERT INTO job_resource (job, place, kind, module, file, find_by, ignore_empty, mappings, csv_name, state,
                   added, updated, skipped)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, 0, 0)";
    let values = params![
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
    ];
    seal::JOB_RESOURCE.insert(tx, doing, sql, values).map(|_| ())
}

/// Jobs, newest first.
pub(super) fn list(tx: &Transaction<'_>, query: &JobsQuery) -> Result<Vec<Job>, Error> {
    let doing = "listing jobs";
    let before = query.before.map_or(i64::MAX, |before| before.0);
    // Asked of the jobs, not of the file: one whose columns are damaged must not be passed over in silence.
    let wanted =
        |job: &Job| query.org.is_none_or(|org| org == job.org) && query.state.is_none_or(|state| state == job.state);
    seal::JOB.all(tx, doing, "WHERE id < ?1 ORDER BY id DESC", params![before], query.limit, |row| {
        read::of_row(tx, row, wanted)
    })
}

/// Takes the oldest job that waits or whose lease has ended, and that does not rest.
pub(super) fn claim(
    tx: &Transaction<'_>,
    worker: &str,
    now: i64,
    lease_until: i64,
) -> Result<Option<(Claim, Job)>, Error> {
    let doing = "claiming a job";
    let filter = "WHERE state < 2 AND (worker IS NULL OR lease_until <= ?1) AND coalesce(rest_until, ?1) <= ?1
                  ORDER BY created_at, id";
    let found = seal::JOB.sound(tx, doing, filter, params![now], 1, |row| {
        let waits = |job: &Job| matches!(job.state, JobState::Added | JobState::InProgress);
        // The query took that from the index of waiting jobs.
        let job =
            read::of_row(tx, row, waits)?.ok_or_else(|| Error::Damaged { what: "the queue of jobs".to_owned() })?;
        Ok(Some((job.id, job.org)))
    })?;
    let Some(&(id, org)) = found.first() else { return Ok(None) };
    let set = "state = ?2, worker = ?3, lease_until = ?4, attempt = attempt + 1, rest_until = NULL, rest_cause = NULL,
               started_at = coalesce(started_at, ?5)";
    let values = params![stored::state_number(JobState::InProgress), worker, lease_until, now];
    seal::JOB.update(tx, doing, &[&id.0], set, values)?;
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
    let set = "lease_until = ?2, charset = coalesce(nullif(?3, ''), charset)";
    seal::JOB.update(tx, doing, &[&claim.job.0], set, params![lease_until, charset])?;
    let set = "state = ?3, added = ?4, updated = ?5, skipped = ?6";
    let [added, updated, skipped] = count_columns(counts);
    let values = params![stored::state_number(JobState::InProgress), added, updated, skipped];
    let changed = seal::JOB_RESOURCE.update(tx, doing, &[&claim.job.0, &resource], set, values)?;
    expect_resource(changed, claim.job, resource.into(), doing)
}

/// Gives a claim back.
pub(super) fn release(tx: &Transaction<'_>, claim: Claim) -> Result<(), Error> {
    check_held(tx, claim)?;
    let set = "worker = NULL, lease_until = NULL";
    seal::JOB.update(tx, "releasing a job", &[&claim.job.0], set, &[]).map(|_| ())
}

/// Gives a claim back until the rest is over.
pub(super) fn postpone(tx: &Transaction<'_>, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
    check_held(tx, claim)?;
    let failures = match postponed {
        Postponed::Waiting => "failures",
        Postponed::Failed => "failures + 1",
        Postponed::FailedAfterProgress => "1",
    };
    let set = format!("worker = NULL, lease_until = NULL, rest_until = ?2, rest_cause = ?3, failures = {failures}");
    let values = params![rest.until, rest.cause];
    seal::JOB.update(tx, "postponing a job", &[&claim.job.0], &set, values).map(|_| ())
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
    let key = params![claim.job.0, resource];
    let present = seal::JOB_RESOURCE.first(tx, doing, "WHERE job = ?1 AND place = ?2", key, read::block)?;
    let present = present.ok_or_else(|| no_resource(claim.job, resource.into(), doing))?;
    if let Some(block) = present {
        return Ok(block);
    }
    let block = draw_block(tx, size, now_ms)?;
    let state = stored::state_number(JobState::InProgress);
    let values = params![block.start.cast_signed(), block.size.cast_signed(), state];
    seal::JOB_RESOURCE.update(tx, doing, key, "block_start = ?3, block_size = ?4, state = ?5", values)?;
    Ok(block)
}

/// Ends a job, and puts its callback into the outbox.
pub(super) fn finish(tx: &Transaction<'_>, claim: Claim, end: &Finish) -> Result<(), Error> {
    let doing = "finishing a job";
    assert!(matches!(end.state, JobState::Completed | JobState::Failed), "a job ends completed or failed");
    check_held(tx, claim)?;
    let set = "state = ?2, result_blob = ?3, result_bytes = ?4, result_sha256 = ?5, charset = coalesce(?6, charset),
               finished_at = ?7, worker = NULL, lease_until = NULL, rest_cause = NULL";
    let state = stored::state_number(end.state);
    let (bytes, sha256) = end.result_sum.map(|it| (it.bytes.cast_signed(), it.sha256)).unzip();
    let values = params![state, end.result_blob, bytes, sha256, end.charset, end.finished_at];
    seal::JOB.update(tx, doing, &[&claim.job.0], set, values)?;
    let sql = "SELECT count(*) FROM job_resource WHERE job = ?1";
    let resources: i64 = tx.query_row(sql, [claim.job.0], |row| row.get(0)).doing(doing)?;
    assert_eq!(resources, end.resources.len() as i64, "a job ends with all of its resources");
    for (place, resource) in end.resources.iter().enumerate() {
        finish_resource(tx, claim.job, place, resource)?;
    }
    outbox::add(tx, claim.job, end)
}

fn finish_resource(
    tx: &Transaction<'_>,
    job: JobId,
    place: usize,
    (state, counts, failure): &(JobState, Counts, Option<crate::model::Failure>),
) -> Result<(), Error> {
    let doing = "finishing a resource of a job";
    let set = "state = ?3, added = ?4, updated = ?5, skipped = ?6, failure_code = ?7, failure_message = ?8";
    let [added, updated, skipped] = count_columns(*counts);
    let (code, message) = failure.as_ref().map(|it| (&it.code, &it.message)).unzip();
    let values = params![stored::state_number(*state), added, updated, skipped, code, message];
    let changed = seal::JOB_RESOURCE.update(tx, doing, &[&job.0, &(place as i64)], set, values)?;
    expect_resource(changed, job, place, doing)
}

fn expect_resource(changed: usize, job: JobId, place: usize, doing: &'static str) -> Result<(), Error> {
    if changed == 1 { Ok(()) } else { Err(no_resource(job, place, doing)) }
}

fn no_resource(job: JobId, place: usize, doing: &'static str) -> Error {
    Error::failed(doing, format!("job {job} has no resource {place}"))
}

fn check_held(tx: &Transaction<'_>, claim: Claim) -> Result<(), Error> {
    let claimed = |row: &Row<'_>| {
        Ok(row.get::<_, u32>("attempt")? == claim.attempt && row.get::<_, Option<String>>("worker")?.is_some())
    };
    let held = seal::JOB.first(tx, "checking a claim", "WHERE id = ?1", params![claim.job.0], claimed)?;
    if held == Some(true) { Ok(()) } else { Err(Error::Fenced) }
}

fn count_columns(counts: Counts) -> [i64; 3] {
    [counts.added, counts.updated, counts.skipped].map(u64::cast_signed)
}
