//! Refresh tokens, client credentials, and taking tokens back.

use bulkwright_store::Store;
use bulkwright_store::model::{Token, TokenKind, User};

use super::world::{
    APP, APP_SECRET, FORM, GONE_APP, OTHER_APP, OTHER_ORG, OTHERS, OTHERS_REFRESH_TOKEN, PAT, PATS_SECRET, World,
    asking, but, encoded, refreshing, sent_back, text, value,
};
use crate::harness::{Answer, form_of_fields, multipart_type};

const REVOKE: &str = "/oauth/v2/token/revoke";

fn refused(answer: &Answer, status: u16, expected: &str) {
    assert_eq!((answer.status, answer.text()), (status, format!("{{\"error\":\"{expected}\"}}").as_str()));
}

/// Tokens of a consent: the answer and its refresh token.
async fn consented(world: &World) -> (Answer, String) {
    let answer = world.exchange_code(&world.code(&[]).await, &[]).await;
    let refresh_token = text(&answer, "refresh_token").unwrap();
    (answer, refresh_token)
}

#[tokio::test]
async fn a_refresh_token_is_taken_back_with_all_that_came_from_it() {
    let world = World::new().await;
    let (first, refresh_token) = consented(&world).await;
    let second = world.exchange(&refreshing(&refresh_token)).await;
    let (bystander, bystanders) = consented(&world).await;
    let answer = world.client.post(REVOKE, FORM, encoded(&[("token", &refresh_token)]).as_bytes()).await;
    assert_eq!((answer.status, answer.text()), (200, r#"{"status":"success"}"#));
    for gone in [&first, &second] {
        assert_eq!(world.with_token_of(gone).get("/crm/v8/org").await.code(), (401, "INVALID_TOKEN".into()));
    }
    refused(&world.exchange(&refreshing(&refresh_token)).await, 200, "invalid_code");
    assert_eq!(world.with_token_of(&bystander).get("/crm/v8/org").await.status, 200);
    assert!(text(&world.exchange(&refreshing(&bystanders)).await, "access_token").is_some());
}

#[tokio::test]
async fn an_access_token_is_taken_back_alone() {
    let world = World::new().await;
    let (first, refresh_token) = consented(&world).await;
    let token = text(&first, "access_token").unwrap();
    let answer = world.client.send("POST", &format!("{REVOKE}?token={token}"), &[], b"").await;
    assert_eq!(answer.text(), r#"{"status":"success"}"#);
    assert_eq!(world.with_token_of(&first).get("/crm/v8/org").await.code(), (401, "INVALID_TOKEN".into()));
    let again = world.exchange(&refreshing(&refresh_token)).await;
    assert_eq!(world.with_token_of(&again).get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn tokens_are_taken_back_in_every_form_and_what_is_none_is_400() {
    let world = World::new().await;
    let (answer, refresh_token) = consented(&world).await;
    let access_token = text(&answer, "access_token").unwrap();
    let multipart = form_of_fields(&[("token", &access_token)]);
    let answer = world.client.post(REVOKE, &multipart_type(), &multipart).await;
    assert_eq!((answer.status, answer.text()), (200, r#"{"status":"success"}"#));
    let query = format!("{REVOKE}?refresh_token={refresh_token}");
    assert_eq!(world.client.send("POST", &query, &[], b"").await.text(), r#"{"status":"success"}"#);
    for form in ["token=1000.guess", "token=", "", &format!("token={refresh_token}")] {
        refused(&world.client.post(REVOKE, FORM, form.as_bytes()).await, 400, "invalid_token");
    }
    let get = world.client.get(&format!("{REVOKE}?token=1000.guess")).await;
    assert_eq!(get.code(), (400, "INVALID_REQUEST_METHOD".into()), "no SDK sends it by GET, and a link must not do it");
}

#[tokio::test]
async fn access_tokens_know_when_and_of_what_they_came() {
    let world = World::new().await;
    let (_, refresh_token) = consented(&world).await;
    world.pass_seconds(5);
    world.exchange(&refreshing(&refresh_token)).await;
    let org = world.client.org.parse().unwrap();
    world.restarted(async |store| check_origins(&store.tokens(org).await.unwrap())).await;
}

fn check_origins(tokens: &[Token]) {
    let tokens: Vec<_> = tokens.iter().filter(|token| token.grant.client_id == APP).collect();
    let refresh = tokens.iter().find(|token| token.kind == TokenKind::Refresh).unwrap();
    assert_eq!((refresh.grant.expires_at, refresh.grant.issued_at), (None, Some(1_700_000_000)));
    let mut issued: Vec<_> = tokens.iter().filter(|token| token.kind == TokenKind::Access).collect();
    issued.sort_by_key(|token| token.grant.issued_at);
    let times = issued.iter().map(|token| (token.grant.issued_at.unwrap(), token.grant.expires_at.unwrap()));
    assert_eq!(times.collect::<Vec<_>>(), [(1_700_000_000, 1_700_003_600), (1_700_000_005, 1_700_003_605)]);
    assert!(issued.iter().all(|token| token.grant.parent == Some(refresh.hash)));
}

#[tokio::test]
async fn a_refresh_token_is_good_for_its_own_client() {
    let world = World::new().await;
    let (_, refresh_token) = consented(&world).await;
    refused(
        &world.exchange(&but(&refreshing(&refresh_token), "client_id", Some(OTHER_APP))).await,
        200,
        "invalid_code",
    );
    refused(&world.exchange(&refreshing(OTHERS_REFRESH_TOKEN)).await, 200, "invalid_code");
    assert!(text(&world.exchange(&refreshing(&refresh_token)).await, "access_token").is_some());
}

fn own_secret<'a>(soid: &'a str, scope: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "client_credentials"),
        ("client_id", OTHER_APP),
        ("client_secret", APP_SECRET),
        ("soid", soid),
        ("scope", scope),
    ]
}

#[tokio::test]
async fn a_client_acts_for_itself_as_the_first_user_of_its_organisation() {
    let world = World::new().await;
    let scope = "ZohoCRM.org.READ,ZohoCRM.users.READ";
    let prefixed = format!("ZohoCRM.{OTHER_ORG}");
    for soid in [prefixed.as_str(), OTHER_ORG] {
        let answer = world.exchange(&own_secret(soid, scope)).await;
        assert_eq!(text(&answer, "refresh_token"), None);
        assert_eq!(text(&answer, "scope").as_deref(), Some("ZohoCRM.org.READ ZohoCRM.users.READ"));
        let client = world.with_token_of(&answer);
        assert_eq!(client.get("/crm/v8/org").await.json()["org"][0]["zgid"], OTHER_ORG);
        assert_eq!(client.get("/crm/v8/users?type=CurrentUser").await.json()["users"][0]["email"], OTHERS);
    }
    // As the CRM's own pages print it.
    let query = format!("/oauth/v2/auth?{}", encoded(&own_secret(&prefixed, scope)));
    let answer = world.client.send("POST", &query, &[], b"").await;
    assert_eq!(world.with_token_of(&answer).get("/crm/v8/org").await.status, 200);
}

#[tokio::test]
async fn a_client_gets_nothing_elsewhere_and_no_scope_that_there_is_not() {
    let world = World::new().await;
    let (own, scope) = (world.client.org.clone(), "ZohoCRM.org.READ");
    let prefixed = format!("ZohoCRM.{OTHER_ORG}");
    refused(&world.exchange(&own_secret(&own, scope)).await, 200, "access_denied");
    refused(&world.exchange(&own_secret("ZohoCRM.", scope)).await, 200, "access_denied");
    refused(&world.exchange(&own_secret("ZohoBooks.111111111", scope)).await, 200, "access_denied");
    refused(&world.exchange(&own_secret("", scope)).await, 200, "invalid_request");
    refused(&world.exchange(&own_secret(&prefixed, "")).await, 200, "invalid_scope");
    refused(&world.exchange(&own_secret(&prefixed, "ZohoCRM.org.READ,all")).await, 200, "invalid_scope");
    let gone = but(&own_secret("333333333", scope), "client_id", Some(GONE_APP)).to_vec();
    refused(&world.exchange(&gone).await, 200, "access_denied");
}

#[tokio::test]
async fn what_was_revoked_meanwhile_gives_no_tokens() {
    let world = World::new().await;
    let (_, refresh_token) = consented(&world).await;
    let code = world.code(&[]).await;
    let org = world.client.org.parse().unwrap();
    // Only the mark: whoever revokes a user removes his tokens too, but nothing may rest on that.
    let world = world
        .restarted(async |store| {
            let users = store.users(org).await.unwrap();
            let pat = users.into_iter().find(|user| user.email == PAT).unwrap();
            store.update_user(&User { revoked_at: Some(1), ..pat }).await.unwrap();
        })
        .await;
    refused(&world.exchange(&refreshing(&refresh_token)).await, 200, "invalid_code");
    refused(&world.exchange_code(&code, &[]).await, 200, "invalid_code");
    world
        .restarted(async |store| {
            let tokens = store.tokens(org).await.unwrap();
            let left = tokens.iter().filter(|token| token.grant.client_id == APP).count();
            assert_eq!(left, 0, "what is refused for good goes, and nothing is left of the tries");
        })
        .await;
}

#[tokio::test]
async fn the_profile_of_the_tokens_user_is_told() {
    let world = World::new().await;
    let page = world.page(&but(&asking(), "scope", Some("AaaServer.profile.Read"))).await;
    let answer = world.decide(&page, PAT, PATS_SECRET, "accept").await;
    let code = value(&sent_back(&answer), "code").unwrap();
    let answer = world.exchange_code(&code, &[]).await;
    let client = world.with_token_of(&answer);
    let expected = r#"{"First_Name":"Pat van","Email":"Pat@Example.com","Last_Name":"Dam","Display_Name":"Pat van Dam","ZUID":"11"}"#;
    assert_eq!(client.get("/oauth/user/info").await.text(), expected);
    assert_eq!(client.get("/crm/v8/org").await.code(), (401, "OAUTH_SCOPE_MISMATCH".into()));
    let other = world.with_token_of(&consented(&world).await.0);
    assert_eq!(other.get("/oauth/user/info").await.code(), (401, "OAUTH_SCOPE_MISMATCH".into()));
}
