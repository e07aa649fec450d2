//! Every endpoint with every scope: the one opens the other where the table says so, and nowhere else.

use std::path::Path;

use bulkwright_server::Running;
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, SecretHash, TokenKind};
use bulkwright_wire::path::{ENDPOINTS, Endpoint};
use bulkwright_wire::scope::every_known;

use super::world::open;
use crate::harness::{Client, job_of, server_over};

/// What each endpoint is opened by, by hand: an endpoint that is not here fails the test. A second list is needed beside
/// the first where there is one.
const OPENED_BY: &[(Endpoint, &[&str], &[&str])] = &[
    (Endpoint::Upload, &["ZohoFiles.files.ALL", "ZohoFiles.files.CREATE"], &[]),
    (
        Endpoint::CreateJob,
        BULK,
        &["ZohoCRM.modules.ALL", "ZohoCRM.modules.CREATE", "ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.CREATE"],
    ),
    (Endpoint::JobDetails, BULK, &[]),
    (Endpoint::Download, BULK, &[]),
    (Endpoint::Org, &["ZohoCRM.org.ALL", "ZohoCRM.org.READ"], &[]),
    (Endpoint::Users, &["ZohoCRM.users.ALL", "ZohoCRM.users.READ"], &[]),
    (
        Endpoint::Modules,
        &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.modules.ALL",
            "ZohoCRM.settings.modules.READ",
        ],
        &[],
    ),
    (
        Endpoint::Fields,
        &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.fields.ALL",
            "ZohoCRM.settings.fields.READ",
        ],
        &[],
    ),
    (Endpoint::Records, READ_LEADS, &[]),
    (Endpoint::Search, READ_LEADS, &[]),
    (Endpoint::Record, READ_LEADS, &[]),
    (Endpoint::Profile, &["aaaserver.profile.READ"], &[]),
];

const BULK: &[&str] = &["ZohoCRM.bulk.ALL", "ZohoCRM.bulk.CREATE"];
const READ_LEADS: &[&str] =
    &["ZohoCRM.modules.ALL", "ZohoCRM.modules.READ", "ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.READ"];
/// They need no token.
const OPEN: &[Endpoint] = &[Endpoint::Authorize, Endpoint::Consent, Endpoint::Token, Endpoint::Revoke];

/// A server that knows a token for each of the lists of scopes; the tokens are `1000.0`, `1000.1` and so on.
async fn with_tokens(directory: &Path, scopes: &[Vec<String>]) -> Running {
    server_over(directory).await.stop().await;
    {
        let store = open(directory).await;
        let org = store.orgs().await.unwrap().remove(0).id;
        let user = store.users(org).await.unwrap().remove(0).id;
        for (number, scopes) in scopes.iter().enumerate() {
            let grant = Grant {
                org,
                user,
                client_id: "1000.X".to_owned(),
                scopes: scopes.clone(),
                expires_at: None,
                issued_at: None,
                parent: None,
            };
            let hash = SecretHash::of(&format!("1000.{number}"));
            store.add_token(TokenKind::Access, hash, &grant).await.unwrap();
        }
    }
    server_over(directory).await
}

fn rule(endpoint: Endpoint) -> (&'static [&'static str], &'static [&'static str]) {
    let found = OPENED_BY.iter().find(|(known, _, _)| *known == endpoint);
    let (_, first, second) = found.unwrap_or_else(|| panic!("{endpoint:?} has no row in this test's table"));
    (first, second)
}

async fn is_opened(client: &Client, method: &str, path: &str) -> bool {
    let body = if path.ends_with("/write") { job_of("1", "insert", None).to_string() } else { String::new() };
    let answer = client.send(method, path, &[("Content-Type", "application/json")], body.as_bytes()).await;
    assert!(answer.status < 500, "{answer:?}");
    let is_mismatch = answer.status == 401;
    if is_mismatch {
        assert_eq!(answer.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()), "{path}");
    }
    !is_mismatch
}

#[tokio::test]
async fn each_endpoint_is_opened_by_its_scopes_and_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let scopes: Vec<String> = every_known().collect();
    assert!(scopes.len() > 100, "{scopes:?}");
    let (one, leads, bulk) = (scopes.iter(), "ZohoCRM.modules.leads.CREATE", "ZohoCRM.bulk.CREATE");
    // Each alone, then with what a creation needs beside it.
    let alone = one.clone().map(|scope| vec![scope.clone()]);
    let beside = |other: &'static str| one.clone().map(move |scope| vec![scope.clone(), other.to_owned()]);
    let lists: Vec<_> = alone.chain(beside(leads)).chain(beside(bulk)).collect();
    let server = with_tokens(directory.path(), &lists).await;
    let client = Client { addr: server.addr(), token: None, org: String::new() };
    for row in ENDPOINTS.iter().filter(|row| !OPEN.contains(&row.endpoint)) {
        let path = row.template.replace("{version}", "v8").replace("{module}", "Leads");
        let path =
            path.replace("{org}", "1").replace("{job_id}", "1").replace("{file}", "1.zip").replace("{record_id}", "1");
        let (first, second) = rule(row.endpoint);
        let needs_two = !second.is_empty();
        for (number, list) in lists.iter().enumerate() {
            if list.len() == 2 && !needs_two {
                break;
            }
            let has = |needed: &[&str]| list.iter().any(|scope| needed.contains(&scope.as_str()));
            let expected = has(first) && (!needs_two || has(second));
            let client = client.with_token(&format!("1000.{number}"));
            assert_eq!(is_opened(&client, row.method, &path).await, expected, "{} {path} with {list:?}", row.method);
        }
    }
}
