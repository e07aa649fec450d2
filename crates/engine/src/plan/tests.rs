mod lookups;

use serde_json::json;

use super::*;
use crate::catalog::Catalog;
use crate::spec::{DefaultValue, Mapping};
use crate::testkit::{Bench, mappings, spec, zip_of};

const CSV: &str = "Name,Email,Code\nA,a@b.com,1\n";

fn mapping(field: &str, index: Option<i64>) -> Mapping {
    Mapping { index, ..Mapping::of_column(field, 0) }
}

fn with_default(field: &str, index: Option<i64>, value: serde_json::Value) -> Mapping {
    let default = Some(DefaultValue { value: Some(value), name: None, module: None });
    Mapping { default, ..mapping(field, index) }
}

fn mapped(operation: Operation, find_by: Option<&str>, mappings: Vec<Mapping>) -> ResourceSpec {
    ResourceSpec { mappings, ..spec(operation, find_by) }
}

fn refused(spec: &ResourceSpec, csv: &str, expected: &str) {
    let refusal = Bench::new().prepare(spec, zip_of("x.csv", csv)).expect_err("it has to be refused");
    let told = format!("{refusal} @ {}", refusal.path().unwrap_or("the file"));
    assert_eq!(told, expected);
}

fn settled(spec: &ResourceSpec, csv: &str) -> Plan {
    Bench::new().prepare(spec, zip_of("x.csv", csv)).unwrap().plan
}

#[test]
fn names_are_checked() {
    let check = |spec: &ResourceSpec, expected: &str| refused(spec, CSV, expected);
    let insert = |mappings| mapped(Operation::Insert, None, mappings);
    let unknown = ResourceSpec { module: "things".to_owned(), ..spec(Operation::Insert, None) };
    check(&unknown, "there is no module things @ $.resource[0].module.api_name");
    check(
        &insert(vec![mapping("Name", Some(0)), mapping("ame", Some(1))]),
        "there is no field ame @ $.resource[0].field_mappings[1].api_name",
    );
    check(
        &insert(vec![mapping("Name", Some(0)), mapping("Name", Some(1))]),
        "Name is mapped twice, by columns 1 and 2 @ $.resource[0].field_mappings[1].api_name",
    );
    check(
        &insert(vec![mapping("Created_Time", Some(0))]),
        "Created_Time is read-only @ $.resource[0].field_mappings[0].api_name",
    );
    check(&insert(vec![mapping("id", Some(0))]), "id is read-only @ $.resource[0].field_mappings[0].api_name");
    check(
        &insert(vec![mapping("Name", Some(0)), mapping("Lines", Some(1))]),
        "Lines is of type subform, whose rows are records of their own and need a file of their own, and jobs have one \
         file so far; leave it out @ $.resource[0].field_mappings[1].api_name",
    );
}

#[test]
fn columns_are_checked() {
    let check =
        |mapping: Mapping, expected: &str| refused(&mapped(Operation::Insert, None, vec![mapping]), CSV, expected);
    check(
        mapping("Name", Some(3)),
        "Name is mapped to column 3, and the file has the columns 0 to 2 @ $.resource[0].field_mappings[0].index",
    );
    check(
        mapping("Name", Some(-1)),
        "Name is mapped to column -1, and the file has the columns 0 to 2 @ $.resource[0].field_mappings[0].index",
    );
    let neither = "Name has neither an index nor a default_value @ $.resource[0].field_mappings[0].index";
    check(mapping("Name", None), neither);
    check(with_default("Name", None, json!(null)), neither);
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let check =
        |mapping: Mapping, expected: &str| refused(&mapped(Operation::Insert, None, vec![mapping]), CSV, expected);
    let some = |text: &str| Some(text.to_owned());
    check(
        Mapping { format: some("yyyy"), ..mapping("Day", Some(0)) },
        "`format` is not supported for Day yet; leave it out @ $.resource[0].field_mappings[0].format",
    );
    check(
        Mapping { find_by: some("Email"), ..mapping("Name", Some(0)) },
        "`find_by` says nothing about Name, which is neither a look-up nor a user, or is not found by that; leave it out @ $.resource[0].field_mappings[0].find_by",
    );
    check(
        Mapping { find_by: some("name"), ..mapping("Owner", Some(0)) },
        "`find_by` says nothing about Owner, which is neither a look-up nor a user, or is not found by that; leave it out @ $.resource[0].field_mappings[0].find_by",
    );
    check(
        Mapping { module: some("Leads"), ..mapping("Name", Some(0)) },
        "`module` says nothing about Name, which is no look-up; leave it out @ $.resource[0].field_mappings[0].module",
    );
    let owner = Mapping { find_by: some("email"), ..mapping("Owner", Some(1)) };
    settled(&mapped(Operation::Insert, None, vec![mapping("Name", Some(0)), owner]), CSV);
}

