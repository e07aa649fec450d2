//! Organisations, users, OAuth clients and tokens: what is made opens what it says, and what is revoked opens nothing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulkwright_server::{Clock, Config, Running, Server};
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, SecretHash, TokenKind};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use bulkwright_wire::scope::EVERYTHING;
use serde_json::{Value, json};

use crate::harness::{Client, job_of, on_free_port, server_over};

const NOW_MS: i64 = 1_795_000_000_000;
const BULK: &str = "ZohoCRM.bulk.ALL";

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// What the token endpoint answers for the secrets of something that was made.
async fn exchanged(server: &Running, made: &Value) -> Value {
    let form = format!(
        "grant_type=refresh_token&client_id={}&client_secret={}&refresh_token={}",
        text(made, "client_id"),
        text(made, "client_secret"),
        text(made, "refresh_token")
    );
    let client = Client::admin(server).without_token();
    client.post("/oauth/v2/token", "application/x-www-form-urlencoded", form.as_bytes()).await.json()
}

fn is_refused(answer: &crate::harness::Answer) -> bool {
    answer.code() == (401, "INVALID_TOKEN".to_owned())
}

#[tokio::test]
async fn an_organisation_is_made_with_all_that_opens_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let admin = Client::admin(&server);
    let asked = json!({ "name": "Acme", "time_zone": "europe/berlin", "edition": "professional", "zgid": "4711" });
    let made = admin.administer("org/create", asked).await;
    assert_eq!([text(&made, "zgid"), text(&made, "time_zone")], ["4711", "Europe/Berlin"]);
    assert_eq!([text(&made, "edition"), text(&made, "base_url")], ["Professional", server.base_url()]);
    let token = exchanged(&server, &made).await;
    assert_eq!(text(&token, "scope").split(' ').collect::<Vec<_>>(), EVERYTHING);
    let client = Client { org: "4711".to_owned(), ..admin.with_token(text(&token, "access_token")) };
    let ended = client.load("Last_Name\nNg\n", "insert", None).await;
    assert_eq!((&ended["status"], &ended["created_by"]["id"]), (&json!("COMPLETED"), &made["user_id"]));
    let shown = admin.administer("webhook-secret", json!({ "org": "4711" })).await;
    assert_eq!(shown["secrets"], json!([made["webhook_secret"]]));

    let secrets = ["sign_in_secret", "client_secret", "refresh_token"].map(|key| text(&made, key).to_owned());
    for list in ["org/list", "user/list", "oauth-client/list", "token/list"] {
        let listed = admin.administer(list, json!({})).await.to_string();
        assert!(listed.contains("4711"), "{listed}");
        secrets.iter().for_each(|secret| assert!(!listed.contains(secret), "{list}: {listed}"));
    }
    server.stop().await;
    for file in ["control.db", "records.db"] {
        let bytes = std::fs::read(directory.path().join(file)).unwrap();
        let holds = |secret: &String| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!secrets.iter().any(holds), "{file} holds a secret as it is");
    }
}

#[tokio::test]
async fn an_organisation_is_changed_where_it_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, own) = (Client::admin(&server), Client::fresh(&server).await);
    let changed = admin.administer("org/update", json!({ "edition": "Ultimate", "name": "New" })).await;
    assert_eq!(changed["org"]["edition"], "Ultimate");
    let shown = own.get("/crm/v8/org").await.json();
    assert_eq!(shown["org"][0]["company_name"], "New");
    let changed =
        admin.administer("org/update", json!({ "edition": "none", "time_zone": "+05:30" })).await["org"].clone();
    assert_eq!(
        (&changed["edition"], &changed["time_zone"], &changed["name"]),
        (&Value::Null, &json!("+05:30"), &json!("New"))
    );
}

#[tokio::test]
async fn users_are_made_and_revoked_and_keep_their_name() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, first) = (Client::admin(&server), Client::fresh(&server).await);
    let made = admin.administer("user/create", json!({ "name": "Ann Ng", "email": "Ann@example.com" })).await;
    let ann = text(&made, "user_id");
    let token = admin.administer("token/create", json!({ "scopes": EVERYTHING, "user": ann })).await;
    let client = first.with_token(text(&token, "token"));
    let job = client.load("Last_Name,Email\nNg,ng@example.com\n", "insert", None).await;
    assert_eq!(job["created_by"], json!({ "id": ann, "name": "Ann Ng" }));
    let gone = admin.administer("user/revoke", json!({ "user": ann })).await;
    assert_eq!((&gone["tokens"], gone["user"]["revoked_time"].is_string()), (&json!(1), true));
    assert!(is_refused(&client.get("/crm/v8/org").await));
    assert_eq!(first.details(text(&job, "id")).await["created_by"]["name"], "Ann Ng");
    assert_eq!(first.found("ng@example.com").await[0]["Created_By"]["name"], "Ann Ng");
    let of = async |kind: &str| {
        let answer = first.get(&format!("/crm/v8/users?type={kind}")).await.json();
        let users = answer["users"].as_array().unwrap().clone();
        users.iter().map(|user| format!("{} {}", text(user, "id") == ann, text(user, "status"))).collect::<Vec<_>>()
    };
    assert_eq!(of("AllUsers").await, ["false active", "true disabled"]);
    assert_eq!(of("ActiveUsers").await, ["false active"]);
    assert_eq!(of("DeactiveUsers").await, ["true disabled"]);
}

