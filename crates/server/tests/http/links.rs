//! Result links: every form that there is, what a download says of itself, and how a link ends.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_server::{Clock, Config, Running, Server, dev};
use bulkwright_wire::version::Version;
use serde_json::json;

use crate::harness::{Client, csv_in, dev_server, on_free_port};

const NOW_MS: i64 = 1_795_000_000_000;
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
const LEADS: &str = "Last_Name,Email\nA,a@x.com\n";

#[tokio::test]
async fn every_form_of_a_link_gives_the_same_zip() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let details = client.load(LEADS, "insert", None).await;
    let absolute = details["result"]["download_url"].as_str().unwrap();
    let told = absolute.strip_prefix(server.base_url()).expect("the link leads to this server");
    let job = details["id"].as_str().unwrap();
    assert_eq!(told, format!("/v2/crm/{}/bulk-write/{job}/{job}.zip", dev::ZGID));
    let first = client.get(told).await;
    assert_eq!(
        csv_in(&first.body),
        format!("Last_Name,Email,STATUS,RECORD_ID,ERRORS\nA,a@x.com,ADDED,{},\n", lead(&client).await)
    );
    for version in Version::ALL {
        for org in [dev::ZGID.to_owned(), format!("org{}", dev::ZGID)] {
            let relative = format!("/{version}/crm/{org}/bulk-write/{job}/{job}.zip");
            // SDKs put the base, a slash and what they were told together.
            for path in [relative.clone(), format!("/{relative}"), relative.replace('/', "//")] {
                let answer = client.get(&path).await;
                assert_eq!((answer.status, &answer.body), (200, &first.body), "{path}");
            }
        }
    }
}

async fn lead(client: &Client) -> String {
    client.found("a@x.com").await[0]["id"].as_str().unwrap().to_owned()
}

/// Python's SDK takes what stands behind the last quote, the others read `filename`.
#[tokio::test]
async fn a_download_says_what_sdks_need() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let path = format!("/v2/crm/{}/bulk-write/{1}/{1}.zip", dev::ZGID, dev::JOB);
    let plain = client.get(&path).await;
    assert_eq!(plain.header("content-type"), Some("application/zip"));
    let name = format!("{}.zip", dev::JOB);
    let disposition = format!("attachment; filename=\"{name}\"; filename*=UTF-8''{name}");
    assert_eq!(plain.header("content-disposition"), Some(disposition.as_str()));
    assert_eq!(plain.header("content-length"), Some(plain.body.len().to_string().as_str()));
    let packed = client.send("GET", &path, &[("Accept-Encoding", "gzip")], b"").await;
    assert_eq!((packed.header("content-encoding"), &packed.body), (None, &plain.body), "a zip is sent as it is");
    let ranged = client.send("GET", &path, &[("Range", "bytes=0-9")], b"").await;
    assert_eq!((ranged.status, &ranged.body), (200, &plain.body), "ranges are not known");
    let head = client.send("HEAD", &path, &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (400, Some("124")), "one method, and no other");
}

async fn server_at(directory: &Path, now: &Arc<AtomicI64>, result_lifetime: Duration) -> Running {
    let told = now.clone();
    let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
    let config = Config {
        clock,
        result_lifetime,
        job_lifetime: LIFETIME * 100,
        // Nobody sweeps by itself here.
        sweep_interval: LIFETIME * 1000,
        ..on_free_port(Config::serve(directory.to_owned()))
    };
    Server::start(config).await.unwrap()
}

#[tokio::test]
async fn a_link_ends_with_its_result_and_not_only_when_that_is_swept() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let server = server_at(directory.path(), &now, LIFETIME).await;
    let client = Client::fresh(&server).await;
    let details = client.load(LEADS, "insert", None).await;
    let job = details["id"].as_str().unwrap().to_owned();
    let path = format!("/v2/crm/{}/bulk-write/{job}/{job}.zip", client.org);
    let ended = r#"{"x-info":"Link not valid","info":"Forbidden","http_status":"403"}"#;

    now.store(NOW_MS + LIFETIME.as_millis() as i64 - 1000, Ordering::Relaxed);
    let client = Client::fresh(&server).await;
    assert_eq!(client.get(&path).await.status, 200, "the last second");
    now.store(NOW_MS + LIFETIME.as_millis() as i64, Ordering::Relaxed);
    let client = Client::fresh(&server).await;
    let answer = client.get(&path).await;
    assert_eq!((answer.status, answer.text()), (403, ended), "nothing has been swept yet");
    let content_type = answer.header("content-type");
    assert_eq!((content_type, answer.header("transfer-encoding")), (Some("application/json"), Some("chunked")));

    let admin = client.with_token(&server.credentials().unwrap().admin_secret);
    let swept = admin.post_json("/_bulkwright/admin/sweep", &json!({ "remove": true })).await.json();
    assert_eq!((&swept["results"], &swept["jobs"]), (&json!(1), &json!(0)));
    let answer = client.get(&path).await;
    assert_eq!((answer.status, answer.text()), (403, ended), "the job is still known");
    assert!(client.details(&job).await.get("result").is_none());

    let absent = client.get(&path.replace(&job, "4150868000005350009")).await;
    let foreign = client.get(&path.replace(&client.org, "1")).await;
    assert_eq!(absent.code(), (400, "RESOURCE_NOT_FOUND".into()));
    assert_eq!((foreign.status, foreign.body), (absent.status, absent.body), "they are told alike");

    server.stop().await;
    let server = server_at(directory.path(), &now, LIFETIME * 10).await;
    let answer = Client::fresh(&server).await.get(&path).await;
    assert_eq!((answer.status, answer.text()), (403, ended), "a longer life does not bring it back");
}
