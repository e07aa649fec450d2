//! The bad rows of a sample: which rows they are, and what is wrong with each.

use super::lead::{Column, Lead};
use super::random::Random;
use super::share::Share;
use super::vocabulary::Vocabulary;

/// What is wrong with a bad row. It is the row's only fault, so each row has one expected verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    MissingLastName,
    BadEmail,
    BadNumber,
    BadDate,
    RepeatedEmail,
}

impl FaultKind {
    /// All kinds in the order in which they take turns.
    pub(crate) const ALL: [FaultKind; 5] = [
        FaultKind::MissingLastName,
        FaultKind::BadEmail,
        FaultKind::BadNumber,
        FaultKind::BadDate,
        FaultKind::RepeatedEmail,
    ];

    /// The kind in words, for a report.
    pub(crate) fn words(self) -> &'static str {
        match self {
            FaultKind::MissingLastName => "missing Last_Name",
            FaultKind::BadEmail => "bad e-mail",
            FaultKind::BadNumber => "bad number",
            FaultKind::BadDate => "bad date",
            FaultKind::RepeatedEmail => "repeated e-mail",
        }
    }
}

/// Deals the faults out over the rows, in one pass and without remembering rows.
pub(super) struct FaultPlan {
    random: Random,
    rows_left: u64,
    faults_left: u64,
    turn: usize,
    /// A row without fault, some way back; its address is what a later row may repeat.
    earlier_good_row: Option<u64>,
}

/// The fault of one row, with what it needs.
#[derive(Clone, Copy)]
pub(super) enum Fault {
    MissingLastName,
    BadEmail,
    BadNumber,
    BadDate,
    RepeatedEmail { of_row: u64 },
}

/// The stream that decides about rows. Rows count from 1, so no row's own stream is this one.
const PLAN_STREAM: u64 = 0;

const BAD_NUMBERS: [(Column, &str); 7] = [
    (Column::AnnualRevenue, "n/a"),
    (Column::AnnualRevenue, "1.250.000,50"),
    (Column::AnnualRevenue, "12,34"),
    (Column::AnnualRevenue, "about 2 million"),
    (Column::Employees, "ten"),
    (Column::Employees, "10-50"),
    (Column::Employees, "1e3"),
];

const BAD_DATES: [&str; 5] = [
    "2024-02-30T09:00:00+00:00",
    "2023-13-01T12:30:00+01:00",
    "31.12.2024 10:15",
    "2025-06-07T25:00:00+00:00",
    "yesterday",
];

impl FaultPlan {
    pub(super) fn new(seed: u64, rows: u64, bad: Share) -> FaultPlan {
        let random = Random::new(seed, PLAN_STREAM);
        FaultPlan { random, rows_left: rows, faults_left: bad.of(rows), turn: 0, earlier_good_row: None }
    }

    /// Decides about the next row. Selection sampling (Knuth, volume 2, algorithm 3.4.2 S): each row is bad with the
    /// chance that the faults left have among the rows left, which makes their number exact and every place as likely.
    pub(super) fn next(&mut self, number: u64) -> Option<Fault> {
        let is_bad = self.random.below(self.rows_left) < self.faults_left;
        self.rows_left -= 1;
        if is_bad {
            self.faults_left -= 1;
            return Some(self.next_fault());
        }
        if self.earlier_good_row.is_none() || self.random.chance(2) {
            self.earlier_good_row = Some(number);
        }
        None
    }

    /// The kind whose turn it is. While there is no good row to repeat, that kind's turn passes to the next one.
    fn next_fault(&mut self) -> Fault {
        let kind = FaultKind::ALL[self.turn];
        self.turn = (self.turn + 1) % FaultKind::ALL.len();
        match (kind, self.earlier_good_row) {
            (FaultKind::MissingLastName, _) => Fault::MissingLastName,
            (FaultKind::BadEmail, _) => Fault::BadEmail,
            (FaultKind::BadNumber, _) => Fault::BadNumber,
            (FaultKind::BadDate, _) => Fault::BadDate,
            (FaultKind::RepeatedEmail, Some(of_row)) => Fault::RepeatedEmail { of_row },
            (FaultKind::RepeatedEmail, None) => self.next_fault(),
        }
    }
}

impl Fault {
    pub(super) fn kind(self) -> FaultKind {
        match self {
            Fault::MissingLastName => FaultKind::MissingLastName,
            Fault::BadEmail => FaultKind::BadEmail,
            Fault::BadNumber => FaultKind::BadNumber,
            Fault::BadDate => FaultKind::BadDate,
            Fault::RepeatedEmail { .. } => FaultKind::RepeatedEmail,
        }
    }

    /// Puts the fault into a good lead.
    pub(super) fn spoil(self, lead: &mut Lead, words: &Vocabulary, seed: u64, random: &mut Random) {
        match self {
            Fault::MissingLastName => lead.cell(Column::LastName).clear(),
            Fault::BadEmail => spoil_email(lead.cell(Column::Email), random),
            Fault::BadNumber => {
                let (column, text) = *random.pick(&BAD_NUMBERS);
                replace(lead.cell(column), text);
            }
            Fault::BadDate => {
                let text = random.pick(&BAD_DATES);
                replace(lead.cell(Column::Visited), text);
            }
            Fault::RepeatedEmail { of_row } => lead.take_email_of(words, seed, of_row),
        }
    }
}

/// The mistakes of people who type addresses; the address stays different from all others.
fn spoil_email(cell: &mut String, random: &mut Random) {
    let spoilt = match random.below(4) {
        0 => cell.replace('@', " at "),
        1 => cell.replace('@', "@@"),
        2 => cell.replace(".example", ",example"),
        _ => cell.replace(".example", ""),
    };
    *cell = spoilt;
}

fn replace(cell: &mut String, text: &str) {
    cell.clear();
    cell.push_str(text);
}
