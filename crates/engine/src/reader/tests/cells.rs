//! What the cells of a row are.

use super::{cells_of, open_sized};

fn check(file: &str, expected: &[&str]) {
    assert_eq!(cells_of(file.as_bytes()), expected, "{file:?}");
}

#[test]
fn every_line_end_ends_a_record() {
    check("a,b\n1,2\n3,4\n", &[r#"["1", "2"]"#, r#"["3", "4"]"#]);
    check("a,b\r\n1,2\r\n3,4\r\n", &[r#"["1", "2"]"#, r#"["3", "4"]"#]);
    check("a,b\r1,2\r3,4\r", &[r#"["1", "2"]"#, r#"["3", "4"]"#]);
    check("a,b\n1,2\r3,4\r\n5,6", &[r#"["1", "2"]"#, r#"["3", "4"]"#, r#"["5", "6"]"#]);
    check("a,b\n1,2", &[r#"["1", "2"]"#]);
    check("a,b\n1,", &[r#"["1", ""]"#]);
    check("a,b\n1,\"2\"", &[r#"["1", "2"]"#]);
}

#[test]
fn empty_lines_are_no_rows_and_lines_of_nothing_else_are() {
    check("\n\r\n\ra,b\n\n\n1,2\n\r\n\n", &[r#"["1", "2"]"#]);
    check("a,b\n,\n\"\",\n\"\",\"\"\n", &[r#"["", ""]"#, r#"["", ""]"#, r#"["", ""]"#]);
    check("a\n\"\"\n\nx\n", &[r#"[""]"#, r#"["x"]"#]);
    check("a\n \n", &[r#"[" "]"#]);
    check("a,b\n", &[]);
    check("a,b", &[]);
}

#[test]
fn quoted_cells_hold_anything() {
    check("a,b\n\"1,2\",3\n", &[r#"["1,2", "3"]"#]);
    check("a,b\n\"1\n2\",\"3\r\n4\"\n", &[r#"["1\n2", "3\r\n4"]"#]);
    check("a,b\n\"1\r2\",3\n", &[r#"["1\r2", "3"]"#]);
    check("a,b\n\"say \"\"hi\"\"\",\"\"\"\"\n", &[r#"["say \"hi\"", "\""]"#]);
    check("a,b\n\"\"\"x\"\"\",\"\"\"\"\"\"\n", &[r#"["\"x\"", "\"\""]"#]);
    check("a,b\n\"\",\"x\"\r\n", &[r#"["", "x"]"#]);
    check("\"a,\"\"b\"\"\",c\n1,2\n", &[r#"["1", "2"]"#]);
}

#[test]
fn cells_are_given_as_they_stand() {
    check("a,b\n 1 ,\t2\n", &[r#"[" 1 ", "\t2"]"#]);
    check("a,b\n\" 1 \",  \n", &[r#"[" 1 ", "  "]"#]);
    check("a,b\nZoë,東京\n", &[r#"["Zoë", "東京"]"#]);
    check("a,b\n\0,1\n", &[r#"["\0", "1"]"#]);
}

#[test]
fn a_quote_inside_a_bare_cell_is_text() {
    check("a,b\n5\" nail,2\n", &[r#"["5\" nail", "2"]"#]);
    check("a,b\n5\"\"x,2\"\n", &[r#"["5\"\"x", "2\""]"#]);
    check("a,b\n \"x\",2\n", &[r#"[" \"x\"", "2"]"#]);
    // Also in a row that has to be copied for another cell's sake.
    check("a,b\n5\"\"x,\"\"\"y\"\n", &[r#"["5\"\"x", "\"y"]"#]);
}

#[test]
fn blanks_behind_a_closing_quote_are_passed_over() {
    check("a,b\n\"1\" ,\"2\" \t\n", &[r#"["1", "2"]"#]);
    check("a,b\n\"1\"  ,\"2\"   ", &[r#"["1", "2"]"#]);
}

#[test]
fn the_wrong_number_of_cells_spoils_only_its_row() {
    check(
        "a,b,c\n1,2\n1,2,3,4\n1,2,3\n1\n",
        &[
            r#"["1", "2"] TooFewCells { found: 2, expected: 3 }"#,
            r#"["1", "2", "3"] TooManyCells { found: 4, expected: 3 }"#,
            r#"["1", "2", "3"]"#,
            r#"["1"] TooFewCells { found: 1, expected: 3 }"#,
        ],
    );
    let wide = format!("a,b\n{}\n1,2\n", ",".repeat(1000));
    check(&wide, &[r#"["", ""] TooManyCells { found: 1001, expected: 2 }"#, r#"["1", "2"]"#]);
}

#[test]
fn text_after_a_closing_quote_spoils_only_its_row() {
    check("a,b\n\"1\"x,2\n3,4\n", &[r#"["\"1\"x", "2"] TextAfterQuote { column: 0 }"#, r#"["3", "4"]"#]);
    check("a,b\n1,\"2\" x\n3,4\n", &[r#"["1", "\"2\" x"] TextAfterQuote { column: 1 }"#, r#"["3", "4"]"#]);
    check("a,b\n1,\"2\" \"x\"\n3,4\n", &[r#"["1", "\"2\" \"x\""] TextAfterQuote { column: 1 }"#, r#"["3", "4"]"#]);
    check("a,b\n\"1\"x\"y,2\n3,4\n", &[r#"["\"1\"x\"y", "2"] TextAfterQuote { column: 0 }"#, r#"["3", "4"]"#]);
    check("a,b\n\"1\"x\n3,4\n", &[r#"["\"1\"x"] TextAfterQuote { column: 0 }"#, r#"["3", "4"]"#]);
}

#[test]
fn an_open_quote_takes_the_rest_of_the_file() {
    check("a,b\n1,2\n3,\"4\n5,6\n", &[r#"["1", "2"]"#, r#"["3", ""] OpenQuote { column: 1 }"#]);
    check("a,b\n\"", &[r#"[""] OpenQuote { column: 0 }"#]);
    check("a,b\n\"1\"\"", &[r#"[""] OpenQuote { column: 0 }"#]);
    check("a,b\n1,2,\"3\n", &[r#"["1", "2"] OpenQuote { column: 2 }"#]);
}

#[test]
fn a_cell_that_is_too_long_spoils_only_its_row() {
    let (fits, long) = ("x".repeat(100), "y".repeat(101));
    check(
        &format!("a,b\n{fits},{long}\n\"{fits}\",2\n"),
        &[&format!(r#"["{fits}", "{long}"] CellTooLong {{ column: 1 }}"#), &format!(r#"["{fits}", "2"]"#)],
    );
}

#[test]
fn asking_for_a_cell_that_is_not_there_gives_an_empty_one() {
    let mut reader = open_sized(b"a,b,c\n1\n", 64).unwrap();
    let row = reader.next_row().unwrap().unwrap();
    assert_eq!((row.cell(0), row.cell(1), row.cell(99), row.len(), row.is_empty()), ("1", "", "", 1, false));
}
