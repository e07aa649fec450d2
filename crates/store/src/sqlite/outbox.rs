//! Callbacks that are promised: one row a job, added in the transaction that ends it.

use bulkwright_engine::ids::{JobId, OrgId};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::sql::Doing;
use super::stored;
use crate::Error;
use crate::model::{Callback, Delivery, DeliveryOutcome, DeliveryState};

const COLUMNS: &str = "job, org, url, method, created_at, attempts, next_at, state, last_at, last_status, last_error";

/// Puts the callback of a job that has just ended into the outbox, if it has one.
pub(super) fn add(tx: &Transaction<'_>, job: JobId, now: i64) -> Result<(), Error> {
    let sql = "INSERT INTO outbox (job, org, url, method, created_at, next_at)
               SELECT id, org, callback_url, callback_method, ?2, ?2 FROM job
               WHERE id = ?1 AND callback_url IS NOT NULL AND NOT fixed";
    tx.execute(sql, params![job.0, now]).doing("promising a callback").map(|_| ())
}

/// Deliveries that are due, those that are due longest first.
pub(super) fn due(tx: &Transaction<'_>, now: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
    let doing = "reading deliveries that are due";
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE next_at <= ?1 ORDER BY next_at, job LIMIT ?2");
    let mut statement = tx.prepare_cached(&sql).doing(doing)?;
    let rows = statement.query_map(params![now, limit], delivery).doing(doing)?;
    rows.collect::<rusqlite::Result<_>>().doing(doing)
}

/// When the next delivery is due.
pub(super) fn next_at(tx: &Transaction<'_>) -> Result<Option<i64>, Error> {
    tx.query_row("SELECT min(next_at) FROM outbox", [], |row| row.get(0)).doing("reading when a delivery is due")
}

/// The delivery of a job.
pub(super) fn get(tx: &Transaction<'_>, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE job = ?1 AND org = ?2");
    tx.query_row(&sql, params![job.0, org.0], delivery).optional().doing("reading a delivery")
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
    let sql = "UPDATE outbox SET attempts = attempts + 1, next_at = ?2, state = ?3, last_at = ?4, last_status = ?5,
                   last_error = ?6
               WHERE job = ?1";
    let number = stored::delivery_state_number(state);
    let changed =
        tx.execute(sql, params![job.0, next_at, number, outcome.at, outcome.status, outcome.error]).doing(doing)?;
    if changed == 1 { Ok(()) } else { Err(Error::failed(doing, format!("job {job} has no delivery"))) }
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let number: i64 = row.get(7)?;
    let state = stored::delivery_state(number).ok_or(rusqlite::Error::IntegralValueOutOfRange(7, number))?;
    let (status, error) = (row.get(9)?, row.get(10)?);
    let last = row.get::<_, Option<i64>>(8)?.map(|at| DeliveryOutcome { at, status, error });
    Ok(Delivery {
        job: JobId(row.get(0)?),
        org: OrgId(row.get(1)?),
        callback: Callback { url: row.get(2)?, method: row.get(3)? },
        created_at: row.get(4)?,
        attempts: row.get(5)?,
        next_at: row.get(6)?,
        state,
        last,
    })
}
