//! TLS from outside: what is spoken, whose certificate is shown, and what becomes of connections meanwhile.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_server::{CREDENTIALS_FILE, Clock, Config, ConnectionLimits, Running, Server, dev};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use reqwest::tls::Version;
use reqwest::{Certificate, ClientBuilder};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::harness::{Client, on_free_port, read_answer};

const PATIENCE: Duration = Duration::from_secs(20);
const NOW_MS: i64 = 1_795_000_000_000;

/// An authority of the tests, and a folder for what it signs.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Authority { folder: tempfile::tempdir().unwrap(), issuer: Issuer::new(params, key), pem }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn signed(&self, key: &KeyPair) -> String {
        let params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.signed_by(key, &self.issuer).unwrap().pem()
    }

    /// Puts a new pair into a folder under the authority's own; the certificate's SHA-256.
    fn pair_in(&self, folder: &str) -> String {
        let key = KeyPair::generate().unwrap();
        let cert = self.signed(&key);
        std::fs::create_dir_all(self.path(folder)).unwrap();
        std::fs::write(self.path(folder).join("cert.pem"), &cert).unwrap();
        std::fs::write(self.path(folder).join("key.pem"), key.serialize_pem()).unwrap();
        sha256(&cert)
    }

    fn config_of(&self, folder: &str, config: Config) -> Config {
        let (cert, key) = (self.path(folder).join("cert.pem"), self.path(folder).join("key.pem"));
        on_free_port(Config { tls_cert: Some(cert), tls_key: Some(key), ..config })
    }

    async fn server(&self) -> Running {
        self.pair_in("pair");
        Server::start(self.config_of("pair", Config::dev())).await.unwrap()
    }

    fn trusting(&self) -> ClientBuilder {
        trusting(self.pem.as_bytes())
    }

    /// A connection of a client that would speak HTTP/2 as well.
    async fn connect(&self, addr: SocketAddr) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(addr).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
    }

    /// SHA-256 of the certificate that is shown to newcomers.
    async fn shown(&self, addr: SocketAddr) -> String {
        let stream = self.connect(addr).await;
        hex::encode(Sha256::digest(&stream.get_ref().1.peer_certificates().unwrap()[0]))
    }
}

fn trusting(pem: &[u8]) -> ClientBuilder {
    reqwest::Client::builder().tls_certs_only([Certificate::from_pem(pem).unwrap()]).no_proxy()
}

fn sha256(cert: &str) -> String {
    hex::encode(Sha256::digest(CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()))
}

async fn org_status(client: &reqwest::Client, base: &str) -> Result<u16, reqwest::Error> {
    let request = client.get(format!("{base}/crm/v8/org")).bearer_auth(dev::ACCESS_TOKEN);
    request.send().await.map(|answer| answer.status().as_u16())
}

