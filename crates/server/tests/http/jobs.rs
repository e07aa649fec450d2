//! Jobs over the wire: created, refused, run, looked at, downloaded, and their records read back.

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, Server, dev};
use serde_json::{Value, json};

use crate::harness::{Client, dev_server, job_of, on_free_port, server_over, zip_of};

#[tokio::test]
async fn insert_update_and_upsert_end_in_records() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;

    let csv = "Last_Name,Email,Annual_Revenue\nNg,ng@example.com,12.5\nLi,li@example.com,\n,nobody@example.com,1\n";
    let inserted = client.load(csv, "insert", None).await;
    assert_eq!(counts(&inserted), (2, 0, 1, 3), "{inserted}");
    let result = client.result(&inserted).await;
    let lines: Vec<_> = result.lines().collect();
    assert_eq!(lines[0], "Last_Name,Email,Annual_Revenue,STATUS,RECORD_ID,ERRORS");
    assert!(lines[1].starts_with("Ng,ng@example.com,12.5,ADDED,1"), "{result}");
    assert_eq!(lines[3], ",nobody@example.com,1,SKIPPED,,MANDATORY_NOT_FOUND-Last_Name");

    let csv = "Last_Name,Email\nNg-Smith,NG@example.com\nZu,zu@example.com\n";
    let updated = client.load(csv, "update", Some("Email")).await;
    assert_eq!(counts(&updated), (0, 1, 1, 2), "{updated}");
    assert!(client.result(&updated).await.contains("SKIPPED,,RESOURCE_NOT_FOUND-Email"));

    let upserted = client.load(csv, "upsert", Some("Email")).await;
    assert_eq!(counts(&upserted), (1, 1, 0, 2), "{upserted}");

    let found = client.found("Ng@Example.com").await;
    assert_eq!((found.len(), &found[0]["Last_Name"]), (1, &json!("Ng-Smith")));
    assert_eq!(found[0]["Annual_Revenue"].to_string(), "12.5");
    assert_eq!(found[0]["Email_Opt_Out"], json!(false));
    assert_eq!(client.found("zu@example.com").await.len(), 1);
    assert_eq!(client.found("nobody@example.com").await.len(), 0);
}

fn counts(details: &Value) -> (u64, u64, u64, u64) {
    let count = |name: &str| details["resource"][0]["file"][name].as_u64().unwrap();
    (count("added_count"), count("updated_count"), count("skipped_count"), count("total_count"))
}

#[tokio::test]
async fn a_job_is_told_in_the_keys_and_order_of_the_wire() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name;Mobile\nNg;1\n").await;
    let mut body = job_of(&file, "insert", None);
    body["callback"] = json!({ "url": "https://example.com/done", "method": "post" });
    body["resource"][0]["field_mappings"] = json!([
        { "api_name": "Last_Name", "index": 0 },
        { "api_name": "Company", "default_value": { "value": "Acme" } },
    ]);
    let id = client.create(&body).await;
    client.ended(&id).await;
    let answer = client.get(&format!("/crm/bulk/v2/write/{id}")).await;
    let details = answer.json();
    let keys: Vec<_> = details.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "status",
        "character_encoding",
        "resource",
        "id",
        "callback",
        "result",
        "created_by",
        "operation",
        "created_time",
    ];
    assert_eq!(keys, expected);
    let resource = &details["resource"][0];
    let keys: Vec<_> = resource.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["status", "type", "module", "field_mappings", "file"], "v2 tells no code");
    assert_eq!(resource["module"], "Leads", "v2 tells a plain name");
    assert_eq!(
        resource["field_mappings"][1].to_string(),
        r#"{"api_name":"Company","index":null,"format":null,"find_by":null,"module":null,"default_value":{"value":"Acme"}}"#
    );
    let url = format!("http://{}/v2/crm/{}/bulk-write/{id}/{id}.zip", server.addr(), dev::ZGID);
    assert_eq!(details["result"]["download_url"], url);
    let later = client.get(&format!("/crm/bulk/v2.1/write/{id}")).await.json();
    assert_eq!(later["resource"][0]["module"]["api_name"], "Leads");
    assert_eq!(later["resource"][0]["code"], "COMPLETED");
}

