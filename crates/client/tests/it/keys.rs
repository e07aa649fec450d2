//! Keys: every upload and every creation has one, and a server that keeps answers is sent a creation again.

use std::collections::HashSet;

use bulkwright_client::{ClientError, Created, RepeatKey};

use crate::calls::{CREATED, HEALTH, body};
use crate::fake::{Conduct, Owner, vendor_of};
use crate::loads::{SEVEN, run, run_against};
use crate::script::{Reply, Script, fixed};

const OURS: &str = r#"{"status":"ok","product":"bulkwright"}"#;

/// A server of one's own that answers the n-th creation so, and later ones that there is a job.
async fn own(answers: Vec<Reply>) -> Script {
    Script::serve(move |request, before| match request.path.as_str() {
        HEALTH => Reply::json(200, OURS),
        // The first request is the question whose server it is.
        _ => answers.get(before - 1).cloned().unwrap_or_else(|| Reply::json(201, CREATED)),
    })
    .await
}

#[tokio::test]
async fn a_server_of_ones_own_is_sent_a_lost_creation_again_under_its_key() {
    let in_use = || Reply::error(409, "IDEMPOTENCY_KEY_IN_USE");
    let check = async |lost: Vec<Reply>| {
        let script = own(lost.clone()).await;
        let key = RepeatKey::of("run-1/create").unwrap();
        let created = script.api(fixed("t")).create(&body(), &key).await.unwrap();
        assert_eq!(created, Created::Job("77".into()), "{lost:?}");
        let requests = script.requests();
        assert_eq!((requests.len(), requests[0].header("idempotency-key")), (lost.len() + 2, None));
        for request in &requests[1..] {
            assert_eq!(request.header("idempotency-key"), Some("run-1/create"));
            assert_eq!(request.body, requests[1].body);
        }
    };
    check(vec![]).await;
    check(vec![Reply::Cut]).await;
    check(vec![Reply::error(500, "INTERNAL_ERROR"), Reply::html(502)]).await;
    check(vec![in_use(), Reply::Cut]).await;
}

#[tokio::test]
async fn what_stays_lost_is_unknown_and_what_is_refused_is_refused() {
    let check = async |answer: Reply| {
        let script = own(vec![answer; 9]).await;
        let created = script.api(fixed("t")).create(&body(), &RepeatKey::random()).await.unwrap();
        assert!(matches!(created, Created::Unknown { .. }), "{created:?}");
        assert_eq!(script.count("POST", ""), 3, "as often as the patience goes");
    };
    check(Reply::Cut).await;
    check(Reply::error(500, "INTERNAL_ERROR")).await;
    check(Reply::error(409, "IDEMPOTENCY_KEY_IN_USE")).await;
    let script = own(vec![Reply::error(400, "IDEMPOTENCY_KEY_REUSED"); 9]).await;
    let refused = script.api(fixed("t")).create(&body(), &RepeatKey::random()).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { .. }), "{refused}");
    assert_eq!(script.count("POST", ""), 1);
}

#[tokio::test]
async fn each_request_of_a_load_has_a_key_of_its_own() {
    let (one, other) = (run(SEVEN, |_| Conduct::Works, |_| {}).await, run(SEVEN, |_| Conduct::Works, |_| {}).await);
    let mut keys = HashSet::new();
    for request in one.vendor.requests().iter().chain(&other.vendor.requests()) {
        match request.header("idempotency-key") {
            Some(key) => assert!(keys.insert(key.to_owned()), "{key} was used before"),
            None => assert_eq!(request.method, "GET"),
        }
    }
    assert_eq!(keys.len(), 12, "three uploads and three jobs, twice");
}

#[tokio::test]
async fn an_answer_that_is_lost_costs_rows_only_where_no_answers_are_kept() {
    let second = |job| if job == 2 { Conduct::LosesAnswer } else { Conduct::Works };
    let ran = run_against(vendor_of(Owner::Us, second).await, SEVEN).await;
    assert_eq!((ran.report.exit.code(), ran.report.written(), ran.has("in.unknown.csv")), (3, 6, false));
    assert_eq!((ran.report.jobs.len(), ran.vendor.count("POST", "/crm/bulk")), (3, 4));
    let ran = run_against(vendor_of(Owner::SomebodyElse, second).await, SEVEN).await;
    assert_eq!(ran.rows("in.unknown.csv"), ["5 UNKNOWN    ", "6 UNKNOWN    ", "7 UNKNOWN    "]);
    assert_eq!(ran.vendor.count("POST", "/crm/bulk"), 3);
}

#[tokio::test]
async fn an_upload_that_has_ended_is_made_anew_under_a_key_of_its_own() {
    let ran = run("Last Name\na\n", |job| if job == 1 { Conduct::ForgetsFile } else { Conduct::Works }, |_| {}).await;
    assert_eq!((ran.report.exit.code(), ran.vendor.count("POST", "/crm/v8/upload")), (0, 2));
    let requests = ran.vendor.requests();
    let keys_of = |path: &str| -> HashSet<_> {
        let sent = requests.iter().filter(|one| one.method == "POST" && one.path == path);
        sent.map(|one| one.header("idempotency-key").unwrap().to_owned()).collect()
    };
    assert_eq!((keys_of("/crm/v8/upload").len(), keys_of("/crm/bulk/v8/write").len()), (2, 1));
}
