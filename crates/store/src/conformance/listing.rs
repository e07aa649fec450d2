//! Reading back what was written: single records, pages, searches.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{RecordId, UserId};

use super::access::{ORG, OTHER_ORG};
use super::chunk::{CONTACTS, Chunk, EMAIL, JOB, LEADS, NOW, USER, find, id};
use crate::Store;
use crate::model::{PageCursor, PageQuery, Record, SortBy};

/// Writes chunks on a blocking thread, as imports do.
fn write(store: &dyn Store, org: bulkwright_engine::ids::OrgId, chunks: &[Chunk]) {
    let mut writer = store.record_writer(org).expect("a writer is given");
    chunks.iter().for_each(|chunk| chunk.apply(writer.as_mut()));
}

pub(super) async fn records_are_read_back(store: &dyn Store) {
    let later = Chunk::new(1).at(NOW + 9).by(UserId(6));
    let later = later.update(1, 1, r#"{"1":"Smith","4":"a@x.com"}"#).picklist(9, "New");
    write(store, ORG, &[Chunk::new(0).lead(1, "a@x.com").lead(2, "b@x.com").lead(3, "a@x.com"), later]);
    let expected = Record {
        id: id(1),
        version: 2,
        body: r#"{"1":"Smith","4":"a@x.com"}"#.into(),
        created_at: NOW,
        created_by: USER,
        modified_at: NOW + 9,
        modified_by: UserId(6),
    };
    let record = async |module, row| store.record(ORG, module, id(row)).await.expect("a record is read");
    assert_eq!(record(LEADS, 1).await, Some(expected.clone()));
    assert_eq!(record(LEADS, 9).await, None);
    assert_eq!(record(CONTACTS, 1).await, None);
    let several = async |org| store.records(org, &[id(9), id(1), id(1)]).await.expect("records are read");
    let found = Some((LEADS, expected.clone()));
    assert_eq!(several(ORG).await, [None, found.clone(), found]);
    assert_eq!(several(OTHER_ORG).await, [None, None, None]);
    assert_eq!(store.records(ORG, &[]).await.expect("no records are read"), []);
    let search = async |key: &str, limit| {
        let found = store.search(ORG, EMAIL, key.as_bytes(), limit).await.expect("records are searched");
        found.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    assert_eq!(search("a@x.com", 10).await, [id(1), id(3)]);
    assert_eq!(search("a@x.com", 1).await, [id(1)]);
    assert_eq!(search("c@x.com", 10).await, []);
    let additions = store.picklist_additions(ORG, LEADS).await.expect("additions are read");
    assert_eq!(additions, [(FieldNumber(9), "New".to_owned())]);
}

pub(super) async fn chunks_of_the_ledger_are_read_beside_a_writer(store: &dyn Store) {
    write(store, ORG, &[Chunk::new(0).lead(1, "a@x.com"), Chunk::new(1).lead(2, "b@x.com").lead(3, "c@x.com")]);
    let mut writer = store.record_writer(ORG).expect("a writer is given");
    let rows = writer.ledger(JOB, 0).expect("the ledger is read");
    let read = async |org, job, resource, chunk| {
        store.ledger_chunk(org, job, resource, chunk).await.expect("a chunk of the ledger is read")
    };
    assert_eq!((rows.len(), read(ORG, JOB, 0, 0).await.as_ref()), (2, rows.first()));
    assert_eq!(read(ORG, JOB, 0, 1).await.as_ref(), rows.last());
    assert_eq!(read(ORG, JOB, 0, 2).await, None);
    assert_eq!(read(ORG, JOB, 1, 0).await, None);
    assert_eq!(read(OTHER_ORG, JOB, 0, 0).await, None);
    drop(writer);
}

pub(super) async fn organisations_are_apart(store: &dyn Store) {
    write(store, ORG, &[Chunk::new(0).lead(1, "a@x.com").unique().picklist(9, "New")]);
    write(store, OTHER_ORG, &[Chunk::new(0).resource(1).lead(2, "a@x.com").unique()]);
    let mut writer = store.record_writer(OTHER_ORG).expect("a writer is given");
    assert_eq!(writer.org(), OTHER_ORG);
    assert_eq!(find(writer.as_mut(), EMAIL, &["a@x.com"]), [[id(2)]]);
    assert_eq!(writer.read(LEADS, &[id(1)]).expect("records are read"), [None]);
    assert!(writer.picklist_additions(LEADS).expect("additions are read").is_empty());
    assert!(writer.ledger(super::chunk::JOB, 0).expect("the ledger is read").is_empty());
    Chunk::new(1).resource(1).update(1, 1, "{}").conflict(writer.as_mut());
    drop(writer);
    assert_eq!(store.record(OTHER_ORG, LEADS, id(1)).await.expect("a record is looked for"), None);
    let found = store.search(OTHER_ORG, EMAIL, b"a@x.com", 9).await.expect("records are searched");
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), [id(2)]);
    assert!(store.picklist_additions(OTHER_ORG, LEADS).await.expect("additions are read").is_empty());
    let page = page(store, LEADS, SortBy::Id, false, 0, 9, None).await;
    assert_eq!(page.iter().map(|record| record.id).collect::<Vec<_>>(), [id(1)]);
}

