//! A kept server with people and applications, on a clock that tests move.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use bulkwright_engine::ids::{OrgId, UserId};
use bulkwright_server::{Clock, Config, Running, Server};
use bulkwright_store::Store;
use bulkwright_store::model::{Grant, OauthClient, Org, SecretHash, Token, TokenKind, User};
use bulkwright_store::sqlite::{OpenOptions, SqliteStore};
use bulkwright_wire::scope;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use url::{Url, form_urlencoded};

use crate::harness::{Answer, Client, on_free_port, read_answer, server_over};

pub(super) const FORM: &str = "application/x-www-form-urlencoded";
pub(super) const APP: &str = "1000.APP";
pub(super) const APP_SECRET: &str = "the-secret-of-the-app";
pub(super) const CALLBACK: &str = "https://app.example.com/cb";
pub(super) const PAT: &str = "Pat@Example.com";
pub(super) const PATS_SECRET: &str = "the-secret-of-pat";
/// Of another organisation, without an edition.
pub(super) const OTHER_APP: &str = "1000.OTHER";
pub(super) const OTHER_CALLBACK: &str = "https://other.example.com/cb";
pub(super) const OTHER_ORG: &str = "111111111";
pub(super) const OTHERS: &str = "other@example.com";
pub(super) const OTHERS_SECRET: &str = "the-secret-of-other";
pub(super) const OTHERS_REFRESH_TOKEN: &str = "1000.others-refresh";
/// Of a third one, which has an edition.
pub(super) const PAID_APP: &str = "1000.PAID";
pub(super) const PAID_REFRESH_TOKEN: &str = "1000.paid-refresh";
/// Of a fourth one, which was revoked.
pub(super) const GONE_APP: &str = "1000.GONE";

const BEGAN_AT_MS: i64 = 1_700_000_000_000;

pub(super) struct World {
    pub(super) server: Running,
    pub(super) client: Client,
    now: Arc<AtomicI64>,
    pub(super) directory: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        server_over(directory.path()).await.stop().await;
        seed(directory.path()).await;
        World::over(directory, Arc::new(AtomicI64::new(BEGAN_AT_MS)), |config| config).await
    }

    /// The same behind a proxy.
    pub(super) async fn behind_proxy() -> Self {
        let World { server, now, directory, .. } = World::new().await;
        server.stop().await;
        let public_url = Some(Url::parse("https://crm.example.com").unwrap());
        World::over(directory, now, |config| Config { behind_proxy: true, public_url, ..config }).await
    }

    /// The same data after a restart, with something done to them in between.
    pub(super) async fn restarted(self, change: impl AsyncFnOnce(&SqliteStore)) -> Self {
        let World { server, now, directory, .. } = self;
        server.stop().await;
        change(&open(directory.path()).await).await;
        World::over(directory, now, |config| config).await
    }

    async fn over(directory: TempDir, now: Arc<AtomicI64>, changed: impl FnOnce(Config) -> Config) -> Self {
        let told = now.clone();
        let clock = Clock::from_fn(move || told.load(Ordering::Relaxed));
        let config = Config { clock, ..Config::serve(directory.path().to_owned()) };
        let server = Server::start(changed(on_free_port(config))).await.unwrap();
        let org = server.credentials().unwrap().zgid.clone();
        let client = Client { addr: server.addr(), token: None, org };
        World { server, client, now, directory }
    }

    pub(super) fn pass_seconds(&self, seconds: i64) {
        self.now.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    pub(super) fn admin_secret(&self) -> String {
        self.server.credentials().unwrap().admin_secret.clone()
    }

    /// The consent page for a request.
    pub(super) async fn page(&self, request: &[(&str, &str)]) -> Answer {
        self.client.get(&format!("/oauth/v2/auth?{}", encoded(request))).await
    }

    /// The consent page's form, filled in and sent the way a browser does: with what the page itself says.
    pub(super) async fn decide(&self, page: &Answer, email: &str, secret: &str, decision: &str) -> Answer {
        assert_eq!(page.status, 200, "{page:?}");
        let mut fields = hidden_fields(page.text());
        fields.extend([("email", email), ("secret", secret), ("decision", decision)].map(owned));
        self.client.post("/oauth/v2/auth", FORM, encoded(&fields).as_bytes()).await
    }

    /// Pat accepts; the code that the application gets.
    pub(super) async fn code(&self, more: &[(&str, &str)]) -> String {
        let page = self.page(&[&asking()[..], more].concat()).await;
        let answer = self.decide(&page, PAT, PATS_SECRET, "accept").await;
        assert_eq!(answer.status, 302, "{answer:?}");
        value(&sent_back(&answer), "code").unwrap()
    }

    /// The application's request for tokens.
    pub(super) async fn exchange(&self, parameters: &[(&str, &str)]) -> Answer {
        self.client.post("/oauth/v2/token", FORM, encoded(parameters).as_bytes()).await
    }

    pub(super) async fn exchange_code(&self, code: &str, more: &[(&str, &str)]) -> Answer {
        let all = [&exchanging(code)[..], more].concat();
        self.exchange(&all).await
    }

    /// The access token of an answer, as a client that uses it.
    pub(super) fn with_token_of(&self, answer: &Answer) -> Client {
        self.client.with_token(text(answer, "access_token").as_deref().unwrap_or_else(|| panic!("{answer:?}")))
    }

    /// A request from another address of this machine.
    pub(super) async fn post_from(&self, address: [u8; 4], path: &str, parameters: &[(&str, &str)]) -> Answer {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(IpAddr::from(address), 0)).unwrap();
        let mut stream = socket.connect(self.client.addr).await.unwrap();
        let form = encoded(parameters);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        read_answer(&mut stream, &format!("POST {path}")).await
    }
}

