//! Files as a whole: header, charset, delimiter, limits and failures.

use super::*;
use crate::archive::FileProblem;

#[test]
fn the_header_settles_delimiter_and_columns() {
    let check = |file: &[u8], delimiter: Delimiter, header: &[&str], raw: &[u8]| {
        for size in WINDOW_BYTES {
            let reader = open_sized(file, size).unwrap();
            assert_eq!(reader.delimiter(), delimiter);
            assert_eq!(reader.header(), header);
            assert_eq!(reader.header_raw(), raw);
            assert_eq!(reader.charset().name(), "UTF-8");
        }
    };
    check(b"a,b\r\n", Delimiter::Comma, &["a", "b"], b"a,b\r\n");
    check(b"\xEF\xBB\xBF\"a\";b\n1;2", Delimiter::Semicolon, &["a", "b"], b"\"a\";b\n");
    check(b"\n\n a \t\"b\"\"\"\r1\t2", Delimiter::Tab, &[" a ", "b\""], b" a \t\"b\"\"\"\r");
    check(b"a|b", Delimiter::Pipe, &["a", "b"], b"a|b");
    check(b"Name\n", Delimiter::Comma, &["Name"], b"Name\n");
    let trimmed = open_sized(b" a ,\tb\n", 64).unwrap();
    assert_eq!(trimmed.header_trimmed().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_file_without_a_readable_header_is_refused() {
    let check = |file: &[u8], expected: &str| assert_eq!(read_all(file), [expected]);
    check(b"", "the CSV has no header line; its first line must name the columns");
    check(b"\xEF\xBB\xBF\r\n\n", "the CSV has no header line; its first line must name the columns");
    check(
        b"a,\"b\n1,2\n",
        "the header cannot be read at line 1, column 2, byte 2: the quote that opens column 2 is never closed",
    );
    check(
        b"\na,\"b\"c\n1,2\n",
        "the header cannot be read at line 2, column 2, byte 6: text follows the closing quote of column 2; \
         double each quote inside a quoted cell",
    );
    check(b"a,b,c,d,e,f\n", "the header has 6 columns, and 5 are allowed; leave out the columns that are not needed");
    check(b"a,b\0\n1,2\n", "the file is not a CSV: its first line has a zero byte at byte 3; save it as CSV in UTF-8");
    check(
        b"\xFF\xFEa\0,\0\0\0",
        "the file is not a CSV: its first line has a zero byte at byte 6; save it as CSV in UTF-8",
    );
}

#[test]
fn files_of_another_kind_are_named() {
    let check = |file: &[u8], what: &str| {
        let expected = format!("the file is not a CSV but {what}; save its table as CSV");
        assert_eq!(read_all(file), [expected]);
    };
    check(b"PK\x03\x04\x14\0", "a zip or an Excel workbook (.xlsx)");
    check(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0", "an old Excel workbook (.xls)");
    check(b"\x1F\x8B\x08\0", "a gzip file");
    check(b"%PDF-1.7\n", "a PDF document");
}

#[test]
fn a_header_with_undecodable_bytes_is_refused_even_if_utf8_is_named() {
    let opened = RowReader::open(&b"a,b\xE9\n1,2\n"[..], Some("utf-8"), &limits());
    let told = opened.map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        told,
        "the header cannot be read at line 1, column 2, byte 3: \
         column 2 has bytes that mean nothing in the file's charset; name the right one, or mend them"
    );
}

#[test]
fn one_row_too_many_ends_the_file() {
    let rows_of = |rows_max| {
        let limits = Limits { rows_max, ..limits() };
        let mut reader = RowReader::open(&b"a\n1\n\n2\n\"3\"x\n"[..], None, &limits).unwrap();
        let mut rows = 0;
        loop {
            match reader.next_row() {
                Ok(Some(_)) => rows += 1,
                Ok(None) => return (rows, String::new()),
                Err(problem) => return (rows, problem.to_string()),
            }
        }
    };
    assert_eq!(rows_of(3), (3, String::new()));
    assert_eq!(rows_of(2), (2, "the CSV has more than 2 rows; split it into files of at most 2 rows each".to_owned()));
}

#[test]
fn rows_before_a_failure_are_given_and_the_failure_keeps_its_type() {
    // The head is judged before the first row, so the failure must come behind it.
    let file = [b"a,b\n".as_slice(), &b"1,2\n".repeat(HEAD_BYTES / 4)].concat();
    for size in [64, 4096, 1 << 20] {
        let damaged = FileProblem::Damaged { reason: "its CRC is wrong".to_owned(), byte: 12 };
        let source = Dribble { bytes: &file, step: size, failure: Some(damaged.into()) };
        let sizes = Sizes { window_bytes: size, row_bytes_max: ROW_BYTES_MAX };
        let mut reader = RowReader::open_sized(source, None, &limits(), sizes).unwrap();
        let mut rows = 0;
        let problem = loop {
            match reader.next_row() {
                Ok(row) => rows += usize::from(row.expect("the end is a failure").problem.is_none()),
                Err(problem) => break problem,
            }
        };
        assert_eq!(rows, HEAD_BYTES / 4, "window of {size}");
        assert!(matches!(problem, ReadProblem::File(FileProblem::Damaged { byte: 12, .. })), "{problem:?}");
        assert!(matches!(reader.next_row(), Ok(None)));
    }
}

#[test]
fn the_parts_of_a_file_join_to_the_file() {
    let file = b"a,b\r\n1,2\r\n\"x\ny\",3\n\n,\n4,\"5\"x\n6";
    let mut reader = open_sized(file, 7).unwrap();
    let mut joined = reader.header_raw().to_vec();
    while let Some(row) = reader.next_row().unwrap() {
        joined.extend(row.raw().unwrap());
    }
    assert_eq!(joined, b"a,b\r\n1,2\r\n\"x\ny\",3\n,\n4,\"5\"x\n6", "all but the empty line");
}
