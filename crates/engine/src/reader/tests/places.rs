//! Where rows and faults are: number, line and byte.

use super::read_all;

fn check(file: &[u8], expected: &[&str]) {
    assert_eq!(read_all(file), expected, "{:?}", String::from_utf8_lossy(file));
}

#[test]
fn rows_know_their_place() {
    check(
        b"a,b\n1,2\n\n\"x\ny\",3\r\n4,5",
        &[
            r#"1 line 2 byte 4..8 ["1", "2"]"#,
            r#"2 line 4 byte 9..18 ["x\ny", "3"]"#,
            r#"3 line 6 byte 18..21 ["4", "5"]"#,
        ],
    );
    check(
        b"\n\na,b\r1,2\r\r\n\"\r\n\r\n\r\",3\r4,5",
        &[
            r#"1 line 4 byte 6..10 ["1", "2"]"#,
            r#"2 line 6 byte 12..22 ["\r\n\r\n\r", "3"]"#,
            r#"3 line 10 byte 22..25 ["4", "5"]"#,
        ],
    );
}

#[test]
fn a_byte_order_mark_counts_and_is_no_text() {
    check(b"\xEF\xBB\xBF\"a\",b\n1,2\n", &[r#"1 line 2 byte 9..13 ["1", "2"]"#]);
}

#[test]
fn undecodable_bytes_are_told_by_line_column_and_byte() {
    // A mark settles on UTF-8 whatever share of the lines is broken.
    check(
        b"\xEF\xBB\xBFa,b,c\nM\xFCller,2,3\n4,\"5\n \xE2\x82\",6\n7,8,9\xC3\n1,2,3\n",
        &[
            "1 line 2 byte 9..20 [\"M\u{FFFD}ller\", \"2\", \"3\"] Undecodable { column: 0 } at line 2, column 1, byte 10",
            "2 line 3 byte 20..32 [\"4\", \"5\\n \u{FFFD}\", \"6\"] Undecodable { column: 1 } at line 4, column 2, byte 26",
            "3 line 5 byte 32..39 [\"7\", \"8\", \"9\u{FFFD}\"] Undecodable { column: 2 } at line 5, column 3, byte 37",
            r#"4 line 6 byte 39..45 ["1", "2", "3"]"#,
        ],
    );
}

#[test]
fn every_fault_has_its_place() {
    check(
        b"a,b,c\n1,2\n\"x\ny\",2,\"3\n\",4,5\n\"\n\",\"z\n\" \"\",3\n\"\n\",\"open,3\n4,5,6\n",
        &[
            r#"1 line 2 byte 6..10 ["1", "2"] TooFewCells { found: 2, expected: 3 } at line 2, column 3, byte 9"#,
            r#"2 line 3 byte 10..27 ["x\ny", "2", "3\n"] TooManyCells { found: 5, expected: 3 } at line 5, column 4, byte 23"#,
            r#"3 line 6 byte 27..41 ["\n", "\"z\n\" \"\"", "3"] TextAfterQuote { column: 1 } at line 8, column 2, byte 35"#,
            r#"4 line 9 byte 41..59 ["\n", ""] OpenQuote { column: 1 } at line 10, column 2, byte 45"#,
        ],
    );
    let long = "y".repeat(101);
    check(
        format!("a,b\n\"\n\",\"{long}\"\n").as_bytes(),
        &[&format!(r#"1 line 2 byte 4..112 ["\n", "{long}"] CellTooLong {{ column: 1 }} at line 3, column 2, byte 8"#)],
    );
}

/// Longer than a row may be in these tests (4096 bytes): nothing of it is held but its first cells.
#[test]
fn a_row_that_is_streamed_past_keeps_its_first_cells_and_its_place() {
    let long = "z".repeat(5000);
    check(
        format!("a,b,c\nA,B,{long}\r\n1,2,3\n").as_bytes(),
        &[
            r#"1 line 2 byte 6..5012 ["A", "B"] CellTooLong { column: 2 } at line 2, column 3, byte 10"#,
            r#"2 line 3 byte 5012..5018 ["1", "2", "3"]"#,
        ],
    );
    check(
        format!("a,b,c\nA,\"{long}\n\r\n\r\",C\n1,2,3\n").as_bytes(),
        &[
            r#"1 line 2 byte 6..5017 ["A"] CellTooLong { column: 1 } at line 2, column 2, byte 8"#,
            r#"2 line 6 byte 5017..5023 ["1", "2", "3"]"#,
        ],
    );
    check(
        format!("a,b,c\nA,\"\"\"B\"\"\",{}\r1,2,3", "1,".repeat(3000)).as_bytes(),
        &[
            r#"1 line 2 byte 6..6017 ["A", "\"B\"", "1"] TooManyCells { found: 3003, expected: 3 } at line 2, column 4, byte 18"#,
            r#"2 line 3 byte 6017..6022 ["1", "2", "3"]"#,
        ],
    );
    check(
        format!("a,b,c\nA,\"B\n{long}").as_bytes(),
        &[r#"1 line 2 byte 6..5011 ["A"] OpenQuote { column: 1 } at line 2, column 2, byte 8"#],
    );
    check(
        format!("a,b,c\nA,\"B\"x,{long}\n1,2,3").as_bytes(),
        &[
            r#"1 line 2 byte 6..5014 ["A", "\"B\"x"] TextAfterQuote { column: 1 } at line 2, column 2, byte 11"#,
            r#"2 line 3 byte 5014..5019 ["1", "2", "3"]"#,
        ],
    );
}
