//! Who may use a server, by command: on a directory that nobody holds, and on the server that holds it.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Place, Ran, ran, wait_for};

const BULK: &str =
    "ZohoFiles.files.ALL,ZohoCRM.bulk.ALL,ZohoCRM.modules.ALL,ZohoCRM.settings.ALL,ZohoCRM.org.READ,ZohoCRM.users.READ";

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))
}

/// A place with a data directory that nobody holds.
fn place_with_data() -> Place {
    let place = Place::new();
    place.write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads"]).ends(0);
    place
}

fn run_with_stdin(place: &Place, arguments: &[&str], text: &str) -> Ran {
    let mut command = place.command(arguments);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    ran(child.wait_with_output().unwrap())
}

#[test]
fn organisations_are_made_on_a_closed_directory_and_on_a_served_one_alike() {
    let place = place_with_data();
    let closed =
        place.run(&["org", "create", "--name", "Closed", "--zgid", "111", "--time-zone", "UTC", "--json"]).ends(0);
    let serving = place.start(&["serve"]);
    let served =
        place.run(&["org", "create", "--name", "Served", "--zgid", "222", "--time-zone", "-03:00", "--json"]).ends(0);
    let (closed, served) = (json(&closed), json(&served));
    let keys =
        |made: &Value| made.as_object().unwrap().keys().filter(|key| *key != "base_url").cloned().collect::<Vec<_>>();
    assert_eq!(keys(&closed), keys(&served));
    assert_eq!((closed.get("base_url"), text(&served, "base_url")), (None, serving.url.as_str()));
    let listed = place.run(&["org", "list", "--json"]).ends(0);
    drop(serving);
    assert_eq!(listed.out, place.run(&["org", "list", "--json"]).ends(0).out);
    let table = place.run(&["org", "list"]).ends(0).out;
    assert!(table.starts_with("ZGID       NAME        TIME ZONE  EDITION  REVOKED\n"), "{table}");
    assert!(table.ends_with("111        Closed      UTC\n222        Served      -03:00\n"), "{table}");
}

#[test]
fn what_is_made_is_said_in_a_few_lines_with_what_to_keep() {
    let place = place_with_data();
    let ran = place.run(&["org", "create", "--name", "Acme", "--time-zone", "UTC", "--edition", "free"]).ends(0);
    let labels: Vec<&str> = ran.out.lines().filter_map(|line| line.split_once(':')).map(|(label, _)| label).collect();
    let expected = [
        "organisation",
        "name",
        "time zone",
        "edition",
        "user",
        "sign-in secret",
        "client id",
        "client secret",
        "refresh token",
        "webhook secret",
    ];
    assert_eq!(labels, expected);
    assert!(ran.err.contains("keep the secrets now: this is the only time they are shown"), "{}", ran.err);
    let ran = place.run(&["org", "update", "--org", "1"]).ends(2);
    assert!(ran.err.contains("unexpected argument '--org'"), "{}", ran.err);
    let org = json(&place.run(&["org", "list", "--json"]).ends(0))["orgs"][1]["zgid"].as_str().unwrap().to_owned();
    let ran = place.run(&["org", "update", &org, "--edition", "none"]).ends(0);
    assert!(ran.out.contains("none, so no limits of one"), "{}", ran.out);
    let ran = place.run(&["org", "revoke", &org]).ends(0);
    assert_eq!(ran.out, format!("organisation {org} is revoked: 1 token and 1 OAuth client are gone, its data stay\n"));
}

#[test]
fn the_answer_of_org_create_serves_as_credentials() {
    let place = Place::new();
    let _serving = place.start(&["serve", "--data", "kept"]);
    let made = place.run(&["org", "create", "--name", "Acme", "--data", "kept", "--json"]).ends(0);
    place.write("acme.json", &made.out).write("x.csv", "Last Name\nA\n");
    place.run(&["load", "x.csv", "-m", "Leads", "--credentials", "acme.json"]).ends(0);
    let jobs = |credentials: &str| {
        let listed = place.run(&["job", "list", "--json", "--credentials", credentials]).ends(0);
        json(&listed)["jobs"].as_array().unwrap().len()
    };
    assert_eq!([jobs("acme.json"), jobs("kept/credentials.json")], [1, 0]);
}

