//! What the log must never say, and what it always says.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bulkwright_engine::limits::Limits;
use bulkwright_server::{Config, Credentials, NameLookup, Running, Server};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::harness::{Client, job_of, on_free_port};

const FORM: &str = "application/x-www-form-urlencoded";

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

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// All that can be logged, as text and as JSON. The log is the process's, and so all of it stands in one test.
fn logs() -> (Log, Log) {
    let (text, json) = (Log::default(), Log::default());
    let (text_log, json_log) = (text.clone(), json.clone());
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::TRACE)
        .with(tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || text_log.clone()))
        .with(tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(move || json_log.clone()));
    tracing::subscriber::set_global_default(subscriber).unwrap();
    (text, json)
}

#[tokio::test]
async fn the_log_names_requests_and_jobs_and_neither_secrets_nor_rows() {
    let (text, json) = logs();
    let directory = tempfile::tempdir().unwrap();
    let called = Arc::new(Notify::new());
    let calls = called.clone();
    let callback_lookup = NameLookup::from_fn(move |_| {
        calls.notify_one();
        async { Err(std::io::Error::other("no such name")) }
    });
    let limits = Limits { rows_max: 4, ..Limits::default() };
    let config = Config { callback_lookup, limits, ..on_free_port(Config::serve(directory.path().to_owned())) };
    let server = Server::start(config).await.unwrap();
    let client = Client::fresh(&server).await;
    let rows = "Last_Name,Email,Annual_Revenue\nMarkername,marker@example.com,1\n,bad row marker,marker\n\
                \"Marker\"open,x@example.com,2\nMarker,ragged\n";
    let completed = client.load(rows, "insert", Some("Email")).await;
    assert_eq!(
        (&completed["status"], &completed["resource"][0]["file"]["skipped_count"]),
        (&"COMPLETED".into(), &3.into())
    );
    let failed = client.load(&format!("{rows}Markername,5@example.com,3\n"), "insert", None).await;
    assert_eq!(failed["status"], "FAILED");
    client.found("marker@example.com").await;
    client.with_token("1000.marker-of-a-wrong-token").get("/crm/v8/org?access_token=marker-in-a-query").await;
    wrongly_presented(&client).await;
    let mut job = job_of(&client.upload_csv("Last_Name\nMarkername\n").await, "insert", None);
    let url = "https://marker:marker@receiver.example.com/marker?token=marker#marker";
    job["callback"] = json!({ "url": url, "method": "post" });
    client.create(&job).await;
    called.notified().await;
    let told = consented(&server).await;
    let known = server.credentials().unwrap().clone();
    client.with_token(&known.admin_secret).get("/_bulkwright/metrics").await;
    let shown = format!("{known:?} {server:?}");
    server.stop().await;

    let Credentials { client_secret, refresh_token, admin_secret, .. } = &known;
    for log in [text.text(), json.text(), shown] {
        for secret in [client.token.as_deref().unwrap(), client_secret, refresh_token, admin_secret] {
            assert!(!log.contains(secret), "{log}");
        }
        assert!(told.iter().all(|secret| !log.contains(secret)), "{log}");
        assert!(!log.to_lowercase().contains("marker"), "{log}");
    }
    let text = text.text();
    for said in [
        "a job is completed",
        "added=1",
        "skipped=3",
        "path=\"/crm/v8/upload\"",
        "status=201",
        "request{id=",
        "a callback was not taken",
        "a request is refused code=\"AUTHENTICATION_FAILURE\" text=\"Authentication failed\" path=\"/crm/v8/org\" \
         hint=\"send the header Authorization: Zoho-oauthtoken TOKEN; the parameter access_token is not read\"",
        "code=\"MISSING_REQUIRED_KEY\"",
        "host=\"receiver.example.com:443\"",
        "a user has consented",
        "a user has denied",
        "a wrong secret was given on the consent page",
        "no token was given or taken back reason=\"invalid_code\"",
        "a token was taken back tokens=2",
        "a code is made",
    ] {
        assert!(text.contains(said), "no {said} in {text}");
    }
    check_ids(&json.text(), [&completed, &failed].map(|details| details["id"].as_str().unwrap()));
}

