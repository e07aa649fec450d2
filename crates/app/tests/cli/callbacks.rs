//! What becomes of callbacks, and what they are signed with.

use std::net::TcpListener;

use serde_json::Value;

use crate::looking::zip_of;
use crate::program::{Place, wait_for};

/// An address on loopback where nobody listens.
fn nobodys_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/told", listener.local_addr().unwrap())
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Creates a job that calls back; its id.
fn job_with_callback(place: &Place, url: &str) -> String {
    place.write("leads.zip", zip_of("Last_Name\nNg\n"));
    let file_id = place.run(&["upload", "leads.zip"]).ends(0).out.trim_end().to_owned();
    let body = format!(
        r#"{{"operation":"insert","callback":{{"url":"{url}","method":"post"}},"resource":[{{"type":"data","module":{{"api_name":"Leads"}},"file_id":"{file_id}"}}]}}"#
    );
    place.write("job.json", body);
    place.run(&["job", "create", "--body", "job.json"]).ends(0).out.trim_end().to_owned()
}

#[test]
fn callbacks_are_listed_shown_and_sent_again() {
    let place = Place::new();
    // One try, and it is given up.
    place.write("bulkwright.toml", "[server]\ncallback_schedule = [\"0s\"]\ncallback_allow = [\"127.0.0.0/8\"]\n");
    let _serving = place.start(&["serve"]);
    let url = nobodys_address();
    let job = job_with_callback(&place, &url);
    let given_up = || place.run(&["callback", "list", "--state", "given_up"]).ends(0).out.contains(&job);
    wait_for(|| given_up().then_some(()));

    let list = place.run(&["callback", "list"]).ends(0).out;
    let header: Vec<&str> = list.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(header[..3], ["JOB", "STATE", "TRIES"]);
    assert!(list.contains(&url), "{list}");
    let shown = place.run(&["callback", "show", &job]).ends(0).out;
    assert!(shown.starts_with(&format!("callback:  of job {job}, webhook-id job-{job}\n")), "{shown}");
    assert!(shown.contains("state:     given_up\n") && shown.contains("no connection to the receiver"), "{shown}");

    let replayed = json_of(&place.run(&["callback", "replay", "--given-up", "--json"]).ends(0).out);
    assert_eq!(replayed["replayed"][0]["job_id"], job.as_str());
    let shown = || json_of(&place.run(&["callback", "show", &job, "--json"]).ends(0).out);
    wait_for(|| (shown()["tries"].as_array().unwrap().len() == 2).then_some(()));
    let ran = place.run(&["callback", "replay", &job]).ends(0);
    assert_eq!(ran.out.lines().last(), Some("1 callback due now; see bulkwright callback list"));
    let ran = place.run(&["callback", "replay", "7"]).ends(7);
    assert!(ran.err.contains("RESOURCE_NOT_FOUND"), "{}", ran.err);
    place.run(&["callback", "replay"]).ends(2);
}

#[test]
fn secrets_are_shown_and_changed_with_a_server_and_without() {
    let place = Place::new();
    let first = {
        let _serving = place.start(&["serve"]);
        json_of(&place.run(&["callback", "secret", "--json"]).ends(0).out)["secrets"][0].as_str().unwrap().to_owned()
    };
    assert!(first.starts_with("whsec_"), "{first}");
    // Now nobody holds the directory.
    let rotated = json_of(&place.run(&["callback", "secret", "--rotate", "--json"]).ends(0).out);
    assert_eq!(rotated["secrets"][1], first.as_str());
    let shown = place.run(&["callback", "secret"]).ends(0).out;
    assert_eq!(shown.lines().count(), 2);
    assert!(shown.lines().nth(1).unwrap().starts_with(&format!("{first}  (the one before")), "{shown}");
    let ran = place.run(&["callback", "secret", "--org", "7"]).ends(7);
    assert!(ran.err.contains("there is no organisation 7; known: "), "{}", ran.err);
}
