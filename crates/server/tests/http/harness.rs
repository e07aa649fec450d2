//! A client that sees every byte, and servers to talk to.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bulkwright_server::{Config, NameLookup, Running, Server, dev};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zip::ZipArchive;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Beside this file, wherever that is included from.
#[path = "openapi.rs"]
pub(crate) mod openapi;

/// Longest wait for a job of a test.
const JOB_TIME_MAX: Duration = Duration::from_secs(120);
const BOUNDARY: &str = "------------------------d74496d66958873e";

/// A server beside others, whose callbacks reach nobody but by a literal address.
pub(crate) fn on_free_port(config: Config) -> Config {
    let callback_lookup = NameLookup::from_fn(|_| async { Err(std::io::Error::other("tests ask nobody")) });
    Config { listen: "127.0.0.1:0".parse().unwrap(), callback_lookup, ..config }
}

pub(crate) async fn dev_server() -> Running {
    Server::start(on_free_port(Config::dev())).await.unwrap()
}

pub(crate) async fn server_over(directory: &Path) -> Running {
    Server::start(on_free_port(Config::serve(directory.to_owned()))).await.unwrap()
}

/// An answer, its body unpacked, its head as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Status and code, the way errors are compared.
    pub(crate) fn code(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap_or_default().to_owned();
        (self.status, code)
    }
}

/// A client of one server with one token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
    pub(crate) token: Option<String>,
    pub(crate) org: String,
}

impl Client {
    /// The documented token of `dev`.
    pub(crate) fn dev(server: &Running) -> Self {
        Client { addr: server.addr(), token: Some(dev::ACCESS_TOKEN.to_owned()), org: dev::ZGID.to_owned() }
    }

    /// A fresh token of a kept server.
    pub(crate) async fn fresh(server: &Running) -> Self {
        let known = server.credentials().unwrap();
        let form = format!(
            "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
            known.client_id, known.client_secret, known.refresh_token
        );
        let client = Client { addr: server.addr(), token: None, org: known.zgid.clone() };
        let answer = client.post("/oauth/v2/token", "application/x-www-form-urlencoded", form.as_bytes()).await;
        Client { token: Some(answer.json()["access_token"].as_str().unwrap().to_owned()), ..client }
    }

    /// Whoever has the admin secret.
    pub(crate) fn admin(server: &Running) -> Self {
        let known = server.credentials().unwrap();
        Client { addr: server.addr(), token: Some(known.admin_secret.clone()), org: known.zgid.clone() }
    }

