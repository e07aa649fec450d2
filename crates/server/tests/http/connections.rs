//! Connections that misbehave, and those that only look odd.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use bulkwright_server::{Clock, Config, ConnectionLimits, Running, Server, dev};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Client, dev_server, exchange, on_free_port, read_answer};

/// Long enough for any machine, far beyond the limits under test.
const PATIENCE: Duration = Duration::from_secs(20);

/// The limit of a hasty server.
const HASTE: Duration = Duration::from_millis(200);

async fn hasty_server() -> Running {
    let connections = ConnectionLimits {
        header_time_max: HASTE,
        body_idle_max: Duration::from_millis(200),
        body_grace: Duration::from_millis(300),
        drain_time_max: Duration::from_millis(200),
        ..ConnectionLimits::default()
    };
    Server::start(on_free_port(Config { connections, ..Config::dev() })).await.unwrap()
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn headers_that_dribble_end_the_connection() {
    let server = hasty_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(b"GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nX-").await.unwrap();
    assert!(is_closed(&mut stream).await);
}

/// Clients look at a job every ten seconds and more: their connection is there when they come back, and the head of
/// their next request is timed from its own first byte.
#[tokio::test]
async fn silence_between_two_requests_is_no_slow_head() {
    let server = hasty_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = "GET /_bulkwright/health HTTP/1.1\r\nHost: x\r\n\r\n";
    for _ in 0..2 {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(read_answer(&mut stream, "GET /_bulkwright/health").await.status, 200);
        tokio::time::sleep(3 * HASTE).await;
    }
    stream.write_all(&request.as_bytes()[..20]).await.unwrap();
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_body_that_stops_is_told_408_and_ends() {
    let server = hasty_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head = "POST /oauth/v2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\ngrant";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = timeout(PATIENCE, read_answer(&mut stream, "POST /oauth/v2/token")).await.unwrap();
    assert_eq!((answer.code(), answer.header("connection")), ((408, "REQUEST_TIMEOUT".into()), Some("close")));
    assert_eq!(answer.body.last(), Some(&b'\n'));
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_body_that_dribbles_is_told_408() {
    let server = hasty_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(b"POST /oauth/v2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n").await.unwrap();
    let (mut reader, mut writer) = stream.split();
    let dribble = async {
        // Never idle for long, never near the least rate.
        while writer.write_all(b"a").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let mut answer = Vec::new();
    tokio::select! {
        () = dribble => {}
        read = timeout(PATIENCE, reader.read_to_end(&mut answer)) => { let _ = read.unwrap(); }
    }
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 408"), "{}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn heads_have_bounds() {
    let server = dev_server().await;
    let status = async |request: String| exchange_status(&server, request).await;
    let headers = |count: usize| (0..count).map(|n| format!("X-{n}: a\r\n")).collect::<String>();
    assert_eq!(status(format!("GET /_bulkwright/health HTTP/1.1\r\nHost: x\r\n{}\r\n", headers(60))).await, 200);
    assert_eq!(status(format!("GET /_bulkwright/health HTTP/1.1\r\nHost: x\r\n{}\r\n", headers(70))).await, 431);
    let long = "a".repeat(20_000);
    assert_eq!(status(format!("GET /_bulkwright/health HTTP/1.1\r\nHost: x\r\nX-Long: {long}\r\n\r\n")).await, 431);
    let url = "a".repeat(9_000);
    let answer =
        exchange(server.addr(), format!("GET /crm/v8/Leads?fields={url} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
    assert_eq!((answer.code(), answer.header("connection")), ((414, "URI_TOO_LONG".into()), Some("close")));
}

async fn exchange_status(server: &Running, request: String) -> u16 {
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut line = vec![0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line).await.unwrap();
    String::from_utf8(line).unwrap()[9..].parse().unwrap()
}

#[tokio::test]
async fn requests_that_only_look_odd_are_answered() {
    let server = dev_server().await;
    let ok = async |request: String| {
        let answer = exchange(server.addr(), request.as_bytes()).await;
        assert_eq!(answer.status, 200, "{request}");
        answer
    };
    let authorization = format!("Authorization: Bearer {}", dev::ACCESS_TOKEN);
    ok(format!("GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n{authorization}\r\n\r\n")).await;
    ok(format!("GET //crm//v8/org HTTP/1.1\r\nHost: x\r\n{authorization}\r\n\r\n")).await;
    ok(format!("GET http://example.com/crm/v8/org HTTP/1.1\r\nHost: example.com\r\n{authorization}\r\n\r\n")).await;
    let smallest = format!(
        "GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nAccept-Encoding: gzip\r\n{authorization}\r\n\r\n"
    );
    assert_eq!(ok(smallest).await.header("content-encoding"), Some("gzip"));
}

#[tokio::test]
async fn a_connection_carries_many_requests() {
    let server = dev_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let request = format!("GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", dev::ACCESS_TOKEN);
    stream.write_all(request.repeat(3).as_bytes()).await.unwrap();
    for _ in 0..3 {
        let answer = read_answer(&mut stream, "GET /crm/v8/org").await;
        assert_eq!((answer.status, answer.header("connection")), (200, Some("keep-alive")));
    }
}

#[tokio::test]
async fn who_wants_the_connection_closed_is_told_so() {
    let server = dev_server().await;
    let answer = exchange(server.addr(), b"GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
    let answer = exchange(server.addr(), b"GET /crm/v8/org HTTP/1.0\r\n\r\n").await;
    assert_eq!((answer.status, answer.header("connection")), (401, Some("close")));
}

/// A fault of the server's own becomes a 500 or a failed job, and the next request and job are as if nothing was.
#[tokio::test]
async fn a_panic_is_one_answer_or_one_job_and_never_the_process() {
    let (here, armed) = (thread::current().id(), Arc::new(Mutex::new(Armed::No)));
    let seen = armed.clone();
    // Requests run on the test's own thread, jobs on others.
    let clock = Clock::from_fn(move || {
        let armed = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        let hit = match armed {
            Armed::No => false,
            Armed::Requests => thread::current().id() == here,
            Armed::Jobs => thread::current().id() != here,
        };
        assert!(!hit, "a fault that the test asked for");
        Clock::system().milliseconds()
    });
    let server = Server::start(on_free_port(Config { clock, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let arm = |what| *armed.lock().unwrap_or_else(PoisonError::into_inner) = what;

    arm(Armed::Requests);
    let answer = client.get("/crm/v8/org").await;
    assert_eq!(answer.code(), (500, "INTERNAL_ERROR".into()));
    arm(Armed::No);
    assert_eq!(client.get("/crm/v8/org").await.status, 200);

    arm(Armed::Jobs);
    let details = client.load("Last_Name,Email\nNg,ng@example.com\n", "insert", None).await;
    assert_eq!(
        (details["status"].as_str(), details["resource"][0]["code"].as_str()),
        (Some("FAILED"), Some("INTERNAL_ERROR"))
    );
    arm(Armed::No);
    assert_eq!(client.load("Last_Name,Email\nNg,ng@example.com\n", "insert", None).await["status"], "COMPLETED");
    assert_eq!(client.found("ng@example.com").await.len(), 1);
}

#[derive(Clone, Copy)]
enum Armed {
    No,
    Requests,
    Jobs,
}
