//! What a receiver may answer, and what follows.

use std::time::Duration;

use bulkwright_store::model::DeliveryState;
use tokio::net::TcpListener;

use super::receiver::Trap;
use super::*;

#[tokio::test]
async fn a_receiver_is_told_the_details_with_an_id_and_the_time() {
    let (world, receiver) = (World::new(), Receiver::answering(Reply::status(200)).await);
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    let request = receiver.next().await;
    assert_eq!(request.head.lines().next(), Some("POST /told?secret=marker HTTP/1.1"));
    let headers = [
        ("content-type", "application/json"),
        ("webhook-timestamp", "1795000000"),
        ("webhook-id", &format!("job-{job}")),
        ("user-agent", concat!("Bulkwright/", env!("CARGO_PKG_VERSION"))),
    ];
    for (name, value) in headers {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    for name in ["cookie", "referer", "authorization", "accept-encoding"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    let details: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&details["id"], &details["status"]), (&job.to_string().into(), &"COMPLETED".into()));
    assert_eq!(details["created_by"]["name"], "Patricia Boyle");
    assert_eq!(details["created_time"], "2026-11-18T16:36:40+05:30");
    let delivery = process.tried(job, 1).await;
    assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Delivered, None));
    let last = delivery.last.unwrap();
    assert_eq!((last.at, last.status, last.error), (BEGIN, Some(200), None));
    assert_eq!(process.app.callbacks.counts.delivered.load(Ordering::Relaxed), 1);
}

/// Makes one try and answers how the delivery stands: state, wait, status and what is told.
async fn after_one_try(reply: Reply) -> (DeliveryState, Option<i64>, Option<u16>, String) {
    let receiver = Receiver::answering(reply).await;
    let world = World::new();
    let process = world.start().await;
    let job = process.end_job(&receiver.url()).await;
    let delivery = process.tried(job, 1).await;
    assert_eq!(receiver.rest().await.len(), 1);
    let last = delivery.last.unwrap();
    (delivery.state, delivery.next_at.map(|at| at - BEGIN), last.status, last.error.unwrap_or_default())
}

#[tokio::test]
async fn only_a_2xx_delivers_and_only_a_410_ends_it() {
    use DeliveryState::{Delivered, GivenUp, Pending};
    let check = async |reply: Reply, state, wait, told: &str| {
        let found = after_one_try(reply).await;
        let status = found.2;
        assert_eq!((found.0, found.1, found.3.as_str()), (state, wait, told), "{status:?}");
    };
    check(Reply::status(200), Delivered, None, "").await;
    check(Reply::status(202), Delivered, None, "").await;
    check(Reply::status(299), Delivered, None, "").await;
    check(Reply::status(410), GivenUp, None, "the receiver answered 410: it wants no more of this").await;
    for status in [400, 401, 404, 408, 500, 502, 504] {
        check(Reply::status(status), Pending, Some(5), &format!("the receiver answered {status}")).await;
    }
    let busy = |status| format!("the receiver answered {status}: it is busy");
    for status in [429, 503] {
        check(Reply::status(status), Pending, Some(5), &busy(status)).await;
        check(Reply::with_header(status, "Retry-After: 90"), Pending, Some(90), &busy(status)).await;
        check(Reply::with_header(status, "Retry-After: 999999999"), Pending, Some(24 * 3600), &busy(status)).await;
        // 2026-11-18T11:06:40Z is the clock's time.
        let date = "Retry-After: Wed, 18 Nov 2026 11:08:40 GMT";
        check(Reply::with_header(status, date), Pending, Some(120), &busy(status)).await;
    }
    let ignored = Reply::with_header(500, "Retry-After: 90");
    check(ignored, Pending, Some(5), "the receiver answered 500").await;
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let trap = Trap::at("127.0.0.1", 0);
    for status in [301, 302, 303, 307, 308] {
        let location = format!("Location: http://127.0.0.1:{}/", trap.port());
        let found = after_one_try(Reply::with_header(status, &location)).await;
        let told = format!("the receiver answered {status}; redirects are not followed");
        assert_eq!(found, (DeliveryState::Pending, Some(5), Some(status), told));
    }
    trap.assert_untouched();
}

#[tokio::test]
async fn no_answer_is_waited_for_beyond_its_time() {
    let half_a_head = b"HTTP/1.1 200 OK\r\nx-slow: ".iter().copied().chain([b'x'; 10_000]).collect();
    for reply in [Reply::silent(), Reply::Dribbled(half_a_head)] {
        let receiver = Receiver::answering(reply).await;
        let mut world = World::new();
        world.config.callback_timeout = Duration::from_millis(200);
        let process = world.start().await;
        let job = process.end_job(&receiver.url()).await;
        let delivery = process.tried(job, 1).await;
        assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Pending, Some(BEGIN + 5)));
        assert_eq!(delivery.last.unwrap().error.unwrap(), "the receiver did not answer within 0.2 s");
    }
}

/// What a receiver says with its status stands, however long it goes on talking.
#[tokio::test]
async fn an_answer_is_read_for_its_status_only() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 4000000000\r\n\r\n".to_vec();
    let mut endless = Receiver::answering(Reply::Endless(head.clone())).await;
    let mut world = World::new();
    let process = world.start().await;
    let job = process.end_job(&endless.url()).await;
    assert_eq!(process.tried(job, 1).await.state, DeliveryState::Delivered);
    let written = endless.written().await;
    assert!(written < 16 << 20, "the answer is cut after 64 KiB and what the sockets hold, not {written}");
    process.kill().await;

    let slow = Receiver::answering(Reply::Dribbled([head, vec![b'x'; 10_000]].concat())).await;
    world.config.callback_timeout = Duration::from_secs(1);
    let process = world.start().await;
    let job = process.end_job(&slow.url()).await;
    assert_eq!(process.tried(job, 1).await.state, DeliveryState::Delivered);
}

#[tokio::test]
async fn a_connection_that_fails_is_told_without_the_address() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let closing = Receiver::answering(Reply::Closed).await;
    let world = World::new();
    let process = world.start().await;
    let check = async |url: &str, told: &str| {
        let job = process.end_job(url).await;
        let delivery = process.tried(job, 1).await;
        assert_eq!((delivery.state, delivery.next_at), (DeliveryState::Pending, Some(BEGIN + 5)));
        let last = delivery.last.unwrap();
        let error = last.error.unwrap();
        assert!(last.status.is_none() && error.starts_with(told) && !error.contains("marker"), "{error}");
    };
    check(&format!("http://{free}/?secret=marker"), "no connection to the receiver: ").await;
    check(&closing.url(), "the receiver's answer broke off: ").await;
    let plain = Receiver::answering(Reply::status(200)).await;
    check(&plain.url().replace("http:", "https:"), "no connection to the receiver: ").await;
}
