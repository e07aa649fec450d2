//! Uploads: rows that name a blob.

use bulkwright_engine::ids::{FileId, OrgId, UserId};
use rusqlite::{Transaction, params};

use super::{answers, seal, sql};
use crate::Error;
use crate::model::{NewUpload, Upload};

/// Adds an upload.
pub(super) fn add(tx: &Transaction<'_>, new: NewUpload) -> Result<Upload, Error> {
    let doing = "adding an upload";
    answers::keep(tx, new.answer.as_ref(), new.created_at)?;
    let id = match new.id {
        Some(id) => id,
        None => FileId(sql::draw_id(tx, sql::milliseconds(new.created_at))?),
    };
    let NewUpload { org, user, name, blob, bytes, sha256, created_at, .. } = new;
    let sql = "INSERT INTO upload (id, org, user, name, blob, bytes, sha256, created_at)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![id.0, org.0, user.0, name, blob, bytes.cast_signed(), sha256, created_at];
    seal::UPLOAD.insert(tx, doing, sql, values)?;
    Ok(Upload { id, org, user, name, blob, bytes, sha256, created_at })
}

/// An upload of an organisation.
pub(super) fn get(tx: &Transaction<'_>, org: OrgId, id: FileId) -> Result<Option<Upload>, Error> {
    let found = seal::UPLOAD.first(tx, "reading an upload", "WHERE id = ?1", params![id.0], |row| {
        let (name, blob, created_at) = (row.get("name")?, row.get("blob")?, row.get("created_at")?);
        let (org, user) = (OrgId(row.get("org")?), UserId(row.get("user")?));
        let (bytes, sha256) = (row.get::<_, i64>("bytes")?.cast_unsigned(), row.get("sha256")?);
        Ok(Upload { id, org, user, name, blob, bytes, sha256, created_at })
    });
    Ok(found?.filter(|upload| upload.org == org))
}
