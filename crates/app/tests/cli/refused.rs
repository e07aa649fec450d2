//! What is refused: one clear line with what to do, the documented exit code, and nothing left behind.

use crate::program::{DEV_TOKEN, Place, example};

#[test]
fn a_refused_file_leaves_nothing_behind() {
    let check = |name: &str, content: Option<&str>, flags: &[&str], code: i32, expected: &str| {
        let place = Place::new();
        if let Some(content) = content {
            place.write(name, content);
        }
        let before = place.names();
        let module = if flags.contains(&"-m") { &[][..] } else { &["-m", "Leads"] };
        let ran = place.run(&[&["load", name, "-q"], module, flags].concat()).ends(code);
        assert_eq!(place.names(), before, "{name} {flags:?}");
        assert!(ran.err.contains(expected), "{expected} is missing: {}", ran.err);
        assert!(ran.err.lines().count() <= 1, "one line: {}", ran.err);
        assert!(ran.out.is_empty() || code == 0 || code == 9, "{}", ran.out);
    };
    check("none.csv", None, &[], 7, "error: there is no file none.csv; check the name, or give the full path");
    check(".", None, &[], 2, "error: . is a folder; name one CSV file in it");
    check("empty.csv", Some(""), &[], 4, "error: empty.csv is empty; a CSV begins with a line of column names");
    check("blank.csv", Some("\n\n"), &[], 4, "is empty");
    check("zip.csv", Some("PK\u{3}\u{4}\0\0,"), &[], 4, "error: zip.csv is no CSV file: ");
    check("x.csv", Some("Foo,Bar\n1,2\n"), &[], 4, "names no field of Leads: it has Foo, Bar; Leads has");
    check(
        "x.csv",
        Some("Last Name\nA\n"),
        &["-m", "Ships"],
        7,
        "error: there is no module Ships; this target has Leads",
    );
    check("x.csv", Some("Last Name\nA\n"), &["--op", "update"], 2, "add --key FIELD");
    check("x.csv", Some("Last Name\nA\n"), &["--key", "Email"], 2, "no column of the file carries Email");
    check("x.csv", Some("Last Name\n"), &[], 0, "");
    check("x.csv", Some("Last Name\n"), &["--error-if-empty"], 9, "nothing to do; the file has no rows");
}

#[test]
fn a_header_alone_is_no_rows() {
    let place = Place::new();
    place.write("x.csv", "Last Name,Email\n");
    let ran = place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    assert_eq!(ran.out, "no rows: x.csv has a header and nothing under it\n");
    assert_eq!(place.names(), ["x.csv"]);
}

#[test]
fn a_data_directory_that_was_there_stays() {
    let place = Place::new();
    place.run(&["load", &example("leads.csv"), "-m", "Leads", "--out", "out"]).ends(0);
    place.run(&["load", &example("leads.csv"), "-m", "Ships"]).ends(7);
    assert_eq!(place.names(), ["bulkwright-data", "out"]);
}

#[test]
fn a_target_without_access_is_named() {
    let place = Place::new();
    let serving = place.dev();
    let load = ["load", &example("leads.csv"), "-m", "Leads", "--base-url", &serving.url];
    let ran = place.run(&load).ends(6);
    assert!(
        ran.last_words().starts_with(&format!("error: no access token for {}; give --token-file", serving.url)),
        "{}",
        ran.err
    );
    let ran = place.run_with_token("1000.wrong", &load).ends(6);
    assert!(ran.last_words().contains("INVALID_TOKEN"), "{}", ran.err);
    assert_eq!(place.names(), ["port.txt"]);
    let ran = place.run_with_token("1000.bulkwright-dev-noscope", &load).ends(6);
    assert!(ran.last_words().contains("OAUTH_SCOPE_MISMATCH"), "{}", ran.err);
    assert!(place.table("leads.results.csv").iter().all(|row| row.get("_status") == "NOT_SENT"));
    let ran = place.run_with_token(DEV_TOKEN, &["load", &example("leads.csv"), "-m", "Leads"]).ends(2);
    assert!(ran.last_words().contains("BULKWRIGHT_TOKEN is given, but no server to use it with"), "{}", ran.err);
}

#[test]
fn usage_errors_are_two_and_name_what_there_is() {
    let place = Place::new();
    let check = |arguments: &[&str], expected: &str| {
        let ran = place.run(arguments).ends(2);
        assert!(ran.err.contains(expected), "{}", ran.err);
    };
    check(&["load"], "--module <MODULE>");
    check(&["load", "x.csv", "-m", "Leads", "--op", "delete"], "insert, update, upsert");
    check(&["load", "x.csv", "-m", "Leads", "--wait", "30"], "write it like 500ms, 30s, 10m or 2h");
    check(&["load", "x.csv", "-m", "Leads", "--base-url", "localhost:80"], "it must begin with http:// or https://");
    check(&["lod"], "load");
    check(&["job", "show", "1", "--raw", "--show-curl"], "cannot be used with");
    let ran = place.run(&["load", "--json"]).ends(2);
    assert!(ran.err.starts_with(r#"{"message_type":"exit_error","code":2,"kind":"usage""#), "{}", ran.err);
    let help = place.run(&["--help"]).ends(0).out;
    assert!(help.starts_with("Examples:\n"), "examples come first: {help}");
    assert!(help.contains("  130  interrupted"), "{help}");
    assert!(place.run(&["--version"]).ends(0).out.starts_with("bulkwright "));
}
