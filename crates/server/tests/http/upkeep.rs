//! Looking after a running server: who may, what it answers, and what goes by itself.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_server::{Clock, Config, Server, dev, upkeep};
use serde_json::json;

use crate::harness::{Client, dev_server, job_of, on_free_port, server_over};

const PATHS: [&str; 3] = ["/_bulkwright/admin/verify", "/_bulkwright/admin/sweep", "/_bulkwright/admin/backup"];
const NOW_MS: i64 = 1_795_000_000_000;
const LEADS: &str = "Last_Name,Email\nA,a@x.com\nB,b@x.com\n";

#[tokio::test]
async fn only_the_administrator_may() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, caller) = (Client::admin(&server), Client::fresh(&server).await);
    for path in PATHS {
        let refused = async |client: &Client| client.post_json(path, &json!({})).await.code();
        assert_eq!(refused(&admin.without_token()).await, (401, "AUTHENTICATION_FAILURE".to_owned()), "{path}");
        assert_eq!(refused(&admin.with_token("1000.x.y")).await, (401, "INVALID_TOKEN".to_owned()), "{path}");
        assert_eq!(refused(&caller).await, (401, "OAUTH_SCOPE_MISMATCH".to_owned()), "{path}");
        assert_eq!(admin.get(path).await.code().1, "INVALID_REQUEST_METHOD", "{path}");
    }
    assert_eq!(admin.post_json(PATHS[0], &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_server_is_verified_while_it_works() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, caller) = (Client::admin(&server), Client::fresh(&server).await);
    caller.load(LEADS, "insert", None).await;
    caller.load("Last_Name,Email\nA2,a@x.com\nC,c@x.com\n", "upsert", Some("Email")).await;
    let org = &caller.org;
    let expected = json!({
        "schema": 1,
        "sound": true,
        "differences": [],
        "more_differences": 0,
        "remarks": [],
        "sums": {
            "records": [{ "org": org, "module": "Leads", "records": 3, "versions": 4 }],
            "keys": 3,
            "ledger": { "added": 3, "updated": 1, "skipped": 0 },
            "jobs": { "added": 0, "in_progress": 0, "completed": 2, "failed": 0 },
            "uploads": 2,
            "deliveries": { "pending": 0, "delivered": 0, "given_up": 0 },
        },
    });
    assert_eq!(admin.post(PATHS[0], "application/json", b"").await.json(), expected);
    // Bytes that change under it.
    let records = directory.path().join("records.db");
    let mut bytes = std::fs::read(&records).unwrap();
    let at = bytes.windows(2).position(|two| two == b"A2").unwrap();
    bytes[at] = b'Z';
    server.stop().await;
    std::fs::write(&records, bytes).unwrap();
    let server = server_over(directory.path()).await;
    let answer = Client::admin(&server).post(PATHS[0], "application/json", b"").await.json();
    assert_eq!((&answer["sound"], &answer["differences"][0]["kind"]), (&json!(false), &json!("record")));
}

#[tokio::test]
async fn the_documented_store_of_dev_is_sound_and_stays() {
    let server = dev_server().await;
    let admin = Client::admin(&server);
    let swept = admin.post_json(PATHS[1], &json!({ "remove": true, "older_than_seconds": 0 })).await.json();
    let nothing = json!({
        "schema": 1, "removed": true, "uploads": 0, "results": 0, "jobs": 0, "tokens": 0, "answers": 0, "orphans": 0,
        "bytes": 0,
    });
    assert_eq!(swept, nothing);
    assert_eq!(admin.post_json(PATHS[0], &json!({})).await.json()["sound"], true);
    let details = Client::dev(&server).details(dev::JOB).await;
    assert_eq!(details["status"], "COMPLETED");
}