#[tokio::test]
async fn a_result_is_given_on_all_of_its_paths_and_to_nobody_else() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let (job, zgid) = (dev::JOB, dev::ZGID);
    let first = client.get(&format!("/v2/crm/{zgid}/bulk-write/{job}/{job}.zip")).await;
    assert_eq!(first.header("content-type"), Some("application/zip"));
    let disposition = format!("attachment; filename=\"{job}.zip\"; filename*=UTF-8''{job}.zip");
    assert_eq!(first.header("content-disposition"), Some(disposition.as_str()));
    assert_eq!(first.header("content-length"), Some(first.body.len().to_string().as_str()));
    assert_eq!((first.header("content-encoding"), first.header("vary")), (None, None));
    for path in [
        format!("//v2/crm/{zgid}/bulk-write/{job}/{job}.zip"),
        format!("/v8/crm/{zgid}/bulk-write/{job}/{job}.zip"),
        format!("//v7/crm/org{zgid}/bulk-write/{job}/{job}.zip"),
    ] {
        let again = client.send("GET", &path, &[("Accept-Encoding", "gzip")], b"").await;
        assert_eq!((again.status, &again.body), (200, &first.body), "{path}");
    }
    let absent = client.get("/v2/crm/694902309/bulk-write/1/1.zip").await;
    assert_eq!(absent.code(), (400, "RESOURCE_NOT_FOUND".into()));
    for path in [
        format!("/v2/crm/111111111/bulk-write/{job}/{job}.zip"),
        format!("/v2/crm/{zgid}/bulk-write/{job}/1.zip"),
        format!("/v2/crm/{zgid}/bulk-write/x/x.zip"),
    ] {
        let answer = client.get(&path).await;
        assert_eq!((answer.status, &answer.body), (absent.status, &absent.body), "{path}");
    }
}

#[tokio::test]
async fn what_cannot_become_a_job_is_refused_by_name() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    let two = client.upload(&zip_of(&[("a.csv", "Last_Name\nA\n"), ("b.csv", "Last_Name\nB\n")])).await;
    let two = two.json()["details"]["file_id"].clone();
    let with = |key: &str, value: Value| {
        let mut body = job_of(&file, "insert", None);
        body["resource"][0][key] = value;
        body
    };
    let mapped = |mapping: Value| with("field_mappings", json!([{ "api_name": "Last_Name", "index": 0 }, mapping]));
    let mut callback = job_of(&file, "insert", None);
    callback["callback"] = json!({ "url": "http://169.254.169.254/", "method": "post" });
    let mut twice = job_of(&file, "insert", None);
    let mut parent = twice["resource"][0].clone();
    parent["file_names"] = json!(["leads.csv"]);
    let mut child = parent.clone();
    child["field_mappings"] = json!([{ "api_name": "Email", "index": 1, "parent_column_index": 0 }]);
    twice["resource"] = json!([parent, child]);
    let cases = [
        (
            with("module", json!({ "api_name": "asdf" })),
            "MODULE_NOT_AVAILABLE",
            "Requested module 'asdf' is not available.",
        ),
        (with("file_id", json!("1")), "FILE_NOT_FOUND", "no file is available for the given file id"),
        (with("file_id", json!("99999999999999999999")), "INVALID_FILE_ID", "improper file id"),
        (with("file_id", two), "FILE_NOT_SUPPORTED", "File not supported for bulk write"),
        (
            with("file_names", json!(["other.csv"])),
            "INVALID_DATA",
            "invalid data for file_names: the zip holds one CSV, leads.csv, and its name alone fits",
        ),
        (job_of(&file, "upsert", None), "MANDATORY_NOT_FOUND", "Required key find_by is not available"),
        (
            mapped(json!({ "api_name": "ast_Name", "index": 1 })),
            "INVALID_FIELD",
            "invalid mapping. invalid api_name ast_Name.",
        ),
        (
            mapped(json!({ "api_name": "Email", "index": 7 })),
            "COLUMN_INDEX_NOT_FOUND",
            "Email is mapped to column 7, and the file has the columns 0 to 1",
        ),
        (
            mapped(json!({ "api_name": "Email", "index": -1 })),
            "COLUMN_INDEX_NOT_FOUND",
            "Email is mapped to column -1, and the file has the columns 0 to 1",
        ),
        (
            mapped(json!({ "api_name": "Email" })),
            "MISSING_REQUIRED_KEY",
            "required key index for field Email is not found in request body.",
        ),
        (
            mapped(json!({ "api_name": "Email", "index": 1, "parent_column_index": 0 })),
            "INVALID_DATA",
            "invalid data for parent_column_index: a job of a parent and its children is not supported yet",
        ),
        (
            with("field_mappings", json!([{ "api_name": "Email", "index": 1 }])),
            "MANDATORY_FIELDS_NOT_MAPPED",
            "All mandatory fields are not mapped for the layout [Last_Name]",
        ),
        (callback, "INVALID_CALLBACK_URL", "Invalid callback URL provided"),
        (twice, "INVALID_DATA", "invalid data for resource: more than one resource is not supported yet"),
    ];
    for (body, code, message) in cases {
        let answer = client.post_json("/crm/bulk/v8/write", &body).await;
        assert_eq!((answer.code(), answer.json()["message"].as_str()), ((400, code.into()), Some(message)), "{body}");
        assert!(answer.json()["details"].is_object());
    }
}

