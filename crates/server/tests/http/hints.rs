//! A refused request is told what it very likely meant, in a header of ours and nowhere else.

use bulkwright_server::dev;
use serde_json::json;

use crate::harness::{Answer, Client, dev_server, form_of, form_of_fields, job_of, multipart_type, zip_of};

const FEATURE: (&str, &str) = ("feature", "bulk-write");
const ORG: (&str, &str) = ("X-CRM-ORG", dev::ZGID);

fn hint(answer: &Answer) -> &str {
    answer.header("bulkwright-hint").unwrap_or_default()
}

#[tokio::test]
async fn paths_and_methods_of_elsewhere_are_led_to_ours() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let cases = [
        ("POST", "/crm/bulk/v8/writ", 404, "the nearest path is POST /crm/bulk/v8/write"),
        ("POST", "//bulk//v8/write", 404, "the nearest path is POST /crm/bulk/v8/write"),
        ("POST", "/crm/bulk/v9/write?x=y", 404, "versions are v2, v2.1 and v3 to v8: POST /crm/bulk/v8/write"),
        ("POST", "/crm/bulk/v8/write/", 404, "without the slash at the end: POST /crm/bulk/v8/write"),
        ("POST", "/crm/v8/bulk/write", 400, "the nearest path is POST /crm/bulk/v8/write"),
        ("POST", "/crm/bulk/v8/read", 404, "bulk read is not served; records are listed by GET /crm/v8/{module}"),
        (
            "POST",
            "/services/data/v60.0/jobs/ingest",
            404,
            "that is Salesforce's Bulk API; here a job is created by POST /crm/bulk/v8/write",
        ),
        ("PUT", "/crm/v8/upload", 400, "this path takes POST only"),
        ("GET", "/_bulkwright/job/1", 404, "the nearest path is GET /_bulkwright/jobs/{job_id}"),
        ("GET", "/crm/v8/leads?fields=id", 400, "the module's API name is Leads"),
        ("GET", "/nothing/like/it", 404, ""),
    ];
    for (method, path, status, expected) in cases {
        let answer = client.send(method, path, &[], b"").await;
        assert_eq!((answer.status, hint(&answer)), (status, expected), "{method} {path}");
        assert!(!answer.text().contains("nearest"), "{answer:?}");
    }
}

#[tokio::test]
async fn access_is_told_its_right_form() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let none = client.without_token();
    let token = dev::ACCESS_TOKEN;
    let basic = format!("Basic {token}");
    let cases = [
        (vec![], "/crm/v8/org", "send the header Authorization: Zoho-oauthtoken TOKEN"),
        (vec![("Authorization", basic.as_str())], "/crm/v8/org", "the scheme is Zoho-oauthtoken or Bearer"),
        (vec![("Authorization", token)], "/crm/v8/org", "there is no scheme before the token"),
        (vec![("X-Authorization", token)], "/crm/v8/org", "the header x-authorization is not read"),
        (vec![], "/crm/v8/org?authtoken=1000.secret", "the parameter authtoken is not read"),
        (vec![("Authorization", "Bearer 1000.x")], "/crm/v8/org", "POST /oauth/v2/token gives another"),
    ];
    for (headers, path, expected) in cases {
        let answer = none.send("GET", path, &headers, b"").await;
        assert_eq!(answer.status, 401);
        assert!(hint(&answer).contains(expected), "{answer:?} lacks {expected}");
        assert!(!hint(&answer).contains("1000"), "{answer:?} tells a token");
    }
    let mismatch = client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK).get("/crm/bulk/v8/write/1").await;
    assert_eq!(hint(&mismatch), "this needs ZohoCRM.bulk.ALL or ZohoCRM.bulk.CREATE");
}

