//! The tables of both files, and how a file becomes one of this version.
//!
//! A schema is made in one transaction that also writes its version, so a process that is killed while making a
//! directory leaves files that are either whole or still empty.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::connections::in_transaction;
use super::sql::Doing;
use crate::Error;

/// The newest schema of `records.db` that this program knows.
const RECORDS_VERSION: i64 = 1;
/// The newest schema of `control.db` that this program knows.
const CONTROL_VERSION: i64 = 1;

/// Bytes of a page of `records.db`. Measured with `examples/bulk_insert` on 2 cores, synced, 1,000,000 leads with bodies
/// of 430 bytes and one key each, in chunks of 150,000; then 25,000 scattered updates, read first:
///
/// | page | look-ups | inserts | updates | peak memory, 90 MB of it the example's own |
/// |---|---|---|---|---|
/// | 4 KiB | 0.29 s | 2.80 s | 0.88 s | 196 MB |
/// | 8 KiB | 0.32 s | 2.50 s | 1.21 s | 195 MB |
/// | 16 KiB | 0.32 s | 2.25 s | 1.36 s | 194 MB |
///
/// Larger pages save calls when whole pages are new, and cost journal and writes when one record of a page changes (a
/// slow disk feels that more than the one measured). 8 KiB is near the best of both.
pub(super) const RECORDS_PAGE_BYTES: u32 = 8192;

/// `record` is a rowid table: ids rise, so bulk inserts append. Its columns before `body` are short, so that a walk by
/// id reads no overflow page.
///
/// `key` is a multimap from hashes to records. `field` is in it because two fields of one record may share a hash, and
/// losing one of the two keys must not lose the other.
///
/// `extent` says which ids a module got, one row for each chunk that made records: what lists a module in id order
/// without an index entry for each record. `record_changed` has only records that were changed since they were made,
/// so that inserts do not pay for it; see `pages`.
const RECORDS_SCHEMA: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE record (
        id INTEGER PRIMARY KEY,
        org INTEGER NOT NULL,
        module INTEGER NOT NULL,
        version INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        created_by INTEGER NOT NULL,
        modified_at INTEGER NOT NULL,
        modified_by INTEGER NOT NULL,
        body TEXT NOT NULL,
        checksum INTEGER NOT NULL
    );
    CREATE TABLE key (
        hash INTEGER NOT NULL,
        id INTEGER NOT NULL,
        field INTEGER NOT NULL,
        PRIMARY KEY (hash, id, field)
    ) WITHOUT ROWID;
    CREATE TABLE ledger (
        job INTEGER NOT NULL,
        resource INTEGER NOT NULL,
        chunk INTEGER NOT NULL,
        bucket INTEGER NOT NULL,
        org INTEGER NOT NULL,
        rows_through INTEGER NOT NULL,
        added INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        verdicts BLOB NOT NULL,
        checksum INTEGER NOT NULL,
        PRIMARY KEY (job, resource, chunk, bucket)
    );
    CREATE TABLE picklist_addition (
        place INTEGER PRIMARY KEY,
        org INTEGER NOT NULL,
        module INTEGER NOT NULL,
        field INTEGER NOT NULL,
        value TEXT NOT NULL,
        UNIQUE (org, module, field, value)
    );
    CREATE TABLE extent (
        org INTEGER NOT NULL,
        module INTEGER NOT NULL,
        first_id INTEGER NOT NULL,
        last_id INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        records INTEGER NOT NULL,
        unchanged INTEGER NOT NULL,
        PRIMARY KEY (org, module, first_id)
    ) WITHOUT ROWID;
    CREATE INDEX extent_by_time ON extent (org, module, created_at, first_id);
    CREATE INDEX record_changed ON record (org, module, modified_at) WHERE version > 1;
";

