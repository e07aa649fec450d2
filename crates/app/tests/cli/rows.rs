//! What became of each row, asked of a server of one's own; and codes in words.

use serde_json::Value;

use crate::program::Place;

const CSV: &str = "Last_Name,Email\nNg,ng@example.com\n,li@example.com\nHo,ho at example.com\n";

impl Place {
    /// Loads a file with rows that are wrong into the server that is there; the job's id.
    fn loaded(&self) -> String {
        self.write("leads.csv", CSV);
        let loaded = self.run(&["load", "leads.csv", "-m", "Leads"]).ends(3);
        let id = loaded.job().to_owned();
        assert!(
            loaded.out.contains(&format!("\nreasons:  bulkwright job rows {id} --status skipped\n")),
            "{}",
            loaded.out
        );
        id
    }
}

#[test]
fn rows_are_shown_with_what_is_wrong_with_them() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    let id = place.loaded();
    let shown = place.run(&["job", "rows", &id, "--status", "skipped"]).ends(0);
    let cells: Vec<Vec<&str>> = shown.out.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let cells: Vec<Vec<&str>> =
        cells.into_iter().map(|line| line.into_iter().filter(|cell| !cell.is_empty()).collect()).collect();
    assert_eq!(cells[0], ["ROW", "LINE", "STATUS", "RECORD", "CODE", "REASON", "COLUMN", "VALUE", "ADVICE"]);
    let fill = "Fill the cell, or give the mapping a default_value.";
    assert_eq!(cells[1], ["2", "3", "SKIPPED", "MANDATORY_NOT_FOUND", "empty", "Last_Name", fill]);
    let address = "Write an address like name@example.com.";
    let ho = "ho at example.com";
    assert_eq!(cells[2], ["3", "4", "SKIPPED", "INVALID_DATA", "not_an_email", "Email", ho, address]);
    assert_eq!(cells.len(), 3);

    let first = place.run(&["job", "rows", &id, "--limit", "1"]).ends(0);
    assert_eq!(first.last_words(), "there are more: add --from 2, or --format csv --output FILE for all");
    let none = place.run(&["job", "rows", &id, "--code", "DUPLICATE_DATA"]).ends(0);
    assert_eq!((none.out.as_str(), none.last_words()), ("", "no such rows"));

    let json = place.run(&["job", "rows", &id, "--json", "--column", "email"]).ends(0).out;
    let row: Value = serde_json::from_str(json.trim_end()).unwrap();
    assert_eq!((&row["row"], &row["errors"][0]["reason"]), (&3.into(), &"not_an_email".into()));
    assert_eq!(place.run(&["job", "rows", &id, "--format", "jsonl", "--column", "Email"]).ends(0).out, json);

    let output = ["job", "rows", &id, "--format", "csv", "--output", "rows.csv"];
    let saved = place.run(&output).ends(0);
    assert_eq!(saved.last_words(), format!("rows of job {id}: rows.csv"));
    let rows = place.table("rows.csv");
    let statuses: Vec<&str> = rows.iter().map(|row| row.get("status")).collect();
    assert_eq!(statuses, ["ADDED", "SKIPPED", "SKIPPED"]);
    assert_eq!((rows[2].get("value"), rows[2].get("line")), (ho, "4"));
    assert!(place.run(&output).ends(2).last_words().contains("rows.csv is there already"));
    place.run(&[&output[..], &["--force"]].concat()).ends(0);
}

#[test]
fn what_cannot_be_shown_says_why() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    let id = place.loaded();
    let wrong = place.run(&["job", "rows", &id, "--status", "done"]).ends(4);
    assert!(wrong.last_words().contains("ADDED, UPDATED, SKIPPED, UNPROCESSED"), "{}", wrong.err);
    let wrong = place.run(&["job", "rows", &id, "--format", "csv", "--column", "Company"]).ends(4);
    assert!(wrong.last_words().contains("Company is none"), "{}", wrong.err);
    place.run(&["job", "rows", "1"]).ends(7);
}

#[test]
fn a_job_is_shown_with_its_errors_counted() {
    let place = Place::new();
    let _serving = place.start(&["serve"]);
    let id = place.loaded();
    let shown = place.run(&["job", "show", &id]).ends(0).out;
    let errors: Vec<&str> = shown.lines().skip_while(|line| !line.starts_with("  errors ")).collect();
    let expected = [
        "  errors     1 row: MANDATORY_NOT_FOUND Last_Name, the cell is empty and the field needs a value (line 3): Fill the cell, \
         or give the mapping a default_value.",
        "  errors     1 row: INVALID_DATA Email, the value is no e-mail address (line 4 `ho at example.com`): Write an address like \
         name@example.com.",
        &format!("  look       bulkwright job rows {id} --status skipped"),
    ];
    assert_eq!(errors, expected, "{shown}");
}

#[test]
fn codes_are_explained() {
    let place = Place::new();
    let one = place.run(&["explain", "mandatory-not-found"]).ends(0).out;
    assert!(one.starts_with("MANDATORY_NOT_FOUND: Something that has to be there is missing.\n"), "{one}");
    assert!(one.contains("\n  reason    empty: the cell is empty"), "{one}");
    assert!(one.contains("\n  answer    HTTP 400: Required key find_by is not available\n"), "{one}");
    let cell = place.run(&["explain", "MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email"]).ends(0).out;
    let heads: Vec<&str> =
        cell.lines().filter(|line| !line.starts_with("  ") || line.starts_with("  columns")).collect();
    assert_eq!(heads[0], one.lines().next().unwrap());
    assert_eq!((heads[1], heads[2]), ("  columns   Company, Last_Name", ""));
    assert!(heads[3].starts_with("DUPLICATE_DATA: "));
    assert_eq!(heads[4], "  columns   Email");
    let json = place.run(&["explain", "not approved", "--json"]).ends(0).out;
    let told: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(told["codes"][0]["code"], "NOT_APPROVED");
    assert!(told["codes"][0]["never_because"].is_string(), "{json}");
    let listed = place.run(&["explain"]).ends(0).out;
    assert!(listed.lines().count() > 40 && listed.contains("\nINVALID_DATA "), "{listed}");
    let unknown = place.run(&["explain", "INVALID_DAT"]).ends(7);
    assert!(unknown.last_words().contains("did you mean INVALID_DATA"), "{}", unknown.err);
}
