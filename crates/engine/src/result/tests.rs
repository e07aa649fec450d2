//! The vendor's result, byte for byte, for every kind of outcome (contract 12, rows 15 to 17 and 32 to 34). Ids are shown
//! short.

use super::entry_name;
use crate::import::Outcome;
use crate::plan::Refusal;
use crate::spec::{DefaultValue, Mapping, Operation, ResourceSpec};
use crate::testkit::{Bench, mappings, spec, zip_of};

/// What a file becomes in an organisation that has three records: Ann with the code `a`, and two that share an address.
#[track_caller]
fn check(spec: &ResourceSpec, csv: &str, expected: &str) {
    let mut bench = peopled();
    assert_eq!(bench.import(spec, csv), expected);
    assert_eq!(bench.result_zip(spec, csv), bench.result_zip(spec, csv), "the same inputs give the same bytes");
}

fn peopled() -> Bench {
    let mut bench = Bench::new();
    let people = "Name,Email,Code\nAnn,ann@x.com,a\nBob,two@x.com,b\nBen,two@x.com,c\n";
    bench.import(&spec(Operation::Insert, None), people);
    bench
}

fn mapped(operation: Operation, find_by: Option<&str>, fields: &[&str]) -> ResourceSpec {
    ResourceSpec { mappings: mappings(fields), ..spec(operation, find_by) }
}

fn default_of(field: &str, value: &str) -> Mapping {
    let default = DefaultValue { value: Some(value.into()), name: None, module: None };
    Mapping { index: None, default: Some(default), ..Mapping::of_column(field, 0) }
}

#[test]
fn a_result_is_the_vendors() {
    let csv = "Full Name, Mail ,\"Note, long\",Code,Done\n\
        Smith,a@example.com,x,c1,yes\n\
        \"O'Neil, \"\"Jr\"\"\",bad,\"two\nlines\",C1,x\n\
        \" padded \",,y,c3,\n\
        ,,,,x\n\
        only,two\n\
        \n\
        Last,z@example.com,ä,c1,no\n";
    check(
        &mapped(Operation::Insert, None, &["Name", "Email", "-", "Code", "Done"]),
        csv,
        "Full Name, Mail ,Code,STATUS,RECORD_ID,ERRORS\n\
         Smith,a@example.com,c1,ADDED,#2.1,\n\
         \"O'Neil, \"\"Jr\"\"\",bad,C1,SKIPPED,,\"INVALID_DATA- Mail ,Done\"\n \
         padded ,,c3,ADDED,#2.3,\n\
         ,,,SKIPPED,,MANDATORY_NOT_FOUND-Full Name:INVALID_DATA-Done\n\
         only,two,,SKIPPED,,INVALID_DATA\n\
         Last,z@example.com,c1,SKIPPED,,DUPLICATE_DATA-Code\n",
    );
}

#[test]
fn rows_that_are_written_carry_their_records() {
    let fields = ["Email", "Name"];
    check(
        &mapped(Operation::Update, Some("Email"), &fields),
        "Email,Name\nANN@x.com,Anna\nann@x.com,Annie\n",
        "Email,Name,STATUS,RECORD_ID,ERRORS\nANN@x.com,Anna,UPDATED,#1.1,\nann@x.com,Annie,UPDATED,#1.1,\n",
    );
    check(
        &mapped(Operation::Upsert, Some("Email"), &fields),
        "Email,Name\nann@x.com,Anna\nnew@x.com,New\n,Keyless\nnew@x.com,Newer\n",
        "Email,Name,STATUS,RECORD_ID,ERRORS\n\
         ann@x.com,Anna,UPDATED,#1.1,\n\
         new@x.com,New,ADDED,#2.2,\n\
         ,Keyless,ADDED,#2.3,\n\
         new@x.com,Newer,UPDATED,#2.2,\n",
    );
}

