//! First starts, restarts, refused starts, and ends in the middle of work.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_engine::ids::{FileId, OrgId, UserId};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::spec::Operation;
use bulkwright_engine::verdict::Counts;
use bulkwright_server::{CREDENTIALS_FILE, Clock, Config, Credentials, Running, ServeError, Server, run};
use bulkwright_store::Store;
use bulkwright_store::model::{JobResource, JobState, NewJob};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{Client, dev_server, job_of, on_free_port, server_over};

fn credentials_of(directory: &Path) -> Credentials {
    serde_json::from_slice(&std::fs::read(directory.join(CREDENTIALS_FILE)).unwrap()).unwrap()
}

#[tokio::test]
async fn the_first_start_writes_credentials_and_the_next_one_keeps_them_true() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("not/yet/there");
    let server = server_over(&data).await;
    let first = credentials_of(&data);
    let mode = std::fs::metadata(data.join(CREDENTIALS_FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!((first.base_url.as_str(), first.zgid.len()), (server.base_url(), 9));
    assert_eq!(Some(&first), server.credentials());
    server.stop().await;

    let server = server_over(&data).await;
    let second = credentials_of(&data);
    assert_eq!(second.base_url, format!("http://{}", server.addr()));
    assert_eq!(second.accounts_url, second.base_url);
    let renamed = Credentials { base_url: first.base_url.clone(), accounts_url: first.base_url.clone(), ..second };
    assert_eq!(renamed, first, "only the URLs change");
    assert_eq!(Client::fresh(&server).await.get("/crm/v8/org").await.json()["org"][0]["zgid"], first.zgid);
}

/// A first start that was killed leaves the file without the store's rows. The next one makes them what the file says.
#[tokio::test]
async fn a_first_start_that_was_killed_half_way_is_mended() {
    let directory = tempfile::tempdir().unwrap();
    let (killed, whole) = (directory.path().join("killed"), directory.path().join("whole"));
    server_over(&whole).await.stop().await;
    std::fs::create_dir(&killed).unwrap();
    std::fs::copy(whole.join(CREDENTIALS_FILE), killed.join(CREDENTIALS_FILE)).unwrap();
    let server = server_over(&killed).await;
    assert_eq!(server.credentials().unwrap().client_secret, credentials_of(&whole).client_secret);
    assert_eq!(Client::fresh(&server).await.get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn credentials_of_another_directory_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (directory.path().join("one"), directory.path().join("other"));
    server_over(&one).await.stop().await;
    server_over(&other).await.stop().await;
    std::fs::copy(one.join(CREDENTIALS_FILE), other.join(CREDENTIALS_FILE)).unwrap();
    let refused = Server::start(on_free_port(Config::serve(other.clone()))).await.unwrap_err();
    assert!(matches!(refused, ServeError::Credentials { .. }), "{refused}");
    std::fs::write(other.join(CREDENTIALS_FILE), "{").unwrap();
    let refused = Server::start(on_free_port(Config::serve(other.clone()))).await.unwrap_err();
    assert!(refused.to_string().contains("put the right one back"), "{refused}");
    std::fs::remove_file(other.join(CREDENTIALS_FILE)).unwrap();
    let server = server_over(&other).await;
    assert!(server.credentials().is_none(), "secrets cannot be told again");
}

#[tokio::test]
async fn starts_that_cannot_be_are_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let same = Server::start(on_free_port(Config::serve(directory.path().to_owned()))).await.unwrap_err();
    let pid = std::process::id();
    assert!(same.to_string().ends_with(&format!("is in use by process {pid}")), "{same}");

    let taken = Config { listen: server.addr(), ..Config::dev() };
    let taken = Server::start(taken).await.unwrap_err();
    assert!(matches!(taken, ServeError::PortTaken { address } if address == server.addr()), "{taken}");

    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let beyond = Config { listen: address.parse().unwrap(), ..Config::dev() };
        let beyond = Server::start(beyond).await.unwrap_err();
        assert!(matches!(beyond, ServeError::BeyondLoopback { .. }), "{beyond}");
    }
    let file = directory.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let unusable = Server::start(on_free_port(Config::serve(file))).await.unwrap_err();
    assert!(matches!(unusable, ServeError::Directory { .. }), "{unusable}");
}

