//! The configuration as a whole: its sources over each other, what is refused, and what is printed.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use bulkwright_engine::limits::Limits;

use super::kind::Given;
use super::printed::{self, DEFAULT_FILE, Line};
use super::table::{Repeats, SETTINGS};
use super::{Origin, Resolved, Settings, Statement, resolve};

/// What is said in each of the places, each empty if nothing is.
#[derive(Clone, Copy, Default)]
struct Said {
    file: &'static str,
    variables: &'static [(&'static str, &'static str)],
    flags: &'static [(&'static str, &'static str)],
}

fn read(said: Said) -> Result<Resolved, String> {
    let variables: HashMap<&str, &str> = said.variables.iter().copied().collect();
    let variable = |name: &str| variables.get(name).map(|text| (*text).to_owned());
    let flags = said.flags.iter().map(|&(name, text)| {
        let named = |row: &super::table::Setting| row.flag.as_ref().is_some_and(|flag| flag.name == name);
        let setting = SETTINGS.iter().position(named).unwrap();
        Statement { setting, given: Given::of_text(text), origin: Origin::Flag(name) }
    });
    let file = (!said.file.is_empty()).then_some((Path::new("bulkwright.toml"), said.file));
    resolve(file, &variable, flags.collect()).map_err(|failure| failure.line())
}

fn shown(settings: &Settings, name: &str) -> String {
    let (table, key) = name.rsplit_once('.').unwrap();
    let setting = SETTINGS.iter().find(|setting| setting.table == table && setting.key == key).unwrap();
    (setting.show)(settings)
}

