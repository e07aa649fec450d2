//! Callbacks that are promised: one row a job, added in the transaction that ends it.

use bulkwright_engine::ids::{JobId, OrgId};
use rusqlite::{Row, Transaction, params};

use super::sql::Doing;
use super::{seal, stored};
use crate::ATTEMPTS_KEPT;
use crate::Error;
use crate::model::{Callback, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Finish};

/// Puts the callback of a job that has just ended into the outbox, if it has one.
pub(super) fn add(tx: &Transaction<'_>, job: JobId, end: &Finish) -> Result<(), Error> {
    let sql = "INSERT INTO outbox (job, org, url, method, created_at, next_at)
               SELECT id, org, callback_url, callback_method, ?2, ?3 FROM job
               WHERE id = ?1 AND callback_url IS NOT NULL AND NOT fixed";
    seal::OUTBOX.insert(tx, "promising a callback", sql, params![job.0, end.finished_at, end.callback_at]).map(|_| ())
}

/// Deliveries that are due, those that are due longest first. One that is damaged does not keep the others waiting.
pub(super) fn due(tx: &Transaction<'_>, now: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
    let doing = "reading deliveries that are due";
    let filter = "WHERE next_at <= ?1 ORDER BY next_at, job";
    seal::OUTBOX.sound(tx, doing, filter, params![now], limit, |row| delivery(row).doing(doing).map(Some))
}

/// When the next delivery is due.
pub(super) fn next_at(tx: &Transaction<'_>) -> Result<Option<i64>, Error> {
    let doing = "reading when a delivery is due";
    let filter = "WHERE next_at IS NOT NULL ORDER BY next_at";
    let next = seal::OUTBOX.sound(tx, doing, filter, &[], 1, |row| Ok(delivery(row).doing(doing)?.next_at))?;
    Ok(next.first().copied())
}

/// The delivery of a job.
pub(super) fn get(tx: &Transaction<'_>, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error> {
    let found = seal::OUTBOX.first(tx, "reading a delivery", "WHERE job = ?1", params![job.0], delivery)?;
    Ok(found.filter(|delivery| delivery.org == org))
}

/// Deliveries, newest job first.
pub(super) fn list(tx: &Transaction<'_>, query: &DeliveriesQuery) -> Result<Vec<Delivery>, Error> {
    let doing = "listing deliveries";
    let before = query.before.map_or(i64::MAX, |before| before.0);
    let wanted = |delivery: &Delivery| {
        query.org.is_none_or(|org| org == delivery.org) && query.state.is_none_or(|state| state == delivery.state)
    };
    seal::OUTBOX.all(tx, doing, "WHERE job < ?1 ORDER BY job DESC", params![before], query.limit, |row| {
        Ok(Some(delivery(row).doing(doing)?).filter(wanted))
    })
}

/// What came of the tries of a delivery.
pub(super) fn attempts(tx: &Transaction<'_>, org: OrgId, job: JobId) -> Result<Vec<DeliveryOutcome>, Error> {
    let doing = "reading attempts at a delivery";
    if get(tx, org, job)?.is_none() {
        return Ok(Vec::new());
    }
    seal::ATTEMPT.all(tx, doing, "WHERE job = ?1 ORDER BY number", params![job.0], ATTEMPTS_KEPT, |row| {
        let outcome =
            || Ok(DeliveryOutcome { at: row.get("at")?, status: row.get("status")?, error: row.get("error")? });
        outcome().doing(doing).map(Some)
    })
}

/// Makes a delivery due as if it were new.
pub(super) fn replay(tx: &Transaction<'_>, org: OrgId, job: JobId, now: i64) -> Result<Option<Delivery>, Error> {
    if get(tx, org, job)?.is_none() {
        return Ok(None);
    }
    let pending = stored::delivery_state_number(DeliveryState::Pending);
    let set = "attempts = 0, next_at = ?2, state = ?3";
    seal::OUTBOX.update(tx, "replaying a delivery", &[&job.0], set, params![now, pending])?;
    get(tx, org, job)
}

/// Notes what came of a try.
pub(super) fn note(
    tx: &Transaction<'_>,
    job: JobId,
    outcome: &DeliveryOutcome,
    state: DeliveryState,
    next_at: Option<i64>,
) -> Result<(), Error> {
    let doing = "noting a delivery";
    assert_eq!(next_at.is_some(), state == DeliveryState::Pending, "what is settled is never due, what is not is");
    let set = "attempts = attempts + 1, next_at = ?2, state = ?3, last_at = ?4, last_status = ?5, last_error = ?6";
    let number = stored::delivery_state_number(state);
    let values = params![next_at, number, outcome.at, outcome.status, outcome.error];
    let changed = seal::OUTBOX.update(tx, doing, &[&job.0], set, values)?;
    if changed != 1 {
        return Err(Error::failed(doing, format!("job {job} has no delivery")));
    }
    add_attempt(tx, job, outcome)
}

fn add_attempt(tx: &Transaction<'_>, job: JobId, outcome: &DeliveryOutcome) -> Result<(), Error> {
    let doing = "noting an attempt";
    let sql = "INSERT INTO attempt (job, number, at, status, error)
               SELECT ?1, 1 + coalesce(max(number), 0), ?2, ?3, ?4 FROM attempt WHERE job = ?1";
    seal::ATTEMPT.insert(tx, doing, sql, params![job.0, outcome.at, outcome.status, outcome.error])?;
    let sql = "DELETE FROM attempt WHERE job = ?1 AND number <= (SELECT max(number) FROM attempt WHERE job = ?1) - ?2";
    tx.execute(sql, params![job.0, ATTEMPTS_KEPT]).doing(doing).map(|_| ())
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let (status, error) = (row.get("last_status")?, row.get("last_error")?);
    let last = row.get::<_, Option<i64>>("last_at")?.map(|at| DeliveryOutcome { at, status, error });
    Ok(Delivery {
        job: JobId(row.get("job")?),
        org: OrgId(row.get("org")?),
        callback: Callback { url: row.get("url")?, method: row.get("method")? },
        created_at: row.get("created_at")?,
        attempts: row.get("attempts")?,
        next_at: row.get("next_at")?,
        state: stored::known(row, "state", stored::delivery_state)?,
        last,
    })
}
