//! Our own full result under `/_bulkwright/jobs/{id}/`: rows with all that is wrong with them, and what is wrong, counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Clock, Config, Running, Server, dev};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Client, dev_server, on_free_port};
use crate::looking::{gated, running, waited};

const CSV: &str = "Last Name, Mail ,Email_Opt_Out\n\
    Ng,ng@example.com,yes\n\
    \"two\nlines\",\u{1b}[31mred,=1+1\n\
    ,li@example.com,no\n\
    only,two\n\
    \n\
    Ho,HO@example.com,maybe\n";

/// A dev server that has run one job; the job's id.
async fn ran(csv: &str) -> (Client, Running, String) {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let id = job(&client, csv).await;
    (client, server, id)
}

/// Runs a job whose columns are mapped one by one.
async fn job(client: &Client, csv: &str) -> String {
    let fields = ["Last_Name", "Email", "Email_Opt_Out"];
    let mappings: Vec<Value> =
        fields.iter().enumerate().map(|(index, field)| json!({ "api_name": field, "index": index })).collect();
    let file = client.upload_csv(csv).await;
    let resource =
        json!({ "type": "data", "module": { "api_name": "Leads" }, "file_id": file, "field_mappings": mappings });
    let id = client.create(&json!({ "operation": "insert", "resource": [resource] })).await;
    client.ended(&id).await;
    id
}

