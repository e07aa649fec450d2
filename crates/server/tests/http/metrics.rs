//! What those who watch a server are told.

use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, NameLookup, Running, Server};
use serde_json::json;
use tokio::net::TcpStream;

use crate::harness::{Client, job_of, on_free_port, server_over};

const PATH: &str = "/_bulkwright/metrics";
/// The longest that a figure is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a scrape tells.
struct Scrape(String);

impl Scrape {
    async fn of(server: &Running) -> Self {
        let admin = Client { org: String::new(), ..Client::fresh(server).await };
        let admin = admin.with_token(&server.credentials().unwrap().admin_secret);
        let answer = admin.get(PATH).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert!(answer.text().ends_with("\n# EOF\n"), "{}", answer.text());
        Scrape(answer.text().to_owned())
    }

    /// The value of a series by its full name.
    #[track_caller]
    fn value(&self, series: &str) -> f64 {
        let found = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        found.unwrap_or_else(|| panic!("no {series} in\n{}", self.0)).parse().unwrap()
    }
}

#[tokio::test]
async fn figures_need_the_admin_secret() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    assert_eq!(client.without_token().get(PATH).await.code(), (401, "AUTHENTICATION_FAILURE".to_owned()));
    assert_eq!(client.with_token("1000.wrong").get(PATH).await.code(), (401, "INVALID_TOKEN".to_owned()));
    assert_eq!(client.get(PATH).await.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()));
    assert_eq!(client.post(PATH, "text/plain", b"").await.code().1, "INVALID_REQUEST_METHOD");
    Scrape::of(&server).await;
}

#[tokio::test]
async fn what_happens_is_counted_with_labels_that_are_known_beforehand() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let before = Scrape::of(&server).await;
    let outcomes =
        ["delivered", "postponed", "given_up"].map(|word| format!("bulkwright_callbacks_total{{outcome=\"{word}\"}}"));
    let zeroes = [
        "bulkwright_rows_total{verdict=\"added\"}",
        "bulkwright_rows_total{verdict=\"updated\"}",
        "bulkwright_rows_total{verdict=\"skipped\"}",
        "bulkwright_upload_bytes_total",
        "bulkwright_chunk_commit_seconds_count",
        "bulkwright_jobs{state=\"COMPLETED\"}",
        "bulkwright_queue_age_seconds",
    ];
    for series in zeroes.into_iter().chain(outcomes.iter().map(String::as_str)) {
        assert_eq!(before.value(series), 0.0, "{series}");
    }

    let client = Client::fresh(&server).await;
    client.load("Last_Name,Email\nA,a@example.com\nB,b@example.com\n,c@example.com\n", "insert", Some("Email")).await;
    client.load("Last_Name,Email\nA,a@example.com\nD,d@example.com\n", "upsert", Some("Email")).await;
    client.get("/crm/v8/Leads/search?email=a@example.com").await;
    client.get("/crm/v8/nothing/at/all/of/a@example.com").await;
    let after = Scrape::of(&server).await;
    let check = |series: &str, expected: f64| assert_eq!(after.value(series), expected, "{series} in\n{}", after.0);
    check("bulkwright_rows_total{verdict=\"added\"}", 3.0);
    check("bulkwright_rows_total{verdict=\"updated\"}", 1.0);
    check("bulkwright_rows_total{verdict=\"skipped\"}", 1.0);
    check("bulkwright_jobs{state=\"COMPLETED\"}", 2.0);
    check("bulkwright_jobs{state=\"FAILED\"}", 0.0);
    check("bulkwright_chunk_commit_seconds_count", 2.0);
    check("bulkwright_requests_total{endpoint=\"/crm/{version}/upload\",status=\"2xx\"}", 2.0);
    check("bulkwright_request_seconds_count{endpoint=\"/crm/{version}/upload\"}", 2.0);
    check("bulkwright_requests_total{endpoint=\"none\",status=\"4xx\"}", 1.0);
    check(&format!("bulkwright_requests_total{{endpoint=\"{PATH}\",status=\"2xx\"}}"), 1.0);
    check("bulkwright_requests_open", 1.0);
    check(&format!("bulkwright_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0);
    assert!(after.value("bulkwright_upload_bytes_total") > 200.0);
    assert!(after.value("bulkwright_store_bytes") > 4096.0);
    assert!(after.value("bulkwright_disk_free_bytes") > 0.0);
    assert!(after.value("bulkwright_uptime_seconds") > before.value("bulkwright_uptime_seconds"));
    assert!(after.value("bulkwright_chunk_commit_seconds_sum") > 0.0);
    assert!(!after.0.contains("example.com") && !after.0.contains("Leads"), "{}", after.0);
}

#[tokio::test]
async fn a_job_that_fails_is_counted_as_one() {
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits { rows_max: 1, ..Limits::default() };
    let config = Config { limits, ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let client = Client::fresh(&server).await;
    assert_eq!(client.load("Last_Name\nA\nB\n", "insert", None).await["status"], "FAILED");
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.value("bulkwright_jobs{state=\"FAILED\"}"), 1.0);
    assert_eq!(scrape.value("bulkwright_rows_total{verdict=\"added\"}"), 0.0);
}

#[tokio::test]
async fn open_connections_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(TcpStream::connect(server.addr()).await.unwrap());
    }
    // The held ones and the one that asks.
    until(&server, "bulkwright_connections_open", |open| open >= 6.0).await;
    drop(held);
    until(&server, "bulkwright_connections_open", |open| open < 6.0).await;
}

#[tokio::test]
async fn tries_of_callbacks_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let callback_lookup = NameLookup::from_fn(|_| async { Err(std::io::Error::other("no such name")) });
    let config = Config { callback_lookup, ..on_free_port(Config::serve(directory.path().to_owned())) };
    let server = Server::start(config).await.unwrap();
    let client = Client::fresh(&server).await;
    let mut job = job_of(&client.upload_csv("Last_Name\nA\n").await, "insert", None);
    job["callback"] = json!({ "url": "https://receiver.example.com/", "method": "post" });
    client.create(&job).await;
    until(&server, "bulkwright_callbacks_total{outcome=\"postponed\"}", |tries| tries == 1.0).await;
    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.value("bulkwright_callbacks_total{outcome=\"delivered\"}"), 0.0);
    assert_eq!(scrape.value("bulkwright_callbacks_pending"), 1.0);
}

/// Scrapes until a series has a value that is wanted.
async fn until(server: &Running, series: &str, wanted: fn(f64) -> bool) {
    let looks = async {
        while !wanted(Scrape::of(server).await.value(series)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looks).await.unwrap_or_else(|_| panic!("{series} never came to what is wanted"));
}
