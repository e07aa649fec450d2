//! Codes made by hand: while the server of a data directory runs, and while none does.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use crate::program::{Place, Serving};

const SCOPE: &str = "ZohoCRM.org.READ";

/// What an application does with a code.
fn exchanged(place: &Place, serving: &Serving, code: &str) -> Value {
    let known: Value = serde_json::from_str(&place.read("bulkwright-data/credentials.json")).unwrap();
    let text = |key: &str| known[key].as_str().unwrap();
    let query = format!(
        "grant_type=authorization_code&client_id={}&client_secret={}&code={code}",
        text("client_id"),
        text("client_secret")
    );
    let mut stream = TcpStream::connect(serving.url.strip_prefix("http://").unwrap()).unwrap();
    let head = "Host: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    write!(stream, "POST /oauth/v2/token?{query} HTTP/1.1\r\n{head}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let json = &answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()];
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_code_is_made_of_a_running_server_and_of_its_data_alone() {
    let place = Place::new();
    let serving = place.start(&["serve"]);
    let made = place.run(&["oauth-client", "code", "--scope", SCOPE]).ends(0);
    assert_eq!(made.out.lines().count(), 1, "the code alone: {made:?}");
    assert!(made.last_words().contains("exchange it until"), "{made:?}");
    let code = made.out.trim();
    let tokens = exchanged(&place, &serving, code);
    assert_eq!((&tokens["scope"], tokens["refresh_token"].is_string()), (&SCOPE.into(), true), "{tokens}");
    assert_eq!(exchanged(&place, &serving, code)["error"], "invalid_code");
    drop(serving);

    let made = place.run(&["oauth-client", "code", "--scope", SCOPE, "--expires-in", "10m", "--json"]).ends(0);
    let made: Value = serde_json::from_str(&made.out).unwrap();
    let serving = place.start(&["serve"]);
    let tokens = exchanged(&place, &serving, made["code"].as_str().unwrap());
    assert!(tokens["access_token"].is_string(), "{tokens}");
}

#[test]
fn what_no_code_is_made_of_is_said() {
    let place = Place::new();
    drop(place.start(&["serve"]));
    let refused = |arguments: &[&str], said: &str| {
        let ran = place.run(&[&["oauth-client", "code"], arguments].concat());
        assert!(ran.code == 2 && ran.err.contains(said), "{ran:?}");
    };
    refused(&["--scope", "ZohoCRM.bulk.AL"], "did you mean ZohoCRM.bulk.ALL?");
    refused(&["--scope", SCOPE, "--expires-in", "11m"], "a code lives from 1s to 10m");
    refused(&["--scope", SCOPE, "--expires-in", "0s"], "at least 1s");
    refused(&[], "--scope");
}
