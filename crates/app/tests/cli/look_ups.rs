//! Files that point to one another, in the forms of another country, through the mapping options of `load`.

use crate::program::Place;

fn example(place: &Place, name: &str) {
    place.write(name, std::fs::read(crate::program::example(name)).unwrap());
}

/// The words that load the example of deals, as the README has them.
const DEALS: [&str; 20] = [
    "load",
    "deals-de.csv",
    "-m",
    "Deals",
    "--map",
    "Auftrag=Deal_Name",
    "--map",
    "Firma=Account_Name",
    "--map",
    "Ansprechpartner=Contact_Name",
    "--map",
    "Betrag=Amount",
    "--map",
    "Abschluss=Closing_Date",
    "--map",
    "Phase=Stage",
    "--format",
    "Closing_Date=dd.MM.yyyy",
    "--format",
    "Amount=#.##0,00 €",
];

#[test]
fn the_examples_point_to_one_another() {
    let place = Place::new();
    ["accounts.csv", "contacts.csv", "deals-de.csv"].iter().for_each(|name| example(&place, name));
    place.run(&["load", "accounts.csv", "-m", "Accounts"]).ends(0);
    let ran = place.run(&["load", "contacts.csv", "-m", "Contacts", "-v"]).ends(0);
    assert!(ran.err.contains("  Account Name -> Account_Name, looked up by Account_Name\n"), "{}", ran.err);
    assert!(ran.err.contains("  Reporting To -> Reporting_To, looked up by Full_Name\n"), "{}", ran.err);
    let ran = place.run(&[&DEALS[..], &["--default", "Stage=Qualification", "-v"]].concat()).ends(3);
    assert!(ran.err.contains("  Abschluss -> Closing_Date, written as dd.MM.yyyy\n"), "{}", ran.err);
    assert!(ran.err.contains("  Phase -> Stage, Qualification where it is empty\n"), "{}", ran.err);
    assert!(
        ran.err.contains("line 5: INVALID_DATA Firma `Unbekannt AG`: no record, or more than one, has this value"),
        "{}",
        ran.err
    );
    let again = "bulkwright load ./deals-de.errors.csv --module Deals --map Auftrag=Deal_Name --map Firma=Account_Name";
    assert!(ran.out.contains(again), "{}", ran.out);
    assert!(ran.out.contains(" --format 'Amount=#.##0,00 €' --default Stage=Qualification"), "{}", ran.out);
    let told: Vec<String> = place
        .table("deals-de.results.csv")
        .iter()
        .map(|row| format!("{} {} {}", row.cells()[0], row.get("_status"), row.get("_code")))
        .collect();
    assert_eq!(
        told,
        ["Kessel erneuern ADDED ", "Wartung 2027 ADDED ", "Lager umbauen ADDED ", "Pilot SKIPPED INVALID_DATA",]
    );
    let sql = "SELECT Deal_Name, Amount, Closing_Date, Stage, (SELECT Account_Name FROM accounts WHERE id = deals.Account_Name),
                   (SELECT Full_Name FROM contacts WHERE id = deals.Contact_Name) FROM deals ORDER BY id";
    let shell = std::process::Command::new("sqlite3")
        .arg("-readonly")
        .arg(place.path("bulkwright-data/records.db"))
        .arg(sql)
        .output()
        .expect("the sqlite3 shell is needed for this test: install it");
    assert_eq!(
        String::from_utf8_lossy(&shell.stdout),
        "Kessel erneuern|12500.0|2027-03-31|Proposal/Price Quote|Hartmann Werke GmbH|Anke Hartmann\n\
         Wartung 2027|1234.5|2027-01-01|Qualification|Hartmann Werke GmbH|Jonas Weber\n\
         Lager umbauen|98000.0|2027-06-15|Qualification|Lindqvist & Söner AB|Elsa Lindqvist\n"
    );
}

#[test]
fn mistakes_in_the_options_are_told_before_anything_is_sent() {
    let place = Place::new();
    place.write("x.csv", b"Last Name,Firm,Day\nA,B,C\n");
    let check = |flags: &[&str], message: &str| {
        let ran = place.run(&[&["load", "x.csv", "-m", "Contacts"], flags].concat()).ends(2);
        assert!(ran.err.contains(message), "{flags:?}: {}", ran.err);
    };
    check(
        &["--map", "Firma=Account_Name"],
        "--map Firma=Account_Name: the file has no column Firma; it has Last Name, Firm, Day",
    );
    check(&["--map", "Firm=Acount"], "--map Firm=Acount: the module has no field Acount; it has ");
    check(&["--map", "Firm=Created_Time"], "--map Firm=Created_Time: Created_Time is read-only");
    check(&["--map", "Firm"], "write it as NAME=VALUE");
    check(
        &["--format", "Last_Name=dd.MM.yyyy"],
        "--format Last_Name=dd.MM.yyyy: Last_Name is of type text, which no pattern describes",
    );
    check(
        &["--format", "Date_of_Birth=dd.MM.yyyy"],
        "--format Date_of_Birth=dd.MM.yyyy: no column of the file carries Date_of_Birth",
    );
    check(&["--default", "Colour=red"], "--default Colour=red: the module has no field Colour; it has ");
    assert!(!place.path("x.results.csv").exists());
}

#[test]
fn a_default_without_a_column_and_a_layout_hold_for_all_rows() {
    let place = Place::new();
    place.write("x.csv", b"Last Name\nA\nB\n");
    place.run(&["load", "x.csv", "-m", "Leads", "--default", "Lead_Source=Chat", "--layout", "standard"]).ends(0);
    let ran = place.run(&["load", "x.csv", "-m", "Leads", "--layout", "Partners"]).ends(4);
    assert!(ran.err.contains("Leads has no layout Partners: use Standard ("), "{}", ran.err);
}
