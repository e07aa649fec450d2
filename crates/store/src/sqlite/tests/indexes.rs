//! Keys follow the catalog: indexes that come, go and change between two starts.

use std::sync::Mutex;

use bulkwright_engine::ids::UserId;
use bulkwright_engine::key;
use bulkwright_engine::plan::index_id;
use bulkwright_engine::record_store::{ChangeSet, IndexId, Insert, KeyChange, LedgerRow};
use bulkwright_engine::verdict::Counts;

use super::restart::ORG;
use super::*;
use crate::upkeep::Upkeep;

/// Contacts `1` to `4`: two of one name, one without a first name, one with an e-mail address.
const CONTACTS: [&str; 4] = [
    r#"{"1":"Ng","2":"Ann"}"#,
    r#"{"1":"ng","2":"ann"}"#,
    r#"{"1":"Ray"}"#,
    r#"{"1":"Poe","2":"Ed","3":"Ed@x.com","12":"Boss"}"#,
];

fn contacts() -> ModuleNumber {
    Catalog::builtin().module("Contacts").unwrap().number
}

/// Writes the records with the keys of these fields.
fn write(store: &SqliteStore, bodies: &[&str], keys: &[IndexId]) {
    let ids: Vec<RecordId> = (1..=bodies.len() as i64).map(|number| RecordId(number * 64)).collect();
    let inserts: Vec<Insert<'_>> = ids.iter().zip(bodies).map(|(&id, body)| Insert { id, body }).collect();
    let mut gained: Vec<(IndexId, RecordId, Vec<u8>)> = Vec::new();
    for (&id, body) in ids.iter().zip(bodies) {
        for &index in keys {
            gained.extend(bulkwright_engine::body::key(body, index).map(|key| (index, id, key)));
        }
    }
    let keys_gained: Vec<KeyChange<'_>> =
        gained.iter().map(|(index, id, key)| KeyChange { index: *index, key, id: *id, unique: false }).collect();
    let counts = Counts { added: bodies.len() as u64, ..Counts::default() };
    let ledger = LedgerRow {
        job: JobId(7),
        resource: 0,
        chunk: 0,
        rows_through: bodies.len() as u64,
        counts,
        verdicts: std::iter::once(2).chain(bodies.iter().map(|_| 0)).collect(),
    };
    let change = ChangeSet {
        module: contacts(),
        user: UserId(5),
        now: 1_795_000_000,
        block: IdBlock { start: 1, size: 9 },
        inserts: &inserts,
        updates: &[],
        keys_lost: &[],
        keys_gained: &keys_gained,
        picklist_additions: &[],
        ledger: &ledger,
    };
    store.record_writer(ORG).unwrap().commit(&change).unwrap();
}

fn index(catalog: &Catalog, field: &str) -> IndexId {
    let module = catalog.module("Contacts").unwrap();
    index_id(module, module.field(field).unwrap())
}

fn own(fields: &str) -> Catalog {
    Catalog::builtin().with_own(&format!("[[modules]]\napi_name = \"Contacts\"\nfields = [{fields}]")).unwrap()
}

/// Numbers of the contacts that carry a value.
async fn found(store: &SqliteStore, index: IndexId, value: &str) -> Vec<i64> {
    let key = key::fold(value, index.case_sensitive);
    let records = store.search(ORG, index, &key, 9).await.unwrap();
    records.into_iter().map(|record| record.id.0 / 64).collect()
}

fn keys(store: &SqliteStore) -> i64 {
    let sql = "SELECT count(*) FROM key";
    store.writer_turn.wait().with(|connection| connection.query_row(sql, [], |row| row.get(0)).unwrap())
}

async fn is_sound(store: &SqliteStore) -> bool {
    store.verify().await.unwrap().differences.iter().all(|it| !it.what.contains("key"))
}

