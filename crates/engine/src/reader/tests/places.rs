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
fn undecodable_bytes_are_told_by_column_and_byte() {
    // A mark settles on UTF-8 whatever share of the lines is broken.
    check(
        b"\xEF\xBB\xBFa,b,c\nM\xFCller,2,3\n4,\"5 \xE2\x82\",6\n7,8,9\xC3\n1,2,3\n",
        &[
            "1 line 2 byte 9..20 [\"M\u{FFFD}ller\", \"2\", \"3\"] Undecodable { column: 0, byte: 10 }",
            "2 line 3 byte 20..31 [\"4\", \"5 \u{FFFD}\", \"6\"] Undecodable { column: 1, byte: 25 }",
            "3 line 4 byte 31..38 [\"7\", \"8\", \"9\u{FFFD}\"] Undecodable { column: 2, byte: 36 }",
            r#"4 line 5 byte 38..44 ["1", "2", "3"]"#,
        ],
    );
}

#[test]
fn the_first_cause_is_the_one_that_is_told() {
    check(
        b"\xEF\xBB\xBFa,b\n\"1\"x,2\xFF,3\n\xFF\n",
        &[
            "1 line 2 byte 7..17 [\"\\\"1\\\"x\", \"2\u{FFFD}\"] TextAfterQuote { column: 0 }",
            "2 line 3 byte 17..19 [\"\u{FFFD}\"] TooFewCells { found: 1, expected: 2 }",
        ],
    );
}

/// Longer than a row may be in these tests (4096 bytes): nothing of it is held but its first cells.
#[test]
fn a_row_that_is_streamed_past_keeps_its_first_cells_and_its_place() {
    let long = "z".repeat(5000);
    check(
        format!("a,b,c\nA,B,{long}\r\n1,2,3\n").as_bytes(),
        &[
            r#"1 line 2 byte 6..5012 ["A", "B"] CellTooLong { column: 2 }"#,
            r#"2 line 3 byte 5012..5018 ["1", "2", "3"]"#,
        ],
    );
    check(
        format!("a,b,c\nA,\"{long}\n\r\n\r\",C\n1,2,3\n").as_bytes(),
        &[r#"1 line 2 byte 6..5017 ["A"] CellTooLong { column: 1 }"#, r#"2 line 6 byte 5017..5023 ["1", "2", "3"]"#],
    );
    check(
        format!("a,b,c\nA,\"\"\"B\"\"\",{}\r1,2,3", "1,".repeat(3000)).as_bytes(),
        &[
            r#"1 line 2 byte 6..6017 ["A", "\"B\"", "1"] TooManyCells { found: 3003, expected: 3 }"#,
            r#"2 line 3 byte 6017..6022 ["1", "2", "3"]"#,
        ],
    );
    check(format!("a,b,c\nA,\"B\n{long}").as_bytes(), &[r#"1 line 2 byte 6..5011 ["A"] OpenQuote { column: 1 }"#]);
    check(
        format!("a,b,c\nA,\"B\"x,{long}\n1,2,3").as_bytes(),
        &[
            r#"1 line 2 byte 6..5014 ["A", "\"B\"x"] TextAfterQuote { column: 1 }"#,
            r#"2 line 3 byte 5014..5019 ["1", "2", "3"]"#,
        ],
    );
}
