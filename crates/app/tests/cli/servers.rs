//! Servers: how they start and end, and what a load says of one that goes away.

use std::process::Stdio;

use crate::program::{DEV_TOKEN, Place, ran, signal, wait_for};

#[test]
fn dev_prints_what_a_newcomer_needs_in_ten_lines() {
    let place = Place::new();
    let serving = place.dev();
    let url = serving.url.clone();
    let (code, printed) = serving.end();
    assert_eq!(code, 0);
    assert_eq!(printed.lines().count(), 10, "{printed}");
    let needed = [
        &url,
        "1000.BULKWRIGHTDEV",
        "bulkwright-dev-secret",
        "1000.bulkwright-dev-refresh",
        DEV_TOKEN,
        "1000.bulkwright-dev-noscope",
        "694902309",
        "curl -H ",
    ];
    for word in needed {
        assert!(printed.contains(word), "{word} is missing: {printed}");
    }
    assert_eq!(place.names(), ["port.txt"]);
}

#[test]
fn the_credentials_of_a_server_open_it() {
    let place = Place::new();
    let serving = place.start(&["serve", "--data", "kept"]);
    place.write("x.csv", "Last Name\nA\n");
    let ran = place.run(&["load", "x.csv", "-m", "Leads", "--credentials", "kept/credentials.json"]).ends(0);
    assert!(ran.out.contains(&serving.url), "{}", ran.out);
    assert!(!place.path("bulkwright-data").exists());
}

/// A server that runs for long tells the allocator of the system to give back what jobs have used, unless told otherwise.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn a_server_to_keep_has_its_allocator_settled() {
    let check = |own: &[(&str, &str)], expected: &str| {
        let place = Place::new();
        let serving = place.start_with(&["serve"], own);
        let environment = fs_err::read(format!("/proc/{}/environ", serving.pid())).unwrap();
        let variables = environment.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let found = variables.filter(|it| it.starts_with("MALLOC_")).collect::<Vec<_>>().join(" ");
        assert_eq!(found, expected);
        assert_eq!(serving.end().0, 0);
    };
    check(&[], "MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=1048576");
    check(&[("MALLOC_ARENA_MAX", "9")], "MALLOC_ARENA_MAX=9");
}

/// Shells give a process fewer files than it may ask for.
#[cfg(target_os = "linux")]
#[test]
fn a_server_may_open_as_many_files_as_the_system_lets_it() {
    let place = Place::new();
    let serve = place.command(&["serve", "--listen", "127.0.0.1:0", "--port-file", "port.txt"]);
    let mut limited = std::process::Command::new("sh");
    limited.args(["-c", "ulimit -Sn 256; exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    limited.current_dir(place.path(".")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = limited.spawn().unwrap();
    wait_for(|| place.path("port.txt").exists().then_some(()));
    let limits = fs_err::read_to_string(format!("/proc/{}/limits", child.id())).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let files = limits.lines().find_map(|line| line.strip_prefix("Max open files")).unwrap();
    let columns: Vec<&str> = files.split_whitespace().collect();
    assert!(columns[0] == columns[1] && columns[0] != "256", "{files}");
}

/// A log that cannot be written, as on a disk that is full, costs its lines and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_server_whose_log_cannot_be_written_goes_on() {
    let place = Place::new();
    let serving = place.start_logging_to(&["serve"], "/dev/full");
    place.write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    assert_eq!(serving.end().0, 0);
}

#[test]
fn what_keeps_a_server_from_starting_is_one_line_and_two() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    let pid = serving.pid();
    let check = |arguments: &[&str], expected: &str| {
        let ran = place.run(arguments).ends(2);
        assert_eq!((ran.out.as_str(), ran.err.lines().count()), ("", 1), "{}", ran.err);
        assert!(ran.err.contains(expected), "{expected} is missing: {}", ran.err);
    };
    check(&["serve", "--listen", "127.0.0.1:0"], &format!("in use by process {pid}"));
    let taken = serving.url.trim_start_matches("http://").to_owned();
    check(&["serve", "--data", "other", "--listen", &taken], "is taken by another program");
    check(&["dev", "--listen", "0.0.0.0:0"], "can be reached from other machines");
    place.write("file", "x");
    check(&["serve", "--data", "file/data", "--listen", "127.0.0.1:0"], "file/data");
}