#[tokio::test]
async fn an_upload_is_told_which_header_and_which_part() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let zip = zip_of(&[("a.csv", "Last_Name\nNg\n")]);
    let form = form_of("file", &zip);
    let id = |name| (name, dev::ZGID);
    let cases = [
        (vec![ORG], &form, "send the header feature: bulk-write"),
        (vec![("X-Feature", "bulk-write"), ORG], &form, "the header x-feature is not read"),
        (vec![("feature", "bulk-read"), ORG], &form, "send the header feature: bulk-write"),
        (vec![FEATURE], &form, "send the header X-CRM-ORG with the zgid of GET /crm/v8/org"),
        (vec![FEATURE, id("X-CRM-Org-Id")], &form, "the header x-crm-org-id is not read"),
        (vec![FEATURE, id("ORG")], &form, "the header org is not read"),
        (vec![FEATURE, ("X-CRM-ORG", "org1")], &form, "the token belongs to X-CRM-ORG: 694902309"),
        (vec![FEATURE, ORG], &form_of("attachment", &zip), "it is not read from one called attachment"),
        (vec![FEATURE, ORG], &form_of_fields(&[("name", "x")]), "it is not read from one called name"),
        (vec![FEATURE, ORG], &form_of_fields(&[]), "the form has no part"),
        (vec![FEATURE, ORG], &form_of("file", b"Last_Name\nNg\n"), "the file is a bare CSV or text; zip it first"),
        (vec![FEATURE, ORG], &form_of("file", b"{\"data\":[]}"), "the file is JSON; an upload is a zip"),
        (vec![FEATURE, ORG], &form_of("file", b"\x1f\x8b\x08\0\0\0\0"), "the file is gzip, not zip"),
        (vec![FEATURE, ORG], &form_of("file", &zip[..50]), "the file is a zip that is cut off or damaged"),
    ];
    for (headers, form, expected) in cases {
        let answer = client.upload_with("v8", &headers, form).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(hint(&answer).contains(expected), "{answer:?} lacks {expected}");
    }
    for (content_type, body, expected) in [
        ("application/zip", &zip[..], "the body is a bare zip"),
        ("text/csv", b"Last_Name\nNg\n", "the body is a bare CSV or text"),
        ("application/json", b"{}", "the body is JSON"),
        ("multipart/form-data", &form[..], "the Content-Type has no boundary"),
    ] {
        let answer = client.send("POST", "/crm/v8/upload", &[FEATURE, ORG, ("Content-Type", content_type)], body).await;
        assert!(hint(&answer).contains(expected), "{answer:?} lacks {expected}");
    }
    let before_v8 = client.upload_with("v2", &[("feature", "bulk-read"), ORG], &form).await;
    assert_eq!(
        (before_v8.code().1.as_str(), hint(&before_v8)),
        ("INVALID_DATA", "send the header feature: bulk-write")
    );
    let taken = client.upload_with("v8", &[FEATURE, ORG], &form).await;
    assert_eq!((taken.status, hint(&taken)), (200, ""));
}

#[tokio::test]
async fn a_workbook_is_known_at_its_upload_and_at_its_job() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let workbook = "the file is an Excel workbook; save it as CSV and zip that";
    let upload = client.upload(&zip_of(&[("[Content_Types].xml", "<Types/>"), ("xl/workbook.xml", "<x/>")])).await;
    assert_eq!((upload.status, hint(&upload)), (200, workbook));
    let file = upload.json()["details"]["file_id"].as_str().unwrap().to_owned();
    let create = client.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
    assert_eq!((create.code(), hint(&create)), ((400, "FILE_NOT_SUPPORTED".into()), workbook));
}

#[tokio::test]
async fn a_create_is_told_which_key() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name,Email\nNg,ng@example.com\n").await;
    let body = |text: &str| text.replace("FILE", &file);
    let cases = [
        (r#"{"operation":"insert","resources":[]}"#, "resources in the top level is not read: write resource"),
        (r#"{"operation":"insert","data":[]}"#, "data in the top level is not read: write resource"),
        (r#"{"operation":"insert","resource":[{"type":"data","module":"Leads","fileId":"FILE"}]}"#, "write file_id"),
        (
            r#"{"operation":"update","resource":[{"type":"data","module":"Leads","file_id":"FILE","findBy":"Email"}]}"#,
            "findBy in resource is not read: write find_by",
        ),
        (r#"{"operation":"insert","resource":[{"type":"data","module":{"apiName":"Leads"}}]}"#, "write api_name"),
        (r#"{"operation":"insert","resource":[{"type":"data","module":"Lead","file_id":"FILE"}]}"#, "name is Leads"),
        (
            r#"{"operation":"insert","resource":[{"type":"data","module":"Leads","file_id":"FILE","field_mappings":[{"api_name":"LastName","index":0}]}]}"#,
            "the field's API name is Last_Name",
        ),
        ("operation=insert&resource=Leads", "a form was sent"),
        ("[{}]", "an array was sent"),
    ];
    for (text, expected) in cases {
        let answer = client.post("/crm/bulk/v8/write", "application/json", body(text).as_bytes()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(hint(&answer).contains(expected), "{answer:?} lacks {expected}");
    }
    let form = client.post("/crm/bulk/v8/write", &multipart_type(), b"--x\r\n").await;
    assert_eq!(
        (form.code(), hint(&form)),
        ((400, "REQUEST_BODY_NOT_SUPPORTED".into()), "send JSON, with Content-Type: application/json")
    );
}

/// Names of columns have any length, a header of an answer has not.
#[tokio::test]
async fn a_hint_is_short_whatever_it_names() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv(&format!("Last_Name,{}\nNg,x\n", "x".repeat(100_000))).await;
    let answer = client.post_json("/crm/bulk/v8/write", &job_of(&file, "insert", None)).await;
    assert_eq!((answer.status, hint(&answer).len()), (201, 500));
}

/// What is not read does not make a job fail; whoever wrote it learns of it all the same.
#[tokio::test]
async fn a_job_whose_callback_is_misspelled_says_so() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut job = job_of(&client.upload_csv("Last_Name,Colour\nNg,red\n").await, "insert", None);
    job["callBack"] = json!({ "url": "https://example.com/", "method": "post" });
    let answer = client.post_json("/crm/bulk/v8/write", &job).await;
    assert_eq!(
        (answer.status, hint(&answer)),
        (201, "columns that name no field are ignored: Colour; callBack in the top level is not read: write callback")
    );
}
