//! Jobs that rest after an attempt that came to no end.

use super::chunk::NOW;
use super::jobs::{end, job, new_job};
use super::queue::{assert_fenced, claim};
use crate::Store;
use crate::model::{JobState, Postponed, Rest};

fn rest(until: i64) -> Rest {
    Rest { until, cause: "the disk is full".to_owned() }
}

pub(super) async fn nobody_claims_a_job_that_rests(store: &dyn Store) {
    store.add_job(&new_job(NOW)).await.expect("a job is added");
    store.add_job(&new_job(NOW + 1)).await.expect("a job is added");
    let (first, _) = claim(store, NOW).await.expect("a job waits");
    store.postpone(first, &rest(NOW + 30), Postponed::Waiting).await.expect("a job is put to rest");
    assert_fenced(store, first).await;
    let resting = job(store, first.job).await;
    assert_eq!((resting.state, &resting.rest), (JobState::InProgress, &Some(rest(NOW + 30))));
    let (other, _) = claim(store, NOW + 29).await.expect("others go first");
    assert_ne!(other.job, first.job);
    assert_eq!(claim(store, NOW + 29).await, None, "it rests");
    assert_eq!(claim(store, NOW - 3600).await, None, "it rests while the clock goes back");
    let (second, claimed) = claim(store, NOW + 30).await.expect("the rest is over");
    assert_eq!((second.job, second.attempt), (first.job, 2));
    assert_eq!((&claimed.rest, &job(store, first.job).await.rest), (&None, &None), "a claim forgets the rest");
    store.finish(second, &end(JobState::Completed, 2)).await.expect("a job is finished");
    assert_eq!(job(store, first.job).await.rest, None);
}

pub(super) async fn attempts_that_failed_are_counted_in_a_row(store: &dyn Store) {
    use Postponed::{Failed, FailedAfterProgress, Waiting};
    store.add_job(&new_job(NOW)).await.expect("a job is added");
    let course = [
        (Failed, 1),
        (Failed, 2),
        (Waiting, 2),
        (Failed, 3),
        (FailedAfterProgress, 1),
        (Failed, 2),
        (FailedAfterProgress, 1),
    ];
    for (postponed, failures) in course {
        let (held, _) = claim(store, NOW).await.expect("the rest is over");
        store.postpone(held, &rest(NOW), postponed).await.expect("a job is put to rest");
        let resting = job(store, held.job).await;
        assert_eq!(resting.failures, failures, "after {postponed:?} of attempt {}", resting.attempt);
    }
    let (held, _) = claim(store, NOW).await.expect("the rest is over");
    store.release(held).await.expect("a claim is given back");
    assert_eq!(job(store, held.job).await.failures, 1, "an attempt that was given back has not failed");
}