async fn health(stream: &mut TlsStream<TcpStream>) -> bool {
    stream.write_all(b"GET /_bulkwright/health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut line = [0; 15];
    stream.read_exact(&mut line).await.unwrap();
    let mut rest = vec![0; 4096];
    let _ = timeout(PATIENCE, stream.read(&mut rest)).await.unwrap().unwrap();
    &line == b"HTTP/1.1 200 OK"
}

#[tokio::test]
async fn both_versions_are_spoken_and_links_are_https() {
    let authority = Authority::new();
    let server = authority.server().await;
    assert_eq!(server.base_url(), format!("https://{}", server.addr()));
    for version in [Version::TLS_1_2, Version::TLS_1_3] {
        let client = authority.trusting().tls_version_min(version).tls_version_max(version).build().unwrap();
        assert_eq!(org_status(&client, server.base_url()).await.unwrap(), 200, "{version:?}");
        let job = format!("{}/crm/bulk/v8/write/{}", server.base_url(), dev::JOB);
        let details = client.get(&job).bearer_auth(dev::ACCESS_TOKEN).send().await.unwrap().text().await.unwrap();
        let details: Value = serde_json::from_str(&details).unwrap();
        assert_eq!(details["status"], "COMPLETED");
        let form = [
            ("grant_type", "refresh_token"),
            ("client_id", dev::CLIENT_ID),
            ("client_secret", dev::CLIENT_SECRET),
            ("refresh_token", dev::REFRESH_TOKEN),
        ];
        let token = client.post(format!("{}/oauth/v2/token", server.base_url())).form(&form).send().await.unwrap();
        let token: Value = serde_json::from_str(&token.text().await.unwrap()).unwrap();
        assert_eq!(token["api_domain"], server.base_url());
    }
    let stream = authority.connect(server.addr()).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let stranger = trusting(Authority::new().pem.as_bytes()).build().unwrap();
    assert!(org_status(&stranger, server.base_url()).await.unwrap_err().is_connect());
}

#[tokio::test]
async fn keys_come_in_three_forms() {
    let authority = Authority::new();
    for (name, pem) in KEYS {
        std::fs::create_dir_all(authority.path(name)).unwrap();
        std::fs::write(authority.path(name).join("key.pem"), pem).unwrap();
        std::fs::write(authority.path(name).join("cert.pem"), authority.signed(&KeyPair::from_pem(pem).unwrap()))
            .unwrap();
        let server = Server::start(authority.config_of(name, Config::dev())).await.unwrap();
        let client = authority.trusting().build().unwrap();
        assert_eq!(org_status(&client, server.base_url()).await.unwrap(), 200, "{name}");
    }
}

const KEYS: [(&str, &str); 3] = [
    ("pkcs8", include_str!("keys/pkcs8.pem")),
    ("sec1", include_str!("keys/sec1.pem")),
    ("pkcs1", include_str!("keys/pkcs1.pem")),
];

#[tokio::test]
async fn what_is_no_pair_is_refused_at_the_start_by_file_and_reason() {
    let authority = Authority::new();
    authority.pair_in("good");
    authority.pair_in("other");
    let (cert, key) = (authority.path("good/cert.pem"), authority.path("good/key.pem"));
    let file = |name: &str, content: &[u8]| {
        std::fs::write(authority.path(name), content).unwrap();
        authority.path(name)
    };
    let half = std::fs::read(&cert).unwrap();
    let half = file("half.pem", &half[..half.len() / 2]);
    let der = file("cert.der", &CertificateDer::from_pem_file(&cert).unwrap());
    let encrypted = file("encrypted.pem", include_bytes!("keys/encrypted.pem"));
    let encrypted_sec1 = file("encrypted-sec1.pem", include_bytes!("keys/encrypted-sec1.pem"));
    let huge = file("huge.pem", &vec![b'\n'; 2 << 20]);
    let other_key = authority.path("other/key.pem");
    let check = async |cert: &Path, key: &Path, named: &Path, reason: &str| {
        let (tls_cert, tls_key) = (Some(cert.to_owned()), Some(key.to_owned()));
        let refused = Server::start(on_free_port(Config { tls_cert, tls_key, ..Config::dev() })).await.unwrap_err();
        let (text, start) = (refused.to_string(), format!("{} cannot be used for TLS: ", named.display()));
        assert!(text.starts_with(&start) && text.contains(reason), "{reason} is missing: {text}");
    };
    let none = authority.path("none.pem");
    check(&none, &key, &none, "there is no such file").await;
    check(&cert, authority.folder.path(), authority.folder.path(), "it is no file").await;
    check(&key, &cert, &key, "no certificate in it, but a key; are --tls-cert and --tls-key exchanged?").await;
    check(&cert, &cert, &cert, "no private key in it, but a certificate").await;
    check(&der, &key, &der, "it has to be PEM").await;
    check(&half, &key, &half, "its PEM is broken").await;
    check(&huge, &key, &huge, "too large").await;
    check(&cert, &other_key, &other_key, "does not fit the first certificate of").await;
    check(&cert, &encrypted, &encrypted, "its key is encrypted; `openssl pkey -in").await;
    check(&cert, &encrypted_sec1, &encrypted_sec1, "its key is encrypted").await;

    let alone = Server::start(on_free_port(Config { tls_cert: Some(cert), ..Config::dev() })).await.unwrap_err();
    assert_eq!(alone.to_string(), "TLS needs a certificate and its key, and --tls-key is not given");
    let alone = Server::start(on_free_port(Config { tls_key: Some(key), ..Config::dev() })).await.unwrap_err();
    assert_eq!(alone.to_string(), "TLS needs a certificate and its key, and --tls-cert is not given");
}

/// A server whose clock stands still until it is moved.
struct Still {
    now: Arc<AtomicI64>,
    clock: Clock,
}

impl Still {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(NOW_MS));
        let read = now.clone();
        Still { now, clock: Clock::from_fn(move || read.load(Ordering::Relaxed)) }
    }

    fn next_look(&self) {
        self.now.fetch_add(10_000, Ordering::Relaxed);
        self.clock.moved();
    }
}

