//! Connections that end before the body, before the answer or in the middle of it; the client simply asks again.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Answer, Client, create_under, first, form_of, is_again, job_of, made, upload_under, zip};
use crate::harness::{dev_server, multipart_type};

/// Bytes of an answer after which it is cut: before its end, each in another part of it.
const READ: [usize; 5] = [1, 12, 200, 500, 600];
/// Places at which a request is cut.
const PLACES: usize = 24;
/// Bytes of an upload that may be missing while its file is there whole: the end of the line that closes the form.
const CLOSING: usize = 50;

/// Where a connection ends.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// After so many bytes of the request.
    Sending(usize),
    /// When the request is sent, without a look for the answer.
    Sent,
    /// After so many bytes of the answer.
    Reading(usize),
}

/// Every cut of a request of that length.
fn cuts(length: usize) -> impl Iterator<Item = Cut> {
    let sending = (1..=PLACES).map(move |place| Cut::Sending(place * (length - 1) / PLACES));
    sending.chain([Cut::Sent; 5]).chain(READ.map(Cut::Reading))
}

async fn send_and_cut(client: &Client, request: &[u8], cut: Cut) {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    match cut {
        Cut::Sending(bytes) => stream.write_all(&request[..bytes]).await.unwrap(),
        Cut::Sent => stream.write_all(request).await.unwrap(),
        Cut::Reading(bytes) => {
            stream.write_all(request).await.unwrap();
            stream.read_exact(&mut vec![0; bytes]).await.unwrap();
        }
    }
}

/// What was cut in the middle of its answer was done before; what was cut before `whole` bytes of it came was not.
fn assert_repeated(answer: &Answer, status: u16, whole: usize, cut: Cut) {
    assert_eq!(answer.status, status, "{cut:?}: {answer:?}");
    match cut {
        Cut::Sending(bytes) if bytes < whole => assert!(!is_again(answer), "{cut:?}"),
        Cut::Sending(_) | Cut::Sent => {}
        Cut::Reading(_) => assert!(is_again(answer), "{cut:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_is_done_once_wherever_it_is_cut() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let file = first(&upload_under(&client, "file", &zip()).await, 200);
    let body = job_of(&file, "insert", None);
    let sent = |key: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        client.request("POST", "/crm/bulk/v8/write", &headers, body.to_string().as_bytes())
    };
    let length = sent("create-00").len();
    let all: Vec<Cut> = cuts(length).collect();
    for (place, &cut) in all.iter().enumerate() {
        let key = format!("create-{place:02}");
        send_and_cut(&client, &sent(&key), cut).await;
        assert_repeated(&create_under(&client, &key, &body).await, 201, length, cut);
    }
    assert_eq!(made(&server).await, (before.0 + 1, before.1 + all.len() as u64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_done_once_wherever_it_is_cut() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let content_type = multipart_type();
    let sent = |key: &str| {
        let headers = [
            ("feature", "bulk-write"),
            ("X-CRM-ORG", client.org.as_str()),
            ("Content-Type", content_type.as_str()),
            ("Idempotency-Key", key),
        ];
        client.request("POST", "/crm/v8/upload", &headers, &form_of("file", &zip()))
    };
    let length = sent("upload-00").len();
    let all: Vec<Cut> = cuts(length).collect();
    for (place, &cut) in all.iter().enumerate() {
        let key = format!("upload-{place:02}");
        send_and_cut(&client, &sent(&key), cut).await;
        assert_repeated(&upload_under(&client, &key, &zip()).await, 200, length - CLOSING, cut);
    }
    assert_eq!(made(&server).await, (before.0 + all.len() as u64, before.1));
}
