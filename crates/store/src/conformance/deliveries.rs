//! The outbox: callbacks that are promised, tried and settled.

use bulkwright_engine::ids::{JobId, OrgId};

use super::access::{ORG, OTHER_ORG};
use super::chunk::NOW;
use super::jobs::{end, new_job};
use super::queue::claim;
use crate::model::{Callback, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Finish, JobState, NewJob};
use crate::{ATTEMPTS_KEPT, Store};

fn callback() -> Callback {
    Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() }
}

/// Runs a job to its end at a time.
async fn ended(store: &dyn Store, new: &NewJob, state: JobState, finished_at: i64) -> JobId {
    let added = store.add_job(new).await.expect("a job is added");
    let (claim, _) = claim(store, NOW).await.expect("a job waits");
    assert_eq!(claim.job, added.id);
    let pending = delivery(store, new.org, added.id).await;
    assert_eq!(pending, None, "nothing is promised before the end");
    store
        .finish(claim, &Finish { finished_at, callback_at: finished_at, ..end(state, 2) })
        .await
        .expect("a job is finished");
    added.id
}

async fn delivery(store: &dyn Store, org: OrgId, job: JobId) -> Option<Delivery> {
    store.delivery(org, job).await.expect("a delivery is read")
}

async fn due(store: &dyn Store, now: i64, limit: u32) -> Vec<JobId> {
    let due = store.due_deliveries(now, limit).await.expect("deliveries are read");
    due.into_iter().map(|delivery| delivery.job).collect()
}

async fn next_at(store: &dyn Store) -> Option<i64> {
    store.next_delivery_at().await.expect("the next delivery is read")
}

pub(super) async fn a_callback_is_promised_when_its_job_ends(store: &dyn Store) {
    let without = NewJob { callback: None, ..new_job(NOW) };
    let seeded = NewJob { callback: Some(callback()), fixed: true, ..new_job(NOW) };
    for silent in [without, seeded] {
        let job = ended(store, &silent, JobState::Completed, NOW).await;
        assert_eq!(delivery(store, ORG, job).await, None, "no callback, or a fixed job");
    }
    assert_eq!((due(store, i64::MAX, 9).await, next_at(store).await), (vec![], None));
    for (state, finished_at) in [(JobState::Completed, NOW + 9), (JobState::Failed, NOW + 3)] {
        let new = NewJob { callback: Some(callback()), ..new_job(NOW) };
        let job = ended(store, &new, state, finished_at).await;
        let promised = Delivery {
            job,
            org: ORG,
            callback: callback(),
            created_at: finished_at,
            attempts: 0,
            next_at: Some(finished_at),
            state: DeliveryState::Pending,
            last: None,
        };
        assert_eq!(delivery(store, ORG, job).await, Some(promised));
        assert_eq!(delivery(store, OTHER_ORG, job).await, None, "it is its organisation's");
    }
}

pub(super) async fn what_is_due_longest_comes_first(store: &dyn Store) {
    let mut jobs = Vec::new();
    for finished_at in [NOW + 5, NOW + 1, NOW + 9, NOW + 1] {
        jobs.push(ended(store, &new_job(NOW), JobState::Completed, finished_at).await);
    }
    assert_eq!(due(store, NOW, 9).await, [], "nothing is due before its time");
    assert_eq!(due(store, NOW + 1, 9).await, [jobs[1], jobs[3]]);
    assert_eq!(due(store, NOW + 99, 9).await, [jobs[1], jobs[3], jobs[0], jobs[2]]);
    assert_eq!(due(store, NOW + 99, 3).await, [jobs[1], jobs[3], jobs[0]]);
    assert_eq!(due(store, NOW + 99, 0).await, []);
    assert_eq!(next_at(store).await, Some(NOW + 1));
    // Looking is not trying: who died with it in hand leaves it as it was.
    assert_eq!(due(store, NOW + 1, 1).await, [jobs[1]]);
    assert_eq!(delivery(store, ORG, jobs[1]).await.map(|it| (it.attempts, it.next_at)), Some((0, Some(NOW + 1))));
}

