//! Organisations, users, clients and tokens.

use bulkwright_engine::ids::{OrgId, UserId};

use crate::Store;
use crate::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};

pub(super) const ORG: OrgId = OrgId(694_902_309);
pub(super) const OTHER_ORG: OrgId = OrgId(5);

fn org(id: OrgId, user: i64) -> (Org, User, OauthClient) {
    let org = Org { id, company_name: format!("Company {id}"), time_zone: "Europe/Berlin".to_owned() };
    let user = User {
        id: UserId(user),
        org: id,
        full_name: "Patricia Boyle".to_owned(),
        email: "Patricia@example.com".to_owned(),
        time_zone: "+05:30".to_owned(),
    };
    (org, user, OauthClient { client_id: format!("1000.{id}"), secret: SecretHash::of("secret"), org: id })
}

pub(super) async fn what_is_added_is_read_back(store: &dyn Store) {
    // The larger id first: order is by age, not by id.
    let [one, two] = [org(ORG, 9), org(OTHER_ORG, 7)];
    for (org, user, client) in [&one, &two] {
        store.add_org(org, user, client).await.expect("an organisation is added");
    }
    assert_eq!(store.orgs().await.expect("organisations are read"), [one.0.clone(), two.0]);
    assert_eq!(store.users(ORG).await.expect("users are read"), [one.1]);
    let client = async |id| store.oauth_client(id).await.expect("a client is read");
    assert_eq!(client("1000.694902309").await, Some(one.2));
    assert_eq!(client("1000.none").await, None);
    let (again, user, client) = org(ORG, 11);
    store.add_org(&again, &user, &client).await.expect_err("an organisation is added once");
    assert_eq!(store.users(ORG).await.expect("users are read").len(), 1, "a failed addition leaves nothing");
}

pub(super) async fn an_organisation_comes_whole_or_not_at_all(store: &dyn Store) {
    let (one, user, client) = org(ORG, 9);
    store.add_org(&one, &user, &client).await.expect("an organisation is added");
    let (two, other_user, other_client) = org(OTHER_ORG, 7);
    let with_a_client_that_is_there = OauthClient { client_id: client.client_id.clone(), ..other_client.clone() };
    store.add_org(&two, &other_user, &with_a_client_that_is_there).await.expect_err("a client is added once");
    let with_a_user_that_is_there = User { id: user.id, ..other_user.clone() };
    store.add_org(&two, &with_a_user_that_is_there, &other_client).await.expect_err("a user is added once");
    assert_eq!(store.orgs().await.expect("organisations are read"), [one]);
    assert_eq!(store.users(OTHER_ORG).await.expect("users are read"), []);
    assert_eq!(store.oauth_client(&other_client.client_id).await.expect("a client is read"), None);
    assert_eq!(store.oauth_client(&client.client_id).await.expect("a client is read"), Some(client));
    store.add_org(&two, &other_user, &other_client).await.expect("what failed left nothing in the way");
}

pub(super) async fn tokens_are_found_by_hash_and_kind(store: &dyn Store) {
    let grant = Grant {
        org: ORG,
        user: UserId(9),
        client_id: "1000.X".to_owned(),
        scopes: vec!["ZohoCRM.bulk.ALL".to_owned(), "ZohoCRM.modules.ALL".to_owned()],
        expires_at: Some(1_795_000_000),
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
