//! What is asked for too often.

use super::world::{
    APP, APP_SECRET, FORM, OTHER_APP, OTHERS_REFRESH_TOKEN, PAID_APP, PAID_REFRESH_TOKEN, PAT, PATS_SECRET, World,
    asking, but, encoded, hidden_fields, refreshing, text,
};
use crate::harness::Answer;

const TOKEN: &str = "/oauth/v2/token";
/// As the server has them.
const WRONG_SECRETS_MAX: usize = 20;

fn throttled(answer: &Answer) {
    let expected = r#"{"error_description":"You have made too many requests continuously. Please try again after some time.","error":"Access Denied","status":"failure"}"#;
    assert_eq!((answer.status, answer.text()), (400, expected));
}

#[tokio::test]
async fn ten_tokens_in_ten_minutes_where_there_is_an_edition() {
    let world = World::new().await;
    let refresh = refreshing(PAID_REFRESH_TOKEN);
    let paid = but(&refresh, "client_id", Some(PAID_APP));
    for _ in 0..10 {
        assert!(text(&world.exchange(&paid).await, "access_token").is_some());
        world.pass_seconds(1);
    }
    throttled(&world.exchange(&paid).await);
    world.pass_seconds(589);
    throttled(&world.exchange(&paid).await);
    world.pass_seconds(1);
    assert!(text(&world.exchange(&paid).await, "access_token").is_some());

    let refresh = refreshing(OTHERS_REFRESH_TOKEN);
    let free = but(&refresh, "client_id", Some(OTHER_APP));
    for _ in 0..25 {
        assert!(text(&world.exchange(&free).await, "access_token").is_some(), "without an edition nobody is stopped");
    }
}

#[tokio::test]
async fn wrong_secrets_stop_their_own_network_for_a_minute_and_nobody_else() {
    let world = World::new().await;
    let wrong = [("client_id", APP), ("client_secret", "guess"), ("grant_type", "refresh_token")];
    let right = but(&wrong, "client_secret", Some(APP_SECRET));
    for _ in 0..WRONG_SECRETS_MAX {
        let answer = world.exchange(&wrong).await;
        assert_eq!(answer.text(), r#"{"error":"invalid_client_secret"}"#);
    }
    throttled(&world.exchange(&wrong).await);
    throttled(&world.exchange(&right).await);
    let told = |answer: Answer| text(&answer, "error").unwrap();
    let elsewhere = world.post_from([127, 0, 0, 2], TOKEN, &right).await;
    assert_eq!(told(elsewhere), "invalid_request", "the right client is heard from another address");
    let other = world.exchange(&but(&right, "client_id", Some(OTHER_APP))).await;
    assert_eq!(told(other), "invalid_request", "other clients are heard");
    world.pass_seconds(60);
    assert_eq!(told(world.exchange(&right).await), "invalid_request");
}

#[tokio::test]
async fn whoever_guesses_on_the_consent_page_is_stopped_whomever_he_names() {
    let world = World::new().await;
    let page = world.page(&asking()).await;
    for number in 0..WRONG_SECRETS_MAX {
        let email = if number % 2 == 0 { PAT.to_owned() } else { format!("{number}@example.com") };
        assert_eq!(world.decide(&page, &email, "guess", "accept").await.status, 403);
    }
    let stopped = world.decide(&page, PAT, PATS_SECRET, "accept").await;
    assert_eq!((stopped.status, stopped.header("location")), (429, None));
    assert!(stopped.text().contains("Too many wrong secrets"), "{stopped:?}");
    let mut fields = hidden_fields(page.text());
    fields.extend(
        [("email", PAT), ("secret", PATS_SECRET), ("decision", "accept")]
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let elsewhere = world.post_from([127, 0, 0, 3], "/oauth/v2/auth", &fields).await;
    assert_eq!(elsewhere.status, 302, "{elsewhere:?} {}", encoded(&fields));
    world.pass_seconds(60);
    assert_eq!(world.decide(&page, PAT, PATS_SECRET, "accept").await.status, 302);
}

#[tokio::test]
async fn behind_a_proxy_it_is_whom_the_proxy_speaks_for() {
    let world = World::behind_proxy().await;
    let shown = async |secret: &str, forwarded: &[(&str, &str)]| {
        let form = encoded(&[("client_id", APP), ("client_secret", secret), ("grant_type", "refresh_token")]);
        let headers = [&[("Content-Type", FORM)], forwarded].concat();
        text(&world.client.send("POST", TOKEN, &headers, form.as_bytes()).await, "error").unwrap()
    };
    let guesser = [("X-Forwarded-For", "192.0.2.1, 198.51.100.7")];
    for _ in 0..WRONG_SECRETS_MAX {
        assert_eq!(shown("guess", &guesser).await, "invalid_client_secret");
    }
    assert_eq!(shown(APP_SECRET, &guesser).await, "Access Denied");
    // What was said before the proxy is not heard, and whom nobody names is not stopped for others.
    assert_eq!(shown(APP_SECRET, &[("X-Forwarded-For", "198.51.100.7, 192.0.2.1")]).await, "invalid_request");
    for _ in 0..=WRONG_SECRETS_MAX {
        assert_eq!(shown("guess", &[]).await, "invalid_client_secret");
    }
}
