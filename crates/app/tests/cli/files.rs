//! The two example files, with and without a running server: what is printed, and what stands in the files.

use std::collections::BTreeMap;

use crate::program::{DEV_TOKEN, Place, example};

/// Ids, ports, paths and times are replaced: they differ from run to run.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let line = match line.split_once("http://127.0.0.1:") {
            Some((before, after)) => {
                format!("{before}http://127.0.0.1:PORT{}", after.trim_start_matches(|one: char| one.is_ascii_digit()))
            }
            None => line.to_owned(),
        };
        let line = match line.split_once(" s for ") {
            Some((_, rows)) if line.starts_with("time:") => format!("time:     0.0 s for {rows}"),
            _ => line,
        };
        let line = if line.starts_with("jobs:") { "jobs:     ID".to_owned() } else { line };
        steady.push_str(&line);
        steady.push('\n');
    }
    steady
}

#[test]
fn good_rows_all_become_records() {
    let place = Place::new();
    let ran = place.run(&["load", &example("leads.csv"), "--module", "Leads"]).ends(0);
    assert_eq!(
        steady(&ran.out),
        "\
1,000 added · 0 not written
target:   Leads (insert) at http://127.0.0.1:PORT (own server in this process, data in ./bulkwright-data)
jobs:     ID
time:     0.0 s for 1,000 rows
results:  ./leads.results.csv
report:   ./leads.report.json
"
    );
    assert!(ran.err.starts_with("Loading "), "the first line names the target: {}", ran.err);
    assert_eq!(place.names(), ["bulkwright-data", "leads.errors.csv", "leads.report.json", "leads.results.csv"]);
    assert!(place.table("leads.errors.csv").is_empty());
    let results = place.table("leads.results.csv");
    assert!(results.iter().all(|row| row.get("_status") == "ADDED" && row.get("_record_id").len() == 19));
    assert!(results.iter().all(|row| row.get("_joined_by") == "order" && row.get("_job") == ran.job()));
    same_source(&results, &example("leads.csv"));
}

fn same_source(results: &[crate::program::Row], source: &str) {
    let mut source = csv::Reader::from_path(source).unwrap();
    let width = source.headers().unwrap().len();
    let rows: Vec<csv::StringRecord> = source.records().map(|row| row.unwrap()).collect();
    assert_eq!(results.len(), rows.len());
    for (result, row) in results.iter().zip(&rows) {
        assert_eq!(result.cells()[..width], row.iter().collect::<Vec<_>>());
        assert_eq!(result.get("_line"), row.position().unwrap().line().to_string());
    }
}

/// The faults that the example was made with, by column and code; addresses that repeat only count with a key.
fn faults(place: &Place) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in place.table("leads-dirty.errors.csv") {
        assert_eq!(row.get("_errors"), format!("{}-{}", row.get("_code"), row.get("_column")));
        *counts.entry(format!("{} {}", row.get("_code"), row.get("_column"))).or_default() += 1;
    }
    counts
}

#[test]
fn bad_rows_are_told_by_line_column_value_and_advice() {
    let place = Place::new();
    let ran = place.run(&["load", &example("leads-dirty.csv"), "--module", "Leads", "--key", "Email"]).ends(3);
    assert!(ran.out.starts_with("980 added · 20 not written (4 DUPLICATE_DATA Email, "), "{}", ran.out);
    assert!(ran.out.lines().count() <= 12, "{}", ran.out);
    assert!(ran.out.ends_with("bulkwright load ./leads-dirty.errors.csv --module Leads --key Email\n"), "{}", ran.out);
    let shown: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("line ")).collect();
    assert_eq!(shown.len(), 10, "{}", ran.err);
    assert_eq!(shown[0], "line 12: MANDATORY_NOT_FOUND Last_Name: fill the cell");
    assert!(shown[1].starts_with("line 112: INVALID_DATA Email `zaneta.nemec.101 at "), "{}", shown[1]);
    let faults = faults(&place);
    assert_eq!(faults.values().sum::<usize>(), 20);
    assert_eq!((faults["DUPLICATE_DATA Email"], faults["MANDATORY_NOT_FOUND Last_Name"]), (4, 4));
}

