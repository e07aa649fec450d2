//! One lead without a fault: the cells of a row, all of which the built-in Leads module accepts.

use std::fmt::Write;

use super::random::Random;
use super::vocabulary::{HouseNumber, Name, Region, Vocabulary};

/// The columns in file order. The header of a sample is their API names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    LastName,
    FirstName,
    Company,
    Email,
    Phone,
    Mobile,
    LeadStatus,
    LeadSource,
    AnnualRevenue,
    Employees,
    Website,
    Street,
    City,
    Country,
    Visited,
    Description,
}

pub(super) const COLUMNS: usize = 16;

/// API names of the built-in Leads module, in the order of [`Column`].
pub(super) const HEADER: [&str; COLUMNS] = [
    "Last_Name",
    "First_Name",
    "Company",
    "Email",
    "Phone",
    "Mobile",
    "Lead_Status",
    "Lead_Source",
    "Annual_Revenue",
    "No_of_Employees",
    "Website",
    "Street",
    "City",
    "Country",
    "Last_Visited_Time",
    "Description",
];

/// The cells of a row. One value serves all rows, so that nothing is allocated a row.
#[derive(Default)]
pub(super) struct Lead {
    pub(super) cells: [String; COLUMNS],
}

/// What the e-mail address of a row is made of. It is drawn first, so that any row's address can be told without the row.
struct Person<'a> {
    region: &'a Region,
    first: &'a Name,
    last: &'a Name,
    brand: &'a Name,
    trade: &'a Name,
}

impl Lead {
    /// Fills in the lead of row `number` and returns its stream, from which more may be drawn.
    pub(super) fn fill(&mut self, words: &Vocabulary, seed: u64, number: u64) -> Random {
        let mut random = Random::new(seed, number);
        let person = Person::draw(words, &mut random);
        self.cells.iter_mut().for_each(String::clear);
        self.fill_person(&person, number, &mut random);
        self.fill_business(&person, words, &mut random);
        self.fill_place(person.region, &mut random);
        self.fill_history(&person, words, &mut random);
        random
    }

    /// Writes the address of row `number` into this lead, whichever row it is.
    pub(super) fn take_email_of(&mut self, words: &Vocabulary, seed: u64, number: u64) {
        let person = Person::draw(words, &mut Random::new(seed, number));
        let cell = self.cell(Column::Email);
        cell.clear();
        push_email(cell, &person, number);
    }

    pub(super) fn cell(&mut self, column: Column) -> &mut String {
        &mut self.cells[column as usize]
    }

    fn fill_person(&mut self, person: &Person<'_>, number: u64, random: &mut Random) {
        self.cell(Column::LastName).push_str(&person.last.written);
        self.cell(Column::FirstName).push_str(&person.first.written);
        push_email(self.cell(Column::Email), person, number);
        push_pattern(self.cell(Column::Phone), &person.region.phone, random);
        if random.chance(75) {
            push_pattern(self.cell(Column::Mobile), &person.region.mobile, random);
        }
    }

    fn fill_business(&mut self, person: &Person<'_>, words: &Vocabulary, random: &mut Random) {
        push_company(self.cell(Column::Company), person, random);
        self.cell(Column::LeadStatus).push_str(random.word(&words.lead_statuses));
        self.cell(Column::LeadSource).push_str(random.word(&words.lead_sources));
        let employees_max = *random.pick(&[9, 90, 900, 9_000]);
        let employees = 1 + random.below(employees_max);
        let cents_each = 4_000_000 + random.below(20_000_000);
        push_hundredths(self.cell(Column::AnnualRevenue), employees * cents_each);
        push_number(self.cell(Column::Employees), employees);
        if random.chance(80) {
            let scheme = *random.pick(&["https://www.", "https://", "www.", "http://www."]);
            self.cell(Column::Website).push_str(scheme);
            push_host(self.cell(Column::Website), person);
        }
    }

    fn fill_place(&mut self, region: &Region, random: &mut Random) {
        let street = self.cell(Column::Street);
        push_street(street, region, random);
        if random.chance(12) {
            let separator = random.pick(&["\n", ", "]);
            street.push_str(separator);
            push_pattern(street, &region.second_line, random);
        }
        self.cell(Column::City).push_str(random.word(&region.cities));
        self.cell(Column::Country).push_str(&region.country);
    }

