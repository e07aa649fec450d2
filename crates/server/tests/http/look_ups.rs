//! Look-ups, formats and layouts over the wire: written by a job, shown by the records API.

use serde_json::{Value, json};

use crate::harness::{Client, dev_server};

const ACCOUNTS: &str = "Account_Name,Website\nAcme,acme.example\nBolt,bolt.example\n";

async fn load(client: &Client, module: &str, csv: &str, mappings: Value) -> (Value, String) {
    let file = client.upload_csv(csv).await;
    let mut resource = json!({ "type": "data", "module": { "api_name": module }, "file_id": file });
    if !mappings.is_null() {
        resource["field_mappings"] = mappings;
    }
    let job = client.create(&json!({ "operation": "insert", "resource": [resource] })).await;
    let details = client.ended(&job).await;
    let result = client.result(&details).await;
    (details, result)
}

fn statuses(result: &str) -> Vec<String> {
    result
        .lines()
        .skip(1)
        .map(|line| line.split(",").filter(|cell| cell.len() != 19).collect::<Vec<_>>().join(","))
        .collect()
}

#[tokio::test]
async fn records_point_to_records_of_other_modules_and_of_their_own() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    load(&client, "Accounts", ACCOUNTS, Value::Null).await;
    let csv = "Last_Name,First_Name,Account_Name,Reporting_To\n\
               Boss,Bea,acme,\nRay,Ann,Bolt,bea boss\nLost,Lou,Nowhere,\nLast,Lil,Acme,Ann Ray\n";
    let (_, result) = load(&client, "Contacts", csv, Value::Null).await;
    assert_eq!(
        statuses(&result),
        [
            "Boss,Bea,acme,ADDED,",
            "Ray,Ann,Bolt,ADDED,",
            "Lost,Lou,Nowhere,SKIPPED,,INVALID_DATA-Account_Name",
            "Last,Lil,Acme,ADDED,"
        ]
    );
    let shown = client
        .get("/crm/v8/Contacts?fields=Full_Name,Account_Name,Reporting_To,Layout&sort_order=asc&per_page=200")
        .await
        .json();
    let records = shown["data"].as_array().unwrap();
    let of = |name: &str| records.iter().find(|record| record["Full_Name"] == name).unwrap();
    assert_eq!(of("Ann Ray")["Account_Name"]["name"], "Bolt");
    assert_eq!(of("Ann Ray")["Reporting_To"]["name"], "Bea Boss");
    assert_eq!(of("Ann Ray")["Reporting_To"]["id"], of("Bea Boss")["id"]);
    assert_eq!(of("Lil Last")["Reporting_To"]["name"], "Ann Ray", "a row finds the one above it");
    assert_eq!(of("Bea Boss")["Reporting_To"], Value::Null);
    assert_eq!(of("Bea Boss")["Layout"]["name"], "Standard");
}

#[tokio::test]
async fn a_polymorphic_look_up_tells_its_module() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    load(&client, "Accounts", ACCOUNTS, Value::Null).await;
    let mappings = json!([
        { "api_name": "Subject", "index": 0 },
        { "api_name": "What_Id", "index": 1, "find_by": "Account_Name", "module": "Accounts" },
        { "api_name": "Due_Date", "index": 2, "format": "dd.MM.yyyy" },
    ]);
    let csv = "Subject;About;Due\nCall;Acme;31.01.2026\nWrite;Acme;31/01/2026\nWait;;\n";
    let (_, result) = load(&client, "Tasks", csv, mappings).await;
    assert_eq!(
        statuses(&result),
        ["Call,Acme,31.01.2026,ADDED,", "Write,Acme,31/01/2026,SKIPPED,,INVALID_DATA-Due", "Wait,,,ADDED,"]
    );
    let shown = client.get("/crm/v8/Tasks?fields=Subject,What_Id,Due_Date&sort_order=asc").await.json();
    let [call, wait] = shown["data"].as_array().unwrap().as_slice() else { panic!("{shown}") };
    assert_eq!((&call["What_Id"]["name"], &call["$se_module"]), (&json!("Acme"), &json!("Accounts")));
    assert_eq!(call["Due_Date"], "2026-01-31");
    assert_eq!((&wait["What_Id"], &wait["$se_module"]), (&Value::Null, &Value::Null));
}

#[tokio::test]
async fn what_a_mapping_leaves_open_is_refused_when_the_job_is_created() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let refused = async |module: &str, mapping: Value| {
        let file = client.upload_csv("a,b\n1,2\n").await;
        let name = if module == "Tasks" { "Subject" } else { "Deal_Name" };
        let mut mappings = vec![json!({ "api_name": name, "index": 0 }), mapping];
        if module == "Deals" {
            mappings.push(json!({ "api_name": "Stage", "default_value": { "value": "Qualification" } }));
        }
        let resource = json!({
            "type": "data", "module": { "api_name": module }, "file_id": file, "field_mappings": mappings,
        });
        let answer =
            client.post_json("/crm/bulk/v8/write", &json!({ "operation": "insert", "resource": [resource] })).await;
        let (status, code) = answer.code();
        (status, code, answer.json()["message"].as_str().unwrap().to_owned())
    };
    let check = |found: (u16, String, String), code: &str, message: &str| {
        assert_eq!((found.0, found.1.as_str(), found.2.as_str()), (400, code, message));
    };
    check(
        refused("Deals", json!({ "api_name": "Account_Name", "index": 1 })).await,
        "MANDATORY_NOT_FOUND",
        "Required key find_by is not available",
    );
    check(
        refused("Deals", json!({ "api_name": "Account_Name", "index": 1, "find_by": "Phone" })).await,
        "INVALID_DATA",
        "Account_Name cannot be looked up by Phone in Accounts: use Account_Name, id",
    );
    check(
        refused("Deals", json!({ "api_name": "Closing_Date", "index": 1, "format": "dd.mm.yyyy" })).await,
        "INVALID_FORMAT",
        "the format dd.mm.yyyy of Closing_Date cannot be used: it has no month: `M` is the month, `m` the minute",
    );
    check(
        refused("Deals", json!({ "api_name": "Layout", "default_value": { "value": "12" } })).await,
        "INVALID_DATA",
        "Deals has no layout 12: use Standard (4150868000000095061)",
    );
    let (_, code, message) = refused("Tasks", json!({ "api_name": "What_Id", "index": 1, "find_by": "Email" })).await;
    assert_eq!(code, "INVALID_DATA");
    assert!(message.starts_with("What_Id can point into Leads, Accounts, "), "{message}");
}
