//! What is there after the process ended, in whatever way.

use std::os::unix::fs::PermissionsExt;

use bulkwright_engine::catalog::FieldNumber;
use bulkwright_engine::ids::UserId;
use bulkwright_engine::record_store::{ChangeSet, Insert, KeyChange, LedgerRow, StoreError};
use bulkwright_engine::spec::Operation;
use futures::{StreamExt, stream};

use super::*;
use crate::model::Callback;

pub(super) const ORG: OrgId = OrgId(694_902_309);
pub(super) const LEADS: ModuleNumber = ModuleNumber(1);
pub(super) const EMAIL: IndexId = IndexId { module: LEADS, field: FieldNumber(4), case_sensitive: false, joins: None };
const NOW: i64 = 1_795_000_000;

/// Writes records with these ids as one chunk.
pub(super) fn insert(store: &SqliteStore, chunk: u32, ids: std::ops::Range<i64>, body: &str) {
    let ids: Vec<i64> = ids.collect();
    try_insert(store, chunk, &ids, body).unwrap();
}

fn try_insert(store: &SqliteStore, chunk: u32, ids: &[i64], body: &str) -> Result<(), StoreError> {
    try_insert_for(store, JobId(7), chunk, ids, body)
}

/// Writes records as a chunk of that job.
pub(super) fn try_insert_for(
    store: &SqliteStore,
    job: JobId,
    chunk: u32,
    ids: &[i64],
    body: &str,
) -> Result<(), StoreError> {
    let counts = Counts { added: ids.len() as u64, ..Counts::default() };
    let ledger = LedgerRow { job, resource: 0, chunk, rows_through: 1, counts, verdicts: vec![1] };
    let inserts: Vec<Insert<'_>> = ids.iter().map(|&id| Insert { id: RecordId(id), body }).collect();
    let key = |&id| KeyChange { index: EMAIL, key: b"a@x.com", id: RecordId(id), unique: false };
    let keys_gained: Vec<KeyChange<'_>> = ids.iter().take(1).map(key).collect();
    store.record_writer(ORG).unwrap().commit(&ChangeSet {
        module: LEADS,
        user: UserId(5),
        now: NOW,
        block: IdBlock { start: 0, size: 1 },
        inserts: &inserts,
        updates: &[],
        keys_lost: &[],
        keys_gained: &keys_gained,
        picklist_additions: &[],
        ledger: &ledger,
    })
}

pub(super) fn new_job(callback: Option<Callback>, fixed: bool) -> NewJob {
    NewJob {
        id: None,
        org: ORG,
        created_by: UserId(5),
        created_at: NOW,
        operation: Operation::Insert,
        ignore_empty: None,
        charset: None,
        version: "v8".to_owned(),
        callback,
        resources: vec![],
        result_url: None,
        fixed,
        answer: None,
    }
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), &OpenOptions::default()).unwrap();
    insert(&store, 0, 1..3, r#"{"4":"a@x.com"}"#);
    let job = store.add_job(&new_job(None, false)).await.unwrap();
    let blob = store.put_blob("upload", stream::iter([Ok(Bytes::from_static(b"PK"))]).boxed()).await.unwrap();
    let id = store.new_id(NOW * 1000).await.unwrap();
    drop(store);
    let store = SqliteStore::open(directory.path(), &OpenOptions::default()).unwrap();
    assert_eq!(store.job(ORG, job.id).await.unwrap(), Some(job));
    assert_eq!(store.search(ORG, EMAIL, b"a@x.com", 9).await.unwrap().len(), 1, "the installation's key is the same");
    assert_eq!(store.get_blob(&blob).await.unwrap().0, 2);
    assert!(store.new_id(0).await.unwrap() > id, "the clock went back, ids did not");
}

#[tokio::test]
async fn leases_of_the_process_before_are_void() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.add_job(&new_job(None, false)).await.unwrap();
    let (first, _) = store.claim("a", NOW, 3600).await.unwrap().unwrap();
    assert!(store.claim("b", NOW, 3600).await.unwrap().is_none());
    drop(store);
    let store = open(directory.path());
    assert!(matches!(store.release(first).await, Err(Error::Fenced)));
    let (second, _) = store.claim("b", NOW, 3600).await.unwrap().unwrap();
    assert_eq!((second.job, second.attempt), (first.job, 2));
}

#[tokio::test]
async fn a_finished_job_has_one_outbox_row_if_it_calls_back() {
    let (directory, store) = new_store(&temporary());
    let callback = Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() };
    for (callback, fixed) in [(Some(callback.clone()), false), (Some(callback), true), (None, false)] {
        let job = store.add_job(&new_job(callback, fixed)).await.unwrap();
        let (claim, _) = store.claim("a", NOW, 60).await.unwrap().unwrap();
        assert_eq!(claim.job, job.id);
        let end = Finish {
            state: crate::model::JobState::Completed,
            resources: vec![],
            result_blob: None,
            result_sum: None,
            charset: None,
            finished_at: NOW,
            callback_at: NOW,
        };
        store.finish(claim, &end).await.unwrap();
        store.finish(claim, &end).await.unwrap_err();
    }
    let control = rusqlite::Connection::open(directory.path().join("control.db")).unwrap();
    let mut statement = control.prepare("SELECT url, method FROM outbox").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().unwrap();
    assert_eq!(rows, [("https://example.com/hook".to_owned(), "post".to_owned())]);
}

#[test]
fn a_second_open_names_the_first() {
    let (directory, store) = new_store(&temporary());
    let check = || match SqliteStore::open(directory.path(), &temporary()) {
        Err(Error::InUse { path, pid }) => assert_eq!((path.as_path(), pid), (directory.path(), std::process::id())),
        other => panic!("{:?}", other.err()),
    };
    check();
    let writer = store.record_writer(ORG).unwrap();
    drop(store);
    check();
    drop(writer);
    open(directory.path());
}

