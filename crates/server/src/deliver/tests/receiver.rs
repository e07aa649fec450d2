//! A receiver of callbacks that does as it is told.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify, mpsc};

use super::TIME_MAX;

/// Between two bytes of an answer that dribbles.
const DRIBBLE: Duration = Duration::from_millis(10);

/// A listener that nobody may connect to.
pub(super) struct Trap(std::net::TcpListener);

impl Trap {
    pub(super) fn at(address: &str, port: u16) -> Self {
        Trap::if_free(address, port).unwrap()
    }

    /// `None` if the port is somebody else's.
    pub(super) fn if_free(address: &str, port: u16) -> Option<Self> {
        let listener = std::net::TcpListener::bind((address, port)).ok()?;
        listener.set_nonblocking(true).unwrap();
        Some(Trap(listener))
    }

    pub(super) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    pub(super) fn assert_untouched(&self) {
        let accepted = self.0.accept();
        assert!(matches!(&accepted, Err(error) if error.kind() == ErrorKind::WouldBlock), "{accepted:?}");
    }
}

/// What a receiver does with a request.
#[derive(Clone)]
pub(super) enum Reply {
    /// Answers these bytes and closes.
    Bytes(Vec<u8>),
    /// Answers these bytes, then others without end, until the other side has enough.
    Endless(Vec<u8>),
    /// Answers these bytes, one after the other, and never comes to their end.
    Dribbled(Vec<u8>),
    /// Answers nothing until it is told to, then 200.
    Held(Arc<Notify>),
    /// Closes without an answer.
    Closed,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Reply::with_header(status, "x-none: x")
    }

    pub(super) fn with_header(status: u16, header: &str) -> Self {
        Reply::Bytes(format!("HTTP/1.1 {status} X\r\n{header}\r\ncontent-length: 2\r\n\r\nok").into_bytes())
    }

    pub(super) fn silent() -> Self {
        Reply::Held(Arc::default())
    }
}

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Received {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub(super) fn id(&self) -> &str {
        self.header("webhook-id").unwrap()
    }
}

pub(super) struct Receiver {
    addr: SocketAddr,
    requests: Mutex<mpsc::UnboundedReceiver<Received>>,
    /// Bytes of answers that were taken off its hands.
    written: mpsc::UnboundedReceiver<usize>,
}

impl Receiver {
    /// Does one thing after the other, and the last one for ever.
    pub(super) async fn scripted(replies: Vec<Reply>) -> Self {
        Receiver::at("127.0.0.1:0", replies).await
    }

    pub(super) async fn answering(reply: Reply) -> Self {
        Receiver::scripted(vec![reply]).await
    }

    pub(super) async fn at(address: &str, replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (received, requests) = mpsc::unbounded_channel();
        let (taken, written) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let reply = replies.get(number).or(replies.last()).unwrap().clone();
                tokio::spawn(serve(stream, reply, received.clone(), taken.clone()));
            }
        });
        Receiver { addr, requests: Mutex::new(requests), written }
    }

    pub(super) fn port(&self) -> u16 {
        self.addr.port()
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}/told?secret=marker", self.addr)
    }

    /// The next request.
    pub(super) async fn next(&self) -> Received {
        let mut requests = self.requests.lock().await;
        tokio::time::timeout(TIME_MAX, requests.recv()).await.expect("a callback comes").unwrap()
    }

    /// The requests that have come and were not looked at.
    pub(super) async fn rest(&self) -> Vec<Received> {
        let mut requests = self.requests.lock().await;
        std::iter::from_fn(|| requests.try_recv().ok()).collect()
    }

    /// Bytes of the answer to a request, once its end is known.
    pub(super) async fn written(&mut self) -> usize {
        tokio::time::timeout(TIME_MAX, self.written.recv()).await.expect("an answer ends").unwrap()
    }
}

async fn serve(
    mut stream: TcpStream,
    reply: Reply,
    received: mpsc::UnboundedSender<Received>,
    taken: mpsc::UnboundedSender<usize>,
) {
    // Who is cut in the middle of a request has not called.
    let Some(request) = read_request(&mut stream).await else { return };
    let _ = received.send(request);
    let written = match reply {
        Reply::Bytes(bytes) => stream.write_all(&bytes).await.map_or(0, |()| bytes.len()),
        Reply::Endless(bytes) => write_for_ever(&mut stream, &bytes).await,
        Reply::Dribbled(bytes) => {
            for byte in bytes {
                if stream.write_u8(byte).await.is_err() {
                    break;
                }
                tokio::time::sleep(DRIBBLE).await;
            }
            std::future::pending().await
        }
        Reply::Held(told) => {
            told.notified().await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            0
        }
        Reply::Closed => 0,
    };
    let _ = taken.send(written);
}

async fn write_for_ever(stream: &mut TcpStream, head: &[u8]) -> usize {
    let mut written = head.len();
    let _ = stream.write_all(head).await;
    while let Ok(more) = stream.write(&[b'x'; 16 * 1024]).await {
        written += more;
    }
    written
}

async fn read_request(stream: &mut TcpStream) -> Option<Received> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        // What is no POST is no HTTP: the beginning of TLS.
        if head[0] != b'P' {
            return None;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut request = Received { head, body: Vec::new() };
    request.body = vec![0; request.header("content-length")?.parse().unwrap()];
    stream.read_exact(&mut request.body).await.ok()?;
    Some(request)
}
