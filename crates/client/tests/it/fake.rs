//! A scripted vendor: takes uploads, runs jobs at once, and gives results in an order of its own.

use std::collections::HashMap;
use std::io::{Cursor, Read, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::script::{Reply, Request, Script};

/// What the vendor does with a job, by its number (1 is the first).
pub(crate) type Rule = fn(job: usize) -> Conduct;

/// What the vendor does with a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Rows whose last name is `bad` are skipped, the result comes backwards.
    Works,
    /// The create is answered with HTML.
    AnswersHtml,
    /// The job is made, and the answer is cut off.
    LosesAnswer,
    /// The create is refused.
    Refuses,
    /// The create is refused, as the upload is gone.
    ForgetsFile,
    /// The job ends FAILED and has no result.
    Fails,
    /// All is written, and the result is gone.
    LosesResult,
    /// The job never ends.
    Hangs,
    /// The job cannot be looked at any more.
    Vanishes,
    /// The result is offered by somebody else.
    PointsElsewhere,
}

/// Whose server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// It keeps answers.
    Us,
    SomebodyElse,
}

#[derive(Default)]
struct State {
    /// Answers to creations by their keys, if they are kept.
    kept: Option<HashMap<String, Reply>>,
    uploads: Vec<Vec<Vec<String>>>,
    jobs: Vec<Job>,
}

struct Job {
    conduct: Conduct,
    rows: Vec<Vec<String>>,
    fields: Vec<String>,
}

const FIELDS: &[(&str, &str, &str)] = &[
    ("Last_Name", "Last Name", "text"),
    ("Email", "E-Mail", "email"),
    ("Company", "Company", "text"),
    ("Description", "Description", "textarea"),
];

/// Starts the vendor.
pub(crate) async fn vendor(rule: Rule) -> Script {
    vendor_of(Owner::SomebodyElse, rule).await
}

/// Starts one that is a server of one's own, or not.
pub(crate) async fn vendor_of(owner: Owner, rule: Rule) -> Script {
    let kept = (owner == Owner::Us).then(HashMap::new);
    let state = Arc::new(Mutex::new(State { kept, ..State::default() }));
    Script::serve(move |request, _| state.lock().unwrap().answer(request, rule)).await
}

