//! Whose fault it is that a process died: counted only where one job alone was held, and only in a row.

use super::restart::{ORG, new_job, try_insert_for};
use super::*;
use crate::model::{Postponed, Rest};

const NOW: i64 = 1_795_000_000;
const LEASE: i64 = 60;

/// A directory with jobs, oldest first.
async fn with_jobs(count: usize) -> (tempfile::TempDir, Vec<JobId>) {
    let (directory, store) = new_store(&temporary());
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(store.add_job(&new_job(None, false)).await.unwrap().id);
    }
    (directory, jobs)
}

/// A process that claims so many jobs and dies.
async fn dies_holding(directory: &Path, count: usize) {
    let store = open(directory);
    for _ in 0..count {
        store.claim("worker", NOW, LEASE).await.unwrap().unwrap();
    }
}

async fn deaths(directory: &Path, job: JobId) -> u32 {
    open(directory).job(ORG, job).await.unwrap().unwrap().deaths
}

#[tokio::test]
async fn a_death_with_one_job_in_hand_is_that_jobs() {
    let (directory, jobs) = with_jobs(2).await;
    for before in 0..3 {
        assert_eq!(deaths(directory.path(), jobs[0]).await, before);
        dies_holding(directory.path(), 1).await;
    }
    assert_eq!(deaths(directory.path(), jobs[0]).await, 3);
    assert_eq!(deaths(directory.path(), jobs[0]).await, 3, "a start alone adds nothing");
    assert_eq!(deaths(directory.path(), jobs[1]).await, 0, "who only waits has nothing to do with it");
}

#[tokio::test]
async fn a_death_with_two_jobs_in_hand_is_nobodys() {
    let (directory, jobs) = with_jobs(2).await;
    dies_holding(directory.path(), 2).await;
    assert_eq!((deaths(directory.path(), jobs[0]).await, deaths(directory.path(), jobs[1]).await), (0, 0));
}

#[tokio::test]
async fn a_job_that_was_given_back_did_not_kill() {
    let (directory, jobs) = with_jobs(1).await;
    let rest = Rest { until: NOW + 9, cause: "full".to_owned() };
    let store = open(directory.path());
    let (claim, _) = store.claim("worker", NOW, LEASE).await.unwrap().unwrap();
    store.release(claim).await.unwrap();
    drop(store);
    assert_eq!(deaths(directory.path(), jobs[0]).await, 0, "released");
    let store = open(directory.path());
    let (claim, _) = store.claim("worker", NOW, LEASE).await.unwrap().unwrap();
    store.postpone(claim, &rest, Postponed::Failed).await.unwrap();
    drop(store);
    assert_eq!(deaths(directory.path(), jobs[0]).await, 0, "postponed");
    assert_eq!(
        open(directory.path()).job(ORG, jobs[0]).await.unwrap().unwrap().rest,
        None,
        "nor does it rest any more"
    );
}

#[tokio::test]
async fn a_chunk_that_was_committed_since_begins_the_count_anew() {
    let (directory, jobs) = with_jobs(1).await;
    for _ in 0..2 {
        dies_holding(directory.path(), 1).await;
    }
    let store = open(directory.path());
    store.claim("worker", NOW, LEASE).await.unwrap().unwrap();
    try_insert_for(&store, jobs[0], 0, &[1, 2], r#"{"4":"a@x.com"}"#).unwrap();
    drop(store);
    assert_eq!(deaths(directory.path(), jobs[0]).await, 0, "it came further than the time before");
    dies_holding(directory.path(), 1).await;
    assert_eq!(deaths(directory.path(), jobs[0]).await, 1, "and this time it did not");
}
