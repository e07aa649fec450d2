//! The whole header set of each layer: nothing more than the wire shows and nothing less, but for what is ours.

use std::collections::BTreeMap;

use bulkwright_server::dev;
use bulkwright_wire::time;

use crate::harness::{Answer, Client, dev_server, form_of, job_of, zip_of};

/// Stands for a value of the moment; what it has to be is checked by name.
const OF_THE_MOMENT: &str = "*";

type Headers = &'static [(&'static str, &'static str)];

/// Contract 2.1: URL and method are judged before authentication (job-details/invalid-url-pattern.json).
const GATEWAY: Headers = &[
    ("server", "ZGS"),
    ("date", OF_THE_MOMENT),
    ("content-type", "application/json;charset=utf-8"),
    ("content-length", OF_THE_MOMENT),
    ("connection", "keep-alive"),
    ("x-frame-options", "deny"),
    ("x-download-options", "noopen"),
    ("x-content-type-options", "nosniff"),
];
/// Contract 2.1 (job-details/authentication-failure.json).
const ACCESS: Headers = &[
    ("server", "ZGS"),
    ("date", OF_THE_MOMENT),
    ("content-type", "application/json;charset=utf-8"),
    ("content-length", OF_THE_MOMENT),
    ("connection", "keep-alive"),
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-download-options", "noopen"),
];
/// Contract 2.1 (job-details/resource-not-found.json).
const APPLICATION_ERROR: Headers = &[
    ("server", "ZGS"),
    ("date", OF_THE_MOMENT),
    ("content-type", "application/json"),
    ("transfer-encoding", "chunked"),
    ("connection", "keep-alive"),
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-accesstoken-reset", OF_THE_MOMENT),
    ("vary", "accept-encoding"),
    ("content-encoding", "gzip"),
];
/// Contract 1.5 (job-details/success.json): an error's and one more.
const APPLICATION_SUCCESS: Headers = &[("strict-transport-security", "max-age=63072000")];
/// Nobody recorded a download: a success that is not packed, and what SDKs need (sdk-needs 6).
const DOWNLOAD: Headers = &[
    ("server", "ZGS"),
    ("date", OF_THE_MOMENT),
    ("content-type", "application/zip"),
    ("content-length", OF_THE_MOMENT),
    ("content-disposition", OF_THE_MOMENT),
    ("connection", "keep-alive"),
    ("referrer-policy", "strict-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-xss-protection", "1; mode=block"),
    ("pragma", "no-cache"),
    ("cache-control", "no-cache"),
    ("expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-accesstoken-reset", OF_THE_MOMENT),
    ("strict-transport-security", "max-age=63072000"),
];

fn success() -> Vec<(&'static str, &'static str)> {
    [APPLICATION_ERROR, APPLICATION_SUCCESS].concat()
}

fn without(headers: &[(&'static str, &'static str)], names: &[&str]) -> Vec<(&'static str, &'static str)> {
    headers.iter().copied().filter(|(name, _)| !names.contains(name)).collect()
}

/// Compares every header but those of ours, each of which has to be known too.
fn check(what: &str, answer: &Answer, expected: &[(&str, &str)]) {
    let mut found = BTreeMap::new();
    for (name, value) in &answer.headers {
        let name = name.to_lowercase();
        if name.starts_with("bulkwright-") {
            assert!(["bulkwright-request-id", "bulkwright-hint"].contains(&name.as_str()), "{what}: {name}");
            continue;
        }
        assert_eq!(found.insert(name.clone(), value.clone()), None, "{what}: {name} stands there twice");
    }
    let of_the_moment = |name: &str, value: &str| if value == OF_THE_MOMENT { found.get(name).cloned() } else { None };
    let expected: BTreeMap<String, String> = expected
        .iter()
        .map(|(name, value)| ((*name).to_owned(), of_the_moment(name, value).unwrap_or_else(|| (*value).to_owned())))
        .collect();
    assert_eq!(found, expected, "{what}");
    check_moments(what, answer);
}