#[test]
fn rows_that_are_not_written_carry_their_codes_and_no_record() {
    let fields = ["Email", "Name", "Code", "Done"];
    check(
        &mapped(Operation::Insert, Some("Email"), &fields),
        "Email,Name,Code,Done\nann@x.com,Ann,new,\nfree@x.com,Free,A,\n",
        "Email,Name,Code,STATUS,RECORD_ID,ERRORS\n\
         ann@x.com,Ann,new,SKIPPED,,DUPLICATE_DATA-Email\n\
         free@x.com,Free,A,SKIPPED,,DUPLICATE_DATA-Code\n",
    );
    check(
        &mapped(Operation::Update, Some("Email"), &fields),
        "Email,Name,Code,Done\nnobody@x.com,No,,\n,Keyless,,\ntwo@x.com,Two,,\nno address,,,maybe\n",
        "Email,Name,Code,STATUS,RECORD_ID,ERRORS\n\
         nobody@x.com,No,,SKIPPED,,RESOURCE_NOT_FOUND-Email\n\
         ,Keyless,,SKIPPED,,MANDATORY_NOT_FOUND-Email\n\
         two@x.com,Two,,SKIPPED,,DUPLICATE_DATA-Email\n\
         no address,,,SKIPPED,,\"MANDATORY_NOT_FOUND-Name:INVALID_DATA-Email,Done\"\n",
    );
}

/// Codes in the order of row 32, and the columns of each in file order, whatever the order of the mappings.
#[test]
fn columns_are_told_in_file_order() {
    let mut spec = mapped(Operation::Insert, None, &["Done", "Email", "Name", "Code"]);
    spec.mappings.reverse();
    check(
        &spec,
        "D,E,N,C\nx,y,,long long long long long\n",
        "D,E,N,STATUS,RECORD_ID,ERRORS\nx,y,,SKIPPED,,\"MANDATORY_NOT_FOUND-N:INVALID_DATA-D,E,C\"\n",
    );
}

#[test]
fn rows_that_cannot_be_read_are_told_by_one_bare_code() {
    check(
        &mapped(Operation::Insert, None, &["Name", "Email"]),
        "Name,Email\nfew\nmany,a@x.com,more\n\"text\" behind,a@x.com\nfine,a@x.com\n\"open,a@x.com\nand,on\n",
        "Name,Email,STATUS,RECORD_ID,ERRORS\n\
         few,,SKIPPED,,INVALID_DATA\n\
         many,a@x.com,SKIPPED,,INVALID_DATA\n\
         \"\"\"text\"\" behind\",a@x.com,SKIPPED,,INVALID_DATA\n\
         fine,a@x.com,ADDED,#2.4,\n\
         ,,SKIPPED,,INVALID_DATA\n",
    );
}

#[test]
fn headers_are_the_files_own() {
    // Quoted where they have to be, blanks and all; the byte order mark and line ends of the file are not kept.
    check(
        &mapped(Operation::Insert, None, &["Name", "Email", "Code"]),
        "\u{feff}\" Na,me\",\"E\"\"mail\",\"Co\nde\"\r\nNg,bad,\r\n\r\n",
        "\" Na,me\",\"E\"\"mail\",\"Co\nde\",STATUS,RECORD_ID,ERRORS\nNg,bad,,SKIPPED,,\"INVALID_DATA-E\"\"mail\"\n",
    );
    // Twice the same, and none at all: a fault of that column is told by its field.
    check(
        &mapped(Operation::Insert, None, &["Name", "Email", "Done"]),
        "Same,Same,\nNg,bad,x\n",
        "Same,Same,,STATUS,RECORD_ID,ERRORS\nNg,bad,x,SKIPPED,,\"INVALID_DATA-Same,Done\"\n",
    );
    // Other delimiters than the comma, which the result has always.
    check(
        &mapped(Operation::Insert, None, &["Name", "Email"]),
        "Name;Email\n\"Ng; Li, Ho\";ng@x.com\n",
        "Name,Email,STATUS,RECORD_ID,ERRORS\n\"Ng; Li, Ho\",ng@x.com,ADDED,#2.1,\n",
    );
}

#[test]
fn the_first_three_mapped_columns_are_shown_in_file_order() {
    let columns = |fields: &[&str]| mapped(Operation::Insert, None, fields);
    check(&columns(&["-", "Name"]), "x,Name\n1,Ng\n", "Name,STATUS,RECORD_ID,ERRORS\nNg,ADDED,#2.1,\n");
    check(
        &columns(&["Done", "-", "Email", "Code", "Name"]),
        "Done,x,Email,Code,Name\nno,1,n@x.com,n,\n",
        "Done,Email,Code,STATUS,RECORD_ID,ERRORS\nno,n@x.com,n,SKIPPED,,MANDATORY_NOT_FOUND-Name\n",
    );
    // A column that becomes two fields is shown once.
    let mut twice = columns(&["Name", "Email"]);
    twice.mappings.push(Mapping::of_column("Code", 0));
    check(&twice, "N,E\nNg,n@x.com\n", "N,E,STATUS,RECORD_ID,ERRORS\nNg,n@x.com,ADDED,#2.1,\n");
}

