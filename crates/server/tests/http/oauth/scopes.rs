//! A creation needs two scopes: one for bulk jobs, and one for the module it writes.

use bulkwright_wire::scope;

use crate::harness::{Client, job_of, server_over};

/// What a creation over Leads needs, by hand.
const BULK: [&str; 2] = ["ZohoCRM.bulk.ALL", "ZohoCRM.bulk.CREATE"];
const MODULE: [&str; 4] =
    ["ZohoCRM.modules.ALL", "ZohoCRM.modules.CREATE", "ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.CREATE"];

#[tokio::test]
async fn a_creation_needs_a_scope_for_bulk_jobs_and_one_for_its_module() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let own = Client::fresh(&server).await;
    // Each scope that there is beside one of either kind.
    for granted in scope::every_known() {
        for beside in [BULK[1], MODULE[3]] {
            let has = |needed: &[&str]| [granted.as_str(), beside].iter().any(|scope| needed.contains(scope));
            let expected = has(&BULK) && has(&MODULE);
            let client = own.with_scopes(&server, &[&granted, beside]).await;
            let answer = client.post_json("/crm/bulk/v8/write", &job_of("1", "insert", None)).await;
            let code = if expected { (400, "FILE_NOT_FOUND") } else { (401, "OAUTH_SCOPE_MISMATCH") };
            assert_eq!(answer.code(), (code.0, code.1.to_owned()), "{granted} beside {beside}");
        }
    }
}
