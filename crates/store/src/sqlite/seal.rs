//! Seals: the checksum that each row of a small table carries over all of its other columns.
//!
//! A row is sealed in the transaction that writes it, and what is read is compared before it is served: bytes that
//! changed on the disk are [`Error::Damaged`], never an answer. A row that is changed is compared first, so that a new
//! seal never covers up an old fault. Rows are told apart by their own columns only after the seal was compared: a
//! damaged `org` must not make a job look like somebody else's.
//!
//! A seal is the CRC-32 (IEEE) over: the table's name, a zero byte, and each column but `checksum`, in the order of the
//! table, as a byte for its type and its value: 0 NULL; 1 INTEGER (8 bytes); 2 REAL (8 bytes, IEEE 754); 3 TEXT and 4 BLOB
//! (length in 8 bytes, then the bytes). Integers are little endian. The form never changes, or stored rows would read as
//! damaged; a step of the schema that adds a column seals its table again.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Row, Statement, ToSql, Transaction, params_from_iter};

use super::sql::Doing;
use crate::Error;

const CHECKSUM: &str = "checksum";
/// No checksum is that: a row that was damaged before its table got another column stays damaged.
const MARKED: i64 = -1;

/// A table whose rows are sealed.
#[derive(Debug)]
pub(super) struct Table {
    name: &'static str,
    /// The columns that tell its rows apart.
    key: &'static [&'static str],
    /// What a row is to people.
    row_is: &'static str,
    /// The column that tells people which one, unless that is secret or needless.
    shown: Option<&'static str>,
}

const fn table(
    name: &'static str,
    key: &'static [&'static str],
    row_is: &'static str,
    shown: Option<&'static str>,
) -> Table {
    Table { name, key, row_is, shown }
}

pub(super) const COUNTER: Table = table("counter", &["one"], "the counter of ids", None);
pub(super) const ORG: Table = table("org", &["place"], "organisation", Some("id"));
pub(super) const USER: Table = table("user", &["place"], "user", Some("id"));
pub(super) const OAUTH_CLIENT: Table = table("oauth_client", &["client_id"], "OAuth client", Some("client_id"));
pub(super) const TOKEN: Table = table("token", &["kind", "hash"], "the token", None);
pub(super) const UPLOAD: Table = table("upload", &["id"], "upload", Some("id"));
pub(super) const JOB: Table = table("job", &["id"], "job", Some("id"));
pub(super) const JOB_RESOURCE: Table = table("job_resource", &["job", "place"], "a resource of job", Some("job"));
pub(super) const OUTBOX: Table = table("outbox", &["job"], "the delivery of job", Some("job"));
pub(super) const CODE: Table = table("code", &["hash"], "the authorization code", None);
pub(super) const ANSWER: Table = table("answer", &["org", "client_id", "operation", "key"], "the kept answer", None);
pub(super) const ATTEMPT: Table =
    table("attempt", &["job", "number"], "an attempt at the delivery of job", Some("job"));
/// The tables of `control.db`.
pub(super) const OF_CONTROL: [&Table; 12] =
    [&COUNTER, &ORG, &USER, &OAUTH_CLIENT, &TOKEN, &UPLOAD, &JOB, &JOB_RESOURCE, &OUTBOX, &CODE, &ANSWER, &ATTEMPT];

pub(super) const META: Table = table("meta", &["name"], "the note", Some("name"));
pub(super) const PICKLIST_ADDITION: Table =
    table("picklist_addition", &["place"], "a picklist value of module", Some("module"));
pub(super) const SWEPT: Table = table("swept", &["org", "job"], "swept ledger rows of job", Some("job"));
/// The sealed tables of `records.db`. Records and ledger rows have checksums of their own.
pub(super) const OF_RECORDS: [&Table; 3] = [&META, &PICKLIST_ADDITION, &SWEPT];

impl Table {
    #[cfg(test)]
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs an `INSERT`, and seals what it wrote. Answers how many rows that are.
    pub(super) fn insert(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        sql: &str,
        values: &[&dyn ToSql],
    ) -> Result<usize, Error> {
        let mut statement = tx.prepare_cached(&format!("{sql} RETURNING *")).doing(doing)?;
        self.seal_written(tx, doing, &mut statement, values)
    }

    /// Changes the row of a key, if it is there, and seals it again. In `set`, what the key has not used is free: `?2` and
    /// on for a key of one column.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the row is not what was sealed.
    pub(super) fn update(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        key: &[&dyn ToSql],
        set: &str,
        values: &[&dyn ToSql],
    ) -> Result<usize, Error> {
        let by_key = self.by_key(1);
        if self.first(tx, doing, &by_key, key, |_| Ok(()))?.is_none() {
            return Ok(0);
        }
        let sql = format!("UPDATE {} SET {set} {by_key} RETURNING *", self.name);
        let all: Vec<&dyn ToSql> = key.iter().chain(values).copied().collect();
        let mut statement = tx.prepare_cached(&sql).doing(doing)?;
        self.seal_written(tx, doing, &mut statement, &all)
    }

