//! Many receivers at once, and the end of the server.

use bulkwright_store::model::DeliveryState;
use tokio::sync::Notify;

use super::super::{Due, LOOK_ROWS, PER_HOST_MAX, UNDER_WAY_MAX, UnderWay};
use super::*;

/// However much is due to a receiver that does not answer, others are told at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receiver_that_is_slow_does_not_hold_up_others() {
    let (world, slow) = (World::new(), Receiver::answering(Reply::silent()).await);
    let app = world.app().await;
    // More than one look reads.
    for _ in 0..LOOK_ROWS + 10 {
        end_job(&app, &slow.url()).await;
    }
    world.clock.set(BEGIN + 1);
    let process = Process::over(app);
    process.looks().await;
    process.looks().await;
    assert_eq!(slow.rest().await.len(), PER_HOST_MAX, "and it is not flooded");
}

#[tokio::test]
async fn what_has_no_place_waits_for_one() {
    let (world, told) = (World::new(), Arc::new(Notify::new()));
    let app = world.app().await;
    let mut receivers = Vec::new();
    for _ in 0..UNDER_WAY_MAX {
        receivers.push(Receiver::answering(Reply::Held(told.clone())).await);
        end_job(&app, &receivers[receivers.len() - 1].url()).await;
    }
    let last = Receiver::answering(Reply::status(200)).await;
    let job = end_job(&app, &last.url()).await;
    let process = Process::over(app);
    for receiver in &receivers {
        receiver.next().await;
    }
    assert_eq!(process.delivery(job).await.attempts, 0);
    told.notify_one();
    process.tried(job, 1).await;
}

#[tokio::test]
async fn places_are_counted_by_host_and_in_all() {
    let world = World::new();
    let app = world.app().await;
    let mut under_way = UnderWay::default();
    let mut due = Vec::new();
    for number in 0..UNDER_WAY_MAX + 10 {
        // Two names of one host, and one port that is said and one that goes without saying.
        let host = ["a.example.com", "A.example.com:80"][number % 2];
        let url = if number < 10 { format!("http://{host}/{number}") } else { format!("http://{number}.example.com/") };
        let job = end_job(&app, &url).await;
        due.push(Due::of(app.store.delivery(ORG, job).await.unwrap().unwrap()));
    }
    let mut begun = |due: &[Due]| {
        let fits = |due: &&Due| under_way.has_room_for(due).then(|| under_way.enter(due)).is_some();
        due.iter().filter(fits).count()
    };
    assert_eq!(begun(&due[..10]), PER_HOST_MAX);
    assert_eq!(begun(&due[10..]), UNDER_WAY_MAX - PER_HOST_MAX);
    due[..PER_HOST_MAX].iter().for_each(|due| under_way.leave(due.delivery.job, &due.host));
    assert!(under_way.has_room_for(&due[0]));
}

#[tokio::test]
async fn a_server_that_ends_waits_for_what_is_under_way() {
    let told = Arc::new(Notify::new());
    let (world, receiver) = (World::new(), Receiver::answering(Reply::Held(told.clone())).await);
    let Process { app, task } = world.start().await;
    let job = end_job(&app, &receiver.url()).await;
    receiver.next().await;
    app.draining.cancel();
    let late = end_job(&app, &receiver.url()).await;
    told.notify_one();
    task.await.unwrap();
    let delivery = app.store.delivery(ORG, job).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Delivered);
    let late = app.store.delivery(ORG, late).await.unwrap().unwrap();
    assert_eq!((late.attempts, late.next_at), (0, Some(BEGIN)), "nothing is begun any more");
}

/// Only so long, though: what is cut is left due.
#[tokio::test]
async fn a_server_that_ends_does_not_wait_for_ever() {
    let (world, receiver) = (World::new(), Receiver::answering(Reply::silent()).await);
    let Process { app, task } = world.start().await;
    let job = end_job(&app, &receiver.url()).await;
    receiver.next().await;
    app.draining.cancel();
    // Nothing moves any more but the time that is waited.
    tokio::time::pause();
    task.await.unwrap();
    let delivery = app.store.delivery(ORG, job).await.unwrap().unwrap();
    assert_eq!((delivery.attempts, delivery.next_at), (0, Some(BEGIN)));
}