#[tokio::test]
async fn bodies_are_read_as_json_whatever_curl_calls_them() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name\nNg\n").await;
    let body = job_of(&file, "insert", None).to_string();
    for (content_type, status) in [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ("application/x-www-form-urlencoded", 201),
        ("text/xml", 400),
        ("multipart/form-data; boundary=x", 400),
    ] {
        let answer = client.post("/crm/bulk/v2.1/write", content_type, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{content_type} {answer:?}");
    }
    assert_eq!(client.send("POST", "/crm/bulk/v2/write", &[], body.as_bytes()).await.status, 201);
    let deep = format!("{{\"resource\":{}1{}}}", "[".repeat(40), "]".repeat(40));
    assert_eq!(
        client.post("/crm/bulk/v8/write", "application/json", deep.as_bytes()).await.code(),
        (400, "INVALID_REQUEST".into())
    );
    let large = format!("{{\"operation\":\"{}\"}}", "x".repeat(1_000_001));
    assert_eq!(
        client.post("/crm/bulk/v8/write", "application/json", large.as_bytes()).await.code(),
        (413, "REQUEST_TOO_LARGE".into())
    );
    assert_eq!(
        client.post("/crm/bulk/v8/write", "application/json", b"{").await.code(),
        (400, "INVALID_REQUEST".into())
    );
}

#[tokio::test]
async fn dev_may_call_back_to_loopback_and_serve_may_not() {
    let directory = tempfile::tempdir().unwrap();
    let kept = server_over(directory.path()).await;
    let dev = dev_server().await;
    for (client, status) in [(Client::dev(&dev), 201), (Client::fresh(&kept).await, 400)] {
        let mut body = job_of(&client.upload_csv("Last_Name\nNg\n").await, "insert", None);
        body["callback"] = json!({ "url": "http://127.0.0.1:9/", "method": "post" });
        assert_eq!(client.post_json("/crm/bulk/v8/write", &body).await.status, status);
    }
}