    /// What the administrator makes or changes: `org/create` and the like.
    pub(crate) async fn administer(&self, what: &str, body: Value) -> Value {
        let answer = self.post_json(&format!("/_bulkwright/admin/{what}"), &body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// The same client with a new token of some scopes.
    pub(crate) async fn with_scopes(&self, server: &Running, scopes: &[&str]) -> Self {
        let asked = json!({ "org": self.org, "scopes": scopes });
        let made = Client::admin(server).administer("token/create", asked).await;
        self.with_token(made["token"].as_str().unwrap())
    }

    /// A client of another organisation, made for it, with a token of all scopes.
    pub(crate) async fn stranger(server: &Running) -> Self {
        let asked = json!({ "name": "Stranger", "email": "stranger@example.com", "time_zone": "UTC" });
        let made = Client::admin(server).administer("org/create", asked).await;
        let org = made["zgid"].as_str().unwrap().to_owned();
        Client { org, ..Client::admin(server) }.with_scopes(server, bulkwright_wire::scope::EVERYTHING).await
    }

    pub(crate) fn with_token(&self, token: &str) -> Self {
        Client { token: Some(token.to_owned()), ..self.clone() }
    }

    pub(crate) fn without_token(&self) -> Self {
        Client { token: None, ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    pub(crate) async fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Answer {
        self.send("POST", path, &[("Content-Type", content_type)], body).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.post(path, "application/json", body.to_string().as_bytes()).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.send_in_part(method, path, headers, body, body.len() as u64).await
    }

    /// Sends a request of which more is told than comes.
    pub(crate) async fn send_in_part(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        length: u64,
    ) -> Answer {
        let head = self.head(method, path, headers, length);
        exchange(self.addr, &[head.as_bytes(), body].concat()).await
    }

    /// The bytes of a request.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        [self.head(method, path, headers, body.len() as u64).as_bytes(), body].concat()
    }

    fn head(&self, method: &str, path: &str, headers: &[(&str, &str)], length: u64) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.addr);
        if let Some(token) = &self.token {
            write!(head, "Authorization: Zoho-oauthtoken {token}\r\n").unwrap();
        }
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if length > 0 || method == "POST" {
            write!(head, "Content-Length: {length}\r\n").unwrap();
        }
        head.push_str("\r\n");
        head
    }

    pub(crate) async fn upload(&self, zip: &[u8]) -> Answer {
        self.upload_as("v8", zip).await
    }

    pub(crate) async fn upload_as(&self, version: &str, zip: &[u8]) -> Answer {
        let headers = [("feature", "bulk-write"), ("X-CRM-ORG", self.org.as_str())];
        self.upload_with(version, &headers, &form_of("file", zip)).await
    }

    pub(crate) async fn upload_with(&self, version: &str, headers: &[(&str, &str)], form: &[u8]) -> Answer {
        let content_type = multipart_type();
        let headers = [headers, &[("Content-Type", content_type.as_str())]].concat();
        self.send("POST", &format!("/crm/{version}/upload"), &headers, form).await
    }

    /// Uploads a CSV, in any charset, and answers the file's id.
    pub(crate) async fn upload_csv(&self, csv: impl AsRef<[u8]>) -> String {
        let answer = self.upload(&zip_of(&[("leads.csv", csv)])).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["details"]["file_id"].as_str().unwrap().to_owned()
    }

    /// Creates a job and answers its id.
    pub(crate) async fn create(&self, body: &Value) -> String {
        let answer = self.post_json("/crm/bulk/v8/write", body).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["details"]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn details(&self, job: &str) -> Value {
        let answer = self.get(&format!("/crm/bulk/v8/write/{job}")).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Looks at a job until it has ended.
    pub(crate) async fn ended(&self, job: &str) -> Value {
        self.seen(job, |status| matches!(status, "COMPLETED" | "FAILED")).await
    }

    /// Looks at a job until it has that status.
    pub(crate) async fn is_in(&self, job: &str, status: &str) {
        self.seen(job, |seen| seen == status).await;
    }

    async fn seen(&self, job: &str, is_it: impl Fn(&str) -> bool) -> Value {
        let looks = async {
            loop {
                let details = self.details(job).await;
                if is_it(details["status"].as_str().unwrap_or_default()) {
                    return details;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(JOB_TIME_MAX, looks).await.expect("the job comes to it")
    }

    /// The whole way: upload, create, wait; the ended job's details.
    pub(crate) async fn load(&self, csv: &str, operation: &str, find_by: Option<&str>) -> Value {
        let file = self.upload_csv(csv).await;
        let job = self.create(&job_of(&file, operation, find_by)).await;
        self.ended(&job).await
    }

    /// An insert of what was uploaded; the ended job's details.
    pub(crate) async fn load_file(&self, file: &str) -> Value {
        let job = self.create(&job_of(file, "insert", None)).await;
        self.ended(&job).await
    }

    /// The CSV inside a job's result.
    pub(crate) async fn result(&self, details: &Value) -> String {
        let url = details["result"]["download_url"].as_str().unwrap();
        let path = url.strip_prefix(&format!("http://{}", self.addr)).expect("the link leads to this server");
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        csv_in(&answer.body)
    }

    /// Records of Leads by address.
    pub(crate) async fn found(&self, email: &str) -> Vec<Value> {
        let answer = self.get(&format!("/crm/v8/Leads/search?email={email}")).await;
        if answer.status == 204 {
            return Vec::new();
        }
        answer.json()["data"].as_array().unwrap().clone()
    }
}

/// A create body over Leads whose columns are found by their headers.
pub(crate) fn job_of(file: &str, operation: &str, find_by: Option<&str>) -> Value {
    let mut resource = json!({ "type": "data", "module": { "api_name": "Leads" }, "file_id": file });
    if let Some(field) = find_by {
        resource["find_by"] = field.into();
    }
    json!({ "operation": operation, "resource": [resource] })
}

pub(crate) fn zip_of(files: &[(&str, impl AsRef<[u8]>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_ref()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn csv_in(zip: &[u8]) -> String {
    let mut archive = ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut csv = String::new();
    archive.by_index(0).unwrap().read_to_string(&mut csv).unwrap();
    csv
}

pub(crate) fn multipart_type() -> String {
    format!("multipart/form-data; boundary={BOUNDARY}")
}

pub(crate) fn form_of(part: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"leads.zip\"\r\nContent-Type: application/zip\r\n\r\n"
    );
    [head.as_bytes(), content, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

/// A form of plain fields.
pub(crate) fn form_of_fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut form = String::new();
    for (name, value) in fields {
        write!(form, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").unwrap();
    }
    write!(form, "--{BOUNDARY}--\r\n").unwrap();
    form.into_bytes()
}

/// Sends a request, and reads its answer.
pub(crate) async fn exchange(addr: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(request).await.unwrap();
    let line = String::from_utf8_lossy(request.split(|byte| *byte == b'\r').next().unwrap()).into_owned();
    read_answer(&mut stream, &line).await
}

/// Reads the answer to a request that begins so, `GET /crm/v8/org`, by its framing; it has to be one that the API's
/// document describes. Chunks and gzip are taken off.
pub(crate) async fn read_answer(stream: &mut TcpStream, request: &str) -> Answer {
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let answer = framed(stream, method == "HEAD").await;
    openapi::assert_described(method, target, &answer);
    answer
}

async fn framed(stream: &mut TcpStream, is_head: bool) -> Answer {
    let head = read_head(stream).await;
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let headers: Vec<_> = lines.filter_map(header).collect();
    let mut answer = Answer { status, headers, body: Vec::new() };
    if is_head || status == 204 {
        return answer;
    }
    answer.body = match answer.header("content-length") {
        Some(length) => {
            let mut body = vec![0; length.parse().unwrap()];
            stream.read_exact(&mut body).await.unwrap();
            body
        }
        None => {
            assert_eq!(answer.header("transfer-encoding"), Some("chunked"), "{answer:?}");
            read_chunks(stream).await
        }
    };
    if answer.header("content-encoding") == Some("gzip") {
        let mut unpacked = Vec::new();
        GzDecoder::new(answer.body.as_slice()).read_to_end(&mut unpacked).unwrap();
        answer.body = unpacked;
    }
    answer
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(
            stream.read_u8().await.unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&head))),
        );
    }
    String::from_utf8(head).unwrap()
}

async fn read_chunks(stream: &mut TcpStream) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.unwrap());
        }
        let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        stream.read_exact(&mut chunk).await.unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&chunk[..size]);
    }
}
