//! Blobs whose bytes changed on the server's disk: never imported, never sent whole.

use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Client, job_of, server_over};

const CSV: &str = "Last_Name,Email\nNg,ng@example.com\n";

/// The one blob of a kind.
fn blob(directory: &Path, prefix: &str) -> PathBuf {
    let blobs = std::fs::read_dir(directory.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    let of_kind = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
    let found: Vec<PathBuf> = blobs.filter(of_kind).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

fn change_byte(file: &Path, place: usize) {
    let mut bytes = std::fs::read(file).unwrap();
    bytes[place] ^= 1;
    std::fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn an_upload_that_changed_is_not_imported() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let file = client.upload_csv(CSV).await;
    // The entry's time in its local header, which no checksum of the zip covers.
    change_byte(&blob(directory.path(), "upload-"), 10);
    let id = client.create(&job_of(&file, "insert", None)).await;
    let details = client.ended(&id).await;
    let resource = &details["resource"][0];
    assert_eq!([&details["status"], &resource["code"]], ["FAILED", "FILE_NOT_SUPPORTED"]);
    assert!(resource["message"].as_str().unwrap().contains("changed on the server's disk"), "{details}");
    assert_eq!(client.found("ng@example.com").await.len(), 0);
}

#[tokio::test]
async fn a_result_that_changed_is_not_sent() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let many = |row| format!("Ng {row},ng{}@example.com\n", row * 7919 % 100_003);
    let long = std::iter::once("Last_Name,Email\n".to_owned()).chain((0..5000).map(many)).collect::<String>();
    let details = client.load(&long, "insert", None).await;
    let url = details["result"]["download_url"].as_str().unwrap();
    let sound = client.get(url).await;
    assert_eq!(sound.status, 200);
    let result = blob(directory.path(), "result-");
    change_byte(&result, 40);
    let (length, received) = download(&client, url).await;
    assert_eq!(length, sound.body.len());
    assert!(received < length, "{received} of {length} bytes were sent");
    change_byte(&result, 40);
    assert_eq!(client.get(url).await.body, sound.body, "it is what it was again");
    std::fs::write(&result, &sound.body[..sound.body.len() - 1]).unwrap();
    assert_eq!(client.get(url).await.code(), (500, "INTERNAL_ERROR".into()));
}

#[tokio::test]
async fn a_short_result_that_changed_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let details = client.load(CSV, "insert", None).await;
    change_byte(&blob(directory.path(), "result-"), 40);
    let answer = client.get(details["result"]["download_url"].as_str().unwrap()).await;
    assert_eq!(answer.code(), (500, "INTERNAL_ERROR".into()));
}

/// Bytes that a download said it has, and bytes that came before the connection ended.
async fn download(client: &Client, url: &str) -> (usize, usize) {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    let token = client.token.as_deref().unwrap();
    let request = format!("GET {url} HTTP/1.1\r\nHost: x\r\nAuthorization: Zoho-oauthtoken {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // It ends by being cut off, which a socket may call an error.
    let _ = stream.read_to_end(&mut answer).await;
    let head_end = answer.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8(answer[..head_end].to_vec()).unwrap().to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    (length.parse().unwrap(), answer.len() - head_end)
}