#[test]
fn defaults_have_to_fit() {
    let check = |value: serde_json::Value| {
        let mappings = vec![mapping("Name", Some(0)), with_default("Count", None, value)];
        refused(
            &mapped(Operation::Insert, None, mappings),
            CSV,
            "the default_value of Count does not fit its type, integer @ $.resource[0].field_mappings[1].default_value.value",
        );
    };
    check(json!("many"));
    check(json!(true));
    check(json!([1]));
    check(json!(""));
    check(json!(1.5));
    for value in [json!(12), json!("12"), json!("1,000")] {
        let mappings = vec![with_default("Name", None, json!("x")), with_default("Count", Some(2), value)];
        settled(&mapped(Operation::Insert, None, mappings), CSV);
    }
}

#[test]
fn find_by_is_checked() {
    let all = || mappings(&["Name", "Email", "Code"]);
    let check = |operation, find_by, expected: &str| refused(&mapped(operation, find_by, all()), CSV, expected);
    let missing =
        "find_by is missing: update and upsert need the field that matches rows to records @ $.resource[0].find_by";
    check(Operation::Update, None, missing);
    check(Operation::Upsert, None, missing);
    let unusable = "records cannot be found by Name: name id, or a field that is unique or checked for duplicates \
                    @ $.resource[0].find_by";
    check(Operation::Insert, Some("Name"), unusable);
    check(Operation::Upsert, Some("Nmae"), "there is no field Nmae @ $.resource[0].find_by");
    check(
        Operation::Upsert,
        Some("Serial"),
        "the find_by field Serial is not mapped to a column @ $.resource[0].find_by",
    );
    check(Operation::Update, Some("id"), "the find_by field id is not mapped to a column @ $.resource[0].find_by");
    settled(&mapped(Operation::Update, Some("id"), mappings(&["id", "Name"])), CSV);
    settled(&mapped(Operation::Upsert, Some("Email"), all()), CSV);
    settled(&mapped(Operation::Insert, Some("Code"), all()), CSV);
}

#[test]
fn mandatory_fields_are_demanded_where_rows_can_create() {
    let missing = "mandatory fields are not mapped: Name @ $.resource[0].field_mappings";
    refused(&mapped(Operation::Insert, None, mappings(&["-", "Email"])), CSV, missing);
    refused(&mapped(Operation::Upsert, Some("Email"), mappings(&["-", "Email"])), CSV, missing);
    settled(&mapped(Operation::Update, Some("Email"), mappings(&["-", "Email"])), CSV);
    let by_default = vec![mapping("Email", Some(1)), with_default("Name", None, json!("n"))];
    settled(&mapped(Operation::Insert, None, by_default), CSV);
}

#[test]
fn the_request_behind_the_recorded_job_is_accepted() {
    let mut bench = Bench::new();
    bench.catalog = Catalog::builtin();
    let mut spec = mapped(Operation::Insert, None, Vec::new());
    spec.module = "Leads".to_owned();
    spec.mappings = [("Owner", 2), ("Last_Name", 0), ("Mobile", 1)].map(|(name, at)| mapping(name, Some(at))).to_vec();
    bench.prepare(&spec, zip_of("Fil2.csv", "a,b,c\n")).unwrap();
}

