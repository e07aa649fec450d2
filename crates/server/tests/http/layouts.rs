//! The layout that came with a module, in every version; those of one's own are in `modules`.

use serde_json::{Value, json};

use crate::harness::{Client, dev_server};

const LEADS_LAYOUT: &str = "4150868000000095055";

#[tokio::test]
async fn a_module_has_one_layout_that_shows_its_fields() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let list = client.get("/crm/v8/settings/layouts?module=Leads").await.json();
    let layout = &list["layouts"][0];
    assert_eq!((list["layouts"].as_array().unwrap().len(), &layout["name"]), (1, &json!("Standard")));
    assert_eq!(layout["id"], LEADS_LAYOUT);

    let sections = layout["sections"].as_array().unwrap();
    let names: Vec<&Value> = sections.iter().map(|section| &section["name"]).collect();
    assert_eq!(names, ["Lead Information", "Address Information", "Description Information", "Visit Summary"]);
    let shown: Vec<&Value> = sections.iter().flat_map(|section| section["fields"].as_array().unwrap()).collect();
    let fields = client.get("/crm/v8/settings/fields?module=Leads").await.json();
    assert_eq!(shown.len(), fields["fields"].as_array().unwrap().len() - 1, "all fields but the record's id");
    for field in fields["fields"].as_array().unwrap().iter().filter(|field| field["api_name"] != "id") {
        let place = shown.iter().find(|shown| shown["api_name"] == field["api_name"]).unwrap();
        for (key, value) in field.as_object().unwrap() {
            assert_eq!(place[key], *value, "{} of {}", key, field["api_name"]);
        }
        assert_eq!(place["required"], field["system_mandatory"], "{field}");
    }
    let street = &sections[1]["fields"][0];
    assert_eq!(
        (&street["api_name"], &street["section_id"], &street["sequence_number"]),
        (&json!("Street"), &json!(2), &json!(1))
    );

    let one = client.get(&format!("/crm/v8/settings/layouts/{LEADS_LAYOUT}?module=Leads")).await.json();
    assert_eq!(one, list);
}

#[tokio::test]
async fn the_layouts_numbers_became_words() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    for (version, status, tab) in [
        ("v2", json!(0), json!(2)),
        ("v2.1", json!(0), json!(2)),
        ("v4", json!(0), json!(2)),
        ("v5", json!("active"), json!(2)),
        ("v6", json!("active"), json!("left_to_right")),
        ("v8", json!("active"), json!("left_to_right")),
    ] {
        let list = client.get(&format!("/crm/{version}/settings/layouts?module=Deals")).await.json();
        let layout = &list["layouts"][0];
        assert_eq!((&layout["status"], &layout["sections"][0]["tab_traversal"]), (&status, &tab), "{version}");
    }
}

#[tokio::test]
async fn layouts_know_the_values_that_writes_have_added() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    client.load("Last_Name,Lead_Source\nNg,Carrier Pigeon\n", "insert", None).await;
    let list = client.get("/crm/v8/settings/layouts?module=Leads").await;
    assert!(list.text().contains("Carrier Pigeon"));
}

#[tokio::test]
async fn what_is_no_layout_of_the_module_is_refused() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let one = |rest: &str| format!("/crm/v8/settings/layouts/{rest}");
    for (path, code) in [
        ("/crm/v8/settings/layouts".to_owned(), "REQUIRED_PARAM_MISSING"),
        ("/crm/v8/settings/layouts?module=asdf".to_owned(), "INVALID_MODULE"),
        (one(LEADS_LAYOUT), "REQUIRED_PARAM_MISSING"),
        (one(&format!("{LEADS_LAYOUT}?module=Deals")), "INVALID_DATA"),
        (one("1?module=Leads"), "INVALID_DATA"),
        (one("abc?module=Leads"), "INVALID_DATA"),
    ] {
        assert_eq!(client.get(&path).await.code(), (400, code.to_owned()), "{path}");
    }
}
