//! Codes: what they are exchanged for, once, in time, by whom they were given to.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::world::{
    APP, APP_SECRET, OTHER_APP, OTHER_ORG, PAT, PATS_SECRET, World, asking, but, exchanging, refreshing, sent_back,
    text, value,
};
use crate::harness::Answer;

type Parameters<'a> = &'a [(&'a str, &'a str)];

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn refused(answer: &Answer, expected: &str) {
    assert_eq!((answer.status, answer.text()), (200, format!("{{\"error\":\"{expected}\"}}").as_str()));
}

#[tokio::test]
async fn a_code_becomes_tokens_that_act_for_the_user() {
    let world = World::new().await;
    let answer = world.exchange_code(&world.code(&[]).await, &[]).await;
    let body = answer.json();
    let keys: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["access_token", "refresh_token", "scope", "api_domain", "token_type", "expires_in"]);
    let base = format!("http://{}", world.server.addr());
    assert_eq!((&body["api_domain"], &body["expires_in"]), (&base.into(), &3600.into()));
    assert_eq!(body["scope"], "ZohoCRM.org.READ ZohoCRM.users.READ");
    let client = world.with_token_of(&answer);
    assert_eq!(client.get("/crm/v8/org").await.json()["org"][0]["zgid"], world.client.org);
    assert_eq!(client.get("/crm/v8/users?type=CurrentUser").await.json()["users"][0]["email"], PAT);
    assert_eq!(client.get("/crm/v8/settings/modules").await.code(), (401, "OAUTH_SCOPE_MISMATCH".into()));

    let again = world.exchange(&refreshing(&text(&answer, "refresh_token").unwrap())).await;
    assert_eq!((text(&again, "refresh_token"), text(&again, "scope")), (None, text(&answer, "scope")));
    assert_eq!(world.with_token_of(&again).get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn a_refresh_token_comes_only_with_offline_access() {
    let world = World::new().await;
    for access_type in [Some("online"), None] {
        let page = world.page(&but(&asking(), "access_type", access_type)).await;
        let answer = world.decide(&page, PAT, PATS_SECRET, "accept").await;
        let answer = world.exchange_code(&value(&sent_back(&answer), "code").unwrap(), &[]).await;
        assert_eq!(text(&answer, "refresh_token"), None, "{access_type:?}");
        assert_eq!(world.with_token_of(&answer).get("/crm/v8/org").await.status, 200);
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_its_second_use_takes_nothing_back() {
    let world = World::new().await;
    let code = world.code(&[]).await;
    let first = world.exchange_code(&code, &[]).await;
    refused(&world.exchange_code(&code, &[]).await, "invalid_code");
    assert_eq!(world.with_token_of(&first).get("/crm/v8/org").await.status, 200);
    let again = world.exchange(&refreshing(&text(&first, "refresh_token").unwrap())).await;
    assert_eq!(world.with_token_of(&again).get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn codes_shown_at_the_same_time_give_tokens_to_one() {
    let world = World::new().await;
    let code = world.code(&[]).await;
    let answers = futures::future::join_all((0..8).map(|_| world.exchange_code(&code, &[]))).await;
    let given = answers.iter().filter(|answer| text(answer, "access_token").is_some()).count();
    assert_eq!(given, 1, "{answers:?}");
}

#[tokio::test]
async fn a_code_ends_after_two_minutes() {
    let world = World::new().await;
    let (early, late) = (world.code(&[]).await, world.code(&[]).await);
    world.pass_seconds(119);
    assert!(text(&world.exchange_code(&early, &[]).await, "access_token").is_some());
    world.pass_seconds(1);
    refused(&world.exchange_code(&late, &[]).await, "invalid_code");
}

#[tokio::test]
async fn a_code_is_for_one_client_and_one_place_and_is_spent_by_a_wrong_try() {
    let world = World::new().await;
    let cases = [
        ("redirect_uri", Some("https://app.example.com/cb/"), "invalid_redirect_uri"),
        ("redirect_uri", Some("http://localhost/cb"), "invalid_redirect_uri"),
        ("redirect_uri", None, "invalid_redirect_uri"),
        ("client_id", Some(OTHER_APP), "invalid_code"),
    ];
    for (name, given, expected) in cases {
        let code = world.code(&[]).await;
        refused(&world.exchange(&but(&exchanging(&code), name, given)).await, expected);
        refused(&world.exchange_code(&code, &[]).await, "invalid_code");
    }
    // What fails before the code is looked at leaves it.
    let code = world.code(&[]).await;
    refused(&world.exchange(&but(&exchanging(&code), "client_secret", Some("guess"))).await, "invalid_client_secret");
    refused(&world.exchange(&but(&exchanging(&code), "client_id", Some("1000.NO"))).await, "invalid_client");
    refused(&world.exchange(&but(&exchanging(&code), "code", None)).await, "invalid_request");
    assert!(text(&world.exchange_code(&code, &[]).await, "access_token").is_some());
}

#[tokio::test]
async fn a_proof_key_is_asked_for_where_one_was_promised() {
    let world = World::new().await;
    assert_eq!(URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)), CHALLENGE);
    let s256 = [("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
    let plain = [("code_challenge", VERIFIER), ("code_challenge_method", "plain")];
    let unnamed = [("code_challenge", VERIFIER)];
    let cases: [(Parameters<'_>, Option<&str>, bool); 10] = [
        (&s256, Some(VERIFIER), true),
        (&s256, Some(CHALLENGE), false),
        (&s256, Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXK"), false),
        (&s256, Some(""), false),
        (&s256, None, false),
        (&plain, Some(VERIFIER), true),
        (&plain, Some(CHALLENGE), false),
        (&plain, None, false),
        (&unnamed, Some(VERIFIER), true),
        // Without a challenge there is nothing to prove.
        (&[], Some(VERIFIER), true),
    ];
    for (promised, verifier, expected) in cases {
        let code = world.code(promised).await;
        let shown: Vec<_> = verifier.into_iter().map(|verifier| ("code_verifier", verifier)).collect();
        let answer = world.exchange_code(&code, &shown).await;
        assert_eq!(text(&answer, "access_token").is_some(), expected, "{promised:?} {verifier:?}");
        if !expected {
            refused(&answer, "invalid_code");
        }
    }
}

#[tokio::test]
async fn codes_survive_a_restart_and_stand_in_no_file() {
    let world = World::new().await;
    let code = world.code(&[]).await;
    let directory = world.directory.path().to_owned();
    let world = world
        .restarted(async |_| {
            for file in ["control.db", "control.db-wal"] {
                let Ok(bytes) = std::fs::read(directory.join(file)) else { continue };
                for secret in [code.as_str(), PATS_SECRET, APP_SECRET] {
                    let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                    assert!(!found, "a secret stands in {file}");
                }
            }
        })
        .await;
    assert!(text(&world.exchange_code(&code, &[]).await, "refresh_token").is_some());
}

/// As the vendor's API console makes them for self clients: by the administrator, for who holds the client's secret.
#[tokio::test]
async fn a_code_taken_by_hand_is_exchanged_in_its_time() {
    let world = World::new().await;
    let admin = world.client.with_token(&world.admin_secret());
    let made = async |more: serde_json::Value| {
        let mut request = json!({
            "org": OTHER_ORG, "client_id": OTHER_APP, "scopes": ["ZohoCRM.org.READ", "ZohoCRM.users.READ"]
        });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        admin.post_json("/_bulkwright/admin/oauth-client/code", &request).await
    };
    let shown = |answer: &Answer| text(answer, "code").unwrap_or_else(|| panic!("{answer:?}"));
    let exchange = async |code: &str| {
        // SDKs name a place that they are configured with, though the code was sent nowhere.
        world.exchange(&but(&exchanging(code), "client_id", Some(OTHER_APP))).await
    };
    let answer = made(json!({})).await;
    assert_eq!(answer.json()["expires_time"], "2023-11-14T22:16:20+00:00");
    world.pass_seconds(179);
    let tokens = exchange(&shown(&answer)).await;
    assert!(text(&tokens, "refresh_token").is_some());
    let client = world.with_token_of(&tokens);
    assert_eq!(client.get("/crm/v8/org").await.json()["org"][0]["zgid"], OTHER_ORG);
    refused(&exchange(&shown(&answer)).await, "invalid_code");

    let late = shown(&made(json!({ "expires_in_seconds": 1 })).await);
    world.pass_seconds(1);
    refused(&exchange(&late).await, "invalid_code");
    let foreign = shown(&made(json!({})).await);
    refused(&world.exchange_code(&foreign, &[]).await, "invalid_code");

    for (wrong, expected) in [
        (json!({ "expires_in_seconds": 601 }), "a code lives from 1s to 10m"),
        (json!({ "expires_in_seconds": 0 }), "a code lives from 1s to 10m"),
        (json!({ "scopes": ["ZohoCRM.bulk.AL"] }), "did you mean ZohoCRM.bulk.ALL?"),
        (json!({ "client_id": APP }), "has no OAuth client 1000.APP"),
    ] {
        let answer = made(wrong).await;
        assert!(answer.status == 400 && answer.text().contains(expected), "{answer:?}");
    }
    let nobody = world.client.post_json("/_bulkwright/admin/oauth-client/code", &json!({})).await;
    assert_eq!(nobody.code(), (401, "AUTHENTICATION_FAILURE".into()));
}
