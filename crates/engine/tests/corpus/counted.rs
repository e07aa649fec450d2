//! Whatever stands in a file: the counters add up, the result has one line a row in file order, and each row is where it
//! is said to be.

use bulkwright_engine::import::Outcome;
use bulkwright_engine::record_store::RecordStore;
use bulkwright_engine::result::full::Status;
use bulkwright_engine::verdict::Counts;
use proptest::prelude::*;

use crate::case::{Job, zip_of};
use crate::org::{End, Org, Ran};

/// Bytes of a chunk: a few rows, so that most files are several.
const CHUNK_BYTES: usize = 256;
const ROWS_MAX: usize = 40;
const HEADER: [&str; 4] = ["Name", "Email", "Count", "Note"];

/// A row as it is written, with or without a fault. Numbers are picked from few, so that keys meet again.
#[derive(Clone, Copy, Debug)]
enum Written {
    Good(u8),
    Quoted(u8),
    OverLines(u8),
    NoName(u8),
    NoKey,
    BadKey,
    BadNumber(u8),
    TooLong(u8),
    TooFew,
    TooMany,
    TextAfterQuote,
    Undecodable,
    OnlyDelimiters,
}

#[derive(Clone, Debug)]
struct Table {
    delimiter: char,
    line_end: &'static str,
    has_mark: bool,
    /// Rows, and how many empty lines stand before each.
    rows: Vec<(Written, usize)>,
    /// The last row's quote is never closed.
    is_open: bool,
    ends_in_line_end: bool,
    /// The last so many rows are over the limit.
    over_limit: usize,
}

/// Where a row begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Start {
    line: u64,
    byte: u64,
}

fn written() -> impl Strategy<Value = Written> {
    let number = 0..8_u8;
    prop_oneof![
        6 => number.clone().prop_map(Written::Good),
        2 => number.clone().prop_map(Written::Quoted),
        2 => number.clone().prop_map(Written::OverLines),
        1 => number.clone().prop_map(Written::NoName),
        1 => Just(Written::NoKey),
        1 => Just(Written::BadKey),
        1 => number.clone().prop_map(Written::BadNumber),
        1 => number.prop_map(Written::TooLong),
        1 => Just(Written::TooFew),
        1 => Just(Written::TooMany),
        1 => Just(Written::TextAfterQuote),
        1 => Just(Written::Undecodable),
        1 => Just(Written::OnlyDelimiters),
    ]
}

prop_compose! {
    fn table()(
        delimiter in prop::sample::select(vec![',', ';', '\t', '|', ':']),
        line_end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        has_mark in any::<bool>(),
        rows in prop::collection::vec((written(), prop_oneof![4 => Just(0_usize), 1 => 1..3_usize]), 0..ROWS_MAX),
        is_open in prop::bool::weighted(0.2),
        ends_in_line_end in any::<bool>(),
        over_limit in prop_oneof![3 => Just(0_usize), 1 => 1..4_usize],
    ) -> Table {
        Table { delimiter, line_end, has_mark, rows, is_open, ends_in_line_end, over_limit }
    }
}

impl Table {
    /// The file, and where its rows begin.
    fn write(&self) -> (Vec<u8>, Vec<Start>) {
        let mut file = if self.has_mark { b"\xEF\xBB\xBF".to_vec() } else { Vec::new() };
        file.extend(HEADER.join(&self.delimiter.to_string()).bytes());
        let (mut line, mut starts) = (1, Vec::new());
        for (row, empty_lines) in &self.rows {
            (0..=*empty_lines).for_each(|_| file.extend(self.line_end.bytes()));
            line += *empty_lines as u64 + 1;
            starts.push(Start { line, byte: file.len() as u64 });
            let text = self.row(*row);
            line += text.windows(self.line_end.len()).filter(|bytes| *bytes == self.line_end.as_bytes()).count() as u64;
            file.extend(text);
        }
        if self.is_open {
            file.extend(self.line_end.bytes());
            starts.push(Start { line: line + 1, byte: file.len() as u64 });
            file.extend(format!("Open{}\"the rest", self.delimiter).bytes());
        }
        if self.ends_in_line_end {
            file.extend(self.line_end.bytes());
        }
        (file, starts)
    }

