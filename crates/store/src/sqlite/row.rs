//! Rows of `record` and of its small neighbours, read and checked.

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{OrgId, RecordId, UserId};
use rusqlite::types::ValueRef;
use rusqlite::{Row, Transaction, params};

use super::seal;
use super::sql::Doing;
use crate::Error;
use crate::model::Record;
use crate::records::RecordColumns;

/// The columns that [`stored`] reads.
pub(super) const COLUMNS: &str =
    "id, org, module, version, created_at, created_by, modified_at, modified_by, body, checksum";
/// The one statement that reads records for others.
const BY_ID: &str = "
    SELECT id, org, module, version, created_at, created_by, modified_at, modified_by, body, checksum
    FROM record WHERE id = ?1";

/// Looks at one record of an organisation's module; `None` if there is none.
pub(super) fn look<T>(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    id: RecordId,
    at: impl FnOnce(RecordColumns<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    look_anywhere(tx, org, id, |columns| if columns.module == module { at(columns).map(Some) } else { Ok(None) })
        .map(Option::flatten)
}

fn look_anywhere<T>(
    tx: &Transaction<'_>,
    org: OrgId,
    id: RecordId,
    at: impl FnOnce(RecordColumns<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let doing = "reading a record";
    let mut statement = tx.prepare_cached(BY_ID).doing(doing)?;
    let mut rows = statement.query([id.0]).doing(doing)?;
    let Some(row) = rows.next().doing(doing)? else { return Ok(None) };
    let columns = columns(row)?;
    if columns.org == org { at(columns).map(Some) } else { Ok(None) }
}

/// One record as readers see it.
pub(super) fn get(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
    id: RecordId,
) -> Result<Option<Record>, Error> {
    look(tx, org, module, id, |columns| shown(&columns))
}

/// One record of any module.
pub(super) fn of_any_module(
    tx: &Transaction<'_>,
    org: OrgId,
    id: RecordId,
) -> Result<Option<(ModuleNumber, Record)>, Error> {
    look_anywhere(tx, org, id, |columns| Ok((columns.module, shown(&columns)?)))
}

fn shown(columns: &RecordColumns<'_>) -> Result<Record, Error> {
    Ok(Record {
        id: columns.id,
        version: columns.version,
        body: body(columns)?.into(),
        created_at: columns.created_at,
        created_by: columns.created_by,
        modified_at: columns.modified_at,
        modified_by: columns.modified_by,
    })
}

/// The body of a record as text.
pub(super) fn body<'a>(columns: &RecordColumns<'a>) -> Result<&'a str, Error> {
    std::str::from_utf8(columns.body).map_err(|_| Error::Damaged { what: format!("record {}", columns.id) })
}

/// The columns of a record, if they are what was written.
fn columns<'row>(row: &'row Row<'_>) -> Result<RecordColumns<'row>, Error> {
    match stored(row) {
        Some((columns, checksum)) if columns.checksum() == checksum => Ok(columns),
        _ => Err(damaged(row)),
    }
}

/// A record and its stored checksum; `None` if a column is not even of its type.
pub(super) fn stored<'row>(row: &'row Row<'_>) -> Option<(RecordColumns<'row>, u32)> {
    let number = |column| row.get::<_, i64>(column).ok();
    let (ValueRef::Text(body) | ValueRef::Blob(body)) = row.get_ref(8).ok()? else { return None };
    let columns = RecordColumns {
        id: RecordId(number(0)?),
        org: OrgId(number(1)?),
        module: ModuleNumber(number(2)?.try_into().ok()?),
        version: number(3)?.try_into().ok()?,
        created_at: number(4)?,
        created_by: UserId(number(5)?),
        modified_at: number(6)?,
        modified_by: UserId(number(7)?),
        body,
    };
    Some((columns, number(9)?.try_into().ok()?))
}

fn damaged(row: &Row<'_>) -> Error {
    // The id is the key of the tree: it is what led here.
    let id = row.get::<_, i64>(0).unwrap_or_default();
    Error::Damaged { what: format!("record {id}") }
}

/// Picklist values added by writes, in the order they came.
pub(super) fn picklist_additions(
    tx: &Transaction<'_>,
    org: OrgId,
    module: ModuleNumber,
) -> Result<Vec<(FieldNumber, String)>, Error> {
    let doing = "reading picklist additions";
    let filter = "WHERE org = ?1 AND module = ?2 ORDER BY place";
    let addition = |row: &Row<'_>| Ok((FieldNumber(row.get("field")?), row.get("value")?));
    let read = |row: &Row<'_>| addition(row).doing(doing).map(Some);
    seal::PICKLIST_ADDITION.all(tx, doing, filter, params![org.0, module.0], u32::MAX, read)
}
