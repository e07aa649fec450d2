//! Cells become values: one small pure function a type (contract 7.1 and section 12, rows 12, 14, 27, 37, 41 to 45).
//!
//! A cell comes trimmed and not empty. What comes out is the one canonical spelling that is stored, compared and shown;
//! what does not fit is a [`Reason`], and
//! becomes `INVALID_DATA`.

mod choice;
mod contact;
mod date_pattern;
mod layout;
mod lookup;
mod moment;
mod number;
mod number_format;

use jiff::tz::TimeZone;

pub(crate) use choice::push_choice;
pub use choice::{OwnerBy, People, Person, PicklistValues};
pub use date_pattern::{DatePattern, PatternFault};
pub use layout::LayoutRule;
pub(crate) use lookup::Asked;
pub use lookup::{LookupRule, LookupTarget, TargetKey};
pub use number_format::NumberFormat;

use crate::ids::RecordId;
use crate::verdict::Reason;

/// Code points that a new picklist value may have. The contract names no bound; ours keeps lists readable.
const PICKLIST_VALUE_LENGTH_MAX: u32 = 255;
/// What stands between the values of a multi-select cell, and between those that are stored.
pub(crate) const CHOICE_SEPARATOR: char = ';';

/// How the cells of one column become values: a field's type with everything that it needs to know.
#[derive(Clone, Debug)]
pub enum Rule {
    /// Any text up to a length.
    Text {
        /// Code points at most.
        length: u32,
    },
    /// An address that matches R1.
    Email {
        /// Code points at most.
        length: u32,
    },
    /// A number that matches R2.
    Phone {
        /// Code points at most.
        length: u32,
    },
    /// An address that matches R3.
    Website {
        /// Code points at most.
        length: u32,
    },
    /// A whole number.
    Integer {
        /// Digits at most.
        digits: u8,
    },
    /// A decimal number.
    Decimal {
        /// Digits before the point at most.
        digits: u8,
        /// Digits after the point.
        places: u8,
    },
    /// A whole number that is stored as text.
    BigInt {
        /// Digits at most.
        digits: u8,
    },
    /// A share of a hundred; a percent sign may stand behind it.
    Percent {
        /// Digits before the point at most.
        digits: u8,
        /// Digits after the point.
        places: u8,
    },
    /// A number of another rule, written by a pattern.
    NumberBy(NumberFormat, Box<Rule>),
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A moment; cells without an offset are in this time zone.
    DateTime(TimeZone),
    /// A day, written by a pattern.
    DateBy(DatePattern),
    /// A moment, written by a pattern; cells without a zone are in this one.
    DateTimeBy(DatePattern, TimeZone),
    /// A value of a list.
    Picklist(PicklistValues),
    /// Values of a list, with semicolons between them.
    MultiSelect(PicklistValues),
    /// A user.
    Owner(People, OwnerBy),
    /// A layout of the module.
    Layout(LayoutRule),
    /// A record that is looked for.
    Lookup(LookupRule),
    /// A record's own id.
    Id,
}