#[tokio::test]
async fn an_oauth_client_goes_with_its_tokens() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, first) = (Client::admin(&server), Client::fresh(&server).await);
    let asked = json!({ "name": "Nightly", "redirect_uris": ["https://a.example/"], "refresh_token_scopes": [BULK] });
    let made = admin.administer("oauth-client/create", asked).await;
    let token = exchanged(&server, &made).await;
    assert_eq!(text(&token, "scope"), BULK);
    let client = first.with_token(text(&token, "access_token"));
    assert_eq!(client.get("/_bulkwright/jobs").await.status, 200);
    let gone = admin.administer("oauth-client/revoke", json!({ "client_id": made["client_id"] })).await;
    assert_eq!((&gone["tokens"], &gone["oauth_client"]["name"]), (&json!(2), &json!("Nightly")));
    assert!(is_refused(&client.get("/_bulkwright/jobs").await));
    assert_eq!(exchanged(&server, &made).await, json!({ "error": "invalid_client" }));
    assert_eq!(first.get("/crm/v8/org").await.status, 200, "others go on");
}

#[tokio::test]
async fn tokens_live_as_long_as_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let now = Arc::new(AtomicI64::new(NOW_MS));
    let clock = now.clone();
    let clock = Clock::from_fn(move || clock.load(Ordering::SeqCst));
    let config = Config { clock, ..Config::serve(directory.path().to_owned()) };
    let server = Server::start(on_free_port(config)).await.unwrap();
    let admin = Client::admin(&server);
    let mut lives = Vec::new();
    for lifetime in [json!({ "expires_in_seconds": 1 }), json!({}), json!({ "never_expires": true })] {
        let mut asked = json!({ "scopes": [BULK] });
        asked.as_object_mut().unwrap().extend(lifetime.as_object().unwrap().clone());
        let made = admin.administer("token/create", asked).await;
        lives.push(admin.with_token(text(&made, "token")));
    }
    for (passed, expected) in [(0, [true, true, true]), (1, [false, true, true]), (3600, [false, false, true])] {
        now.store(NOW_MS + passed * 1000, Ordering::SeqCst);
        for (client, expected) in lives.iter().zip(expected) {
            let answer = client.get("/_bulkwright/jobs").await;
            assert_eq!((answer.status == 200, is_refused(&answer)), (expected, !expected), "after {passed} s");
        }
    }
    let listed = admin.administer("token/list", json!({})).await;
    let ends = |token: &Value| (token["expires_time"].as_str().map(str::to_owned), token["expired"] == true);
    let access = listed["tokens"].as_array().unwrap().iter().filter(|token| token["kind"] == "access");
    let mut access: Vec<_> = access.map(ends).collect();
    access.sort();
    let time = |text: &str| Some(text.to_owned());
    assert_eq!(
        access,
        [(None, false), (time("2026-11-18T11:06:41+00:00"), true), (time("2026-11-18T12:06:40+00:00"), true)]
    );
}

#[tokio::test]
async fn a_refresh_token_takes_along_what_came_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, other) = (Client::admin(&server), Client::fresh(&server).await);
    let made = admin.administer("token/create", json!({ "scopes": [BULK], "kind": "refresh" })).await;
    let known = serde_json::to_value(server.credentials().unwrap()).unwrap();
    let mut secrets = known.clone();
    secrets["refresh_token"] = made["token"].clone();
    let access = exchanged(&server, &secrets).await;
    let client = other.with_token(text(&access, "access_token"));
    assert_eq!(client.get("/_bulkwright/jobs").await.status, 200);
    let listed = admin.administer("token/list", json!({ "org": other.org })).await;
    let came = listed["tokens"].as_array().unwrap().iter().filter(|token| token["refresh_token_id"] == made["id"]);
    assert_eq!(came.count(), 1);
    let gone = admin.administer("token/revoke", json!({ "id": made["id"] })).await;
    assert_eq!((&gone["token"]["id"], &gone["access_tokens"]), (&made["id"], &json!(1)));
    assert!(is_refused(&client.get("/_bulkwright/jobs").await));
    assert_eq!(exchanged(&server, &secrets).await, json!({ "error": "invalid_code" }));
    // By the token itself, as somebody has it who found it.
    assert_eq!(other.get("/crm/v8/org").await.status, 200);
    admin.administer("token/revoke", json!({ "token": other.token })).await;
    assert!(is_refused(&other.get("/crm/v8/org").await));
}

