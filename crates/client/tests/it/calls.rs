//! Single calls: tokens, what is repeated, whom the token goes to.

use std::sync::atomic::{AtomicUsize, Ordering};

use bulkwright_client::{ClientError, Created, RepeatKey, Secret, TargetKind, TokenSource};
use bulkwright_wire::create::CreateBody;

use crate::script::{Reply, Request, Script, api, fixed};

pub(crate) const HEALTH: &str = "/_bulkwright/health";
const ORG: &str = r#"{"org":[{"zgid":"694902309"}]}"#;
pub(crate) const CREATED: &str = r#"{"status":"success","code":"SUCCESS","message":"success","details":{"id":"77"}}"#;

/// What somebody else's server says to the question whether it is ours.
fn not_ours(request: &Request) -> Option<Reply> {
    (request.path == HEALTH).then(|| Reply::error(404, "INVALID_URL_PATTERN"))
}

pub(crate) fn body() -> CreateBody {
    CreateBody { character_encoding: None, operation: "insert", ignore_empty: None, resource: Vec::new() }
}

fn refresh(script_url: &str) -> TokenSource {
    TokenSource::Refresh {
        accounts_url: bulkwright_client::base_url(script_url).unwrap(),
        client_id: "id".into(),
        client_secret: Secret::new("secret"),
        refresh_token: Secret::new("refresh"),
    }
}

