use std::ops::ControlFlow;

use super::*;
use crate::spec::Operation;
use crate::testkit::{Bench, mappings, short_id, spec, zip_of};
use crate::verdict::{Counts, Reason, RowCode};

const CSV: &str = "Full Name, Mail ,Note,Code,Done\n\
    Smith,a@example.com,x,c1,1\n\
    \"two\nlines\",bad,,C1,x\n\
    ,,,,\u{1b}[31m\n\
    only,two\n\
    \n\
    Last,z@example.com,,c1,0\n";

fn insert() -> ResourceSpec {
    let mut spec = spec(Operation::Insert, None);
    spec.mappings = mappings(&["Name", "Email", "-", "Code", "Done"]);
    spec
}

/// A bench whose present job is through.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.import(&insert(), CSV);
    bench
}

impl Bench {
    fn known<'k>(
        &mut self,
        spec: &'k ResourceSpec,
        ledger: &'k [LedgerRow],
        csv: Option<&str>,
    ) -> Known<'k, impl Iterator<Item = Result<LedgerRow, StoreError>> + use<'k>> {
        let source = csv.map(|csv| self.prepare(spec, zip_of("things.csv", csv)).unwrap());
        let ledger = ledger.iter().cloned().map(Ok);
        Known { spec, ledger, block: Some(self.block()), source, is_over: true }
    }

    /// The rows of the present job, one line each and one more for each fault.
    fn full(&mut self, csv: Option<&str>, filter: &Filter, from: u64) -> String {
        let (spec, ledger) = (insert(), self.ledger());
        let mut text = String::new();
        let see = |row: FullRow| {
            text.push_str(&line(&row));
            ControlFlow::Continue(())
        };
        walk(self.known(&spec, &ledger, csv), filter, from, see).unwrap();
        text
    }

    /// The numbers of the rows that a filter takes.
    fn numbers(&mut self, filter: &Filter) -> Vec<u64> {
        let (spec, ledger) = (insert(), self.ledger());
        let mut numbers = Vec::new();
        let see = |row: FullRow| {
            numbers.push(row.number);
            ControlFlow::Continue(())
        };
        walk(self.known(&spec, &ledger, Some(CSV)), filter, 1, see).unwrap();
        numbers
    }
}

fn line(row: &FullRow) -> String {
    let place = row.place.map(|place| format!(" line {} byte {}", place.line, place.byte)).unwrap_or_default();
    let record = row.record.map(|id| format!(" {}", short_id(id.0))).unwrap_or_default();
    let faults: Vec<_> = row.faults.iter().map(|fault| format!("  {}\n", told(fault))).collect();
    format!("{}{place} {}{record}\n{}", row.number, row.status.as_str(), faults.concat())
}

fn told(fault: &FullFault) -> String {
    let (code, reason) = (fault.code.as_str(), fault.reason.words().name);
    let (column, field) = (fault.column.as_deref().unwrap_or("-"), fault.field.as_deref().unwrap_or("-"));
    format!("{code} {reason} [{column}] {field} {:?}: {}", fault.value, fault.message)
}

