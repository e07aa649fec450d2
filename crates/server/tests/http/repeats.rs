//! Requests that are sent again under an `Idempotency-Key`: done once, answered alike.

mod cuts;
mod strangers;
mod together;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulkwright_server::{Clock, Config, Running, Server, dev};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, dev_server, form_of, job_of, on_free_port, zip_of};
use strangers::{FOREIGN, with_tokens};

const WRITE: &str = "/crm/bulk/v8/write";
const DAY_SECONDS: i64 = 24 * 3600;

fn zip() -> Vec<u8> {
    zip_of(&[("leads.csv", "Last_Name\nNg\n")])
}

async fn upload_under(client: &Client, key: &str, zip: &[u8]) -> Answer {
    let headers = [("feature", "bulk-write"), ("X-CRM-ORG", client.org.as_str()), ("Idempotency-Key", key)];
    client.upload_with("v8", &headers, &form_of("file", zip)).await
}

async fn create_under(client: &Client, key: &str, body: &Value) -> Answer {
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
    client.send("POST", WRITE, &headers, body.to_string().as_bytes()).await
}

/// Whether this is what another request under the key was answered.
fn is_again(answer: &Answer) -> bool {
    match answer.header("Bulkwright-Replayed") {
        None => false,
        Some(told) => told == "true" || panic!("{told}"),
    }
}

/// A job whose answer is the first under its key.
fn first(answer: &Answer, status: u16) -> String {
    assert_eq!((answer.status, is_again(answer)), (status, false), "{answer:?}");
    id_in(answer)
}