/// Gives a user of an organisation another token behind the server's back.
async fn left_behind(directory: &Path, zgid: &str, user: usize, token: &str) {
    let store = SqliteStore::open(directory, &OpenOptions::default()).unwrap();
    let org = zgid.parse().unwrap();
    let user = store.users(org).await.unwrap().remove(user);
    let grant = Grant {
        org,
        user: user.id,
        client_id: "1000.X".into(),
        scopes: EVERYTHING.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: None,
        issued_at: None,
        parent: None,
    };
    store.add_token(TokenKind::Access, SecretHash::of(token), &grant).await.unwrap();
}

#[tokio::test]
async fn a_mark_closes_what_a_token_would_open() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, own) = (Client::admin(&server), Client::fresh(&server).await);
    let stranger = Client::stranger(&server).await;
    let made = admin.administer("user/create", json!({ "org": own.org, "name": "Ann", "email": "a@x.com" })).await;
    admin.administer("user/revoke", json!({ "user": made["user_id"] })).await;
    admin.administer("org/revoke", json!({ "org": stranger.org })).await;
    server.stop().await;
    left_behind(directory.path(), &own.org, 0, "1000.living").await;
    left_behind(directory.path(), &own.org, 1, "1000.of-a-user").await;
    left_behind(directory.path(), &stranger.org, 0, "1000.of-an-org").await;
    let server = server_over(directory.path()).await;
    let client = Client::admin(&server);
    assert_eq!(client.with_token("1000.living").get("/crm/v8/org").await.status, 200);
    for token in ["1000.of-a-user", "1000.of-an-org"] {
        let closed = client.with_token(token);
        for path in ["/crm/v8/org", "/crm/v8/Leads?fields=id", "/_bulkwright/jobs"] {
            assert!(is_refused(&closed.get(path).await), "{token} {path}");
        }
    }
}

#[tokio::test]
async fn jobs_of_a_revoked_organisation_end_as_ever() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, own, stranger) =
        (Client::admin(&server), Client::fresh(&server).await, Client::stranger(&server).await);
    let rows: String = (0..20_000).map(|row| format!("Name {row},lead{row}@example.com\n")).collect();
    let file = stranger.upload_csv(&format!("Last_Name,Email\n{rows}")).await;
    let job = stranger.create(&job_of(&file, "insert", None)).await;
    let gone = admin.administer("org/revoke", json!({ "org": stranger.org })).await;
    assert_eq!((&gone["tokens"], &gone["oauth_clients"]), (&json!(2), &json!(1)));
    assert!(is_refused(&stranger.get("/crm/v8/org").await));
    let ended = admin.get(&format!("/_bulkwright/jobs/{job}/wait?timeout=2m")).await.json();
    assert_eq!((&ended["status"], &ended["counts"]["added"]), (&json!("COMPLETED"), &json!(20_000)));
    assert_eq!(own.load("Last_Name\nNg\n", "insert", None).await["status"], "COMPLETED", "others go on");
    let listed = admin.administer("org/list", json!({})).await;
    let revoked: Vec<bool> =
        listed["orgs"].as_array().unwrap().iter().map(|org| org["revoked_time"].is_string()).collect();
    assert_eq!(revoked, [false, true]);
}

#[tokio::test]
async fn nothing_makes_again_what_was_revoked() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let known = serde_json::to_value(server.credentials().unwrap()).unwrap();
    let admin = Client::admin(&server);
    admin.administer("oauth-client/revoke", json!({ "client_id": known["client_id"] })).await;
    server.stop().await;
    let server = server_over(directory.path()).await;
    assert_eq!(exchanged(&server, &known).await, json!({ "error": "invalid_client" }));
    let admin = Client::admin(&server);
    assert_eq!(admin.administer("oauth-client/list", json!({})).await["oauth_clients"], json!([]));
    admin.administer("oauth-client/create", json!({ "name": "Next" })).await;
    let next = admin.with_scopes(&server, &[BULK]).await;
    assert_eq!(next.get("/_bulkwright/jobs").await.status, 200);
}

