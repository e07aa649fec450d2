//! Tenants apart: every endpoint is tried with the token of one organisation and what belongs to another, and answers the
//! same bytes as for what is not there. The tables of paths are walked, and what is tried at each is a `match` without a
//! rest: an endpoint that is added has to say here how it keeps organisations apart.

use bulkwright_server::Running;
use bulkwright_wire::header::FEATURE_BULK_WRITE;
use bulkwright_wire::path::{ENDPOINTS, Endpoint, OWN_ENDPOINTS, OwnAccess, OwnEndpoint, OwnRow};
use bulkwright_wire::scope;
use bulkwright_wire::version::Version;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::harness::{Answer, Client, form_of, job_of, multipart_type, server_over, zip_of};

/// What no organisation has.
const ABSENT: &str = "999999999";
const ADDRESS: &str = "ng@example.com";
const REDIRECT_URI: &str = "https://app.example.com/callback";

/// What one organisation has: everything that can be asked for by its name.
struct Holdings {
    server: Running,
    client: Client,
    user_id: String,
    job: String,
    file: String,
    record: String,
    oauth_client: Value,
    refresh_token: String,
    sign_in_secret: String,
}

impl Holdings {
    /// A server whose first organisation has a job with a callback, an upload and a record.
    async fn made(directory: &std::path::Path) -> Self {
        let server = server_over(directory).await;
        let (client, admin) = (Client::fresh(&server).await, Client::admin(&server));
        let file = client.upload_csv(&format!("Last_Name,Email\nNg,{ADDRESS}\n")).await;
        let mut job = job_of(&file, "insert", None);
        job["callback"] = json!({ "url": "https://receiver.example.com/", "method": "post" });
        let job = client.create(&job).await;
        client.ended(&job).await;
        let record = client.found(ADDRESS).await[0]["id"].as_str().unwrap().to_owned();
        let asked = json!({ "org": client.org, "name": "Ng's", "redirect_uris": [REDIRECT_URI] });
        let oauth_client = admin.administer("oauth-client/create", asked).await;
        let known = server.credentials().unwrap().clone();
        let user = json!({ "org": client.org, "name": "Ann", "email": "ann@example.com" });
        let user = admin.administer("user/create", user).await;
        Holdings {
            user_id: known.user_id.clone(),
            refresh_token: known.refresh_token.clone(),
            sign_in_secret: user["sign_in_secret"].as_str().unwrap().to_owned(),
            server,
            client,
            job,
            file,
            record,
            oauth_client,
        }
    }

    /// Whether an answer tells anything of all this.
    fn shows_in(&self, answer: &Answer) -> bool {
        let text = answer.text();
        let named = [&self.user_id, &self.job, &self.file, &self.record, &self.client.org];
        named.iter().any(|name| text.contains(name.as_str())) || text.contains(ADDRESS)
    }
}

/// A request as it is sent.
#[derive(Clone)]
struct Sent {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn to(method: &'static str, path: impl Into<String>) -> Self {
        Sent { method, path: path.into(), headers: Vec::new(), body: Vec::new() }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        Sent { body, ..self.with("Content-Type", "application/x-www-form-urlencoded") }
    }

    async fn by(&self, client: &Client) -> Answer {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        client.send(self.method, &self.path, &headers, &self.body).await
    }
}

/// The same request, about what another organisation has and about what nobody has.
struct Pair {
    theirs: Sent,
    absent: Sent,
    /// What the two differ in; an answer may echo it.
    named: (String, String),
}

/// A pair that differs in one word.
fn pair(theirs: &str, request: impl Fn(&str) -> Sent) -> Pair {
    Pair { theirs: request(theirs), absent: request(ABSENT), named: (theirs.to_owned(), ABSENT.to_owned()) }
}

/// A pair whose header names another organisation: where nothing else can be named, that changes nothing.
fn by_header(theirs: &Holdings, method: &'static str, path: &str) -> Pair {
    pair(&theirs.client.org, |org| Sent::to(method, path).with("X-CRM-ORG", org))
}

