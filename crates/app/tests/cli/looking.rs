//! The API's calls one by one: upload, create, wait, result; and looking at jobs and records, with what each mistake is
//! told.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{DEV_TOKEN, Place, Ran, ran, wait_for};

const JOB: &str = "4150868000005350003";
const BODY: &str =
    r#"{"operation":"insert","resource":[{"type":"data","module":{"api_name":"Leads"},"file_id":"FILE_ID"}]}"#;

impl Place {
    /// Runs with something on stdin.
    fn run_with_input(&self, input: &str, arguments: &[&str]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ran(child.wait_with_output().unwrap())
    }

    /// Uploads a zip over this CSV and creates a job that inserts it into Leads; the job's id.
    fn job_over(&self, zip: &[u8]) -> String {
        self.write("leads.zip", zip);
        let file_id = self.run(&["upload", "leads.zip"]).ends(0).out;
        let created = self.run_with_input(BODY, &["job", "create", "--body", "-", "--file-id", file_id.trim_end()]);
        created.ends(0).out.trim_end().to_owned()
    }
}

/// A zip that holds one CSV as it is.
pub(crate) fn zip_of(csv: &str) -> Vec<u8> {
    zip_with_checksum(csv, crc32fast::hash(csv.as_bytes()))
}

fn zip_with_checksum(csv: &str, checksum: u32) -> Vec<u8> {
    const NAME: &[u8] = b"leads.csv";
    let length = u32::try_from(csv.len()).unwrap();
    let mut common = [&20_u16.to_le_bytes()[..], &[0; 8]].concat();
    for word in [checksum, length, length] {
        common.extend(word.to_le_bytes());
    }
    common.extend((NAME.len() as u16).to_le_bytes());
    common.extend([0; 2]);
    let local = [b"PK\x03\x04", &common[..], NAME, csv.as_bytes()].concat();
    let central = [b"PK\x01\x02\x14\x00", &common[..], &[0; 14], NAME].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    for word in [central.len(), local.len()] {
        end.extend((word as u32).to_le_bytes());
    }
    end.extend([0; 2]);
    [local, central, end].concat()
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn a_job_is_taken_all_its_way_call_by_call() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    place.write("leads.zip", zip_of("Last_Name,Email,Annual_Revenue\nNg,ng@example.com,1200.50\nLi,li@example.com,\n"));
    let ran = place.run(&["upload", "leads.zip"]).ends(0);
    let file_id = ran.out.trim_end().to_owned();
    assert!(file_id.bytes().all(|byte| byte.is_ascii_digit()), "{}", ran.out);
    assert_eq!(ran.last_words(), format!("next: bulkwright job create --file-id {file_id} --body job.json"));

    place.write("job.json", BODY);
    let ran = place.run(&["job", "create", "--body", "job.json", "--file-id", &file_id]).ends(0);
    let id = ran.out.trim_end().to_owned();
    assert_eq!(ran.last_words(), format!("next: bulkwright job wait {id}"));

    let waited = place.run(&["job", "wait", &id]).ends(0);
    assert!(waited.out.starts_with(&format!("Job {id}: COMPLETED\n")), "{}", waited.out);
    assert!(waited.out.contains("  rows       2 added · 0 updated · 0 skipped · 2 in all\n"), "{}", waited.out);
    assert_eq!(place.run(&["job", "show", &id]).ends(0).out, waited.out, "the same as job show");

    let ran = place.run(&["job", "result", &id]).ends(0);
    let result = fs_err::read(place.path(&format!("{id}.zip"))).unwrap();
    assert_eq!(ran.out, format!("{id}.zip: {} bytes, 2 rows\n", result.len()));
    let piped = place.command(&["job", "result", &id, "--output", "-"]).output().unwrap();
    assert_eq!((piped.status.code(), &piped.stdout), (Some(0), &result));

    place.write("again.csv", "Last Name\nHo\n");
    place.run(&["load", "again.csv", "-m", "Leads"]).ends(0);
    let record = place.table("again.results.csv")[0].get("_record_id").to_owned();
    let ran = place.run(&["record", "show", "Leads", &record]).ends(0);
    assert!(ran.out.lines().any(|line| line.starts_with("Last_Name ") && line.ends_with("  Ho")), "{}", ran.out);
    assert!(ran.last_words().ends_with(" fields without a value"), "{}", ran.err);
}

