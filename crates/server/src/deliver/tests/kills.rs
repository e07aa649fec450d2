//! Processes that die in the middle of deliveries, and writes that fail.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;

use bulkwright_store::failure::{FailurePoint, Moment};
use bulkwright_store::model::DeliveryState;

use super::*;

#[tokio::test]
async fn a_kill_in_mid_delivery_leaves_it_due_as_it_was() {
    let replies = vec![Reply::silent(), Reply::silent(), Reply::status(200)];
    let (world, receiver) = (World::new(), Receiver::scripted(replies).await);
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    let first = receiver.next().await;
    process.kill().await;

    let process = world.start().await;
    let second = receiver.next().await;
    let delivery = process.delivery(job).await;
    assert_eq!((delivery.attempts, delivery.next_at), (0, Some(BEGIN)));
    process.kill().await;

    let process = world.start().await;
    let delivery = process.tried(job, 1).await;
    assert_eq!((delivery.state, delivery.last.unwrap().at), (DeliveryState::Delivered, BEGIN), "nobody has waited");
    assert_eq!([&first, &second], [&receiver.next().await; 2], "every try sends the same");
}

/// A callback whose job ends while nobody delivers is sent by the next start.
#[tokio::test]
async fn what_was_promised_by_a_process_that_died_is_sent_by_the_next() {
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(200)).await);
    let job = end_job(&*world.app().await, &receiver.url()).await;
    let process = world.start().await;
    process.tried(job, 1).await;
    assert_eq!(receiver.next().await.id(), format!("job-{job}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callbacks_arrive_through_twenty_kills() {
    const CALLBACKS: usize = 1000;
    const KILLS: usize = 20;
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(200)).await);
    let mut process = world.start().await;
    let (mut promised, mut received) = (HashSet::new(), HashMap::<String, HashSet<Vec<u8>>>::new());
    let mut repeats = 0;
    let mut note = |request: receiver::Received| {
        let bodies = received.entry(request.id().to_owned()).or_default();
        repeats += usize::from(!bodies.is_empty());
        bodies.insert(request.body);
        received.len()
    };
    for kill in 0..=KILLS {
        while promised.len() < CALLBACKS * (kill + 1) / (KILLS + 1) {
            promised.insert(format!("job-{}", process.end_job(&receiver.url()).await));
        }
        if kill < KILLS {
            // In the middle of what is under way, which is not the same at any two kills.
            note(receiver.next().await);
            process.kill().await;
            process = world.start().await;
        }
    }
    while note(receiver.next().await) < CALLBACKS {}
    let missing: Vec<_> = promised.iter().filter(|id| !received.contains_key(*id)).collect();
    assert_eq!((missing, received.len()), (vec![], CALLBACKS));
    assert!(received.values().all(|bodies| bodies.len() == 1), "a repeat is the same message");
    assert!(repeats <= KILLS * super::super::PER_HOST_MAX, "{repeats} repeats: only what was under way is repeated");
}

/// Fails, panics or dies at a moment of noting: the receiver is told at least once, and the try is counted once.
#[tokio::test]
async fn a_note_that_is_not_written_is_made_up_for() {
    for moment in [Moment::Before, Moment::BeforeCommit, Moment::AfterCommit] {
        for panics in [Panics::No, Panics::Yes] {
            let (mut world, receiver) = (World::new(), Receiver::answering(Reply::status(500)).await);
            let failed = fail_once_at(&mut world, FailurePoint { step: "noting a delivery", moment }, panics);
            let process = world.start().await;
            let job = process.end_job(&receiver.url()).await;
            receiver.next().await;
            while failed.load(Ordering::SeqCst) == 0 {
                tokio::task::yield_now().await;
            }
            let waits_on = async {
                // The worker rests before it tries to write again; a clock that moves ends the rest.
                while process.delivery(job).await.attempts == 0
                    || process.app.callbacks.counts.postponed.load(Ordering::Relaxed) == 0
                {
                    process.app.clock.moved();
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(TIME_MAX, waits_on).await.expect("it is noted in the end");
            assert_eq!(process.delivery(job).await.attempts, 1, "{moment:?} {panics:?}");
            assert_eq!(receiver.rest().await, [], "nothing was sent again while it could not be noted");
        }
    }
}

/// The same, where the process dies there.
#[tokio::test]
async fn a_death_at_the_note_repeats_the_message_or_not_and_never_loses_it() {
    for (moment, again) in [(Moment::Before, 1), (Moment::BeforeCommit, 1), (Moment::AfterCommit, 0)] {
        let (mut world, receiver) = (World::new(), Receiver::answering(Reply::status(200)).await);
        let failed = fail_once_at(&mut world, FailurePoint { step: "noting a delivery", moment }, Panics::No);
        let process = world.start().await;
        let job = process.end_job(&receiver.url()).await;
        let first = receiver.next().await;
        while failed.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        process.kill().await;
        let process = world.start().await;
        assert_eq!(process.tried(job, 1).await.state, DeliveryState::Delivered);
        process.looks().await;
        assert_eq!(receiver.rest().await, vec![first; again], "{moment:?}");
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Panics {
    No,
    Yes,
}

/// Fails the first time that a point is passed, and counts that.
fn fail_once_at(world: &mut World, point: FailurePoint, panics: Panics) -> Arc<AtomicU64> {
    let (failed, armed) = (Arc::new(AtomicU64::new(0)), Mutex::new(Some(point)));
    let count = failed.clone();
    world.config.failure_points = FailurePoints::from_fn(move |passed| {
        if armed.lock().unwrap().take_if(|point| *point == passed).is_none() {
            return Ok(());
        }
        count.fetch_add(1, Ordering::SeqCst);
        assert_eq!(panics, Panics::No, "the test asked for it");
        Err(StoreError::Failed { doing: "noting", source: "the test asked for it".into() })
    });
    failed
}
