//! Every recorded exchange is answered: status, headers, length, key order, body.

use bulkwright_server::dev;
use bulkwright_wire::exchange::Exchange;
use serde_json::Value;

use crate::harness::{Answer, Client, dev_server};

/// Headers whose values are of the moment or of the framing.
const NOT_COMPARED: [&str; 2] = ["date", "x-accesstoken-reset"];

const RECORDED: [&str; 6] = [
    include_str!("../../../../contract/job-details/success.json"),
    include_str!("../../../../contract/job-details/resource-not-found.json"),
    include_str!("../../../../contract/job-details/oauth-scope-mismatch.json"),
    include_str!("../../../../contract/job-details/authentication-failure.json"),
    include_str!("../../../../contract/job-details/invalid-request-method.json"),
    include_str!("../../../../contract/job-details/invalid-url-pattern.json"),
];

#[tokio::test]
async fn the_recorded_exchanges_are_answered_as_recorded() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    for text in RECORDED {
        let recorded = Exchange::parse(text).unwrap();
        let client = match recorded.request.token.as_str() {
            "all" => client.clone(),
            "without-bulk" => client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK),
            _ => client.without_token(),
        };
        let (method, path) = (&recorded.request.method, &recorded.request.path);
        let answer = client.send(method, path, &[("Accept-Encoding", "gzip, deflate, br")], b"").await;
        compare(&recorded, &answer);
    }
    server.stop().await;
}

fn compare(recorded: &Exchange, answer: &Answer) {
    let name = &recorded.name;
    assert_eq!(answer.status, recorded.response.status, "{name}");
    for (header, value) in &recorded.response.headers {
        let header = header.to_lowercase();
        assert!(answer.header(&header).is_some(), "{name}: no {header} in {answer:?}");
        if !NOT_COMPARED.contains(&header.as_str()) {
            assert_eq!(answer.header(&header), Some(value.as_str()), "{name}: {header}");
        }
    }
    for (header, _) in &answer.headers {
        let is_recorded = recorded.response.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(header));
        assert!(is_recorded || header.starts_with("bulkwright-"), "{name}: {header} was never recorded");
    }
    // Recorders print JSON anew; printed compactly, both must be the same bytes, keys in the same order.
    let body: Value = serde_json::from_str(&recorded.response.body).unwrap();
    let compact = body.to_string();
    let expected = if answer.header("content-length").is_some() { format!("{compact}\n") } else { compact };
    assert_eq!(answer.text(), expected, "{name}");
}

#[tokio::test]
async fn a_token_that_never_ends_says_an_hour_in_the_users_zone() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let before = bulkwright_server::Clock::system().seconds();
    let answer = client.get(&format!("/crm/bulk/v2.1/write/{}", dev::JOB)).await;
    let reset = answer.header("x-accesstoken-reset").unwrap();
    let seconds = bulkwright_wire::time::parse(reset).unwrap();
    assert!(reset.ends_with("+05:30"), "{reset}");
    assert!((before + 3600..before + 3660).contains(&seconds), "{reset}");
}

#[tokio::test]
async fn without_gzip_the_body_is_plain_and_chunked() {
    let server = dev_server().await;
    let answer = Client::dev(&server).get(&format!("/crm/bulk/v2.1/write/{}", dev::JOB)).await;
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    assert_eq!(answer.header("vary"), Some("accept-encoding"));
    assert_eq!(answer.json()["id"], dev::JOB);
}

#[tokio::test]
async fn the_seeded_job_has_a_result_and_its_leads() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let path = format!("/v2/crm/{}/bulk-write/{job}/{job}.zip", dev::ZGID, job = dev::JOB);
    let answer = client.get(&path).await;
    assert_eq!(answer.status, 200);
    let csv = crate::harness::csv_in(&answer.body);
    let ended = |status: &str| csv.lines().filter(|line| line.contains(status)).count();
    assert_eq!((csv.lines().count(), ended(",ADDED,"), ended(",SKIPPED,")), (12, 9, 2), "{csv}");
    assert!(csv.contains("MANDATORY_NOT_FOUND-Last_Name") && csv.contains("INVALID_DATA-Mobile"), "{csv}");
    let leads = client.get("/crm/v8/Leads?fields=Last_Name,Mobile,Owner,Created_Time&sort_order=asc").await.json();
    let names: Vec<_> = leads["data"].as_array().unwrap().iter().map(|lead| lead["Last_Name"].clone()).collect();
    assert_eq!(names.len(), 9);
    assert_eq!(names[5], "O'Neil, Jr.".to_owned().as_str());
    assert_eq!(leads["data"][0]["Owner"]["name"], "Patricia Boyle");
    assert_eq!(leads["data"][0]["Created_Time"], "2021-05-11T12:38:29+05:30");
}
