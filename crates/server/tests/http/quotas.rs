//! The vendor's limits: they hold for an organisation that has an edition, and for nobody else.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulkwright_server::{Clock, Config, Running, Server, dev};
use bulkwright_store::Store;
use bulkwright_store::model::Org;
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Answer, Client, dev_server, form_of, job_of, multipart_type, on_free_port, read_answer, zip_of};

const NOW_MS: i64 = 1_795_000_000_000;
const HOUR_MS: i64 = 3_600_000;
const CREDITS_OF_FREE: u64 = 5000;
const CALLS_OF_FREE: usize = 5;

async fn server_at(directory: &Path, now: &Arc<AtomicI64>) -> Running {
    let told = now.clone();
    let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
    Server::start(Config { clock, ..on_free_port(Config::serve(directory.to_owned())) }).await.unwrap()
}

/// Gives the organisation of a server that is not running an edition.
async fn with_edition(directory: &Path, edition: &str) {
    let store = SqliteStore::open(directory, &OpenOptions::default()).unwrap();
    let org = store.orgs().await.unwrap().remove(0);
    store.update_org(&Org { edition: Some(edition.to_owned()), ..org }).await.unwrap();
}

async fn server_of_edition(directory: &Path, now: &Arc<AtomicI64>, edition: &str) -> Running {
    server_at(directory, now).await.stop().await;
    with_edition(directory, edition).await;
    server_at(directory, now).await
}

fn credits(answer: &Answer) -> Option<u64> {
    answer.header("x-api-credits-remaining").map(|credits| credits.parse().unwrap())
}

#[tokio::test]
async fn credits_run_out_survive_a_restart_and_come_back_after_a_day() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let server = server_of_edition(directory.path(), &now, "Free").await;
    let client = Client::fresh(&server).await;
    let file = client.upload_csv("Last_Name\nNg\n").await;
    let create = async |client: &Client| client.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
    // The upload has cost one.
    for left in [4499, 3999, 3499, 2999, 2499, 1999, 1499, 999, 499] {
        let answer = create(&client).await;
        let is_told = left <= CREDITS_OF_FREE / 2;
        assert_eq!((answer.status, credits(&answer)), (201, is_told.then_some(left)), "told from the half on");
    }
    let refused = create(&client).await;
    assert_eq!((refused.code(), credits(&refused)), ((429, "TOO_MANY_REQUESTS".into()), Some(499)));
    assert!(
        refused.text().ends_with(
            "\"details\":{},\"message\":\"the API credits of 24 hours are used up\",\"status\":\"error\"}\n"
        )
    );
    let headers = ["x-download-options", "x-accesstoken-reset", "retry-after"].map(|name| refused.header(name));
    assert_eq!(headers, [Some("noopen"), None, None], "of the access layer");
    assert!(refused.header("bulkwright-hint").unwrap().starts_with("499 of 5000 credits are left"));
    let small = client.get("/crm/v8/org").await;
    assert_eq!((small.status, credits(&small)), (200, Some(498)));
    let absent = client.get("/crm/bulk/v8/write/1").await;
    assert_eq!((absent.status, credits(&absent)), (400, Some(497)), "an error of the application is a call too");
    let elsewhere = [client.get("/crm/bulk/v8/writ").await, client.with_token("1000.x").get("/crm/v8/org").await];
    assert_eq!(elsewhere.map(|answer| credits(&answer)), [None, None]);

    server.stop().await;
    let server = server_at(directory.path(), &now).await;
    let client = Client::fresh(&server).await;
    let after = client.get("/crm/v8/org").await;
    assert_eq!(credits(&after), Some(499), "nine jobs are known, the small calls are not");
    assert_eq!(create(&client).await.status, 429);

    now.store(NOW_MS + 23 * HOUR_MS, Ordering::Relaxed);
    let client = Client::fresh(&server).await;
    assert_eq!(create(&client).await.status, 429);
    now.store(NOW_MS + 24 * HOUR_MS + 60_000, Ordering::Relaxed);
    let client = Client::fresh(&server).await;
    let answer = create(&client).await;
    assert_eq!((answer.status, credits(&answer)), (201, None), "everything is back");
    server.stop().await;
}

/// A create that is refused gives back what a job would have cost.
#[tokio::test]
async fn a_refused_create_costs_a_call() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let server = server_of_edition(directory.path(), &now, "free").await;
    let client = Client::fresh(&server).await;
    for _ in 0..12 {
        assert_eq!(client.post_json("/crm/bulk/v8/write", &job_of("1", "insert", None)).await.status, 400);
    }
    assert_eq!(credits(&client.get("/crm/v8/org").await), None);
}

/// An upload that has its turn and is not through yet.
async fn open_upload(client: &Client, form: &[u8]) -> TcpStream {
    let head = format!(
        "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        client.token.as_deref().unwrap(),
        client.org,
        multipart_type(),
        form.len()
    );
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The word to go on comes when the body is first asked for: the call is counted by then.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).await.unwrap();
    stream
}

#[tokio::test]
async fn calls_at_the_same_time_are_bounded_by_the_edition() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let server = server_of_edition(directory.path(), &now, "Free").await;
    let client = Client::fresh(&server).await;
    let form = form_of("file", &zip_of(&[("a.csv", "Last_Name\nNg\n")]));
    let mut open = Vec::new();
    for _ in 0..CALLS_OF_FREE {
        open.push(open_upload(&client, &form).await);
    }
    let refused = client.get("/crm/v8/org").await;
    assert_eq!((refused.code(), credits(&refused)), ((429, "TOO_MANY_REQUESTS".into()), None));
    assert_eq!(refused.json()["message"], "too many calls at the same time");
    assert_eq!(refused.header("retry-after"), None);
    let unauthorised = client.with_token("1000.x").get("/crm/v8/org").await;
    assert_eq!(unauthorised.status, 401, "access is judged before");
    assert_eq!(client.without_token().get("/_bulkwright/health").await.status, 200);
    let mut first = open.remove(0);
    first.write_all(&form).await.unwrap();
    assert_eq!(read_answer(&mut first, "POST /crm/v8/upload").await.status, 200);
    assert_eq!(client.get("/crm/v8/org").await.status, 200, "the turn is given back");
}

#[tokio::test]
async fn without_an_edition_nothing_is_limited() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let form = form_of("file", &zip_of(&[("a.csv", "Last_Name\nNg\n")]));
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(open_upload(&client, &form).await);
    }
    let mut file = String::new();
    for mut upload in open {
        upload.write_all(&form).await.unwrap();
        let answer = read_answer(&mut upload, "POST /crm/v8/upload").await;
        assert_eq!((answer.status, credits(&answer)), (200, None));
        file = answer.json()["details"]["file_id"].as_str().unwrap().to_owned();
    }
    for _ in 0..12 {
        let answer = client.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
        assert_eq!((answer.status, credits(&answer)), (201, None));
    }
    assert_eq!(client.get(&format!("/crm/bulk/v8/write/{}", dev::JOB)).await.status, 200);
}
