//! Requests under one key at the same time.

use std::time::Duration;

use bulkwright_server::{Config, ConnectionLimits, Running, Server, dev};
use futures::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{
    Answer, Client, assert_same, create_under, first, form_of, id_in, is_again, job_of, made, upload_under, zip,
};
use crate::harness::{dev_server, multipart_type, on_free_port, read_answer};

/// Requests under one key at once.
const AT_ONCE: usize = 8;
/// Keys at once.
const KEYS: usize = 25;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_each_key_is_done_once() {
    let server = dev_server().await;
    let client = &Client::dev(&server);
    let before = made(&server).await;
    let keys: Vec<String> = (0..KEYS).map(|key| format!("key-{key}")).collect();
    let requests = keys.iter().flat_map(|key| std::iter::repeat_n(key, AT_ONCE));
    let uploaded = join_all(requests.clone().map(|key| async { upload_under(client, key, &zip()).await })).await;
    let files: Vec<String> = uploaded.chunks(AT_ONCE).map(|of_key| assert_one(of_key, 200)).collect();
    let bodies: Vec<_> = files.iter().map(|file| job_of(file, "insert", None)).collect();
    let creating = requests.enumerate().map(|(place, key)| create_under(client, key, &bodies[place / AT_ONCE]));
    let created = join_all(creating).await;
    created.chunks(AT_ONCE).for_each(|of_key| {
        assert_one(of_key, 201);
    });
    let keys = KEYS as u64;
    assert_eq!(made(&server).await, (before.0 + keys, before.1 + keys));
}

/// One of them was the first, the others say what it was answered; the id in it.
fn assert_one(answers: &[Answer], status: u16) -> String {
    let firsts: Vec<&Answer> = answers.iter().filter(|answer| !is_again(answer)).collect();
    let [done] = firsts.as_slice() else { panic!("{} of them were the first: {firsts:?}", firsts.len()) };
    answers.iter().filter(|answer| is_again(answer)).for_each(|again| assert_same(again, done));
    first(done, status)
}

/// An upload that has its key and whose body is on its way: all of it but the last bytes.
struct Halfway {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Halfway {
    async fn begin(server: &Running, key: &str) -> Self {
        let form = form_of("file", &zip());
        let head = format!(
            "POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nfeature: bulk-write\r\nX-CRM-ORG: {}\r\nIdempotency-Key: {key}\r\nContent-Type: {}\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
            dev::ACCESS_TOKEN,
            dev::ZGID,
            multipart_type(),
            form.len()
        );
        let mut stream = TcpStream::connect(server.addr()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // The word to go on comes when the body is first asked for: the key is in use then.
        let mut go_on = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
        stream.read_exact(&mut go_on).await.unwrap();
        let (sent, rest) = form.split_at(form.len() - 10);
        stream.write_all(sent).await.unwrap();
        Halfway { stream, rest: rest.to_vec() }
    }

    async fn finish(mut self) -> Answer {
        self.stream.write_all(&self.rest).await.unwrap();
        read_answer(&mut self.stream, "POST /crm/v8/upload").await
    }
}

#[tokio::test]
async fn who_comes_while_the_first_is_at_work_waits_for_its_answer() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let halfway = Halfway::begin(&server, "slow").await;
    let waiting: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { upload_under(&client, "slow", &zip()).await })
        })
        .collect();
    // Other keys, and other operations under this one, do not wait.
    let file = first(&upload_under(&client, "quick", &zip()).await, 200);
    first(&create_under(&client, "slow", &job_of(&file, "insert", None)).await, 201);
    let answered = halfway.finish().await;
    first(&answered, 200);
    for answer in join_all(waiting).await {
        assert_same(&answer.unwrap(), &answered);
    }
    assert_eq!(made(&server).await, (before.0 + 2, before.1 + 1));
}

#[tokio::test]
async fn when_the_first_is_cut_the_next_takes_its_place() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = made(&server).await;
    let halfway = Halfway::begin(&server, "cut").await;
    let waiting: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { upload_under(&client, "cut", &zip()).await })
        })
        .collect();
    drop(halfway);
    let answers: Vec<Answer> = join_all(waiting).await.into_iter().map(Result::unwrap).collect();
    assert_one(&answers, 200);
    assert_eq!(made(&server).await, (before.0 + 1, before.1));
}

#[tokio::test]
async fn the_wait_is_bounded() {
    let repeat_wait_max = Duration::from_millis(50);
    let connections = ConnectionLimits { repeat_wait_max, ..ConnectionLimits::default() };
    let server = Server::start(on_free_port(Config { connections, ..Config::dev() })).await.unwrap();
    let client = Client::dev(&server);
    let halfway = Halfway::begin(&server, "stuck").await;
    let refused = upload_under(&client, "stuck", &zip()).await;
    assert_eq!(refused.code(), (409, "IDEMPOTENCY_KEY_IN_USE".to_owned()));
    let answered = halfway.finish().await;
    assert_eq!(id_in(&upload_under(&client, "stuck", &zip()).await), first(&answered, 200));
}
