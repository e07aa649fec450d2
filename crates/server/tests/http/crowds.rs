//! More connections than there may be: who goes, who stays, and who waits.

use std::time::Duration;

use bulkwright_server::{Config, ConnectionLimits, Running, Server, dev};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Client, on_free_port, read_answer};

/// Long enough for any machine, far beyond the limits under test.
const PATIENCE: Duration = Duration::from_secs(30);
/// Long enough to see that something does not happen, beyond the time that a silent connection is given.
const A_WHILE: Duration = Duration::from_millis(1500);

async fn server_for(connections_max: usize) -> Running {
    let connections = ConnectionLimits { connections_max, ..ConnectionLimits::default() };
    Server::start(on_free_port(Config { connections, ..Config::dev() })).await.unwrap()
}

/// A connection that has asked and has its answer.
async fn idle(server: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    assert!(is_answered(&mut stream).await);
    stream
}

/// A connection whose upload is half there.
async fn busy(server: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let authorization = format!("Authorization: Zoho-oauthtoken {}", dev::ACCESS_TOKEN);
    let head = format!(
        "POST /crm/bulk/v8/write HTTP/1.1\r\nHost: x\r\n{authorization}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut interim = vec![0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    timeout(PATIENCE, stream.read_exact(&mut interim)).await.unwrap().unwrap();
    stream
}

/// Asks on a connection; whether it is answered and not closed.
async fn is_answered(stream: &mut TcpStream) -> bool {
    if stream.write_all(b"GET /_bulkwright/health HTTP/1.1\r\nHost: x\r\n\r\n").await.is_err() {
        return false;
    }
    let mut first = [0];
    let came = timeout(PATIENCE, stream.peek(&mut first)).await.expect("it is answered or closed");
    if !matches!(came, Ok(1)) {
        return false;
    }
    read_answer(stream, "GET /_bulkwright/health").await.status == 200
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(timeout(PATIENCE, stream.read(&mut [0])).await, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn the_one_that_is_idle_longest_makes_room() {
    let server = server_for(3).await;
    let (mut first, mut second) = (idle(&server).await, idle(&server).await);
    let silent = TcpStream::connect(server.addr()).await.unwrap();
    // The first one has asked again: now the second one is idle longest.
    assert!(is_answered(&mut first).await);
    let mut new = idle(&server).await;
    assert!(is_closed(&mut second).await);
    assert!(is_answered(&mut first).await && is_answered(&mut new).await);
    drop(silent);
}

#[tokio::test]
async fn a_busy_one_never_goes_and_who_waits_is_served_when_one_ends() {
    let server = server_for(2).await;
    let mut busy = [busy(&server).await, busy(&server).await];
    let client = Client::dev(&server);
    let mut waiting = tokio::spawn(async move { client.get("/crm/v8/org").await.status });
    assert!(timeout(A_WHILE, &mut waiting).await.is_err(), "it waits");
    let [first, second] = &mut busy;
    first.write_all(b"{}").await.unwrap();
    assert_eq!(read_answer(first, "POST /crm/bulk/v8/write").await.status, 400);
    // Idle now, it makes room; the other one is still there.
    assert_eq!(timeout(PATIENCE, waiting).await.unwrap().unwrap(), 200);
    assert!(is_closed(first).await);
    second.write_all(b"{}").await.unwrap();
    assert_eq!(read_answer(second, "POST /crm/bulk/v8/write").await.status, 400);
}

/// The listen queue is the system's: nobody in it is accepted before there is room, and all come to be served.
#[tokio::test]
async fn a_crowd_of_honest_clients_is_served_through_few_seats() {
    let server = server_for(4).await;
    let clients = (0..200).map(|_| {
        let client = Client::dev(&server);
        tokio::spawn(async move { client.get("/crm/v8/org").await.status })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(timeout(PATIENCE, client).await.unwrap().unwrap(), 200);
    }
}

#[tokio::test]
async fn a_thousand_slow_connections_do_not_stop_a_request() {
    let server = server_for(256).await;
    let mut slow = Vec::new();
    for _ in 0..1000 {
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(b"GET /crm/v8/org HTT").await.unwrap();
        slow.push(stream);
    }
    let answered = timeout(PATIENCE, Client::dev(&server).get("/crm/v8/org")).await.unwrap();
    assert_eq!(answered.status, 200);
    let mut tail = slow.split_off(999);
    assert!(
        timeout(Duration::from_millis(1), tail[0].read(&mut [0])).await.is_err(),
        "the last of them is still there"
    );
}
