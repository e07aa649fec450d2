//! When callbacks are sent: the schedule, restarts and clocks that jump.

use bulkwright_store::model::DeliveryState;

use super::*;

/// Seconds between the tries: the schedule of the Standard Webhooks specification.
const GAPS: [i64; 9] = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];

#[tokio::test]
async fn the_schedule_is_followed_to_the_second_and_then_it_is_given_up() {
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(500)).await);
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    let first = receiver.next().await;
    for (gap, attempts) in GAPS.into_iter().zip(1..) {
        process.tried(job, attempts).await;
        let due = world.clock.now() + gap;
        world.clock.set(due - 1);
        process.looks().await;
        assert_eq!(receiver.rest().await, [], "nothing comes {gap} s after try {attempts}, less one");
        world.clock.set(due);
        let again = receiver.next().await;
        assert_eq!((again.id(), &again.body), (first.id(), &first.body));
        assert_eq!(again.header("webhook-timestamp"), Some(due.to_string().as_str()));
    }
    let delivery = process.tried(job, 10).await;
    assert_eq!((delivery.state, delivery.next_at), (DeliveryState::GivenUp, None));
    world.clock.set(world.clock.now() + 1_000_000);
    process.looks().await;
    assert_eq!(receiver.rest().await, []);
}

#[tokio::test]
async fn a_receiver_that_recovers_is_told_once() {
    let replies = [500, 503, 200].map(Reply::status).to_vec();
    let (world, receiver) = (World::new(), Receiver::scripted(replies).await);
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    for (attempts, state) in [(1, DeliveryState::Pending), (2, DeliveryState::Pending), (3, DeliveryState::Delivered)] {
        let delivery = process.tried(job, attempts).await;
        assert_eq!(delivery.state, state);
        world.clock.set(delivery.next_at.unwrap_or(BEGIN + 1_000_000));
    }
    process.looks().await;
    let ids: Vec<_> = receiver.rest().await.iter().map(|request| request.id().to_owned()).collect();
    assert_eq!(ids, vec![format!("job-{job}"); 3]);
}

#[tokio::test]
async fn the_first_wait_is_settable_too() {
    let (mut world, receiver) = (World::new(), Receiver::answering(Reply::status(500)).await);
    world.config.callback_schedule = [30, 60].map(Duration::from_secs).to_vec();
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    assert_eq!(process.delivery(job).await.next_at, Some(BEGIN + 30));
    world.clock.set(BEGIN + 30);
    assert_eq!(process.tried(job, 1).await.next_at, Some(BEGIN + 90));
    world.clock.set(BEGIN + 90);
    assert_eq!(process.tried(job, 2).await.state, DeliveryState::GivenUp);
}

#[tokio::test]
async fn what_is_not_due_is_not_sent_by_the_next_start_either() {
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(500)).await);
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    assert_eq!(process.tried(job, 1).await.next_at, Some(BEGIN + 5));
    receiver.next().await;
    process.kill().await;
    world.clock.set(BEGIN + 4);
    let process = world.start().await;
    process.looks().await;
    assert_eq!(receiver.rest().await, []);
    world.clock.set(BEGIN + 5);
    receiver.next().await;
}

/// A clock that is set forward makes everything due, each once and each with its next wait from then on; one that is set
/// back makes it wait, and loses nothing.
#[tokio::test]
async fn a_clock_that_jumps_makes_no_storm_and_loses_nothing() {
    const HOUR: i64 = 3600;
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(500)).await);
    let process = world.start().await;
    let mut jobs = Vec::new();
    for _ in 0..20 {
        jobs.push(process.end_job(&receiver.url()).await);
    }
    let all_tried = async |attempts: u32, next_at: i64| {
        for &job in &jobs {
            assert_eq!(process.tried(job, attempts).await.next_at, Some(next_at));
        }
        process.looks().await;
        assert_eq!(receiver.rest().await.len(), jobs.len());
    };
    all_tried(1, BEGIN + 5).await;
    world.clock.set(BEGIN + HOUR);
    all_tried(2, BEGIN + HOUR + 300).await;
    world.clock.set(BEGIN - HOUR);
    process.looks().await;
    assert_eq!(receiver.rest().await, []);
    world.clock.set(BEGIN + HOUR + 300);
    all_tried(3, BEGIN + HOUR + 300 + 1800).await;
}

/// Nobody tells the outbox that time goes by, and a receiver that is slow does not keep it from looking.
#[tokio::test]
async fn what_becomes_due_while_another_is_under_way_is_sent() {
    let (mut world, slow) = (World::new(), Receiver::answering(Reply::silent()).await);
    world.config.clock = Clock::system();
    world.config.callback_schedule = [0, 1].map(Duration::from_secs).to_vec();
    // The slow one does not end while this lasts, which would be an occasion to look.
    world.config.callback_timeout = 10 * TIME_MAX;
    let receiver = Receiver::scripted(vec![Reply::status(500), Reply::status(200)]).await;
    let process = world.start().await;
    process.end_job(&slow.url()).await;
    slow.next().await;
    let job = process.end_job(&receiver.url()).await;
    assert_eq!(process.tried(job, 2).await.state, DeliveryState::Delivered);
}
