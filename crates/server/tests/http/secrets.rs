//! What the log must never say.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bulkwright_server::{Config, Credentials, NameLookup, Server};
use serde_json::json;
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;

use crate::harness::{Client, job_of, on_free_port};

/// A log that a test can read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_requests_and_jobs_and_neither_secrets_nor_rows() {
    let log = Log::default();
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let directory = tempfile::tempdir().unwrap();
    let called = Arc::new(Notify::new());
    let calls = called.clone();
    let callback_lookup = NameLookup::from_fn(move |_| {
        calls.notify_one();
        async { Err(std::io::Error::other("no such name")) }
    });
    let config = Config { callback_lookup, ..on_free_port(Config::serve(directory.path().to_owned())) };
    let server = Server::start(config).await.unwrap();
    let client = Client::fresh(&server).await;
    client.load("Last_Name,Email\nMarkername,marker@example.com\n,bad row marker\n", "insert", Some("Email")).await;
    client.found("marker@example.com").await;
    client.with_token("1000.marker-of-a-wrong-token").get("/crm/v8/org?access_token=marker-in-a-query").await;
    let mut job = job_of(&client.upload_csv("Last_Name\nMarkername\n").await, "insert", None);
    let url = "https://marker:marker@receiver.example.com/marker?token=marker#marker";
    job["callback"] = json!({ "url": url, "method": "post" });
    client.create(&job).await;
    called.notified().await;
    let known = server.credentials().unwrap().clone();
    let shown = format!("{known:?} {server:?}");
    server.stop().await;

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let Credentials { client_secret, refresh_token, .. } = &known;
    for secret in [client.token.as_deref().unwrap(), client_secret, refresh_token] {
        assert!(!log.contains(secret) && !shown.contains(secret), "{log}");
    }
    assert!(!log.to_lowercase().contains("marker"), "{log}");
    for said in [
        "a job is completed",
        "added=1",
        "skipped=1",
        "path=\"/crm/v8/upload\"",
        "status=201",
        "request{id=",
        "a callback was not taken",
        "host=\"receiver.example.com:443\"",
    ] {
        assert!(log.contains(said), "no {said} in {log}");
    }
}
