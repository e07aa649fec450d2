//! The tables of both files, and how a file becomes one of this version.
//!
//! A schema is a list of steps, one a version; a new file takes all of them, one of an earlier version those it lacks. They
//! are taken in one transaction that also writes the version, so a process that is killed meanwhile leaves a file that is
//! as it was, or of this version.

use std::path::Path;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, Transaction, TransactionBehavior};

use super::connections::{committed, in_transaction};
use super::seal::{self, Table};
use super::sql::Doing;
use crate::Error;
use crate::failure::{FailurePoints, Moment};

/// The steps of `records.db`, from an empty file on.
const RECORDS_STEPS: &[Step] = &[step(nothing, RECORDS_1, make_hash_key), step(nothing, RECORDS_2, seal_records)];
/// The steps of `control.db`, from an empty file on.
const CONTROL_STEPS: &[Step] = &[
    step(nothing, CONTROL_1, nothing),
    step(nothing, CONTROL_2, seal_control),
    step(mark_damaged_access, CONTROL_3, seal_access),
];

/// What makes a file one version newer. Released steps never change.
struct Step {
    /// What is no SQL, run before the statements.
    before: Work,
    /// Statements, run one by one.
    sql: &'static str,
    /// What is no SQL, run after them.
    then: Work,
}

type Work = fn(&Transaction<'_>) -> Result<(), Error>;

const fn step(before: Work, sql: &'static str, then: Work) -> Step {
    Step { before, sql, then }
}

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
const RECORDS_1: &str = "
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

/// Seals for the small tables; see `seal`. Those of the rows that are there are made after it.
///
/// `swept` says what the ledger rows of swept jobs came to, so that records can still be counted against the ledger: a row
/// for each job whose ledger rows are going, and one with job 0 for all that are gone.
const RECORDS_2: &str = "
    ALTER TABLE meta ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE picklist_addition ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE swept (
        org INTEGER NOT NULL,
        job INTEGER NOT NULL,
        added INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        skipped INTEGER NOT NULL,
        changed INTEGER NOT NULL,
        checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (org, job)
    ) WITHOUT ROWID;
";

/// Moments are seconds since 1970. `place` keeps the order in which rows came. Secrets are there as hashes only.
const CONTROL_1: &str = "
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

/// What a job waits for, what it has gone through, what its result's bytes are, and how its callback stands; and a seal
/// for every row, made after it where rows are there.
const CONTROL_2: &str = "
    ALTER TABLE job ADD COLUMN started_at INTEGER;
    ALTER TABLE job ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN chunks_at_death INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN rest_until INTEGER;
    ALTER TABLE job ADD COLUMN rest_cause TEXT;
    ALTER TABLE job ADD COLUMN resources INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN result_bytes INTEGER;
    ALTER TABLE job ADD COLUMN result_sha256 BLOB;
    ALTER TABLE outbox ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN next_at INTEGER;
    ALTER TABLE outbox ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN last_at INTEGER;
    ALTER TABLE outbox ADD COLUMN last_status INTEGER;
    ALTER TABLE outbox ADD COLUMN last_error TEXT;
    ALTER TABLE counter ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE org ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE user ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE oauth_client ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE token ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE upload ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE job_resource ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE job SET resources = (SELECT count(*) FROM job_resource WHERE job_resource.job = job.id);
    UPDATE outbox SET next_at = created_at;
    CREATE INDEX outbox_due ON outbox (next_at) WHERE next_at IS NOT NULL;
";

/// What administration, consent, repeated requests and replayed callbacks need. `org.webhook_keys` are 32 bytes each, newest
/// first; `answer` is what a request was answered, for its repeats.
const CONTROL_3: &str = "
    ALTER TABLE org ADD COLUMN edition TEXT;
    ALTER TABLE org ADD COLUMN webhook_keys BLOB NOT NULL DEFAULT x'';
    ALTER TABLE org ADD COLUMN revoked_at INTEGER;
    ALTER TABLE user ADD COLUMN sign_in BLOB;
    ALTER TABLE user ADD COLUMN revoked_at INTEGER;
    ALTER TABLE oauth_client ADD COLUMN name TEXT NOT NULL DEFAULT '';
    ALTER TABLE oauth_client ADD COLUMN redirect_uris TEXT NOT NULL DEFAULT '[]';
    ALTER TABLE token ADD COLUMN issued_at INTEGER;
    ALTER TABLE token ADD COLUMN parent BLOB;
    CREATE TABLE code (
        hash BLOB PRIMARY KEY,
        org INTEGER NOT NULL,
        user INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        scopes TEXT NOT NULL,
        issued_at INTEGER,
        expires_at INTEGER,
        redirect_uri TEXT,
        challenge_method TEXT,
        challenge TEXT,
        offline INTEGER NOT NULL,
        checksum INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
    CREATE TABLE answer (
        org INTEGER NOT NULL,
        client_id TEXT NOT NULL,
        operation INTEGER NOT NULL,
        key TEXT NOT NULL,
        content BLOB NOT NULL,
        status INTEGER NOT NULL,
        body BLOB NOT NULL,
        expires_at INTEGER NOT NULL,
        checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (org, client_id, operation, key)
    ) WITHOUT ROWID;
    CREATE INDEX answer_end ON answer (expires_at);
    CREATE TABLE attempt (
        job INTEGER NOT NULL REFERENCES outbox (job),
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        status INTEGER,
        error TEXT,
        checksum INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job, number)
    ) WITHOUT ROWID;
";

/// Refuses an empty file beside one that is not: SQLite would take it for a new one, and all that it held would be gone in
/// silence. `records.db` is made first, so a start that was broken off leaves no other pair than one without any chunk.
pub(super) fn check_pair(records: &Connection, control: &Connection) -> Result<(), Error> {
    let doing = "comparing the two files";
    let empty = |file, other| Error::Damaged { what: format!("{file} (it is empty, and {other} is not)") };
    let version = |it: &Connection| it.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).doing(doing);
    match (version(records)?, version(control)?) {
        (0, 0) => Ok(()),
        (0, _) => Err(empty("records.db", "control.db")),
        (_, 0) => {
            let sql = "SELECT EXISTS (SELECT 1 FROM ledger)";
            let written = records.query_row(sql, [], |row| row.get::<_, bool>(0)).doing(doing)?;
            if written { Err(empty("control.db", "records.db")) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Makes `records.db` one of this version, and answers the installation's key for hashes.
pub(super) fn prepare_records(
    connection: &mut Connection,
    directory: &Path,
    points: &FailurePoints,
) -> Result<[u8; 16], Error> {
    bring_to_version(connection, &directory.join("records.db"), RECORDS_STEPS, "making the tables of records", points)?;
    let doing = "reading the installation's key";
    let key = in_transaction(connection, TransactionBehavior::Deferred, doing, |tx| {
        seal::META.first(tx, doing, "WHERE name = 'hash_key'", &[], |row| row.get("value"))
    })?;
    // Without it, nobody would be found by any key.
    key.ok_or_else(|| Error::Damaged { what: "the note hash_key".to_owned() })
}

/// Makes `control.db` one of this version.
pub(super) fn prepare_control(
    connection: &mut Connection,
    directory: &Path,
    points: &FailurePoints,
) -> Result<(), Error> {
    bring_to_version(connection, &directory.join("control.db"), CONTROL_STEPS, "making the tables of jobs", points)
}

fn make_hash_key(tx: &Transaction<'_>) -> Result<(), Error> {
    let doing = "making the installation's key";
    let mut key = [0_u8; 16];
    getrandom::fill(&mut key).map_err(|error| Error::failed(doing, error))?;
    tx.execute("INSERT INTO meta VALUES ('hash_key', ?1)", [key]).doing(doing)?;
    Ok(())
}

fn seal_records(tx: &Transaction<'_>) -> Result<(), Error> {
    seal::OF_RECORDS.iter().try_for_each(|table| table.seal_all(tx))
}

fn seal_control(tx: &Transaction<'_>) -> Result<(), Error> {
    SEALED_BY_CONTROL_2.iter().try_for_each(|table| table.seal_all(tx))
}

const SEALED_BY_CONTROL_2: [&Table; 9] = [
    &seal::COUNTER,
    &seal::ORG,
    &seal::USER,
    &seal::OAUTH_CLIENT,
    &seal::TOKEN,
    &seal::UPLOAD,
    &seal::JOB,
    &seal::JOB_RESOURCE,
    &seal::OUTBOX,
];

/// The tables that get columns in the third step of `control.db`.
const ACCESS: [&Table; 4] = [&seal::ORG, &seal::USER, &seal::OAUTH_CLIENT, &seal::TOKEN];

fn mark_damaged_access(tx: &Transaction<'_>) -> Result<(), Error> {
    ACCESS.iter().try_for_each(|table| table.mark_damaged(tx))
}

fn seal_access(tx: &Transaction<'_>) -> Result<(), Error> {
    ACCESS.iter().try_for_each(|table| table.seal_all(tx))
}

fn nothing(_: &Transaction<'_>) -> Result<(), Error> {
    Ok(())
}

fn bring_to_version(
    connection: &mut Connection,
    path: &Path,
    steps: &[Step],
    doing: &'static str,
    points: &FailurePoints,
) -> Result<(), Error> {
    let known = steps.len();
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).doing(doing)?;
    let Some((taken, missing)) = usize::try_from(found).ok().and_then(|found| steps.split_at_checked(found)) else {
        return Err(Error::Newer { path: path.to_owned(), found, known: known as i64 });
    };
    check_schema(connection, path, taken)?;
    if missing.is_empty() {
        return Ok(());
    }
    committed(connection, points, doing, |tx| {
        missing.iter().try_for_each(|step| take(tx, step, doing, points))?;
        tx.execute_batch(&format!("PRAGMA user_version = {known}")).doing(doing)
    })
}

/// Compares what a file says of its tables with what the steps make. SQLite takes the statements in a file for granted: a
/// bit of one could be another default, another order of an index, or no name at all.
fn check_schema(connection: &Connection, path: &Path, taken: &[Step]) -> Result<(), Error> {
    let doing = "checking a schema";
    let expected = Connection::open_in_memory().doing(doing)?;
    taken.iter().try_for_each(|step| expected.execute_batch(step.sql)).doing(doing)?;
    if tables(connection)? == tables(&expected)? {
        return Ok(());
    }
    let file = path.file_name().unwrap_or_default().display();
    Err(Error::Damaged { what: format!("the schema of {file}") })
}

/// Everything but views, which follow the catalog, in an order of its own. As bytes: it need not be text.
fn tables(connection: &Connection) -> Result<Vec<Vec<u8>>, Error> {
    let doing = "checking a schema";
    let sql = "SELECT CAST(concat_ws(char(31), type, name, tbl_name, sql) AS BLOB) AS entry FROM sqlite_schema
               WHERE type <> 'view' ORDER BY entry";
    let mut statement = connection.prepare(sql).doing(doing)?;
    statement.query_map([], |row| row.get(0)).doing(doing)?.collect::<rusqlite::Result<_>>().doing(doing)
}

fn take(tx: &Transaction<'_>, step: &Step, doing: &'static str, points: &FailurePoints) -> Result<(), Error> {
    (step.before)(tx)?;
    let mut statements = Batch::new(tx, step.sql);
    while let Some(mut statement) = statements.next().doing(doing)? {
        points.pass(doing, Moment::Within("before a statement"))?;
        statement.raw_execute().doing(doing)?;
        points.pass(doing, Moment::Within("after a statement"))?;
    }
    (step.then)(tx)?;
    points.pass(doing, Moment::Within("after a step"))
}

/// Whether the records can be read right now.
pub(super) fn check_readable(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.query_row("SELECT count(*) FROM meta", [], |_| Ok(())).doing("checking the records file")
}

/// Whether the disk takes a commit right now.
pub(super) fn check_writable(tx: &Transaction<'_>) -> Result<(), Error> {
    tx.execute("UPDATE counter SET next = next", []).doing("checking the control file").map(|_| ())
}