    /// The first row that `filter` (`WHERE …`, `ORDER BY …`) finds.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not what was sealed.
    pub(super) fn first<T>(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        filter: &str,
        values: &[&dyn ToSql],
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        let mut statement = tx.prepare_cached(&self.select(filter)).doing(doing)?;
        let mut rows = statement.query(values).doing(doing)?;
        let Some(row) = rows.next().doing(doing)? else { return Ok(None) };
        self.check(row)?;
        read(row).doing(doing).map(Some)
    }

    /// Rows that `filter` finds and `read` wants, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Damaged`] if one of those looked at is not what was sealed.
    pub(super) fn all<T>(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        filter: &str,
        values: &[&dyn ToSql],
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<Option<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        self.scan(tx, doing, filter, values, limit, read, Err)
    }

    /// The same, but what is damaged is passed over: in a queue it must not keep the others waiting.
    ///
    /// # Errors
    /// [`Error::Damaged`] if there are only damaged ones.
    pub(super) fn sound<T>(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        filter: &str,
        values: &[&dyn ToSql],
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<Option<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut first_damaged = None;
        let pass_over = |error| match error {
            Error::Damaged { .. } => Ok(_ = first_damaged.get_or_insert(error)),
            other => Err(other),
        };
        let found = self.scan(tx, doing, filter, values, limit, read, pass_over)?;
        match first_damaged {
            Some(error) if found.is_empty() => Err(error),
            _ => Ok(found),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "a query, what is read of it, and what a fault means")]
    fn scan<T>(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        filter: &str,
        values: &[&dyn ToSql],
        limit: u32,
        read: impl Fn(&Row<'_>) -> Result<Option<T>, Error>,
        mut failed: impl FnMut(Error) -> Result<(), Error>,
    ) -> Result<Vec<T>, Error> {
        let mut statement = tx.prepare_cached(&self.select(filter)).doing(doing)?;
        let mut rows = statement.query(values).doing(doing)?;
        let mut found = Vec::new();
        while found.len() < limit as usize {
            let Some(row) = rows.next().doing(doing)? else { break };
            match self.check(row).and_then(|()| read(row)) {
                Ok(wanted) => found.extend(wanted),
                Err(error) => failed(error)?,
            }
        }
        Ok(found)
    }

    /// Compares every row. Answers what is damaged.
    pub(super) fn damaged(&self, tx: &Transaction<'_>, doing: &'static str) -> Result<Vec<Error>, Error> {
        let mut damaged = Vec::new();
        let note = |error| match error {
            Error::Damaged { .. } => {
                damaged.push(error);
                Ok(())
            }
            other => Err(other),
        };
        self.scan(tx, doing, "", &[], u32::MAX, |_| Ok(None::<()>), note)?;
        Ok(damaged)
    }

    /// Seals every row as it is, but for those that are marked: for a step of the schema that gives the table its seals, or
    /// another column.
    pub(super) fn seal_all(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let doing = "sealing a table";
        let mut statement = tx.prepare(&self.select("WHERE checksum >= 0")).doing(doing)?;
        self.seal_written(tx, doing, &mut statement, &[]).map(|_| ())
    }

    /// Marks every row that is damaged, so that [`Table::seal_all`] does not cover it up once the table has another column.
    pub(super) fn mark_damaged(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let doing = "looking for damage";
        let key = |row: &Row<'_>| -> rusqlite::Result<Vec<Value>> { self.key.iter().map(|it| row.get(*it)).collect() };
        let mut damaged = Vec::new();
        let mut statement = tx.prepare(&self.select("")).doing(doing)?;
        let mut rows = statement.query([]).doing(doing)?;
        while let Some(row) = rows.next().doing(doing)? {
            if self.check(row).is_err() {
                damaged.push(key(row).doing(doing)?);
            }
        }
        let sql = format!("UPDATE {} SET {CHECKSUM} = {MARKED} {}", self.name, self.by_key(1));
        for key in &damaged {
            tx.execute(&sql, params_from_iter(key)).doing(doing)?;
        }
        Ok(())
    }

    /// Seals the rows that a statement answers.
    fn seal_written(
        &self,
        tx: &Transaction<'_>,
        doing: &'static str,
        statement: &mut Statement<'_>,
        values: &[&dyn ToSql],
    ) -> Result<usize, Error> {
        let seal = |row: &Row<'_>| -> rusqlite::Result<Vec<Value>> {
            let checksum = Value::Integer(self.checksum(row)?.into());
            let key = self.key.iter().map(|column| row.get(*column));
            std::iter::once(Ok(checksum)).chain(key).collect()
        };
        // Gathered first: a statement that still runs must not see the table change.
        let seals =
            statement.query_map(values, seal).doing(doing)?.collect::<rusqlite::Result<Vec<_>>>().doing(doing)?;
        let sql = format!("UPDATE {} SET {CHECKSUM} = ?1 {}", self.name, self.by_key(2));
        let mut statement = tx.prepare_cached(&sql).doing(doing)?;
        for seal in &seals {
            statement.execute(params_from_iter(seal)).doing(doing)?;
        }
        Ok(seals.len())
    }

