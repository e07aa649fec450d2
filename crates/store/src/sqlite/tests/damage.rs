//! Bytes that changed on the disk are found, and never served.

use bulkwright_engine::record_store::StoreError;

use super::restart::{EMAIL, LEADS, ORG, insert};
use super::*;
use crate::model::SortBy;

const BODY: &str = r#"{"1":"Smith","4":"a@x.com"}"#;

/// Changes the stored bytes of a closed store.
fn damage(directory: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(directory.join("records.db")).unwrap();
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
    for change in ["rows_through = 2", "added = 9", "verdicts = x'02'", "chunk = 1", "checksum = 1", "verdicts = 5"] {
        let (directory, store) = new_store(&temporary());
        insert(&store, 0, 1..2, BODY);
        drop(store);
        damage(directory.path(), &format!("UPDATE ledger SET {change} WHERE job = 7"));
        let ledger = open(directory.path()).record_writer(ORG).unwrap().ledger(JobId(7), 0);
        assert!(matches!(ledger, Err(StoreError::Damaged { .. })), "{change}: {ledger:?}");
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
