//! Looking after a data directory by command: while its server runs, and while none does.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Place, Ran, Serving, ran, wait_for};

/// Rows of a job of several chunks; a chunk has at most 56 MiB of typed rows.
const LARGE: u32 = 280_000;
const HEADER: &str = "Last Name,Email,Description\n";

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn verified(place: &Place, data: &str) -> Value {
    let answer = json(&place.run(&["verify", "--data", data, "--json"]).ends(0));
    assert_eq!((&answer["sound"], answer["differences"].as_array().map(Vec::len)), (&Value::Bool(true), Some(0)));
    answer["sums"].clone()
}

#[test]
fn a_stopped_directory_and_a_served_one_are_verified_alike() {
    let place = Place::new();
    place.write("x.csv", "Last Name,Email\nA,a@x.com\nB,\n,c@x.com\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(3);
    let stopped = place.run(&["verify", "--json"]).ends(0);
    let org = json(&stopped)["sums"]["records"][0]["org"].as_str().unwrap().to_owned();
    let expected = format!(
        concat!(
            r#"{{"schema":1,"sound":true,"differences":[],"more_differences":0,"remarks":[],"#,
            r#""sums":{{"records":[{{"org":"{}","module":"Leads","records":2,"versions":2}}],"keys":1,"#,
            r#""ledger":{{"added":2,"updated":0,"skipped":1}},"#,
            r#""jobs":{{"added":0,"in_progress":0,"completed":1,"failed":0}},"uploads":1,"#,
            r#""deliveries":{{"pending":0,"delivered":0,"given_up":0}}}}}}"#,
            "\n"
        ),
        org
    );
    assert_eq!(stopped.out, expected);
    let serving = place.start(&["serve"]);
    assert_eq!(place.run(&["verify", "--json"]).ends(0).out, expected);
    let shown = place.run(&["verify"]).ends(0);
    let lines: Vec<&str> = shown.out.lines().collect();
    let records = format!("records:  2 Leads of organisation {org}, 2 versions");
    assert_eq!(
        lines,
        [
            records.as_str(),
            "rows:     2 added, 0 updated, 1 skipped",
            "jobs:     0 waiting, 0 begun, 1 completed, 0 failed",
            "uploads:  1",
            "sound:    everything is as it has to be",
        ]
    );
    drop(serving);
}

#[test]
fn damage_is_named_and_ends_with_4() {
    let place = Place::new();
    place.write("x.csv", "Last Name,Email\nAverylongname,a@x.com\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    let path = place.path("bulkwright-data/records.db");
    let sound = fs_err::read(&path).unwrap();
    let mut damaged = sound.clone();
    let at = sound.windows(13).position(|window| window == b"Averylongname").unwrap();
    damaged[at] = b'B';
    fs_err::write(&path, &damaged).unwrap();
    let shown = place.run(&["verify"]).ends(4);
    assert!(shown.out.starts_with("record: record 1"), "{}", shown.out);
    assert!(shown.out.lines().last().unwrap().starts_with("damaged:  1 differences"), "{}", shown.out);
    let answer = json(&place.run(&["verify", "--json"]).ends(4));
    assert_eq!((&answer["sound"], &answer["differences"][0]["kind"]), (&Value::Bool(false), &"record".into()));
    // So damaged that it cannot even be opened.
    damaged[..100].fill(0xff);
    fs_err::write(&path, &damaged).unwrap();
    let answer = json(&place.run(&["verify", "--json"]).ends(4));
    assert_eq!(answer["differences"][0]["expected"], "can be opened");
}

#[test]
fn what_cannot_be_looked_after_says_why() {
    let place = Place::new();
    for command in [&["verify"][..], &["sweep", "--now"], &["backup", "b"]] {
        let ran = place.run(command).ends(7);
        assert!(ran.last_words().contains("./bulkwright-data is no data directory"), "{}", ran.err);
    }
    assert_eq!(place.names(), [""; 0], "nothing is made by looking");
    let ran = place.run(&["restore", "nothing"]).ends(7);
    assert!(ran.last_words().contains("nothing is no backup"), "{}", ran.err);
    // Somebody holds the directory who is no server.
    place.write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    let mut holder = std::process::Command::new("flock");
    let lock = place.path("bulkwright-data/lock");
    let held = holder.arg(&lock).args(["-c", "echo held; read x"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut held = held.spawn().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(held.stdout.take().unwrap()), &mut String::new()).unwrap();
    for command in [&["org", "list"][..], &["token", "create", "--scope", "ZohoCRM.bulk.ALL"]] {
        assert!(place.run(command).ends(5).last_words().contains("does not answer"), "{command:?}");
    }
    let ran = place.run(&["verify"]).ends(5);
    assert!(ran.last_words().contains("does not answer"), "{}", ran.err);
    assert!(ran.last_words().contains("try again when that process has started or ended"), "{}", ran.err);
    drop(held.stdin.take());
    held.wait().unwrap();
    place.run(&["verify"]).ends(0);
}

#[test]
fn a_sweep_says_what_would_go_until_it_is_told_to() {
    let place = Place::new();
    place.write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    place.write("bulkwright-data/blobs/upload-00", "orphan");
    let told = place.run(&["sweep"]).ends(0).out;
    let expected = "would remove: 0 uploads, 0 results, 0 jobs, 0 tokens, 0 kept answers, 1 orphan; 6 bytes of files; --now does it\n";
    assert_eq!(told, expected);
    let serving = place.start(&["serve"]);
    let told = place.run(&["sweep", "--older-than", "0s"]).ends(0).out;
    assert!(
        told.starts_with("would remove: 1 upload, 1 result, 1 job, 0 tokens, 0 kept answers, 0 orphans; "),
        "{told}"
    );
    drop(serving);
    let answer = json(&place.run(&["sweep", "--now", "--older-than", "0s", "--json"]).ends(0));
    let bytes = answer["bytes"].as_u64().unwrap();
    let expected = format!(
        r#"{{"schema":1,"removed":true,"uploads":1,"results":1,"jobs":1,"tokens":0,"answers":0,"orphans":0,"bytes":{bytes}}}"#
    );
    assert_eq!(answer.to_string(), expected);
    assert_eq!(fs_err::read_dir(place.path("bulkwright-data/blobs")).unwrap().count(), 0);
    let sums = verified(&place, "bulkwright-data");
    assert_eq!((&sums["ledger"]["added"], &sums["jobs"]["completed"]), (&1.into(), &0.into()));
}

fn large_file(place: &Place) {
    let text = "x".repeat(400);
    let rows = (0..LARGE).map(|row| format!("Name {row},lead{row}@example.com,{text}\n"));
    place.write("large.csv", format!("{HEADER}{}", rows.collect::<String>()));
}

/// A backup in the middle of a large job, restored: the job goes on there and ends as it does here.
#[test]
fn a_backup_in_the_middle_of_a_job_goes_on_where_it_was() {
    let place = Place::new();
    large_file(&place);
    let serving = place.start(&["serve", "--data", "first", "--limits", "none"]);
    let load = ["load", "large.csv", "-m", "Leads", "--rows-per-job", "1000000", "--out", "here"];
    let load = [&load[..], &["--credentials", "first/credentials.json"]].concat();
    let loading = place.command(&load).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The file grows when the first chunk is committed; the backup waits until that is done.
    let records = place.path("first/records.db");
    wait_for(|| (fs_err::metadata(&records).ok()?.len() > 10_000_000).then_some(()));
    let backup = json(&place.run(&["backup", "copy", "--data", "first", "--json"]).ends(0));
    let added = backup["sums"]["ledger"]["added"].as_u64().unwrap();
    assert!(added > 0 && added < u64::from(LARGE), "{added} rows are committed");
    assert_eq!(backup["sums"]["jobs"]["in_progress"], 1);
    ran(loading.wait_with_output().unwrap()).ends(0);
    let original = verified(&place, "first");
    ended(serving);

    place.run(&["restore", "copy", "--data", "second"]).ends(0);
    let manifest: Value = serde_json::from_str(&place.read("copy/manifest.json")).unwrap();
    assert_eq!(manifest["sums"], backup["sums"]);
    assert_eq!(manifest["sums"], verified(&place, "second"));
    let serving = place.start(&["serve", "--data", "second", "--limits", "none"]);
    wait_for(|| results(&place, "second").pop());
    let again = wait_for(|| {
        let sums = verified(&place, "second");
        (sums["jobs"]["completed"] == 1).then_some(sums)
    });
    assert_eq!(again, original);
    ended(serving);
    assert_eq!(place.table("here/large.results.csv").len(), LARGE as usize);
    // The job had its block of ids before, so not even those differ.
    assert!(result(&place, "first") == result(&place, "second"), "the result has the same bytes");
}

fn result(place: &Place, data: &str) -> Vec<u8> {
    let results = results(place, data);
    assert_eq!(results.len(), 1);
    fs_err::read(&results[0]).unwrap()
}

fn results(place: &Place, data: &str) -> Vec<PathBuf> {
    let blobs = fs_err::read_dir(place.path(data).join("blobs")).unwrap().map(|entry| entry.unwrap().path());
    blobs.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("result-")).collect()
}

fn ended(serving: Serving) {
    assert_eq!(serving.end().0, 0);
}

#[test]
fn what_is_in_the_way_of_a_backup_or_a_restore_is_told() {
    let place = Place::new();
    place.write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    let shown = place.run(&["backup", "copy"]).ends(0).out;
    let lines = ["backup:   ", "records:  1 Leads", "waited:   jobs stood still for ", "restore:  bulkwright restore "];
    lines.iter().for_each(|line| assert!(shown.contains(line), "{line} is missing: {shown}"));
    let refused = |arguments: &[&str], code: i32, expected: &str| {
        let ran = place.run(arguments).ends(code);
        assert!(ran.last_words().contains(expected), "{expected} is missing: {}", ran.err);
    };
    refused(&["backup", "copy"], 2, "copy cannot be made, read or written");
    refused(&["restore", "copy"], 2, "bulkwright-data cannot be made, read or written");
    let serving = place.start(&["serve"]);
    refused(&["backup", "copy"], 4, "choose a directory that is not there yet");
    refused(&["restore", "copy"], 2, "bulkwright-data cannot be made, read or written");
    drop(serving);
    let records = place.path("copy/records.db");
    let mut bytes = fs_err::read(&records).unwrap();
    bytes[5000] ^= 1;
    fs_err::write(&records, bytes).unwrap();
    refused(&["restore", "copy", "--data", "other"], 1, "the file records.db of the backup is damaged");
    fs_err::remove_file(place.path("copy/manifest.json")).unwrap();
    refused(&["restore", "copy", "--data", "other"], 2, "manifest.json");
    assert!(!place.path("other").exists());
}