    fn select(&self, filter: &str) -> String {
        format!("SELECT * FROM {} {filter}", self.name)
    }

    fn by_key(&self, first_parameter: usize) -> String {
        let equal = |(place, column): (usize, &&str)| format!("{column} = ?{}", place + first_parameter);
        format!("WHERE {}", self.key.iter().enumerate().map(equal).collect::<Vec<_>>().join(" AND "))
    }

    fn check(&self, row: &Row<'_>) -> Result<(), Error> {
        let matches = |stored: u32| Ok(self.checksum(row)? == stored);
        if row.get(CHECKSUM).and_then(matches).unwrap_or(false) {
            return Ok(());
        }
        let which = self.shown.and_then(|column| row.get(column).ok()).and_then(readable);
        let what = which.map_or_else(|| self.row_is.to_owned(), |which| format!("{} {which}", self.row_is));
        Err(Error::Damaged { what })
    }

    /// The seal that a row should have.
    fn checksum(&self, row: &Row<'_>) -> rusqlite::Result<u32> {
        let mut crc = crc32fast::Hasher::new();
        crc.update(self.name.as_bytes());
        crc.update(&[0]);
        let columns: &Statement<'_> = row.as_ref();
        for column in 0..columns.column_count() {
            if columns.column_name(column)? != CHECKSUM {
                add(&mut crc, row.get_ref(column)?);
            }
        }
        Ok(crc.finalize())
    }
}

fn add(crc: &mut crc32fast::Hasher, value: ValueRef<'_>) {
    let mut add = |kind: u8, fixed: [u8; 8], rest: &[u8]| {
        crc.update(&[kind]);
        crc.update(&fixed);
        crc.update(rest);
    };
    match value {
        ValueRef::Null => crc.update(&[0]),
        ValueRef::Integer(number) => add(1, number.to_le_bytes(), &[]),
        ValueRef::Real(number) => add(2, number.to_le_bytes(), &[]),
        ValueRef::Text(text) => add(3, (text.len() as u64).to_le_bytes(), text),
        ValueRef::Blob(bytes) => add(4, (bytes.len() as u64).to_le_bytes(), bytes),
    }
}

/// A value as an error may show it.
fn readable(value: Value) -> Option<String> {
    match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Null | Value::Real(_) | Value::Blob(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const STEP: Table = table("step", &["id"], "step", Some("id"));

    /// A number from another implementation of CRC-32 over the bytes that the module's page describes: a change here means
    /// that stored rows can no longer be read.
    #[test]
    fn the_byte_form_never_changes() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE step (id INTEGER PRIMARY KEY, a, b, checksum INTEGER DEFAULT 0, c, d)")
            .unwrap();
        let tx = connection.transaction().unwrap();
        let sql = "INSERT INTO step (id, a, b, c, d) VALUES (-2, NULL, 1.5, 'é', x'00ff')";
        assert_eq!(STEP.insert(&tx, "testing", sql, &[]).unwrap(), 1);
        let stored: u32 = tx.query_row("SELECT checksum FROM step", [], |row| row.get(0)).unwrap();
        assert_eq!(stored, 3_041_628_548);
    }

    #[test]
    fn a_change_never_covers_damage_up() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE step (id INTEGER PRIMARY KEY, a, b, checksum INTEGER DEFAULT 0)")
            .unwrap();
        let tx = connection.transaction().unwrap();
        STEP.insert(&tx, "testing", "INSERT INTO step (id, a, b) VALUES (7, 1, 1)", &[]).unwrap();
        assert_eq!(STEP.update(&tx, "testing", &[&7], "b = ?2", &[&2]).unwrap(), 1);
        assert_eq!(STEP.update(&tx, "testing", &[&8], "b = ?2", &[&2]).unwrap(), 0);
        tx.execute("UPDATE step SET a = 3", []).unwrap();
        let refused = STEP.update(&tx, "testing", &[&7], "b = ?2", &[&4]);
        assert!(matches!(&refused, Err(Error::Damaged { what }) if what == "step 7"), "{refused:?}");
    }
}
