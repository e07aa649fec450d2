//! What is there before an exchange, and what it sends.

use std::io::{Cursor, Write};

use bulkwright_server::{Running, dev};
use bulkwright_wire::exchange::{Content, Given, GivenCode, Request, Zip};
use bulkwright_wire::version::Version;
use serde_json::{Value, json};
use url::form_urlencoded;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::harness::{Client, form_of, job_of};

/// Jobs that use up the credits of the smallest edition, and one more.
const JOBS_MAX: usize = 10 + 1;
const FORM: &str = "application/x-www-form-urlencoded";
const BOUNDARY: &str = "------------------------7c41e08c2f3b9d65";

/// What stands for ids that are known only now: `{leads.zip}`, `{job}`.
#[derive(Default)]
pub(super) struct Placeholders(Vec<(String, String)>);

impl Placeholders {
    pub(super) fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, id)| text.replace(&format!("{{{name}}}"), id))
    }
}

/// Makes what an exchange is given.
pub(super) async fn make(client: &Client, given: &Given, version: Option<Version>) -> Placeholders {
    let mut placeholders = Placeholders::default();
    let version = version.unwrap_or(Version::V8);
    for (name, zip) in &given.uploads {
        let headers = [("feature", "bulk-write"), ("X-CRM-ORG", client.org.as_str())];
        let answer = client.upload_with(version.as_str(), &headers, &form_of("file", &zipped(zip))).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let id = answer.json()["details"]["file_id"].as_str().unwrap().to_owned();
        placeholders.0.push((name.clone(), id));
    }
    if let Some(job) = &given.job {
        let body = placeholders.fill(&job.to_string());
        let answer = client.post(&format!("/crm/bulk/{version}/write"), "application/json", body.as_bytes()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.json()["details"]["id"].as_str().unwrap().to_owned();
        match &given.until {
            None => drop(client.ended(&id).await),
            Some(status) => client.is_in(&id, status).await,
        }
        placeholders.0.push(("job".to_owned(), id));
    }
    if let Some(code) = &given.code {
        placeholders.0.extend(codes(client, code).await);
    }
    placeholders
}

/// Gives the organisation an edition and uses its credits up, as far as jobs cost them.
pub(super) async fn spend(server: &Running, edition: &str) {
    let client = Client::dev(server);
    let change = json!({ "org": client.org, "edition": edition });
    Client::admin(server).administer("org/update", change).await;
    let body = job_of(&client.upload_csv("Last_Name\nNg\n").await, "insert", None);
    for _ in 0..JOBS_MAX {
        if client.post_json("/crm/bulk/v8/write", &body).await.status != 201 {
            return;
        }
    }
    panic!("{edition} has credits for more than {JOBS_MAX} jobs");
}

/// A code, and the refresh token that another one like it was exchanged for if it was taken by hand.
async fn codes(client: &Client, given: &GivenCode) -> Vec<(String, String)> {
    let Some(redirect_uri) = &given.redirect_uri else {
        let spent = by_hand(client, &given.scopes).await;
        let form = format!("{}&grant_type=authorization_code&code={spent}", client_parameters());
        let tokens = client.without_token().post("/oauth/v2/token", FORM, form.as_bytes()).await.json();
        let refresh_token = tokens["refresh_token"].as_str().unwrap().to_owned();
        let code = by_hand(client, &given.scopes).await;
        return vec![("code".to_owned(), code), ("code-refresh-token".to_owned(), refresh_token)];
    };
    let said = [
        ("response_type", "code"),
        ("client_id", dev::CLIENT_ID),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", &given.scopes),
        ("email", dev::EMAIL),
        ("secret", dev::ADMIN_SECRET),
        ("decision", "accept"),
    ];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish();
    let answer = client.without_token().post("/oauth/v2/auth", FORM, form.as_bytes()).await;
    let location = answer.header("location").unwrap_or_else(|| panic!("{answer:?}"));
    let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).unwrap();
    vec![("code".to_owned(), code.to_owned())]
}

async fn by_hand(client: &Client, scopes: &str) -> String {
    let scopes: Vec<&str> = scopes.split(',').collect();
    let admin = client.with_token(dev::ADMIN_SECRET);
    let made = admin.post_json("/_bulkwright/admin/oauth-client/code", &json!({ "scopes": scopes })).await;
    made.json()["code"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned()
}

fn client_parameters() -> String {
    format!("client_id={}&client_secret={}", dev::CLIENT_ID, dev::CLIENT_SECRET)
}

/// The body of a request, and its type if it has one of its own.
pub(super) fn body(request: &Request, placeholders: &Placeholders) -> (Option<String>, Vec<u8>) {
    if !request.form.is_empty() {
        return (Some(format!("multipart/form-data; boundary={BOUNDARY}")), form(request));
    }
    let text = placeholders.fill(&request.body_text());
    let is_json = !matches!(request.body, Value::Null | Value::String(_));
    (is_json.then(|| "application/json".to_owned()), text.into_bytes())
}

fn form(request: &Request) -> Vec<u8> {
    let mut form = Vec::new();
    for part in &request.form {
        let file_name = part.file_name.as_ref().map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let disposition = format!("Content-Disposition: form-data; name=\"{}\"{file_name}", part.name);
        form.extend_from_slice(format!("--{BOUNDARY}\r\n{disposition}\r\n\r\n").as_bytes());
        match &part.content {
            Content::Zip(zip) => form.extend_from_slice(&zipped(zip)),
            Content::Text(text) => form.extend_from_slice(text.as_bytes()),
            Content::Bytes(count) => form.resize(form.len() + count, 0),
        }
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    form
}

fn zipped(files: &Zip) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_str().unwrap().as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
