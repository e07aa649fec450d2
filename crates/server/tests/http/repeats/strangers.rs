//! A second organisation, and tokens of other clients, put into the data of a server.

use std::path::Path;

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_server::Running;
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};

use crate::harness::server_over;

/// Opens the other organisation.
pub(super) const FOREIGN: &str = "1000.foreign";

/// Puts tokens of any scopes, and a second organisation, into the data of a server that is not running.
pub(super) async fn with_tokens(directory: &Path, tokens: &[(&str, &[&str])]) -> Running {
    server_over(directory).await.stop().await;
    {
        let store = SqliteStore::open(directory, &OpenOptions::default()).unwrap();
        let org = store.orgs().await.unwrap().remove(0);
        let user = store.users(org.id).await.unwrap().remove(0);
        for (token, scopes) in tokens {
            store.add_token(TokenKind::Access, SecretHash::of(token), &grant(org.id, user.id, scopes)).await.unwrap();
        }
        add_foreign_org(&store).await;
    }
    server_over(directory).await
}

async fn add_foreign_org(store: &SqliteStore) {
    let (org, user) = (OrgId(111_111_111), UserId(222));
    let time_zone = || "UTC".to_owned();
    let client = OauthClient {
        client_id: "1000.OTHER".into(),
        secret: SecretHash::of("other"),
        org,
        name: String::new(),
        redirect_uris: Vec::new(),
    };
    let person = User {
        id: user,
        org,
        full_name: "Other".into(),
        email: "o@example.com".into(),
        time_zone: time_zone(),
        sign_in: None,
        revoked_at: None,
    };
    store
        .add_org(
            &Org {
                id: org,
                company_name: "Other".into(),
                time_zone: time_zone(),
                edition: None,
                webhook_keys: Vec::new(),
                revoked_at: None,
            },
            &person,
            &client,
            &[],
        )
        .await
        .unwrap();
    let scopes = bulkwright_wire::scope::EVERYTHING;
    store.add_token(TokenKind::Access, SecretHash::of(FOREIGN), &grant(org, user, scopes)).await.unwrap();
}

fn grant(org: OrgId, user: UserId, scopes: &[&str]) -> Grant {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Grant { org, user, client_id: "1000.X".into(), scopes, expires_at: None, issued_at: None, parent: None }
}
