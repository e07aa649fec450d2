//! Organisations, users, clients and tokens.

use bulkwright_engine::ids::{OrgId, UserId};

use crate::Store;
use crate::model::{
    Code, CodeChallenge, Grant, OauthClient, Org, SecretHash, Token, TokenKind, TokenSelection, User, WebhookKey,
};

pub(super) const ORG: OrgId = OrgId(694_902_309);
pub(super) const OTHER_ORG: OrgId = OrgId(5);

fn org(id: OrgId, user: i64) -> (Org, User, OauthClient) {
    let org = Org {
        id,
        company_name: format!("Company {id}"),
        time_zone: "Europe/Berlin".to_owned(),
        edition: None,
        webhook_keys: Vec::new(),
        revoked_at: None,
    };
    let user = User {
        id: UserId(user),
        org: id,
        full_name: "Patricia Boyle".to_owned(),
        email: "Patricia@example.com".to_owned(),
        time_zone: "+05:30".to_owned(),
        sign_in: None,
        revoked_at: None,
    };
    (
        org,
        user,
        OauthClient {
            client_id: format!("1000.{id}"),
            secret: SecretHash::of("secret"),
            org: id,
            name: String::new(),
            redirect_uris: Vec::new(),
        },
    )
}

pub(super) async fn what_is_added_is_read_back(store: &dyn Store) {
    // The larger id first: order is by age, not by id.
    let [one, two] = [org(ORG, 9), org(OTHER_ORG, 7)];
    for (org, user, client) in [&one, &two] {
        store.add_org(org, user, client, &[]).await.expect("an organisation is added");
    }
    assert_eq!(store.orgs().await.expect("organisations are read"), [one.0.clone(), two.0]);
    assert_eq!(store.users(ORG).await.expect("users are read"), [one.1]);
    let client = async |id| store.oauth_client(id).await.expect("a client is read");
    assert_eq!(client("1000.694902309").await, Some(one.2));
    assert_eq!(client("1000.none").await, None);
    let (again, user, client) = org(ORG, 11);
    store.add_org(&again, &user, &client, &[]).await.expect_err("an organisation is added once");
    assert_eq!(store.users(ORG).await.expect("users are read").len(), 1, "a failed addition leaves nothing");
}

pub(super) async fn an_organisation_comes_whole_or_not_at_all(store: &dyn Store) {
    let (one, user, client) = org(ORG, 9);
    store.add_org(&one, &user, &client, &[]).await.expect("an organisation is added");
    let (two, other_user, other_client) = org(OTHER_ORG, 7);
    let with_a_client_that_is_there = OauthClient { client_id: client.client_id.clone(), ..other_client.clone() };
    store.add_org(&two, &other_user, &with_a_client_that_is_there, &[]).await.expect_err("a client is added once");
    let with_a_user_that_is_there = User { id: user.id, ..other_user.clone() };
    store.add_org(&two, &with_a_user_that_is_there, &other_client, &[]).await.expect_err("a user is added once");
    assert_eq!(store.orgs().await.expect("organisations are read"), [one]);
    assert_eq!(store.users(OTHER_ORG).await.expect("users are read"), []);
    assert_eq!(store.oauth_client(&other_client.client_id).await.expect("a client is read"), None);
    assert_eq!(store.oauth_client(&client.client_id).await.expect("a client is read"), Some(client));
    store.add_org(&two, &other_user, &other_client, &[]).await.expect("what failed left nothing in the way");
}

pub(super) async fn tokens_are_found_by_hash_and_kind(store: &dyn Store) {
    let grant = Grant {
        org: ORG,
        user: UserId(9),
        client_id: "1000.X".to_owned(),
        scopes: vec!["ZohoCRM.bulk.ALL".to_owned(), "ZohoCRM.modules.ALL".to_owned()],
        expires_at: Some(1_795_000_000),
        issued_at: None,
        parent: None,
    };
    let hash = SecretHash::of("1000.aa.bb");
    store.add_token(TokenKind::Access, hash, &grant).await.expect("a token is added");
    let token = async |kind, secret| store.token(kind, SecretHash::of(secret)).await.expect("a token is read");
    assert_eq!(token(TokenKind::Access, "1000.aa.bb").await, Some(grant.clone()));
    assert_eq!(token(TokenKind::Refresh, "1000.aa.bb").await, None);
    assert_eq!(token(TokenKind::Access, "1000.aa.bc").await, None);
    let endless = Grant { expires_at: None, scopes: vec![], ..grant };
    store.add_token(TokenKind::Access, hash, &endless).await.expect("a token is given another grant");
    assert_eq!(token(TokenKind::Access, "1000.aa.bb").await, Some(endless));
}