#[tokio::test]
async fn a_sweep_says_what_would_go_and_takes_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, caller) = (Client::admin(&server), Client::fresh(&server).await);
    let job = caller.load(LEADS, "insert", None).await["id"].as_str().unwrap().to_owned();
    let sweep = async |body: &[u8]| admin.post(PATHS[1], "application/json", body).await;
    let counts = |answer: serde_json::Value| {
        ["removed", "uploads", "results", "jobs"].map(|member| answer[member].to_string()).join(" ")
    };
    assert_eq!(counts(sweep(b"").await.json()), "false 0 0 0", "the server's own lifetimes hold");
    assert_eq!(counts(sweep(br#"{"older_than_seconds":0}"#).await.json()), "false 1 1 1");
    assert_eq!(caller.details(&job).await["status"], "COMPLETED");
    assert_eq!(counts(sweep(br#"{"older_than_seconds":0,"remove":true}"#).await.json()), "true 1 1 1");
    assert_eq!(caller.get(&format!("/crm/bulk/v8/write/{job}")).await.code().1, "RESOURCE_NOT_FOUND");
    assert_eq!(caller.found("a@x.com").await.len(), 1, "records stay");
    for wrong in [r#"{"older":1}"#, "{", r#"{"older_than_seconds":-1}"#] {
        assert_eq!(sweep(wrong.as_bytes()).await.code(), (400, "INVALID_REQUEST".to_owned()), "{wrong}");
    }
}

/// Asks until it is so.
async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let looks = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), looks).await.expect("it comes to be so");
}

fn blobs(directory: &Path) -> usize {
    std::fs::read_dir(directory.join("blobs")).unwrap().count()
}

#[tokio::test]
async fn what_is_old_goes_by_the_servers_clock() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let clock = now.clone();
    let config = Config {
        clock: Clock::from_fn(move || clock.load(Ordering::SeqCst)),
        upload_lifetime: Duration::from_secs(3600),
        result_lifetime: Duration::from_secs(2 * 3600),
        job_lifetime: Duration::from_secs(3 * 3600),
        sweep_interval: Duration::from_secs(60),
        ..Config::serve(directory.path().to_owned())
    };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let pass = |hours: i64| now.store(NOW_MS + hours * 3_600_000, Ordering::SeqCst);
    let caller = Client::fresh(&server).await;
    let file = caller.upload_csv(LEADS).await;
    let job = caller.create(&job_of(&file, "insert", None)).await;
    let ended = caller.ended(&job).await;
    assert_eq!(blobs(directory.path()), 2);
    pass(1);
    until(async || blobs(directory.path()) == 1).await;
    let caller = Client::fresh(&server).await;
    let refused = caller.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
    assert_eq!(refused.code().1, "FILE_NOT_FOUND");
    let url = ended["result"]["download_url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", caller.addr)).unwrap();
    assert_eq!(caller.get(path).await.status, 200);
    pass(2);
    until(async || blobs(directory.path()) == 0).await;
    let caller = Client::fresh(&server).await;
    assert_eq!(caller.get(path).await.json()["x-info"], "Link not valid");
    let details = caller.details(&job).await;
    assert_eq!((&details["status"], &details["result"]), (&json!("COMPLETED"), &serde_json::Value::Null));
    pass(3);
    let address = format!("/crm/bulk/v8/write/{job}");
    let gone = async || Client::fresh(&server).await.get(&address).await.code().1 == "RESOURCE_NOT_FOUND";
    until(gone).await;
    let answer = Client::admin(&server).post(PATHS[0], "application/json", b"").await.json();
    assert_eq!((&answer["sound"], &answer["remarks"]), (&json!(true), &json!([])));
    assert_eq!(
        answer["sums"]["ledger"],
        json!({ "added": 2, "updated": 0, "skipped": 0 }),
        "what it did is still counted"
    );
}

#[tokio::test]
async fn orphans_of_killed_uploads_vanish_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    server_over(directory.path()).await.stop().await;
    std::fs::write(directory.path().join("blobs/upload-00"), "whole, but its row was never written").unwrap();
    std::fs::write(directory.path().join("blobs/upload-01#1"), "half").unwrap();
    std::fs::write(directory.path().join("scratch/left"), "half a result").unwrap();
    let server = server_over(directory.path()).await;
    until(async || blobs(directory.path()) == 0).await;
    assert_eq!(std::fs::read_dir(directory.path().join("scratch")).unwrap().count(), 0);
    server.stop().await;
}

#[tokio::test]
async fn a_backup_is_taken_and_restored() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let server = server_over(&place("data")).await;
    let (admin, caller) = (Client::admin(&server), Client::fresh(&server).await);
    let job = caller.load(LEADS, "insert", None).await;
    let backup = async |destination: &str| admin.post_json(PATHS[2], &json!({ "destination": destination })).await;
    for wrong in ["", "backup", "./backup"] {
        assert_eq!(backup(wrong).await.code(), (400, "INVALID_REQUEST".to_owned()), "{wrong}");
    }
    let taken = backup(place("data").to_str().unwrap()).await;
    assert_eq!(taken.code(), (400, "INVALID_REQUEST".to_owned()));
    assert!(taken.text().contains("choose a directory that is not there yet"), "{}", taken.text());
    let answer = backup(place("backup").to_str().unwrap()).await.json();
    assert_eq!((&answer["schema"], &answer["files"]), (&json!(1), &json!(5)));
    assert_eq!(answer["directory"], place("backup").to_str().unwrap());
    assert_eq!(answer["sums"], admin.post_json(PATHS[0], &json!({})).await.json()["sums"]);
    server.stop().await;

    upkeep::restore(&place("backup"), &place("restored")).await.unwrap();
    let verified = upkeep::verify(&place("restored")).await.unwrap();
    assert_eq!((verified.sound, json!(verified.sums)), (true, answer["sums"].clone()));
    let server = server_over(&place("restored")).await;
    // Its credentials came along: what was given out before still opens it.
    let caller = Client { addr: server.addr(), ..caller };
    let details = caller.details(job["id"].as_str().unwrap()).await;
    assert_eq!(caller.result(&details).await.lines().count(), 3);
    assert_eq!(caller.found("b@x.com").await.len(), 1);
}
