//! A client that may lose its server at any moment.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

/// The connection broke, or there was none.
#[derive(Debug)]
pub(crate) struct Cut;

pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    org: String,
    admin_secret: String,
}

/// An answer that came whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }
}

impl Client {
    /// Exchanges the refresh token of a data directory.
    pub(crate) async fn of(base: &str, data: &Path) -> Result<Self, Cut> {
        let text = std::fs::read_to_string(data.join(bulkwright_server::CREDENTIALS_FILE)).unwrap();
        let known: Value = serde_json::from_str(&text).unwrap();
        let word = |name: &str| known[name].as_str().unwrap().to_owned();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(60)).pool_max_idle_per_host(0);
        let mut client = Client {
            http: http.build().unwrap(),
            base: base.to_owned(),
            token: String::new(),
            org: word("zgid"),
            admin_secret: word("admin_secret"),
        };
        let mut form = vec![("grant_type", "refresh_token".to_owned())];
        form.extend(["client_id", "client_secret", "refresh_token"].map(|name| (name, word(name))));
        let answer = client.answer(client.http.post(format!("{base}/oauth/v2/token")).form(&form)).await?;
        client.token = answer.json()["access_token"].as_str().unwrap().to_owned();
        Ok(client)
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer, Cut> {
        self.answer(self.with_token(self.http.get(format!("{}{path}", self.base)))).await
    }

    /// What only the administrator may ask.
    pub(crate) async fn get_as_admin(&self, path: &str) -> Result<Answer, Cut> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.answer(request.header("Authorization", format!("Bearer {}", self.admin_secret))).await
    }

    /// The id of the file: the same under the same key.
    pub(crate) async fn upload(&self, key: &str, zip: Vec<u8>) -> Result<String, Cut> {
        let part = reqwest::multipart::Part::bytes(zip).file_name("leads.zip");
        let form = reqwest::multipart::Form::new().part("file", part);
        let request = self.http.post(format!("{}/crm/v8/upload", self.base)).multipart(form);
        let request = request.header("feature", "bulk-write").header("X-CRM-ORG", &self.org);
        let request = request.header("Idempotency-Key", key);
        let answer = self.answer(self.with_token(request)).await?;
        Ok(answer.json()["details"]["file_id"].as_str().unwrap().to_owned())
    }

    /// Uploads, with their files, and jobs that there are.
    pub(crate) async fn counts(&self) -> Result<[u64; 2], Cut> {
        let request = self.http.post(format!("{}/_bulkwright/admin/verify", self.base)).body("{}");
        let answer = self.answer(request.header("Authorization", format!("Bearer {}", self.admin_secret))).await?;
        let sums = &answer.json()["sums"];
        let jobs = sums["jobs"].as_object().unwrap().values().map(|jobs| jobs.as_u64().unwrap());
        Ok([sums["uploads"].as_u64().unwrap(), jobs.sum()])
    }

    /// The id of the job: the same under the same key, if there is one.
    pub(crate) async fn create(&self, key: Option<&str>, body: &Value) -> Result<String, Cut> {
        let mut request = self.http.post(format!("{}/crm/bulk/v8/write", self.base)).json(body);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        let answer = self.answer(self.with_token(request)).await?;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        Ok(answer.json()["details"]["id"].as_str().unwrap().to_owned())
    }

    fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.header("Authorization", format!("Zoho-oauthtoken {}", self.token))
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Answer, Cut> {
        let answer = request.send().await.map_err(|_| Cut)?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.map_err(|_| Cut)?.to_vec();
        assert!(status < 500, "{status} {}", String::from_utf8_lossy(&body));
        Ok(Answer { status, body })
    }
}