/// What the application asks for, if nothing else is said.
pub(super) fn asking() -> [(&'static str, &'static str); 5] {
    [
        ("response_type", "code"),
        ("client_id", APP),
        ("redirect_uri", CALLBACK),
        ("scope", "ZohoCRM.org.READ,ZohoCRM.users.READ"),
        ("access_type", "offline"),
    ]
}

pub(super) fn exchanging(code: &str) -> [(&str, &str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", APP),
        ("client_secret", APP_SECRET),
        ("redirect_uri", CALLBACK),
        ("code", code),
    ]
}

pub(super) fn refreshing(refresh_token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", APP),
        ("client_secret", APP_SECRET),
        ("refresh_token", refresh_token),
    ]
}

/// Others with one of them said differently, or left out.
pub(super) fn but<'a>(
    parameters: &[(&'a str, &'a str)],
    name: &'a str,
    value: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let others = parameters.iter().copied().filter(|(known, _)| *known != name);
    others.chain(value.map(|value| (name, value))).collect()
}

pub(super) fn encoded<N: AsRef<str>, V: AsRef<str>>(parameters: &[(N, V)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

pub(super) fn text(answer: &Answer, key: &str) -> Option<String> {
    answer.json()[key].as_str().map(str::to_owned)
}

/// What a redirect says, without the place it goes to.
pub(super) fn sent_back(answer: &Answer) -> Vec<(String, String)> {
    let location = Url::parse(answer.header("location").unwrap()).unwrap();
    location.query_pairs().into_owned().collect()
}

pub(super) fn value(pairs: &[(String, String)], name: &str) -> Option<String> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

pub(super) fn hidden_fields(html: &str) -> Vec<(String, String)> {
    let fields = html.split("<input type=\"hidden\" ").skip(1).map(|field| {
        let attribute = |name: &str| {
            let start = field.split_once(&format!("{name}=\"")).unwrap().1;
            unescaped(start.split_once('"').unwrap().0)
        };
        (attribute("name"), attribute("value"))
    });
    fields.collect()
}

fn unescaped(text: &str) -> String {
    let characters = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    characters.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

pub(super) async fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, &OpenOptions::default()).unwrap()
}

async fn seed(directory: &Path) {
    let store = open(directory).await;
    let own = store.orgs().await.unwrap().remove(0);
    store.add_user(&user(11, own.id, PAT, Some(PATS_SECRET))).await.unwrap();
    let gone = User { revoked_at: Some(1), ..user(12, own.id, "gone@example.com", Some("the-secret-of-gone")) };
    store.add_user(&gone).await.unwrap();
    let loopback = "http://localhost/cb";
    store.add_oauth_client(&client(APP, own.id, "<b>App & Co</b>", &[CALLBACK, loopback])).await.unwrap();

    let other = org(111_111_111, None);
    let others = user(21, other.id, OTHERS, Some(OTHERS_SECRET));
    let token = refresh_token(OTHERS_REFRESH_TOKEN, &others, OTHER_APP);
    let app = client(OTHER_APP, other.id, "Other", &[OTHER_CALLBACK]);
    store.add_org(&other, &others, &app, &[token]).await.unwrap();

    let paid = org(222_222_222, Some("enterprise"));
    let payer = user(31, paid.id, "payer@example.com", None);
    let token = refresh_token(PAID_REFRESH_TOKEN, &payer, PAID_APP);
    store.add_org(&paid, &payer, &client(PAID_APP, paid.id, "Paid", &[]), &[token]).await.unwrap();

    let dissolved = Org { revoked_at: Some(1), ..org(333_333_333, None) };
    let member = user(41, dissolved.id, "member@example.com", Some("the-secret-of-member"));
    store.add_org(&dissolved, &member, &client(GONE_APP, dissolved.id, "Gone", &[CALLBACK]), &[]).await.unwrap();
}

fn org(id: i64, edition: Option<&str>) -> Org {
    Org {
        id: OrgId(id),
        company_name: "Others".to_owned(),
        time_zone: "UTC".to_owned(),
        edition: edition.map(str::to_owned),
        webhook_keys: Vec::new(),
        revoked_at: None,
    }
}

fn user(id: i64, org: OrgId, email: &str, secret: Option<&str>) -> User {
    User {
        id: UserId(id),
        org,
        full_name: "Pat van Dam".to_owned(),
        email: email.to_owned(),
        time_zone: "UTC".to_owned(),
        sign_in: secret.map(SecretHash::of),
        revoked_at: None,
    }
}

fn client(id: &str, org: OrgId, name: &str, redirect_uris: &[&str]) -> OauthClient {
    OauthClient {
        client_id: id.to_owned(),
        secret: SecretHash::of(APP_SECRET),
        org,
        name: name.to_owned(),
        redirect_uris: redirect_uris.iter().map(|&uri| uri.to_owned()).collect(),
    }
}

fn refresh_token(token: &str, user: &User, client_id: &str) -> Token {
    let grant = Grant {
        org: user.org,
        user: user.id,
        client_id: client_id.to_owned(),
        scopes: scope::EVERYTHING.iter().map(|&scope| scope.to_owned()).collect(),
        expires_at: None,
        issued_at: None,
        parent: None,
    };
    Token { kind: TokenKind::Refresh, hash: SecretHash::of(token), grant }
}
