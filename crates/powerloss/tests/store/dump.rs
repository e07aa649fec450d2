//! Everything that the two files hold, read past the store: whatever columns there are.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The files of a data directory that are databases.
pub(crate) const RECORDS: &str = "records.db";
/// The other one.
pub(crate) const CONTROL: &str = "control.db";

/// The rows of each table of each file, and the file's schema, as text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct Dump {
    pub(crate) tables: BTreeMap<String, Vec<String>>,
}

impl Dump {
    /// Reads both files; one that is not there has no tables.
    pub(crate) fn of(directory: &Path) -> Result<Dump, rusqlite::Error> {
        let mut dump = Dump::default();
        for file in [RECORDS, CONTROL] {
            if directory.join(file).exists() {
                dump.read(file, &open(&directory.join(file))?)?;
            }
        }
        Ok(dump)
    }

    /// Reads both files, which SQLite itself must find sound.
    pub(crate) fn of_sound(directory: &Path) -> Result<Dump, Box<dyn std::error::Error>> {
        let mut dump = Dump::default();
        for file in [RECORDS, CONTROL] {
            let connection = open(&directory.join(file))?;
            let found = rows(&connection, "PRAGMA integrity_check")?;
            if found != ["'ok'|"] {
                return Err(format!("{file}: {}", found.join("\n")).into());
            }
            dump.read(file, &connection)?;
        }
        Ok(dump)
    }

    /// The same without what a new directory draws for itself.
    pub(crate) fn without_installation_key(mut self) -> Dump {
        self.tables.remove("records.db meta");
        self
    }

    /// What is in the records file.
    pub(crate) fn records(&self) -> BTreeMap<&str, &[String]> {
        let tables = self.tables.iter().filter(|(name, _)| name.starts_with(RECORDS));
        tables.map(|(name, rows)| (name.as_str(), rows.as_slice())).collect()
    }

    /// For people: what is in `self` and not in `other`, and the other way round.
    pub(crate) fn difference(&self, other: &Dump) -> String {
        let mut text = String::new();
        let nothing = Vec::new();
        let names: std::collections::BTreeSet<_> = self.tables.keys().chain(other.tables.keys()).collect();
        for name in names {
            let [here, there] = [self, other].map(|dump| dump.tables.get(name).unwrap_or(&nothing));
            let only = |a: &[String], b: &[String]| a.iter().filter(|row| !b.contains(row)).take(3).cloned().collect();
            let (here, there): (Vec<String>, Vec<String>) = (only(here, there), only(there, here));
            if !here.is_empty() || !there.is_empty() {
                let _ = writeln!(text, "  {name}: found {here:.300?}, expected {there:.300?}");
            }
        }
        text
    }

    fn read(&mut self, file: &str, connection: &Connection) -> Result<(), rusqlite::Error> {
        // Both in one transaction: one state.
        connection.execute_batch("BEGIN")?;
        let schema = rows(connection, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name")?;
        self.tables.insert(format!("{file} schema"), schema);
        let mut names = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
        let names = names.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
        for name in names {
            self.tables.insert(format!("{file} {name}"), rows(connection, &format!("SELECT * FROM \"{name}\""))?);
        }
        connection.execute_batch("COMMIT")
    }
}

/// A connection that knows nothing of the store.
pub(crate) fn open(file: &Path) -> Result<Connection, rusqlite::Error> {
    // For writing: who comes first after a loss may have to roll a journal back.
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // It writes nothing of its own, and what it mends need not last.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA query_only = ON")?;
    Ok(connection)
}

fn rows(connection: &Connection, sql: &str) -> Result<Vec<String>, rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut text = String::new();
        for column in 0..columns {
            write_value(&mut text, row.get_ref(column)?);
        }
        all.push(text);
    }
    Ok(all)
}

fn write_value(text: &mut String, value: ValueRef<'_>) {
    let _ = match value {
        ValueRef::Null => write!(text, "null|"),
        ValueRef::Integer(number) => write!(text, "{number}|"),
        ValueRef::Real(number) => write!(text, "{number:?}|"),
        ValueRef::Text(bytes) => write!(text, "'{}'|", String::from_utf8_lossy(bytes)),
        ValueRef::Blob(bytes) => write!(text, "x'{}'|", bytes.escape_ascii()),
    };
}