/// A canonical value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// Stored as a JSON string.
    Text(&'a str),
    /// Stored as it is: a JSON number, `true` or `false`.
    Literal(&'a str),
    /// A value, or values of several, of which the list does not have each yet; stored as a JSON string.
    NewChoice(&'a str),
    /// What a record is looked for by; its id is stored once it is found.
    LookedFor(&'a str),
}

impl<'a> Value<'a> {
    /// The value's canonical text, from which its key is folded.
    pub fn as_str(self) -> &'a str {
        match self {
            Value::Text(text) | Value::Literal(text) | Value::NewChoice(text) | Value::LookedFor(text) => text,
        }
    }
}

/// The value of a trimmed cell that is not empty. `scratch` holds what has to be spelled anew.
///
/// # Errors
/// Why the cell is no value of the type.
pub fn read<'a>(rule: &'a Rule, cell: &'a str, scratch: &'a mut String) -> Result<Value<'a>, Reason> {
    match rule {
        Rule::Text { length } => fits(cell, *length).map(Value::Text),
        Rule::Email { length } => fits(cell, *length).and_then(contact::email).map(Value::Text),
        Rule::Phone { length } => fits(cell, *length).and_then(|cell| contact::phone(cell, scratch)).map(Value::Text),
        Rule::Website { length } => fits(cell, *length).and_then(contact::website).map(Value::Text),
        Rule::Integer { digits } => number::integer(cell, *digits, scratch).map(Value::Literal),
        Rule::Decimal { digits, places } => number::decimal(cell, *digits, *places, scratch).map(Value::Text),
        Rule::BigInt { digits } => number::integer(cell, *digits, scratch).map(Value::Text),
        Rule::Percent { digits, places } => {
            let share = cell.strip_suffix('%').map_or(cell, str::trim_end);
            number::decimal(share, *digits, *places, scratch).map(Value::Text)
        }
        Rule::NumberBy(format, rule) => {
            let mut plain = String::new();
            format.plain(cell, &mut plain)?;
            number(rule, &plain, scratch)
        }
        Rule::Boolean => choice::boolean(cell).map(Value::Literal),
        Rule::Date => moment::date(cell, scratch).map(Value::Text),
        Rule::DateTime(zone) => moment::date_time(cell, zone, scratch).map(Value::Text),
        Rule::DateBy(pattern) => pattern.date(cell, scratch).map(Value::Text),
        Rule::DateTimeBy(pattern, zone) => pattern.date_time(cell, zone, scratch).map(Value::Text),
        Rule::MultiSelect(values) => choice::several(cell, values, scratch),
        Rule::Picklist(values) => choice::picklist(fits(cell, PICKLIST_VALUE_LENGTH_MAX)?, values),
        Rule::Owner(people, by) => choice::owner(cell, people, *by).map(Value::Text),
        Rule::Layout(layouts) => layouts.read(cell).map(Value::Text),
        Rule::Lookup(lookup) => lookup.check(cell).map(|()| Value::LookedFor(cell)),
        Rule::Id => record_id(cell).map(|_| Value::Literal(cell)),
    }
}

/// A plain number by the rule behind a pattern.
fn number<'s>(rule: &Rule, plain: &str, scratch: &'s mut String) -> Result<Value<'s>, Reason> {
    match *rule {
        Rule::Integer { digits } => number::integer(plain, digits, scratch).map(Value::Literal),
        Rule::BigInt { digits } => number::integer(plain, digits, scratch).map(Value::Text),
        Rule::Decimal { digits, places } | Rule::Percent { digits, places } => {
            number::decimal(plain, digits, places, scratch).map(Value::Text)
        }
        _ => unreachable!("patterns of numbers are for rules of numbers"),
    }
}

/// Reads a record's id: digits of a positive int64.
pub(crate) fn record_id(cell: &str) -> Result<RecordId, Reason> {
    cell.parse().ok().filter(|id: &RecordId| id.0 > 0).ok_or(Reason::NotAnId)
}

/// The time zone of that name (`Asia/Kolkata`) or fixed offset (`+05:30`), as users and organisations carry it.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    if let Some(offset) = moment::offset(name) {
        return Some(TimeZone::fixed(offset));
    }
    TimeZone::get(name).ok()
}

/// A cell without the white space around it (contract 12, row 37).
pub(crate) fn trimmed(cell: &str) -> &str {
    let is_plain = |byte: Option<&u8>| byte.is_some_and(|&byte| byte > b' ' && byte.is_ascii());
    let bytes = cell.as_bytes();
    if is_plain(bytes.first()) && is_plain(bytes.last()) { cell } else { cell.trim() }
}

/// Lengths count code points (contract 12, row 43); no text has more of them than bytes.
fn fits(cell: &str, length: u32) -> Result<&str, Reason> {
    let length = length as usize;
    (cell.len() <= length || cell.chars().count() <= length).then_some(cell).ok_or(Reason::TooLong)
}

#[cfg(test)]
mod tests;