#[test]
fn a_default_has_no_column_and_is_told_by_its_field() {
    let mut spec = mapped(Operation::Insert, None, &["Name"]);
    spec.mappings.push(default_of("Code", "A"));
    check(&spec, "Name\nNg\n", "Name,STATUS,RECORD_ID,ERRORS\nNg,SKIPPED,,DUPLICATE_DATA-Code\n");
    spec.mappings = vec![default_of("Name", "Ng"), default_of("Code", "new")];
    check(&spec, "x\n1\n2\n", "STATUS,RECORD_ID,ERRORS\nADDED,#2.1,\nSKIPPED,,DUPLICATE_DATA-Code\n");
}

#[test]
fn a_header_without_rows_gives_one_line() {
    check(&spec(Operation::Insert, None), "Name,Email\n", "Name,Email,STATUS,RECORD_ID,ERRORS\n");
    check(&spec(Operation::Insert, None), "Name,Email\r\n\r\n\r\n", "Name,Email,STATUS,RECORD_ID,ERRORS\n");
}

#[test]
fn a_csv_of_no_bytes_is_refused_before_there_is_a_result() {
    let mut bench = Bench::new();
    let refused = bench.prepare(&spec(Operation::Insert, None), zip_of("things.csv", "")).unwrap_err();
    assert!(matches!(refused, Refusal::FileNotSupported { .. }), "{refused:?}");
}

/// The limit is met in the middle: of one chunk nothing is written, of several the first stay, and the other readable rows
/// are unprocessed.
#[test]
fn rows_that_a_failed_file_never_came_to_are_unprocessed() {
    let csv = "Name,Email\na,a@x.com\n\"b,c\",bad\nd,d@x.com\ne,e@x.com\n";
    let spec = spec(Operation::Insert, None);
    let failed = |chunk_bytes_max: usize| {
        let mut bench = Bench::new();
        bench.limits.rows_max = 3;
        bench.limits.chunk_bytes_max = chunk_bytes_max;
        bench.job = 1;
        assert!(matches!(bench.run(&spec, csv, &mut ()), Ok(Outcome::Failed(..))));
        bench.result(&spec, csv)
    };
    assert_eq!(
        failed(usize::MAX),
        "Name,Email,STATUS,RECORD_ID,ERRORS\n\
         a,a@x.com,UNPROCESSED,,\n\
         \"b,c\",bad,UNPROCESSED,,\n\
         d,d@x.com,UNPROCESSED,,\n"
    );
    let in_chunks = failed(1);
    assert!(
        in_chunks.starts_with(
            "Name,Email,STATUS,RECORD_ID,ERRORS\na,a@x.com,ADDED,#1.1,\n\"b,c\",bad,SKIPPED,,INVALID_DATA-Email\n"
        ),
        "{in_chunks}"
    );
}

#[test]
fn the_file_in_the_zip_is_named_after_the_module_and_the_csv() {
    let mut bench = Bench::new();
    let mut check = |csv_name: &str, expected: &str| {
        let prepared = bench.prepare(&spec(Operation::Insert, None), zip_of(csv_name, "Name\nNg\n")).unwrap();
        assert_eq!(entry_name(&prepared), expected);
    };
    check("things.csv", "Things-things.csv");
    check("Fil2.CSV", "Things-Fil2.csv");
    check("my.leads.csv", "Things-my.leads.csv");
}

/// Columns without a name, or with the same one, can be mapped by their places.
#[test]
fn empty_and_repeated_headers_do_no_harm() {
    let csv = "Name,Name,,\" \"\nNg,a@example.com,x,c1\nLi,none,1,c2\n";
    check(
        &mapped(Operation::Insert, None, &["Name", "Email", "Count", "Code"]),
        csv,
        "Name,Name,,STATUS,RECORD_ID,ERRORS\n\
         Ng,a@example.com,x,SKIPPED,,INVALID_DATA-Count\n\
         Li,none,1,SKIPPED,,INVALID_DATA-Name\n",
    );
    // Where names decide, columns without one are passed over.
    check(
        &spec(Operation::Insert, None),
        "Name,,\" \",_,\nNg,1,2,3,4\n",
        "Name,STATUS,RECORD_ID,ERRORS\nNg,ADDED,#2.1,\n",
    );
}
