//! Who is asked, what he is shown, and where his answer goes.

use bulkwright_server::dev;

use super::world::{
    APP, CALLBACK, FORM, GONE_APP, OTHER_CALLBACK, OTHERS, OTHERS_SECRET, PAT, PATS_SECRET, World, asking, but,
    encoded, hidden_fields, sent_back, value,
};
use crate::harness::{Answer, Client, dev_server};

const S256: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[tokio::test]
async fn the_page_says_who_asks_for_what_and_loads_nothing() {
    let world = World::new().await;
    let page = world.page(&asking()).await;
    let html = page.text();
    for shown in [
        "&#60;b&#62;App &#38; Co&#60;/b&#62; asks for access to Bulkwright",
        &world.client.org,
        "Read the organisation&#39;s name and time zone",
        "ZohoCRM.users.READ",
        "It may go on when you are not there",
        CALLBACK,
    ] {
        assert!(html.contains(shown), "no {shown} in {html}");
    }
    for absent in ["<b>", "<script", "<img", "<link", "src=", PATS_SECRET, &world.admin_secret()] {
        assert!(!html.contains(absent), "{absent} in {html}");
    }
    check_page_headers(&page);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.ends_with("form-action 'self' https://app.example.com"), "{policy}");
    let online = world.page(&but(&asking(), "access_type", None)).await;
    assert!(online.text().contains("The access ends by itself after an hour"), "{online:?}");
}

fn check_page_headers(page: &Answer) {
    let headers = ["content-type", "cache-control", "x-frame-options", "referrer-policy", "x-content-type-options"];
    let expected = ["text/html;charset=utf-8", "no-store", "deny", "no-referrer", "nosniff"];
    assert_eq!(headers.map(|name| page.header(name).unwrap_or_default()), expected);
    assert_eq!(page.header("set-cookie"), None);
}

#[tokio::test]
async fn an_accepted_request_is_sent_back_as_the_vendor_does() {
    let world = World::new().await;
    let state = "a b&c=d\"<>'ö%26\u{1f600}";
    let page = world.page(&[&asking()[..], &[("state", state)]].concat()).await;
    let answer = world.decide(&page, &PAT.to_uppercase(), &format!(" {PATS_SECRET} "), "accept").await;
    assert_eq!((answer.status, answer.body.len()), (302, 0));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let location = answer.header("location").unwrap();
    let base = format!("http://{}", world.server.addr());
    let pairs = sent_back(&answer);
    let names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["state", "code", "location", "accounts-server"]);
    assert_eq!(value(&pairs, "state").as_deref(), Some(state));
    assert_eq!(value(&pairs, "accounts-server").as_deref(), Some(base.as_str()));
    assert!(value(&pairs, "code").unwrap().starts_with("1000."), "{location}");
    assert!(location.starts_with(&format!("{CALLBACK}?state=")) && location.ends_with('&'), "{location}");

    let bare = world.decide(&world.page(&asking()).await, PAT, PATS_SECRET, "accept").await;
    assert_eq!(value(&sent_back(&bare), "state"), None);
}

#[tokio::test]
async fn a_denied_request_is_sent_back_without_a_secret() {
    let world = World::new().await;
    let page = world.page(&[&asking()[..], &[("state", "7")]].concat()).await;
    for decision in ["deny", ""] {
        let answer = world.decide(&page, "", "", decision).await;
        let expected = format!("{CALLBACK}?state=7&error=access_denied&");
        assert_eq!((answer.status, answer.header("location")), (302, Some(expected.as_str())));
    }
}

#[tokio::test]
async fn only_the_users_own_secret_or_the_administrators_is_taken() {
    let world = World::new().await;
    let page = world.page(&asking()).await;
    let admin = world.admin_secret();
    let cases = [
        (PAT, PATS_SECRET, 302),
        (PAT, admin.as_str(), 302),
        (PAT, "", 403),
        (PAT, "guess", 403),
        ("", PATS_SECRET, 403),
        ("nobody@example.com", PATS_SECRET, 403),
        ("nobody@example.com", &admin, 403),
        // The first user has no secret of his own.
        ("admin@bulkwright.local", "", 403),
        ("admin@bulkwright.local", &admin, 302),
        // Who was revoked, and who belongs to another organisation.
        ("gone@example.com", "the-secret-of-gone", 403),
        ("gone@example.com", &admin, 403),
        (OTHERS, OTHERS_SECRET, 403),
        (OTHERS, &admin, 403),
        (PAT, OTHERS_SECRET, 403),
    ];
    for (email, secret, expected) in cases {
        let answer = world.decide(&page, email, secret, "accept").await;
        assert_eq!(answer.status, expected, "{email}: {answer:?}");
        if expected == 403 {
            check_page_headers(&answer);
            assert!(answer.text().contains("is not right") && answer.header("location").is_none());
            assert!(secret.is_empty() || !answer.text().contains(secret), "the secret is not shown again");
            assert_eq!(hidden_fields(answer.text()), hidden_fields(page.text()), "he can try again");
        }
    }
}

#[tokio::test]
async fn the_administrator_acts_for_the_user_he_names() {
    let world = World::new().await;
    let page = world.page(&asking()).await;
    let answer = world.decide(&page, PAT, &world.admin_secret(), "accept").await;
    let tokens = world.exchange_code(&value(&sent_back(&answer), "code").unwrap(), &[]).await;
    let users = world.with_token_of(&tokens).get("/crm/v8/users?type=CurrentUser").await.json();
    assert_eq!(users["users"][0]["email"], PAT);
}