#[test]
fn a_flag_wins_over_a_variable_that_over_the_file_and_that_over_the_default() {
    let check = |name: &str, file, variable: (&'static str, &'static str), flag, expected: [&str; 4]| {
        let variables: &'static [_] = Box::leak(Box::new([variable]));
        let flags: &'static [_] = Box::leak(Box::new([flag]));
        let said = [
            Said::default(),
            Said { file, ..Said::default() },
            Said { file, variables, ..Said::default() },
            Said { file, variables, flags },
        ];
        let values = said.map(|said| shown(&read(said).unwrap().settings, name));
        assert_eq!(values, expected, "{name}");
        let without_file = Said { file: "", variables, flags: &[] };
        assert_eq!(shown(&read(without_file).unwrap().settings, name), expected[2], "{name}");
    };
    check(
        "server.listen",
        "[server]\nlisten = '127.0.0.1:1'",
        ("BULKWRIGHT_LISTEN", "127.0.0.1:2"),
        ("listen", "127.0.0.1:3"),
        [r#""127.0.0.1:8080""#, r#""127.0.0.1:1""#, r#""127.0.0.1:2""#, r#""127.0.0.1:3""#],
    );
    check(
        "server.disk_free_min",
        "[server]\ndisk_free_min = '1GB'",
        ("BULKWRIGHT_DISK_FREE_MIN", "2GiB"),
        ("disk-free-min", "0B"),
        [r#""256MB""#, r#""1GB""#, r#""2GiB""#, r#""0B""#],
    );
    check(
        "server.callback_allow",
        "[server]\ncallback_allow = ['10.0.0.0/8', 'fd00::/8']",
        ("BULKWRIGHT_CALLBACK_ALLOW", "10.1.0.0/16, 10.2.0.0/16"),
        ("callback-allow", "192.168.0.0/24"),
        ["[]", r#"["10.0.0.0/8", "fd00::/8"]"#, r#"["10.1.0.0/16", "10.2.0.0/16"]"#, r#"["192.168.0.0/24"]"#],
    );
    check(
        "server.log_format",
        "[server]\nlog_format = 'json'",
        ("BULKWRIGHT_LOG_FORMAT", "text"),
        ("log-format", "json"),
        [r#""text""#, r#""json""#, r#""text""#, r#""json""#],
    );
    check(
        "server.public_url",
        "[server]\npublic_url = 'https://a.example.com/'",
        ("BULKWRIGHT_PUBLIC_URL", "https://b.example.com/x"),
        ("public-url", ""),
        [r#""""#, r#""https://a.example.com/""#, r#""https://b.example.com/x""#, r#""""#],
    );
}

#[test]
fn settings_without_a_flag_have_a_variable_too() {
    let variables = &[
        ("BULKWRIGHT_LIMITS_COLUMNS_MAX", "300"),
        ("BULKWRIGHT_CONNECTIONS_HEADER_TIME_MAX", "3s"),
        ("BULKWRIGHT_CALLBACK_SCHEDULE", "0s,1s, 2m"),
        ("BULKWRIGHT_UPLOAD_LIFETIME", "36h"),
    ];
    let server = read(Said { variables, ..Said::default() }).unwrap().settings.server;
    assert_eq!(server.limits.columns_max, 300);
    assert_eq!(server.connections.header_time_max, Duration::from_secs(3));
    assert_eq!(server.callback_schedule, [0, 1, 120].map(Duration::from_secs));
    assert_eq!(server.upload_lifetime, Duration::from_secs(36 * 3600));
}

#[test]
fn the_preset_gives_way_to_single_limits_unless_it_is_said_later() {
    let check = |said: Said, expected: Limits| assert_eq!(read(said).unwrap().settings.server.limits, expected);
    let single = "[server.limits]\nrows_max = 10\npreset = 'none'";
    check(Said { file: single, ..Said::default() }, Limits { rows_max: 10, ..Limits::lifted() });
    let lifted = Said { file: "[server.limits]\nrows_max = 10", flags: &[("limits", "none")], ..Said::default() };
    check(lifted, Limits::lifted());
    check(Said { flags: &[("limits", "vendor")], ..lifted }, Limits::default());
    let kept = "[server.limits]\npreset = 'none'\nchunk_bytes_max = '1MiB'\ntime_max = 'none'\nratio_max = 50";
    let expected = Limits { chunk_bytes_max: 1 << 20, ratio_max: 50, ..Limits::lifted() };
    check(Said { file: kept, ..Said::default() }, expected);
}

#[test]
fn what_cannot_be_taken_is_refused_with_its_place_and_what_is_wanted() {
    let check = |file: &'static str, expected: &str| {
        assert_eq!(read(Said { file, ..Said::default() }).unwrap_err(), expected, "{file}");
    };
    check(
        "[server]\n\nlisen = \"127.0.0.1:9000\"\n",
        "unknown key `lisen` in [server] of bulkwright.toml, line 3, column 1; did you mean `listen`?",
    );
    check(
        "[server.limts]\nrows_max = 1",
        "unknown key `limts` in [server] of bulkwright.toml, line 1, column 9; did you mean `limits`?",
    );
    check("[sever]\n", "unknown key `sever` of bulkwright.toml, line 1, column 2; did you mean `server`?");
    check(
        "[server]\nrows_max = 1",
        "unknown key `rows_max` in [server] of bulkwright.toml, line 2, column 1; it belongs in [server.limits]",
    );
    check(
        "[server]\nrow_max = 1",
        "unknown key `row_max` in [server] of bulkwright.toml, line 2, column 1; did you mean `rows_max` in [server.limits]?",
    );
    check(
        "[server]\nzzz = 1",
        "unknown key `zzz` in [server] of bulkwright.toml, line 2, column 1; \
         `bulkwright serve --print-config` shows the keys that there are",
    );
    check(
        "[server]\nlisten = 8080",
        "`listen` in [server] of bulkwright.toml, line 2, column 10: `8080` is no address with a port; \
         write it like 127.0.0.1:8080",
    );
    check(
        "[server]\nlog_format = \"jason\"",
        "`log_format` in [server] of bulkwright.toml, line 2, column 14: `jason` is none of text, json; did you mean `json`?",
    );
    check(
        "[server]\nlog_level = \"loud\"",
        "`log_level` in [server] of bulkwright.toml, line 2, column 13: `loud` is none of error, warn, info, debug, \
         trace; choose error, warn, info, debug or trace",
    );
    check(
        "[server.limits]\nzip_bytes_max = \"25\"",
        "`zip_bytes_max` in [server.limits] of bulkwright.toml, line 2, column 17: `25` is no size; \
         write it like 512B, 16KiB or 25MB, or none",
    );
    check(
        "server.limits.rows_max = 0",
        "`rows_max` in [server.limits] of bulkwright.toml, line 1, column 26: `0` is no whole number that is allowed \
         here; write one from 1 to 9,223,372,036,854,775,807, or none",
    );
    check(
        "[server.connections]\nheader_bytes_max = \"4KiB\"",
        "`header_bytes_max` in [server.connections] of bulkwright.toml, line 2, column 20: `4KiB` is no size that is \
         allowed here; give 8KiB to 1MiB",
    );
    check(
        "[server]\nsweep_interval = \"1w\"",
        "`sweep_interval` in [server] of bulkwright.toml, line 2, column 18: `1w` is no time; \
         write it like 500ms, 30s, 10m, 2h or 7d",
    );
    check(
        "[server]\ncallback_allow = [\"10.0.0.1/33\"]",
        "`callback_allow` in [server] of bulkwright.toml, line 2, column 18: `10.0.0.1/33` is no network; \
         write it like 10.1.0.0/16 or fd00::/8",
    );
    check(
        "[server]\ncallback_schedule = []",
        "`callback_schedule` in [server] of bulkwright.toml, line 2, column 21: these are 0 times; give 1 to 100 of them",
    );
    check(
        "[server]\nlisten = [\"127.0.0.1:1\"]",
        "`listen` in [server] of bulkwright.toml, line 2, column 10: a list is not taken here; give one value",
    );
    check(
        "server = 1",
        "`server` of bulkwright.toml, line 1, column 10 is no table; write [server] and its settings under it",
    );
    check(
        "[server]\nlisten = 2026-11-25",
        "`server.listen` of bulkwright.toml, line 2, column 10 is no text, no number and no list of texts; \
         `bulkwright serve --print-config` shows how it is written",
    );
    let broken = read(Said { file: "[server]\nlisten = 127.0.0.1:8080\n", ..Said::default() }).unwrap_err();
    assert!(broken.starts_with("bulkwright.toml, line 2, column "), "{broken}");
    assert!(broken.ends_with("; write KEY = VALUE, and texts in double quotes"), "{broken}");
}

#[test]
fn a_flag_and_a_variable_that_cannot_be_taken_are_named_and_a_password_is_not() {
    let in_variable = Said { variables: &[("BULKWRIGHT_LIMITS", "nome")], ..Said::default() };
    let expected = "BULKWRIGHT_LIMITS: `nome` is none of vendor, none; did you mean `none`?";
    assert_eq!(read(in_variable).unwrap_err(), expected);
    let in_flag = Said { flags: &[("public-url", "https://me:secret@example.com")], ..Said::default() };
    let refused = read(in_flag).unwrap_err();
    assert!(refused.starts_with("--public-url: ") && !refused.contains("secret"), "{refused}");
}

#[test]
fn the_default_file_is_the_defaults_and_names_every_setting() {
    let from_file = read(Said { file: DEFAULT_FILE, ..Said::default() }).unwrap();
    for (place, setting) in SETTINGS.iter().enumerate() {
        let (name, default) = (format!("{}.{}", setting.table, setting.key), (setting.show)(&Settings::defaults()));
        assert_eq!((setting.show)(&from_file.settings), default, "{name}");
        let lines: Vec<Line> = printed::lines()
            .filter(|line| matches!(line, Line::Setting { place: there, .. } if *there == place))
            .collect();
        assert_eq!(lines.len(), 1, "{name} stands once in the default file");
        assert!(!printed::help_of(setting).is_empty(), "{name} has a comment over it");
        assert!(DEFAULT_FILE.contains(&format!("{} = {default}\n", setting.key)), "{name} = {default}");
        let asleep = matches!(lines[0], Line::Setting { asleep: true, .. });
        assert_eq!(from_file.origins.contains_key(&place), !asleep, "{name}");
    }
    // Awake or asleep, all of them together are the defaults too.
    let all: String = DEFAULT_FILE.lines().map(|line| format!("{}\n", awake(line))).collect();
    let all = read(Said { file: all.leak(), ..Said::default() }).unwrap();
    assert_eq!(format!("{:?}", all.settings), format!("{:?}", Settings::defaults()));
    assert_eq!(all.origins.len(), SETTINGS.len());
}

/// A line of the default file, out of its comment if it is a setting there.
fn awake(line: &str) -> &str {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let key = bare.split_once(" = ").map_or("", |(key, _)| key);
    if SETTINGS.iter().any(|setting| setting.key == key) { bare } else { line }
}

#[test]
fn every_field_of_what_a_server_is_told_is_a_setting() {
    /// Those that are tables of their own, that the command decides, or that only tests set.
    const NO_SETTINGS: [&str; 7] =
        ["mode", "limits", "connections", "clock", "failure_points", "callback_lookup", "randomness"];
    let server = Settings::defaults().server;
    let check = |table: &str, debug: String| {
        let names = debug.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": ").map(|(name, _)| name));
        let names: Vec<&str> = names.filter(|name| !name.starts_with(' ')).collect();
        assert!(names.len() > 5, "{debug}");
        for name in names.into_iter().filter(|name| !(table == "server" && NO_SETTINGS.contains(name))) {
            assert!(SETTINGS.iter().any(|row| row.table == table && row.key == name), "{table}.{name} is no setting");
        }
    };
    check("server", format!("{server:#?}"));
    check("server.limits", format!("{:#?}", server.limits));
    check("server.connections", format!("{:#?}", server.connections));
}

#[test]
fn variables_are_each_for_one_setting() {
    let variables: std::collections::HashSet<&str> = SETTINGS.iter().map(|row| row.variable.as_str()).collect();
    assert_eq!(variables.len(), SETTINGS.len());
    let repeated = SETTINGS.iter().filter(|row| row.flag.as_ref().is_some_and(|flag| flag.repeats == Repeats::Yes));
    assert!(repeated.map(|row| row.variable.as_str()).eq(["BULKWRIGHT_CALLBACK_ALLOW"]));
}

#[test]
fn what_is_printed_is_the_default_file_with_what_differs_and_where_it_is_from() {
    assert_eq!(read(Said::default()).unwrap().print(), DEFAULT_FILE);
    let said = Said {
        file: "[server]\nlisten = '127.0.0.1:9000'\nlog_level = 'warn'\ncallback_timeout = '20s'\n\
               [server.limits]\nrows_max = 1_000_000\n",
        variables: &[("BULKWRIGHT_LISTEN", "127.0.0.1:9001"), ("BULKWRIGHT_CONNECTIONS_IDLE_TIME_MAX", "2m")],
        flags: &[("callback-allow", "10.0.0.0/8"), ("port-file", "a \"b\".txt")],
    };
    let printed = read(said).unwrap().print();
    let changed: Vec<&str> = printed.lines().filter(|line| !DEFAULT_FILE.lines().any(|usual| usual == *line)).collect();
    insta::assert_snapshot!(changed.join("\n"), @r#"
    listen = "127.0.0.1:9001" # from variable BULKWRIGHT_LISTEN
    port_file = 'a "b".txt' # from flag --port-file
    log_level = "warn" # from file bulkwright.toml, line 3, column 13
    callback_allow = ["10.0.0.0/8"] # from flag --callback-allow
    rows_max = 1000000 # from file bulkwright.toml, line 6, column 12
    idle_time_max = "2m" # from variable BULKWRIGHT_CONNECTIONS_IDLE_TIME_MAX
    "#);
    assert_eq!(printed.lines().count(), DEFAULT_FILE.lines().count());
    let preset = read(Said { flags: &[("limits", "none")], ..Said::default() }).unwrap().print();
    let changed: Vec<&str> = preset.lines().filter(|line| !DEFAULT_FILE.lines().any(|usual| usual == *line)).collect();
    insta::assert_snapshot!(changed.join("\n"), @r#"
    preset = "none" # from flag --limits
    # rows_max = "none"
    # zip_bytes_max = "none"
    # csv_bytes_max = "none"
    # ratio_max = "none"
    # time_max = "none"
    "#);
    // Read again, it says the same.
    for text in [printed, preset] {
        let again = read(Said { file: text.clone().leak(), ..Said::default() }).unwrap().print();
        let bare = |text: &str| -> Vec<String> {
            text.lines().map(|line| line.split(" # from ").next().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(bare(&again), bare(&text));
    }
}