#[test]
fn a_token_is_printed_alone_and_ends_when_it_was_said() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    let made = place.run(&["token", "create", "--scope", BULK, "--expires-in", "1s"]).ends(0);
    let token = made.out.trim();
    assert!(token.starts_with("1000.") && made.out.lines().count() == 1, "{}", made.out);
    assert!(made.err.starts_with("access token ") && !made.err.contains(token), "{}", made.err);
    let list = ["job", "list", "--base-url", &serving.url];
    let refused = wait_for(|| Some(place.run_with_token(token, &list)).filter(|ran| ran.code != 0));
    assert!(refused.ends(6).last_words().contains("INVALID_TOKEN"));
    let kept = place.run(&["token", "create", "--scope", BULK, "--expires-in", "never"]).ends(0);
    place.run_with_token(kept.out.trim(), &list).ends(0);
    let revoked = run_with_stdin(&place, &["token", "revoke", "-"], &kept.out).ends(0);
    assert!(revoked.out.starts_with("access token ") && revoked.out.ends_with(" is revoked\n"), "{}", revoked.out);
    place.run_with_token(kept.out.trim(), &list).ends(6);
    let refresh = json(&place.run(&["token", "create", "--scope", BULK, "--refresh", "--json"]).ends(0));
    assert_eq!((text(&refresh, "kind"), &refresh["expires_time"]), ("refresh", &Value::Null));
    let revoked = place.run(&["token", "revoke", text(&refresh, "id")]).ends(0);
    assert!(revoked.out.contains("and 0 access tokens that came from it"), "{}", revoked.out);
    let empty = run_with_stdin(&place, &["token", "revoke", "-"], "\n").ends(2);
    assert!(empty.last_words().contains("stdin holds no token"), "{}", empty.err);
}

#[test]
fn users_and_clients_are_made_listed_and_revoked() {
    let place = place_with_data();
    let made = json(&place.run(&["user", "create", "--name", "Ann Ng", "--email", "ann@x.com", "--json"]).ends(0));
    assert!(text(&made, "sign_in_secret").len() > 64);
    let listed = place.run(&["user", "list"]).ends(0).out;
    assert!(listed.contains("Ann Ng            ann@x.com") && listed.contains("yes"), "{listed}");
    let gone = place.run(&["user", "revoke", text(&made, "user_id")]).ends(0);
    assert_eq!(gone.out, format!("user {} (ann@x.com) is revoked: 0 tokens gone\n", text(&made, "user_id")));
    let create = ["oauth-client", "create", "--name", "App", "--redirect-uri", "https://a.example/,https://b.example/"];
    let made = json(&place.run(&[&create[..], &["--with-refresh-token", "--scope", BULK, "--json"]].concat()).ends(0));
    assert_eq!(made["redirect_uris"], serde_json::json!(["https://a.example/", "https://b.example/"]));
    assert!(text(&made, "refresh_token").starts_with("1000."));
    let tokens = json(&place.run(&["token", "list", "--json"]).ends(0));
    let of_it = tokens["tokens"].as_array().unwrap().iter().filter(|token| token["client_id"] == made["client_id"]);
    assert_eq!(of_it.count(), 1);
    let gone = place.run(&["oauth-client", "revoke", text(&made, "client_id")]).ends(0);
    assert!(gone.out.ends_with("(App) is revoked: 1 token gone\n"), "{}", gone.out);
    assert!(!place.run(&["oauth-client", "list"]).ends(0).out.contains("App"));
}

#[test]
fn mistakes_are_told_alike_whoever_holds_the_directory() {
    let place = place_with_data();
    let user =
        json(&place.run(&["user", "list", "--json"]).ends(0))["users"][0]["user_id"].as_str().unwrap().to_owned();
    let cases: &[(&[&str], i32, &str)] = &[
        (&["token", "create", "--scope", "ZohoCRM.bulk.AL"], 2, "did you mean ZohoCRM.bulk.ALL?"),
        (&["token", "create", "--scope", "ZohoCRM.bulk.ALL", "--org", "5"], 7, "there is no organisation 5; known: "),
        (&["org", "create", "--name", "A", "--time-zone", "Europe/Berln"], 2, "did you mean Europe/Berlin?"),
        (&["org", "create", "--name", "A", "--edition", "Pro"], 2, "Free, Standard, Professional"),
        (&["user", "create", "--name", "A", "--email", "Admin@bulkwright.local"], 4, "give another --email"),
        (&["user", "revoke", &user], 4, "this is the last user"),
        (&["token", "revoke", "0123456789abcdef"], 7, "or it is revoked already"),
        (&["token", "revoke", "1000.some.token"], 2, "read from stdin by `bulkwright token revoke -`"),
    ];
    let told = || {
        let one = |(arguments, code, expected): &(&[&str], i32, &str)| {
            let ran = place.run(arguments).ends(*code);
            assert!(ran.last_words().contains(expected), "{arguments:?}: {}", ran.err);
            assert_eq!(ran.out, "");
            ran.last_words().to_owned()
        };
        cases.iter().map(one).collect::<Vec<_>>()
    };
    let closed = told();
    let serving = place.start(&["serve"]);
    assert_eq!(closed, told());
    drop(serving);
    let machine = place.run(&["org", "revoke", "5", "--json"]).ends(7);
    let error: Value = serde_json::from_str(machine.last_words()).unwrap();
    assert_eq!((&error["code"], &error["kind"]), (&7.into(), &"not_found".into()));
    for wrong in
        [&["token", "create", "--scope", "x", "--expires-in", "0s"][..], &["token", "create"], &["org", "update"]]
    {
        place.run(wrong).ends(2);
    }
    let nowhere = place.run(&["org", "list", "--data", "nowhere"]).ends(7);
    assert!(nowhere.last_words().contains("nowhere is no data directory"), "{}", nowhere.err);
}