/// What is tried at an endpoint of the API, in one version.
fn pairs(endpoint: Endpoint, version: Version, theirs: &Holdings, stranger: &Client) -> Vec<Pair> {
    let at = |rest: &str| format!("/crm/{version}/{rest}");
    match endpoint {
        Endpoint::Upload => vec![pair(&theirs.client.org, |org| Sent {
            body: form_of("file", &zip_of(&[("leads.csv", "Last_Name\nNg\n")])),
            ..Sent::to("POST", at("upload"))
                .with("feature", FEATURE_BULK_WRITE)
                .with("X-CRM-ORG", org)
                .with("Content-Type", &multipart_type())
        })],
        Endpoint::CreateJob => vec![pair(&theirs.file, |file| Sent {
            body: job_for(version, file).to_string().into_bytes(),
            ..Sent::to("POST", format!("/crm/bulk/{version}/write")).with("Content-Type", "application/json")
        })],
        Endpoint::JobDetails => {
            vec![pair(&theirs.job, |job| Sent::to("GET", format!("/crm/bulk/{version}/write/{job}")))]
        }
        Endpoint::Download => downloads(version, theirs, stranger),
        Endpoint::Org => vec![by_header(theirs, "GET", &at("org"))],
        Endpoint::Users => {
            let types = ["AllUsers", "CurrentUser", "ActiveUsers", "AdminUsers"];
            types.iter().map(|kind| by_header(theirs, "GET", &at(&format!("users?type={kind}")))).collect()
        }
        Endpoint::Modules => vec![by_header(theirs, "GET", &at("settings/modules"))],
        Endpoint::Fields => vec![by_header(theirs, "GET", &at("settings/fields?module=Leads"))],
        // Every module has the same layout for everybody.
        Endpoint::Layouts => vec![by_header(theirs, "GET", &at("settings/layouts?module=Leads"))],
        Endpoint::Layout => {
            vec![by_header(theirs, "GET", &at("settings/layouts/4150868000000095055?module=Leads"))]
        }
        Endpoint::Records => vec![by_header(theirs, "GET", &at("Leads?fields=id,Email"))],
        Endpoint::Search => {
            let by = |criteria: String| Sent::to("GET", at(&format!("Leads/search?criteria={criteria}")));
            vec![
                pair(ADDRESS, |email| Sent::to("GET", at(&format!("Leads/search?email={email}")))),
                pair(ADDRESS, |email| by(format!("(Email:equals:{email})"))),
                pair(&theirs.record, |record| by(format!("(id:equals:{record})"))),
                pair(&theirs.record, |record| by(format!("((id:equals:{record})and(Email:equals:{ADDRESS}))"))),
            ]
        }
        Endpoint::Record => vec![pair(&theirs.record, |record| Sent::to("GET", at(&format!("Leads/{record}"))))],
        Endpoint::Profile => vec![by_header(theirs, "GET", "/oauth/user/info")],
        // Without a token: who knows a client's id is shown its page, and that is all that it opens.
        Endpoint::Authorize => vec![],
        Endpoint::Consent => vec![],
        Endpoint::Token => vec![pair(&theirs.refresh_token, |token| {
            let grant = [("grant_type", "refresh_token"), ("client_id", "1000.X"), ("refresh_token", token)];
            Sent::to("POST", "/oauth/v2/token").form(&grant)
        })],
        // What is shown in lists is no token.
        Endpoint::Revoke => {
            vec![pair(&theirs.client.org, |org| Sent::to("POST", "/oauth/v2/token/revoke").form(&[("token", org)]))]
        }
    }
}

/// Modules are named by a text in old versions and by an object in new ones.
fn job_for(version: Version, file: &str) -> Value {
    let mut job = job_of(file, "insert", None);
    if matches!(version, Version::V2) {
        job["resource"][0]["module"] = json!("Leads");
    }
    job
}

/// All forms of a link: of their organisation and of one's own, with its prefix, with a doubled slash.
fn downloads(version: Version, theirs: &Holdings, stranger: &Client) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for slash in ["/", "//"] {
        for prefix in ["", "org"] {
            for org in [&theirs.client.org, &stranger.org] {
                let link = format!("{slash}{version}/crm/{prefix}{org}/bulk-write");
                pairs.push(pair(&theirs.job, |job| Sent::to("GET", format!("{link}/{job}/{job}.zip"))));
            }
        }
    }
    pairs
}

/// What is tried at an endpoint of our own that tells an organisation of itself.
fn own_pairs(row: &OwnRow, theirs: &Holdings) -> Vec<Pair> {
    let of_job = || vec![pair(&theirs.job, |job| Sent::to(row.method, row.template.replace("{job_id}", job)))];
    match row.endpoint {
        OwnEndpoint::Job | OwnEndpoint::JobEvents | OwnEndpoint::Callback | OwnEndpoint::CallbackReplay => of_job(),
        OwnEndpoint::JobWait | OwnEndpoint::JobSummary => of_job(),
        OwnEndpoint::JobRows => {
            let form = |form: &str| {
                let path = format!("{}{form}", row.template);
                pair(&theirs.job, move |job| Sent::to(row.method, path.replace("{job_id}", job)))
            };
            ["", "?format=csv", "?format=jsonl", "?status=added&column=Email"].map(form).into()
        }
        OwnEndpoint::Jobs | OwnEndpoint::Callbacks => {
            let before = pair(&theirs.job, |job| Sent::to(row.method, format!("{}?before={job}", row.template)));
            vec![before, by_header(theirs, row.method, row.template)]
        }
        OwnEndpoint::Health | OwnEndpoint::Ready => vec![by_header(theirs, row.method, row.template)],
        OwnEndpoint::Verify
        | OwnEndpoint::Metrics
        | OwnEndpoint::Sweep
        | OwnEndpoint::Backup
        | OwnEndpoint::Administration(_) => vec![],
    }
}

