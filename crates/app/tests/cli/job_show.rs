//! `job show`: the documented job, and what is said when there is none.

use crate::program::{DEV_TOKEN, Place};

const JOB: &str = "4150868000005350003";

#[test]
fn the_documented_job_is_shown_to_people() {
    let place = Place::new();
    let serving = place.dev();
    let show = |flags: &[&str]| {
        place.run_with_token(DEV_TOKEN, &[&["job", "show", JOB, "--base-url", &serving.url], flags].concat())
    };
    // The published job was run when the server started.
    let of_today = |line: &&str| line.starts_with("  begun ") || line.starts_with("  ended ");
    let shown = show(&[]).ends(0).out;
    assert_eq!(shown.lines().filter(of_today).count(), 2, "{shown}");
    assert_eq!(
        shown.split_inclusive('\n').filter(|line| !of_today(line)).collect::<String>(),
        "\
Job 4150868000005350003: COMPLETED
  resource   insert into Leads: COMPLETED (code COMPLETED)
  file       Fil2.csv: COMPLETED
  rows       9 added · 0 updated · 2 skipped · 11 in all
  mapping    column 0 -> Last_Name
  mapping    column 1 -> Mobile
  mapping    column 2 -> Owner
  charset    UTF-8
  empty      empty cells leave a field alone
  created    2021-05-11 07:08:29 +00:00 by Patricia Boyle (4150868000000225013)
  callback   post https://www.zoho.com/
  result     https://download-accl.zoho.com/v2/crm/694902309/bulk-write/4150868000005350003/4150868000005350003.zip
  errors     1 row: MANDATORY_NOT_FOUND Last_Name, the cell is empty and the field needs a value (line 6): Fill the cell, or give the mapping a default_value.
  errors     1 row: INVALID_DATA Mobile, the value is no phone number (line 11 `call @ home`): Write a number like +1 555 010 4477.
  look       bulkwright job rows 4150868000005350003 --status skipped
"
    );
    let recorded = include_str!("../../../../contract/job-details/success.json");
    let recorded: serde_json::Value = serde_json::from_str(recorded).unwrap();
    let body: serde_json::Value = serde_json::from_str(recorded["response"]["body"].as_str().unwrap()).unwrap();
    let shown = show(&["--json", "--api-version", "v2.1"]).ends(0).out;
    let (api, own) = shown.split_once(r#","bulkwright":"#).expect("a server of one's own adds a key");
    assert_eq!(format!("{api}}}"), body.to_string(), "the API's own bytes");
    assert!(own.contains(r#""status":"COMPLETED""#) && own.contains(r#""attempt":1"#), "{own}");
    let raw = show(&["--raw", "--api-version", "v2.1"]).ends(0).out;
    assert!(raw.ends_with(&format!("\n\n{body}\n")), "{raw}");
}

#[test]
fn raw_is_what_was_received() {
    let place = Place::new();
    let serving = place.dev();
    let show = |token: &str, flags: &[&str]| {
        place.run_with_token(token, &[&["job", "show", JOB, "--base-url", &serving.url], flags].concat())
    };
    let ran = show(DEV_TOKEN, &["--raw"]).ends(0);
    assert!(ran.out.starts_with("HTTP/1.1 200 OK\n"), "{}", ran.out);
    let (head, body) = ran.out.split_once("\n\n").unwrap();
    assert!(head.contains("\nserver: ZGS") && head.contains("\nx-accesstoken-reset: "), "{head}");
    assert!(body.starts_with(r#"{"status":"COMPLETED","character_encoding":"UTF-8""#), "{body}");
    let ran = show("1000.wrong", &["--raw"]).ends(6);
    let told = r#"{"code":"INVALID_TOKEN","details":{},"message":"invalid oauth token","status":"error"}"#;
    assert!(
        ran.out.starts_with("HTTP/1.1 401 Unauthorized\n") && ran.out.ends_with(&format!("\n\n{told}\n")),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\ncontent-length: 87\n"), "{}", ran.out);
    let ran = show(DEV_TOKEN, &["--show-curl"]).ends(0);
    let expected = format!(
        "curl -i -H 'Authorization: Zoho-oauthtoken ****' -H 'Accept-Encoding: identity' '{}/crm/bulk/v8/write/{JOB}'\n",
        serving.url
    );
    assert_eq!(ran.out, expected);
    assert!(!ran.out.contains(DEV_TOKEN));
}

#[test]
fn refusals_show_status_headers_code_and_what_to_do() {
    let place = Place::new();
    let serving = place.dev();
    let check = |token: &str, id: &str, base: &str, code: i32, status: &str, expected: &str| {
        let ran = place.run_with_token(token, &["job", "show", id, "--base-url", base]).ends(code);
        assert!(ran.err.starts_with(&format!("HTTP/1.1 {status}\n")), "{}", ran.err);
        assert!(ran.err.contains("\nserver: ZGS\n"), "the headers are shown: {}", ran.err);
        assert!(ran.last_words().starts_with(&format!("error: {expected}")), "{}", ran.err);
        assert!(ran.last_words().contains("; "), "it says what to do: {}", ran.err);
        assert_eq!(ran.out, "");
    };
    let (url, wrong) = (serving.url.as_str(), format!("{}/nowhere", serving.url));
    check(
        DEV_TOKEN,
        "77",
        url,
        7,
        "400 Bad Request",
        "RESOURCE_NOT_FOUND: The requested resource doesn't exist; check",
    );
    check("1000.wrong", JOB, url, 6, "401 Unauthorized", "INVALID_TOKEN: invalid oauth token; ");
    check("1000.bulkwright-dev-noscope", JOB, url, 6, "401 Unauthorized", "OAUTH_SCOPE_MISMATCH: invalid oauth scope");
    check(DEV_TOKEN, JOB, &wrong, 7, "404 Not Found", "INVALID_URL_PATTERN: Please check if the URL trying to access");
    check(DEV_TOKEN, "a/b", url, 7, "400 Bad Request", "RESOURCE_NOT_FOUND");
}

#[test]
fn a_token_file_serves_as_well() {
    let place = Place::new();
    let serving = place.dev();
    place.write("token.txt", format!("{DEV_TOKEN}\n"));
    let show = ["job", "show", JOB, "--base-url", &serving.url, "--token-file"];
    place.run(&[&show[..], &["token.txt"]].concat()).ends(0);
    let ran = place.run(&[&show[..], &["none.txt"]].concat()).ends(6);
    assert!(ran.last_words().contains("none.txt"), "{}", ran.err);
}

#[test]
fn without_a_target_nothing_is_started() {
    let place = Place::new();
    let ran = place.run(&["job", "show", JOB]).ends(2);
    assert!(ran.last_words().contains("give --base-url and --token-file"), "{}", ran.err);
    assert!(place.names().is_empty());
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let ran = place.run_with_token(DEV_TOKEN, &["job", "show", JOB, "--base-url", &url]).ends(5);
    assert!(ran.last_words().starts_with("error: looking at the job got no answer from 127.0.0.1:"), "{}", ran.err);
}

#[test]
fn jobs_of_ones_own_server_are_shown_after_it_has_ended() {
    let place = Place::new();
    place.write("x.csv", "Last Name\nA\n");
    let job = place.run(&["load", "x.csv", "-m", "Leads"]).ends(0).job().to_owned();
    let shown = place.run(&["job", "show", &job]).ends(0).out;
    assert!(shown.contains("  rows       1 added · 0 updated · 0 skipped · 1 in all\n"), "{shown}");
    let _running = place.start(&["serve"]);
    let rows = |text: &str| text.lines().find(|line| line.starts_with("  rows")).unwrap().to_owned();
    assert_eq!(rows(&place.run(&["job", "show", &job]).ends(0).out), rows(&shown));
}
