//! What is this store's own: its files, locks, damage and restarts. The guarantees of every store are in
//! [`crate::conformance`].

mod backup;
mod concurrency;
mod damage;
mod deaths;
mod indexes;
mod media;
mod migration;
mod own_modules;
mod restart;
mod row_by_row;
mod sweep;
mod town;
mod verify;
mod views;
mod world;

use std::path::Path;

use super::*;
use crate::conformance;

fn temporary() -> OpenOptions {
    OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() }
}

/// A store over a directory that goes when the test ends.
fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, &temporary()).unwrap()
}

fn new_store(options: &OpenOptions) -> (tempfile::TempDir, SqliteStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(directory.path(), options).unwrap();
    (directory, store)
}

/// Directories of the stores that a check makes; they go when it is over.
fn fresh_stores(options: OpenOptions) -> impl FnMut() -> SqliteStore {
    let parent = tempfile::tempdir().unwrap();
    let mut made = 0;
    move || {
        made += 1;
        SqliteStore::open(&parent.path().join(made.to_string()), &options).unwrap()
    }
}

fn record_writers(options: OpenOptions) -> impl FnMut() -> Writer {
    let mut fresh = fresh_stores(options);
    move || {
        let store = fresh();
        Writer::new(store.writer_turn.wait(), OrgId(694_902_309), store.hasher.clone())
    }
}

#[tokio::test]
async fn it_is_a_store() {
    conformance::store(fresh_stores(temporary())).await;
}

#[tokio::test]
async fn it_is_a_store_that_syncs() {
    conformance::store(fresh_stores(OpenOptions::default())).await;
}

#[test]
fn it_is_a_record_store() {
    conformance::record_store(record_writers(temporary()));
}

#[test]
fn it_is_a_record_store_when_hashes_collide() {
    for hash_bits in [1, 4, 8] {
        conformance::record_store(record_writers(OpenOptions { hash_bits, ..temporary() }));
    }
}

#[test]
fn it_does_what_the_model_does() {
    conformance::model::check(record_writers(temporary()));
    conformance::model::check(record_writers(OpenOptions { hash_bits: 3, ..temporary() }));
}

#[test]
fn it_is_a_record_store_with_other_pages() {
    let layout = RecordsLayout { page_bytes: 512 };
    conformance::record_store(record_writers(OpenOptions { layout, ..temporary() }));
}

#[test]
fn a_zombie_changes_nothing() {
    let (_directory, store) = new_store(&temporary());
    conformance::zombies::the_zombie_commits_first(&store);
    conformance::zombies::the_zombie_commits_last(&store);
    conformance::zombies::interleave(&store);
}