/// Neither the page nor the form's answer leads anywhere but to what is registered, whatever is wrong with the request.
#[tokio::test]
async fn what_is_wrong_is_told_on_a_page_and_sent_nowhere() {
    let world = World::new().await;
    let long = "s".repeat(4097);
    let cases = [
        ("client_id", None, "invalid_client"),
        ("client_id", Some("1000.NOBODY"), "invalid_client"),
        ("client_id", Some(GONE_APP), "invalid_client"),
        ("redirect_uri", None, "invalid_redirect_uri"),
        ("redirect_uri", Some(OTHER_CALLBACK), "invalid_redirect_uri"),
        ("redirect_uri", Some("https://evil.example/cb"), "invalid_redirect_uri"),
        ("redirect_uri", Some("https://app.example.com/cb/"), "invalid_redirect_uri"),
        ("redirect_uri", Some("https://app.example.com/cb?next=//evil.example"), "invalid_redirect_uri"),
        ("redirect_uri", Some("https://app.example.com@evil.example/cb"), "invalid_redirect_uri"),
        ("redirect_uri", Some("http://localhost:1@evil.example/cb"), "invalid_redirect_uri"),
        ("redirect_uri", Some("//evil.example"), "invalid_redirect_uri"),
        ("redirect_uri", Some("javascript:alert(1)"), "invalid_redirect_uri"),
        ("redirect_uri", Some("https://app.example.com/cb\r\nSet-Cookie: a=b"), "invalid_redirect_uri"),
        ("response_type", None, "invalid_response_type"),
        ("response_type", Some("token"), "invalid_response_type"),
        ("scope", None, "invalid_scope"),
        ("scope", Some("ZohoCRM.bulk.ALL,ZohoCRM.bulk.SOME"), "invalid_scope"),
        ("scope", Some("<script>"), "invalid_scope"),
        ("access_type", Some("always"), "invalid_request"),
        ("state", Some(&long), "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", Some("S256"), "invalid_request"),
    ];
    for (name, given, expected) in cases {
        let request = but(&asking(), name, given);
        let form = [&request[..], &[("email", PAT), ("secret", PATS_SECRET), ("decision", "accept")]].concat();
        let posted = world.client.post("/oauth/v2/auth", FORM, encoded(&form).as_bytes()).await;
        let denied = but(&form, "decision", Some("deny"));
        let denied = world.client.post("/oauth/v2/auth", FORM, encoded(&denied).as_bytes()).await;
        for answer in [world.page(&request).await, posted, denied] {
            assert_eq!((answer.status, answer.header("location")), (400, None), "{name} {given:?}: {answer:?}");
            assert!(answer.text().contains(&format!("<code>{expected}</code>")), "{name} {given:?}: {answer:?}");
            assert!(!answer.text().contains("<script>"), "{answer:?}");
            check_page_headers(&answer);
        }
    }
    let method = [("code_challenge", S256), ("code_challenge_method", "MD5")];
    let answer = world.page(&[&asking()[..], &method].concat()).await;
    assert!(answer.status == 400 && answer.text().contains("invalid_request"), "{answer:?}");
}

#[tokio::test]
async fn an_application_on_the_users_machine_picks_its_port() {
    let world = World::new().await;
    let check = async |uri: &str, expected: u16| {
        let page = world.page(&but(&asking(), "redirect_uri", Some(uri))).await;
        assert_eq!(page.status, expected, "{uri}");
        if expected == 200 {
            let answer = world.decide(&page, PAT, PATS_SECRET, "accept").await;
            assert!(answer.header("location").unwrap().starts_with(&format!("{uri}?code=")), "{answer:?}");
        }
    };
    check("http://localhost/cb", 200).await;
    check("http://localhost:49152/cb", 200).await;
    check("http://localhost:49152/other", 400).await;
    check("http://127.0.0.1:49152/cb", 400).await;
    check("https://app.example.com:8443/cb", 400).await;
}

#[tokio::test]
async fn a_server_for_developers_fills_the_form_in() {
    let server = dev_server().await;
    let client = Client::dev(&server).without_token();
    let request = [
        ("response_type", "code"),
        ("client_id", dev::CLIENT_ID),
        ("redirect_uri", "http://localhost:3000/anything"),
        ("scope", "ZohoCRM.bulk.ALL"),
    ];
    let page = client.get(&format!("/oauth/v2/auth?{}", encoded(&request))).await;
    let filled = |name: &str, value: &str| page.text().contains(&format!("name=\"{name}\" value=\"{value}\""));
    assert!(filled("email", dev::EMAIL) && filled("secret", dev::ADMIN_SECRET), "{page:?}");
    let mut fields = hidden_fields(page.text());
    let shown = [("email", dev::EMAIL), ("secret", dev::ADMIN_SECRET), ("decision", "accept")];
    fields.extend(shown.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let answer = client.post("/oauth/v2/auth", FORM, encoded(&fields).as_bytes()).await;
    assert!(answer.header("location").unwrap().starts_with("http://localhost:3000/anything?code=1000."), "{answer:?}");

    let elsewhere = but(&request, "redirect_uri", Some("https://evil.example/"));
    assert_eq!(client.get(&format!("/oauth/v2/auth?{}", encoded(&elsewhere))).await.status, 400);
    let kept = World::new().await;
    assert!(kept.page(&asking()).await.text().contains("name=\"secret\" value=\"\""));
    assert_eq!(kept.page(&but(&asking(), "redirect_uri", Some("http://localhost:3000/anything"))).await.status, 400);
    assert_eq!(kept.page(&but(&asking(), "client_id", Some(APP))).await.status, 200);
}
