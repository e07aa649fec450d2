//! What a sample promises: the same bytes for ever, 16 cells a row, and exactly the bad rows that were asked for.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::lead::{COLUMNS, Column, HEADER};
use super::*;

type Row = Vec<String>;

/// Set to rewrite the files in examples/ after a deliberate change of the generator.
const REWRITE: &str = "BULKWRIGHT_REWRITE_EXAMPLES";

fn sample(rows: u64, seed: u64, bad: &str) -> Sample {
    Sample { rows, seed, bad: bad.parse().unwrap() }
}

fn text(sample: &Sample) -> (Vec<u8>, SampleReport) {
    let mut text = Vec::new();
    let report = write(sample, &mut text).unwrap();
    assert_eq!(report.bytes, text.len() as u64);
    (text, report)
}

fn rows(sample: &Sample) -> Vec<Row> {
    let (text, _) = text(sample);
    let mut reader = csv::Reader::from_reader(text.as_slice());
    assert_eq!(reader.headers().unwrap(), HEADER.as_slice());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn cell(row: &Row, column: Column) -> &str {
    &row[column as usize]
}

#[test]
fn a_seed_gives_these_bytes_for_ever() {
    let cases = [
        (sample(50_000, 7, "2%"), 14_350_100, 0xe6e8_06d7),
        (sample(1, 1, "0"), 461, 0x26228f6d),
        (sample(0, 1, "2%"), 161, 0x7fb443b4),
    ];
    for (sample, length, checksum) in cases {
        let (text, _) = text(&sample);
        assert_eq!((text.len(), crc32fast::hash(&text)), (length, checksum), "{sample:?}");
    }
}

#[test]
fn another_seed_gives_other_rows_and_a_longer_file_begins_with_the_shorter_one() {
    let (short, _) = text(&sample(100, 1, "0"));
    let (long, _) = text(&sample(3_000, 1, "0"));
    let (other, _) = text(&sample(100, 2, "0"));
    assert!(long.starts_with(&short));
    assert_ne!(short, other);
}

#[test]
fn examples_are_what_the_generator_writes() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for (name, sample) in [("leads.csv", sample(1_000, 1, "0")), ("leads-dirty.csv", sample(1_000, 2, "2%"))] {
        let path = folder.join(name);
        let (text, _) = text(&sample);
        if std::env::var_os(REWRITE).is_some() {
            fs_err::write(&path, &text).unwrap();
        }
        assert!(fs_err::read(&path).unwrap() == text, "{name} differs from {sample:?}; {REWRITE}=1 writes it again");
    }
}

#[test]
fn every_row_has_all_cells_and_the_size_of_a_real_lead() {
    let sample = sample(20_000, 3, "0");
    let (text, report) = text(&sample);
    let rows = rows(&sample);
    assert_eq!(rows.len(), 20_000);
    assert!(rows.iter().all(|row| row.len() == COLUMNS));
    assert!((270..=300).contains(&(text.len() / rows.len())), "{} bytes a row", text.len() / rows.len());
    assert_eq!((report.rows, report.bad_rows()), (20_000, 0));
    assert!(!text.contains(&b'\r'));
}

#[test]
fn good_rows_hold_what_the_leads_module_accepts() {
    for row in rows(&sample(5_000, 4, "0")) {
        assert_eq!(good_row_fault(&row), None, "{row:?}");
    }
}

#[test]
fn files_hold_what_makes_csv_hard() {
    let rows = rows(&sample(5_000, 5, "0"));
    let share = |holds: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count() * 100 / rows.len();
    let any = |wanted: char| move |row: &Row| row.iter().any(|cell| cell.contains(wanted));
    let cases: [(&str, usize, std::ops::RangeInclusive<usize>); 6] = [
        ("comma", share(&any(',')), 20..=70),
        ("quote", share(&any('"')), 5..=20),
        ("newline in Street", share(&|row| cell(row, Column::Street).contains('\n')), 3..=10),
        ("newline in Description", share(&|row| cell(row, Column::Description).contains('\n')), 5..=15),
        ("a name beyond ASCII", share(&|row| !cell(row, Column::LastName).is_ascii()), 20..=60),
        ("no mobile", share(&|row| cell(row, Column::Mobile).is_empty()), 20..=30),
    ];
    for (name, percent, expected) in cases {
        assert!(expected.contains(&percent), "{name}: {percent} %");
    }
}

#[test]
fn addresses_are_unique_when_no_row_is_bad() {
    let rows = rows(&sample(50_000, 6, "0"));
    let addresses: HashSet<_> = rows.iter().map(|row| cell(row, Column::Email).to_lowercase()).collect();
    assert_eq!(addresses.len(), rows.len());
}