#[tokio::test]
async fn links_follow_the_public_url_and_never_a_foreign_host() {
    let config = Config { public_url: Some("https://crm.example.com/".parse().unwrap()), ..Config::dev() };
    let public = Server::start(on_free_port(config)).await.unwrap();
    let plain = dev_server().await;
    let link = async |client: &Client, host: &str| {
        let id = client.create(&job_of(&client.upload_csv("Last_Name\nNg\n").await, "insert", None)).await;
        client.ended(&id).await;
        let request = format!(
            "GET /crm/bulk/v8/write/{id} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n",
            dev::ACCESS_TOKEN
        );
        let answer = crate::harness::exchange(client.addr, request.as_bytes()).await.json();
        let url = answer["result"]["download_url"].as_str().unwrap().to_owned();
        url.split("/v2/").next().unwrap().to_owned()
    };
    assert_eq!(link(&Client::dev(&public), "localhost:1").await, "https://crm.example.com");
    assert_eq!(link(&Client::dev(&plain), "localhost:1").await, "http://localhost:1");
    assert_eq!(link(&Client::dev(&plain), "evil.example").await, format!("http://{}", plain.addr()));
}

/// Damage past the part that is judged when the job is created is met while rows are read.
#[tokio::test]
async fn a_damaged_file_fails_its_job_and_writes_nothing() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut zip = zip_of(&[("leads.csv", &long_csv(24_000))]);
    let late = zip.len() * 9 / 10;
    zip[late..late + 16].iter_mut().for_each(|byte| *byte ^= 0x5a);
    let file = client.upload(&zip).await.json()["details"]["file_id"].as_str().unwrap().to_owned();
    let id = client.create(&job_of(&file, "insert", None)).await;
    let details = client.ended(&id).await;
    let resource = &details["resource"][0];
    let told = [&details["status"], &resource["status"], &resource["file"]["status"], &resource["code"]];
    assert_eq!(told, ["FAILED", "FAILED", "FAILED", "FILE_NOT_SUPPORTED"]);
    assert!(resource["message"].as_str().unwrap().contains("damaged at byte"), "{details}");
    assert_eq!(counts(&details), (0, 0, 0, 0));
    assert_eq!(client.found("long1@example.com").await.len(), 0);
}

#[tokio::test]
async fn more_rows_than_the_limit_fail_the_job() {
    let limits = Limits { rows_max: 100, ..Limits::default() };
    let server = Server::start(on_free_port(Config { limits, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    assert_eq!(counts(&client.load(&long_csv(100), "insert", None).await), (100, 0, 0, 100));
    let details = client.load(&long_csv(101), "insert", None).await;
    assert_eq!((&details["status"], &details["resource"][0]["code"]), (&json!("FAILED"), &json!("LIMIT_EXCEEDED")));
    assert_eq!(counts(&details), (0, 0, 0, 0));
    let result = client.result(&details).await;
    assert_eq!(
        result.lines().filter(|line| line.contains(",UNPROCESSED,")).count(),
        100,
        "rows up to the limit are told"
    );
}

#[tokio::test]
async fn a_header_without_rows_is_completed() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let details = client.load("Last_Name,Email\n", "insert", None).await;
    assert_eq!((&details["status"], counts(&details)), (&json!("COMPLETED"), (0, 0, 0, 0)));
    assert_eq!(client.result(&details).await, "Last_Name,Email,STATUS,RECORD_ID,ERRORS\n");
}

fn long_csv(rows: u32) -> String {
    let mut csv = String::from("Last_Name,Email,Description\n");
    for row in 0..rows {
        let noise = row.wrapping_mul(2_654_435_761);
        csv.push_str(&format!("Name{row},long{row}@example.com,{noise:x}-{:x}-padding\n", noise.rotate_left(7)));
    }
    csv
}

#[tokio::test]
async fn columns_that_name_no_field_are_hinted_at() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    for (csv, hint) in [
        ("Last_Name,Emial\nNg,x\n", Some("columns that name no field are ignored: Emial")),
        ("Last_Name,Email\nNg,x\n", None),
    ] {
        let body = job_of(&client.upload_csv(csv).await, "insert", None);
        let answer = client.post_json("/crm/bulk/v8/write", &body).await;
        assert_eq!((answer.status, answer.header("bulkwright-hint")), (201, hint), "{csv}");
    }
}