fn id_in(answer: &Answer) -> String {
    let details = &answer.json()["details"];
    let id = details.get("id").or(details.get("file_id"));
    id.and_then(Value::as_str).unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

fn assert_same(again: &Answer, first: &Answer) {
    assert!(is_again(again), "{again:?}");
    assert_eq!((again.status, again.text()), (first.status, first.text()));
}

/// Uploads and jobs that there are.
async fn made(server: &Running) -> (u64, u64) {
    let known = server.credentials().unwrap();
    let admin = Client { addr: server.addr(), token: Some(known.admin_secret.clone()), org: known.zgid.clone() };
    let answer = admin.post_json("/_bulkwright/admin/verify", &json!({})).await.json();
    let jobs = answer["sums"]["jobs"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    (answer["sums"]["uploads"].as_u64().unwrap(), jobs)
}

#[tokio::test]
async fn a_repeat_makes_nothing_and_is_answered_alike() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let uploaded = upload_under(&client, "load-1", &zip()).await;
    let file = first(&uploaded, 200);
    // The boundary and what else is in the form are none of the content.
    let form = String::from_utf8_lossy(&form_of("file", b"CONTENT")).replace("------------------------d7", "--another");
    let form = form.replacen(
        "----another",
        "----another4496d66958873e\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n----another",
        1,
    );
    let (head, tail) = form.split_once("CONTENT").unwrap();
    let form = [head.as_bytes(), &zip(), tail.as_bytes()].concat();
    let content_type = "multipart/form-data; boundary=--another4496d66958873e";
    let headers = [
        ("Content-Type", content_type),
        ("feature", "bulk-write"),
        ("x-crm-org", dev::ZGID),
        ("idempotency-key", "load-1"),
    ];
    for path in ["/crm/v8/upload", "/crm/v2/upload"] {
        assert_same(&client.send("POST", path, &headers, &form).await, &uploaded);
    }
    let body = job_of(&file, "insert", None);
    let created = create_under(&client, "load-1", &body).await;
    let job = first(&created, 201);
    client.ended(&job).await;
    let again = create_under(&client, "load-1", &body).await;
    assert_same(&again, &created);
    assert!(again.header("x-accesstoken-reset").is_some() && again.header("bulkwright-request-id").is_some());
    assert_ne!(again.header("bulkwright-request-id"), created.header("bulkwright-request-id"));
    assert_eq!(made(&server).await, (before.0 + 1, before.1 + 1));
    // Without a key, and under another one, the same is done once more.
    first(&client.post_json(WRITE, &body).await, 201);
    first(&create_under(&client, "load-2", &body).await, 201);
    assert_eq!(made(&server).await, (before.0 + 1, before.1 + 3));
}

#[tokio::test]
async fn another_content_under_a_key_is_refused() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = first(&upload_under(&client, "a", &zip()).await, 200);
    let body = job_of(&file, "insert", None);
    first(&create_under(&client, "a", &body).await, 201);
    let before = made(&server).await;
    let reused = (400, "IDEMPOTENCY_KEY_REUSED".to_owned());
    let other_zip = zip_of(&[("leads.csv", "Last_Name\nLi\n")]);
    assert_eq!(upload_under(&client, "a", &other_zip).await.code(), reused);
    assert_eq!(upload_under(&client, "a", b"no zip").await.code(), reused);
    let renamed = String::from_utf8_lossy(&form_of("file", b"CONTENT")).replace("leads.zip", "other.zip");
    let (head, tail) = renamed.split_once("CONTENT").unwrap();
    let form = [head.as_bytes(), &zip(), tail.as_bytes()].concat();
    let headers = [("feature", "bulk-write"), ("X-CRM-ORG", dev::ZGID), ("Idempotency-Key", "a")];
    assert_eq!(client.upload_with("v8", &headers, &form).await.code(), reused);
    assert_eq!(create_under(&client, "a", &job_of(&file, "upsert", Some("Email"))).await.code(), reused);
    assert_eq!(create_under(&client, "a", &json!({})).await.code(), reused, "the key comes before what is asked");
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "a")];
    let text = body.to_string();
    assert_eq!(client.send("POST", "/crm/bulk/v7/write", &headers, text.as_bytes()).await.code(), reused);
    let spaced = format!("{text} ");
    assert_eq!(client.send("POST", WRITE, &headers, spaced.as_bytes()).await.code(), reused);
    assert_eq!(made(&server).await, before);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name\nNg\n").await;
    let refused = (400, "INVALID_IDEMPOTENCY_KEY".to_owned());
    let long = "k".repeat(256);
    for key in ["", "two words", &long] {
        assert_eq!(upload_under(&client, key, &zip()).await.code(), refused, "{key:?}");
        assert_eq!(create_under(&client, key, &job_of(&file, "insert", None)).await.code(), refused, "{key:?}");
    }
    let nobody = client.with_token("1000.nobody");
    assert_eq!(upload_under(&nobody, "", &zip()).await.code(), (401, "INVALID_TOKEN".to_owned()), "access comes first");
    first(&create_under(&client, &"k".repeat(255), &job_of(&file, "insert", None)).await, 201);
}

#[tokio::test]
async fn a_key_belongs_to_its_organisation_client_and_operation() {
    let directory = tempfile::tempdir().unwrap();
    let contacts: &[&str] = &["ZohoFiles.files.ALL", "ZohoCRM.bulk.ALL", "ZohoCRM.modules.contacts.ALL"];
    let tokens = [("1000.all", bulkwright_wire::scope::EVERYTHING), ("1000.contacts", contacts)];
    let server = with_tokens(directory.path(), &tokens).await;
    let own = Client::fresh(&server).await;
    let (refreshed, other_client) = (Client::fresh(&server).await, own.with_token("1000.all"));
    let other_org = Client { org: "111111111".into(), ..own.with_token(FOREIGN) };
    let uploaded = upload_under(&own, "k", &zip()).await;
    let file = first(&uploaded, 200);
    assert_same(&upload_under(&refreshed, "k", &zip()).await, &uploaded);
    let files = [file.clone(), first(&upload_under(&other_client, "k", &zip()).await, 200)];
    let files = [files.as_slice(), &[first(&upload_under(&other_org, "k", &zip()).await, 200)]].concat();
    assert!(files[0] != files[1] && files[1] != files[2] && files[0] != files[2], "{files:?}");
    let body = job_of(&file, "insert", None);
    let created = create_under(&own, "k", &body).await;
    first(&created, 201);
    assert_same(&create_under(&refreshed, "k", &body).await, &created);
    first(&create_under(&other_client, "k", &body).await, 201);
    let stolen = create_under(&other_org, "k", &body).await;
    assert_eq!(stolen.code(), (400, "FILE_NOT_FOUND".to_owned()), "nothing of others is told");
    // A token of the same client that does not open the module is refused as ever.
    let refused = create_under(&own.with_token("1000.contacts"), "k", &body).await;
    assert_eq!(refused.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()));
    assert_eq!(made(&server).await, (3, 2));
}

