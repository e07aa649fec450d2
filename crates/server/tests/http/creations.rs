//! What a create is refused for beside the exchanges of `contract/`: at the real bounds, over time, and before rows are read.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_server::{Clock, Config, Server};
use bulkwright_wire::version::Version;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, dev_server, job_of, on_free_port};

async fn create_in(client: &Client, version: Version, body: &Value) -> Answer {
    client.post_json(&format!("/crm/bulk/{version}/write"), body).await
}

fn mapped(file: &str, count: usize) -> Value {
    let mut body = job_of(file, "insert", None);
    body["resource"][0]["field_mappings"] =
        (0..count).map(|_| json!({ "api_name": "Last_Name", "index": 0 })).collect();
    body
}

/// Two hundred mappings are looked at one by one; more than that by their number, more than the schema has by its bound.
#[tokio::test]
async fn the_number_of_mappings_is_bounded_in_every_version() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name\nNg\n").await;
    for version in Version::ALL {
        for (count, code, told) in [
            (200, "INVALID_DATA", "Last_Name is mapped twice"),
            (201, "HEADER_LIMIT_EXCEEDED", "201 fields are mapped, and 200 are allowed"),
            (500, "HEADER_LIMIT_EXCEEDED", "500 fields are mapped, and 200 are allowed"),
            (501, "INVALID_DATA", "invalid data for field_mappings: expected an array of at most 500 objects"),
        ] {
            let answer = create_in(&client, version, &mapped(&file, count)).await;
            assert_eq!((answer.code(), &answer.json()["message"]), ((400, code.into()), &json!(told)), "{version}");
        }
    }
}

#[tokio::test]
async fn two_hundred_columns_are_read_and_one_more_is_not() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    for (more, status) in [(199, 201), (200, 400)] {
        let header: String = (0..more).map(|column| format!(",_{column}")).collect();
        let file = client.upload_csv(&format!("Last_Name{header}\nNg{}\n", ",".repeat(more))).await;
        let answer = create_in(&client, Version::V8, &job_of(&file, "insert", None)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 400 {
            assert_eq!(answer.code().1, "HEADER_LIMIT_EXCEEDED");
        }
    }
}

/// The sweep comes now and then; an upload's time is up all the same, in the second that it is.
#[tokio::test]
async fn an_upload_whose_time_is_up_is_not_there_before_any_sweep() {
    let now = Arc::new(AtomicI64::new(Clock::system().seconds() * 1000));
    let clock = now.clone();
    let config = Config {
        clock: Clock::from_fn(move || clock.load(Ordering::SeqCst)),
        sweep_interval: Duration::from_secs(1_000_000),
        ..Config::dev()
    };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let client = Client::dev(&server);
    let body = job_of(&client.upload_csv("Last_Name\nNg\n").await, "insert", None);
    let lifetime = 7 * 24 * 3600 * 1000;
    now.fetch_add(lifetime - 1000, Ordering::SeqCst);
    assert_eq!(create_in(&client, Version::V8, &body).await.status, 201);
    now.fetch_add(1000, Ordering::SeqCst);
    for version in Version::ALL {
        let code = if version == Version::V8 { "FILE_NOT_FOUND" } else { "INVALID_FILE_ID" };
        assert_eq!(create_in(&client, version, &body).await.code(), (400, code.into()), "{version}");
    }
}

/// A key that a version does not have is like any other that nobody knows.
#[tokio::test]
async fn keys_of_later_versions_are_passed_over() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    let mut body = job_of(&file, "insert", None);
    body["resource"][0]["file_names"] = json!(["other.csv"]);
    body["resource"][0]["field_mappings"] =
        json!([{ "api_name": "Last_Name", "index": 0, "parent_column_index": 0, "colour": "red" }]);
    for version in Version::ALL {
        let status = if version < Version::V5 { 201 } else { 400 };
        let answer = create_in(&client, version, &body).await;
        assert_eq!(answer.status, status, "{version} {answer:?}");
    }
}

/// Whatever is wrong, nothing is made: no id is given, and no job is there.
#[tokio::test]
async fn a_create_that_is_refused_leaves_nothing_behind() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let jobs = async || client.get("/_bulkwright/jobs").await.json()["info"]["count"].clone();
    let before = jobs().await;
    for body in
        ["", "null", "[]", "{}", "{\"operation\":\"insert\",\"resource\":[]}", "\u{feff}{}", "{\"operation\":1}"]
    {
        for version in Version::ALL {
            let path = format!("/crm/bulk/{version}/write");
            let answer = client.post(&path, "application/json", body.as_bytes()).await;
            assert_eq!((answer.status, answer.json()["status"].as_str()), (400, Some("error")), "{body}");
            assert!(answer.json()["details"].is_object(), "{answer:?}");
        }
    }
    assert_eq!(jobs().await, before);
}
