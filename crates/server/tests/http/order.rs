//! URL, then method, then authentication, then scope, then the application.

use bulkwright_server::dev;

use crate::harness::{Client, dev_server};

#[derive(Clone, Copy, Debug)]
enum Token {
    All,
    WithoutBulk,
    Unknown,
    None,
}

#[tokio::test]
async fn faults_are_told_in_the_wires_order() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let job = "/crm/bulk/v2.1/write/4150868000005350003";
    let absent = "/crm/bulk/v2.1/write/415086800000535000";
    let wrong = "/crm/bulk/v2.1/writ/4150868000005350003";
    let cases = [
        ("PUT", wrong, Token::None, 404, "INVALID_URL_PATTERN"),
        ("GET", wrong, Token::Unknown, 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/bulk/v9/write/1", Token::All, 404, "INVALID_URL_PATTERN"),
        ("GET", "/crm/bulk/v2.1/writ", Token::All, 404, "INVALID_URL_PATTERN"),
        ("GET", "/_bulkwright/secrets", Token::None, 404, "INVALID_URL_PATTERN"),
        ("PUT", job, Token::None, 400, "INVALID_REQUEST_METHOD"),
        ("PUT", job, Token::WithoutBulk, 400, "INVALID_REQUEST_METHOD"),
        ("OPTIONS", job, Token::All, 400, "INVALID_REQUEST_METHOD"),
        ("BREW", job, Token::All, 400, "INVALID_REQUEST_METHOD"),
        ("GET", "/crm/v8/upload", Token::All, 400, "INVALID_REQUEST_METHOD"),
        ("GET", "/oauth/v2/token", Token::None, 400, "INVALID_REQUEST_METHOD"),
        ("POST", "/_bulkwright/health", Token::None, 400, "INVALID_REQUEST_METHOD"),
        ("GET", absent, Token::None, 401, "AUTHENTICATION_FAILURE"),
        ("GET", absent, Token::Unknown, 401, "INVALID_TOKEN"),
        ("GET", absent, Token::WithoutBulk, 401, "OAUTH_SCOPE_MISMATCH"),
        ("POST", "/crm/bulk/v8/write", Token::WithoutBulk, 401, "OAUTH_SCOPE_MISMATCH"),
        ("GET", "/v2/crm/1/bulk-write/1/1.zip", Token::WithoutBulk, 401, "OAUTH_SCOPE_MISMATCH"),
        ("GET", absent, Token::All, 400, "RESOURCE_NOT_FOUND"),
        ("GET", "/crm/bulk/v2.1/write/abc", Token::All, 400, "RESOURCE_NOT_FOUND"),
        ("GET", "/crm/bulk/v2.1/write/+5", Token::All, 400, "RESOURCE_NOT_FOUND"),
        ("GET", "/crm/v8/Nothing?fields=id", Token::All, 400, "INVALID_MODULE"),
        ("GET", "//crm//bulk/v2.1///write/415086800000535000", Token::All, 400, "RESOURCE_NOT_FOUND"),
    ];
    for (method, path, token, status, code) in cases {
        let client = match token {
            Token::All => client.clone(),
            Token::WithoutBulk => client.with_token(dev::ACCESS_TOKEN_WITHOUT_BULK),
            Token::Unknown => client.with_token("1000.unknown"),
            Token::None => client.without_token(),
        };
        let answer = client.send(method, path, &[], b"").await;
        assert_eq!(answer.code(), (status, code.to_owned()), "{method} {path} {token:?}");
        assert_eq!(answer.header("allow"), None, "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_a_wrong_method_and_has_no_body() {
    let server = dev_server().await;
    let answer = Client::dev(&server).send("HEAD", "/crm/v8/org", &[], b"").await;
    assert_eq!((answer.status, answer.header("content-length")), (400, Some("124")));
}

#[tokio::test]
async fn both_schemes_carry_a_token_and_no_other_does() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let token = dev::ACCESS_TOKEN;
    let cases = [
        (format!("Bearer {token}"), 200),
        (format!("bearer  {token} "), 200),
        (format!("Zoho-oauthtoken {token}"), 200),
        (format!("ZOHO-OAUTHTOKEN {token}"), 200),
        (format!("Basic {token}"), 401),
        (token.to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        ("Bearer".to_owned(), 401),
    ];
    for (value, status) in cases {
        let answer = client.send("GET", "/crm/v8/org", &[("Authorization", &value)], b"").await;
        assert_eq!(answer.status, status, "{value}");
        if status == 401 {
            assert_eq!((answer.body.len(), answer.code().1.as_str()), (98, "AUTHENTICATION_FAILURE"), "{value}");
        }
    }
    let unknown = client.with_token("1000.x").get("/crm/v8/org").await;
    assert_eq!((unknown.status, unknown.body.len(), unknown.header("content-length")), (401, 87, Some("87")));
    let in_query = client.get(&format!("/crm/v8/org?access_token={token}")).await;
    assert_eq!(in_query.status, 401);
}

#[tokio::test]
async fn health_is_open_and_names_the_product() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let health = client.get("/_bulkwright/health").await;
    assert_eq!(
        (health.status, &health.json()["product"], &health.json()["api"]),
        (200, &"bulkwright".into(), &"bulkwright".into())
    );
    assert_eq!(health.json()["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(client.get("/_bulkwright/ready").await.json()["status"], "ready");
    assert!(health.header("bulkwright-request-id").is_some());
}
