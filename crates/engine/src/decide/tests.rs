//! Scenarios: what the store has, what a file asks for, what becomes of its rows and of the store.

mod lookups;
mod oracle;

use crate::plan::NewPicklistValues;
use crate::spec::Operation::{Insert, Update, Upsert};
use crate::spec::{DefaultValue, Operation, ResourceSpec};
use crate::testkit::{Bench, spec};

/// Two things that jobs find: `#1.1` and `#1.2`.
const BEFORE: &str = "Name,Email,Code,Count\nAnn,ann@x.com,a,1\nBob,bob@x.com,b,2\n";

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.import(&spec(Insert, None), BEFORE);
    bench
}

/// The statuses of the rows, and the store after them.
fn check(operation: Operation, find_by: Option<&str>, csv: &str, statuses: &[&str], after: &str) {
    check_spec(&mut bench(), &spec(operation, find_by), csv, statuses, after);
}

fn check_kept(operation: Operation, find_by: Option<&str>, csv: &str, statuses: &[&str], after: &str) {
    let spec = ResourceSpec { ignore_empty: true, ..spec(operation, find_by) };
    check_spec(&mut bench(), &spec, csv, statuses, after);
}

fn check_spec(bench: &mut Bench, spec: &ResourceSpec, csv: &str, statuses: &[&str], after: &str) {
    let result = bench.import(spec, csv);
    assert_eq!(statuses_of(&result), statuses, "{csv}");
    let expected: Vec<&str> = after.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(bench.records().lines().collect::<Vec<_>>(), expected, "{csv}");
    assert_eq!(bench.keys(), keys_of_records(bench), "{csv}");
}

/// `ADDED #2.1` and the like: a result's last three columns without commas.
fn statuses_of(result: &str) -> Vec<String> {
    const STATUSES: [&str; 4] = [",ADDED,", ",UPDATED,", ",SKIPPED,", ",UNPROCESSED,"];
    let status = |line: &str| {
        let start = STATUSES.iter().find_map(|status| line.find(status)).expect("every line has a status") + 1;
        let parts: Vec<&str> = line[start..].splitn(3, ',').filter(|part| !part.is_empty()).collect();
        parts.join(" ").replace('"', "")
    };
    result.lines().skip(1).map(status).collect()
}

/// What the keys have to be, told by the records alone.
fn keys_of_records(bench: &Bench) -> String {
    let module = &bench.catalog.modules()[0];
    let mut keys = std::collections::BTreeMap::<(u16, Vec<u8>), Vec<String>>::new();
    for (id, record) in bench.store.records(module.number) {
        for field in module.indexed() {
            if let Some(key) = crate::body::key(&record.body, crate::plan::index_id(module, field)) {
                keys.entry((field.number.0, key)).or_default().push(crate::testkit::short_id(id.0));
            }
        }
    }
    let line = |((field, key), ids): ((u16, Vec<u8>), Vec<String>)| {
        format!("{field} {} {}\n", String::from_utf8_lossy(&key), ids.join(" "))
    };
    keys.into_iter().map(line).collect()
}

const ANN: &str = r#"#1.1 v1 {"1":"Ann","2":"ann@x.com","3":"a","5":1}"#;
const BOB: &str = r#"#1.2 v1 {"1":"Bob","2":"bob@x.com","3":"b","5":2}"#;

fn after(lines: &[&str]) -> String {
    lines.join("\n")
}

