//! Modules beside Leads, and those of one's own.

use std::path::Path;

use bulkwright_server::{Config, ServeError, Server, dev, upkeep};
use serde_json::{Value, json};

use crate::harness::{Client, dev_server, on_free_port, server_over};

const OWN: &str = r#"
[[modules]]
api_name = "Leads"
fields = [
  { api_name = "Company", mandatory = true },
  { api_name = "Lead_Source", values = ["Podcast"] },
  { api_name = "ERP_Id", number = 2000, type = "text", length = 40, external = true },
]
layouts = [{ number = 1, name = "Partners", mandatory = ["Phone"] }]

[[modules]]
api_name = "Ships"
number = 1000
singular_label = "Ship"
plural_label = "Ships"
fields = [
  { api_name = "Draught", number = 2000, type = "double" },
  { api_name = "Call_Sign", number = 2001, type = "text", unique = { case_sensitive = true } },
  { api_name = "Rig", number = 2002, type = "picklist", values = ["Brig"] },
]
"#;

/// A create body over any module whose columns are found by their headers.
fn job(module: &str, file: &str, operation: &str, find_by: Option<&str>) -> Value {
    let mut resource = json!({ "type": "data", "module": { "api_name": module }, "file_id": file });
    if let Some(field) = find_by {
        resource["find_by"] = field.into();
    }
    json!({ "operation": operation, "resource": [resource] })
}

/// Uploads, creates, waits; the ended job's details.
async fn load(client: &Client, module: &str, csv: &str, operation: &str, find_by: Option<&str>) -> Value {
    let file = client.upload_csv(csv).await;
    let job = client.create(&job(module, &file, operation, find_by)).await;
    client.ended(&job).await
}