#[test]
fn every_call_answers_programs_in_json() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    place.write("leads.zip", zip_of("Last_Name,Annual_Revenue\nNg,1200.50\n,1\n")).write("job.json", BODY);
    let run = |arguments: &[&str], code: i32| place.run(&[arguments, &["--json"]].concat()).ends(code);
    let uploaded = json_of(&run(&["upload", "leads.zip"], 0).out);
    assert_eq!(uploaded["code"], "FILE_UPLOAD_SUCCESS");
    let file_id = uploaded["details"]["file_id"].as_str().unwrap();
    let created = json_of(&run(&["job", "create", "--body", "job.json", "--file-id", file_id], 0).out);
    let id = created["details"]["id"].as_str().unwrap();

    let waited = run(&["job", "wait", id], 3).out;
    let lines: Vec<Value> = waited.lines().map(json_of).collect();
    let (summary, before) = lines.split_last().unwrap();
    assert!(!before.is_empty() && before.iter().all(|line| line["message_type"] == "status" && line["job"] == id));
    assert_eq!((&summary["message_type"], &summary["exit_code"]), (&json!("summary"), &json!(3)));
    assert_eq!(
        (&summary["job"]["status"], &summary["bulkwright"]["counts"]["skipped"]),
        (&json!("COMPLETED"), &json!(1))
    );

    let shown = json_of(&run(&["job", "show", id], 0).out);
    assert_eq!((&shown["id"], &shown["bulkwright"]), (&json!(id), &summary["bulkwright"]));
    let listed = json_of(&run(&["job", "list"], 0).out);
    assert_eq!(listed["jobs"][0]["counts"], json!({ "added": 1, "updated": 0, "skipped": 1, "total": 2 }));
    assert_eq!(json_of(&place.run(&["job", "list", "--format", "json"]).ends(0).out), listed);

    let saved = json_of(&run(&["job", "result", id, "--output", "r.zip"], 0).out);
    let bytes = fs_err::metadata(place.path("r.zip")).unwrap().len();
    assert_eq!(saved, json!({ "job": id, "file": "r.zip", "bytes": bytes, "rows": 2 }));

    place.write("one.csv", "Last Name,Annual Revenue\nHo,1200.50\n");
    place.run(&["load", "one.csv", "-m", "Leads"]).ends(0);
    let record = place.table("one.results.csv")[0].get("_record_id").to_owned();
    let shown = run(&["record", "show", "Leads", &record], 0).out;
    assert_eq!(json_of(&shown)["data"][0]["Last_Name"], "Ho");
    assert!(shown.contains(r#""Annual_Revenue":1200.50"#), "as the server sent it: {shown}");
    let people = place.run(&["record", "show", "Leads", &record]).ends(0).out;
    let value = |name: &str| people.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned());
    assert_eq!(value("Annual_Revenue").as_deref(), Some("1200.50"), "{people}");
    assert_eq!(value("id").as_deref(), Some(record.as_str()), "{people}");
}

