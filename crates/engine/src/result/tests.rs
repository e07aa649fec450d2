use crate::spec::Operation;
use crate::testkit::{Bench, mappings, spec};

const CSV: &str = "Full Name, Mail ,\"Note, long\",Code,Count\n\
    Smith,a@example.com,x,c1,1\n\
    \"O'Neil, \"\"Jr\"\"\",bad,\"two\nlines\",C1,x\n\
    \" padded \",,y,c3,\n\
    ,,,,x\n\
    only,two\n\
    \n\
    Last,z@example.com,ä,c1,7\n";

#[test]
fn a_result_is_the_vendors() {
    let mut bench = Bench::new();
    let mut spec = spec(Operation::Insert, None);
    spec.mappings = mappings(&["Name", "Email", "-", "Code", "Count"]);
    insta::assert_snapshot!(bench.import(&spec, CSV), @r#"
    Full Name, Mail ,Code,STATUS,RECORD_ID,ERRORS
    Smith,a@example.com,c1,ADDED,#1.1,
    "O'Neil, ""Jr""",bad,C1,SKIPPED,,"INVALID_DATA- Mail ,Count"
     padded ,,c3,ADDED,#1.3,
    ,,,SKIPPED,,MANDATORY_NOT_FOUND-Full Name:INVALID_DATA-Count
    only,two,,SKIPPED,,INVALID_DATA
    Last,z@example.com,c1,SKIPPED,,DUPLICATE_DATA-Code
    "#);
    assert_eq!(bench.result_zip(&spec, CSV), bench.result_zip(&spec, CSV));
}

#[test]
fn a_header_without_rows_gives_one_line() {
    let mut bench = Bench::new();
    assert_eq!(bench.import(&spec(Operation::Insert, None), "Name,Email\n"), "Name,Email,STATUS,RECORD_ID,ERRORS\n");
    assert_eq!(bench.records(), "");
}

/// Columns without a name, or with the same one, can be mapped by their places.
#[test]
fn empty_and_repeated_headers_do_no_harm() {
    let mut bench = Bench::new();
    let csv = "Name,Name,,\" \"\nNg,a@example.com,x,c1\nLi,none,1,c2\n";
    let mut spec = spec(Operation::Insert, None);
    spec.mappings = mappings(&["Name", "Email", "Count", "Code"]);
    insta::assert_snapshot!(bench.import(&spec, csv), @r#"
    Name,Name,,STATUS,RECORD_ID,ERRORS
    Ng,a@example.com,x,SKIPPED,,INVALID_DATA-Count
    Li,none,1,SKIPPED,,INVALID_DATA-Name
    "#);
    spec.mappings.clear();
    assert_eq!(
        bench.import(&spec, "Name,,\" \",_,\nNg,1,2,3,4\n"),
        "Name,STATUS,RECORD_ID,ERRORS\nNg,ADDED,#2.1,\n",
        "columns without a name are passed over where names decide"
    );
}
