//! Callbacks over the wire: from a job that is created with one to its receiver.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::dev;
use bulkwright_server::{Config, Running, ServeError, Server};
use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use crate::harness::openapi::assert_described_callback;
use crate::harness::{Client, dev_server, job_of, on_free_port, server_over};

/// Longest wait for what must happen.
const TIME_MAX: Duration = Duration::from_secs(120);
const CSV: &str = "Last_Name,Email\nNg,ng@example.com\n";

/// What a receiver was told.
#[derive(Debug)]
struct Told {
    id: String,
    body: Vec<u8>,
    /// Those that say whose it is.
    headers: HeaderMap,
}

/// A receiver on loopback.
struct Receiver {
    url: String,
    told: mpsc::UnboundedReceiver<Told>,
}

/// Whether a receiver answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    Yes,
    FromTheSecondOn,
}

impl Receiver {
    async fn new(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/told", listener.local_addr().unwrap());
        let (tell, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let mut held = Vec::new();
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                tell.send(read_callback(&mut stream).await).unwrap();
                if number == 0 && answers == Answers::FromTheSecondOn {
                    held.push(stream);
                } else {
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
                }
            }
        });
        Receiver { url, told }
    }

    async fn next(&mut self) -> Told {
        tokio::time::timeout(TIME_MAX, self.told.recv()).await.expect("a callback comes").unwrap()
    }
}

