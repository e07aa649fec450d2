//! Large files, other forms of CSV, updates: every row keeps its own outcome.

use std::fmt::Write;

use crate::program::Place;

#[test]
fn a_file_of_three_jobs_is_joined_line_by_line() {
    let place = Place::new();
    let mut csv = "Company,Last_Name,Email,Description\n".to_owned();
    for row in 0..60_000 {
        let at = if row % 1_000 == 999 { " at " } else { "@" };
        let text = if row % 7 == 0 { "\"two\nlines, \"\"quoted\"\"\"" } else { "one" };
        writeln!(csv, "Company {row},Name {row},lead{row}{at}example.com,{text}").unwrap();
    }
    place.write("many.csv", &csv);
    let ran = place.run(&["load", "many.csv", "-m", "Leads", "--key", "Email"]).ends(3);
    assert!(ran.out.starts_with("59,940 added · 60 not written (60 INVALID_DATA Email)"), "{}", ran.out);
    assert_eq!(ran.job().split(", ").count(), 3, "{}", ran.out);
    let results = place.table("many.results.csv");
    assert_eq!(results.len(), 60_000);
    let mut line = 2;
    let mut ids = std::collections::HashSet::new();
    for (row, result) in results.iter().enumerate() {
        assert_eq!(result.get("Company"), format!("Company {row}"));
        assert_eq!(result.get("_line"), line.to_string());
        let bad = row % 1_000 == 999;
        assert_eq!(result.get("_status"), if bad { "SKIPPED" } else { "ADDED" }, "row {row}");
        assert!(bad || ids.insert(result.get("_record_id").to_owned()), "row {row} has an id of its own");
        line += if row % 7 == 0 { 2 } else { 1 };
    }
    assert_eq!(place.table("many.errors.csv").len(), 60);
}

#[test]
fn byte_order_mark_semicolons_and_crlf_are_read() {
    let place = Place::new();
    place.write("german.csv", "\u{feff}\"Last Name\";E-Mail;EMAIL;Ort\r\nMüller;x;mueller@example.com;\"Köln; Süd\"\r\nWeiß;y;kein Wert;Graz\r\n");
    let ran = place.run(&["load", "german.csv", "-m", "leads"]).ends(3);
    assert!(ran.err.contains("Read as UTF-8, semicolons, 4 columns; 2 columns sent"), "{}", ran.err);
    assert!(ran.err.contains("warning: not sent, as no field of Leads is called so: E-Mail, Ort"), "{}", ran.err);
    let results = place.table("german.results.csv");
    assert_eq!(
        (results[0].get("Ort"), results[0].get("_status"), results[0].get("_line")),
        ("Köln; Süd", "ADDED", "2")
    );
    assert_eq!(
        (results[1].get("_code"), results[1].get("_column"), results[1].get("_line")),
        ("INVALID_DATA", "EMAIL", "3")
    );
}

#[test]
fn records_are_updated_and_upserted_by_key() {
    let place = Place::new();
    let load = |csv: &str, op: &str| {
        place.write("x.csv", csv);
        let ran = place.run(&["load", "x.csv", "-m", "Leads", "--op", op, "--key", "Email"]);
        let row =
            |row: &crate::program::Row| format!("{} {}", row.get("_status"), row.get("_code")).trim_end().to_owned();
        (ran.code, place.table("x.results.csv").iter().map(row).collect::<Vec<_>>(), ids(&place))
    };
    let (code, statuses, first) = load("Last Name,Email\nA,a@example.com\nB,b@example.com\n", "insert");
    assert_eq!((code, statuses), (0, vec!["ADDED".to_owned(); 2]));
    let (code, statuses, ids) = load("Last Name,Email\nA2,A@example.com\nC,c@example.com\n", "update");
    assert_eq!((code, statuses), (3, vec!["UPDATED".to_owned(), "SKIPPED RESOURCE_NOT_FOUND".to_owned()]));
    assert_eq!(ids[0], first[0]);
    let (code, statuses, ids) = load("Last Name,Email\nC,c@example.com\nB2,b@example.com\n", "upsert");
    assert_eq!((code, statuses), (0, vec!["ADDED".to_owned(), "UPDATED".to_owned()]));
    assert_eq!(ids[1], first[1]);
    let (code, statuses, _) = load("Last Name,Email\nB,b@example.com\n", "insert");
    assert_eq!((code, statuses), (3, vec!["SKIPPED DUPLICATE_DATA".to_owned()]));
    place.write("y.csv", format!("Id,Company\n{},Acme\n", first[0]));
    place.run(&["load", "y.csv", "-m", "Leads", "--op", "update", "--key", "id"]).ends(0);
    assert_eq!(place.table("y.results.csv")[0].get("_record_id"), first[0]);
}

fn ids(place: &Place) -> Vec<String> {
    place.table("x.results.csv").iter().map(|row| row.get("_record_id").to_owned()).collect()
}

#[test]
fn rows_that_cannot_be_read_are_refused_and_the_others_go_on() {
    let place = Place::new();
    place.write("ragged.csv", "Last_Name,Company\nA,X\nB\nC,Y,Z\nD,W\n");
    let ran = place.run(&["load", "ragged.csv", "-m", "Leads"]).ends(3);
    assert!(ran.out.starts_with("2 added · 2 not written (2 INVALID_DATA)"), "{}", ran.out);
    assert!(ran.err.contains("line 3: INVALID_DATA: the row has 1 cells, and the header has 2"), "{}", ran.err);
    let statuses: Vec<String> =
        place.table("ragged.results.csv").iter().map(|row| row.get("_status").to_owned()).collect();
    assert_eq!(statuses, ["ADDED", "REFUSED", "REFUSED", "ADDED"]);
}