#[test]
fn nobody_else_may_look_in() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("a/b");
    let _store = open(&directory);
    for private in [directory.clone(), directory.join("blobs"), parent.path().join("a")] {
        assert_eq!(std::fs::metadata(&private).unwrap().permissions().mode() & 0o777, 0o700, "{}", private.display());
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    std::fs::write(&file, "x").unwrap();
    match SqliteStore::open(&file.join("data"), &temporary()) {
        Err(Error::Directory { path, .. }) => assert_eq!(path, file.join("data")),
        other => panic!("{:?}", other.err()),
    }
}

#[test]
fn a_newer_file_is_refused() {
    for (file, newest) in [("records.db", 2), ("control.db", 3)] {
        let (directory, store) = new_store(&temporary());
        drop(store);
        let path = directory.path().join(file);
        rusqlite::Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
        match SqliteStore::open(directory.path(), &temporary()) {
            Err(Error::Newer { path: named, found, known }) => {
                assert_eq!((named, found, known), (path, 9, newest))
            }
            other => panic!("{:?}", other.err()),
        }
    }
}

/// What a process leaves that is killed in the middle of a chunk: changed pages, and the journal that undoes them.
#[tokio::test]
async fn a_torn_chunk_is_undone() {
    let (directory, store) = new_store(&temporary());
    insert(&store, 0, 1..1000, r#"{"4":"a@x.com"}"#);
    let killed = tempfile::tempdir().unwrap();
    store.writer_turn.wait().with(|connection| {
        let torn = "PRAGMA cache_size = 5; PRAGMA cache_spill = 5; BEGIN; UPDATE record SET body = '{}';";
        connection.execute_batch(torn).unwrap();
        for file in ["records.db", "records.db-journal", "control.db", "control.db-wal"] {
            std::fs::copy(directory.path().join(file), killed.path().join(file)).unwrap();
        }
        connection.execute_batch("ROLLBACK").unwrap();
    });
    let changed = std::fs::read(killed.path().join("records.db")).unwrap();
    assert!(changed != std::fs::read(directory.path().join("records.db")).unwrap(), "pages were written before");
    let store = open(killed.path());
    for id in 1..1000 {
        assert_eq!(&*store.record(ORG, LEADS, RecordId(id)).await.unwrap().unwrap().body, r#"{"4":"a@x.com"}"#);
    }
}

/// Each state that a process killed while it made the directory can leave.
#[tokio::test]
async fn a_half_made_directory_opens() {
    let empty_wal = |path: &Path| {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    };
    let half_made: [&dyn Fn(&Path); 6] = [
        &|directory| std::fs::create_dir(directory).unwrap(),
        &|directory| {
            std::fs::create_dir(directory).unwrap();
            std::fs::write(directory.join("lock"), "").unwrap();
        },
        &|directory| {
            std::fs::create_dir_all(directory.join("blobs")).unwrap();
            std::fs::write(directory.join("records.db"), "").unwrap();
            std::fs::write(directory.join("records.db-journal"), "").unwrap();
        },
        &|directory| {
            drop(open(directory));
            std::fs::remove_file(directory.join("control.db")).unwrap();
        },
        &|directory| {
            drop(open(directory));
            std::fs::remove_file(directory.join("control.db")).unwrap();
            empty_wal(&directory.join("control.db"));
        },
        &|directory| {
            std::fs::create_dir_all(directory.join("blobs")).unwrap();
            std::fs::write(directory.join("blobs/upload-00#1"), "half").unwrap();
        },
    ];
    for make in half_made {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("data");
        make(&directory);
        let store = open(&directory);
        store.check().await.unwrap();
        insert(&store, 0, 1..3, r#"{"4":"a@x.com"}"#);
        store.add_job(&new_job(None, false)).await.unwrap();
        assert_eq!(std::fs::read_dir(directory.join("blobs")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_broken_upload_leaves_no_file() {
    let (directory, store) = new_store(&temporary());
    let broken = Error::Failed { doing: "receiving", source: "gone".into() };
    let body = stream::iter([Ok(Bytes::from(vec![1; 3 << 20])), Err(broken)]).boxed();
    store.put_blob("upload", body).await.unwrap_err();
    assert_eq!(std::fs::read_dir(directory.path().join("blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_name_never_leads_out_of_the_folder() {
    let (_directory, store) = new_store(&temporary());
    for name in ["../records.db", "/etc/passwd", "", "a/b", "upload-00#1"] {
        assert!(matches!(store.blob_file(name).await, Err(Error::Damaged { .. })), "{name}");
        assert!(matches!(store.get_blob(name).await, Err(Error::Damaged { .. })), "{name}");
        assert!(matches!(store.delete_blob(name).await, Err(Error::Damaged { .. })), "{name}");
    }
}

#[test]
fn ids_that_overlap_an_earlier_chunk_are_refused() {
    let (_directory, store) = new_store(&temporary());
    insert(&store, 0, 10..12, "{}");
    insert(&store, 1, 20..22, "{}");
    for ids in [[9, 13], [11, 15], [15, 20], [1, 99]] {
        match try_insert(&store, 2, &ids, "{}") {
            // An id of the range may be one that is there, which conflicts before the ranges are looked at.
            Err(StoreError::Conflict) => assert!(ids.contains(&11) || ids.contains(&20)),
            Err(StoreError::Failed { source, .. }) => assert!(source.to_string().contains("overlap"), "{source}"),
            other => panic!("{ids:?}: {other:?}"),
        }
    }
    insert(&store, 2, 13..19, "{}");
    insert(&store, 3, 5..9, "{}");
}