#[test]
fn every_row_is_told_with_its_place_and_each_of_its_faults() {
    insta::assert_snapshot!(bench().full(Some(CSV), &Filter::default(), 1), @r#"
    1 line 2 byte 32 ADDED #1.1
    2 line 3 byte 59 SKIPPED
      INVALID_DATA not_an_email [ Mail ] Email Some("bad"): the value is no e-mail address
      INVALID_DATA not_a_boolean [Done] Done Some("x"): the value is neither true nor false
    3 line 5 byte 81 SKIPPED
      MANDATORY_NOT_FOUND empty [Full Name] Name Some(""): the cell is empty and the field needs a value
      INVALID_DATA not_a_boolean [Done] Done Some("\\u{1b}[31m"): the value is neither true nor false
    4 line 6 byte 91 SKIPPED
      INVALID_DATA too_few_cells [Note] - Some("only,two"): the row has 2 cells, and the header has 5 (line 6, column 3, byte 99)
    5 line 8 byte 101 SKIPPED
      DUPLICATE_DATA value_taken [Code] Code Some("c1"): another record holds this value of a unique field
    "#);
}

#[test]
fn without_the_upload_the_ledger_tells_what_it_knows() {
    insta::assert_snapshot!(bench().full(None, &Filter::default(), 2), @r"
    2 SKIPPED
      INVALID_DATA not_an_email [-] Email None: the value is no e-mail address
      INVALID_DATA not_a_boolean [-] Done None: the value is neither true nor false
    3 SKIPPED
      MANDATORY_NOT_FOUND empty [-] Name None: the cell is empty and the field needs a value
      INVALID_DATA not_a_boolean [-] Done None: the value is neither true nor false
    4 SKIPPED
      INVALID_DATA too_few_cells [-] - None: the row has fewer cells than the header
    5 SKIPPED
      DUPLICATE_DATA value_taken [-] Code None: another record holds this value of a unique field
    ");
}

#[test]
fn filters_ask_for_one_fault_that_is_all_of_it() {
    let mut bench = bench();
    let mut check = |filter: Filter, expected: &[u64]| assert_eq!(bench.numbers(&filter), expected, "{filter:?}");
    check(Filter::default(), &[1, 2, 3, 4, 5]);
    check(Filter { statuses: vec![Status::Added, Status::Updated], ..Filter::default() }, &[1]);
    check(Filter { statuses: vec![Status::Skipped], ..Filter::default() }, &[2, 3, 4, 5]);
    check(Filter { statuses: vec![Status::Unprocessed], ..Filter::default() }, &[]);
    check(Filter { codes: vec![RowCode::DuplicateData, RowCode::MandatoryNotFound], ..Filter::default() }, &[3, 5]);
    check(Filter { reasons: vec![Reason::TooFewCells], ..Filter::default() }, &[4]);
    check(Filter { mappings: vec![1], ..Filter::default() }, &[2]);
    check(Filter { codes: vec![RowCode::InvalidData], mappings: vec![3], ..Filter::default() }, &[2, 3]);
    check(Filter { codes: vec![RowCode::MandatoryNotFound], mappings: vec![3], ..Filter::default() }, &[]);
    check(Filter { statuses: vec![Status::Added], codes: vec![RowCode::InvalidData], ..Filter::default() }, &[]);
}

#[test]
fn who_has_seen_enough_is_shown_no_more() {
    let mut bench = bench();
    let (spec, ledger) = (insert(), bench.ledger());
    let mut seen = Vec::new();
    let see = |row: FullRow| {
        seen.push(row.number);
        if seen.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    walk(bench.known(&spec, &ledger, Some(CSV)), &Filter::default(), 2, see).unwrap();
    assert_eq!(seen, [2, 3]);
}

/// The chunks of a job that failed in the middle: rows behind them are unprocessed, and while a job runs they are not told.
#[test]
fn rows_behind_the_last_chunk_are_told_once_they_stay_without_a_verdict() {
    const ROWS: &str = "Name\na\nb\nc\nd\n";
    let mut bench = Bench::new();
    bench.limits.chunk_bytes_max = 1;
    let spec = spec(Operation::Insert, None);
    bench.import(&spec, ROWS);
    let ledger = &bench.ledger()[..2];
    let mut of = |is_over: bool, statuses: Vec<Status>, from: u64| {
        let mut text = String::new();
        let see = |row: FullRow| {
            text.push_str(&line(&row));
            ControlFlow::Continue(())
        };
        let known = Known { is_over, ..bench.known(&spec, ledger, Some(ROWS)) };
        walk(known, &Filter { statuses, ..Filter::default() }, from, see).unwrap();
        text
    };
    assert_eq!(of(false, vec![], 1), "1 line 2 byte 5 ADDED #1.1\n2 line 3 byte 7 ADDED #1.2\n");
    let rest = "3 line 4 byte 9 UNPROCESSED\n4 line 5 byte 11 UNPROCESSED\n";
    assert_eq!(of(true, vec![], 2), format!("2 line 3 byte 7 ADDED #1.2\n{rest}"));
    assert_eq!(of(true, vec![Status::Unprocessed], 1), rest);
    assert_eq!(of(true, vec![], 4), "4 line 5 byte 11 UNPROCESSED\n");
    assert_eq!(of(true, vec![], 9), "");
}

#[test]
fn columns_are_found_by_the_headers_text_and_by_the_field() {
    let mut bench = Bench::new();
    let spec = insert();
    let source = bench.prepare(&spec, zip_of("things.csv", CSV)).unwrap();
    let check = |source: Option<&Prepared>, name: &str, expected: &[u16]| {
        assert_eq!(mappings_named(source, &spec, name), expected, "{name}");
    };
    check(Some(&source), "mail", &[1]);
    check(Some(&source), "Email", &[1]);
    check(Some(&source), "full name", &[0]);
    check(Some(&source), "Note", &[]);
    check(None, "mail", &[]);
    check(None, "email", &[1]);
}

#[test]
fn faults_are_counted_by_what_they_are_and_shown_by_their_first_row() {
    let mut bench = bench();
    let (spec, ledger) = (insert(), bench.ledger());
    let mut told_of = |csv: Option<&str>| {
        let Groups { groups, left_off, counts } = groups(bench.known(&spec, &ledger, csv)).unwrap();
        assert_eq!((left_off, counts), (0, Counts { added: 1, updated: 0, skipped: 4 }));
        let line = |group: &Group| {
            let line = group.place.map(|place| place.line);
            format!("{} from row {} line {line:?}: {}\n", group.rows, group.first_row, told(&group.fault))
        };
        groups.iter().map(line).collect::<String>()
    };
    insta::assert_snapshot!(told_of(Some(CSV)), @r#"
    2 from row 2 line Some(3): INVALID_DATA not_a_boolean [Done] Done Some("x"): the value is neither true nor false
    1 from row 2 line Some(3): INVALID_DATA not_an_email [ Mail ] Email Some("bad"): the value is no e-mail address
    1 from row 3 line Some(5): MANDATORY_NOT_FOUND empty [Full Name] Name Some(""): the cell is empty and the field needs a value
    1 from row 4 line Some(6): INVALID_DATA too_few_cells [Note] - Some("only,two"): the row has 2 cells, and the header has 5 (line 6, column 3, byte 99)
    1 from row 5 line Some(8): DUPLICATE_DATA value_taken [Code] Code Some("c1"): another record holds this value of a unique field
    "#);
    insta::assert_snapshot!(told_of(None), @r"
    2 from row 2 line None: INVALID_DATA not_a_boolean [-] Done None: the value is neither true nor false
    1 from row 2 line None: INVALID_DATA not_an_email [-] Email None: the value is no e-mail address
    1 from row 3 line None: MANDATORY_NOT_FOUND empty [-] Name None: the cell is empty and the field needs a value
    1 from row 4 line None: INVALID_DATA too_few_cells [-] - None: the row has fewer cells than the header
    1 from row 5 line None: DUPLICATE_DATA value_taken [-] Code None: another record holds this value of a unique field
    ");
}

#[test]
fn a_file_that_ends_before_its_verdicts_is_told() {
    let mut bench = bench();
    let (spec, ledger) = (insert(), bench.ledger());
    let known = bench.known(&spec, &ledger, Some("Full Name, Mail ,Note,Code,Done\nSmith,a@example.com,x,c1,1\n"));
    let short = walk(known, &Filter::default(), 1, |_| ControlFlow::Continue(()));
    assert!(matches!(short, Err(ResultError::SourceShort { rows: 1, settled: 2 })), "{short:?}");
}