/// The two answers are one, and tell nothing.
async fn check(pair: &Pair, theirs: &Holdings, stranger: &Client) {
    let (refused, nothing) = (pair.theirs.by(stranger).await, pair.absent.by(stranger).await);
    let place = format!("{} {}: {refused:?} {nothing:?}", pair.theirs.method, pair.theirs.path);
    let echoed = String::from_utf8_lossy(&refused.body).replace(&pair.named.0, &pair.named.1);
    assert_eq!((refused.status, echoed.as_bytes()), (nothing.status, nothing.body.as_slice()), "{place}");
    assert_eq!(compared(&refused), compared(&nothing), "{place}");
    let unnamed = Answer { body: refused.text().replace(&pair.named.0, "").into_bytes(), ..refused };
    assert!(!theirs.shows_in(&unnamed), "{place}");
}

/// Headers without those that differ from one request to the next.
fn compared(answer: &Answer) -> Vec<(String, String)> {
    let differs = |name: &str| {
        let name = name.to_ascii_lowercase();
        name == "date" || name == "content-length" || name == "x-accesstoken-reset" || name.ends_with("request-id")
    };
    let headers = answer.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    headers.filter(|(name, _)| !differs(name)).collect()
}

#[tokio::test]
async fn what_belongs_to_others_answers_like_what_is_not_there() {
    let directory = tempfile::tempdir().unwrap();
    let theirs = Holdings::made(directory.path()).await;
    let stranger = Client::stranger(&theirs.server).await;
    for row in ENDPOINTS {
        for version in Version::ALL {
            for pair in pairs(row.endpoint, version, &theirs, &stranger) {
                check(&pair, &theirs, &stranger).await;
            }
        }
    }
    for row in OWN_ENDPOINTS {
        for pair in own_pairs(row, &theirs) {
            check(&pair, &theirs, &stranger).await;
        }
    }
    // Nothing of it has changed anything, and all of it is there for those it belongs to.
    for path in [
        format!("/crm/bulk/v8/write/{}", theirs.job),
        format!("/v2/crm/{}/bulk-write/{1}/{1}.zip", theirs.client.org, theirs.job),
        format!("/crm/v8/Leads/{}", theirs.record),
        format!("/_bulkwright/callbacks/{}", theirs.job),
    ] {
        assert_eq!(theirs.client.get(&path).await.status, 200, "{path}");
    }
    assert_eq!(stranger.get("/crm/v8/Leads?fields=id").await.status, 204);
    assert_eq!(stranger.get("/_bulkwright/jobs").await.json()["jobs"], json!([]));
    let org = stranger.get("/crm/v8/org").await.json();
    assert_eq!(org["org"][0]["zgid"], stranger.org.as_str());
}

#[tokio::test]
async fn what_is_the_administrators_opens_to_no_token() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let (own, stranger) = (Client::fresh(&server).await, Client::stranger(&server).await);
    for row in OWN_ENDPOINTS.iter().filter(|row| row.access == OwnAccess::Admin) {
        for client in [&own, &stranger] {
            let refused = client.send(row.method, row.template, &[], b"").await;
            assert_eq!(refused.code(), (401, "OAUTH_SCOPE_MISMATCH".to_owned()), "{}", row.template);
        }
        let wrong = stranger.with_token("bulkwright-admin-0").send(row.method, row.template, &[], b"").await;
        assert_eq!(wrong.code(), (401, "INVALID_TOKEN".to_owned()), "{}", row.template);
        let nobody = stranger.without_token().send(row.method, row.template, &[], b"").await;
        assert_eq!(nobody.code(), (401, "AUTHENTICATION_FAILURE".to_owned()), "{}", row.template);
    }
}

