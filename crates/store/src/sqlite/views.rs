//! A view for each module, for people and tools that read a backup with SQL: `leads`, `contacts`, …
//!
//! Columns are the organisation (`org`), `id`, the module's fields under their API names, and who made and changed a
//! record when. Numbers are numbers (decimals as floating point: the exact text is in `record.body`), booleans 0 or 1,
//! days `2026-11-23`, moments ISO 8601 in UTC, owners, users, layouts and what look-ups point to ids, several choices one
//! text with `;` between them, and what is joined from two fields both with a blank between them. A view does not look at
//! checksums. A field that is called like one of a record's own columns (`org`) has none.

use std::collections::HashSet;

use bulkwright_engine::catalog::{Field, FieldKind, FieldNumber, Module};
use rusqlite::{Transaction, params};
use sha2::{Digest, Sha256};

use super::seal;
use super::sql::Doing;
use crate::Error;

pub(super) const DOING: &str = "making the views of the modules";

/// Columns that a record has without its body, by the API names of their fields.
const SYSTEM_COLUMNS: [(&str, &str); 5] = [
    ("id", "id"),
    ("Created_By", "created_by"),
    ("Created_Time", "strftime('%Y-%m-%dT%H:%M:%SZ', created_at, 'unixepoch')"),
    ("Modified_By", "modified_by"),
    ("Modified_Time", "strftime('%Y-%m-%dT%H:%M:%SZ', modified_at, 'unixepoch')"),
];

/// Names that the file's own tables have.
const TABLES: [&str; 7] = ["meta", "record", "key", "ledger", "picklist_addition", "extent", "swept"];

/// Makes the views again if they are not those of this catalog.
pub(super) fn make(tx: &Transaction<'_>, modules: &[Module]) -> Result<(), Error> {
    let wanted: Vec<String> = modules.iter().map(view).collect();
    let digest: [u8; 32] = Sha256::digest(wanted.join(";\n")).into();
    let present = seal::META.first(tx, DOING, "WHERE name = 'views'", &[], |row| row.get::<_, [u8; 32]>("value"))?;
    if present == Some(digest) {
        return Ok(());
    }
    drop_all(tx)?;
    wanted.iter().try_for_each(|sql| tx.execute_batch(sql).doing(DOING))?;
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES ('views', ?1)";
    seal::META.insert(tx, DOING, sql, params![digest]).map(|_| ())
}

fn drop_all(tx: &Transaction<'_>) -> Result<(), Error> {
    let mut statement = tx.prepare("SELECT name FROM sqlite_schema WHERE type = 'view'").doing(DOING)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).doing(DOING)?;
    for name in names.collect::<rusqlite::Result<Vec<_>>>().doing(DOING)? {
        tx.execute_batch(&format!("DROP VIEW {}", quoted(&name))).doing(DOING)?;
    }
    Ok(())
}

fn view(module: &Module) -> String {
    let mut taken: HashSet<String> = SYSTEM_COLUMNS.iter().map(|(name, _)| name.to_lowercase()).collect();
    taken.insert("org".to_owned());
    let own = module.fields.iter().filter(|field| taken.insert(field.api_name.to_lowercase())).map(column);
    let (id, others) = SYSTEM_COLUMNS.split_at(1);
    let system = |columns: &'static [(&str, &str)]| columns.iter().map(|(name, of)| format!("{of} AS {name}"));
    let columns: Vec<String> =
        std::iter::once("org".to_owned()).chain(system(id)).chain(own).chain(system(others)).collect();
    let (name, number) = (quoted(&view_name(module)), module.number.0);
    format!("CREATE VIEW {name} AS SELECT\n  {}\nFROM record WHERE module = {number}", columns.join(",\n  "))
}

fn view_name(module: &Module) -> String {
    let name = module.api_name.to_lowercase();
    if TABLES.contains(&name.as_str()) { format!("{name}_records") } else { name }
}

fn column(field: &Field) -> String {
    let of = |number: FieldNumber| format!("json_extract(body, '$.\"{}\"')", number.0);
    let value = of(field.number);
    let typed = match (&field.kind, field.joins) {
        // Neither part and its blank, where it has no value.
        (_, Some([first, last])) => {
            let (first, last) = (of(first), of(last));
            format!("coalesce({first} || ' ' || {last}, {first}, {last})")
        }
        (FieldKind::Double { .. } | FieldKind::Currency { .. } | FieldKind::Percent { .. }, _) => {
            format!("CAST({value} AS REAL)")
        }
        (
            FieldKind::Owner
            | FieldKind::User
            | FieldKind::Lookup { .. }
            | FieldKind::Layout
            | FieldKind::BigInt { .. },
            _,
        ) => format!("CAST({value} AS INTEGER)"),
        (FieldKind::Boolean, _) => format!("coalesce({value}, 0)"),
        _ => value,
    };
    format!("{typed} AS {}", quoted(&field.api_name))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
