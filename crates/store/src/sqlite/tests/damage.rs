//! Bytes that changed on the disk are found, and never served.

use bulkwright_engine::record_store::StoreError;

use super::restart::{EMAIL, LEADS, ORG, insert};
use super::{world, *};
use crate::model::SortBy;

const BODY: &str = r#"{"1":"Smith","4":"a@x.com"}"#;

/// Changes the stored bytes of a closed store.
fn damage(directory: &Path, sql: &str) {
    damage_file(directory, "records.db", sql);
}

fn damage_file(directory: &Path, file: &str, sql: &str) {
    let connection = rusqlite::Connection::open(directory.join(file)).unwrap();
    assert_eq!(connection.execute(sql, []).unwrap(), 1, "{sql}");
}

#[tokio::test]
async fn a_changed_record_is_not_served() {
    let changes = [
        "org = 694902308",
        "module = 2",
        "version = 2",
        "created_at = created_at + 1",
        "created_by = 6",
        "modified_at = modified_at + 1",
        "modified_by = 6",
        "body = replace(body, 'Smith', 'Smitg')",
        "body = CAST(x'ff' AS TEXT)",
        "body = 7",
        "checksum = checksum + 1",
    ];
    for change in changes {
        let (directory, store) = new_store(&temporary());
        insert(&store, 0, 1..2, BODY);
        drop(store);
        damage(directory.path(), &format!("UPDATE record SET {change} WHERE id = 1"));
        let store = open(directory.path());
        let damaged = |error: &Error| matches!(error, Error::Damaged { what } if what == "record 1");
        assert!(damaged(&store.record(ORG, LEADS, RecordId(1)).await.unwrap_err()), "{change}");
        assert!(damaged(&store.search(ORG, EMAIL, b"a@x.com", 9).await.unwrap_err()), "{change}");
        let mut writer = store.record_writer(ORG).unwrap();
        let damaged = |error: &StoreError| matches!(error, StoreError::Damaged { what } if what == "record 1");
        assert!(damaged(&writer.read(LEADS, &[RecordId(1)]).unwrap_err()), "{change}");
        assert!(damaged(&writer.find(EMAIL, &[b"a@x.com"]).unwrap_err()), "{change}");
    }
}

#[tokio::test]
async fn a_flipped_bit_in_the_file_is_not_served() {
    let (directory, store) = new_store(&temporary());
    insert(&store, 0, 1..2, BODY);
    drop(store);
    let file = directory.path().join("records.db");
    let sound = std::fs::read(&file).unwrap();
    let start = sound.windows(BODY.len()).position(|window| window == BODY.as_bytes()).unwrap();
    for bit in 0..8 * BODY.len() {
        let mut bytes = sound.clone();
        bytes[start + bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&file, &bytes).unwrap();
        let store = open(directory.path());
        let answer = store.record(ORG, LEADS, RecordId(1)).await;
        assert!(matches!(answer, Err(Error::Damaged { .. })), "bit {bit}: {answer:?}");
        let query = PageQuery { sort_by: SortBy::Id, descending: false, after: None, skip: 0, limit: 10 };
        let answer = store.page(ORG, LEADS, &query).await;
        assert!(matches!(answer, Err(Error::Damaged { .. })), "bit {bit}: {answer:?}");
    }
}

#[test]
fn a_changed_ledger_row_is_not_served() {
    for change in
        ["rows_through = 2", "org = 1", "added = 9", "verdicts = x'02'", "chunk = 1", "checksum = 1", "verdicts = 5"]
    {
        let (directory, store) = new_store(&temporary());
        insert(&store, 0, 1..2, BODY);
        drop(store);
        damage(directory.path(), &format!("UPDATE ledger SET {change} WHERE job = 7"));
        let ledger = open(directory.path()).record_writer(ORG).unwrap().ledger(JobId(7), 0);
        assert!(matches!(ledger, Err(StoreError::Damaged { .. })), "{change}: {ledger:?}");
    }
}

#[tokio::test]
async fn a_damaged_job_is_passed_over_and_told() {
    let (directory, store) = new_store(&temporary());
    let [damaged, sound] =
        [store.add_job(&world::waiting_job(0)).await.unwrap(), store.add_job(&world::waiting_job(1)).await.unwrap()];
    drop(store);
    damage_file(directory.path(), "control.db", &format!("UPDATE job SET created_by = 9 WHERE id = {}", damaged.id));
    let store = open(directory.path());
    let named = |error: &Error| matches!(error, Error::Damaged { what } if *what == format!("job {}", damaged.id));
    assert!(named(&store.job(world::ORGS[0], damaged.id).await.unwrap_err()));
    let (claim, job) = store.claim("a", world::NOW + 9, 60).await.unwrap().unwrap();
    assert_eq!((claim.job, job.id), (sound.id, sound.id));
    assert!(named(&store.claim("a", world::NOW + 9, 60).await.unwrap_err()), "there is no other job");
    drop(store);
    damage_file(directory.path(), "control.db", "UPDATE counter SET next = 5");
    let error = open(directory.path()).new_id(0).await.unwrap_err();
    assert!(matches!(&error, Error::Damaged { what } if what == "the counter of ids"), "{error:?}");
}

#[tokio::test]
async fn every_column_of_the_control_file_is_sealed() {
    let (directory, store) = new_store(&temporary());
    let world = world::write(&store).await;
    world::write_later_kinds(&store, &world).await;
    drop(store);
    let mut connection = rusqlite::Connection::open(directory.path().join("control.db")).unwrap();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name";
    let names: Vec<String> =
        connection.prepare(tables).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    assert_eq!(names.len(), seal::OF_CONTROL.len(), "each table is sealed: {names:?}");
    for table in seal::OF_CONTROL {
        let tx = connection.transaction().unwrap();
        tx.execute_batch("PRAGMA defer_foreign_keys = ON").unwrap();
        let check = || table.all(&tx, "testing", "", &[], 99, |_| Ok(Some(()))).map(|rows| rows.len());
        let rows = check().unwrap();
        assert!(rows > 0, "{table:?}");
        let name = table.name();
        let columns = format!("SELECT name FROM pragma_table_info('{name}')");
        let mut columns = tx.prepare(&columns).unwrap();
        for column in columns.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap) {
            tx.execute_batch("SAVEPOINT undone").unwrap();
            let other =
                format!("CASE typeof({column}) WHEN 'integer' THEN {column} - 1 ELSE coalesce({column}, 0) || '1' END");
            let changed = format!("UPDATE {name} SET {column} = {other}");
            // The table itself lets the counter have no other key.
            if format!("{name}.{column}") != "counter.one" {
                tx.execute(&changed, []).unwrap();
                assert!(matches!(check(), Err(Error::Damaged { .. })), "{name}.{column}");
            }
            tx.execute_batch("ROLLBACK TO undone").unwrap();
        }
    }
}

#[test]
fn a_file_that_is_no_database_is_told() {
    for name in ["records.db", "control.db"] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(name), "this is not a database, but long enough".repeat(200)).unwrap();
        let error = SqliteStore::open(directory.path(), &temporary()).err().unwrap();
        assert!(matches!(error, Error::Damaged { .. }), "{name}: {error:?}");
    }
}
