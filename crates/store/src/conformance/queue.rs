//! The queue: claims, leases, fences, and the blocks of a claim.

use bulkwright_engine::verdict::Counts;

use super::chunk::NOW;
use super::jobs::{job, new_job};
use crate::model::{Claim, Finish, Job, JobState};
use crate::{Error, Store};

const LEASE: i64 = 60;

async fn claim(store: &dyn Store, now: i64) -> Option<(Claim, Job)> {
    store.claim("worker", now, LEASE).await.expect("a claim is answered")
}

/// Every write of this claim is refused.
async fn assert_fenced(store: &dyn Store, old: Claim) {
    let end = Finish {
        state: JobState::Completed,
        resources: vec![(JobState::Completed, Counts::default(), None); 2],
        result_blob: None,
        result_sum: None,
        charset: None,
        finished_at: NOW,
        callback_at: NOW,
    };
    let before = job(store, old.job).await;
    let answers = [
        store.progress(old, NOW + 1000, 0, Counts { added: 99, ..Counts::default() }, "x").await,
        store.reserve(old, 1, 10, NOW * 1000).await.map(|_| ()),
        store.release(old).await,
        store.finish(old, &end).await,
    ];
    for answer in answers {
        assert!(matches!(answer, Err(Error::Fenced)), "{answer:?}");
    }
    assert_eq!(job(store, old.job).await, before, "a fenced write changes nothing");
}

pub(super) async fn the_oldest_waits_first(store: &dyn Store) {
    let mut added = Vec::new();
    for created_at in [NOW + 5, NOW, NOW + 5] {
        added.push(store.add_job(&new_job(created_at)).await.expect("a job is added").id);
    }
    for (id, now) in [(added[1], NOW + 6), (added[0], NOW + 6), (added[2], NOW + 6)] {
        let (claim, job) = claim(store, now).await.expect("a job waits");
        assert_eq!((claim.job, claim.attempt, job.id, job.attempt), (id, 1, id, 1));
        assert_eq!(job.state, JobState::InProgress);
    }
    assert_eq!(claim(store, NOW + 6).await, None, "all are held");
}

pub(super) async fn a_lease_that_ended_can_be_taken_and_fences(store: &dyn Store) {
    store.add_job(&new_job(NOW)).await.expect("a job is added");
    let (first, _) = claim(store, NOW).await.expect("a job waits");
    assert_eq!(claim(store, NOW + LEASE - 1).await, None, "the lease runs");
    store.progress(first, NOW + 500, 0, Counts::default(), "").await.expect("the lease is extended");
    assert_eq!(claim(store, NOW + 499).await, None, "the lease was extended");
    let (second, job) = claim(store, NOW + 500).await.expect("the lease ended");
    assert_eq!((second.attempt, job.attempt), (2, 2));
    assert_fenced(store, first).await;
    store.progress(second, NOW + 900, 0, Counts::default(), "").await.expect("the second attempt holds it");
    assert_fenced(store, Claim { attempt: 3, ..second }).await;
}

pub(super) async fn a_released_job_waits_again(store: &dyn Store) {
    store.add_job(&new_job(NOW)).await.expect("a job is added");
    let (first, _) = claim(store, NOW).await.expect("a job waits");
    store.release(first).await.expect("a claim is given back");
    assert_fenced(store, first).await;
    assert_eq!(job(store, first.job).await.state, JobState::InProgress);
    let (second, _) = claim(store, NOW).await.expect("the job waits again at once");
    assert_eq!((second.job, second.attempt), (first.job, 2));
}

pub(super) async fn a_block_is_reserved_once(store: &dyn Store) {
    let now_ms = NOW * 1000;
    store.add_job(&new_job(NOW)).await.expect("a job is added");
    let (first, _) = claim(store, NOW).await.expect("a job waits");
    let one = store.reserve(first, 0, 100, now_ms).await.expect("a block is reserved");
    assert_eq!(one.size, 100);
    let two = store.reserve(first, 1, 50, 0).await.expect("a block is reserved");
    assert!(two.start >= one.start + one.size, "blocks do not overlap");
    let drawn = store.new_id(0).await.expect("an id is drawn");
    assert!(drawn > two.bounds().1.0, "an id is not one of a block");
    let (second, job) = claim(store, NOW + LEASE).await.expect("the lease ended");
    assert_eq!((job.resources[0].block, job.resources[1].block), (Some(one), Some(two)));
    let later = store.reserve(second, 0, 7, now_ms + 1_000_000).await.expect("the block is there");
    assert_eq!(later, one, "a later attempt gets the same block");
    store.reserve(second, 1, u64::MAX, now_ms).await.expect("the block is there");
}
