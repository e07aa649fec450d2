//! The token endpoint, in every form that clients send, and what tokens open.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulkwright_server::{Clock, Config, Server, dev};

use crate::harness::{Client, dev_server, form_of_fields, multipart_type, on_free_port, server_over};

const FORM: &str = "application/x-www-form-urlencoded";

fn parameters() -> [(&'static str, &'static str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", dev::CLIENT_ID),
        ("client_secret", dev::CLIENT_SECRET),
        ("refresh_token", dev::REFRESH_TOKEN),
    ]
}

fn encoded(parameters: &[(&str, &str)]) -> String {
    parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn a_form_a_multipart_body_and_a_query_all_give_a_token() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let query = format!("/oauth/v2/token?{}&", encoded(&parameters()));
    let answers = [
        client.post("/oauth/v2/token", FORM, encoded(&parameters()).as_bytes()).await,
        client.post("/oauth/v2/token", &multipart_type(), &form_of_fields(&parameters())).await,
        client.send("POST", &query, &[], b"").await,
    ];
    for answer in answers {
        assert_eq!(answer.status, 200);
        let body = answer.json();
        assert_eq!((&body["token_type"], &body["expires_in"]), (&"Bearer".into(), &3600.into()), "{body}");
        assert_eq!(body["api_domain"], format!("http://{}", server.addr()));
        let token = body["access_token"].as_str().unwrap();
        assert_eq!(client.with_token(token).get("/crm/v8/org").await.json()["org"][0]["zgid"], dev::ZGID);
    }
}

#[tokio::test]
async fn refusals_are_200_with_a_word() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let cases = [
        ("client_id", Some("1000.OTHER"), "invalid_client"),
        ("client_id", None, "invalid_client"),
        ("client_secret", Some("guess"), "invalid_client_secret"),
        ("client_secret", None, "invalid_client_secret"),
        ("refresh_token", Some("1000.guess"), "invalid_code"),
        ("refresh_token", Some(dev::ACCESS_TOKEN), "invalid_code"),
        ("refresh_token", None, "invalid_request"),
        ("grant_type", Some("password"), "unsupported_grant_type"),
        ("grant_type", None, "invalid_request"),
    ];
    for (name, value, expected) in cases {
        let others = parameters().into_iter().filter(|(known, _)| *known != name);
        let all: Vec<_> = others.chain(value.map(|value| (name, value))).collect();
        let answer = client.post("/oauth/v2/token", FORM, encoded(&all).as_bytes()).await;
        assert_eq!((answer.status, answer.text()), (200, format!("{{\"error\":\"{expected}\"}}").as_str()), "{name}");
    }
}

#[tokio::test]
async fn an_endless_form_is_too_large() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let form = vec![b'a'; 70_000];
    assert_eq!(client.post("/oauth/v2/token", FORM, &form).await.code(), (413, "REQUEST_TOO_LARGE".into()));
    let answer = client.post("/oauth/v2/token", &multipart_type(), &crate::harness::form_of("x", &form)).await;
    assert_eq!(answer.code(), (413, "REQUEST_TOO_LARGE".into()));
}

#[tokio::test]
async fn a_token_ends_after_its_hour_and_says_when() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(1_700_000_000_000));
    let told = now.clone();
    let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
    let config = Config { clock, ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let client = Client::fresh(&server).await;
    let reset = |answer: &crate::harness::Answer| {
        bulkwright_wire::time::parse(answer.header("x-accesstoken-reset").unwrap()).unwrap()
    };
    assert_eq!(reset(&client.get("/crm/v8/org").await), 1_700_003_600);
    now.fetch_add(3_599_000, Ordering::Relaxed);
    assert_eq!(reset(&client.get("/crm/v8/org").await), 1_700_003_600);
    now.fetch_add(1_000, Ordering::Relaxed);
    assert_eq!(client.get("/crm/v8/org").await.code(), (401, "INVALID_TOKEN".into()));
}

#[tokio::test]
async fn tokens_survive_a_restart_and_secrets_are_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let client = Client::fresh(&server).await;
    let known = server.credentials().unwrap().clone();
    server.stop().await;
    for secret in [client.token.as_deref().unwrap(), &known.client_secret, &known.refresh_token] {
        for file in ["control.db", "control.db-wal", "records.db"] {
            let Ok(bytes) = std::fs::read(directory.path().join(file)) else { continue };
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret stands in {file}");
        }
    }
    let server = server_over(directory.path()).await;
    let client = Client { addr: server.addr(), ..client };
    assert_eq!(client.get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn the_account_is_told() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let user = client.get("/crm/v8/users?type=CurrentUser&").await.json();
    assert_eq!(user["users"][0]["id"], dev::USER);
    assert_eq!(user["users"][0]["full_name"], "Patricia Boyle");
    assert_eq!(client.get("/crm/v8/users").await.json()["info"]["count"], 1);
    assert_eq!(client.get("/crm/v8/users?type=DeletedUsers").await.status, 204);
    assert_eq!(client.get("/crm/v8/users?type=Nobody").await.code(), (400, "INVALID_QUERY".into()));
    assert_eq!(client.get("/crm/v8/org").await.json()["org"][0]["time_zone"], "+05:30");
}
