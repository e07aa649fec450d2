//! Files in other charsets than UTF-8: what is read, what is told of it, and what is refused.

use std::time::Duration;

use bulkwright_engine::limits::Limits;
use serde_json::{Value, json};

use crate::harness::{Client, dev_server, job_of};
use crate::looking::{PATIENCE, gated, running};

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn job_in(file: &str, charset: Option<&str>) -> Value {
    let mut body = job_of(file, "insert", None);
    if let Some(charset) = charset {
        body["character_encoding"] = json!(charset);
    }
    body
}

/// A file with one lead in a charset: what the job tells, and the name that was stored.
async fn check(client: &Client, csv: &[u8], named: Option<&str>, expected: &str, email: &str, name: &str) {
    let file = client.upload_csv(csv).await;
    let id = client.create(&job_in(&file, named)).await;
    let details = client.ended(&id).await;
    assert_eq!(details["character_encoding"], expected, "{details}");
    assert_eq!(details["resource"][0]["file"]["added_count"], 1, "{details}");
    assert_eq!(client.found(email).await[0]["Last_Name"], name);
    let result = client.result(&details).await;
    assert!(result.contains(&format!("\n{name},{email},ADDED,")), "the result is UTF-8: {result}");
}

#[tokio::test]
async fn files_in_any_charset_become_records() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let of = |name: &str, email: &str| format!("Last_Name,Email\r\n{name},{email}\r\n");

    let marked = utf16(&format!("\u{FEFF}{}", of("Müller", "a@example.com")));
    check(&client, &marked, None, "UTF-16LE", "a@example.com", "Müller").await;
    check(&client, &utf16(&of("山田", "b@example.com")), None, "UTF-16LE", "b@example.com", "山田").await;
    let latin = b"Last_Name,Email\nM\xFCller-L\xFCdenscheidt,c@example.com\n";
    check(&client, latin, None, "windows-1252", "c@example.com", "Müller-Lüdenscheidt").await;
    let named = b"Last_Name,Email\nM\xFCller,d@example.com\n";
    check(&client, named, Some("ISO-8859-1"), "windows-1252", "d@example.com", "Müller").await;
    let russian = b"Last_Name,Email\n\xEE\xC7,e@example.com\n";
    check(&client, russian, Some("koi8-r"), "KOI8-R", "e@example.com", "Нг").await;
    let japanese = b"Last_Name,Email\n\x8E\x52\x93\x63,f@example.com\n";
    check(&client, japanese, Some("sjis"), "Shift_JIS", "f@example.com", "山田").await;
}

#[tokio::test]
async fn the_charset_is_told_by_its_canonical_name_before_and_after_the_run() {
    let (client, server, gate, _directory) = gated(Limits::default()).await;
    let first = running(&client, "Last_Name,Email\nNg,ng@example.com\n").await;
    let shown = async {
        loop {
            let charset = client.details(&first).await["character_encoding"].clone();
            if charset != Value::Null {
                return charset;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert_eq!(tokio::time::timeout(PATIENCE, shown).await.unwrap(), "UTF-8", "it runs, and its file has been read");
    let file = client.upload_csv(b"Last_Name\nM\xFCller\n").await;
    let named = client.create(&job_in(&file, Some("latin1"))).await;
    let found = client.create(&job_in(&file, None)).await;
    let waiting = client.details(&named).await;
    assert_eq!((&waiting["status"], &waiting["character_encoding"]), (&json!("ADDED"), &json!("windows-1252")));
    assert_eq!(client.details(&found).await["character_encoding"], Value::Null, "not known before it runs");
    gate.let_through(3);
    for id in [named, found] {
        assert_eq!(client.ended(&id).await["character_encoding"], "windows-1252");
    }
    drop((gate, server));
}

#[tokio::test]
async fn bytes_that_mean_nothing_spoil_only_their_row() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv(b"Last_Name;City\n\x8E\x52;x\nNg\x81;x\n\x93\x63;y\n").await;
    let details = client.ended(&client.create(&job_in(&file, Some("Shift_JIS"))).await).await;
    let counts = &details["resource"][0]["file"];
    assert_eq!((&counts["added_count"], &counts["skipped_count"]), (&json!(2), &json!(1)), "{details}");
    let result = client.result(&details).await;
    let lines: Vec<_> = result.lines().collect();
    assert!(lines[1].starts_with("山,x,ADDED,") && lines[3].starts_with("田,y,ADDED,"), "{result}");
    assert_eq!(lines[2], "Ng\u{FFFD},x,SKIPPED,,INVALID_DATA", "its cells are shown, and not stored");
    let id = details["id"].as_str().unwrap();
    let rows = client.get(&format!("/_bulkwright/jobs/{id}/rows?status=SKIPPED")).await.json();
    let error = &rows["rows"][0]["errors"][0];
    assert_eq!((&error["reason"], &error["column"]), (&json!("undecodable"), &json!("Last_Name")));
    let told = error["message"].as_str().unwrap();
    assert!(told.ends_with(" (line 3, column 1, byte 22)"), "{told}");
}

#[tokio::test]
async fn charsets_that_are_none_or_proven_wrong_are_refused() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("\u{FEFF}Last_Name\nNg\n").await;
    let refused = async |charset: &str| {
        let answer = client.post_json("/crm/bulk/v8/write", &job_in(&file, Some(charset))).await;
        assert_eq!((answer.status, answer.code().1.as_str()), (400, "INVALID_DATA"), "{answer:?}");
        let error = answer.json();
        assert_eq!(error["details"], json!({ "api_name": "character_encoding", "json_path": "$.character_encoding" }));
        error["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(refused("ISO-8859-12").await, "ISO-8859-12 is no charset that is known here");
    assert_eq!(
        refused("windows-1250").await,
        "the file starts with the byte order mark of UTF-8, and the charset windows-1250 is named; \
         name UTF-8 or leave it out"
    );
}