/// Which scopes open an endpoint if a token has that one alone; written out, so that the table is compared with something.
fn opening(endpoint: Endpoint) -> Option<&'static [&'static str]> {
    Some(match endpoint {
        Endpoint::Upload => &["ZohoFiles.files.ALL", "ZohoFiles.files.CREATE"],
        Endpoint::CreateJob | Endpoint::JobDetails | Endpoint::Download => &["ZohoCRM.bulk.ALL", "ZohoCRM.bulk.CREATE"],
        Endpoint::Org => &["ZohoCRM.org.ALL", "ZohoCRM.org.READ"],
        Endpoint::Users => &["ZohoCRM.users.ALL", "ZohoCRM.users.READ"],
        Endpoint::Modules => &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.modules.ALL",
            "ZohoCRM.settings.modules.READ",
        ],
        Endpoint::Fields => &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.fields.ALL",
            "ZohoCRM.settings.fields.READ",
        ],
        Endpoint::Layouts | Endpoint::Layout => &[
            "ZohoCRM.settings.ALL",
            "ZohoCRM.settings.READ",
            "ZohoCRM.settings.layouts.ALL",
            "ZohoCRM.settings.layouts.READ",
        ],
        Endpoint::Records | Endpoint::Search | Endpoint::Record => {
            &["ZohoCRM.modules.ALL", "ZohoCRM.modules.READ", "ZohoCRM.modules.leads.ALL", "ZohoCRM.modules.leads.READ"]
        }
        Endpoint::Profile => &["aaaserver.profile.READ"],
        // Nobody has a token yet who comes here.
        Endpoint::Authorize | Endpoint::Consent | Endpoint::Token | Endpoint::Revoke => return None,
    })
}

#[tokio::test]
async fn each_scope_alone_opens_what_it_is_for() {
    let directory = tempfile::tempdir().unwrap();
    let server = server_over(directory.path()).await;
    let own = Client::fresh(&server).await;
    for granted in scope::every_known() {
        let client = own.with_scopes(&server, &[&granted]).await;
        for row in ENDPOINTS {
            let Some(opening) = opening(row.endpoint) else { continue };
            let path = row.template.replace("{version}", "v8").replace("{module}", "Leads").replace(['{', '}'], "");
            let answer = client.send(row.method, &path, &[], b"").await;
            let is_opened = answer.status != 401;
            assert_eq!(is_opened, opening.contains(&granted.as_str()), "{granted} {path}: {answer:?}");
            if !is_opened {
                assert_eq!(answer.json()["code"], "OAUTH_SCOPE_MISMATCH", "{granted} {path}");
            }
        }
        let jobs = client.get("/_bulkwright/jobs").await.status;
        assert_eq!(jobs == 200, ["ZohoCRM.bulk.ALL", "ZohoCRM.bulk.CREATE"].contains(&granted.as_str()), "{granted}");
    }
}

/// A user of one organisation before the page of another one's client, and tokens of one before the client of another.
#[tokio::test]
async fn a_client_knows_only_its_own_organisation() {
    let directory = tempfile::tempdir().unwrap();
    let theirs = Holdings::made(directory.path()).await;
    let admin = Client::admin(&theirs.server);
    let other = admin.administer("org/create", json!({ "name": "Other", "email": "other@example.com" })).await;
    let post = async |path: &str, fields: &[(&str, &str)]| {
        Sent::to("POST", path).form(fields).by(&theirs.client.without_token()).await
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (client_id, secret) = (text(&theirs.oauth_client["client_id"]), text(&theirs.oauth_client["client_secret"]));
    let consent = async |email: &str, secret: &str| {
        let asked = [
            ("client_id", client_id.as_str()),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "ZohoCRM.bulk.ALL"),
            ("decision", "accept"),
            ("email", email),
            ("secret", secret),
        ];
        post("/oauth/v2/auth", &asked).await
    };
    let foreign = consent("other@example.com", other["sign_in_secret"].as_str().unwrap()).await;
    let nobody = consent("nobody@example.com", "bulkwright-user-0").await;
    assert_eq!(foreign.text().replace("other@", "nobody@"), nobody.text());
    assert_eq!((foreign.status, foreign.header("Location")), (nobody.status, None));
    let own = consent("ann@example.com", &theirs.sign_in_secret).await;
    assert!(own.header("Location").is_some_and(|place| place.contains("code=")), "{own:?}");

    let exchange = async |token: &str| {
        let fields = [("grant_type", "refresh_token"), ("client_id", &client_id), ("client_secret", &secret)];
        let answer = post("/oauth/v2/token", &[&fields[..], &[("refresh_token", token)]].concat()).await;
        answer.json()
    };
    let stolen = exchange(other["refresh_token"].as_str().unwrap()).await;
    assert_eq!((&stolen, &stolen["error"]), (&exchange(ABSENT).await, &json!("invalid_code")));
    let as_client = async |org: &str| {
        let fields = [("grant_type", "client_credentials"), ("client_id", &client_id), ("client_secret", &secret)];
        let soid = format!("ZohoCRM.{org}");
        let more = [("soid", soid.as_str()), ("scope", "ZohoCRM.bulk.ALL")];
        post("/oauth/v2/token", &[&fields[..], &more].concat()).await.json()
    };
    assert_eq!(as_client(other["zgid"].as_str().unwrap()).await, as_client(ABSENT).await);
    assert!(as_client(&theirs.client.org).await["access_token"].is_string());
}
