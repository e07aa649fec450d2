//! Every exchange of `contract/` is answered as it says, in every version that it is held to.

mod compared;
mod given;

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bulkwright_server::{Config, Running, Server, dev};
use bulkwright_store::Error;
use bulkwright_store::failure::FailurePoints;
use bulkwright_wire::exchange::{Exchange, Failing, Request};
use bulkwright_wire::version::Version;

use crate::harness::{Answer, Client, dev_server, on_free_port};
use given::Placeholders;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract");
const UNKNOWN_TOKEN: &str = "1000.0123456789abcdef0123456789abcdef.0123456789abcdef0123456789abcdef";

/// Every file of `contract/` by its path.
fn exchanges() -> Vec<(String, Exchange)> {
    let mut found = Vec::new();
    for directory in fs::read_dir(CONTRACT).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for file in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(CONTRACT).unwrap().display().to_string();
            let text = fs::read_to_string(&file).unwrap();
            let exchange = Exchange::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            found.push((name, exchange));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// What a server is that is not the usual one: its limits, the step of its store that fails, the edition of its
/// organisation, and how often it was asked.
type Kind = (BTreeMap<String, u64>, Option<Failing>, Option<String>, u32);

#[tokio::test]
async fn every_exchange_is_answered_in_every_version_that_it_is_held_to() {
    let mut by_kind: BTreeMap<Kind, Vec<(String, Exchange)>> = BTreeMap::new();
    for (file, exchange) in exchanges() {
        let given = &exchange.given;
        let kind = (given.limits.clone(), given.failing.clone(), given.spent.clone(), given.asked_before);
        by_kind.entry(kind).or_default().push((file, exchange));
    }
    let mut faults = Vec::new();
    for (kind, exchanges) in by_kind {
        let server = server_of(kind).await;
        for (file, exchange) in &exchanges {
            faults.extend(play(&server, file, exchange).await);
        }
        server.stop().await;
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// `dev`, whose store begins to fail once the server is there.
async fn server_of((limits, failing, spent, _): Kind) -> Running {
    let fails = Arc::new(AtomicBool::new(false));
    let mut config = with_limits(Config::dev(), &limits);
    if let Some(failing) = failing {
        let fails = fails.clone();
        config.failure_points = FailurePoints::from_fn(move |point| match point.step {
            step if step != failing.step || !fails.load(Ordering::Relaxed) => Ok(()),
            doing if failing.full_disk => Err(Error::Full { doing }),
            doing => Err(Error::Failed { doing, source: "it fails".into() }),
        });
    }
    let server = Server::start(on_free_port(config)).await.unwrap();
    fails.store(true, Ordering::Relaxed);
    if let Some(edition) = spent {
        given::spend(&server, &edition).await;
    }
    server
}

fn with_limits(mut config: Config, limits: &BTreeMap<String, u64>) -> Config {
    for (name, &value) in limits {
        match name.as_str() {
            "rows_max" => config.limits.rows_max = value,
            "columns_max" => config.limits.columns_max = value as usize,
            "zip_bytes_max" => config.limits.zip_bytes_max = value,
            "result_lifetime_seconds" => config.result_lifetime = Duration::from_secs(value),
            "json_bytes_max" => config.connections.json_bytes_max = value as usize,
            "url_bytes_max" => config.connections.url_bytes_max = value as usize,
            "body_idle_ms_max" => config.connections.body_idle_max = Duration::from_millis(value),
            other => panic!("no exchange is given a limit called {other}"),
        }
    }
    config
}

/// Asks what an exchange asks, in each of its versions; what differs from its answer.
async fn play(server: &Running, file: &str, exchange: &Exchange) -> Vec<String> {
    let client = Client::dev(server);
    let mut faults = Vec::new();
    let versions: Vec<Option<Version>> = match exchange.versions.as_slice() {
        [] => vec![None],
        versions => versions.iter().copied().map(Some).collect(),
    };
    for version in versions {
        let placeholders = given::make(&client, &exchange.given, version).await;
        let client = with_token(server, &client, &exchange.request.token).await;
        for _ in 0..exchange.given.asked_before {
            ask(&client, &exchange.request, version, &placeholders).await;
        }
        let answer = ask(&client, &exchange.request, version, &placeholders).await;
        let told = version.map_or_else(String::new, |version| format!(" in {version}"));
        let expected = placeholders.fill(&exchange.response.body_text().replace("{base}", server.base_url()));
        faults.extend(compared::faults(exchange, &expected, &answer).map(|fault| format!("{file}{told}: {fault}")));
    }
    faults
}

async fn with_token(server: &Running, client: &Client, token: &str) -> Client {
    match token {
        "all" => client.clone(),
        "without-bulk" => client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK),
        "leads" => client.with_scopes(server, &["ZohoCRM.bulk.ALL", "ZohoCRM.modules.leads.ALL"]).await,
        "unknown" => client.with_token(UNKNOWN_TOKEN),
        "none" => client.without_token(),
        other => panic!("there is no token called {other}"),
    }
}

async fn ask(client: &Client, request: &Request, version: Option<Version>, placeholders: &Placeholders) -> Answer {
    let path = placeholders.fill(&version.map_or(request.path.clone(), |version| request.path_in(version)));
    let (content_type, body) = given::body(request, placeholders);
    let mut headers = vec![("Accept-Encoding", "gzip, deflate, br")];
    headers.extend(request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let says_its_type = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    headers.extend(content_type.as_deref().filter(|_| !says_its_type).map(|value| ("Content-Type", value)));
    match request.length {
        None => client.send(&request.method, &path, &headers, &body).await,
        Some(length) => client.send_in_part(&request.method, &path, &headers, &body, length).await,
    }
}

#[tokio::test]
async fn a_token_that_never_ends_says_an_hour_in_the_users_zone() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = bulkwright_server::Clock::system().seconds();
    let answer = client.get(&format!("/crm/bulk/v2.1/write/{}", dev::JOB)).await;
    let reset = answer.header("x-accesstoken-reset").unwrap();
    let seconds = bulkwright_wire::time::parse(reset).unwrap();
    assert!(reset.ends_with("+05:30"), "{reset}");
    assert!((before + 3600..before + 3660).contains(&seconds), "{reset}");
}

#[tokio::test]
async fn without_gzip_the_body_is_plain_and_chunked() {
    let server = dev_server().await;
    let answer = Client::dev(&server).get(&format!("/crm/bulk/v2.1/write/{}", dev::JOB)).await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    assert_eq!(answer.json()["id"], dev::JOB);
}

#[tokio::test]
async fn the_seeded_job_has_a_result_and_its_leads() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let path = format!("/v2/crm/{}/bulk-write/{job}/{job}.zip", dev::ZGID, job = dev::JOB);
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200);
    let csv = crate::harness::csv_in(&answer.body);
    let ended = |status: &str| csv.lines().filter(|line| line.contains(status)).count();
    assert_eq!((csv.lines().count(), ended(",ADDED,"), ended(",SKIPPED,")), (12, 9, 2), "{csv}");
    assert!(csv.contains("MANDATORY_NOT_FOUND-Last_Name") && csv.contains("INVALID_DATA-Mobile"), "{csv}");
    let leads = client.get("/crm/v8/Leads?fields=Last_Name,Mobile,Owner,Created_Time&sort_order=asc").await.json();
    let names: Vec<_> = leads["data"].as_array().unwrap().iter().map(|lead| lead["Last_Name"].clone()).collect();
    assert_eq!(names.len(), 9);
    assert_eq!(names[5], "O'Neil, Jr.".to_owned().as_str());
    assert_eq!(leads["data"][0]["Owner"]["name"], "Patricia Boyle");
    assert_eq!(leads["data"][0]["Created_Time"], "2021-05-11T12:38:29+05:30");
}