#[test]
fn jobs_are_listed_for_people_and_for_tables() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    let failed = place.job_over(&zip_of(&format!("Last_Name\n{}", "A\n".repeat(25_001))));
    place.run(&["job", "wait", &failed]).ends(4);
    place.write("x.csv", "Last Name\nA\n");
    let done = place.run(&["load", "x.csv", "-m", "Leads"]).ends(0).job().to_owned();

    let table = place.run(&["job", "list"]).ends(0).out;
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    let column = |name: &str| lines[0].find(name).unwrap();
    assert!(lines[0].starts_with("ID ") && lines[1].starts_with(&done) && lines[2].starts_with(&failed), "{table}");
    assert!(lines[1][column("STATUS")..].starts_with("COMPLETED  Leads   insert"), "{table}");
    assert!(lines[2][column("CAUSE")..].starts_with("LIMIT_EXCEEDED: "), "{table}");

    let only = place.run(&["job", "list", "--status", "failed", "--format", "csv"]).ends(0).out;
    place.write("jobs.csv", &only);
    let rows = place.table("jobs.csv");
    assert_eq!((rows.len(), rows[0].get("id"), rows[0].get("status")), (1, failed.as_str(), "FAILED"));
    assert!(rows[0].get("cause").starts_with("LIMIT_EXCEEDED: ") && rows[0].get("created_time").ends_with("+00:00"));

    let first = place.run(&["job", "list", "--limit", "1"]).ends(0);
    assert_eq!(first.last_words(), format!("there are older ones: bulkwright job list --before {done}"));
    let second = place.run(&["job", "list", "--limit", "1", "--before", &done]).ends(0);
    assert!(second.out.contains(&failed) && !second.out.contains(&done), "{}", second.out);
    let none = place.run(&["job", "list", "--status", "ADDED"]).ends(0);
    assert_eq!((none.out.as_str(), none.last_words()), ("", "no such jobs"));
    let wrong = place.run(&["job", "list", "--status", "done"]).ends(2);
    assert!(wrong.err.contains("[possible values: ADDED, INPROGRESS, COMPLETED, FAILED]"), "{}", wrong.err);
    let wrong = place.run(&["job", "list", "--before", "yesterday"]).ends(4);
    assert!(wrong.last_words().contains("before is the id of a job"), "{}", wrong.err);
    let vendors = ["job", "list", "--base-url", "https://www.zohoapis.com"];
    let ran = place.run_with_token(DEV_TOKEN, &vendors).ends(2);
    assert!(
        ran.last_words().contains("has no list of jobs") && ran.last_words().contains("job show ID"),
        "{}",
        ran.err
    );
}

#[test]
fn a_failed_job_says_why_wherever_it_is_looked_at() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    // Damage this far behind is met while rows are read, not when the job is created.
    let csv = format!("Last_Name\n{}", format!("{:<100}\n", "Ng").repeat(24_000));
    let id = place.job_over(&zip_with_checksum(&csv, 7));
    let ran = place.run(&["job", "wait", &id]).ends(4);
    assert!(ran.last_words().starts_with(&format!("error: job {id} failed: FILE_NOT_SUPPORTED: ")), "{}", ran.err);
    assert!(ran.out.contains("  cause      FILE_NOT_SUPPORTED: "), "{}", ran.out);
    assert_eq!(place.run(&["job", "show", &id]).ends(0).out, ran.out);
    let lines = place.run(&["job", "wait", &id, "--json"]).ends(4);
    let summary = json_of(lines.out.lines().last().unwrap());
    assert_eq!((&summary["exit_code"], &summary["bulkwright"]["status"]), (&json!(4), &json!("FAILED")));
    assert!(lines.last_words().contains(r#""message_type":"exit_error","code":4"#), "{}", lines.err);
    place.run(&["job", "result", &id]).ends(0);
    assert!(place.path(&format!("{id}.zip")).exists(), "the rows that were read are told all the same");
}

/// A server that cannot make files tries again later, and says so meanwhile.
#[test]
fn a_job_that_rests_says_why_and_until_when() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    fs_err::remove_dir(place.path("bulkwright-data/scratch")).unwrap();
    let id = place.job_over(&zip_of("Last_Name\nNg\n"));
    let shown = wait_for(|| {
        let shown = place.run(&["job", "show", &id]).ends(0).out;
        shown.contains("  rests      until ").then_some(shown)
    });
    assert!(shown.starts_with(&format!("Job {id}: INPROGRESS\n")), "{shown}");
    assert!(shown.contains("  cause      ") && shown.contains("No such file"), "{shown}");
    assert!(shown.contains(" failed and wrote nothing\n"), "{shown}");
    let listed = json_of(&place.run(&["job", "list", "--json"]).ends(0).out);
    assert!(listed["jobs"][0]["cause"].is_string() && listed["jobs"][0]["rests_until"].is_string(), "{listed}");
    let ran = place.run(&["job", "wait", &id, "--timeout", "50ms"]).ends(8);
    assert!(ran.last_words().contains(&format!("bulkwright job wait {id}")), "{}", ran.err);
    let ran = place.run(&["job", "result", &id]).ends(5);
    assert!(ran.last_words().contains("has no result yet: "), "{}", ran.err);
    assert_eq!(serving.end().0, 0);
    // A new start does not wait for the rest to be over; here it is the server in the command's own process.
    place.run(&["job", "wait", &id]).ends(0);
}