#[test]
fn a_server_that_is_killed_is_temporary_and_its_rows_are_told() {
    let place = Place::new();
    let mut serving = place.start(&["serve", "--data", "kept"]);
    place.write("x.csv", "Last Name\nA\n");
    let load = ["load", "x.csv", "-m", "Leads", "--credentials", "kept/credentials.json"];
    place.run(&load).ends(0);
    serving.kill();
    let ran = place.run(&load).ends(5);
    assert!(ran.last_words().contains("check that the server runs"), "{}", ran.err);
    // In the middle of a load: as soon as a job is there, the server goes.
    let mut serving = place.start(&["serve", "--data", "kept"]);
    let rows: String = (0..60_000).map(|row| format!("Name {row},lead{row}@example.com\n")).collect();
    place.write("many.csv", format!("Last Name,Email\n{rows}"));
    let mut command =
        place.command(&["load", "many.csv", "-m", "Leads", "--credentials", "kept/credentials.json", "--json"]);
    let out = fs_err::File::create(place.path("out.jsonl")).unwrap();
    let child = command.stdout(out.into_parts().0).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| place.read("out.jsonl").contains(r#""message_type":"job""#).then_some(()));
    serving.kill();
    let ended = ran_after(child);
    assert_eq!(ended.code, 5, "{}", ended.err);
    let results = place.table("many.results.csv");
    assert_eq!(results.len(), 60_000, "every row is told");
    let of = |status: &str| results.iter().filter(|row| row.get("_status") == status).count();
    assert!(of("UNKNOWN") > 0, "the job that was there is unknown");
    assert_eq!(of("ADDED") + of("UNKNOWN") + of("NOT_SENT"), 60_000);
    assert_eq!(place.table("many.unknown.csv").len(), of("UNKNOWN"));
    assert!(place.read("out.jsonl").lines().last().unwrap().contains(r#""message_type":"summary""#));
    assert!(ended.last_words().contains(r#""message_type":"exit_error","code":5"#), "{}", ended.err);
}

#[test]
fn an_interrupted_load_ends_with_130_and_tells_every_row() {
    let place = Place::new();
    let rows: String = (0..60_000).map(|row| format!("Name {row},lead{row}@example.com\n")).collect();
    place.write("many.csv", format!("Last Name,Email\n{rows}"));
    let mut command = place.command(&["load", "many.csv", "-m", "Leads", "--poll-interval", "300ms", "--json"]);
    let out = fs_err::File::create(place.path("out.jsonl")).unwrap();
    let child = command.stdout(out.into_parts().0).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| place.read("out.jsonl").contains(r#""message_type":"job""#).then_some(()));
    signal(child.id(), "INT");
    let ended = ran_after(child);
    assert_eq!(ended.code, 130, "{}", ended.err);
    assert_eq!(place.table("many.results.csv").len(), 60_000);
    assert!(place.read("out.jsonl").lines().last().unwrap().contains(r#""exit_code":130"#));
}

#[test]
fn waiting_may_be_bounded() {
    let place = Place::new();
    place.write("x.csv", "Last Name\nA\n");
    let ran = place.run(&["load", "x.csv", "-m", "Leads", "--wait", "1ms", "--poll-interval", "1h"]).ends(8);
    assert!(ran.last_words().contains("--wait"), "{}", ran.err);
    assert_eq!(place.table("x.unknown.csv")[0].get("_job"), ran.job());
}

fn ran_after(child: std::process::Child) -> crate::program::Ran {
    ran(child.wait_with_output().unwrap())
}
