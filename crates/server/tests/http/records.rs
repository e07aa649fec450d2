//! Reading back: pages, sorts, fields, single records, metadata.

use serde_json::Value;

use crate::harness::{Client, dev_server};

#[tokio::test]
async fn pages_follow_one_another_without_an_end() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let mut csv = String::from("Last_Name\n");
    (0..250).for_each(|row| csv.push_str(&format!("Name{row:03}\n")));
    client.load(&csv, "insert", None).await;

    let mut names = Vec::new();
    let mut path = "/crm/v8/Leads?fields=Last_Name&per_page=60&sort_order=asc".to_owned();
    let mut pages = 0;
    loop {
        let page = client.get(&path).await.json();
        pages += 1;
        assert_eq!(page["info"]["page"], pages);
        names.extend(page["data"].as_array().unwrap().iter().map(|record| record["Last_Name"].clone()));
        let Some(token) = page["info"]["next_page_token"].as_str() else {
            assert_eq!(page["info"]["more_records"], false);
            break;
        };
        assert_eq!(page["info"]["more_records"], true);
        path = format!("/crm/v8/Leads?fields=Last_Name&per_page=60&page_token={token}");
    }
    let loaded: Vec<_> = names.iter().filter(|name| name.as_str().unwrap().starts_with("Name")).collect();
    assert_eq!((pages, names.len(), loaded.len()), (5, 259, 250));
    assert!(loaded.is_sorted_by_key(|name| name.as_str().unwrap()), "ids rise in file order");

    let second = client.get("/crm/v8/Leads?fields=Last_Name&per_page=60&page=2&sort_order=asc").await.json();
    assert_eq!(second["data"][0]["Last_Name"], names[60]);
    let newest =
        client.get("/crm/v8/Leads?fields=Last_Name&per_page=1&sort_by=Created_Time&sort_order=desc").await.json();
    assert_eq!(newest["data"][0]["Last_Name"], "Name249");
    assert_eq!(newest["info"]["sort_by"], "Created_Time");
}

#[tokio::test]
async fn one_record_is_read_by_its_id() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let list = client.get("/crm/v8/Leads?fields=Last_Name&per_page=1").await.json();
    let id = list["data"][0]["id"].as_str().unwrap();
    let one = client.get(&format!("/crm/v8/Leads/{id}?fields=Last_Name,Owner")).await.json();
    assert_eq!(one.as_object().unwrap().len(), 1, "no info beside a single record");
    assert_eq!(one["data"][0]["Last_Name"], list["data"][0]["Last_Name"]);
    let all = client.get(&format!("/crm/v2/Leads/{id}")).await.json();
    assert_eq!(all["data"][0]["Modified_By"]["name"], "Patricia Boyle");
    for absent in ["1", "abc", "99999999999999999999"] {
        assert_eq!(
            client.get(&format!("/crm/v8/Leads/{absent}")).await.code(),
            (400, "INVALID_DATA".into()),
            "{absent}"
        );
    }
}

#[tokio::test]
async fn parameters_that_do_not_fit_are_named() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let cases = [
        ("/crm/v3/Leads", 400, "REQUIRED_PARAM_MISSING"),
        ("/crm/v8/Leads?fields=Email&per_page=500", 400, "INVALID_QUERY"),
        ("/crm/v8/Leads?fields=Email&page_token=zz", 400, "INVALID_QUERY"),
        ("/crm/v8/Leads/search", 400, "REQUIRED_PARAM_MISSING"),
        ("/crm/v8/Leads/search?phone=1", 400, "INVALID_QUERY"),
        ("/crm/v8/Leads/search?word=x", 400, "INVALID_QUERY"),
        ("/crm/v8/Accounts/search?email=a@b.cd", 400, "INVALID_QUERY"),
        ("/crm/v8/settings/fields", 400, "REQUIRED_PARAM_MISSING"),
        ("/crm/v8/settings/fields?module=asdf", 400, "INVALID_MODULE"),
    ];
    for (path, status, code) in cases {
        assert_eq!(client.get(path).await.code(), (status, code.into()), "{path}");
    }
    assert_eq!(client.get("/crm/v2/Leads").await.status, 200);
    let empty = client.get("/crm/v8/Deals?fields=id").await;
    assert_eq!((empty.status, empty.body.len()), (204, 0));
}

#[tokio::test]
async fn metadata_is_the_catalog_and_grows_with_picklists() {
    let server = dev_server().await;
    let client = Client::dev(&server);
    let modules = client.get("/crm/v8/settings/modules").await.json();
    let names: Vec<_> =
        modules["modules"].as_array().unwrap().iter().map(|module| module["api_name"].clone()).collect();
    assert_eq!((names.len(), &names[0], &names[14]), (15, &"Leads".into(), &"Tasks".into()));
    client.load("Last_Name,Lead_Source\nNg,Carrier Pigeon\n", "insert", None).await;
    let fields = client.get("/crm/v8/settings/fields?module=Leads").await.json();
    let field = |name: &str| -> Value {
        let fields = fields["fields"].as_array().unwrap();
        fields.iter().find(|field| field["api_name"] == name).unwrap().clone()
    };
    assert_eq!((&field("Last_Name")["system_mandatory"], &field("Last_Name")["length"]), (&true.into(), &80.into()));
    let sources = field("Lead_Source")["pick_list_values"].clone();
    assert_eq!(sources.as_array().unwrap().last().unwrap()["actual_value"], "Carrier Pigeon");
}