async fn becomes(authority: &Authority, addr: SocketAddr, expected: &str) {
    let looks = async {
        while authority.shown(addr).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, looks).await.expect("the certificate is exchanged");
}

#[tokio::test]
async fn a_certificate_is_exchanged_while_connections_go_on() {
    let (authority, still) = (Authority::new(), Still::new());
    let first = authority.pair_in("one");
    symlink(authority.path("one"), authority.path("live")).unwrap();
    let data = authority.path("data");
    let config = Config { clock: still.clock.clone(), ..Config::serve(data.clone()) };
    let server = Server::start(authority.config_of("live", config)).await.unwrap();
    let noted = || {
        let text = std::fs::read(data.join(CREDENTIALS_FILE)).unwrap();
        serde_json::from_slice::<Value>(&text).unwrap()["certificate_sha256"].as_str().unwrap().to_owned()
    };
    let mut old = authority.connect(server.addr()).await;
    assert!(health(&mut old).await);
    assert_eq!((authority.shown(server.addr()).await, noted()), (first.clone(), first.clone()));

    // Half of a pair, written over the old one: nobody is shown it.
    let second = authority.pair_in("two");
    std::fs::copy(authority.path("two/cert.pem"), authority.path("one/cert.pem")).unwrap();
    still.next_look();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(authority.shown(server.addr()).await, first);
    // The other half.
    std::fs::copy(authority.path("two/key.pem"), authority.path("one/key.pem")).unwrap();
    still.next_look();
    becomes(&authority, server.addr(), &second).await;
    assert_eq!(noted(), second);

    // A link that is turned, as cert managers do.
    let third = authority.pair_in("three");
    symlink(authority.path("three"), authority.path("live.new")).unwrap();
    std::fs::rename(authority.path("live.new"), authority.path("live")).unwrap();
    still.next_look();
    becomes(&authority, server.addr(), &third).await;
    assert!(health(&mut old).await, "the connection of the first certificate goes on");

    // Gone altogether: the last one stays in force.
    std::fs::remove_file(authority.path("three/cert.pem")).unwrap();
    still.next_look();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((authority.shown(server.addr()).await, noted()), (third.clone(), third));
}

/// The handshake is a part of the first head's time, and whoever dawdles over it is in nobody's way.
#[tokio::test]
async fn a_handshake_that_takes_too_long_ends_and_holds_nobody_up() {
    let authority = Authority::new();
    authority.pair_in("pair");
    let limits = ConnectionLimits { header_time_max: Duration::from_millis(1500), ..ConnectionLimits::default() };
    let config = Config { connections: limits, ..Config::dev() };
    let server = Server::start(authority.config_of("pair", config)).await.unwrap();
    let mut silent = TcpStream::connect(server.addr()).await.unwrap();
    let mut dribbling = TcpStream::connect(server.addr()).await.unwrap();
    dribbling.write_all(&[22, 3, 1, 2, 0, 1, 0, 1]).await.unwrap();
    // Hands were shaken, and then nothing is asked: the time runs from when it was accepted.
    let mut shaken = authority.connect(server.addr()).await;
    let client = authority.trusting().build().unwrap();
    assert_eq!(org_status(&client, server.base_url()).await.unwrap(), 200);
    for stream in [&mut silent, &mut dribbling] {
        let ended = timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(ended.is_ok(), "it is closed");
    }
    assert!(timeout(PATIENCE, shaken.read_to_end(&mut Vec::new())).await.is_ok());
}