/// A file with modules of one's own, in a folder.
fn file(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join("modules.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn with_modules(config: Config, folder: &Path, text: &str) -> Config {
    Config { modules: Some(file(folder, text)), ..on_free_port(config) }
}

/// Why a server does not start.
async fn refused(config: Config) -> String {
    match Server::start(config).await {
        Err(error @ ServeError::Modules { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let found = list.as_array().unwrap().iter().find(|it| it["api_name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

#[tokio::test]
async fn every_module_is_written_under_its_own_scope() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let modules = client.get("/crm/v8/settings/modules").await.json();
    let names: Vec<&str> =
        modules["modules"].as_array().unwrap().iter().map(|module| module["api_name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 15);
    let file = client.upload_csv("id\n4150868000000000001\n").await;
    for (place, name) in names.iter().enumerate() {
        let scope_of = |name: &str| format!("ZohoCRM.modules.{}.CREATE", name.replace('_', "").to_lowercase());
        let with = async |scope: &str| client.with_scopes(&server, &["ZohoCRM.bulk.CREATE", scope]).await;
        let body = job(name, &file, "update", Some("id"));
        let other = with(&scope_of(names[(place + 1) % names.len()])).await;
        assert_eq!(
            other.post_json("/crm/bulk/v8/write", &body).await.code(),
            (401, "OAUTH_SCOPE_MISMATCH".to_owned()),
            "{name}"
        );
        let job = with(&scope_of(name)).await.create(&body).await;
        let details = client.ended(&job).await;
        assert_eq!(
            (&details["status"], &details["resource"][0]["file"]["skipped_count"]),
            (&json!("COMPLETED"), &json!(1)),
            "{name}"
        );
    }
    for absent in ["Calls", "Events", "Notes", "Attachments", "Users"] {
        let refused = client.post_json("/crm/bulk/v8/write", &job(absent, &file, "update", Some("id"))).await;
        assert_eq!(refused.code(), (400, "MODULE_NOT_AVAILABLE".to_owned()), "{absent}");
    }
}

#[tokio::test]
async fn records_of_the_newer_modules_are_written_and_read() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let csv = "Subject,Case_Origin,Status,Priority\nNo light,Phone,New,High\n";
    let details = load(&client, "Cases", csv, "insert", None).await;
    assert_eq!(details["resource"][0]["file"]["added_count"], 1, "{details}");
    let page = client.get("/crm/v8/Cases?fields=Subject,Status").await.json();
    assert_eq!((&page["data"][0]["Subject"], &page["data"][0]["Status"]), (&json!("No light"), &json!("New")));
    let again =
        load(&client, "Products", "Product_Name,Unit_Price\nLamp,12.50\n", "upsert", Some("Product_Name")).await;
    assert_eq!(again["resource"][0]["file"]["added_count"], 1, "{again}");
}

#[tokio::test]
async fn lookups_say_what_they_point_to() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let lookup = async |version: &str, module: &str, field: &str| {
        let list = client.get(&format!("/crm/{version}/settings/fields?module={module}")).await.json();
        named(&list["fields"], field)["lookup"].clone()
    };
    let of_deals = |module: Value| json!({ "display_label": "Deals", "api_name": "Deals", "module": module, "id": "4150868000000003127" });
    assert_eq!(lookup("v2", "Deals", "Account_Name").await, of_deals(json!("Accounts")));
    assert_eq!(lookup("v4", "Deals", "Account_Name").await, of_deals(json!("Accounts")));
    let accounts = json!({ "api_name": "Accounts", "id": "4150868000000002177" });
    assert_eq!(lookup("v5", "Deals", "Account_Name").await, of_deals(accounts.clone()));
    assert_eq!(lookup("v8", "Deals", "Account_Name").await, of_deals(accounts));
    assert_eq!(lookup("v8", "Tasks", "What_Id").await["module"], json!({ "api_name": "se_module" }));
    assert_eq!(lookup("v8", "Deals", "Stage").await, json!({}));
}

#[tokio::test]
async fn a_subform_is_listed_not_demanded_and_refused_by_name() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    for (module, subform) in [
        ("Quotes", "Quoted_Items"),
        ("Sales_Orders", "Ordered_Items"),
        ("Purchase_Orders", "Purchase_Items"),
        ("Invoices", "Invoiced_Items"),
        ("Price_Books", "Pricing_Details"),
    ] {
        let list = client.get(&format!("/crm/v8/settings/fields?module={module}")).await.json();
        let field = named(&list["fields"], subform);
        assert_eq!((&field["data_type"], &field["system_mandatory"]), (&json!("subform"), &json!(false)), "{module}");
        let file = client.upload_csv("a,id\nx,1\n").await;
        let mut body = job(module, &file, "update", Some("id"));
        let mappings = json!([{ "api_name": subform, "index": 0 }, { "api_name": "id", "index": 1 }]);
        body["resource"][0]["field_mappings"] = mappings;
        let refused = client.post_json("/crm/bulk/v8/write", &body).await;
        assert_eq!(refused.code(), (400, "INVALID_DATA".to_owned()), "{module}");
        let expected = format!("{subform} is of type subform, whose rows are records of their own");
        assert!(refused.text().contains(&expected), "{}", refused.text());
    }
    let inserted = load(&client, "Quotes", "Subject\nTen lamps\n", "insert", None).await;
    assert_eq!(inserted["resource"][0]["file"]["added_count"], 1, "{inserted}");
}

#[tokio::test]
async fn metadata_shows_modules_fields_and_layouts_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(with_modules(Config::dev(), folder.path(), OWN)).await.unwrap();
    let client = Client::dev(&server);
    let modules = client.get("/crm/v8/settings/modules").await.json();
    let ships = named(&modules["modules"], "Ships");
    assert_eq!(
        (&ships["generated_type"], &ships["id"], &ships["singular_label"]),
        (&json!("custom"), &json!("4150868101000000000"), &json!("Ship"))
    );
    assert_eq!(named(&modules["modules"], "Leads")["generated_type"], "default");

    let fields = client.get("/crm/v8/settings/fields?module=Leads").await.json();
    let erp = named(&fields["fields"], "ERP_Id");
    assert_eq!(
        (&erp["custom_field"], &erp["unique"], &erp["external"], &erp["field_label"]),
        (&json!(true), &json!({ "case_sensitive": false }), &json!({ "type": "org", "show": true }), &json!("ERP Id"))
    );
    let email = named(&fields["fields"], "Email");
    assert_eq!(
        (&email["custom_field"], &email["unique"], &email["external"]),
        (&json!(false), &json!({}), &json!(null))
    );
    let sources = named(&fields["fields"], "Lead_Source")["pick_list_values"].as_array().unwrap().clone();
    assert_eq!(sources.last().unwrap()["actual_value"], "Podcast");
    let of_ships = client.get("/crm/v8/settings/fields?module=Ships").await.json();
    assert_eq!(named(&of_ships["fields"], "Call_Sign")["unique"], json!({ "case_sensitive": true }));
    assert_eq!(named(&of_ships["fields"], "Name")["system_mandatory"], true);

    let layouts = client.get("/crm/v8/settings/layouts?module=Leads").await.json();
    let told: Vec<(&Value, &Value, Vec<&str>)> = layouts["layouts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (&it["name"], &it["generated_type"], required(it)))
        .collect();
    assert_eq!(told[0], (&json!("Standard"), &json!("system"), vec!["Last_Name", "Company"]));
    assert_eq!(told[1], (&json!("Partners"), &json!("custom"), vec!["Last_Name", "Phone"]));
    let partners = layouts["layouts"][1]["id"].as_str().unwrap();
    let one = client.get(&format!("/crm/v8/settings/layouts/{partners}?module=Leads")).await.json();
    assert_eq!(one["layouts"], json!([layouts["layouts"][1]]));
}

fn required(layout: &Value) -> Vec<&str> {
    let fields =
        layout["sections"].as_array().unwrap().iter().flat_map(|section| section["fields"].as_array().unwrap());
    fields.filter(|field| field["required"] == true).map(|field| field["api_name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_file_marks_holds_for_imports() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(with_modules(Config::dev(), folder.path(), OWN)).await.unwrap();
    let client = Client::dev(&server);
    let recorded = client.details(dev::JOB).await;
    assert_eq!(
        (&recorded["status"], &recorded["resource"][0]["file"]["total_count"]),
        (&json!("COMPLETED"), &json!(11))
    );
    let file = client.upload_csv("Last_Name\nNg\n").await;
    let refused = client.post_json("/crm/bulk/v8/write", &job("Leads", &file, "insert", None)).await;
    assert_eq!(refused.json()["code"], "MANDATORY_FIELDS_NOT_MAPPED");
    assert_eq!(refused.json()["message"], "All mandatory fields are not mapped for the layout [Company]");

    let first = load(&client, "Leads", "Last_Name,Company,ERP_Id\nNg,Acme,A-1\nHo,Acme,a-1\n", "insert", None).await;
    assert_eq!(client.result(&first).await.lines().nth(2), Some("Ho,Acme,a-1,SKIPPED,,DUPLICATE_DATA-ERP_Id"));
    let update = load(&client, "Leads", "ERP_Id,Company\na-1,Zylker\n", "update", Some("ERP_Id")).await;
    assert_eq!(update["resource"][0]["file"]["updated_count"], 1, "{update}");

    let custom =
        client.with_scopes(&server, &["ZohoCRM.bulk.ALL", "ZohoCRM.modules.custom.ALL", "ZohoFiles.files.ALL"]).await;
    let ships = "Name,Draught,Call_Sign,Rig\nBeagle,3.8,GB,Brig\nSurprise,4.2,gb,Frigate\nBeagle,3.8,GB,Brig\n";
    let details = load(&custom, "Ships", ships, "insert", None).await;
    let counts = &details["resource"][0]["file"];
    assert_eq!(
        (&counts["added_count"], &counts["skipped_count"]),
        (&json!(2), &json!(1)),
        "case tells call signs apart"
    );
    let page = custom.get("/crm/v8/Ships?fields=Name,Draught&sort_order=asc").await.json();
    assert_eq!((&page["data"][1]["Name"], &page["data"][1]["Draught"]), (&json!("Surprise"), &json!(4.2)));
    let leads = client.with_scopes(&server, &["ZohoCRM.modules.leads.ALL"]).await;
    assert_eq!(leads.get("/crm/v8/Ships?fields=Name").await.code().1, "OAUTH_SCOPE_MISMATCH");
}

#[tokio::test]
async fn modules_point_into_one_another() {
    let folder = tempfile::tempdir().unwrap();
    let own = format!(
        "{OWN}\n[[modules]]\napi_name = \"Tasks\"\nfields = [\n\
         {{ api_name = \"What_Id\", modules = [\"Ships\"] }},\n\
         {{ api_name = \"Ship\", number = 2000, type = \"lookup\", module = \"Ships\" }},\n]"
    );
    let server = Server::start(with_modules(Config::dev(), folder.path(), &own)).await.unwrap();
    let client = Client::dev(&server);
    for (module, csv) in [
        ("Vendors", "Vendor_Name\nLampworks\n"),
        ("Products", "Product_Name,Vendor_Name\nLamp,Lampworks\n"),
        ("Purchase_Orders", "Subject,Vendor_Name\nTen lamps,Lampworks\n"),
        ("Accounts", "Account_Name\nAcme\n"),
        ("Contacts", "First_Name,Last_Name,Account_Name\nAnn,Ng,Acme\n"),
        ("Deals", "Deal_Name,Stage,Account_Name,Contact_Name\nLight,Qualification,Acme,Ann Ng\n"),
        ("Quotes", "Subject,Deal_Name\nTen lamps,Light\n"),
        ("Sales_Orders", "Subject,Quote_Name,Account_Name\nTen lamps,Ten lamps,Acme\n"),
        ("Invoices", "Subject,Sales_Order\nTen lamps,Ten lamps\n"),
        ("Cases", "Subject,Case_Origin,Status,Product_Name,Related_To\nDark,Phone,New,Lamp,Ann Ng\n"),
        ("Campaigns", "Campaign_Name\nSpring\n"),
        ("Solutions", "Solution_Title,Product_Name\nSwitch it on,Lamp\n"),
        ("Price_Books", "Price_Book_Name\nRetail\n"),
        ("Ships", "Name\nBeagle\n"),
        ("Tasks", "Subject,Who_Id,Ship\nPaint,Ann Ng,Beagle\n"),
    ] {
        let details = load(&client, module, csv, "insert", None).await;
        assert_eq!(details["resource"][0]["file"]["added_count"], 1, "{module}: {}", client.result(&details).await);
    }
    let ship = client.get("/crm/v8/Ships?fields=Name").await.json()["data"][0]["id"].as_str().unwrap().to_owned();
    let csv = format!("Subject,What_Id,$se_module\nCaulk,{ship},Ships\nCaulk,{ship},Leads\n");
    let details = load(&client, "Tasks", &csv, "insert", None).await;
    let result = client.result(&details).await;
    let statuses: Vec<&str> = result.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(statuses, ["ADDED", "SKIPPED"], "{result}");
}

#[tokio::test]
async fn a_job_in_another_layout_needs_what_that_demands() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(with_modules(Config::dev(), folder.path(), OWN)).await.unwrap();
    let client = Client::dev(&server);
    let file = client.upload_csv("Last_Name,Phone\nNg,555\n").await;
    let body = |fields: &[&str]| {
        let mut mappings: Vec<Value> =
            fields.iter().enumerate().map(|(index, field)| json!({ "api_name": field, "index": index })).collect();
        mappings.push(json!({ "api_name": "Layout", "default_value": { "value": "4150868100001110000" } }));
        let mut body = job("Leads", &file, "insert", None);
        body["resource"][0]["field_mappings"] = mappings.into();
        body
    };
    let refused = client.post_json("/crm/bulk/v8/write", &body(&["Last_Name"])).await.json();
    assert_eq!(refused["message"], "All mandatory fields are not mapped for the layout [Phone]");
    let job = client.create(&body(&["Last_Name", "Phone"])).await;
    assert_eq!(client.ended(&job).await["resource"][0]["file"]["added_count"], 1, "Company is the other layout's wish");
}

#[tokio::test]
async fn a_directory_keeps_the_modules_that_its_records_are_of() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let serve = |text: &str| with_modules(Config::serve(data.path().join("data")), folder.path(), text);
    let server = Server::start(serve(OWN)).await.unwrap();
    let client = Client::fresh(&server).await;
    load(&client, "Ships", "Name,Rig\nBeagle,Barque\n", "insert", None).await;
    server.stop().await;

    let directory = data.path().join("data");
    let answer = upkeep::verify(&directory).await.unwrap();
    assert!(answer.sound, "{:?}", answer.differences);
    assert_eq!(answer.sums.records.iter().map(|it| it.module.as_str()).collect::<Vec<_>>(), ["Ships"]);
    let (backup, restored) = (data.path().join("backup"), data.path().join("restored"));
    upkeep::backup(&directory, &backup).await.unwrap();
    upkeep::restore(&backup, &restored).await.unwrap();
    for place in [&directory, &restored] {
        let server = server_over(place).await;
        let page = Client::fresh(&server).await.get("/crm/v8/Ships?fields=Name,Rig").await.json();
        assert_eq!(
            (&page["data"][0]["Name"], &page["data"][0]["Rig"]),
            (&json!("Beagle"), &json!("Barque")),
            "no file"
        );
        server.stop().await;
    }

    let without = refused(serve("# nothing\n")).await;
    assert!(
        without.ends_with("there are records of module Ships, number 1000, and it is not in the file; put it back"),
        "{without}"
    );
    let retyped = refused(serve(&OWN.replace("type = \"double\"", "type = \"date\""))).await;
    let expected = "number 2000 of field Draught of Ships was given to Draught of type double, and records may hold values \
                    of that; give Draught a number that was never used";
    assert!(retyped.ends_with(expected), "{retyped}");

    // A field that is gone leaves its values where they are, and a value that the file lists is added no longer.
    let gone = OWN.replace("  { api_name = \"Draught\", number = 2000, type = \"double\" },\n", "");
    let listed = gone.replace("values = [\"Brig\"]", "values = [\"Brig\", \"Barque\"]");
    let server = Server::start(serve(&listed)).await.unwrap();
    let client = Client::fresh(&server).await;
    let fields = client.get("/crm/v8/settings/fields?module=Ships").await.json();
    let rigs: Vec<&Value> = named(&fields["fields"], "Rig")["pick_list_values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["actual_value"])
        .collect();
    assert_eq!(rigs, ["Brig", "Barque"]);
    server.stop().await;
    assert!(upkeep::verify(&directory).await.unwrap().sound);
    let retyped = refused(serve(&listed.replace("Call_Sign\", number = 2001", "Depth\", number = 2000"))).await;
    assert!(retyped.contains("number 2000 of field Depth of Ships was given to Draught of type double"), "{retyped}");
}

#[tokio::test]
async fn a_faulty_file_stops_a_server_before_it_makes_anything() {
    let (folder, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = data.path().join("data");
    let serve = |text: &str| with_modules(Config::serve(directory.clone()), folder.path(), text);
    let told = refused(serve("[[modules]]\napi_name = \"Ships\"\n")).await;
    let place = folder.path().join("modules.toml");
    let expected = format!("{}, line 1: module Ships: `number` is missing", place.display());
    assert!(told.starts_with(&expected), "{told}");
    let absent = Config { modules: Some(folder.path().join("none.toml")), ..serve("") };
    let told = refused(absent).await;
    assert!(told.contains("none.toml: it cannot be read: No such file or directory"), "{told}");
    let told = refused(serve(&"#".repeat((4 << 20) + 1))).await;
    assert!(told.ends_with("it has more than 4194304 bytes"), "{told}");
    assert!(!directory.exists());
}