#[tokio::test]
async fn the_port_file_is_there_when_the_server_is() {
    let directory = tempfile::tempdir().unwrap();
    let port_file = directory.path().join("port");
    std::fs::write(&port_file, "127.0.0.1:1\n").unwrap();
    let config = Config { port_file: Some(port_file.clone()), ..Config::dev() };
    let server = Server::start(on_free_port(config)).await.unwrap();
    assert_eq!(std::fs::read_to_string(&port_file).unwrap(), format!("{}\n", server.addr()));
    let missing = Config { port_file: Some(directory.path().join("no/such/port")), ..Config::dev() };
    assert!(matches!(Server::start(on_free_port(missing)).await, Err(ServeError::Directory { .. })));
}

#[tokio::test]
async fn run_ends_when_it_is_told_to() {
    run(on_free_port(Config::dev()), std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn a_stopped_server_answers_what_it_has_begun_and_frees_its_port() {
    let server = dev_server().await;
    let addr = server.addr();
    let client = Client::dev(&server);
    let answers = (0..8).map(|_| {
        tokio::spawn({
            let client = client.clone();
            async move { client.get("/crm/v8/org").await.status }
        })
    });
    let answers: Vec<_> = answers.collect();
    for answer in answers {
        assert_eq!(answer.await.unwrap(), 200);
    }
    server.stop().await;
    TcpListener::bind(addr).await.unwrap();
}

/// A connection that says nothing does not hold up the end.
#[tokio::test]
async fn a_silent_connection_is_not_waited_for() {
    let server = dev_server().await;
    let silent = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
    assert_eq!(Client::dev(&server).get("/crm/v8/org").await.status, 200);
    tokio::time::timeout(Duration::from_secs(5), server.stop()).await.unwrap();
    drop(silent);
}

/// Stopped between two chunks, a job goes on where its ledger ends: every row once, the same result.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_was_stopped_in_the_middle_is_completed_by_the_next_start() {
    const ROWS: u64 = 60_000;
    let directory = tempfile::tempdir().unwrap();
    let limits = Limits { chunk_bytes_max: 50_000, ..Limits::lifted() };
    let start = async || {
        let config = Config { limits: limits.clone(), ..Config::serve(directory.path().to_owned()) };
        Server::start(on_free_port(config)).await.unwrap()
    };
    let server = start().await;
    let client = Client::fresh(&server).await;
    let mut csv = String::from("Last_Name,Email\n");
    (0..ROWS).for_each(|row| csv.push_str(&format!("Name{row},name{row}@example.com\n")));
    let id = client.create(&job_of(&client.upload_csv(&csv).await, "insert", Some("Email"))).await;
    let counted = async |client: &Client| client.details(&id).await["resource"][0]["file"]["total_count"].as_u64();
    while counted(&client).await.unwrap_or(0) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;

    let server = start().await;
    let client = Client { addr: server.addr(), ..client };
    let before = client.details(&id).await;
    let file = |count: u64| json!({ "status": "COMPLETED", "name": "leads.csv", "added_count": count, "skipped_count": 0, "updated_count": 0, "total_count": count });
    let details = client.ended(&id).await;
    assert_eq!(details["resource"][0]["file"], file(ROWS), "before: {before}");
    let result = client.result(&details).await;
    let lines: Vec<_> = result.lines().skip(1).collect();
    assert_eq!(lines.len() as u64, ROWS);
    assert!(lines.iter().all(|line| line.contains(",ADDED,")));
    for row in [0, 1, ROWS / 2, ROWS - 1] {
        assert_eq!(client.found(&format!("name{row}@example.com")).await.len(), 1, "{row}");
    }
}

/// A disk that fails an attempt costs that attempt: the job waits, is tried again, and nothing of it is lost.
#[tokio::test]
async fn a_job_whose_file_cannot_be_read_for_a_while_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let file = client.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    let (org, user) = (client.org.parse().unwrap(), server.credentials().unwrap().user_id.parse().unwrap());
    server.stop().await;
    let id = queued(directory.path(), org, user, file.parse().unwrap(), "Leads").await;
    let blob = only_file(&directory.path().join("blobs"));
    let away = directory.path().join("away");
    std::fs::rename(&blob, &away).unwrap();

    let later = Arc::new(AtomicI64::new(0));
    let told = later.clone();
    let clock = Clock::from_fn(move || Clock::system().milliseconds() + told.load(Ordering::Relaxed));
    let config = Config { clock, ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let client = Client { addr: server.addr(), ..client };
    while client.details(&id).await["status"] == "ADDED" {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let passing = client.load("Last_Name,Email\nLi,li@example.com\n", "insert", None).await;
    assert_eq!(passing["status"], "COMPLETED", "others do not wait for it");
    let resting = client.get(&format!("/_bulkwright/jobs/{id}")).await.json();
    assert_eq!((&resting["status"], &resting["failures"]), (&json!("INPROGRESS"), &json!(1)));
    assert!(resting["cause"].as_str().unwrap().contains("No such file"), "{resting}");
    assert!(resting["rests_until"].as_str() > resting["started_time"].as_str(), "{resting}");
    std::fs::rename(&away, &blob).unwrap();
    later.store(60_000, Ordering::Relaxed);
    // Another job wakes the worker, which takes the older one first.
    client.load("Last_Name,Email\nZu,zu@example.com\n", "insert", None).await;
    assert_eq!(client.ended(&id).await["status"], "COMPLETED");
    assert_eq!(client.found("ng@example.com").await.len(), 1);
}

/// What ends the process every time is not begun for ever; what was there by chance is.
#[tokio::test]
async fn a_job_that_the_server_dies_of_is_given_up_after_twenty_deaths_in_a_row() {
    let check = async |deaths: u32, state: &str, code: &str| {
        let (client, id, server) = after_deaths(deaths).await;
        let details = client.ended(&id).await;
        assert_eq!((&details["status"], &details["resource"][0]["code"]), (&json!(state), &json!(code)), "{deaths}");
        assert_eq!(client.load("Last_Name\nNg\n", "insert", None).await["status"], "COMPLETED", "others go on");
        drop(server);
    };
    check(19, "COMPLETED", "COMPLETED").await;
    check(20, "FAILED", "INTERNAL_ERROR").await;
}

/// A server that has taken over a job after so many processes died of it.
async fn after_deaths(deaths: u32) -> (Client, String, (Running, tempfile::TempDir)) {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let csv = "Last_Name,Email\nNg,ng@example.com\n";
    let file = client.upload_csv(csv).await;
    let (org, user) = (client.org.parse().unwrap(), server.credentials().unwrap().user_id.parse().unwrap());
    server.stop().await;
    let id = queued(directory.path(), org, user, file.parse().unwrap(), "Leads").await;
    for _ in 0..deaths {
        // A store that is dropped with a claim is what a process leaves that dies.
        let store = SqliteStore::open(directory.path(), &OpenOptions::default()).unwrap();
        store.claim("killed", 1_700_000_000, 60).await.unwrap().unwrap();
    }
    let server = server_over(directory.path()).await;
    (Client { addr: server.addr(), ..client }, id, (server, directory))
}

/// What could be created and can no longer be run fails with its reason.
#[tokio::test]
async fn a_job_whose_module_is_gone_fails_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let file = client.upload_csv("Last_Name\nNg\n").await;
    let (org, user) = (client.org.parse().unwrap(), server.credentials().unwrap().user_id.parse().unwrap());
    server.stop().await;
    let id = queued(directory.path(), org, user, file.parse().unwrap(), "Ships").await;
    let server = server_over(directory.path()).await;
    let client = Client { addr: server.addr(), ..client };
    let details = client.ended(&id).await;
    let resource = &details["resource"][0];
    let told = [&details["status"], &resource["status"], &resource["code"], &resource["message"]];
    assert_eq!(told, ["FAILED", "FAILED", "MODULE_NOT_AVAILABLE", "Requested module 'Ships' is not available."]);
    assert_eq!(details.get("result"), None);
    let link = format!("/v2/crm/{}/bulk-write/{id}/{id}.zip", client.org);
    assert_eq!(client.get(&link).await.code(), (400, "RESOURCE_NOT_FOUND".into()), "a job without a result");
}

fn only_file(directory: &Path) -> PathBuf {
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    let file = files.remove(0);
    if file.is_dir() { only_file(&file) } else { file }
}

/// Queues a job in the data of a server that is not running.
async fn queued(directory: &Path, org: OrgId, created_by: UserId, file: FileId, module: &str) -> String {
    let store = SqliteStore::open(directory, &OpenOptions::default()).unwrap();
    let resource = JobResource {
        kind: "data".into(),
        module: module.into(),
        file,
        find_by: None,
        ignore_empty: None,
        mappings: Vec::new(),
        csv_name: "leads.csv".into(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    let job = NewJob {
        id: None,
        org,
        created_by,
        created_at: 1_700_000_000,
        operation: Operation::Insert,
        ignore_empty: None,
        charset: None,
        version: "v8".into(),
        callback: None,
        resources: vec![resource],
        result_url: None,
        fixed: false,
        answer: None,
    };
    store.add_job(&job).await.unwrap().id.to_string()
}