#[tokio::test]
async fn plain_http_is_told_that_this_port_speaks_https() {
    let authority = Authority::new();
    let server = authority.server().await;
    let request = format!("GET /crm/v8/org HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n", dev::ACCESS_TOKEN);
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let answer = read_answer(&mut stream, "GET /crm/v8/org").await;
    assert_eq!(answer.code(), (400, "HTTPS_REQUIRED".to_owned()));
    assert_eq!(answer.json()["message"], "This port speaks HTTPS: write https:// before the address");
    assert_eq!(answer.header("connection"), Some("close"));
    // Another tongue altogether is no request.
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream.write_all(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).await.unwrap();
    assert!(timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await.is_ok());
    // A body is taken before the answer, so that the client sees it.
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    let body = vec![b'a'; 100_000];
    let head = format!("POST /crm/v8/upload HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), &body].concat()).await.unwrap();
    assert_eq!(timeout(PATIENCE, read_answer(&mut stream, "POST /crm/v8/upload")).await.unwrap().status, 400);
}

/// Beyond loopback something has to protect what is sent: TLS, or a proxy that is said to be there.
#[tokio::test]
async fn tls_and_a_proxy_open_other_addresses() {
    let authority = Authority::new();
    authority.pair_in("pair");
    let everywhere: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let config = Config { listen: everywhere, ..authority.config_of("pair", Config::dev()) };
    let server = Server::start(config).await.unwrap();
    let near = format!("https://127.0.0.1:{}", server.addr().port());
    assert_eq!(org_status(&authority.trusting().build().unwrap(), &near).await.unwrap(), 200);
    let behind = Config { listen: everywhere, behind_proxy: true, ..on_free_port(Config::dev()) };
    let behind = Config { listen: everywhere, ..behind };
    let server = Server::start(behind).await.unwrap();
    let near = SocketAddr::from(([127, 0, 0, 1], server.addr().port()));
    assert_eq!(Client { addr: near, ..Client::dev(&server) }.get("/crm/v8/org").await.status, 200);
}

/// A certificate for all of the vendor's hosts, and links that stay where the client has found this server.
#[tokio::test]
async fn dev_can_stand_in_for_the_vendors_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let tls_ca_file = folder.path().join("ca.pem");
    let config = Config { dev_tls: true, tls_ca_file: tls_ca_file.clone(), ..on_free_port(Config::dev()) };
    let server = Server::start(config).await.unwrap();
    let port = server.addr().port();
    let hosts = [
        "www.zohoapis.com",
        "accounts.zoho.com",
        "content.zohoapis.com",
        "accounts.zohocloud.ca",
        "download-accl.zoho.eu",
    ];
    let ca = std::fs::read(&tls_ca_file).unwrap();
    let client = hosts.iter().fold(trusting(&ca), |client, host| client.resolve(host, server.addr())).build().unwrap();
    for host in hosts.into_iter().chain(["localhost", "127.0.0.1"]) {
        assert_eq!(org_status(&client, &format!("https://{host}:{port}")).await.unwrap(), 200, "{host}");
    }
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", dev::CLIENT_ID),
        ("client_secret", dev::CLIENT_SECRET),
        ("refresh_token", dev::REFRESH_TOKEN),
    ];
    let api_domain = async |accounts: &str| {
        let answer = client.post(format!("https://{accounts}:{port}/oauth/v2/token")).form(&form).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        answer["api_domain"].as_str().unwrap().to_owned()
    };
    assert_eq!(api_domain("accounts.zoho.com").await, format!("https://www.zohoapis.com:{port}"));
    assert_eq!(api_domain("accounts.zohocloud.ca").await, format!("https://www.zohoapis.ca:{port}"));
    assert_eq!(api_domain("localhost").await, format!("https://localhost:{port}"));
    // A name that it is not for is not believed, whoever leads there.
    let other = trusting(&ca).resolve("www.example.com", server.addr()).build().unwrap();
    assert!(org_status(&other, &format!("https://www.example.com:{port}")).await.unwrap_err().is_connect());
}