pub(super) async fn a_try_is_noted_with_what_came_of_it(store: &dyn Store) {
    let one = ended(store, &new_job(NOW), JobState::Completed, NOW).await;
    let two = ended(store, &new_job(NOW), JobState::Completed, NOW + 1).await;
    let refused = DeliveryOutcome { at: NOW + 2, status: Some(503), error: Some("503 Service Unavailable".to_owned()) };
    let note =
        async |job, outcome: &DeliveryOutcome, state, next_at| store.note_delivery(job, outcome, state, next_at).await;
    note(one, &refused, DeliveryState::Pending, Some(NOW + 60)).await.expect("a try is noted");
    let tried = delivery(store, ORG, one).await.expect("it is there");
    assert_eq!((tried.attempts, tried.next_at, tried.state), (1, Some(NOW + 60), DeliveryState::Pending));
    assert_eq!((tried.last, tried.created_at), (Some(refused.clone()), NOW));
    assert_eq!((due(store, NOW + 59, 9).await, next_at(store).await), (vec![two], Some(NOW + 1)));
    let taken = DeliveryOutcome { at: NOW + 61, status: Some(200), error: None };
    note(one, &taken, DeliveryState::Delivered, None).await.expect("a try is noted");
    let settled = delivery(store, ORG, one).await.expect("it is there");
    assert_eq!((settled.attempts, settled.next_at, settled.state), (2, None, DeliveryState::Delivered));
    assert_eq!(settled.last, Some(taken));
    let unreachable = DeliveryOutcome { at: NOW + 70, status: None, error: Some("no route".to_owned()) };
    note(two, &unreachable, DeliveryState::GivenUp, None).await.expect("a try is noted");
    assert_eq!(delivery(store, ORG, two).await.map(|it| (it.attempts, it.state)), Some((1, DeliveryState::GivenUp)));
    assert_eq!((due(store, i64::MAX, 9).await, next_at(store).await), (vec![], None), "what is settled is never due");
    assert_eq!(store.figures().await.expect("figures are read").deliveries_pending, 0);
    note(JobId(1), &refused, DeliveryState::Pending, Some(NOW))
        .await
        .expect_err("a job without a delivery has no tries");
}

pub(super) async fn deliveries_are_listed_and_replayed(store: &dyn Store) {
    let one = ended(store, &new_job(NOW), JobState::Completed, NOW).await;
    let two = ended(store, &new_job(NOW), JobState::Failed, NOW).await;
    let other = ended(store, &NewJob { org: OTHER_ORG, ..new_job(NOW) }, JobState::Completed, NOW).await;
    let refused = |at| DeliveryOutcome { at, status: Some(503), error: Some("busy".to_owned()) };
    for attempt in 1..=i64::from(ATTEMPTS_KEPT) {
        let noted = store.note_delivery(one, &refused(attempt), DeliveryState::Pending, Some(NOW)).await;
        noted.expect("a try is noted");
    }
    let taken = DeliveryOutcome { at: NOW + 9, status: Some(200), error: None };
    store.note_delivery(one, &taken, DeliveryState::Delivered, None).await.expect("a try is noted");
    let listed = async |query: DeliveriesQuery| {
        let listed = store.deliveries(&query).await.expect("deliveries are listed");
        listed.into_iter().map(|delivery| delivery.job).collect::<Vec<_>>()
    };
    let all = DeliveriesQuery { limit: 9, ..DeliveriesQuery::default() };
    assert_eq!(listed(all.clone()).await, [other, two, one], "newest first");
    assert_eq!(listed(DeliveriesQuery { limit: 2, ..all.clone() }).await, [other, two]);
    assert_eq!(listed(DeliveriesQuery { before: Some(two), ..all.clone() }).await, [one]);
    assert_eq!(listed(DeliveriesQuery { org: Some(ORG), ..all.clone() }).await, [two, one]);
    let delivered = Some(DeliveryState::Delivered);
    assert_eq!(listed(DeliveriesQuery { state: delivered, ..all }).await, [one]);

    let attempts = async |org, job| store.delivery_attempts(org, job).await.expect("attempts are read");
    let kept = attempts(ORG, one).await;
    assert_eq!((kept.len(), &kept[0], kept.last()), (ATTEMPTS_KEPT as usize, &refused(2), Some(&taken)));
    assert_eq!((attempts(ORG, two).await, attempts(OTHER_ORG, one).await), (vec![], vec![]));

    let replay = async |org, job| store.replay_delivery(org, job, NOW + 50).await.expect("a delivery is replayed");
    let replayed = replay(ORG, one).await.expect("it is there");
    assert_eq!((replayed.attempts, replayed.next_at, replayed.state), (0, Some(NOW + 50), DeliveryState::Pending));
    assert_eq!(replayed.last, Some(taken), "what came of earlier tries stays");
    assert_eq!(delivery(store, ORG, one).await, Some(replayed));
    assert_eq!(replay(OTHER_ORG, one).await, None);
    assert_eq!(replay(ORG, JobId(1)).await, None);
    assert_eq!(due(store, NOW + 50, 9).await, [two, other, one]);
}