impl State {
    fn answer(&mut self, request: &Request, rule: Rule) -> Reply {
        let path = request.path.split('?').next().unwrap();
        match path {
            "/crm/v8/org" => Reply::json(200, r#"{"org":[{"zgid":"1"}]}"#),
            "/crm/v8/settings/modules" => Reply::json(200, r#"{"modules":[{"api_name":"Leads","id":"1"}]}"#),
            "/crm/v8/settings/fields" => Reply::json(200, &fields()),
            "/crm/v8/upload" => self.upload(request),
            "/crm/bulk/v8/write" => self.create_once(request, rule),
            "/_bulkwright/health" if self.kept.is_some() => Reply::json(200, r#"{"product":"bulkwright"}"#),
            _ if path.starts_with("/crm/bulk/v8/write/") => self.details(path, request),
            _ if path.starts_with("/result/") => self.result(path),
            _ => Reply::error(404, "INVALID_URL_PATTERN"),
        }
    }

    fn upload(&mut self, request: &Request) -> Reply {
        let start = request.body.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let end = request.body.windows(4).rposition(|four| four == b"\r\n--").unwrap();
        let mut zip = zip::ZipArchive::new(Cursor::new(&request.body[start..end])).unwrap();
        let mut csv = String::new();
        zip.by_index(0).unwrap().read_to_string(&mut csv).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect());
        self.uploads.push(rows.collect());
        let file_id = self.uploads.len();
        Reply::json(
            200,
            &json!({"status":"success","code":"FILE_UPLOAD_SUCCESS","message":"","details":{"file_id":file_id.to_string(),"created_time":""}})
                .to_string(),
        )
    }

    fn create_once(&mut self, request: &Request, rule: Rule) -> Reply {
        let key = request.header("idempotency-key").unwrap().to_owned();
        if let Some(kept) = self.kept.as_ref().and_then(|kept| kept.get(&key)) {
            return kept.clone();
        }
        let answer = self.create(request, rule);
        let conduct = self.jobs.last().unwrap().conduct;
        if let Some(kept) = self.kept.as_mut().filter(|_| !matches!(answer, Reply::Answer { status: 400.., .. })) {
            kept.insert(key, answer.clone());
        }
        if conduct == Conduct::LosesAnswer { Reply::Cut } else { answer }
    }

    fn create(&mut self, request: &Request, rule: Rule) -> Reply {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let conduct = rule(self.jobs.len() + 1);
        let resource = &body["resource"][0];
        let file_id: usize = resource["file_id"].as_str().unwrap().parse().unwrap();
        let mappings = resource["field_mappings"].as_array().unwrap();
        let fields = mappings.iter().map(|mapping| mapping["api_name"].as_str().unwrap().to_owned()).collect();
        let rows = self.uploads[file_id - 1][1..].to_vec();
        self.jobs.push(Job { conduct, rows, fields });
        match conduct {
            Conduct::AnswersHtml => Reply::html(200),
            Conduct::Refuses => Reply::error(400, "MANDATORY_FIELDS_NOT_MAPPED"),
            Conduct::ForgetsFile => Reply::error(400, "FILE_NOT_FOUND"),
            _ => {
                let id = self.jobs.len().to_string();
                Reply::json(
                    201,
                    &json!({"status":"success","code":"SUCCESS","message":"success","details":{"id":id}}).to_string(),
                )
            }
        }
    }

    fn details(&self, path: &str, request: &Request) -> Reply {
        let id = path.rsplit('/').next().unwrap();
        let job = &self.jobs[id.parse::<usize>().unwrap() - 1];
        let bad = job.rows.iter().filter(|row| job.is_bad(row)).count();
        let file = json!({"status":"COMPLETED","name":"x.csv","added_count":job.rows.len() - bad,"skipped_count":bad,"updated_count":0,"total_count":job.rows.len()});
        let status = match job.conduct {
            Conduct::Vanishes => return Reply::error(400, "RESOURCE_NOT_FOUND"),
            Conduct::Hangs => "IN PROGRESS",
            Conduct::Fails => "FAILED",
            _ => "COMPLETED",
        };
        let link = match job.conduct {
            Conduct::Works | Conduct::LosesAnswer => {
                json!({"download_url": format!("http://{}/result/{id}.zip", request.header("host").unwrap())})
            }
            Conduct::PointsElsewhere => json!({"download_url": "http://127.0.0.2:9/result.zip"}),
            _ => Value::Null,
        };
        let resource = match job.conduct {
            Conduct::Fails => json!({"status":"FAILED","code":"LIMIT_EXCEEDED","message":"too many rows"}),
            _ => json!({"status":status,"code":status,"file":file}),
        };
        Reply::json(200, &json!({"status":status,"id":id,"resource":[resource],"result":link}).to_string())
    }

    fn result(&self, path: &str) -> Reply {
        let id = path.trim_start_matches("/result/").trim_end_matches(".zip");
        let job = &self.jobs[id.parse::<usize>().unwrap() - 1];
        let mut csv = csv::Writer::from_writer(Vec::new());
        let echoed = job.fields.len().min(3);
        let header = job.fields[..echoed].iter().map(String::as_str).chain(["STATUS", "RECORD_ID", "ERRORS"]);
        csv.write_record(header).unwrap();
        for (place, row) in job.rows.iter().enumerate().rev() {
            let id = format!("{id}000{place}");
            let outcome = if job.is_bad(row) { ["SKIPPED", "", "INVALID_DATA-Last_Name"] } else { ["ADDED", &id, ""] };
            csv.write_record(row[..echoed].iter().map(String::as_str).chain(outcome)).unwrap();
        }
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("Leads-x.csv", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&csv.into_inner().unwrap()).unwrap();
        let body = zip.finish().unwrap().into_inner();
        Reply::Answer { status: 200, headers: vec![("content-type", "application/zip".into())], body }
    }
}

impl Job {
    fn is_bad(&self, row: &[String]) -> bool {
        let at = self.fields.iter().position(|field| field == "Last_Name");
        at.is_some_and(|at| row[at] == "bad")
    }
}

fn fields() -> String {
    let mut known: HashMap<&str, Vec<Value>> = HashMap::new();
    for (place, (api_name, label, data_type)) in FIELDS.iter().enumerate() {
        let field = json!({"api_name":api_name,"id":place.to_string(),"field_label":label,"data_type":data_type});
        known.entry("fields").or_default().push(field);
    }
    known
        .get_mut("fields")
        .unwrap()
        .push(json!({"api_name":"Created_Time","id":"99","data_type":"datetime","field_read_only":true}));
    serde_json::to_string(&known).unwrap()
}