#[test]
fn insert_without_find_by_repeats_emails_and_guards_unique_fields() {
    check(
        Insert,
        None,
        "Name,Email,Code\nEve,ANN@x.com,e\nEve2,ann@x.com,E\nEve3,,A\nEve4,,\n",
        &["ADDED #2.1", "SKIPPED DUPLICATE_DATA-Code", "SKIPPED DUPLICATE_DATA-Code", "ADDED #2.4"],
        &after(&[ANN, BOB, r#"#2.1 v1 {"1":"Eve","2":"ANN@x.com","3":"e"}"#, r#"#2.4 v1 {"1":"Eve4"}"#]),
    );
}

#[test]
fn insert_with_find_by_skips_matches_in_store_and_file() {
    check(
        Insert,
        Some("Email"),
        "Name,Email,Code\nA,Ann@x.com,z\nB,new@x.com,n\nC,NEW@x.com,m\nD,,d\nE,ann@x.com,B\n",
        &[
            "SKIPPED DUPLICATE_DATA-Email",
            "ADDED #2.2",
            "SKIPPED DUPLICATE_DATA-Email",
            "ADDED #2.4",
            "SKIPPED DUPLICATE_DATA-Email,Code",
        ],
        &after(&[ANN, BOB, r#"#2.2 v1 {"1":"B","2":"new@x.com","3":"n"}"#, r#"#2.4 v1 {"1":"D","3":"d"}"#]),
    );
}

#[test]
fn a_skipped_row_holds_no_key() {
    check(
        Insert,
        Some("Email"),
        "Name,Email,Count\nA,new@x.com,many\nB,new@x.com,1\n,c@x.com,1\nC,c@x.com,2\n",
        &["SKIPPED INVALID_DATA-Count", "ADDED #2.2", "SKIPPED MANDATORY_NOT_FOUND-Name", "ADDED #2.4"],
        &after(&[ANN, BOB, r#"#2.2 v1 {"1":"B","2":"new@x.com","5":1}"#, r#"#2.4 v1 {"1":"C","2":"c@x.com","5":2}"#]),
    );
}

#[test]
fn insert_by_id() {
    let mut bench = bench();
    let id = bench.store.records(bench.catalog.modules()[0].number).next().unwrap().0;
    let csv = format!("id,Name\n{id},X\n17,Y\n,Z\nx,Q\n");
    let spec = spec(Insert, Some("id"));
    check_spec(
        &mut bench,
        &spec,
        &csv,
        &["SKIPPED DUPLICATE_DATA-id", "ADDED #2.2", "ADDED #2.3", "SKIPPED INVALID_DATA-id"],
        &after(&[ANN, BOB, r#"#2.2 v1 {"1":"Y"}"#, r#"#2.3 v1 {"1":"Z"}"#]),
    );
}

#[test]
fn update_changes_only_what_is_there() {
    check(
        Update,
        Some("Email"),
        "Email,Name,Count\nANN@x.com,Anna,7\nnobody@x.com,N,1\n,M,1\nbob@x.com,,5\nbad,N,1\nbob@x.com,Bobby,x\n",
        &[
            "UPDATED #1.1",
            "SKIPPED RESOURCE_NOT_FOUND-Email",
            "SKIPPED MANDATORY_NOT_FOUND-Email",
            "SKIPPED MANDATORY_NOT_FOUND-Name",
            "SKIPPED INVALID_DATA-Email",
            "SKIPPED INVALID_DATA-Count",
        ],
        &after(&[r#"#1.1 v2 {"1":"Anna","2":"ANN@x.com","3":"a","5":7}"#, BOB]),
    );
}

#[test]
fn update_by_id() {
    let mut bench = bench();
    let id = bench.store.records(bench.catalog.modules()[0].number).nth(1).unwrap().0;
    let csv = format!("id,Email\n{id},new@x.com\n17,y@x.com\n,z@x.com\n");
    let spec = spec(Update, Some("id"));
    check_spec(
        &mut bench,
        &spec,
        &csv,
        &["UPDATED #1.2", "SKIPPED RESOURCE_NOT_FOUND-id", "SKIPPED MANDATORY_NOT_FOUND-id"],
        &after(&[ANN, r#"#1.2 v2 {"1":"Bob","2":"new@x.com","3":"b","5":2}"#]),
    );
}

#[test]
fn empty_cells_blank_or_keep() {
    let csv = "Email,Name,Code,Count\nann@x.com,,,\nbob@x.com,Bob,,\n";
    check(
        Update,
        Some("Email"),
        csv,
        &["SKIPPED MANDATORY_NOT_FOUND-Name", "UPDATED #1.2"],
        &after(&[ANN, r#"#1.2 v2 {"1":"Bob","2":"bob@x.com"}"#]),
    );
    check_kept(
        Update,
        Some("Email"),
        csv,
        &["UPDATED #1.1", "UPDATED #1.2"],
        &after(&[&ANN.replace("v1", "v2"), &BOB.replace("v1", "v2")]),
    );
}

#[test]
fn a_creating_row_needs_what_a_changing_one_may_keep() {
    check_kept(
        Upsert,
        Some("Email"),
        "Email,Name,Count\nann@x.com,,9\nnew@x.com,,1\nnew@x.com,,x\nbob@x.com,,x\n,,x\n",
        &[
            "UPDATED #1.1",
            "SKIPPED MANDATORY_NOT_FOUND-Name",
            "SKIPPED MANDATORY_NOT_FOUND-Name:INVALID_DATA-Count",
            "SKIPPED INVALID_DATA-Count",
            "SKIPPED MANDATORY_NOT_FOUND-Name:INVALID_DATA-Count",
        ],
        &after(&[r#"#1.1 v2 {"1":"Ann","2":"ann@x.com","3":"a","5":9}"#, BOB]),
    );
}

#[test]
fn upsert_updates_what_earlier_rows_wrote() {
    check(
        Upsert,
        Some("Email"),
        "Email,Name,Code\nnew@x.com,One,n\nNEW@x.com,Two,m\nann@x.com,Anna,n\n,Free,f\nann@x.com,Anne,b\n",
        &["ADDED #2.1", "UPDATED #2.1", "UPDATED #1.1", "ADDED #2.4", "SKIPPED DUPLICATE_DATA-Code"],
        &after(&[
            r#"#1.1 v2 {"1":"Anna","2":"ann@x.com","3":"n","5":1}"#,
            BOB,
            r#"#2.1 v1 {"1":"Two","2":"NEW@x.com","3":"m"}"#,
            r#"#2.4 v1 {"1":"Free","3":"f"}"#,
        ]),
    );
}

#[test]
fn unique_values_swap_hands_in_file_order() {
    check(
        Update,
        Some("Email"),
        "Email,Code\nann@x.com,b\nbob@x.com,c\nann@x.com,b\nbob@x.com,a\n",
        &["SKIPPED DUPLICATE_DATA-Code", "UPDATED #1.2", "UPDATED #1.1", "UPDATED #1.2"],
        &after(&[
            r#"#1.1 v2 {"1":"Ann","2":"ann@x.com","3":"b","5":1}"#,
            r#"#1.2 v2 {"1":"Bob","2":"bob@x.com","3":"a","5":2}"#,
        ]),
    );
}

#[test]
fn upsert_by_an_unknown_id_is_not_found() {
    let csv = "id,Name\n17,A\n,B\n";
    check(
        Upsert,
        Some("id"),
        csv,
        &["SKIPPED RESOURCE_NOT_FOUND-id", "ADDED #2.2"],
        &after(&[ANN, BOB, r#"#2.2 v1 {"1":"B"}"#]),
    );
}

#[test]
fn a_key_of_several_records_touches_none() {
    for operation in [Update, Upsert, Insert] {
        let mut bench = bench();
        bench.import(&spec(Insert, None), "Name,Email\nAnn2,ann@x.com\n");
        let statuses = ["SKIPPED DUPLICATE_DATA-Email"];
        let records = after(&[ANN, BOB, r#"#2.1 v1 {"1":"Ann2","2":"ann@x.com"}"#]);
        let spec = spec(operation, Some("Email"));
        check_spec(&mut bench, &spec, "Email,Name,Code\nann@x.com,Z,q\n", &statuses, &records);
    }
}

#[test]
fn case_counts_only_where_the_field_says_so() {
    let mut bench = Bench::new();
    let spec = spec(Insert, None);
    check_spec(
        &mut bench,
        &spec,
        "Name,Code,Serial\nA,x,s\nB,y,S\nC,X,t\nD,z,s\n",
        &["ADDED #1.1", "ADDED #1.2", "SKIPPED DUPLICATE_DATA-Code", "SKIPPED DUPLICATE_DATA-Serial"],
        &after(&[r#"#1.1 v1 {"1":"A","3":"x","4":"s"}"#, r#"#1.2 v1 {"1":"B","3":"y","4":"S"}"#]),
    );
}

#[test]
fn defaults_fill_before_anything_else() {
    let mut spec = ResourceSpec { ignore_empty: true, ..spec(Upsert, Some("Email")) };
    spec.mappings = crate::testkit::mappings(&["Email", "Name", "Count"]);
    spec.mappings[2].default = Some(DefaultValue { value: Some(5.into()), name: None, module: None });
    check_spec(
        &mut bench(),
        &spec,
        "e,n,c\nann@x.com,,\nnew@x.com,New,8\n",
        &["UPDATED #1.1", "ADDED #2.2"],
        &after(&[
            r#"#1.1 v2 {"1":"Ann","2":"ann@x.com","3":"a","5":5}"#,
            BOB,
            r#"#2.2 v1 {"1":"New","2":"new@x.com","5":8}"#,
        ]),
    );
}

#[test]
fn new_picklist_values_come_from_written_rows_only() {
    let mut bench = Bench::new();
    let insert = spec(Insert, Some("Email"));
    bench.limits.chunk_bytes_max = 1;
    let result = bench.import(
        &insert,
        "Name,Email,Kind\nA,a@x.com,old\n,b@x.com,FRESH\nC,c@x.com,Fresh\nD,d@x.com,fresh\nE,c@x.com,Other\nF,f@x.com,NEW\n",
    );
    assert_eq!(statuses_of(&result)[1], "SKIPPED MANDATORY_NOT_FOUND-Name");
    let kinds: Vec<String> =
        bench.records().lines().map(|line| line[line.find("\"6\":").unwrap()..].to_owned()).collect();
    assert_eq!(kinds, [r#""6":"Old"}"#, r#""6":"Fresh"}"#, r#""6":"Fresh"}"#, r#""6":"New"}"#]);
    let module = bench.catalog.modules()[0].number;
    let additions = crate::record_store::RecordStore::picklist_additions(&mut bench.store, module).unwrap();
    assert_eq!(additions, [(crate::catalog::FieldNumber(6), "Fresh".to_owned())]);
    bench.limits.chunk_bytes_max = 1 << 20;
    bench.import(&insert, "Name,Email,Kind\nG,g@x.com,FRESH\n");
    assert!(bench.records().ends_with("\"6\":\"Fresh\"}\n"));
    bench.new_picklist_values = NewPicklistValues::Refuse;
    let refused = bench.import(&insert, "Name,Email,Kind\nH,h@x.com,Newest\n");
    assert_eq!(statuses_of(&refused), ["SKIPPED INVALID_DATA-Kind"]);
}

#[test]
fn new_choices_of_several_join_the_list_in_the_spelling_that_was_written_first() {
    for chunk_bytes_max in [1, 1 << 20] {
        let mut bench = Bench::new();
        bench.limits.chunk_bytes_max = chunk_bytes_max;
        let csv = "Name,Colours,Count\na,green;red,\nb,GREEN;Pink,x\nc,pink;Green;RED,\nd,Pink; PINK,\n";
        bench.import(&spec(Insert, None), csv);
        let bodies: Vec<String> =
            bench.records().lines().map(|line| line.splitn(3, ' ').nth(2).unwrap().to_owned()).collect();
        assert_eq!(
            bodies,
            [r#"{"1":"a","18":"green;Red"}"#, r#"{"1":"c","18":"pink;green;Red"}"#, r#"{"1":"d","18":"pink"}"#,]
        );
        let module = bench.catalog.modules()[0].number;
        let added: Vec<String> = crate::record_store::RecordStore::picklist_additions(&mut bench.store, module)
            .unwrap()
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        assert_eq!(added, ["green", "pink"], "only rows that are written add values");
    }
}

#[test]
fn every_type_is_stored_in_its_one_spelling() {
    let mut bench = Bench::new();
    let mut spec = spec(Insert, None);
    let fields = ["Name", "Large", "Share", "Price", "Day", "At", "Helper"];
    spec.mappings = crate::testkit::mappings(&fields);
    spec.mappings[3].format = Some("#.##0,00 EUR".to_owned());
    spec.mappings[4].format = Some("dd.MM.yyyy".to_owned());
    spec.mappings[5].format = Some("dd.MM.yyyy HH:mm z".to_owned());
    let csv = "Name,Large,Share,Price,Day,At,Helper\n\
               a,123456789012345678,12.5%,\"1.234,5 EUR\",31.01.2026,31.01.2026 10:00 CET,pat@example.com\n\
               b,,,\"1,234.5\",2026-01-31,31.02.2026 10:00 CET,nobody@example.com\n";
    check_spec(
        &mut bench,
        &spec,
        csv,
        &["ADDED #1.1", "SKIPPED INVALID_DATA-Price,Day,At,Helper"],
        r##"#1.1 v1 {"1":"a","10":"2026-01-31","16":"123456789012345678","17":"12.50","19":"1234.50","20":"2026-01-31T09:00:00Z","21":"42"}"##,
    );
}