#[test]
fn waiting_goes_on_while_the_server_is_away() {
    let place = Place::new();
    let mut serving = place.start(&["serve"]);
    fs_err::remove_dir(place.path("bulkwright-data/scratch")).unwrap();
    let id = place.job_over(&zip_of("Last_Name\nNg\n"));
    let mut command = place.command(&["job", "wait", &id, "--credentials", "bulkwright-data/credentials.json"]);
    let err = fs_err::File::create(place.path("err.txt")).unwrap();
    let child = command.stdout(Stdio::piped()).stderr(err.into_parts().0).spawn().unwrap();
    wait_for(|| place.read("err.txt").contains(&id).then_some(()));
    let address = serving.url.trim_start_matches("http://").to_owned();
    serving.kill();
    let again = place.command(&["serve", "--listen", &address]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _again = KilledAtEnd(again.unwrap());
    let ended = ran(child.wait_with_output().unwrap()).ends(0);
    assert!(ended.out.starts_with(&format!("Job {id}: COMPLETED\n")), "{}", ended.out);
}

/// A process that is killed by its own id when the test ends.
struct KilledAtEnd(std::process::Child);

impl Drop for KilledAtEnd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn usual_mistakes_are_told_with_what_to_do() {
    let place = Place::new();
    let serving = place.dev();
    let target = ["--base-url", serving.url.as_str()];
    place.write("leads.csv", "Last_Name\nA\n").write("there.zip", "x").write("bad.json", "{").write("empty.json", "{}");
    place.write("full.json", BODY.replace("FILE_ID", "77")).write("ships.json", BODY.replace("Leads", "Ships"));
    place.write("leads.zip", zip_of("Last_Name\nA\n"));
    let uploaded = place.run_with_token(DEV_TOKEN, &[&["upload", "leads.zip"], &target[..]].concat()).ends(0).out;
    let file_id = uploaded.trim_end();
    let check = |arguments: &[&str], code: i32, expected: &str| {
        let ran = place.run_with_token(DEV_TOKEN, &[arguments, &target].concat()).ends(code);
        assert!(ran.last_words().contains(expected), "{expected} is missing: {}", ran.err);
        assert!(ran.last_words().contains("; "), "it says what to do: {}", ran.err);
        let ran = place.run_with_token(DEV_TOKEN, &[arguments, &target, &["--json"]].concat()).ends(code);
        let told = json_of(ran.last_words());
        assert_eq!((&told["message_type"], &told["code"]), (&json!("exit_error"), &json!(code)));
    };
    check(&["upload", "leads.csv"], 2, "bulkwright load leads.csv");
    check(&["upload", "none.zip"], 7, "there is no file none.zip");
    check(&["upload", "."], 2, "is a folder");
    check(&["job", "create", "--body", "bad.json"], 2, "bad.json is no JSON: EOF while parsing");
    check(&["job", "create", "--body", "none.json"], 7, "there is no file none.json");
    check(&["job", "create", "--body", "empty.json", "--file-id", "7"], 2, "has no `resource`");
    check(&["job", "create", "--body", "full.json", "--file-id", "7"], 2, "names an upload of its own");
    check(&["job", "create", "--body", "ships.json", "--file-id", "x.zip"], 2, "an id is digits alone");
    check(&["job", "create", "--body", "ships.json", "--file-id", file_id], 7, "MODULE_NOT_AVAILABLE");
    check(&["job", "result", JOB, "--output", "there.zip"], 2, "there.zip is there already; give --force");
    check(&["job", "result", JOB, "--output", "."], 2, "is a folder");
    check(&["job", "result", "77"], 7, "RESOURCE_NOT_FOUND");
    check(&["job", "wait", "77"], 7, "RESOURCE_NOT_FOUND");
    check(&["record", "show", "Leads", "77"], 7, "Leads has no record 77");
    check(&["record", "show", "Ships", "77"], 7, "INVALID_MODULE");
    let both = ["job", "result", JOB, "--output", "-", "--json"];
    let ran = place.run_with_token(DEV_TOKEN, &[&both[..], &target].concat()).ends(2);
    assert!(ran.last_words().contains("cannot both go to stdout"), "{}", ran.err);
    assert_eq!(place.read("there.zip"), "x");
    let refused = place.run_with_token(DEV_TOKEN, &[&["job", "create", "--body", "full.json"], &target[..]].concat());
    assert!(refused.ends(4).last_words().contains("FILE_NOT_FOUND no file is available for the given file id"));
}
