//! A server that answers what a test tells it, over a real socket.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bulkwright_client::api_words::Version;
use bulkwright_client::{Api, ApiSettings, Patience, Secret, TokenSource, Trust};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn token(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Zoho-oauthtoken ")).unwrap_or_default()
    }
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// The connection is closed without a word.
    Cut,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Reply::Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    pub(crate) fn html(status: u16) -> Self {
        let headers = vec![("content-type", "text/html".to_owned())];
        Reply::Answer { status, headers, body: b"<html>sorry</html>".to_vec() }
    }

    pub(crate) fn error(status: u16, code: &str) -> Self {
        Reply::json(status, &format!(r#"{{"code":"{code}","details":{{}},"message":"told so","status":"error"}}"#))
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Reply::Answer { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

type Answering = dyn Fn(&Request, usize) -> Reply + Send + Sync;

/// A scripted server.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Script {
    /// Serves `answer`, which is given the request and how many came before it.
    pub(crate) async fn serve(answer: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Script { address, requests: Arc::default() };
        let (requests, answer) = (script.requests.clone(), Arc::new(answer) as Arc<Answering>);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, requests.clone(), answer.clone()));
            }
        });
        script
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests had a path that begins so.
    pub(crate) fn count(&self, method: &str, path: &str) -> usize {
        self.requests().iter().filter(|one| one.method == method && one.path.starts_with(path)).count()
    }

    pub(crate) fn api(&self, token: TokenSource) -> Api {
        api(&self.url(), token)
    }
}

pub(crate) fn fixed(token: &str) -> TokenSource {
    TokenSource::Fixed(Secret::new(token))
}

/// A client without patience to spare.
pub(crate) fn api(base: &str, token: TokenSource) -> Api {
    let patience = Patience {
        request_timeout: Duration::from_secs(20),
        tries_max: 3,
        pause: Duration::from_millis(1),
        retry_after_max: Duration::from_secs(2),
        disbelief: Duration::from_millis(40),
    };
    let base_url = bulkwright_client::base_url(base).unwrap();
    Api::new(ApiSettings { base_url, upload_url: None, token, trust: Trust::default(), version: Version::V8, patience })
        .unwrap()
}

async fn converse(mut stream: TcpStream, requests: Arc<Mutex<Vec<Request>>>, answer: Arc<Answering>) {
    while let Some(request) = read(&mut stream).await {
        let before = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let Reply::Answer { status, headers, body } = answer(&request, before) else { return };
        let mut head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        // In one piece: two would wait for each other's acknowledgement.
        if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
            return;
        }
    }
}

/// One request; `None` when the client is gone.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut words = head.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut request = Request { method, path, head, body: bytes.split_off(head_end + 4) };
    let length: usize = request.header("content-length").map_or(0, |value| value.parse().unwrap());
    while request.body.len() < length {
        if stream.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}