async fn rows(client: &Client, id: &str, query: &str) -> Value {
    let answer = client.get(&format!("/_bulkwright/jobs/{id}/rows?{query}")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// The numbers of the rows of a page.
fn numbers(page: &Value) -> Vec<u64> {
    page["rows"].as_array().unwrap().iter().map(|row| row["row"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn every_row_is_told_with_all_that_is_wrong_with_it() {
    let (client, _server, id) = ran(CSV).await;
    let page = rows(&client, &id, "").await;
    assert_eq!(page["job"], json!({ "id": id, "status": "COMPLETED" }));
    assert_eq!(page["upload"], json!({ "available": true, "reason": null }));
    assert_eq!(page["info"], json!({ "count": 5, "more_records": false, "next_from": null }));
    let row = |number: usize| &page["rows"][number - 1];
    let record = row(1)["record_id"].as_str().unwrap();
    assert_eq!(client.found("ng@example.com").await[0]["id"], record);
    assert_eq!(
        row(1),
        &json!({ "row": 1, "line": 2, "byte": 31, "status": "ADDED", "record_id": record, "errors": [] })
    );
    let error = |code: &str, reason: &str, column: &str, field: &str, value: &str, message: &str, advice: &str| {
        json!({
            "code": code, "reason": reason, "column": column, "field": field, "value": value,
            "message": message, "advice": advice,
        })
    };
    let is_no_boolean = |value: &str| {
        let (message, advice) = ("the value is neither true nor false", "Write true or false.");
        error("INVALID_DATA", "not_a_boolean", "Email_Opt_Out", "Email_Opt_Out", value, message, advice)
    };
    assert_eq!((&row(2)["line"], &row(2)["byte"], &row(2)["record_id"]), (&json!(3), &json!(53), &Value::Null));
    let (message, advice) = ("the value is no e-mail address", "Write an address like name@example.com.");
    let is_no_email = error("INVALID_DATA", "not_an_email", " Mail ", "Email", r"\u{1b}[31mred", message, advice);
    assert_eq!(row(2)["errors"], json!([is_no_email, is_no_boolean("=1+1")]));
    let (message, advice) =
        ("the cell is empty and the field needs a value", "Fill the cell, or give the mapping a default_value.");
    let is_empty = error("MANDATORY_NOT_FOUND", "empty", "Last Name", "Last_Name", "", message, advice);
    assert_eq!((&row(3)["line"], &row(3)["errors"]), (&json!(5), &json!([is_empty])));
    assert_eq!(
        row(4)["errors"],
        json!([{
            "code": "INVALID_DATA", "reason": "too_few_cells", "column": "Email_Opt_Out", "field": null, "value": "only,two",
            "message": "the row has 2 cells, and the header has 3 (line 6, column 3, byte 106)",
            "advice": "Give the row a cell for each column, empty ones too.",
        }])
    );
    assert_eq!((&row(5)["line"], &row(5)["errors"]), (&json!(8), &json!([is_no_boolean("maybe")])));
}

#[tokio::test]
async fn rows_are_filtered_by_what_they_are_asked_for() {
    let (client, _server, id) = ran(CSV).await;
    let check = async |query: &str, expected: &[u64]| {
        assert_eq!(numbers(&rows(&client, &id, query).await), expected, "{query}");
    };
    check("status=skipped", &[2, 3, 4, 5]).await;
    check("status=added,updated,unprocessed", &[1]).await;
    check("status=ADDED&status=SKIPPED&from=4", &[4, 5]).await;
    check("code=MANDATORY_NOT_FOUND", &[3]).await;
    check("code=invalid-data&column=mail", &[2]).await;
    check("column=Email_Opt_Out&column=Last_Name", &[2, 3, 5]).await;
    check("reason=too-few-cells,empty", &[3, 4]).await;
    check("code=DUPLICATE_DATA", &[]).await;
    let check = async |query: &str, name: &str, told: &str| {
        let answer = client.get(&format!("/_bulkwright/jobs/{id}/rows?{query}")).await;
        assert_eq!(answer.code(), (400, "INVALID_QUERY".to_owned()), "{query}");
        assert_eq!(answer.json()["details"]["param_name"], name, "{query}");
        assert!(answer.json()["message"].as_str().unwrap().contains(told), "{query}: {}", answer.text());
    };
    check("status=DONE", "status", "ADDED, UPDATED, SKIPPED, UNPROCESSED").await;
    check("column=Company", "column", "Company is none").await;
    check("limit=2001", "limit", "1 to 2000").await;
    check("from=zero", "from", "next_from").await;
    assert_eq!(client.get("/_bulkwright/jobs/1/rows").await.code(), (400, "RESOURCE_NOT_FOUND".to_owned()));
    assert_eq!(client.get("/_bulkwright/jobs/x/summary").await.code(), (400, "RESOURCE_NOT_FOUND".to_owned()));
    let unscoped = client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK);
    let refused = unscoped.get(&format!("/_bulkwright/jobs/{id}/rows")).await;
    assert_eq!(refused.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()));
}

#[tokio::test]
async fn pages_follow_each_other_without_gaps() {
    let (client, _server, id) = ran(CSV).await;
    let (mut seen, mut from) = (Vec::new(), 1);
    loop {
        let page = rows(&client, &id, &format!("status=skipped&limit=3&from={from}")).await;
        seen.extend(numbers(&page));
        match page["info"]["next_from"].as_u64() {
            Some(next) => from = next,
            None => break,
        }
        assert_eq!((&page["info"]["count"], &page["info"]["more_records"]), (&json!(3), &json!(true)));
    }
    assert_eq!(seen, [2, 3, 4, 5]);
}

#[tokio::test]
async fn all_rows_are_streamed_as_lines_of_json_and_as_csv() {
    let (client, _server, id) = ran(CSV).await;
    let path = format!("/_bulkwright/jobs/{id}/rows");
    let lines = client.send("GET", &path, &[("Accept", "application/x-ndjson")], b"").await;
    assert_eq!(lines.header("Content-Type"), Some("application/x-ndjson"));
    let told: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json!(told), rows(&client, &id, "").await["rows"], "the same rows as of a page");

    let csv = client.send("GET", &format!("{path}?format=csv&status=skipped&limit=3"), &[], b"").await;
    assert_eq!(csv.header("Content-Type"), Some("text/csv;charset=utf-8"));
    insta::assert_snapshot!(csv.text(), @r#"
    row,line,byte,status,record_id,code,reason,column,field,value,message,advice
    2,3,53,SKIPPED,,INVALID_DATA,not_an_email, Mail ,Email,\u{1b}[31mred,the value is no e-mail address,Write an address like name@example.com.
    2,3,53,SKIPPED,,INVALID_DATA,not_a_boolean,Email_Opt_Out,Email_Opt_Out,'=1+1,the value is neither true nor false,Write true or false.
    3,5,79,SKIPPED,,MANDATORY_NOT_FOUND,empty,Last Name,Last_Name,,the cell is empty and the field needs a value,"Fill the cell, or give the mapping a default_value."
    4,6,98,SKIPPED,,INVALID_DATA,too_few_cells,Email_Opt_Out,,"only,two","the row has 2 cells, and the header has 3 (line 6, column 3, byte 106)","Give the row a cell for each column, empty ones too."
    "#);
    let none = client.get(&format!("{path}?format=jsonl&code=DUPLICATE_DATA")).await;
    assert_eq!((none.status, none.text(), none.header("Bulkwright-Hint")), (200, "", None));
}

/// More pieces than wait for a client at once.
#[tokio::test]
async fn a_long_stream_is_whole_and_one_that_nobody_reads_holds_no_turn() {
    const ROWS: u64 = 25_000;
    let mut csv = String::from("Last_Name,Email,Email_Opt_Out\n");
    (0..ROWS).for_each(|row| csv.push_str(&format!("Name{row},bad{row},\n")));
    let (client, _server, id) = ran(&csv).await;
    let path = format!("/_bulkwright/jobs/{id}/rows?format=jsonl");
    for _ in 0..8 {
        let mut stream = tokio::net::TcpStream::connect(client.addr).await.unwrap();
        let request = client.request("GET", &path, &[], b"");
        tokio::io::AsyncWriteExt::write_all(&mut stream, &request).await.unwrap();
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut [0; 1_000]).await.unwrap();
    }
    let lines = client.get(&path).await;
    assert_eq!(lines.text().lines().count() as u64, ROWS);
    let last: Value = serde_json::from_str(lines.text().lines().last().unwrap()).unwrap();
    assert_eq!((&last["row"], &last["errors"][0]["value"]), (&json!(ROWS), &json!(format!("bad{}", ROWS - 1))));
}

#[tokio::test]
async fn what_is_wrong_is_counted_by_code_reason_and_column() {
    let (client, _server, id) = ran(CSV).await;
    let summary = client.get(&format!("/_bulkwright/jobs/{id}/summary")).await.json();
    assert_eq!(summary["counts"], json!({ "added": 1, "updated": 0, "skipped": 4, "total": 5 }));
    assert_eq!((&summary["upload"]["available"], &summary["groups_left_off"]), (&json!(true), &json!(0)));
    let line = |group: &Value| {
        let words = ["code", "reason", "column", "field"].map(|key| group[key].as_str().unwrap_or("-"));
        format!("{} {} {}", group["rows"], words.join(" "), group["example"])
    };
    let groups: Vec<String> = summary["groups"].as_array().unwrap().iter().map(line).collect();
    insta::assert_snapshot!(groups.join("\n"), @r#"
    2 INVALID_DATA not_a_boolean Email_Opt_Out Email_Opt_Out {"row":2,"line":3,"value":"=1+1"}
    1 INVALID_DATA not_an_email  Mail  Email {"row":2,"line":3,"value":"\\u{1b}[31mred"}
    1 MANDATORY_NOT_FOUND empty Last Name Last_Name {"row":3,"line":5,"value":""}
    1 INVALID_DATA too_few_cells - - {"row":4,"line":6,"value":"only,two"}
    "#);
    let published = client.get(&format!("/_bulkwright/jobs/{}/summary", dev::JOB)).await.json();
    assert_eq!(
        published["counts"],
        json!({ "added": 9, "updated": 0, "skipped": 2, "total": 11 }),
        "the seeded job too"
    );
    assert_eq!(numbers(&rows(&client, dev::JOB, "status=skipped").await).len(), 2);
}

#[tokio::test]
async fn rows_that_a_failed_file_never_came_to_are_told() {
    let limits = Limits { rows_max: 3, ..Limits::default() };
    let server = Server::start(on_free_port(Config { limits, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let id = job(&client, "Last_Name,Email,Email_Opt_Out\na,,\nb,,\nc,,\nd,,\n").await;
    let page = rows(&client, &id, "").await;
    assert_eq!(page["job"]["status"], "FAILED");
    let row = |row: u64, byte: u64| json!({ "row": row, "line": row + 1, "byte": byte, "status": "UNPROCESSED", "record_id": null, "errors": [] });
    assert_eq!(page["rows"], json!([row(1, 30), row(2, 34), row(3, 38)]), "no row behind the limit can be read");
    assert_eq!(numbers(&rows(&client, &id, "status=unprocessed&from=3").await), [3]);
    assert_eq!(numbers(&rows(&client, &id, "status=skipped").await), [0; 0]);
}

#[tokio::test]
async fn a_running_job_tells_what_is_settled_so_far() {
    let (client, server, gate, _directory) = gated(Limits { chunk_bytes_max: 1, ..Limits::lifted() }).await;
    let id = running(&client, "Last_Name,Email\na,\n,b@example.com\nc,\n").await;
    assert_eq!(rows(&client, &id, "").await["info"], json!({ "count": 0, "more_records": false, "next_from": null }));
    gate.let_through(2);
    let settled = async || rows(&client, &id, "").await;
    while numbers(&settled().await).len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let page = settled().await;
    assert_eq!((numbers(&page), &page["job"]["status"]), (vec![1, 2], &json!("INPROGRESS")));
    let groups = client.get(&format!("/_bulkwright/jobs/{id}/summary")).await.json()["groups"].clone();
    assert_eq!((&groups[0]["code"], &groups[0]["example"]["line"]), (&json!("MANDATORY_NOT_FOUND"), &json!(3)));
    gate.let_through(1);
    waited(&client, &id, "1m").await;
    assert_eq!(numbers(&settled().await), [1, 2, 3]);
    drop((gate, server));
}

/// A server whose clock can be put forward, where uploads are kept for a minute.
async fn forgetful() -> (Client, Running, Arc<AtomicI64>, TempDir) {
    let (directory, later) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(0)));
    let told = later.clone();
    let clock = Clock::from_fn(move || Clock::system().milliseconds() + 1_000 * told.load(Ordering::Relaxed));
    let upload_lifetime = Duration::from_secs(60);
    let config = Config { clock, upload_lifetime, ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    (Client::fresh(&server).await, server, later, directory)
}

#[tokio::test]
async fn a_job_whose_upload_is_gone_says_so_and_tells_what_it_knows() {
    let (client, server, later, _directory) = forgetful().await;
    let id = job(&client, CSV).await;
    later.store(120, Ordering::Relaxed);
    let swept =
        Client::admin(&server).post("/_bulkwright/admin/sweep", "application/json", br#"{"remove":true}"#).await;
    assert_eq!(swept.status, 200, "{swept:?}");
    let page = rows(&client, &id, "status=skipped&limit=1").await;
    let why = "the upload has outlived its time and was removed";
    assert_eq!(page["upload"], json!({ "available": false, "reason": why }));
    let row = &page["rows"][0];
    assert_eq!((&row["row"], &row["line"], &row["byte"]), (&json!(2), &Value::Null, &Value::Null));
    let error = &row["errors"][0];
    assert_eq!((&error["code"], &error["reason"]), (&json!("INVALID_DATA"), &json!("not_an_email")));
    assert_eq!((&error["field"], &error["column"], &error["value"]), (&json!("Email"), &Value::Null, &Value::Null));
    assert_eq!(
        numbers(&rows(&client, &id, "column=Email_Opt_Out").await),
        [2, 5],
        "by the fields that the request named"
    );
    let unknown = client.get(&format!("/_bulkwright/jobs/{id}/rows?column=Mail")).await;
    assert!(unknown.json()["message"].as_str().unwrap().contains("its upload is gone"), "{unknown:?}");
    let csv = client.get(&format!("/_bulkwright/jobs/{id}/rows?format=csv&limit=1")).await;
    assert_eq!(
        csv.header("Bulkwright-Hint").unwrap(),
        format!("{why}: lines, bytes, columns and values are not known")
    );
    let summary = client.get(&format!("/_bulkwright/jobs/{id}/summary")).await.json();
    assert_eq!((&summary["upload"]["reason"], &summary["groups"][0]["rows"]), (&json!(why), &json!(2)));
    assert_eq!(summary["groups"][0]["example"], json!({ "row": 2, "line": null, "value": null }));
}

/// What lies on the disk is compared before it is served.
#[tokio::test]
async fn an_upload_that_has_changed_on_the_disk_is_not_shown() {
    let (client, _server, _later, directory) = forgetful().await;
    let id = job(&client, CSV).await;
    let uploads: Vec<_> = walked(&directory.path().join("blobs")).into_iter().filter(|path| is_upload(path)).collect();
    assert_eq!(uploads.len(), 1, "{uploads:?}");
    let mut bytes = std::fs::read(&uploads[0]).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&uploads[0], bytes).unwrap();
    let page = rows(&client, &id, "").await;
    assert!(page["upload"]["reason"].as_str().unwrap().contains("has changed on the server's disk"), "{page}");
    assert_eq!((numbers(&page), &page["rows"][0]["line"]), (vec![1, 2, 3, 4, 5], &Value::Null));
}

fn is_upload(path: &std::path::Path) -> bool {
    path.to_string_lossy().contains("upload")
}

fn walked(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walked(&path) } else { vec![path] }).collect()
}