#[test]
fn errors_that_are_mended_can_be_loaded_as_they_are() {
    let place = Place::new();
    let load = |file: &str| place.run(&["load", file, "-m", "Leads", "--key", "Email"]);
    load(&example("leads-dirty.csv")).ends(3);
    let errors = place.read("leads-dirty.errors.csv");
    load("leads-dirty.errors.csv").ends(3);
    assert_eq!(place.table("leads-dirty.errors.errors.csv").len(), 20, "nothing was mended");
    // Mending one row is enough to see it written, and its old verdict gone.
    let mended = errors.lines().enumerate().filter(|(at, line)| *at == 0 || line.starts_with(",Uwe,"));
    let mended: Vec<String> = mended.map(|(_, line)| line.replacen(",Uwe,", "Schmidt,Uwe,", 1)).collect();
    place.write("mended.csv", mended.join("\n"));
    load("mended.csv").ends(0);
    let results = place.table("mended.results.csv");
    assert_eq!((results[0].get("_status"), results[0].get("_errors"), results[0].get("_line")), ("ADDED", "", "2"));
    assert_eq!(place.read("mended.results.csv").lines().next(), errors.lines().next(), "no column stands twice");
}

#[test]
fn a_running_server_takes_the_same_files() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    let ran = place.run(&["load", &example("leads.csv"), "--module", "Leads"]).ends(0);
    assert!(
        ran.out.contains(&format!("at {} (own running server, data in ./bulkwright-data)", serving.url)),
        "{}",
        ran.out
    );
    let (code, printed) = serving.end();
    assert_eq!(code, 0);
    assert!(printed.contains("credentials:  ./bulkwright-data/credentials.json"), "{printed}");
    let place = Place::new();
    let serving = place.dev();
    let target = ["--base-url", &serving.url];
    let load = ["load", &example("leads-dirty.csv"), "--module", "Leads", "--key", "Email"];
    place.run_with_token(DEV_TOKEN, &[&load[..], &target].concat()).ends(3);
    assert_eq!(faults(&place).values().sum::<usize>(), 20);
    assert!(!place.path("bulkwright-data").exists());
}

#[test]
fn json_is_one_line_a_message_and_ends_with_the_summary() {
    let place = Place::new();
    let ran = place.run(&["load", &example("leads-dirty.csv"), "-m", "Leads", "--key", "Email", "--json"]).ends(3);
    let lines: Vec<serde_json::Value> = ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<&str> = lines.iter().map(|line| line["message_type"].as_str().unwrap()).collect();
    assert_eq!((types[0], types[1], types[types.len() - 1]), ("plan", "job", "summary"));
    let summary = &lines[lines.len() - 1];
    assert_eq!(
        (&summary["exit_code"], &summary["counts"]["ADDED"], &summary["schema"]),
        (&3.into(), &980.into(), &1.into())
    );
    let report: serde_json::Value = serde_json::from_str(&place.read("leads-dirty.report.json")).unwrap();
    assert_eq!(report["not_written"], summary["not_written"]);
    assert!(!ran.err.contains("exit_error"));
    let ran = place.run(&["load", "none.csv", "-m", "Leads", "--json"]).ends(7);
    let said: serde_json::Value = serde_json::from_str(ran.last_words()).unwrap();
    assert_eq!(
        (&said["message_type"], &said["code"], &said["kind"]),
        (&"exit_error".into(), &7.into(), &"not_found".into())
    );
    assert!(ran.out.starts_with(r#"{"message_type":"summary""#) && ran.out.contains(r#""exit_code":7"#), "{}", ran.out);
}

#[test]
fn samples_are_the_examples() {
    let place = Place::new();
    let check = |bad: &str, name: &str| {
        for seed in ["1", "2", "3", "42", "2026"] {
            let ran = place.run(&["sample", "--rows", "1000", "--seed", seed, "--bad", bad]).ends(0);
            if ran.out == fs_err::read_to_string(example(name)).unwrap() {
                return;
            }
        }
        panic!("no seed gives {name}");
    };
    check("0%", "leads.csv");
    check("2%", "leads-dirty.csv");
    place.run(&["sample", "--rows", "5", "--seed", "9", "--output", "five.csv"]).ends(0);
    assert_eq!(place.read("five.csv"), place.run(&["sample", "--rows", "5", "--seed", "9", "-q"]).ends(0).out);
}