#[tokio::test]
async fn what_was_refused_may_be_mended_under_its_key() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    assert_eq!(upload_under(&client, "m", b"no zip").await.code().1, "INVALID_FILE_FORMAT");
    let file = first(&upload_under(&client, "m", &zip()).await, 200);
    let mut wrong = job_of(&file, "insert", None);
    wrong["resource"][0]["module"] = json!({ "api_name": "Planets" });
    for _ in 0..2 {
        assert_eq!(create_under(&client, "m", &wrong).await.code().1, "MODULE_NOT_AVAILABLE");
    }
    let mended = job_of(&file, "insert", None);
    let created = create_under(&client, "m", &mended).await;
    first(&created, 201);
    assert_same(&create_under(&client, "m", &mended).await, &created);
    assert_eq!(create_under(&client, "m", &wrong).await.code().1, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(made(&server).await, (before.0 + 1, before.1 + 1));
}

#[tokio::test]
async fn answers_are_kept_for_a_day_and_over_restarts() {
    let directory = tempfile::tempdir().unwrap();
    let seconds = Arc::new(AtomicI64::new(1_795_000_000));
    let start = async || {
        let told = seconds.clone();
        let clock = Clock::from_fn(move || told.load(Ordering::SeqCst) * 1000);
        Server::start(on_free_port(Config { clock, ..Config::serve(directory.path().to_owned()) })).await.unwrap()
    };
    let server = start().await;
    let client = Client::fresh(&server).await;
    let uploaded = upload_under(&client, "day", &zip()).await;
    let body = job_of(&first(&uploaded, 200), "insert", None);
    let created = create_under(&client, "day", &body).await;
    client.ended(&first(&created, 201)).await;
    seconds.fetch_add(DAY_SECONDS - 1, Ordering::SeqCst);
    server.stop().await;
    remove_blobs(directory.path());

    let server = start().await;
    let client = Client::fresh(&server).await;
    assert_same(&upload_under(&client, "day", &zip()).await, &uploaded);
    let again = create_under(&client, "day", &body).await;
    assert_same(&again, &created);
    let refused = create_under(&client, "another", &body).await;
    assert_eq!(refused.status, 500, "a repeat does not look for its file, which is gone: {refused:?}");
    seconds.fetch_add(1, Ordering::SeqCst);
    let fresh = upload_under(&client, "day", &zip()).await;
    let file = first(&fresh, 200);
    assert_ne!(id_in(&fresh), id_in(&uploaded));
    let created_anew = create_under(&client, "day", &job_of(&file, "insert", None)).await;
    first(&created_anew, 201);
}

fn remove_blobs(directory: &Path) {
    for entry in std::fs::read_dir(directory.join("blobs")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

/// As many as a client that went mad would send.
#[tokio::test]
async fn a_thousand_repeats_make_nothing() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let uploaded = upload_under(&client, "mad", &zip()).await;
    let body = job_of(&first(&uploaded, 200), "insert", None);
    let created = create_under(&client, "mad", &body).await;
    first(&created, 201);
    for _ in 0..500 {
        assert_same(&upload_under(&client, "mad", &zip()).await, &uploaded);
        assert_same(&create_under(&client, "mad", &body).await, &created);
    }
    assert_eq!(made(&server).await, (before.0 + 1, before.1 + 1));
}