fn check_moments(what: &str, answer: &Answer) {
    let date = answer.header("date").unwrap_or_default();
    assert!(jiff::fmt::rfc2822::parse(date).is_ok() && date.ends_with(" GMT"), "{what}: {date}");
    assert!(answer.header("bulkwright-request-id").is_some_and(|id| !id.is_empty()), "{what}");
    if let Some(reset) = answer.header("x-accesstoken-reset") {
        assert!(time::parse(reset).is_ok() && reset.ends_with("+05:30"), "{what}: {reset}");
    }
    if let Some(length) = answer.header("content-length") {
        assert_eq!(length, answer.body.len().to_string(), "{what}");
    }
}

#[tokio::test]
async fn each_layer_has_its_whole_set() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let gzip = ("Accept-Encoding", "gzip");
    let asked = async |client: &Client, method: &str, path: &str| client.send(method, path, &[gzip], b"").await;
    let job = format!("/crm/bulk/v8/write/{}", dev::JOB);
    for (path, method) in [("/crm/bulk/v8/writ", "GET"), (job.as_str(), "PUT"), ("/_bulkwright/nothing", "GET")] {
        check(path, &asked(&client, method, path).await, GATEWAY);
    }
    let without_bulk = client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK);
    for client in [client.without_token(), client.with_token("1000.x"), without_bulk] {
        check("access", &asked(&client, "GET", &job).await, ACCESS);
    }
    check("an error", &asked(&client, "GET", "/crm/bulk/v8/write/1").await, APPLICATION_ERROR);
    check("a success", &asked(&client, "GET", &job).await, &success());
    check("metadata", &asked(&client, "GET", "/crm/v8/org").await, &success());
    let zip = format!("/v2/crm/{}/bulk-write/{1}/{1}.zip", dev::ZGID, dev::JOB);
    check("a download", &asked(&client, "GET", &zip).await, DOWNLOAD);
    check("no result", &asked(&client, "GET", &zip.replace(dev::JOB, "1")).await, APPLICATION_ERROR);
    check("not packed", &client.get(&job).await, &without(&success(), &["content-encoding"]));
    let nothing = asked(&client, "GET", "/crm/v8/Contacts?fields=id").await;
    let of_no_body = ["content-type", "content-encoding", "transfer-encoding"];
    check("nothing to show", &nothing, &without(&success(), &of_no_body));
}

#[tokio::test]
async fn an_upload_and_a_create_have_the_set_of_the_application() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let plain = |headers: &[(&'static str, &'static str)]| without(headers, &["content-encoding"]);
    let upload = client.upload(&zip_of(&[("a.csv", "Last_Name\nNg\n")])).await;
    check("an upload", &upload, &plain(&success()));
    let file = upload.json()["details"]["file_id"].as_str().unwrap().to_owned();
    let create = async |file: &str| client.post_json("/crm/bulk/v8/write", &job_of(file, "insert", None)).await;
    let created = create(&file).await;
    assert_eq!(created.status, 201);
    check("a create", &created, &plain(&success()));
    check("a refused create", &create("1").await, &plain(APPLICATION_ERROR));
    check("a refused upload", &client.upload(b"no zip").await, &plain(APPLICATION_ERROR));
    let no_org = client.upload_with("v8", &[("feature", "bulk-write")], &form_of("file", b"")).await;
    check("an upload without its headers", &no_org, &plain(APPLICATION_ERROR));
}

/// No token was presented, so none ends; nobody recorded what else there is.
#[tokio::test]
async fn the_token_endpoint_has_a_success_without_a_reset() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let form = format!(
        "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
        dev::CLIENT_ID,
        dev::CLIENT_SECRET,
        dev::REFRESH_TOKEN
    );
    let expected = without(&success(), &["content-encoding", "x-accesstoken-reset"]);
    for form in [form.as_str(), "grant_type=refresh_token"] {
        let answer = client.post("/oauth/v2/token", "application/x-www-form-urlencoded", form.as_bytes()).await;
        assert_eq!(answer.status, 200);
        check("a token", &answer, &expected);
    }
    check("another method", &client.get("/oauth/v2/token").await, GATEWAY);
}