/// Gives the tokens `t1`, `t2`, … in turn and takes only `good`.
async fn with_tokens(good: &'static str) -> Script {
    let given = AtomicUsize::new(0);
    Script::serve(move |request, _| match request.path.as_str() {
        "/oauth/v2/token" => {
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            Reply::json(200, &format!(r#"{{"access_token":"t{number}","expires_in":3600}}"#))
        }
        _ if request.token() == good => Reply::json(200, ORG),
        _ => Reply::error(401, "INVALID_TOKEN"),
    })
    .await
}

#[tokio::test]
async fn calls_that_find_the_token_spent_together_refresh_it_once() {
    let script = with_tokens("t2").await;
    let api = script.api(refresh(&script.url()));
    let calls = futures::future::join_all((0..8).map(|_| api.org())).await;
    assert!(calls.iter().all(|call| call.as_ref().unwrap().zgid == "694902309"));
    assert_eq!(script.count("POST", "/oauth/v2/token"), 2, "the first one, and one for all eight");
    let asked = script.requests();
    let form = asked.iter().find(|one| one.path == "/oauth/v2/token").unwrap();
    let form = String::from_utf8(form.body.clone()).unwrap();
    assert_eq!(form, "grant_type=refresh_token&client_id=id&client_secret=secret&refresh_token=refresh");
}

#[tokio::test]
async fn a_token_that_is_refused_after_a_refresh_is_refused() {
    let script = with_tokens("never").await;
    let error = script.api(refresh(&script.url())).org().await.unwrap_err();
    assert_eq!((error.code(), error.exit().code()), (Some("INVALID_TOKEN"), 6));
    assert_eq!(script.count("POST", "/oauth/v2/token"), 2);
}

#[tokio::test]
async fn a_token_file_is_read_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token.txt");
    fs_err::write(&path, "t1\n").unwrap();
    let script = with_tokens("t2").await;
    let api = script.api(TokenSource::File(path.clone()));
    assert_eq!(api.org().await.unwrap_err().code(), Some("INVALID_TOKEN"), "the file still holds the old one");
    fs_err::write(&path, "t2\n").unwrap();
    assert_eq!(api.org().await.unwrap().zgid, "694902309");
    fs_err::write(&path, "\n").unwrap();
    let empty = script.api(TokenSource::File(path)).org().await.unwrap_err();
    assert!(matches!(empty, ClientError::NoToken { .. }), "{empty}");
}

#[tokio::test]
async fn the_token_endpoint_says_who_is_to_blame() {
    let check = async |reply: Reply, exit: u8| {
        let script = Script::serve(move |_, _| reply.clone()).await;
        let error = script.api(refresh(&script.url())).org().await.unwrap_err();
        assert_eq!(error.exit().code(), exit, "{error}");
        assert!(!error.to_string().contains("secret="), "{error}");
    };
    check(Reply::json(200, r#"{"error":"invalid_code"}"#), 6).await;
    check(Reply::json(400, r#"{"error":"invalid_client_secret"}"#), 6).await;
    check(Reply::json(400, r#"{"error_description":"slow","error":"Access Denied","status":"failure"}"#), 5).await;
    check(Reply::json(200, r#"{"error_description":"slow","error":"Access Denied","status":"failure"}"#), 5).await;
    check(Reply::json(400, r#"{"error_description":"no such scope","error":"invalid_scope"}"#), 6).await;
    check(Reply::json(500, r#"{"error":"invalid_code"}"#), 5).await;
    check(Reply::html(200), 5).await;
}

#[tokio::test]
async fn a_create_that_may_have_happened_is_never_sent_again_to_somebody_elses_server() {
    let check = async |reply: Reply| {
        let script = Script::serve(move |request, _| not_ours(request).unwrap_or_else(|| reply.clone())).await;
        let created = script.api(fixed("t")).create(&body(), &RepeatKey::random()).await.unwrap();
        assert!(matches!(created, Created::Unknown { .. }), "{created:?}");
        assert_eq!(script.count("POST", ""), 1);
    };
    check(Reply::Cut).await;
    check(Reply::html(502)).await;
    check(Reply::html(200)).await;
    check(Reply::error(500, "INTERNAL_ERROR")).await;
    check(Reply::json(503, "")).await;
    check(Reply::json(201, r#"{"status":"success","code":"SUCC"#)).await;
}

#[tokio::test]
async fn a_create_that_did_nothing_is_sent_again() {
    let check = async |first: Reply, token: TokenSource| {
        let script = Script::serve(move |request, before| match (request.path.as_str(), before) {
            _ if request.path == HEALTH => Reply::error(404, "INVALID_URL_PATTERN"),
            (_, 1) => first.clone(),
            ("/oauth/v2/token", _) => Reply::json(200, r#"{"access_token":"t","expires_in":3600}"#),
            _ => Reply::json(201, CREATED),
        })
        .await;
        let token = match token {
            TokenSource::Refresh { .. } => refresh(&script.url()),
            other => other,
        };
        assert_eq!(script.api(token).create(&body(), &RepeatKey::random()).await.unwrap(), Created::Job("77".into()));
    };
    check(Reply::error(429, "TOO_MANY_REQUESTS"), fixed("t")).await;
    check(Reply::html(429).with("retry-after", "0"), fixed("t")).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    fs_err::write(&path, "t").unwrap();
    // The file's token is the same after reading it again, so a refusal stands.
    let script =
        Script::serve(|request, _| not_ours(request).unwrap_or_else(|| Reply::error(401, "INVALID_TOKEN"))).await;
    let refused = script.api(TokenSource::File(path)).create(&body(), &RepeatKey::random()).await.unwrap_err();
    assert_eq!((refused.code(), script.count("POST", "")), (Some("INVALID_TOKEN"), 1));
}

#[tokio::test]
async fn a_create_without_a_connection_is_a_failure_and_not_unknown() {
    let nobody = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    let error = api(&format!("http://{address}"), fixed("t")).create(&body(), &RepeatKey::random()).await.unwrap_err();
    assert!(matches!(error, ClientError::NoAnswer { .. }), "{error}");
    assert_eq!(error.exit().code(), 5);
}

#[tokio::test]
async fn reading_calls_are_repeated_within_a_bound() {
    let script = Script::serve(|_, before| match before {
        0 => Reply::Cut,
        1 => Reply::html(502),
        _ => Reply::json(200, ORG),
    })
    .await;
    assert_eq!(script.api(fixed("t")).org().await.unwrap().zgid, "694902309");
    let script = Script::serve(|_, _| Reply::error(503, "SERVICE_UNAVAILABLE")).await;
    let error = script.api(fixed("t")).org().await.unwrap_err();
    assert_eq!((error.exit().code(), script.requests().len()), (5, 3));
    let script = Script::serve(|_, _| Reply::error(429, "TOO_MANY_REQUESTS").with("retry-after", "3600")).await;
    let error = script.api(fixed("t")).org().await.unwrap_err();
    assert!(matches!(error, ClientError::Throttled { seconds: 3600, .. }), "{error}");
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn an_upload_says_what_the_contract_wants_and_is_repeated_whole() {
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("x.zip");
    let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
    fs_err::write(&zip, &content).unwrap();
    let uploaded_body = r#"{"status":"success","code":"FILE_UPLOAD_SUCCESS","message":"file uploaded.","details":{"file_id":"9","created_time":""}}"#;
    let script = Script::serve(move |_, before| match before {
        0 => Reply::html(500),
        _ => Reply::json(200, uploaded_body),
    })
    .await;
    let uploaded = script.api(fixed("t")).upload(&zip, "part.zip", "694902309", &RepeatKey::random()).await.unwrap();
    assert_eq!((uploaded.value.details.file_id.as_str(), uploaded.body.as_slice()), ("9", uploaded_body.as_bytes()));
    let check = |request: &Request| {
        let headers = ["feature", "x-crm-org", "authorization"].map(|name| request.header(name).unwrap());
        assert_eq!(headers, ["bulk-write", "694902309", "Zoho-oauthtoken t"]);
        assert!(request.body.windows(content.len()).any(|window| window == content), "the whole file is in the body");
        let text = String::from_utf8_lossy(&request.body[..300]).into_owned();
        assert!(text.contains(r#"name="file""#) && text.contains(r#"filename="part.zip""#), "{text}");
    };
    assert_eq!(script.requests().len(), 2);
    script.requests().iter().for_each(check);
}

#[tokio::test]
async fn no_foreign_host_sees_the_token() {
    let foreign = Script::serve(|_, _| Reply::json(200, "{}")).await;
    let script = Script::serve(|_, _| Reply::json(200, ORG)).await;
    let folder = tempfile::tempdir().unwrap();
    let mut file = fs_err::tokio::File::create(folder.path().join("result.zip")).await.unwrap();
    let url = format!("{}/v2/crm/1/bulk-write/2/2.zip", foreign.url());
    let error = script.api(fixed("t")).download(&url, &mut file).await.unwrap_err();
    assert!(matches!(&error, ClientError::ForeignHost { url: named } if *named == url), "{error}");
    assert!(foreign.requests().is_empty());
    // A redirect is another way out.
    let elsewhere = url.clone();
    let script = Script::serve(move |_, _| Reply::html(302).with("location", &elsewhere)).await;
    assert!(script.api(fixed("t")).org().await.is_err());
    assert!(foreign.requests().is_empty());
}

#[tokio::test]
async fn a_download_is_written_whole_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.zip");
    let mut file = fs_err::tokio::File::create(&path).await.unwrap();
    let zip =
        Reply::Answer { status: 200, headers: vec![("content-type", "application/zip".into())], body: vec![7; 9_000] };
    let script = Script::serve(move |_, before| if before == 0 { Reply::Cut } else { zip.clone() }).await;
    script.api(fixed("t")).download("/v2/crm/1/bulk-write/2/2.zip", &mut file).await.unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), vec![7; 9_000]);
    assert_eq!(script.requests()[1].path, "/v2/crm/1/bulk-write/2/2.zip");
    let gone = r#"{"x-info":"Link not valid","info":"Forbidden","http_status":"403"}"#;
    let script = Script::serve(move |_, _| Reply::json(403, gone)).await;
    let error = script.api(fixed("t")).download("v2/x.zip", &mut file).await.unwrap_err();
    assert_eq!(error.code(), Some("FORBIDDEN"));
}

#[tokio::test]
async fn a_token_that_ends_before_the_download_is_renewed() {
    let given = AtomicUsize::new(0);
    let script = Script::serve(move |request, _| match (request.path.as_str(), request.token()) {
        ("/oauth/v2/token", _) => {
            let number = given.fetch_add(1, Ordering::SeqCst) + 1;
            Reply::json(200, &format!(r#"{{"access_token":"t{number}","expires_in":3600}}"#))
        }
        (_, "t2") => {
            let headers = vec![("content-type", "application/zip".to_owned())];
            Reply::Answer { status: 200, headers, body: vec![7; 100] }
        }
        _ => Reply::error(401, "INVALID_TOKEN"),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("result.zip");
    let mut file = fs_err::tokio::File::create(&path).await.unwrap();
    script.api(refresh(&script.url())).download("/v2/x.zip", &mut file).await.unwrap();
    assert_eq!(fs_err::read(&path).unwrap(), vec![7; 100]);
}

#[tokio::test]
async fn a_server_of_ones_own_says_so() {
    let check = async |reply: Reply, expected: TargetKind| {
        let script = Script::serve(move |_, _| reply.clone()).await;
        assert_eq!(script.api(fixed("t")).target_kind().await.unwrap(), expected);
        assert_eq!(script.requests()[0].header("authorization"), None, "health needs no token");
    };
    check(Reply::json(200, r#"{"status":"ok","product":"bulkwright"}"#), TargetKind::Own).await;
    check(Reply::error(404, "INVALID_URL_PATTERN"), TargetKind::Vendor).await;
    check(Reply::html(200), TargetKind::Vendor).await;
}