#[test]
fn a_variable_names_the_organisation_as_well() {
    let place = place_with_data();
    place.run(&["org", "create", "--name", "Acme", "--zgid", "111"]).ends(0);
    let create = ["token", "create", "--scope", BULK, "--json"];
    let unnamed = place.run(&create).ends(2);
    assert!(unnamed.last_words().contains("say which one with --org; known: "), "{}", unnamed.err);
    let named = ran(place.command(&create).env("BULKWRIGHT_ORG", "111").output().unwrap()).ends(0);
    assert_eq!(text(&json(&named), "zgid"), "111");
}

/// The credentials of the first start are the first organisation's: revoked, they stay so, and who meant to use them learns
/// how to go on.
#[test]
fn credentials_that_were_revoked_stay_so_and_the_way_on_is_said() {
    let place = place_with_data();
    let known: Value = serde_json::from_str(&place.read("bulkwright-data/credentials.json")).unwrap();
    place.run(&["oauth-client", "revoke", text(&known, "client_id")]).ends(0);
    let refused = place.run(&["load", "x.csv", "-m", "Leads"]).ends(6);
    assert!(refused.last_words().contains("answers `invalid_client`"), "{}", refused.err);
    assert!(refused.last_words().contains("`bulkwright token create`"), "{}", refused.err);
    let serving = place.start(&["serve"]);
    let none = place.run(&["token", "create", "--scope", BULK]).ends(7);
    assert!(none.last_words().contains("make one with `bulkwright oauth-client create`"), "{}", none.err);
    place.run(&["oauth-client", "create", "--name", "Next"]).ends(0);
    let token = place.run(&["token", "create", "--scope", BULK]).ends(0);
    place.write("token.txt", &token.out);
    let load = ["load", "x.csv", "-m", "Leads", "--base-url", &serving.url, "--token-file", "token.txt"];
    place.run(&load).ends(0);
}

#[test]
fn a_load_whose_organisation_is_revoked_ends_as_not_allowed_and_its_job_goes_on() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    let made = place.run(&["org", "create", "--name", "Acme", "--zgid", "111", "--json"]).ends(0);
    let rows: String = (0..60_000).map(|row| format!("Name {row},lead{row}@example.com\n")).collect();
    place.write("acme.json", &made.out).write("many.csv", format!("Last Name,Email\n{rows}"));
    let mut command = place.command(&["load", "many.csv", "-m", "Leads", "--credentials", "acme.json", "--json"]);
    let out = fs_err::File::create(place.path("out.jsonl")).unwrap();
    let child = command.stdout(out.into_parts().0).stderr(Stdio::piped()).spawn().unwrap();
    wait_for(|| place.read("out.jsonl").contains(r#""message_type":"job""#).then_some(()));
    place.run(&["org", "revoke", "111"]).ends(0);
    let ended = ran(child.wait_with_output().unwrap()).ends(6);
    assert!(ended.last_words().contains(r#""kind":"not_allowed""#), "{}", ended.err);
    let secret = text(&serde_json::from_str(&place.read("bulkwright-data/credentials.json")).unwrap(), "admin_secret")
        .to_owned();
    wait_for(|| {
        let listed =
            json(&place.run_with_token(&secret, &["job", "list", "--base-url", &serving.url, "--json"]).ends(0));
        let jobs = listed["jobs"].as_array().unwrap().clone();
        jobs.iter().all(|job| job["status"] == "COMPLETED").then_some(())
    });
    let sums = json(&place.run(&["verify", "--json"]).ends(0))["sums"].clone();
    assert_eq!(sums["records"][0]["org"], "111", "its data stay");
}