#[test]
fn the_share_of_bad_rows_is_exact_and_the_kinds_take_turns() {
    let cases = [(1_000, "2%", 20), (10_000, "0.5%", 50), (999, "0.02", 20), (10, "100%", 10), (40, "1%", 0)];
    for (count, share, bad) in cases {
        let sample = sample(count, 11, share);
        let found = faults_found(&sample);
        let (_, report) = text(&sample);
        let counted: Vec<_> = report.faults().collect();
        assert_eq!(report.bad_rows(), bad, "{sample:?}");
        for (kind, expected) in counted {
            assert_eq!(found.get(kind.words()).copied().unwrap_or(0), expected, "{kind:?} in {sample:?}");
        }
        assert_eq!(found.values().sum::<u64>(), bad, "{sample:?}");
    }
}

#[test]
fn kinds_are_even_and_bad_rows_stand_everywhere() {
    let sample = sample(10_000, 12, "2%");
    let (_, report) = text(&sample);
    assert!(report.faults().all(|(_, count)| count == 40), "{report:?}");
    let places: Vec<usize> = bad_places(&sample);
    for tenth in places.chunks(20) {
        assert!(tenth[19] - tenth[0] > 200, "{tenth:?}");
    }
    assert!(places[0] < 500 && places[199] > 9_500, "{places:?}");
}

#[test]
fn without_a_good_row_no_address_is_repeated() {
    let (_, report) = text(&sample(100, 1, "100%"));
    let counts: Vec<u64> = report.faults().map(|(_, count)| count).collect();
    assert_eq!(counts, [25, 25, 25, 25, 0]);
}

/// Counts the faults of a file as a reader meets them, by the kind's words; a row with two faults panics.
fn faults_found(sample: &Sample) -> HashMap<&'static str, u64> {
    let mut found = HashMap::new();
    let mut seen = HashSet::new();
    for row in rows(sample) {
        let repeated = !seen.insert(cell(&row, Column::Email).to_owned());
        let faults: Vec<_> = good_row_fault(&row).into_iter().chain(repeated.then_some("repeated e-mail")).collect();
        assert!(faults.len() <= 1, "{faults:?}: {row:?}");
        faults.into_iter().for_each(|fault| *found.entry(fault).or_default() += 1);
    }
    found
}

fn bad_places(sample: &Sample) -> Vec<usize> {
    let good = rows(&Sample { bad: Share::default(), ..*sample });
    let mixed = rows(sample);
    good.iter().zip(&mixed).enumerate().filter(|(_, (good, mixed))| good != mixed).map(|(place, _)| place).collect()
}

/// Checks a row by rules written without the generator; two faults in one row panic.
fn good_row_fault(row: &Row) -> Option<&'static str> {
    let checks = [
        ("missing Last_Name", !cell(row, Column::LastName).is_empty()),
        ("bad e-mail", is_email(cell(row, Column::Email))),
        ("bad number", is_money(cell(row, Column::AnnualRevenue)) && is_whole(cell(row, Column::Employees))),
        ("bad date", is_moment(cell(row, Column::Visited))),
        ("bad phone", is_phone(cell(row, Column::Phone)) && is_phone(cell(row, Column::Mobile))),
        ("bad website", is_website(cell(row, Column::Website))),
        ("bad length", row.iter().zip(LENGTHS).all(|(cell, most)| cell.chars().count() <= most)),
    ];
    let faults: Vec<_> = checks.into_iter().filter(|(_, fits)| !fits).map(|(name, _)| name).collect();
    assert!(faults.len() <= 1, "{faults:?}: {row:?}");
    faults.first().copied()
}

/// The most code points of each column in the built-in Leads module.
const LENGTHS: [usize; COLUMNS] = [80, 40, 200, 100, 30, 30, 120, 120, 19, 9, 255, 250, 100, 100, 25, 32_000];

fn is_email(text: &str) -> bool {
    let part = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    text.split_once('@').is_some_and(|(local, host)| part(local) && part(host) && host.ends_with(".example"))
}

fn is_money(text: &str) -> bool {
    text.split_once('.').is_some_and(|(whole, cents)| is_whole(whole) && is_whole(cents) && cents.len() == 2)
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_moment(text: &str) -> bool {
    let parts: Vec<u32> = text.split(['-', 'T', ':', '+']).map(|part| part.parse().unwrap_or(99)).collect();
    let shape: String = text.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).collect();
    let (plus, minus) = ("0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00-00:00");
    (shape == plus || shape == minus)
        && parts[1] <= 12
        && parts[2] <= [31, 29][usize::from(parts[1] == 2)]
        && parts[3] < 24
}

/// Narrower than the contract's pattern: digits in groups, one space or hyphen between two groups, a leading plus sign.
fn is_phone(text: &str) -> bool {
    text.is_empty() || text.strip_prefix('+').is_some_and(|rest| rest.split([' ', '-']).all(is_whole))
}

/// Narrower than the contract's pattern.
fn is_website(text: &str) -> bool {
    let host = text.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("www.");
    text.is_empty()
        || host.strip_suffix(".example").is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'))
}