async fn read_callback(stream: &mut TcpStream) -> Told {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let exact = String::from_utf8(head).unwrap();
    let head = exact.to_lowercase();
    let header = |name: &str| {
        let value = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    };
    assert!(head.starts_with("post /told http/1.1\r\n"), "{head}");
    assert_eq!(header("content-type"), "application/json");
    let mut body = vec![0; header("content-length").parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    assert_described_callback(&body);
    let names = [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_TIMESTAMP];
    let mut headers: HeaderMap =
        names.iter().map(|name| (name.parse::<HeaderName>().unwrap(), header(name).parse().unwrap())).collect();
    // The head was made small; signatures are not.
    let signature = exact.lines().find_map(|line| line.split_once("signature: ")).unwrap().1;
    headers.insert(HEADER_WEBHOOK_SIGNATURE, signature.parse().unwrap());
    Told { id: header("webhook-id"), body, headers }
}

fn with_callback(mut job: Value, url: &str) -> Value {
    job["callback"] = json!({ "url": url, "method": "post" });
    job
}

/// Creates a job in a version of the API and answers its id.
async fn create(client: &Client, version: &str, csv: &str, url: &str) -> String {
    let file = client.upload_csv(csv).await;
    let body = with_callback(job_of(&file, "insert", None), url);
    let answer = client.post_json(&format!("/crm/bulk/{version}/write"), &body).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["details"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_callback_tells_what_job_details_tell_byte_for_byte() {
    let limits = Limits { rows_max: 1, ..Limits::default() };
    let server = Server::start(on_free_port(Config { limits, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let mut receiver = Receiver::new(Answers::Yes).await;
    let too_many = format!("{CSV}Li,li@example.com\n");
    for (version, csv, status) in
        [("v2", CSV, "COMPLETED"), ("v2.1", CSV, "COMPLETED"), ("v8", CSV, "COMPLETED"), ("v8", &too_many, "FAILED")]
    {
        let id = create(&client, version, csv, &receiver.url).await;
        let Told { id: webhook_id, body, .. } = receiver.next().await;
        assert_eq!(webhook_id, format!("job-{id}"));
        let shown = client.get(&format!("/crm/bulk/{version}/write/{id}")).await;
        assert_eq!(shown.json()["status"], status);
        assert_eq!(String::from_utf8(body).unwrap(), shown.text(), "{version}");
    }
}

/// The end of a job wakes the outbox: looking now and then alone would take these more than a minute.
#[tokio::test]
async fn callbacks_do_not_wait_to_be_looked_for() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut receiver = Receiver::new(Answers::Yes).await;
    let told = async {
        for _ in 0..16 {
            create(&client, "v8", CSV, &receiver.url).await;
            receiver.next().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), told).await.expect("each is sent when its job ends");
}

#[tokio::test]
async fn a_network_that_is_allowed_is_called_by_a_server_to_keep() {
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(Answers::Yes).await;
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let file = client.upload_csv(CSV).await;
    let refused = with_callback(job_of(&file, "insert", None), &receiver.url);
    assert_eq!(client.post_json("/crm/bulk/v8/write", &refused).await.code(), (400, "INVALID_CALLBACK_URL".into()));
    server.stop().await;

    let server = Server::start(allowing_loopback(directory.path())).await.unwrap();
    let client = Client { addr: server.addr(), ..client };
    let id = create(&client, "v8", CSV, &receiver.url).await;
    assert_eq!(receiver.next().await.id, format!("job-{id}"));
    server.stop().await;
}

fn allowing_loopback(directory: &Path) -> Config {
    let callback_allow = vec!["127.0.0.0/8".parse().unwrap()];
    on_free_port(Config { callback_allow, ..Config::serve(directory.to_owned()) })
}

/// The next process sends at once what the one before was sending when it died, although the receiver never answered it.
#[tokio::test]
async fn a_callback_that_was_under_way_when_the_server_died_is_sent_by_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let mut receiver = Receiver::new(Answers::FromTheSecondOn).await;
    let (first_process, server) = in_a_process(directory.path()).await;
    let client = Client::fresh(&server).await;
    let id = create(&client, "v8", CSV, &receiver.url).await;
    let Told { id: first_id, body: first_body, .. } = receiver.next().await;
    assert_eq!(first_id, format!("job-{id}"));
    first_process.shutdown_background();
    drop(server);

    let (second_process, server) = in_a_process(directory.path()).await;
    let Told { id: second_id, body: second_body, .. } = receiver.next().await;
    assert_eq!(second_id, first_id);
    let (mut first, second): (Value, Value) =
        (serde_json::from_slice(&first_body).unwrap(), serde_json::from_slice(&second_body).unwrap());
    let link = second["result"]["download_url"].as_str().unwrap();
    assert!(link.starts_with(server.base_url()), "the link leads to where the server is now: {link}");
    first["result"]["download_url"] = link.into();
    assert_eq!(first, second);
    second_process.shutdown_background();
}

/// A server that dies with its runtime: nothing of it goes on, and nothing is told that it ends.
async fn in_a_process(directory: &Path) -> (Runtime, Running) {
    let runtime = Runtime::new().unwrap();
    let starts = async {
        loop {
            match runtime.spawn(Server::start(allowing_loopback(directory))).await.unwrap() {
                // The one before is about to let go.
                Err(ServeError::DirectoryInUse { .. }) => tokio::time::sleep(Duration::from_millis(5)).await,
                started => return started.unwrap(),
            }
        }
    };
    let server = tokio::time::timeout(TIME_MAX, starts).await.expect("the directory is free");
    (runtime, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_jobs_call_back_once_each() {
    const JOBS: usize = 1000;
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut receiver = Receiver::new(Answers::Yes).await;
    let body = with_callback(job_of(&client.upload_csv(CSV).await, "insert", None), &receiver.url);
    let mut told = HashMap::new();
    let mut created = Vec::new();
    for _ in 0..JOBS {
        created.push(format!("job-{}", client.create(&body).await));
    }
    for _ in 0..JOBS {
        let Told { id, body, .. } = receiver.next().await;
        assert_eq!(told.insert(id, body), None, "nothing is repeated where nothing failed");
    }
    created.retain(|id| !told.contains_key(id));
    assert_eq!(created, Vec::<String>::new(), "none is missing");
    server.stop().await;
    assert!(receiver.told.try_recv().is_err());
}

/// The secrets of the one organisation, newest first.
async fn secrets(admin: &Client, rotate: bool) -> Vec<String> {
    let answer = admin.post_json("/_bulkwright/admin/webhook-secret", &json!({ "rotate": rotate })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json()["zgid"], dev::ZGID);
    serde_json::from_value(answer.json()["secrets"].clone()).unwrap()
}

#[tokio::test]
async fn callbacks_are_signed_and_secrets_change_without_a_gap() {
    let server = dev_server().await;
    let (client, admin) = (Client::dev(&server), Client::dev(&server).with_token(dev::ADMIN_SECRET));
    let mut receiver = Receiver::new(Answers::Yes).await;
    let first = secrets(&admin, false).await;
    assert_eq!(first, ["whsec_YnVsa3dyaWdodC1kZXYtd2ViaG9vay1rZXktMDAwMDA="], "the documented one");
    assert_eq!(secrets(&admin, false).await, first, "asking changes nothing");
    let told_after = async |receiver: &mut Receiver| {
        create(&client, "v8", CSV, &receiver.url).await;
        receiver.next().await
    };
    let is_known = |secret: &str, told: &Told| Webhook::new(secret).unwrap().verify(&told.body, &told.headers).is_ok();
    let told = told_after(&mut receiver).await;
    assert!(is_known(&first[0], &told));
    let second = secrets(&admin, true).await;
    assert_eq!((second.len(), &second[1]), (2, &first[0]));
    let told = told_after(&mut receiver).await;
    assert!(is_known(&second[0], &told) && is_known(&first[0], &told), "both are known while receivers change");
    let third = secrets(&admin, true).await;
    let told = told_after(&mut receiver).await;
    assert!(is_known(&third[0], &told) && is_known(&second[0], &told) && !is_known(&first[0], &told));
    let unknown = admin.post_json("/_bulkwright/admin/webhook-secret", &json!({ "org": "7" })).await;
    assert_eq!(unknown.code(), (400, "RESOURCE_NOT_FOUND".to_owned()));
    let message = format!("there is no organisation 7; known: {} (Bulkwright Dev)", dev::ZGID);
    assert_eq!(unknown.json()["message"], message);
    let refused = client.post_json("/_bulkwright/admin/webhook-secret", &json!({})).await;
    assert_eq!(refused.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()));
}

#[tokio::test]
async fn callbacks_are_listed_and_sent_again() {
    let server = dev_server().await;
    let (client, admin) = (Client::dev(&server), Client::dev(&server).with_token(dev::ADMIN_SECRET));
    let mut receiver = Receiver::new(Answers::Yes).await;
    let mut jobs = Vec::new();
    for _ in 0..3 {
        jobs.push(create(&client, "v8", CSV, &receiver.url).await);
        receiver.next().await;
    }
    let listed = async |query: &str| {
        let answer = client.get(&format!("/_bulkwright/callbacks{query}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let ids = answer.json()["callbacks"].as_array().unwrap().iter().map(|it| it["job_id"].to_string()).collect();
        (ids, answer.json()["info"]["next_before"].clone())
    };
    let quoted = |ids: &[&String]| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>();
    assert_eq!(listed("").await, (quoted(&[&jobs[2], &jobs[1], &jobs[0]]), Value::Null));
    assert_eq!(listed("?limit=2").await, (quoted(&[&jobs[2], &jobs[1]]), json!(jobs[1])));
    assert_eq!(listed(&format!("?before={}", jobs[1])).await, (quoted(&[&jobs[0]]), Value::Null));
    assert_eq!(listed("?state=given_up").await, (vec![], Value::Null));
    for (query, parameter) in [("?state=lost", "state"), ("?limit=0", "limit"), ("?before=x", "before")] {
        let answer = client.get(&format!("/_bulkwright/callbacks{query}")).await;
        assert_eq!(answer.json()["details"]["param_name"], parameter, "{answer:?}");
    }

    let shown = settled(&client, &jobs[0]).await;
    assert_eq!((&shown["org"], &shown["url"]), (&json!(dev::ZGID), &json!(receiver.url)));
    assert_eq!((&shown["delivery"]["attempts"], &shown["tries"][0]["status"]), (&json!(1), &json!(204)));
    for asker in [&client, &admin] {
        let path = format!("/_bulkwright/callbacks/{}/replay", jobs[0]);
        let replayed = asker.post(&path, "application/json", b"").await;
        assert_eq!((replayed.status, &replayed.json()["delivery"]["state"]), (200, &json!("pending")), "{replayed:?}");
        let told = receiver.next().await;
        assert_eq!(told.id, format!("job-{}", jobs[0]), "its receiver knows the repeat");
        settled(&client, &jobs[0]).await;
    }
    let shown = settled(&client, &jobs[0]).await;
    assert_eq!(shown["tries"].as_array().unwrap().len(), 3, "tries before a replay stay visible");
    for (method, path) in [("GET", "/_bulkwright/callbacks/7"), ("POST", "/_bulkwright/callbacks/7/replay")] {
        let answer = client.send(method, path, &[], b"").await;
        assert_eq!(answer.code(), (400, "RESOURCE_NOT_FOUND".to_owned()));
    }
}

/// A callback once it is delivered.
async fn settled(client: &Client, job: &str) -> Value {
    let asks = async {
        loop {
            let shown = client.get(&format!("/_bulkwright/callbacks/{job}")).await.json();
            if shown["delivery"]["state"] == "delivered" {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIME_MAX, asks).await.expect("it is delivered")
}