    fn fill_history(&mut self, person: &Person<'_>, words: &Vocabulary, random: &mut Random) {
        push_moment(self.cell(Column::Visited), &person.region.utc_offset, random);
        if random.chance(75) {
            push_description(self.cell(Column::Description), person, words, random);
        }
    }
}

impl<'a> Person<'a> {
    fn draw(words: &'a Vocabulary, random: &mut Random) -> Person<'a> {
        let region = words.region(random);
        Person {
            region,
            first: random.pick(&region.first_names),
            last: random.pick(&region.last_names),
            brand: random.pick(&words.brands),
            trade: random.pick(&words.trades),
        }
    }
}

/// The row's number keeps addresses apart: names hold no digits, so no two rows can spell the same one.
fn push_email(cell: &mut String, person: &Person<'_>, number: u64) {
    for part in [&person.first.ascii, ".", &person.last.ascii, "."] {
        cell.push_str(part);
    }
    push_number(cell, number);
    cell.push('@');
    push_host(cell, person);
}

fn push_host(cell: &mut String, person: &Person<'_>) {
    for part in [&person.brand.ascii, "-", &person.trade.ascii, ".example"] {
        cell.push_str(part);
    }
}

fn push_company(cell: &mut String, person: &Person<'_>, random: &mut Random) {
    let (brand, trade, last) = (&person.brand.written, &person.trade.written, &person.last.written);
    let form = random.word(&person.region.forms);
    let parts: [&str; 5] = match random.below(100) {
        0..6 => [last, ", ", brand, " & Partners ", form],
        6..10 => ["\"", brand, "\" ", trade, ""],
        10..14 => [brand, " ", trade, ", ", form],
        _ => [brand, " ", trade, " ", form],
    };
    parts.iter().for_each(|part| cell.push_str(part));
}

fn push_street(cell: &mut String, region: &Region, random: &mut Random) {
    let number = 1 + random.below(250);
    let street = random.word(&region.streets);
    match region.house {
        HouseNumber::Before => {
            push_number(cell, number);
            cell.push(' ');
            cell.push_str(street);
        }
        HouseNumber::After => {
            cell.push_str(street);
            cell.push(' ');
            push_number(cell, number);
        }
    }
}

fn push_description(cell: &mut String, person: &Person<'_>, words: &Vocabulary, random: &mut Random) {
    cell.push_str(random.word(&words.openings));
    match random.below(100) {
        0..50 => {}
        50..56 => {
            cell.push_str(" Asked for the \"");
            cell.push_str(&person.trade.written);
            cell.push_str(" Basic\" plan.");
        }
        56..68 => {
            cell.push('\n');
            cell.push_str(random.word(&words.details));
        }
        _ => {
            cell.push(' ');
            cell.push_str(random.word(&words.details));
        }
    }
}

/// A moment of the years 2020 to 2025, as ISO 8601 with the region's offset.
fn push_moment(cell: &mut String, utc_offset: &str, random: &mut Random) {
    let year = 2020 + random.below(6);
    let month = 1 + random.below(12);
    let day = 1 + random.below(days_of(month, year));
    let (hour, minute, second) = (random.below(24), random.below(60), random.below(60));
    write!(cell, "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{utc_offset}")
        .expect("writing to a String cannot fail");
}

/// The days of a month in the years from 1901 to 2099, in which every fourth year is a leap year.
fn days_of(month: u64, year: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Copies a pattern; `#` becomes any digit and `N` one from 2 to 9.
fn push_pattern(cell: &mut String, pattern: &str, random: &mut Random) {
    cell.extend(pattern.chars().map(|letter| match letter {
        '#' => digit(random.below(10)),
        'N' => digit(2 + random.below(8)),
        other => other,
    }));
}

fn digit(value: u64) -> char {
    char::from(b'0' + value as u8)
}

fn push_hundredths(cell: &mut String, hundredths: u64) {
    write!(cell, "{}.{:02}", hundredths / 100, hundredths % 100).expect("writing to a String cannot fail");
}

fn push_number(cell: &mut String, number: u64) {
    write!(cell, "{number}").expect("writing to a String cannot fail");
}
