//! What a token opens, and what belongs to others.

use std::path::Path;

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_server::Running;
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, TokenKind, User};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use serde_json::json;

use crate::harness::{Client, job_of, server_over};

pub(crate) const FOREIGN: &str = "1000.foreign";

/// Puts tokens of any scopes, and a second organisation, into the data of a server that is not running.
pub(crate) async fn with_tokens(directory: &Path, tokens: &[(&str, &[&str])]) -> Running {
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

#[tokio::test]
async fn modules_are_opened_one_by_one_ahead_of_every_other_fault() {
    let directory = tempfile::tempdir().unwrap();
    let leads: &[&str] = &["ZohoFiles.files.CREATE", "ZohoCRM.bulk.CREATE", "ZohoCRM.modules.leads.ALL"];
    let reader: &[&str] = &["ZohoCRM.bulk.READ", "ZohoCRM.modules.READ"];
    let server = with_tokens(directory.path(), &[("1000.leads", leads), ("1000.reader", reader)]).await;
    let all = Client::fresh(&server).await;
    let (leads, reader) = (all.with_token("1000.leads"), all.with_token("1000.reader"));
    let file = leads.upload_csv("Last_Name\nNg\n").await;

    let id = leads.create(&job_of(&file, "insert", None)).await;
    leads.ended(&id).await;
    let mismatch = (401, "OAUTH_SCOPE_MISMATCH".to_owned());
    let mut contacts = job_of(&file, "insert", None);
    contacts["resource"][0]["module"] = json!({ "api_name": "Contacts" });
    assert_eq!(leads.post_json("/crm/bulk/v8/write", &contacts).await.code(), mismatch);
    contacts["resource"][0]["module"] = json!("Contacts");
    contacts["operation"] = json!("destroy");
    contacts["resource"][0]["file_id"] = json!("no id");
    assert_eq!(leads.post_json("/crm/bulk/v2/write", &contacts).await.code(), mismatch, "ahead of the body's faults");
    assert_eq!(all.post_json("/crm/bulk/v2/write", &contacts).await.code(), (400, "INVALID_DATA".into()));

    assert_eq!(leads.get("/crm/v8/Leads?fields=id").await.status, 200);
    assert_eq!(leads.get("/crm/v8/Contacts?fields=id").await.code(), mismatch);
    assert_eq!(leads.get("/crm/v8/asdf?fields=id").await.code(), mismatch);
    assert_eq!(reader.get("/crm/v8/Contacts?fields=id").await.status, 204);
    assert_eq!(reader.get(&format!("/crm/bulk/v8/write/{id}")).await.code(), mismatch, "bulk.READ opens no bulk write");
    assert_eq!(reader.upload(b"").await.code(), mismatch);
    assert_eq!(leads.get("/crm/v8/org").await.code(), mismatch);
}

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let server = with_tokens(directory.path(), &[]).await;
    let own = Client::fresh(&server).await;
    let foreign = Client { org: "111111111".into(), ..own.with_token(FOREIGN) };
    let file = own.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    let id = own.create(&job_of(&file, "insert", None)).await;
    own.ended(&id).await;
    let record = own.found("ng@example.com").await[0]["id"].as_str().unwrap().to_owned();

    let same_as_absent = async |there: &str, absent: &str| {
        let (there, absent) = (foreign.get(there).await, foreign.get(absent).await);
        assert_eq!((there.status, &there.body), (absent.status, &absent.body));
    };
    same_as_absent(&format!("/crm/bulk/v8/write/{id}"), "/crm/bulk/v8/write/1").await;
    let link = |org: &str, id: &str| format!("/v2/crm/{org}/bulk-write/{id}/{id}.zip");
    same_as_absent(&link(&own.org, &id), &link(&own.org, "1")).await;
    same_as_absent(&link("111111111", &id), &link("111111111", "1")).await;
    same_as_absent(&format!("/crm/v8/Leads/{record}"), "/crm/v8/Leads/1").await;
    assert_eq!(foreign.found("ng@example.com").await.len(), 0);
    assert_eq!(foreign.get("/crm/v8/Leads?fields=id").await.status, 204);
    let stolen = foreign.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
    assert_eq!(stolen.code(), (400, "FILE_NOT_FOUND".into()));
    assert_eq!(foreign.get("/crm/v8/users").await.json()["info"]["count"], 1);
    let smuggled = Client { org: own.org.clone(), ..foreign.clone() }.upload(b"").await;
    assert_eq!(smuggled.json()["message"], "Invalid data - x-crm-org");
}

/// Looking at jobs ends at the organisation's border, except for the administrator.
#[tokio::test]
async fn jobs_are_shown_to_their_organisation_and_the_administrator() {
    let directory = tempfile::tempdir().unwrap();
    let server = with_tokens(directory.path(), &[]).await;
    let own = Client::fresh(&server).await;
    let admin = own.with_token(&server.credentials().unwrap().admin_secret);
    let foreign = own.with_token(FOREIGN);
    let id = own.load("Last_Name\nNg\n", "insert", None).await["id"].as_str().unwrap().to_owned();
    for path in ["/_bulkwright/jobs/{id}", "/_bulkwright/jobs/{id}/wait?timeout=5m", "/_bulkwright/jobs/{id}/events"] {
        let (theirs, absent) = (path.replace("{id}", &id), path.replace("{id}", "77"));
        let (refused, nothing) = (foreign.get(&theirs).await, foreign.get(&absent).await);
        assert_eq!((refused.code(), &refused.body), ((400, "RESOURCE_NOT_FOUND".into()), &nothing.body), "{path}");
        assert_eq!(admin.get(&absent).await.body, nothing.body, "{path}");
        for seeing in [&own, &admin] {
            let answer = seeing.get(&theirs).await;
            assert!(answer.status == 200 && answer.text().contains(&id), "{path}: {answer:?}");
        }
    }
    let listed = async |client: &Client| client.get("/_bulkwright/jobs").await.json()["info"]["count"].clone();
    assert_eq!([listed(&own).await, listed(&admin).await, listed(&foreign).await], [1, 1, 0]);
    assert_eq!(foreign.get(&format!("/_bulkwright/jobs?before={id}")).await.json()["jobs"], json!([]));
}