fn grant_of(org: OrgId, user: i64, client: &str) -> Grant {
    Grant {
        org,
        user: UserId(user),
        client_id: client.to_owned(),
        scopes: vec!["ZohoCRM.bulk.ALL".to_owned()],
        expires_at: None,
        issued_at: Some(1_795_000_000),
        parent: None,
    }
}

fn token_of(kind: TokenKind, secret: &str, grant: Grant) -> Token {
    Token { kind, hash: SecretHash::of(secret), grant }
}

async fn two_orgs(store: &dyn Store) {
    for (id, user) in [(ORG, 9), (OTHER_ORG, 7)] {
        let (org, user, client) = org(id, user);
        let begin = token_of(TokenKind::Refresh, &format!("first of {id}"), grant_of(id, user.id.0, &client.client_id));
        store.add_org(&org, &user, &client, &[begin]).await.expect("an organisation is added");
    }
}

pub(super) async fn an_organisation_begins_with_its_tokens(store: &dyn Store) {
    two_orgs(store).await;
    let first = grant_of(ORG, 9, "1000.694902309");
    let found = store.token(TokenKind::Refresh, SecretHash::of("first of 694902309")).await;
    assert_eq!(found.expect("a token is read"), Some(first));
}

pub(super) async fn organisations_and_users_are_changed_whole(store: &dyn Store) {
    two_orgs(store).await;
    let mut orgs = store.orgs().await.expect("organisations are read");
    orgs[1].company_name = "Zylker".to_owned();
    orgs[1].time_zone = "+01:00".to_owned();
    orgs[1].edition = Some("Enterprise".to_owned());
    orgs[1].webhook_keys = vec![WebhookKey([1; 32]), WebhookKey([2; 32])];
    orgs[1].revoked_at = Some(1_795_000_000);
    store.update_org(&orgs[1]).await.expect("an organisation is changed");
    assert_eq!(store.orgs().await.expect("organisations are read"), orgs, "in the order in which they came");
    let (nobody, ..) = org(OrgId(6), 1);
    store.update_org(&nobody).await.expect_err("an organisation that is not there is not changed");

    let second = User { id: UserId(10), email: "b@example.com".to_owned(), ..org(ORG, 9).1 };
    store.add_user(&second).await.expect("a user is added");
    let namesake = User { id: UserId(11), email: "B@example.com".to_owned(), ..second.clone() };
    store.add_user(&namesake).await.expect_err("an address is given once in an organisation");
    let elsewhere = User { org: OTHER_ORG, ..namesake.clone() };
    store.add_user(&elsewhere).await.expect("another organisation's addresses are others");
    store
        .add_user(&User { id: UserId(12), org: OrgId(6), ..namesake })
        .await
        .expect_err("there is no such organisation");
    let changed = User {
        full_name: "B".to_owned(),
        email: "bb@example.com".to_owned(),
        time_zone: "UTC".to_owned(),
        sign_in: Some(SecretHash::of("sign in")),
        revoked_at: Some(1_795_000_001),
        ..second
    };
    store.update_user(&changed).await.expect("a user is changed");
    let users = store.users(ORG).await.expect("users are read");
    assert_eq!(users, [org(ORG, 9).1, changed.clone()]);
    let taken = User { email: "Patricia@EXAMPLE.com".to_owned(), ..changed.clone() };
    store.update_user(&taken).await.expect_err("an address is given once in an organisation");
    store.update_user(&User { org: OTHER_ORG, ..changed }).await.expect_err("a user stays where he is");
    assert_eq!(store.users(ORG).await.expect("users are read"), users);
}

