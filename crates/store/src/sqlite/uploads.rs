//! Uploads: rows that name a blob.

use bulkwright_engine::ids::{FileId, OrgId, UserId};
use rusqlite::{OptionalExtension, Transaction, params};

use super::sql::{self, Doing};
use crate::Error;
use crate::model::{NewUpload, Upload};

/// Adds an upload.
pub(super) fn add(tx: &Transaction<'_>, new: NewUpload) -> Result<Upload, Error> {
    let doing = "adding an upload";
    let id = FileId(sql::draw_id(tx, sql::milliseconds(new.created_at))?);
    let NewUpload { org, user, name, blob, bytes, sha256, created_at } = new;
    tx.execute(
        "INSERT INTO upload (id, org, user, name, blob, bytes, sha256, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![id.0, org.0, user.0, name, blob, bytes.cast_signed(), sha256, created_at],
    )
    .doing(doing)?;
    Ok(Upload { id, org, user, name, blob, bytes, sha256, created_at })
}

/// An upload of an organisation.
pub(super) fn get(tx: &Transaction<'_>, org: OrgId, id: FileId) -> Result<Option<Upload>, Error> {
    let doing = "reading an upload";
    let sql = "SELECT user, name, blob, bytes, sha256, created_at FROM upload WHERE id = ?1 AND org = ?2";
    let mut statement = tx.prepare_cached(sql).doing(doing)?;
    let found = statement.query_row(params![id.0, org.0], |row| {
        let (name, blob, sha256, created_at) = (row.get(1)?, row.get(2)?, row.get(4)?, row.get(5)?);
        let (user, bytes) = (UserId(row.get(0)?), row.get::<_, i64>(3)?.cast_unsigned());
        Ok(Upload { id, org, user, name, blob, bytes, sha256, created_at })
    });
    found.optional().doing(doing)
}