/// A directory as it was before there was a note: with the keys of e-mail addresses.
fn before_the_note(options: &OpenOptions) -> (tempfile::TempDir, SqliteStore) {
    let (directory, store) = new_store(options);
    write(&store, &CONTACTS, &[index(&Catalog::builtin(), "Email")]);
    (directory, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_the_catalog_gets_the_keys_of_records_that_are_there() {
    for hash_bits in [64, 4] {
        let options = OpenOptions { hash_bits, ..temporary() };
        let (_directory, store) = before_the_note(&options);
        let catalog = Catalog::builtin();
        let name = index(&catalog, "Full_Name");
        assert_eq!(found(&store, name, "Ann Ng").await, [] as [i64; 0]);
        store.set_catalog(&catalog).unwrap();
        assert_eq!(found(&store, name, "Ann Ng").await, [1, 2]);
        assert_eq!(found(&store, name, "RAY").await, [3]);
        assert_eq!(found(&store, index(&catalog, "Email"), "ed@x.com").await, [4]);
        assert_eq!(keys(&store), 5);
        assert!(is_sound(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_come_change_and_go() {
    let (directory, store) = before_the_note(&temporary());
    store.set_catalog(&Catalog::builtin()).unwrap();
    drop(store);
    let marked = own(r#"{ api_name = "Title", unique = { case_sensitive = true } }"#);
    let store = open(directory.path());
    store.set_catalog(&marked).unwrap();
    assert_eq!((found(&store, index(&marked, "Title"), "Boss").await, keys(&store)), (vec![4], 6));
    assert_eq!(found(&store, index(&marked, "Title"), "boss").await, [] as [i64; 0]);
    drop(store);
    let folded = own(r#"{ api_name = "Title", unique = true }"#);
    let store = open(directory.path());
    store.set_catalog(&folded).unwrap();
    assert_eq!((found(&store, index(&folded, "Title"), "BOSS").await, keys(&store)), (vec![4], 6));
    assert!(is_sound(&store).await);
    drop(store);
    let store = open(directory.path());
    store.set_catalog(&Catalog::builtin()).unwrap();
    assert_eq!(keys(&store), 5, "the keys of a field that nobody is found by any more are gone");
    assert!(is_sound(&store).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_whose_values_repeat_does_not_become_unique_and_nothing_changes() {
    for hash_bits in [64, 2] {
        let options = OpenOptions { hash_bits, ..temporary() };
        let (_directory, store) = before_the_note(&options);
        store.set_catalog(&Catalog::builtin()).unwrap();
        let before = keys(&store);
        let refused = store.set_catalog(&own(r#"{ api_name = "Last_Name", unique = true }"#)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Contacts.Last_Name is marked unique, but records 64 and 128 both have \"ng\": change one of them before, \
             or take the mark away"
        );
        assert_eq!(keys(&store), before);
        // What differs in case only is told apart where the mark says so.
        store.set_catalog(&own(r#"{ api_name = "Last_Name", unique = { case_sensitive = true } }"#)).unwrap();
        assert_eq!(keys(&store), before + 4);
        assert!(is_sound(&store).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_findable_is_looked_at_too_when_it_becomes_unique() {
    let (_directory, store) = new_store(&temporary());
    let email = index(&Catalog::builtin(), "Email");
    write(&store, &[r#"{"1":"a","3":"a@x.com"}"#, r#"{"1":"b","3":"A@x.com"}"#], &[email]);
    store.set_catalog(&Catalog::builtin()).unwrap();
    let unique = own(r#"{ api_name = "Email", unique = true }"#);
    assert!(matches!(store.set_catalog(&unique), Err(Error::NotUnique { .. })));
    assert!(matches!(store.set_catalog(&unique), Err(Error::NotUnique { .. })), "and again at the next start");
}

/// Fails at every step of making and unmaking indexes, and starts again with the same or the other catalog.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_making_an_index_is_broken_off_the_next_start_mends_it() {
    let marked =
        own(r#"{ api_name = "Title", unique = true }, { api_name = "Last_Name", external = false, mandatory = true }"#);
    for next in [&marked, &Catalog::builtin()] {
        let mut fails_at = 0;
        loop {
            let (directory, store) = before_the_note(&temporary());
            drop(store);
            let passed = Arc::new(Mutex::new(0));
            let counter = passed.clone();
            let points = FailurePoints::from_fn(move |point| {
                let mut passed = counter.lock().unwrap();
                if point.step != "making an index" {
                    return Ok(());
                }
                *passed += 1;
                if *passed == fails_at + 1 { Err(Error::failed("a test", "it breaks off")) } else { Ok(()) }
            });
            let options = OpenOptions { failure_points: points, ..temporary() };
            let store = SqliteStore::open(directory.path(), &options).unwrap();
            let outcome = store.set_catalog(&marked);
            drop(store);
            let store = open(directory.path());
            store.set_catalog(next).unwrap();
            let expected = if std::ptr::eq(next, &marked) { 6 } else { 5 };
            assert_eq!(keys(&store), expected, "broken off at point {fails_at}");
            assert!(is_sound(&store).await, "broken off at point {fails_at}");
            fails_at += 1;
            if outcome.is_ok() {
                break;
            }
        }
        assert!(fails_at > 6, "{fails_at}");
    }
}
