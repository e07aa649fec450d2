//! How a server is told what to do, and what it logs.

use serde_json::Value;

use crate::program::Place;

#[test]
fn the_configuration_is_printed_with_where_it_is_from_and_nothing_is_started() {
    let place = Place::new();
    let usual = place.run(&["serve", "--print-config"]).ends(0).out;
    assert!(usual.starts_with("# The configuration of `bulkwright serve`"), "{usual}");
    assert!(usual.contains("\n[server]\n") && usual.contains("\nlisten = \"127.0.0.1:8080\"\n"), "{usual}");
    place.write("bulkwright.toml", "[server]\nlisten = \"127.0.0.1:1\"\n[server.limits]\nrows_max = 5\n");
    place.write("other.toml", "[server]\nlisten = \"127.0.0.1:2\"\n");
    let printed = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = place.command(&[&["serve", "--print-config"], arguments].concat());
        let output = command.envs(variables.iter().copied()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let check = |printed: &str, lines: &[&str]| {
        for line in lines {
            assert!(printed.lines().any(|there| there == *line), "no {line} in {printed}");
        }
    };
    check(
        &printed(&[], &[]),
        &[
            "listen = \"127.0.0.1:1\" # from file bulkwright.toml, line 2, column 10",
            "rows_max = 5 # from file bulkwright.toml, line 4, column 12",
        ],
    );
    let other = ["--config", "other.toml"];
    let variable = [("BULKWRIGHT_LISTEN", "127.0.0.1:3")];
    check(
        &printed(&other, &[]),
        &["listen = \"127.0.0.1:2\" # from file other.toml, line 2, column 10", "# rows_max = 25000"],
    );
    check(&printed(&other, &variable), &["listen = \"127.0.0.1:3\" # from variable BULKWRIGHT_LISTEN"]);
    check(
        &printed(&["--listen", "127.0.0.1:4"], &variable),
        &[
            "listen = \"127.0.0.1:4\" # from flag --listen",
            "rows_max = 5 # from file bulkwright.toml, line 4, column 12",
        ],
    );
    let networks = ["--callback-allow", "10.0.0.0/8", "--callback-allow", "fd00::/8"];
    check(
        &printed(&networks, &[("BULKWRIGHT_CONFIG", "other.toml")]),
        &[
            "callback_allow = [\"10.0.0.0/8\", \"fd00::/8\"] # from flag --callback-allow",
            "listen = \"127.0.0.1:2\" # from file other.toml, line 2, column 10",
        ],
    );
    assert!(place.run(&["dev", "--print-config"]).ends(0).out.contains("127.0.0.1:1"));
    assert_eq!(place.names(), ["bulkwright.toml", "other.toml"]);
}

#[test]
fn a_slip_in_the_configuration_is_one_line_and_two() {
    let place = Place::new();
    let check = |file: &str, arguments: &[&str], expected: &str| {
        place.write("bulkwright.toml", file);
        let ran = place.run(arguments).ends(2);
        assert_eq!((ran.out.as_str(), ran.err.trim_end()), ("", expected));
    };
    check(
        "[server]\n\nlisen = \"127.0.0.1:9000\"\n",
        &["serve"],
        "error: unknown key `lisen` in [server] of bulkwright.toml, line 3, column 1; did you mean `listen`?",
    );
    check("", &["serve", "--limits", "nome"], "error: --limits: `nome` is none of vendor, none; did you mean `none`?");
    check(
        "",
        &["dev", "--config", "none.toml"],
        "error: the configuration cannot be read: failed to open file `none.toml`: No such file or directory (os error 2); \
         check --config and the file",
    );
    assert!(place.run(&["dev", "--data", "x"]).ends(2).err.contains("unexpected argument '--data'"));
    assert_eq!(place.names(), ["bulkwright.toml"]);
}

/// The whole program at its most talkative: bad rows, a job that fails, a token that is wrong.
#[test]
fn the_log_is_one_line_an_event_with_its_ids_and_without_secrets_and_rows() {
    let place = Place::new();
    place.write("bulkwright.toml", "[server.limits]\nrows_max = 4\n");
    let rows = "Last Name,Email,Annual Revenue\nMarkername,marker@example.com,1\n,bad row marker,marker\nMarker,x,2\n";
    place.write("rows.csv", rows).write("more.csv", format!("{rows}Marker,a@example.com,\nMarker,b@example.com,\n"));
    for format in ["text", "json"] {
        let (data, log) = (format!("data-{format}"), format!("log-{format}"));
        let serving = place.start_logging(&["serve", "-vv", "--data", &data, "--log-format", format], &log);
        let credentials = format!("{data}/credentials.json");
        let load =
            |file: &str| place.run(&["load", file, "-m", "Leads", "--out", "out", "--credentials", &credentials]);
        let completed = load("rows.csv").ends(3).job().to_owned();
        let failed = load("more.csv").ends(3).job().to_owned();
        place
            .run_with_token("1000.marker-of-a-token", &["job", "show", &completed, "--base-url", &serving.url])
            .ends(6);
        assert_eq!(serving.end().0, 0);

        let log = place.read(&log);
        let known: Value = serde_json::from_str(&place.read(&credentials)).unwrap();
        for secret in ["client_secret", "refresh_token", "admin_secret"] {
            assert!(!log.contains(known[secret].as_str().unwrap()), "{secret} is in {log}");
        }
        assert!(!log.to_lowercase().contains("marker"), "{log}");
        if format == "json" {
            check_json(&log, &completed, &failed);
        } else {
            let line = |said: &str| log.lines().find(|line| line.contains(said)).expect(said).to_owned();
            assert!(line("a job is completed").contains(&format!("attempt{{job={completed} number=1}}: ")));
            assert!(line("a job has failed").contains(&format!("attempt{{job={failed} number=1}}: ")));
            assert!(line("answered").contains("request{id="));
        }
    }
}

fn check_json(log: &str, completed: &str, failed: &str) {
    let parsed = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = log.lines().map(parsed).collect();
    for line in &lines {
        for field in ["time", "level", "message"] {
            assert!(line[field].is_string(), "no {field} in {line}");
        }
    }
    let of = |message: &str| {
        let found: Vec<&Value> = lines.iter().filter(|line| line["message"] == message).collect();
        assert!(!found.is_empty(), "nothing says `{message}` in {log}");
        found
    };
    for line in ["answered", "an upload is stored", "a job is queued"].into_iter().flat_map(of) {
        assert!(line["request"].is_string(), "{line}");
    }
    for (message, job) in [("a job is completed", completed), ("a job has failed", failed)] {
        let [line] = of(message)[..] else { panic!("`{message}` is said once") };
        assert_eq!((&line["job"], &line["attempt"]), (&job.into(), &1.into()), "{line}");
    }
}
