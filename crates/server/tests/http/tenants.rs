//! What a token opens, and what belongs to others.

use serde_json::json;

use crate::harness::{Client, job_of, server_over};

#[tokio::test]
async fn modules_are_opened_one_by_one_ahead_of_every_other_fault() {
    let directory = tempfile::tempdir().unwrap();
    let leads: &[&str] = &["ZohoFiles.files.CREATE", "ZohoCRM.bulk.CREATE", "ZohoCRM.modules.leads.ALL"];
    let reader: &[&str] = &["ZohoCRM.bulk.READ", "ZohoCRM.modules.READ"];
    let server = server_over(directory.path()).await;
    let all = Client::fresh(&server).await;
    let (leads, reader) = (all.with_scopes(&server, leads).await, all.with_scopes(&server, reader).await);
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

/// Looking at jobs ends at the organisation's border, except for the administrator.
#[tokio::test]
async fn jobs_are_shown_to_their_organisation_and_the_administrator() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let own = Client::fresh(&server).await;
    let (admin, foreign) = (Client::admin(&server), Client::stranger(&server).await);
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
