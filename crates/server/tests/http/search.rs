//! Searches: by criteria over what has an index, by address, page by page.

use std::fmt::Write as _;

use serde_json::Value;
use url::form_urlencoded;

use crate::harness::{Client, dev_server};

const PEOPLE: &str = "\
Last_Name,Email
Ng,ng@example.com
Ngo,NG@example.com
Burns,burns@example.com
Díaz,diaz@example.com
";

/// The last names that a search shows, and its page.
async fn shown(client: &Client, query: &[(&str, &str)]) -> (Vec<String>, Value) {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    let answer = client.get(&format!("/crm/v8/Leads/search?{query}")).await;
    if answer.status == 204 {
        return (Vec::new(), Value::Null);
    }
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = answer.json();
    let name = |record: &Value| record["Last_Name"].as_str().unwrap().to_owned();
    (answer["data"].as_array().unwrap().iter().map(name).collect(), answer["info"].clone())
}

#[tokio::test]
async fn criteria_find_what_they_are_true_of() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let details = client.load(PEOPLE, "insert", None).await;
    let result = client.result(&details).await;
    let id = |line: usize| result.lines().nth(line).unwrap().split(',').nth(3).unwrap().to_owned();
    let (ng, burns) = (id(1), id(3));

    let check = async |criteria: &str, expected: &[&str]| {
        let (names, _) = shown(&client, &[("criteria", criteria)]).await;
        assert_eq!(names, expected, "{criteria}");
    };
    check("(Email:equals:ng@example.com)", &["Ng", "Ngo"]).await;
    check("(Email:equals:diaz@EXAMPLE.com)", &["Díaz"]).await;
    check("(Email:equals:nobody@example.com)", &[]).await;
    check(&format!("(id:equals:{burns})"), &["Burns"]).await;
    check("(id:equals:1)", &[]).await;
    check(&format!("((id:equals:{ng})and(Email:equals:ng@example.com))"), &["Ng"]).await;
    check(&format!("((id:equals:{ng})and(Email:equals:diaz@example.com))"), &[]).await;
    check(&format!("((Email:equals:diaz@example.com)or(id:equals:{burns}))"), &["Burns", "Díaz"]).await;
    check(&format!("((Email:equals:ng@example.com)and((id:equals:{ng})or(id:equals:{burns})))"), &["Ng"]).await;
    check("((Email:equals:ng@example.com)and(Email:equals:diaz@example.com))", &[]).await;
    // Criteria come before an address in the same request.
    let (names, _) =
        shown(&client, &[("email", "ng@example.com"), ("criteria", "(Email:equals:diaz@example.com)")]).await;
    assert_eq!(names, ["Díaz"]);
}

#[tokio::test]
async fn escaped_values_are_found_as_they_are_stored() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let file = client.upload_csv("Account_Name\n\"Ng, Sons (West) \\ Co\"\n").await;
    let job = serde_json::json!({
        "operation": "insert",
        "resource": [{ "type": "data", "module": { "api_name": "Accounts" }, "file_id": file }],
    });
    let id = client.create(&job).await;
    client.ended(&id).await;
    let criteria = r"(Account_Name:equals:ng\, sons \(west\) \\ co)";
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("criteria", criteria).finish();
    let found = client.get(&format!("/crm/v8/Accounts/search?{query}")).await;
    assert_eq!(found.status, 200, "{found:?}");
    assert_eq!(found.json()["data"][0]["Account_Name"], r"Ng, Sons (West) \ Co");
}

#[tokio::test]
async fn a_search_goes_page_by_page_to_its_bound() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut csv = String::from("Last_Name,Email\n");
    (0..2005).for_each(|row| writeln!(csv, "Name{row:04},same@example.com").unwrap());
    (0..2005).for_each(|row| writeln!(csv, "Twin{row:04},twin@example.com").unwrap());
    csv.push_str("Other,other@example.com\n");
    client.load(&csv, "insert", None).await;

    for by in [
        ("email", "same@example.com"),
        ("criteria", "((Email:equals:same@example.com)or(Email:equals:other@example.com))"),
    ] {
        let (first, info) = shown(&client, &[by, ("per_page", "3"), ("page", "2")]).await;
        assert_eq!(first, ["Name0003", "Name0004", "Name0005"], "{by:?}");
        assert_eq!((&info["page"], &info["count"], &info["more_records"]), (&2.into(), &3.into(), &true.into()));
        let (last, info) = shown(&client, &[by, ("page", "10")]).await;
        assert_eq!((last.len(), last[199].as_str(), &info["more_records"]), (200, "Name1999", &true.into()));
    }
    let (names, info) = shown(&client, &[("email", "other@example.com")]).await;
    assert_eq!((names, &info["more_records"]), (vec!["Other".to_owned()], &false.into()));
    let beyond = client.get("/crm/v8/Leads/search?email=same@example.com&page=11").await;
    assert_eq!(beyond.code(), (400, "INVALID_QUERY".to_owned()));
    assert_eq!(beyond.json()["details"]["param_name"], "page");

    // All records of one condition were read, which is enough to know what both are true of.
    let both = "((Email:equals:same@example.com)and(Email:equals:other@example.com))";
    assert_eq!(shown(&client, &[("criteria", both)]).await.0, Vec::<String>::new());
    let twins = "((Email:equals:same@example.com)and(Email:equals:twin@example.com))";
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("criteria", twins).finish();
    let refused = client.get(&format!("/crm/v8/Leads/search?{query}")).await;
    assert_eq!(refused.code(), (400, "INVALID_QUERY".to_owned()), "of neither all were read");
    let same = "((Email:equals:same@example.com)and(Email:equals:same@example.com))";
    let (names, _) = shown(&client, &[("criteria", same), ("per_page", "1")]).await;
    assert_eq!(names, ["Name0000"], "the first ones are known all the same");
}

#[tokio::test]
async fn a_search_that_is_not_served_says_what_is() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let check = async |parameter: &str, value: &str, message: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair(parameter, value).finish();
        let answer = client.get(&format!("/crm/v8/Leads/search?{query}")).await;
        assert_eq!(answer.code(), (400, "INVALID_QUERY".to_owned()), "{value}");
        let answer = answer.json();
        assert_eq!(
            (&answer["message"], &answer["details"]["param_name"]),
            (&message.into(), &parameter.into()),
            "{value}"
        );
    };
    check("phone", "1", "search by phone is not supported yet; use criteria or email").await;
    check("criteria", "(Phone:equals:1)", "records of Leads cannot be searched by Phone; use id or Email").await;
    check("criteria", "(Email:starts_with:n)", "the comparator starts_with is not supported; use equals").await;
    check("criteria", "Email:equals:n", "criteria, character 1: an opening bracket is expected").await;
    let nothing = client.get("/crm/v8/Leads/search?criteria=%20").await;
    assert_eq!(nothing.code(), (400, "REQUIRED_PARAM_MISSING".to_owned()));
    assert_eq!(nothing.json()["details"]["param_name"], "criteria");
}
