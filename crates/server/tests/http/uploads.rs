//! Uploads: headers, parts, sizes, and what is no zip.

use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, ConnectionLimits, Running, Server, dev};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{Client, dev_server, form_of, multipart_type, on_free_port, read_answer, server_over, zip_of};

/// Long enough for any machine.
const PATIENCE: Duration = Duration::from_secs(20);

const ZIP_BYTES_MAX: u64 = 100_000;

async fn small_server() -> Running {
    let limits = Limits { zip_bytes_max: ZIP_BYTES_MAX, ..Limits::default() };
    Server::start(on_free_port(Config { limits, ..Config::dev() })).await.unwrap()
}

#[tokio::test]
async fn an_upload_is_answered_as_documented() {
    let server = dev_server().await;
    let answer = Client::dev(&server).upload(&zip_of(&[("a.csv", "Last_Name\nNg\n")])).await;
    let body = answer.json();
    let keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((answer.status, keys), (200, vec!["status", "code", "message", "details"]));
    assert_eq!((&body["code"], &body["message"]), (&"FILE_UPLOAD_SUCCESS".into(), &"file uploaded.".into()));
    assert!(body["details"]["file_id"].as_str().unwrap().parse::<i64>().is_ok(), "{body}");
    assert!(body["details"]["created_time"].as_str().unwrap().ends_with("+05:30"), "{body}");
}

#[tokio::test]
async fn headers_and_parts_are_demanded() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let zip = zip_of(&[("a.csv", "Last_Name\nNg\n")]);
    let (feature, org) = (("feature", "bulk-write"), ("X-CRM-ORG", dev::ZGID));
    let cases = [
        (vec![org], "file", "Required key feature is not available"),
        (vec![("feature", "bulk-read"), org], "file", "Feature is not supported"),
        (vec![feature], "file", "Required key x-crm-org is not available"),
        (vec![feature, ("X-CRM-ORG", "1")], "file", "Invalid data - x-crm-org"),
        (vec![feature, org], "attachment", "Required key file is not available"),
    ];
    for (headers, part, message) in cases {
        let answer = client.upload_with("v8", &headers, &form_of(part, &zip)).await;
        assert_eq!((answer.status, answer.json()["message"].as_str()), (400, Some(message)));
    }
    let plain = client.send("POST", "/crm/v8/upload", &[feature, org, ("Content-Type", "application/zip")], &zip).await;
    assert_eq!(plain.json()["message"], "Required key file is not available");
}

#[tokio::test]
async fn what_is_no_zip_is_refused_and_leaves_nothing() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let zip = zip_of(&[("a.csv", "Last_Name\nNg\n")]);
    for content in [&b""[..], b"Last_Name\nNg\n", &zip[..zip.len() - 5], &zip[10..]] {
        let answer = client.upload(content).await;
        assert_eq!(answer.code(), (400, "INVALID_FILE_FORMAT".into()), "{} bytes", content.len());
        assert_eq!(answer.json()["message"], "invalid file format. only zip format is supported");
    }
}

#[tokio::test]
async fn too_large_is_told_by_version() {
    let server = small_server().await;
    let client = Client::dev(&server);
    let large = vec![b'x'; ZIP_BYTES_MAX as usize + 1];
    for (version, status, code) in
        [("v2", 413, "FILE_TOO_LARGE"), ("v7", 413, "FILE_TOO_LARGE"), ("v8", 400, "INVALID_DATA")]
    {
        assert_eq!(client.upload_as(version, &large).await.code(), (status, code.into()), "{version}");
    }
    let v8 = client.upload_as("v8", &large).await;
    assert_eq!(v8.json()["message"], "Import file size should be less than 25 mb.");
    let hint = "a zip has 100000 bytes at most; split the CSV and upload its parts";
    assert_eq!(v8.header("bulkwright-hint"), Some(hint), "the limit is this server's");
}

/// A client that sends everything before it listens sees the 413, with a length and chunked alike.
#[tokio::test]
async fn a_refused_body_is_drained() {
    let server = small_server().await;
    let form = form_of("file", &vec![b'x'; 3_000_000]);
    let head = format!(
        "POST /crm/v7/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\n",
        dev::ACCESS_TOKEN,
        dev::ZGID,
        multipart_type()
    );
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", form.len()).as_bytes()).await.unwrap();
    stream.write_all(&form).await.unwrap();
    let answer = read_answer(&mut stream, "POST /crm/v7/upload").await;
    assert_eq!((answer.code(), answer.header("connection")), ((413, "FILE_TOO_LARGE".into()), Some("keep-alive")));

    // The connection is still in step: the next request goes over it, chunked.
    stream.write_all(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes()).await.unwrap();
    for chunk in form.chunks(10_000) {
        stream.write_all(format!("{:x}\r\n", chunk.len()).as_bytes()).await.unwrap();
        stream.write_all(chunk).await.unwrap();
        stream.write_all(b"\r\n").await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream, "POST /crm/v7/upload").await.code(), (413, "FILE_TOO_LARGE".into()));
}