#[test]
fn a_header_maps_itself() {
    let names = |csv: &str, find_by| -> (Vec<String>, Vec<String>) {
        let operation = if find_by == Some("id") { Operation::Update } else { Operation::Insert };
        let plan = settled(&spec(operation, find_by), csv);
        (plan.columns.iter().map(|column| column.api_name.clone()).collect(), plan.ignored_headers)
    };
    let check = |csv, find_by, mapped: &[&str], ignored: &[&str]| {
        assert_eq!(
            names(csv, find_by),
            (mapped.iter().map(ToString::to_string).collect(), ignored.iter().map(ToString::to_string).collect())
        );
    };
    check("Name,EMAIL\n", None, &["Name", "Email"], &[]);
    check(" full name ,how many,Colour\n", None, &["Name", "Count"], &["Colour"]);
    check("Id,Name,_Email,Created_Time\n", None, &["Name"], &["Id", "_Email", "Created_Time"]);
    check("ID,Name\n", Some("id"), &["id", "Name"], &[]);
    check("record id,Name\n", Some("id"), &["id", "Name"], &[]);
    refused(
        &spec(Operation::Insert, None),
        "Colour,Size\n",
        "no column of the header names a field of the module: Colour, Size @ $.resource[0]",
    );
    refused(
        &spec(Operation::Insert, None),
        "Name,name\n",
        "Name is mapped twice, by columns 1 and 2 @ $.resource[0].field_mappings[1].api_name",
    );
}

#[test]
fn limits_hold() {
    let mut bench = Bench::new();
    bench.limits.columns_max = 2;
    let wide = bench.prepare(&spec(Operation::Insert, None), zip_of("x.csv", CSV)).err().unwrap();
    assert_eq!(wide.to_string(), "the header has 3 columns, and 2 are allowed");
    let many = mapped(Operation::Insert, None, vec![mapping("Name", Some(0)); 3]);
    let refusal = bench.prepare(&many, zip_of("x.csv", "Name\n")).err().unwrap();
    assert_eq!(refusal.to_string(), "3 fields are mapped, and 2 are allowed");
}

#[test]
fn files_are_refused() {
    let refused = |file| Bench::new().prepare(&spec(Operation::Insert, None), file).err().unwrap();
    assert!(matches!(refused(zip_of("x.csv", "")), Refusal::FileNotSupported { .. }));
    assert!(matches!(refused(zip_of("x.bin", CSV)), Refusal::FileNotSupported { .. }));
    let marked = ResourceSpec { charset: Some("latin1".to_owned()), ..spec(Operation::Insert, None) };
    let refusal = Bench::new().prepare(&marked, zip_of("x.csv", "\u{FEFF}Name\nNg\n")).err().unwrap();
    assert_eq!(
        (refusal.to_string().as_str(), refusal.path()),
        (
            "the file starts with the byte order mark of UTF-8, and the charset windows-1252 is named; \
             name UTF-8 or leave it out",
            Some("$.character_encoding")
        )
    );
    let named = ResourceSpec { charset: Some("klingon".to_owned()), ..spec(Operation::Insert, None) };
    let refusal = Bench::new().prepare(&named, zip_of("x.csv", CSV)).err().unwrap();
    assert_eq!(
        (refusal.to_string().as_str(), refusal.path()),
        ("klingon is no charset that is known here", Some("$.character_encoding"))
    );
}

#[test]
fn the_result_shows_three_columns_in_file_order() {
    let mut spec = spec(Operation::Insert, None);
    spec.mappings = vec![
        mapping("Code", Some(3)),
        mapping("Name", Some(1)),
        mapping("Email", Some(1)),
        mapping("Day", Some(0)),
        mapping("Kind", Some(2)),
    ];
    assert_eq!(settled(&spec, "a,b,c,d\n").result_columns(), [0, 1, 2]);
}
