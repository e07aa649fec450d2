//! First answers, kept for requests that are sent again.

use rusqlite::{Row, Transaction, params};

use super::sql::Doing;
use super::{seal, stored};
use crate::Error;
use crate::model::{AnswerKey, FirstAnswer};

const BY_KEY: &str = "WHERE org = ?1 AND client_id = ?2 AND operation = ?3 AND key = ?4";

/// The answer that is kept under a key.
pub(super) fn get(tx: &Transaction<'_>, key: &AnswerKey) -> Result<Option<FirstAnswer>, Error> {
    let values = params![key.org.0, key.client_id, stored::answered_number(key.operation), key.key];
    seal::ANSWER.first(tx, "reading a kept answer", BY_KEY, values, |row: &Row<'_>| {
        Ok(FirstAnswer {
            key: key.clone(),
            content: row.get("content")?,
            status: row.get("status")?,
            body: row.get("body")?,
            expires_at: row.get("expires_at")?,
        })
    })
}

/// Keeps an answer, if it is the first under its key at `now`.
pub(super) fn keep(tx: &Transaction<'_>, answer: Option<&FirstAnswer>, now: i64) -> Result<(), Error> {
    let doing = "keeping an answer";
    let Some(FirstAnswer { key, content, status, body, expires_at }) = answer else { return Ok(()) };
    let by_key = params![key.org.0, key.client_id, stored::answered_number(key.operation), key.key];
    match get(tx, key)? {
        Some(known) if known.expires_at > now => return Err(Error::Answered),
        Some(_) => tx.execute(&format!("DELETE FROM answer {BY_KEY}"), by_key).doing(doing)?,
        None => 0,
    };
    let sql = "INSERT INTO answer (org, client_id, operation, key, content, status, body, expires_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let operation = stored::answered_number(key.operation);
    let values = params![key.org.0, key.client_id, operation, key.key, content, status, body, expires_at];
    seal::ANSWER.insert(tx, doing, sql, values).map(|_| ())
}