#[tokio::test]
async fn every_mistake_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (admin, own) = (Client::admin(&server), Client::fresh(&server).await);
    let stranger = Client::stranger(&server).await;
    let known = serde_json::to_value(server.credentials().unwrap()).unwrap();
    let revoked = admin.administer("org/create", json!({ "name": "Gone" })).await;
    admin.administer("org/revoke", json!({ "org": revoked["zgid"] })).await;
    let user = admin.administer("user/create", json!({ "org": own.org, "name": "A", "email": "a@x.com" })).await;
    admin.administer("user/revoke", json!({ "user": user["user_id"] })).await;
    let strangers = admin.administer("user/list", json!({ "org": stranger.org })).await;
    let stranger_user = &strangers["users"][0]["user_id"];
    let (unknown, unusable, refused) = ("RESOURCE_NOT_FOUND", "INVALID_DATA", "INVALID_REQUEST");
    let check = async |what: &str, body: Value, code: &str, expected: &str| {
        let answer = admin.post_json(&format!("/_bulkwright/admin/{what}"), &body).await;
        assert_eq!(answer.code(), (400, code.to_owned()), "{what} {body}: {answer:?}");
        assert!(answer.text().contains(expected), "{what} {body}: {}", answer.text());
    };
    let own_org = own.org.as_str();
    check("org/create", json!({}), refused, "missing field `name`").await;
    check("org/create", json!({ "name": "A", "zone": "UTC" }), refused, "unknown field `zone`").await;
    check("org/create", json!({ "name": "A", "time_zone": "Berlin" }), unusable, "did you mean Europe/Berlin?").await;
    check("org/create", json!({ "name": "A", "edition": "Pro" }), unusable, "Free, Standard, Professional").await;
    check("org/create", json!({ "name": "A", "zgid": "x" }), unusable, "give digits like 694902309").await;
    check("org/create", json!({ "name": "A", "zgid": own_org }), refused, "is there already").await;
    check("org/create", json!({ "name": " " }), unusable, "one line of 1 to 255 characters").await;
    check("org/revoke", json!({ "org": revoked["zgid"] }), refused, "is revoked since").await;
    check("org/update", json!({ "name": "A" }), unusable, "say which one with --org; known: ").await;
    check("user/create", json!({ "org": "5", "name": "A", "email": "a@b" }), unknown, &format!("known: {own_org}"))
        .await;
    check(
        "user/create",
        json!({ "org": own_org, "name": "A", "email": "A@x.com" }),
        refused,
        "who is revoked; give another",
    )
    .await;
    check("user/create", json!({ "org": own_org, "name": "A", "email": "a" }), unusable, "name@example.com").await;
    check("user/revoke", json!({ "user": "1" }), unknown, "there is no user 1; known: ").await;
    check("user/revoke", json!({ "user": user["user_id"] }), refused, "is revoked already, since").await;
    check("user/revoke", json!({ "user": known["user_id"] }), refused, "bulkwright user create").await;
    check("oauth-client/revoke", json!({ "client_id": "1000.X" }), unknown, text(&known, "client_id")).await;
    let uris = json!({ "org": own_org, "name": "A", "redirect_uris": ["javascript:alert(1)"] });
    check("oauth-client/create", uris, unusable, "https://app.example.com/callback").await;
    let token = |more: Value| {
        let mut asked = json!({ "org": own_org, "scopes": [BULK] });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    check("token/create", token(json!({ "scopes": ["ZohoCRM.bulk.AL"] })), unusable, "did you mean ZohoCRM.bulk.ALL?")
        .await;
    check("token/create", token(json!({ "scopes": [] })), unusable, "--scope").await;
    check("token/create", token(json!({ "expires_in_seconds": 0 })), unusable, "from 1s to 100 years").await;
    check("token/create", token(json!({ "expires_in_seconds": 1, "never_expires": true })), unusable, "one of the two")
        .await;
    check("token/create", token(json!({ "user": stranger_user })), unknown, "who is not revoked; known: ").await;
    check("token/create", token(json!({ "user": user["user_id"] })), unknown, "who is not revoked; known: ").await;
    check("token/create", token(json!({ "client_id": "1000.X" })), unknown, "has no OAuth client 1000.X; known: ")
        .await;
    admin.administer("oauth-client/create", json!({ "org": own_org, "name": "Second" })).await;
    check("token/create", token(json!({})), unusable, "say which one with --client-id; known: ").await;
    check("token/revoke", json!({}), unusable, "give the id of a token").await;
    check("token/revoke", json!({ "id": "0123456789abcdef" }), unknown, "or it is revoked already").await;
    let secret = own.token.as_deref().unwrap();
    let answer = admin.post_json("/_bulkwright/admin/token/revoke", &json!({ "id": secret })).await;
    assert_eq!(answer.code().1, unusable);
    assert!(answer.text().contains("token revoke -") && !answer.text().contains(secret), "{}", answer.text());
}
