//! Requests under keys, at the same time and cut off anywhere, over a store whose calls fail: each key makes one thing, and
//! whoever asks under it is answered alike.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::Error as StoreError;
use bulkwright_store::conformance::FailingStore;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};
use bulkwright_store::upkeep::Upkeep;
use futures::StreamExt;
use futures::stream;
use proptest::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::harness::{Answer, Client, exchange, form_of, job_of, multipart_type, zip_of};
use super::stores::without_upkeep;
use crate::config::Config;
use crate::deliver::NameLookup;
use crate::server::{Data, Running, Server};

/// Keys of each operation.
const KEYS: usize = 4;
/// Requests of a case.
const REQUESTS_MAX: usize = 60;
/// Requests at once.
const AT_ONCE: usize = 8;
/// One call of the store in so many fails.
const FAILS_ONE_IN: u64 = 12;
/// Cases that are tried.
const CASES: u32 = 24;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Upload,
    Create,
}

/// One request.
#[derive(Clone, Debug)]
struct Request {
    key: (Operation, usize),
    /// The share of the request that is sent before its connection is cut, in hundredths; `None` for a whole exchange.
    cut: Option<usize>,
}

fn request() -> impl Strategy<Value = Request> {
    let operation = prop_oneof![Just(Operation::Upload), Just(Operation::Create)];
    let cut = prop_oneof![3 => Just(None), 1 => Just(Some(100)), 1 => (1..100_usize).prop_map(Some)];
    (operation, 0..KEYS, cut).prop_map(|(operation, key, cut)| Request { key: (operation, key), cut })
}

/// Calls that fail one in so many times, by a seed, once that is switched on.
struct Weather {
    seed: u64,
    calls: AtomicU64,
    is_bad: AtomicBool,
}

impl Weather {
    fn points(self: &Arc<Self>) -> FailurePoints {
        let weather = self.clone();
        FailurePoints::from_fn(move |point| {
            if !weather.is_bad.load(Ordering::SeqCst) || !weather.strikes() {
                return Ok(());
            }
            Err(StoreError::Failed { doing: point.step, source: "the test says so".into() })
        })
    }

    fn strikes(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let mut mixed = (self.seed ^ call).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (mixed >> 32).is_multiple_of(FAILS_ONE_IN)
    }
}

/// A server over such a store, and what is asked of it.
struct Place {
    server: Running,
    store: Arc<SqliteStore>,
    client: Client,
    file: String,
    weather: Arc<Weather>,
}

impl Place {
    async fn new(directory: &Path, seed: u64) -> Self {
        let weather = Arc::new(Weather { seed, calls: AtomicU64::new(0), is_bad: AtomicBool::new(false) });
        let options = OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() };
        let store = Arc::new(SqliteStore::open(directory, &options).unwrap());
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            disk_free_min: 0,
            callback_lookup: NameLookup::from_fn(async |_| Err(std::io::ErrorKind::NotFound.into())),
            ..Config::serve(directory.to_owned())
        };
        let stores = without_upkeep(Arc::new(FailingStore::new(store.clone(), weather.points())));
        let (data, catalog) = (Data::Kept(directory.to_owned()), Arc::new(Catalog::builtin()));
        let server = Server::over(stores, config, None, data, catalog).await.unwrap();
        let client = Client::fresh(&server).await;
        let file = client.upload_csv("Last_Name\nNg\n").await;
        Place { server, store, client, file, weather }
    }

    /// The bytes of the request under a key: the same each time.
    fn bytes(&self, (operation, key): (Operation, usize)) -> Vec<u8> {
        let (name, content_type) = (format!("key-{key}"), multipart_type());
        match operation {
            Operation::Upload => {
                let headers = [
                    ("feature", "bulk-write"),
                    ("X-CRM-ORG", self.client.org.as_str()),
                    ("Content-Type", content_type.as_str()),
                    ("Idempotency-Key", name.as_str()),
                ];
                let zip = zip_of(&[("leads.csv", &format!("Last_Name\nNg {key}\n"))]);
                self.client.request("POST", "/crm/v8/upload", &headers, &form_of("file", &zip))
            }
            Operation::Create => {
                let headers = [("Content-Type", "application/json"), ("Idempotency-Key", name.as_str())];
                let body = job_of(&self.file, "insert", None).to_string();
                self.client.request("POST", "/crm/bulk/v8/write", &headers, body.as_bytes())
            }
        }
    }

    /// The answer, unless the connection was cut before.
    async fn ask(&self, request: &Request) -> Option<Answer> {
        let bytes = self.bytes(request.key);
        let Some(share) = request.cut else { return Some(exchange(self.client.addr, &bytes).await) };
        let mut stream = TcpStream::connect(self.client.addr).await.unwrap();
        stream.write_all(&bytes[..bytes.len() * share / 100]).await.unwrap();
        None
    }

    /// All of them, some at a time; then each key once more in good weather. Answers the bodies under each key.
    async fn ask_all(&self, requests: &[Request]) -> BTreeMap<(Operation, usize), Vec<String>> {
        self.weather.is_bad.store(true, Ordering::SeqCst);
        let asked = stream::iter(requests).map(async |request| (request.key, self.ask(request).await));
        let answered: Vec<_> = asked.buffer_unordered(AT_ONCE).collect().await;
        self.weather.is_bad.store(false, Ordering::SeqCst);
        let mut bodies = BTreeMap::<_, Vec<String>>::new();
        for (key, answer) in answered {
            let under_key = bodies.entry(key).or_default();
            match answer {
                Some(answer) if answer.status < 300 => under_key.push(answer.text().to_owned()),
                Some(answer) => assert_eq!(answer.code(), (500, "INTERNAL_ERROR".to_owned()), "{answer:?}"),
                None => {}
            }
        }
        for (&key, under_key) in &mut bodies {
            let answer = self.ask(&Request { key, cut: None }).await.unwrap();
            assert!(answer.status < 300, "{answer:?}");
            under_key.push(answer.text().to_owned());
        }
        bodies
    }
}

async fn check(seed: u64, requests: &[Request]) {
    let directory = tempfile::tempdir().unwrap();
    let place = Place::new(directory.path(), seed).await;
    let bodies = place.ask_all(requests).await;
    for (key, under_key) in &bodies {
        assert!(
            under_key.iter().all(|body| body == &under_key[0]),
            "{key:?} is answered in several ways: {under_key:?}"
        );
    }
    let keys = |asked: Operation| bodies.keys().filter(|(operation, _)| *operation == asked).count() as u64;
    place.server.stop().await;
    let verification = place.store.verify().await.unwrap();
    assert!(verification.is_sound(), "{:?}", verification.differences);
    let jobs: u64 = verification.sums.jobs.iter().sum();
    let one_is_there_before = 1;
    let expected = (keys(Operation::Upload) + one_is_there_before, keys(Operation::Create));
    assert_eq!((verification.sums.uploads, jobs), expected, "uploads and jobs, and their keys");
}

#[test]
fn under_each_key_there_is_one_thing() {
    let config = ProptestConfig { cases: CASES, failure_persistence: None, max_shrink_iters: 50, ..Default::default() };
    proptest!(config, |(seed in any::<u64>(), requests in prop::collection::vec(request(), 1..REQUESTS_MAX))| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(seed, &requests));
    });
}