/// Moments are seconds since 1970. `place` keeps the order in which rows came. Secrets are there as hashes only.
const CONTROL_SCHEMA: &str = "
    CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), next INTEGER NOT NULL);
    INSERT INTO counter VALUES (1, 0);
    CREATE TABLE org (
        place INTEGER PRIMARY KEY,
        id INTEGER NOT NULL UNIQUE,
        company_name TEXT NOT NULL,
        time_zone TEXT NOT NULL
    );
    CREATE TABLE user (
        place INTEGER PRIMARY KEY,
        id INTEGER NOT NULL UNIQUE,
        org INTEGER NOT NULL REFERENCES org (id),
        full_name TEXT NOT NULL,
        email TEXT NOT NULL,
        email_folded TEXT NOT NULL,
        time_zone TEXT NOT NULL,
        UNIQUE (org, email_folded)
    );
    CREATE TABLE oauth_client (
        client_id TEXT PRIMARY KEY,
        secret BLOB NOT NULL,
        org INTEGER NOT NULL REFERENCES org (id)
    ) WITHOUT ROWID;
    CREATE TABLE token (
        kind INTEGER NOT NULL,
        hash BLOB NOT NULL,
        org INTEGER NOT NULL,
        user INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        scopes TEXT NOT NULL,
        expires_at INTEGER,
        PRIMARY KEY (kind, hash)
    ) WITHOUT ROWID;
    CREATE TABLE upload (
        id INTEGER PRIMARY KEY,
        org INTEGER NOT NULL,
        user INTEGER NOT NULL,
        name TEXT NOT NULL,
        blob TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        sha256 BLOB NOT NULL,
        created_at INTEGER NOT NULL
    );
    CREATE TABLE job (
        id INTEGER PRIMARY KEY,
        org INTEGER NOT NULL,
        created_by INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        operation INTEGER NOT NULL,
        ignore_empty INTEGER,
        charset TEXT,
        version TEXT NOT NULL,
        callback_url TEXT,
        callback_method TEXT,
        state INTEGER NOT NULL,
        result_blob TEXT,
        result_url TEXT,
        fixed INTEGER NOT NULL,
        finished_at INTEGER,
        attempt INTEGER NOT NULL,
        worker TEXT,
        lease_until INTEGER
    );
    CREATE INDEX job_queue ON job (created_at, id) WHERE state < 2;
    CREATE TABLE job_resource (
        job INTEGER NOT NULL REFERENCES job (id),
        place INTEGER NOT NULL,
        kind TEXT NOT NULL,
        module TEXT NOT NULL,
        file INTEGER NOT NULL,
        find_by TEXT,
        ignore_empty INTEGER,
        mappings TEXT NOT NULL,
        csv_name TEXT NOT NULL,
        block_start INTEGER,
        block_size INTEGER,
        state INTEGER NOT NULL,
        added INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        failure_code TEXT,
        failure_message TEXT,
        PRIMARY KEY (job, place)
    ) WITHOUT ROWID;
    CREATE TABLE outbox (
        job INTEGER PRIMARY KEY REFERENCES job (id),
        org INTEGER NOT NULL,
        url TEXT NOT NULL,
        method TEXT NOT NULL,
        created_at INTEGER NOT NULL
    );
";

/// Makes `records.db` one of this version, and answers the installation's key for hashes.
pub(super) fn prepare_records(connection: &mut Connection, directory: &Path) -> Result<[u8; 16], Error> {
    bring_to_version(connection, &directory.join("records.db"), RECORDS_VERSION, make_records)?;
    let doing = "reading the installation's key";
    connection.query_row("SELECT value FROM meta WHERE name = 'hash_key'", [], |row| row.get(0)).doing(doing)
}

/// Makes `control.db` one of this version.
pub(super) fn prepare_control(connection: &mut Connection, directory: &Path) -> Result<(), Error> {
    bring_to_version(connection, &directory.join("control.db"), CONTROL_VERSION, |tx| {
        tx.execute_batch(CONTROL_SCHEMA).doing("making control.db")
    })
}

fn make_records(tx: &Transaction<'_>) -> Result<(), Error> {
    let doing = "making records.db";
    let mut key = [0_u8; 16];
    getrandom::fill(&mut key).map_err(|error| Error::failed(doing, error))?;
    tx.execute_batch(RECORDS_SCHEMA).doing(doing)?;
    tx.execute("INSERT INTO meta VALUES ('hash_key', ?1)", [key]).doing(doing)?;
    Ok(())
}

fn bring_to_version(
    connection: &mut Connection,
    path: &Path,
    known: i64,
    make: impl FnOnce(&Transaction<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let doing = "making the tables";
    in_transaction(connection, TransactionBehavior::Immediate, doing, |tx| {
        let found = tx.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).doing(doing)?;
        if found > known {
            return Err(Error::Newer { path: path.to_owned(), found, known });
        }
        if found == 0 {
            make(tx)?;
            tx.execute_batch(&format!("PRAGMA user_version = {known}")).doing(doing)?;
        }
        Ok(())
    })
}

/// Whether the records can be read right now.
pub(super) fn check_readable(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.query_row("SELECT count(*) FROM meta", [], |_| Ok(())).doing("checking the records file")
}

/// Whether the disk takes a commit right now.
pub(super) fn check_writable(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute("UPDATE counter SET next = next", []).doing("checking the control file").map(|_| ())
}
