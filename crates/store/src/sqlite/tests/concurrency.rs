//! Readers, foreign readers and writers at the same time.

use std::sync::atomic::{AtomicBool, Ordering};

use super::restart::{EMAIL, LEADS, ORG, insert};
use super::*;
use crate::model::SortBy;

const BODY: &str = r#"{"1":"Smith, who has rather a long name so that there is something to write","4":"a@x.com"}"#;
/// Records of one large chunk: some megabytes of pages.
const CHUNK: i64 = 40_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_fail_and_see_whole_chunks_during_large_commits() {
    let (_directory, store) = new_store(&OpenOptions::default());
    read_through_commits(store).await;
}

/// A transaction that outgrows its memory locks readers out before it commits: they wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_never_fail_while_a_chunk_spills() {
    let (_directory, store) = new_store(&temporary());
    let small = "PRAGMA cache_size = 20; PRAGMA cache_spill = 20;";
    store.writer_turn.wait().with(|connection| connection.execute_batch(small).unwrap());
    read_through_commits(store).await;
}

async fn read_through_commits(store: SqliteStore) {
    let store = Arc::new(store);
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..3).map(|_| tokio::spawn(read_until(store.clone(), done.clone()))).collect();
    let writer = store.clone();
    let writing = tokio::task::spawn_blocking(move || {
        for chunk in 0..5 {
            let first = 1 + i64::from(chunk) * CHUNK;
            insert(&writer, chunk, first..first + CHUNK, BODY);
        }
    });
    writing.await.unwrap();
    done.store(true, Ordering::SeqCst);
    for reader in readers {
        assert!(reader.await.unwrap() > 0, "each reader read at least once");
    }
}

/// Reads without pause. How many reads there were.
async fn read_until(store: Arc<SqliteStore>, done: Arc<AtomicBool>) -> u64 {
    let newest = PageQuery { sort_by: SortBy::Id, descending: true, after: None, skip: 0, limit: 3 };
    let mut reads = 0;
    while !done.load(Ordering::SeqCst) || reads == 0 {
        let page = store.page(ORG, LEADS, &newest).await.unwrap();
        let last = page.first().map_or(0, |record| record.id.0);
        assert_eq!(last % CHUNK, 0, "a chunk is seen whole or not at all");
        let found = store.search(ORG, EMAIL, b"a@x.com", 99).await.unwrap();
        assert!(found.len() as i64 >= last / CHUNK, "keys are there with their records");
        reads += 1;
    }
    reads
}

#[test]
fn a_foreign_reader_makes_the_writer_wait() {
    let (directory, store) = new_store(&temporary());
    insert(&store, 0, 1..2, BODY);
    let foreign = rusqlite::Connection::open(directory.path().join("records.db")).unwrap();
    foreign.execute_batch("BEGIN; SELECT count(*) FROM record;").unwrap();
    let count = |sql| foreign.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM record"), 1);
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| insert(&store, 1, 2..3, BODY));
        // The writer waits for this lock once it is at its commit: it can be seen from outside by nobody being let in.
        let other = rusqlite::Connection::open(directory.path().join("records.db")).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        while other.query_row("SELECT count(*) FROM record", [], |row| row.get::<_, i64>(0)).is_ok() {
            std::thread::yield_now();
        }
        assert!(!writing.is_finished());
        assert_eq!(count("SELECT count(*) FROM record"), 1, "the foreign reader still sees what it saw");
        foreign.execute_batch("COMMIT").unwrap();
        writing.join().unwrap();
    });
    assert_eq!(count("SELECT count(*) FROM record"), 2);
}

#[test]
fn a_writer_that_panics_gives_its_turn_back() {
    let (_directory, store) = new_store(&temporary());
    let panicked = std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let _writer = store.record_writer(ORG).unwrap();
            panic!("an import that fails in the middle");
        });
        thread.join()
    });
    assert!(panicked.is_err());
    insert(&store, 0, 1..2, BODY);
}
