//! From a zip on disk to rows, over every part in between.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::File;
use std::io::Write;

use bulkwright_engine::archive::{FileProblem, find_csv, open_csv};
use bulkwright_engine::inflate::InflateAhead;
use bulkwright_engine::limits::Limits;
use bulkwright_engine::reader::{ReadProblem, RowReader};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Enough that the file is several chunks long and ends well behind the head that is judged before the first row.
const ROWS: u64 = 100_000;

fn zip_on_disk() -> File {
    let mut zip = ZipWriter::new(tempfile::tempfile().unwrap());
    zip.start_file("leads.csv", SimpleFileOptions::default()).unwrap();
    let mut csv = b"\xEF\xBB\xBFLast_Name;Email;Remark\r\n".to_vec();
    for number in 1..=ROWS {
        write!(csv, "Müller {number};m{number}@example.com;\"said \"\"{number}\"\"\nand left\"\r\n").unwrap();
    }
    zip.write_all(&csv).unwrap();
    zip.finish().unwrap()
}

fn rows_of(file: File, limits: &Limits) -> (u64, Result<(), ReadProblem>) {
    let entry = find_csv(&mut &file, limits).unwrap();
    let source = InflateAhead::start(open_csv(file, &entry, limits).unwrap()).unwrap();
    let mut reader = RowReader::open(source, None, limits).unwrap();
    let mut rows = 0;
    loop {
        let row = match reader.next_row() {
            Ok(Some(row)) => row,
            Ok(None) => return (rows, Ok(())),
            Err(problem) => return (rows, Err(problem)),
        };
        rows += 1;
        assert_eq!((row.number, row.line, row.problem), (rows, rows * 2, None));
        assert_eq!(row.cell(0), format!("Müller {rows}"));
        assert_eq!(row.cell(2), format!("said \"{rows}\"\nand left"));
    }
}

#[test]
fn every_row_arrives() {
    let (rows, outcome) = rows_of(zip_on_disk(), &Limits::lifted());
    assert_eq!(rows, ROWS);
    outcome.unwrap();
}

#[test]
fn a_wrong_crc_is_told_behind_the_last_whole_row() {
    let mut zip = zip_on_disk();
    let mut bytes = Vec::new();
    std::io::Seek::rewind(&mut zip).unwrap();
    std::io::Read::read_to_end(&mut zip, &mut bytes).unwrap();
    let directory = memchr::memmem::rfind(&bytes, b"PK\x01\x02").unwrap();
    bytes[directory + 16] ^= 0xFF;
    let mut damaged = tempfile::tempfile().unwrap();
    damaged.write_all(&bytes).unwrap();

    let (rows, outcome) = rows_of(damaged, &Limits::lifted());
    assert_eq!(rows, ROWS);
    assert!(matches!(outcome, Err(ReadProblem::File(FileProblem::Damaged { .. }))), "{outcome:?}");
}

#[test]
fn a_row_too_many_stops_reading() {
    let (rows, outcome) = rows_of(zip_on_disk(), &Limits::default());
    assert_eq!(rows, 25_000);
    assert!(matches!(outcome, Err(ReadProblem::TooManyRows { limit: 25_000 })), "{outcome:?}");
}