async fn page(
    store: &dyn Store,
    module: ModuleNumber,
    sort_by: SortBy,
    descending: bool,
    skip: u64,
    limit: u32,
    after: Option<PageCursor>,
) -> Vec<Record> {
    let query = PageQuery { sort_by, descending, after, skip, limit };
    store.page(ORG, module, &query).await.expect("a page is read")
}

fn sort_value(sort_by: SortBy, record: &Record) -> i64 {
    match sort_by {
        SortBy::Id => 0,
        SortBy::CreatedTime => record.created_at,
        SortBy::ModifiedTime => record.modified_at,
    }
}

/// Chunks whose times do not follow their ids, of two modules in turn, some records changed once, some twice.
fn mixed_chunks() -> Vec<Chunk> {
    let made = |chunk: u32, rows: std::ops::Range<u64>, now, module| {
        let chunk = Chunk::new(chunk).at(now).module(module);
        rows.fold(chunk, |chunk, row| chunk.insert(row, r#"{"1":"x"}"#))
    };
    let changed = |chunk: u32, rows: &[u64], version, now| {
        let chunk = Chunk::new(chunk).at(now);
        rows.iter().fold(chunk, |chunk, row| chunk.update(*row, version, r#"{"1":"y"}"#))
    };
    vec![
        made(0, 30..40, NOW + 3, LEADS),
        made(1, 1..8, NOW + 5, LEADS),
        made(2, 10..20, NOW + 4, CONTACTS),
        made(3, 20..25, NOW + 3, LEADS),
        made(4, 50..53, NOW + 9, LEADS),
        changed(5, &[33, 2, 31], 1, NOW + 4),
        changed(6, &[51], 1, NOW + 10),
        changed(7, &[2], 2, NOW + 3),
        changed(8, &[20, 21, 22, 23, 24], 1, NOW + 5),
    ]
}

pub(super) async fn pages_follow_every_order(store: &dyn Store) {
    write(store, ORG, &mixed_chunks());
    assert_eq!(page(store, CONTACTS, SortBy::Id, false, 0, 99, None).await.len(), 10);
    assert!(page(store, ModuleNumber(3), SortBy::Id, false, 0, 99, None).await.is_empty());
    for sort_by in [SortBy::Id, SortBy::CreatedTime, SortBy::ModifiedTime] {
        for descending in [false, true] {
            check_order(store, sort_by, descending).await;
        }
    }
}

async fn check_order(store: &dyn Store, sort_by: SortBy, descending: bool) {
    let mut expected = Vec::new();
    for row in 0..60 {
        expected.extend(store.record(ORG, LEADS, id(row)).await.expect("a record is read"));
    }
    expected.sort_by_key(|record| (sort_value(sort_by, record), record.id));
    if descending {
        expected.reverse();
    }
    assert_eq!(expected.len(), 25);
    for limit in [0, 1, 2, 7, 100] {
        for skip in [0, 1, 5, 24, 25, 99] {
            let part = page(store, LEADS, sort_by, descending, skip, limit, None).await;
            let right: Vec<Record> = expected.iter().skip(skip as usize).take(limit as usize).cloned().collect();
            assert_eq!(ids(&part), ids(&right), "{sort_by:?} descending={descending} skip={skip} limit={limit}");
            assert_eq!(part, right);
        }
    }
    for (place, record) in expected.iter().enumerate() {
        let after = Some(PageCursor { value: sort_value(sort_by, record), id: record.id });
        for skip in [0, 3] {
            let part = page(store, LEADS, sort_by, descending, skip, 4, after).await;
            let right: Vec<Record> = expected.iter().skip(place + 1 + skip as usize).take(4).cloned().collect();
            assert_eq!(ids(&part), ids(&right), "{sort_by:?} descending={descending} after={after:?} skip={skip}");
        }
    }
}

fn ids(records: &[Record]) -> Vec<RecordId> {
    records.iter().map(|record| record.id).collect()
}

pub(super) async fn only_one_writes_at_a_time<S: Store>(store: S) {
    let store = Arc::new(store);
    let first = store.record_writer(ORG).expect("a writer is given");
    let first_is_done = Arc::new(AtomicBool::new(false));
    let (second_store, done) = (store.clone(), first_is_done.clone());
    let second = std::thread::spawn(move || {
        let _writer = second_store.record_writer(ORG).expect("a writer is given");
        assert!(done.load(Ordering::SeqCst), "the second writer waits for the first");
    });
    store.check().await.expect("the store is ready while one writes");
    first_is_done.store(true, Ordering::SeqCst);
    drop(first);
    second.join().expect("the second writer has its turn");
}