/// Far more is announced than is sent: what is over the limit is refused as soon as it is seen, not when all has come.
#[tokio::test]
async fn too_large_is_told_before_the_rest_is_sent() {
    let server = small_server().await;
    let form = form_of("file", &vec![b'x'; ZIP_BYTES_MAX as usize + 10_000]);
    let begun = &form[..form.len() - 100];
    let chunk = format!("{:x}\r\n", 10_000_000_000_u64);
    for (framing, before) in [("Content-Length: 10000000000", ""), ("Transfer-Encoding: chunked", chunk.as_str())] {
        for (version, expected) in
            [("v7", (413, "FILE_TOO_LARGE".to_owned())), ("v8", (400, "INVALID_DATA".to_owned()))]
        {
            let head = format!(
                "POST /crm/{version}/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\n{framing}\r\n\r\n",
                dev::ACCESS_TOKEN,
                dev::ZGID,
                multipart_type()
            );
            let mut stream = TcpStream::connect(server.addr()).await.unwrap();
            stream.write_all(&[head.as_bytes(), before.as_bytes(), begun].concat()).await.unwrap();
            let answer = timeout(PATIENCE, read_answer(&mut stream, &format!("POST /crm/{version}/upload")))
                .await
                .expect("nothing more is waited for");
            assert_eq!((answer.code(), answer.header("connection")), (expected, Some("close")), "{version} {framing}");
            // Whoever goes on sending all the same is listened to for a while.
            stream.write_all(&vec![b'x'; 8_000_000]).await.expect("the connection is still read");
        }
    }
}

#[tokio::test]
async fn a_client_that_waits_for_a_word_is_not_made_to_send() {
    let server = small_server().await;
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let head = "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream, "POST /crm/v8/upload").await;
    assert_eq!((answer.code(), answer.header("connection")), ((401, "AUTHENTICATION_FAILURE".into()), Some("close")));

    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let access =
        format!("Authorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}", dev::ACCESS_TOKEN, dev::ZGID);
    let typed = head.replace("Host: x", &format!("Host: x\r\n{access}\r\nContent-Type: application/zip"));
    stream.write_all(typed.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream, "POST /crm/v8/upload").await;
    assert_eq!((answer.code(), answer.header("connection")), ((400, "MANDATORY_NOT_FOUND".into()), Some("close")));
}

#[tokio::test]
async fn a_chunked_upload_is_stored() {
    let server = dev_server().await;
    let form = form_of("file", &zip_of(&[("a.csv", "Last_Name\nNg\n")]));
    let head = format!(
        "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        dev::ACCESS_TOKEN,
        dev::ZGID,
        multipart_type()
    );
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    for byte in form {
        stream.write_all(&[b'1', b'\r', b'\n', byte, b'\r', b'\n']).await.unwrap();
    }
    stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(read_answer(&mut stream, "POST /crm/v8/upload").await.status, 200);
}

#[tokio::test]
async fn open_uploads_of_an_organisation_are_bounded() {
    let connections = ConnectionLimits { uploads_per_org_max: 1, ..ConnectionLimits::default() };
    let server = Server::start(on_free_port(Config { connections, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let zip = zip_of(&[("a.csv", "Last_Name\nNg\n")]);
    let form = form_of("file", &zip);
    let head = format!(
        "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        dev::ACCESS_TOKEN,
        dev::ZGID,
        multipart_type(),
        form.len()
    );
    let mut open = TcpStream::connect(server.addr()).await.unwrap();
    open.write_all(head.as_bytes()).await.unwrap();
    // The word to go on comes when the body is first asked for: the upload has its turn then.
    let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    open.read_exact(&mut go_on).await.unwrap();
    open.write_all(&form[..form.len() - 10]).await.unwrap();
    let refused = client.upload(&zip).await;
    assert_eq!(refused.code(), (503, "SERVICE_UNAVAILABLE".into()));
    open.write_all(&form[form.len() - 10..]).await.unwrap();
    assert_eq!(read_answer(&mut open, "POST /crm/v8/upload").await.status, 200);
    assert_eq!(client.upload(&zip).await.status, 200, "the turn is given back");
}

/// A client that goes away in the middle, or whose zip is refused, leaves no file behind.
#[tokio::test]
async fn uploads_that_come_to_nothing_leave_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let form = form_of("file", &vec![b'x'; 3_000_000]);
    let head = format!(
        "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        client.token.as_deref().unwrap(),
        client.org,
        multipart_type(),
        form.len()
    );
    let mut cut = TcpStream::connect(server.addr()).await.unwrap();
    cut.write_all(head.as_bytes()).await.unwrap();
    cut.write_all(&form[..2_000_000]).await.unwrap();
    let files = || std::fs::read_dir(directory.path().join("blobs")).unwrap().count();
    let until = async |count: usize| {
        while files() != count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, until(1)).await.expect("the upload has begun");
    drop(cut);
    timeout(PATIENCE, until(0)).await.expect("nothing is left of it");
    assert_eq!(client.upload(b"no zip").await.status, 400);
    assert_eq!(files(), 0);
}

/// The parser of a form holds a part's head in memory: it gets no endless one.
#[tokio::test]
async fn a_form_whose_head_never_ends_is_refused() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let headers = [("feature", "bulk-write"), ("X-CRM-ORG", dev::ZGID)];
    let form = form_of("file", b"");
    let start = &form[..form.len() / 2];
    let endless = [start, "; x=y".repeat(100_000).as_bytes()].concat();
    let answer = client.upload_with("v8", &headers, &endless).await;
    assert_eq!(answer.code(), (413, "REQUEST_TOO_LARGE".into()));
    let zip = zip_of(&[("a.csv", &"Last_Name\nNg\n".repeat(100_000))]);
    let broken = client.upload_with("v8", &headers, &form_of("file", &zip)[..200]).await;
    assert_eq!(broken.code(), (400, "INVALID_REQUEST".into()), "{broken:?}");
}
