//! What SQLite itself says of a file, and tables that need no more than a statement.

use bulkwright_engine::catalog::{FieldKind, FieldNumber, ModuleNumber, OWN_FIELD_NUMBER_MIN};
use rusqlite::Transaction;

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::sqlite::seal::Table;
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

const DOING: &str = "checking a database";

/// Reads every page of a file: trees, free pages, indexes against their tables, references between tables.
pub(super) fn check(file: &str, tx: &Transaction<'_>, findings: &mut Findings) -> Result<(), Error> {
    let mut statement = tx.prepare("PRAGMA integrity_check").doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let said: String = row.get(0).doing(DOING)?;
        for line in said.lines().filter(|line| *line != "ok") {
            findings.differ(DifferenceKind::Database, file, "a sound database", line);
        }
    }
    let mut statement = tx.prepare("PRAGMA foreign_key_check").doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let (table, parent): (String, String) = (row.get(0).doing(DOING)?, row.get(2).doing(DOING)?);
        let id = row.get::<_, Option<i64>>(1).doing(DOING)?.map_or_else(String::new, |id| format!(" {id}"));
        findings.differ(DifferenceKind::Database, format!("{file}: {table}{id}"), format!("a row of {parent}"), "none");
    }
    Ok(())
}

/// Rows of small tables match their checksums.
pub(super) fn check_seals(tables: &[&Table], tx: &Transaction<'_>, findings: &mut Findings) -> Result<(), Error> {
    for table in tables {
        for damaged in table.damaged(tx, DOING)? {
            let Error::Damaged { what } = damaged else { continue };
            findings.differ(DifferenceKind::Seal, what, "a row that matches its checksum", "one that does not");
        }
    }
    Ok(())
}

/// Added picklist values belong to picklists, and to none that lists them already.
pub(super) fn check_picklists(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let doing = "checking picklist values";
    let sql = "SELECT org, module, field, value FROM picklist_addition ORDER BY place";
    let mut statement = moment.records.prepare(sql).doing(doing)?;
    let mut rows = statement.query([]).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        let read = || -> rusqlite::Result<(i64, u16, u16, String)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let (org, module, field, value) = read().doing(doing)?;
        let known = moment.verifier.catalog.by_number(ModuleNumber(module));
        let kind = known.and_then(|module| module.by_number(FieldNumber(field))).map(|field| &field.kind);
        let expected = match kind {
            Some(FieldKind::Picklist { values } | FieldKind::MultiSelect { values }) if values.contains(&value) => {
                "a value that the field does not list"
            }
            Some(FieldKind::Picklist { .. } | FieldKind::MultiSelect { .. }) => continue,
            // A field of one's own may be gone from the file, and come back with its values.
            None if field >= OWN_FIELD_NUMBER_MIN => continue,
            _ => "a picklist of the catalog",
        };
        let what = format!("value {value:?} of organisation {org}, module {module}, field {field}");
        findings.differ(DifferenceKind::Picklist, what, expected, "another one");
    }
    Ok(())
}
