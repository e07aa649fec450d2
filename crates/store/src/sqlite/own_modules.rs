//! What a data directory remembers of modules of one's own: the file that was last in force, and every number that was
//! ever given. Notes of `records.db`, so that they are as safe as the records that need them and go into backups.

use bulkwright_engine::catalog::{Catalog, FieldKind, FieldNumber, ModuleNumber};
use rusqlite::{Row, Transaction, TransactionBehavior, params};

use super::connections::in_transaction;
use super::sql::Doing;
use super::{SqliteStore, seal};
use crate::Error;

const DOING: &str = "keeping the modules of one's own";
const FILE: &str = "own_modules";
const NUMBERS: &str = "own_numbers";

/// The modules of one's own that records were last written by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnModules {
    /// The text of the file.
    pub file: String,
    /// Every number that was ever given, as [`bulkwright_engine::catalog::GivenNumbers`] writes them.
    pub numbers: String,
}

impl SqliteStore {
    /// The modules of one's own, if there ever were some. Waits for its turn to write; for blocking threads only.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Failed`].
    pub fn own_modules(&self) -> Result<Option<OwnModules>, Error> {
        self.writer_turn.wait().with(|connection| {
            in_transaction(connection, TransactionBehavior::Deferred, DOING, |tx| {
                let file = note(tx, FILE)?;
                let numbers = note(tx, NUMBERS)?;
                Ok(file.zip(numbers).map(|(file, numbers)| OwnModules { file, numbers }))
            })
        })
    }

    /// Keeps others in their place. Values that imports added to a picklist and that the catalog lists now are no longer
    /// additions. Waits for its turn to write; for blocking threads only.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Failed`]; nothing is changed then.
    pub fn keep_own_modules(&self, own: &OwnModules, catalog: &Catalog) -> Result<(), Error> {
        self.writer_turn.wait().with(|connection| {
            in_transaction(connection, TransactionBehavior::Immediate, DOING, |tx| {
                for (name, text) in [(FILE, &own.file), (NUMBERS, &own.numbers)] {
                    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
                    seal::META.insert(tx, DOING, sql, params![name, text.as_bytes()])?;
                }
                drop_listed_additions(tx, catalog)
            })
        })
    }

    /// The modules that have records. Waits for its turn to write; for blocking threads only.
    ///
    /// # Errors
    /// [`Error::Failed`].
    pub fn modules_with_records(&self) -> Result<Vec<ModuleNumber>, Error> {
        self.writer_turn.wait().with(|connection| {
            let mut statement =
                connection.prepare("SELECT DISTINCT module FROM extent ORDER BY module").doing(DOING)?;
            let numbers = statement.query_map([], |row| row.get(0).map(ModuleNumber)).doing(DOING)?;
            numbers.collect::<rusqlite::Result<_>>().doing(DOING)
        })
    }
}

fn note(tx: &Transaction<'_>, name: &str) -> Result<Option<String>, Error> {
    let value = |row: &Row<'_>| row.get::<_, Vec<u8>>("value");
    let found = seal::META.first(tx, DOING, "WHERE name = ?1", params![name], value)?;
    let text = |bytes| String::from_utf8(bytes).map_err(|_| Error::Damaged { what: format!("the note {name}") });
    found.map(text).transpose()
}

fn drop_listed_additions(tx: &Transaction<'_>, catalog: &Catalog) -> Result<(), Error> {
    let listed = |row: &Row<'_>| -> rusqlite::Result<Option<i64>> {
        let (module, field) = (ModuleNumber(row.get("module")?), FieldNumber(row.get("field")?));
        let value: String = row.get("value")?;
        let kind = catalog.by_number(module).and_then(|module| module.by_number(field)).map(|field| &field.kind);
        let is_listed = match kind {
            Some(FieldKind::Picklist { values } | FieldKind::MultiSelect { values }) => {
                values.iter().any(|listed| listed.to_lowercase() == value.to_lowercase())
            }
            _ => false,
        };
        Ok(if is_listed { Some(row.get("place")?) } else { None })
    };
    let places = seal::PICKLIST_ADDITION.all(tx, DOING, "", &[], u32::MAX, |row| listed(row).doing(DOING))?;
    for place in places {
        tx.execute("DELETE FROM picklist_addition WHERE place = ?1", [place]).doing(DOING)?;
    }
    Ok(())
}