/// Secrets and values where none are looked for: what explains a refusal names the place, never what stood there.
async fn wrongly_presented(client: &Client) {
    let none = client.without_token();
    none.get("/crm/v8/org?access_token=marker-in-a-query").await;
    for (name, value) in [("Authorization", "marker"), ("Authorization", "Basic marker"), ("X-Authorization", "marker")]
    {
        none.send("GET", "/crm/v8/org", &[(name, value)], b"").await;
    }
    client.upload_with("v8", &[("X-Feature", "marker"), ("ORG", "marker")], b"marker").await;
    client.upload(b"Marker,marker\n").await;
    client.post("/crm/bulk/v8/write", "application/json", br#"{"operation":"insert","fileId":"marker"}"#).await;
    client.post("/crm/bulk/v8/write", "application/json", b"marker=marker").await;
    let without_header = job_of(&client.upload_csv("Markername,marker@example.com\n").await, "insert", None);
    let refused = client.post_json("/crm/bulk/v8/write", &without_header).await;
    assert_eq!(refused.code().1, "INVALID_FIELD_NAME");
    client.get("/crm/v8/Leads/search?criteria=(Email:equals:marker@example.com").await;
}

/// The whole way from a consent to tokens and back, with wrong turns; every secret that was told on it.
async fn consented(server: &Running) -> Vec<String> {
    let admin = Client::admin(server);
    let made = json!({ "name": "App", "redirect_uris": ["https://app.example.com/marker?marker=marker"] });
    let app = admin.administer("oauth-client/create", made).await;
    let (id, secret) = (text(&app["client_id"]), text(&app["client_secret"]));
    let by_hand = json!({ "client_id": id, "scopes": ["ZohoCRM.org.READ"] });
    let by_hand = text(&admin.administer("oauth-client/code", by_hand).await["code"]);
    let asked = format!(
        "response_type=code&client_id={id}&scope=ZohoCRM.org.READ&access_type=offline&state=marker&redirect_uri={}",
        "https%3A%2F%2Fapp.example.com%2Fmarker%3Fmarker%3Dmarker"
    );
    let none = admin.without_token();
    let post = async |path: &str, form: String| none.post(path, FORM, form.as_bytes()).await;
    none.get(&format!("/oauth/v2/auth?{asked}&code_challenge=marker")).await;
    assert_eq!(none.get(&format!("/oauth/v2/auth?{asked}")).await.status, 200);
    post("/oauth/v2/auth", format!("{asked}&email=marker@example.com&secret=marker&decision=accept")).await;
    post("/oauth/v2/auth", format!("{asked}&decision=deny")).await;
    let known = server.credentials().unwrap();
    let signed = format!("{asked}&email={}&secret={}&decision=accept", known.email, known.admin_secret);
    let answer = post("/oauth/v2/auth", signed).await;
    let location = answer.header("location").unwrap();
    let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap().to_owned();
    let client = format!(
        "client_id={id}&client_secret={secret}&redirect_uri=https%3A%2F%2Fapp.example.com%2Fmarker%3Fmarker%3Dmarker"
    );
    let exchange = format!("/oauth/v2/token?grant_type=authorization_code&{client}");
    let tokens = none.send("POST", &format!("{exchange}&code={code}"), &[], b"").await.json();
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    none.send("POST", &format!("{exchange}&code=marker&code_verifier=marker"), &[], b"").await;
    post("/oauth/v2/token", format!("grant_type=refresh_token&client_id={id}&client_secret=marker")).await;
    post("/oauth/v2/token/revoke", "token=marker".to_owned()).await;
    let gone = none.send("POST", &format!("/oauth/v2/token/revoke?token={refresh}"), &[], b"").await;
    assert_eq!(gone.status, 200, "{gone:?}");
    vec![secret, by_hand, code, access, refresh]
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// What concerns a request says which; what concerns a job says which, and at which attempt.
fn check_ids(log: &str, [completed, failed]: [&str; 2]) {
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("a line is one object")).collect();
    let of = |message: &str| {
        let found: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
        assert!(!found.is_empty(), "nothing says `{message}`: {log}");
        found
    };
    for line in ["answered", "a request is refused", "an upload is stored", "a job is queued"].into_iter().flat_map(of)
    {
        assert_eq!(line["span"]["name"], "request", "{line}");
        assert!(line["span"]["id"].as_str().is_some_and(|id| !id.is_empty()), "{line}");
    }
    for (message, job) in [("a job is completed", completed), ("a job has failed", failed)] {
        let line = of(message).into_iter().find(|line| line["span"]["job"] == job).expect("it is said of that job");
        assert_eq!(line["span"]["number"], 1, "{line}");
    }
    assert_eq!(of("a job begins").len(), 3);
    assert!(of("a job is queued").iter().all(|line| line["job"].is_string()));
}