    fn row(&self, row: Written) -> Vec<u8> {
        let cells = |cells: [&str; 4]| cells.join(&self.delimiter.to_string()).into_bytes();
        let mail = |number: u8| format!("m{number}@example.com");
        let over_lines = format!("\"one{0}{1}two\"\"{0}\"", self.line_end, self.delimiter);
        match row {
            Written::Good(number) => cells([&format!("N{number}"), &mail(number), &number.to_string(), "ä"]),
            Written::Quoted(number) => cells(["\"N\"", &format!("\"{}\" ", mail(number)), "\"1\"", "\"\""]),
            Written::OverLines(number) => cells(["N", &mail(number), "", &over_lines]),
            Written::NoName(number) => cells(["", &mail(number), "1", ""]),
            Written::NoKey => cells(["N", "", "1", ""]),
            Written::BadKey => cells(["N", "nobody", "1", ""]),
            Written::BadNumber(number) => cells(["N", &mail(number), "many", ""]),
            Written::TooLong(number) => cells([&"x".repeat(21), &mail(number), "many", ""]),
            Written::TooFew => b"N".to_vec(),
            Written::TooMany => cells(["N", "", "1", &format!("{0}{0}x", self.delimiter)]),
            Written::TextAfterQuote => cells(["\"N\"x", "", "1", ""]),
            Written::Undecodable => [cells(["N", "", "1", ""]), b"\xFF".to_vec()].concat(),
            Written::OnlyDelimiters => cells(["", "", "", ""]),
        }
    }
}

fn job() -> impl Strategy<Value = Job> {
    let jobs = [("insert", None), ("insert", Some("Email")), ("update", Some("Email")), ("upsert", Some("Email"))];
    prop::sample::select(jobs.map(|(operation, find_by)| Job::by_names(operation, find_by)).to_vec())
}

/// An organisation with a record for some of the keys.
fn org() -> Org {
    let mut org = Org::new();
    let csv = "Name,Email\nOne,m1@example.com\nTwo,m2@example.com\nToo,M2@example.com\n";
    assert!(matches!(org.job(&Job::default(), || zip_of(csv.as_bytes())), End::Ran(_)));
    org.limits.chunk_bytes_max = CHUNK_BYTES;
    org
}

fn count(ran: &Ran, status: Status) -> u64 {
    ran.rows.iter().filter(|row| row.status == status).count() as u64
}

/// The counters are those of the rows, of the ledger and of the result.
fn check_counters(org: &mut Org, ran: &Ran, rows: u64) {
    let (Outcome::Completed(counts) | Outcome::Failed(counts, _) | Outcome::Stopped(counts)) = &ran.outcome;
    let told = Counts {
        added: count(ran, Status::Added),
        updated: count(ran, Status::Updated),
        skipped: count(ran, Status::Skipped),
    };
    assert_eq!(*counts, told);
    assert_eq!(counts.total() + count(ran, Status::Unprocessed), rows);
    let mut in_ledger = Counts::default();
    for chunk in org.store.ledger(org.present_job(), 0).unwrap() {
        in_ledger += chunk.counts;
        assert_eq!(in_ledger.total(), chunk.rows_through);
    }
    assert_eq!(in_ledger, *counts);
}

/// The result has a line for each row, in the order of the file.
fn check_result(ran: &Ran) {
    let mut reader = csv::Reader::from_reader(ran.result.as_bytes());
    assert_eq!(reader.headers().unwrap(), vec!["Name", "Email", "Count", "STATUS", "RECORD_ID", "ERRORS"]);
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(lines.len(), ran.rows.len());
    for (line, row) in lines.iter().zip(&ran.rows) {
        let id = row.record.map(|id| id.0.to_string()).unwrap_or_default();
        assert_eq!((&line[3], &line[4]), (row.status.as_str(), &*id), "row {}", row.number);
        assert_eq!(line[5].is_empty(), row.status != Status::Skipped, "row {}", row.number);
    }
}

fn check_places(file: &[u8], ran: &Ran, starts: &[Start]) {
    for (row, (number, start)) in ran.rows.iter().zip((1..).zip(starts)) {
        let place = row.place.unwrap();
        assert_eq!((row.number, Start { line: place.line, byte: place.byte }), (number, *start));
        let before = &file[..place.byte as usize];
        assert!(before.ends_with(b"\n") || before.ends_with(b"\r"), "row {number} begins a line");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_add_up_and_every_row_has_its_line_and_its_place(table in table(), job in job()) {
        let (file, starts) = table.write();
        let readable = starts.len().saturating_sub(table.over_limit);
        let mut org = org();
        if table.over_limit > 0 {
            org.limits.rows_max = readable as u64;
        }
        let End::Ran(ran) = org.job(&job, || zip_of(&file)) else { panic!("it was refused") };
        let is_over = readable < starts.len();
        prop_assert_eq!(matches!(ran.outcome, Outcome::Failed(..)), is_over, "{:?}", ran.outcome);
        check_counters(&mut org, &ran, readable as u64);
        check_result(&ran);
        check_places(&file, &ran, &starts);
    }
}
