//! Jobs that meet each other: few keys, cells that do not fit, rows that cannot be read.

use std::fmt::Write as _;

use bulkwright_engine::spec::Operation;
use proptest::prelude::*;

/// Different emails: few, so that rows of one file and of several meet.
pub(super) const EMAILS: u8 = 6;
const ROWS_MAX: usize = 14;

/// What is asked for, and the file.
#[derive(Clone, Debug)]
pub(super) struct RandomJob {
    pub(super) operation: Operation,
    pub(super) find_by: Option<&'static str>,
    pub(super) ignore_empty: bool,
    pub(super) callback: bool,
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
enum Row {
    Lead {
        name: u8,
        email: Email,
        source: u8,
    },
    /// Too few cells.
    Short,
}

#[derive(Clone, Debug)]
enum Email {
    /// In small letters or in large ones.
    Of(u8, bool),
    Empty,
    Unfit,
}

/// An email of the few.
pub(super) fn email(number: u8) -> String {
    format!("lead-{number}@x.com")
}

impl RandomJob {
    pub(super) fn rows(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn csv(&self) -> String {
        let mut csv = String::from("Last_Name,Email,Lead_Source\n");
        for row in &self.rows {
            let Row::Lead { name, email: of, source } = row else {
                csv.push_str("short\n");
                continue;
            };
            // The first name is none: a row without what is mandatory.
            let name = if *name == 0 { String::new() } else { format!("Name {name}") };
            let email = match of {
                Email::Of(number, false) => email(*number),
                Email::Of(number, true) => email(*number).to_uppercase(),
                Email::Empty => String::new(),
                Email::Unfit => "no email".to_owned(),
            };
            let source = ["", "Fair", "fair", "Radio"][usize::from(*source)];
            writeln!(csv, "{name},{email},{source}").unwrap();
        }
        csv
    }
}

pub(super) fn random_job() -> impl Strategy<Value = RandomJob> {
    let asked = prop_oneof![
        1 => Just((Operation::Insert, None)),
        1 => Just((Operation::Insert, Some("Email"))),
        1 => Just((Operation::Update, Some("Email"))),
        2 => Just((Operation::Upsert, Some("Email"))),
    ];
    let email = prop_oneof![
        8 => (0..EMAILS, any::<bool>()).prop_map(|(number, large)| Email::Of(number, large)),
        1 => Just(Email::Empty),
        1 => Just(Email::Unfit),
    ];
    let lead = (0..12_u8, email, 0..4_u8).prop_map(|(name, email, source)| Row::Lead { name, email, source });
    let row = prop_oneof![12 => lead, 1 => Just(Row::Short)];
    let rows = prop::collection::vec(row, 0..=ROWS_MAX);
    (asked, any::<bool>(), any::<bool>(), rows).prop_map(|((operation, find_by), ignore_empty, callback, rows)| {
        RandomJob { operation, find_by, ignore_empty, callback, rows }
    })
}