pub(super) async fn clients_come_and_go_with_their_tokens(store: &dyn Store) {
    two_orgs(store).await;
    let first = org(ORG, 9).2;
    let second = OauthClient {
        client_id: "1000.0".to_owned(),
        name: "Nightly import".to_owned(),
        redirect_uris: vec!["https://example.com/a".to_owned(), "http://localhost/b?c=d".to_owned()],
        ..first.clone()
    };
    store.add_oauth_client(&second).await.expect("a client is added");
    store.add_oauth_client(&second).await.expect_err("a client is added once");
    let nowhere = OauthClient { client_id: "1000.1".to_owned(), org: OrgId(6), ..second.clone() };
    store.add_oauth_client(&nowhere).await.expect_err("there is no such organisation");
    assert_eq!(store.oauth_clients(ORG).await.expect("clients are read"), [second.clone(), first.clone()]);
    let token = token_of(TokenKind::Access, "of the second", grant_of(ORG, 9, "1000.0"));
    store.add_token(token.kind, token.hash, &token.grant).await.expect("a token is added");
    let code = SecretHash::of("code of the second");
    let of_second = Code { grant: token.grant.clone(), redirect_uri: None, challenge: None, offline: false };
    store.add_code(code, &of_second).await.expect("a code is added");
    assert!(store.remove_oauth_client("1000.0").await.expect("a client is removed"));
    assert!(!store.remove_oauth_client("1000.0").await.expect("it is gone"));
    assert_eq!(store.oauth_client("1000.0").await.expect("a client is read"), None);
    assert_eq!(store.token(token.kind, token.hash).await.expect("a token is read"), None);
    assert_eq!(store.take_code(code).await.expect("a code is read"), None);
    assert_eq!(store.oauth_clients(ORG).await.expect("clients are read"), [first]);
    assert_eq!(store.tokens(ORG).await.expect("tokens are read").len(), 1, "others keep theirs");
}

pub(super) async fn tokens_are_listed_and_removed(store: &dyn Store) {
    two_orgs(store).await;
    let refresh = token_of(TokenKind::Refresh, "refresh", grant_of(ORG, 9, "1000.694902309"));
    let child = Grant { parent: Some(refresh.hash), ..refresh.grant.clone() };
    let access = token_of(TokenKind::Access, "access", child);
    let other = token_of(TokenKind::Access, "other", grant_of(OTHER_ORG, 7, "1000.5"));
    for token in [&refresh, &access, &other] {
        store.add_token(token.kind, token.hash, &token.grant).await.expect("a token is added");
    }
    let listed = store.tokens(ORG).await.expect("tokens are read");
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0], access, "access tokens first");
    assert!(listed[1..].is_sorted_by_key(|token| token.hash.0) && listed[1..].contains(&refresh));
    let remove = async |selection| store.remove_tokens(&selection).await.expect("tokens are removed");
    assert_eq!(remove(TokenSelection::One(refresh.hash)).await, 2, "with what came from it");
    assert_eq!(remove(TokenSelection::One(refresh.hash)).await, 0);
    assert_eq!(remove(TokenSelection::OfUser(UserId(9))).await, 1);
    assert_eq!(store.tokens(ORG).await.expect("tokens are read"), []);
    assert_eq!(remove(TokenSelection::OfClient("1000.6".to_owned())).await, 0);
    assert_eq!(remove(TokenSelection::OfOrg(OTHER_ORG)).await, 2);
}

pub(super) async fn a_code_is_taken_once(store: &dyn Store) {
    two_orgs(store).await;
    let code = Code {
        grant: Grant { expires_at: Some(1_795_000_060), ..grant_of(ORG, 9, "1000.694902309") },
        redirect_uri: Some("https://example.com/a".to_owned()),
        challenge: Some(CodeChallenge { method: "S256".to_owned(), challenge: "abc".to_owned() }),
        offline: true,
    };
    let by_hand = Code { redirect_uri: None, challenge: None, offline: false, ..code.clone() };
    let take = async |secret| store.take_code(SecretHash::of(secret)).await.expect("a code is taken");
    store.add_code(SecretHash::of("one"), &code).await.expect("a code is added");
    store.add_code(SecretHash::of("two"), &by_hand).await.expect("a code is added");
    assert_eq!(take("three").await, None);
    assert_eq!(take("one").await, Some(code));
    assert_eq!(take("one").await, None);
    assert_eq!(take("two").await, Some(by_hand.clone()));
    store.add_code(SecretHash::of("four"), &by_hand).await.expect("a code is added");
    store.remove_tokens(&TokenSelection::OfUser(UserId(9))).await.expect("tokens are removed");
    assert_eq!(take("four").await, None, "a code goes with its user's tokens");
}
