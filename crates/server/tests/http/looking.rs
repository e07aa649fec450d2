//! Looking at jobs under `/_bulkwright/`: lists, causes, waiting for the end, and following what moves.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, Running, Server, dev};
use bulkwright_store::failure::{FailurePoints, Moment};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::harness::{Client, dev_server, job_of, on_free_port, server_over};

/// The longest that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const CSV: &str = "Last_Name,Email\nNg,ng@example.com\n";

/// Holds every chunk back before it is committed, until it is let through. Gone, it is open.
#[derive(Default)]
pub(crate) struct Gate(Arc<(Mutex<u32>, Condvar)>);

impl Gate {
    fn points(&self) -> FailurePoints {
        let gate = self.0.clone();
        FailurePoints::from_fn(move |point| {
            if (point.step, point.moment) == ("committing a chunk", Moment::Before) {
                let mut chunks = gate.1.wait_while(gate.0.lock().unwrap(), |chunks| *chunks == 0).unwrap();
                *chunks -= 1;
            }
            Ok(())
        })
    }

    pub(crate) fn let_through(&self, chunks: u32) {
        *self.0.0.lock().unwrap() += chunks;
        self.0.1.notify_all();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.let_through(u32::MAX / 2);
    }
}

/// A kept server whose chunks pass a gate.
pub(crate) async fn gated(limits: Limits) -> (Client, Running, Gate, TempDir) {
    let (directory, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let config = Config { limits, failure_points: gate.points(), ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    (Client::fresh(&server).await, server, gate, directory)
}

/// A job that stands before the gate.
pub(crate) async fn running(client: &Client, csv: &str) -> String {
    let id = client.create(&job_of(&client.upload_csv(csv).await, "insert", None)).await;
    while client.details(&id).await["status"] == "ADDED" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    id
}

fn csv_of(rows: u64) -> String {
    let mut csv = String::from("Last_Name,Email\n");
    (0..rows).for_each(|row| csv.push_str(&format!("Name{row},name{row}@example.com\n")));
    csv
}

async fn view(client: &Client, id: &str) -> Value {
    let answer = client.get(&format!("/_bulkwright/jobs/{id}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

async fn waited(client: &Client, id: &str, timeout: &str) -> Value {
    let path = format!("/_bulkwright/jobs/{id}/wait?timeout={timeout}");
    let answer = tokio::time::timeout(PATIENCE, client.get(&path)).await.expect("the wait ends");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn jobs_are_paged_to_the_end_without_gaps_while_more_are_added() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv(CSV).await;
    let mut expected = vec![dev::JOB.to_owned()];
    for _ in 0..7 {
        // The published job has a larger id than any of today.
        expected.insert(1, client.create(&job_of(&file, "insert", None)).await);
    }
    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/_bulkwright/jobs?limit=3{before}")).await.json();
        let ids = page["jobs"].as_array().unwrap().iter().map(|job| job["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        let (more, next) = (page["info"]["more_records"].as_bool().unwrap(), &page["info"]["next_before"]);
        assert_eq!((more, page["info"]["count"].as_u64()), (next.is_string(), Some(if more { 3 } else { 2 })));
        let Some(next) = next.as_str() else { break };
        before = format!("&before={next}");
        client.create(&job_of(&file, "insert", None)).await;
    }
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_list_tells_one_state_and_what_each_job_came_to() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let done = client.load("Last_Name,Email\nNg,ng@example.com\n,li@example.com\n", "insert", None).await;
    let list = async |query: &str| client.get(&format!("/_bulkwright/jobs?{query}")).await.json();
    let page = list("status=completed&limit=200").await;
    assert_eq!((page["info"]["count"].as_u64(), page["jobs"].as_array().unwrap().len()), (Some(2), 2));
    let job = &page["jobs"][1];
    assert_eq!((&job["id"], &job["org"], &job["operation"]), (&done["id"], &json!(dev::ZGID), &json!("insert")));
    assert_eq!(job["counts"], json!({ "added": 1, "updated": 0, "skipped": 1, "total": 2 }));
    let resource = &job["resources"][0];
    assert_eq!((&resource["module"], &resource["file_name"]), (&json!("Leads"), &json!("leads.csv")));
    assert_eq!((&job["attempt"], &job["cause"], &job["has_result"]), (&json!(1), &Value::Null, &json!(true)));
    let times = ["created_time", "started_time", "finished_time"].map(|key| job[key].as_str().unwrap().to_owned());
    assert!(times.is_sorted() && times.iter().all(|time| time.ends_with("+00:00")), "{times:?}");
    assert_eq!(list("status=FAILED").await["jobs"], json!([]));
    assert_eq!(list("status=IN%20PROGRESS").await["info"]["count"], 0);
}

#[tokio::test]
async fn a_wrong_parameter_is_named_with_what_it_may_be() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let wait = format!("/_bulkwright/jobs/{}/wait", dev::JOB);
    let check = async |path: &str, name: &str, told: &str| {
        let answer = client.get(path).await;
        assert_eq!(answer.code(), (400, "INVALID_QUERY".into()), "{path}");
        let body = answer.json();
        assert_eq!(body["details"]["param_name"], name, "{path}");
        assert!(body["message"].as_str().unwrap().contains(told), "{path}: {body}");
    };
    check("/_bulkwright/jobs?status=DONE", "status", "ADDED, INPROGRESS, COMPLETED and FAILED").await;
    check("/_bulkwright/jobs?status=SKIPPED", "status", "one of ADDED").await;
    check("/_bulkwright/jobs?limit=0", "limit", "from 1 to 200").await;
    check("/_bulkwright/jobs?limit=201", "limit", "from 1 to 200").await;
    check("/_bulkwright/jobs?before=yesterday", "before", "next_before").await;
    check(&format!("{wait}?timeout=6m"), "timeout", "up to 5m").await;
    check(&format!("{wait}?timeout=30"), "timeout", "such as 500ms, 30s").await;
    assert_eq!(client.send("POST", "/_bulkwright/jobs", &[], b"").await.code().1, "INVALID_REQUEST_METHOD");
    assert_eq!(client.without_token().get("/_bulkwright/jobs").await.code(), (401, "AUTHENTICATION_FAILURE".into()));
    let unscoped = client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK);
    assert_eq!(unscoped.get("/_bulkwright/jobs").await.code(), (401, "OAUTH_SCOPE_MISMATCH".into()));
}

#[tokio::test]
async fn a_failed_job_shows_its_cause() {
    let limits = Limits { rows_max: 1, ..Limits::default() };
    let server = Server::start(on_free_port(Config { limits, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let details = client.load("Last_Name\nNg\nLi\n", "insert", None).await;
    let told = details["resource"][0]["message"].as_str().unwrap();
    let failed = client.get("/_bulkwright/jobs?status=FAILED").await.json();
    // The published job of `dev` has more rows than this limit, too.
    for job in [view(&client, details["id"].as_str().unwrap()).await, failed["jobs"][1].clone()] {
        assert_eq!((&job["id"], &job["status"]), (&details["id"], &json!("FAILED")));
        assert_eq!(job["cause"], format!("LIMIT_EXCEEDED: {told}"));
        assert_eq!((&job["resources"][0]["code"], &job["rests_until"]), (&json!("LIMIT_EXCEEDED"), &Value::Null));
    }
}

#[tokio::test]
async fn who_works_on_a_job_and_what_waits_behind_it_is_shown() {
    let (client, server, gate, _directory) = gated(Limits::default()).await;
    let first = running(&client, CSV).await;
    let file = client.upload_csv(CSV).await;
    let second = client.create(&job_of(&file, "insert", None)).await;
    let third = client.create(&job_of(&file, "insert", None)).await;
    let held = view(&client, &first).await;
    let cause = held["cause"].as_str().unwrap();
    assert!(
        cause.starts_with("a worker holds it since 20") && cause.ends_with(" has committed no chunk yet"),
        "{cause}"
    );
    assert_eq!((&held["status"], &held["waits_for"]), (&json!("INPROGRESS"), &Value::Null));
    assert_eq!(view(&client, &second).await["waits_for"], "the job before it");
    let waiting = view(&client, &third).await;
    assert_eq!((&waiting["status"], &waiting["waits_for"]), (&json!("ADDED"), &json!("2 jobs before it")));
    assert_eq!((&waiting["started_time"], &waiting["attempt"]), (&Value::Null, &json!(0)));
    gate.let_through(1);
    assert_eq!(waited(&client, &first, "1m").await["status"], "COMPLETED");
    drop((gate, server));
}

#[tokio::test]
async fn a_wait_ends_with_the_job() {
    let (client, server, gate, _directory) = gated(Limits::default()).await;
    let id = running(&client, CSV).await;
    let waiting = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        async move { waited(&client, &id, "5m").await }
    });
    assert_eq!(waited(&client, &id, "50ms").await["status"], "INPROGRESS", "a shorter wait ends before");
    assert!(!waiting.is_finished());
    gate.let_through(1);
    let ended = waiting.await.unwrap();
    assert_eq!((&ended["status"], &ended["counts"]["added"]), (&json!("COMPLETED"), &json!(1)));
    assert_eq!(waited(&client, &id, "5m").await, ended, "what is through is answered at once");
    drop((gate, server));
}

/// What waits when the server ends is told how things are; who waits again at the next start hears the end.
#[tokio::test]
async fn a_server_that_ends_keeps_nobody_waiting_and_the_next_one_tells_the_end() {
    let (client, server, gate, directory) = gated(Limits { chunk_bytes_max: 50_000, ..Limits::lifted() }).await;
    let id = running(&client, &csv_of(3_000)).await;
    let waiting = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        async move { waited(&client, &id, "5m").await }
    });
    let mut events = Events::follow(&client, &id).await;
    assert_eq!(events.next().await.unwrap().0, "progress", "the wait before it has begun as well");
    let stopping = tokio::spawn(server.stop());
    assert_eq!(waiting.await.unwrap()["status"], "INPROGRESS");
    assert_eq!(events.next().await, None, "no end is told that has not come");
    drop(gate);
    stopping.await.unwrap();
    let server = server_over(directory.path()).await;
    let client = Client { addr: server.addr(), ..client };
    let ended = waited(&client, &id, "2m").await;
    assert_eq!((&ended["status"], &ended["attempt"]), (&json!("COMPLETED"), &json!(2)));
    assert_eq!(ended["counts"], json!({ "added": 3_000, "updated": 0, "skipped": 0, "total": 3_000 }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_tell_growing_counters_and_then_the_end() {
    const ROWS: u64 = 3_000;
    let (client, server, gate, _directory) = gated(Limits { chunk_bytes_max: 50_000, ..Limits::lifted() }).await;
    let id = running(&client, &csv_of(ROWS)).await;
    let mut events = Events::follow(&client, &id).await;
    let head = events.head.to_lowercase();
    assert!(
        head.contains("content-type: text/event-stream\r\n") && head.contains("cache-control: no-cache\r\n"),
        "{head}"
    );
    assert!(!head.contains("content-encoding") && !head.contains("vary"), "{head}");
    let mut totals = Vec::new();
    let end = loop {
        let (name, data) = events.next().await.expect("the end is told");
        if name == "end" {
            break data;
        }
        assert_eq!((name.as_str(), &data["id"], &data["status"]), ("progress", &json!(id), &json!("INPROGRESS")));
        totals.push(data["counts"]["total"].as_u64().unwrap());
        gate.let_through(if totals.len() < 3 { 1 } else { 1_000 });
    };
    assert_eq!(totals[0], 0);
    assert!(totals.len() >= 3 && totals.is_sorted_by(|before, after| before < after), "{totals:?}");
    assert_eq!((&end["status"], &end["counts"]["added"]), (&json!("COMPLETED"), &json!(ROWS)));
    assert_eq!(end, view(&client, &id).await);
    assert_eq!(events.next().await, None);
    let mut again = Events::follow(&client, &id).await;
    assert_eq!(again.next().await, Some(("end".to_owned(), end)), "a job that is through has only its end");
    drop((gate, server));
}

#[tokio::test]
async fn the_delivery_of_a_callback_is_shown_with_its_job() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut body = job_of(&client.upload_csv(CSV).await, "insert", None);
    body["callback"] = json!({ "url": "http://127.0.0.1:9/", "method": "post" });
    let id = client.create(&body).await;
    let callback = waited(&client, &id, "1m").await["callback"].clone();
    assert_eq!((&callback["url"], &callback["method"]), (&json!("http://127.0.0.1:9/"), &json!("post")));
    assert_eq!(callback["delivery"]["state"], "pending", "{callback}");
    assert!(callback["delivery"]["next_time"].is_string(), "{callback}");
    assert_eq!(view(&client, dev::JOB).await["callback"]["delivery"], Value::Null, "the published job is told nowhere");
}

/// Server-sent events as they come.
pub(crate) struct Events {
    stream: BufReader<TcpStream>,
    pub(crate) head: String,
}

impl Events {
    pub(crate) async fn follow(client: &Client, id: &str) -> Self {
        let mut stream = BufReader::new(TcpStream::connect(client.addr).await.unwrap());
        let token = client.token.as_deref().unwrap();
        let request = format!(
            "GET /_bulkwright/jobs/{id}/events HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert_ne!(stream.read_line(&mut head).await.unwrap(), 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Events { stream, head }
    }

    /// The next event's name and data; `None` at the end of the stream. Each event is a chunk of its own, so that the
    /// lines of the framing stand apart from those of the events.
    pub(crate) async fn next(&mut self) -> Option<(String, Value)> {
        let mut name = String::new();
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(PATIENCE, self.stream.read_line(&mut line)).await.expect("an event comes");
            if read.unwrap() == 0 {
                return None;
            }
            if let Some(event) = line.trim_end().strip_prefix("event: ") {
                event.clone_into(&mut name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                return Some((name, serde_json::from_str(data).unwrap()));
            }
        }
    }
}
