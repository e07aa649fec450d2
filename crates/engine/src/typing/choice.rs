//! Values out of a known set: booleans, picklists (contract 12, rows 14 and 44) and users (row 27).

use std::collections::HashMap;
use std::sync::Arc;

use hashbrown::HashSet;

use super::{CHOICE_SEPARATOR, PICKLIST_VALUE_LENGTH_MAX, Value, fits};
use crate::ids::UserId;
use crate::verdict::Reason;

/// A user that a record can belong to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The wire's id.
    pub id: UserId,
    /// Compared without case.
    pub email: String,
    /// `Patricia Boyle`.
    pub name: String,
}

/// The users of an organisation, to be found by id or email.
#[derive(Clone, Debug, Default)]
pub struct People(Arc<PeopleIndex>);

#[derive(Debug, Default)]
struct PeopleIndex {
    by_id: HashSet<String>,
    id_by_email: HashMap<String, String>,
}

impl People {
    /// All users of an organisation.
    pub fn new(people: &[Person]) -> Self {
        People(Arc::new(PeopleIndex {
            by_id: people.iter().map(|person| person.id.to_string()).collect(),
            id_by_email: people.iter().map(|person| (person.email.to_lowercase(), person.id.to_string())).collect(),
        }))
    }
}

/// How a cell names a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnerBy {
    /// By id if it is all digits, by email if it contains `@`.
    Either,
    /// By id.
    Id,
    /// By email.
    Email,
}

/// The values that a picklist has when an import begins.
#[derive(Clone, Debug, Default)]
pub struct PicklistValues {
    spellings: HashSet<String>,
    by_folded: HashMap<String, String>,
    takes_new: bool,
}

impl PicklistValues {
    /// The values of the catalog and those that earlier writes added. Of two that differ in case only, the first holds.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v str>, takes_new: bool) -> Self {
        let mut list = PicklistValues { takes_new, ..PicklistValues::default() };
        for value in values {
            list.by_folded.entry(value.to_lowercase()).or_insert_with(|| {
                list.spellings.insert(value.to_owned());
                value.to_owned()
            });
        }
        list
    }

    /// Whether the list has the value in this spelling.
    pub(crate) fn has(&self, value: &str) -> bool {
        self.spellings.contains(value)
    }
}

/// `true` or `false` of true/false, yes/no and 1/0 in any case (contract 12, row 44), and of the short forms that
/// spreadsheets and databases write: t/f, y/n, on/off.
pub(super) fn boolean(cell: &str) -> Result<&'static str, Reason> {
    let is_one_of = |words: [&str; 6]| words.iter().any(|word| cell.eq_ignore_ascii_case(word));
    if is_one_of(["true", "yes", "1", "t", "y", "on"]) {
        Ok("true")
    } else if is_one_of(["false", "no", "0", "f", "n", "off"]) {
        Ok("false")
    } else {
        Err(Reason::NotABoolean)
    }
}

/// The list's own spelling of the value, or a new value.
pub(super) fn picklist<'a>(cell: &'a str, values: &'a PicklistValues) -> Result<Value<'a>, Reason> {
    if values.spellings.contains(cell) {
        return Ok(Value::Text(cell));
    }
    match values.by_folded.get(&cell.to_lowercase()) {
        Some(spelling) => Ok(Value::Text(spelling)),
        None if values.takes_new => Ok(Value::NewChoice(cell)),
        None => Err(Reason::NotInList),
    }
}

/// The values of a cell in the list's own spelling, each once, new ones among them. A cell of nothing but separators is
/// no value.
pub(super) fn several<'s>(cell: &str, values: &PicklistValues, scratch: &'s mut String) -> Result<Value<'s>, Reason> {
    scratch.clear();
    let mut has_new = false;
    for part in cell.split(CHOICE_SEPARATOR).map(str::trim).filter(|part| !part.is_empty()) {
        let value = picklist(fits(part, PICKLIST_VALUE_LENGTH_MAX)?, values)?;
        has_new |= matches!(value, Value::NewChoice(_));
        push_choice(value.as_str(), scratch);
    }
    match has_new {
        _ if scratch.is_empty() => Err(Reason::NotInList),
        true => Ok(Value::NewChoice(scratch)),
        false => Ok(Value::Text(scratch)),
    }
}

/// Appends a value to stored ones, unless it is among them in any case.
pub(crate) fn push_choice(value: &str, stored: &mut String) {
    let folded = value.to_lowercase();
    if stored.is_empty() {
        stored.push_str(value);
    } else if stored.split(CHOICE_SEPARATOR).all(|other| other.to_lowercase() != folded) {
        stored.push(CHOICE_SEPARATOR);
        stored.push_str(value);
    }
}

/// The id of the user that the cell names.
pub(super) fn owner<'p>(cell: &str, people: &'p People, by: OwnerBy) -> Result<&'p str, Reason> {
    let is_id = || cell.bytes().all(|byte| byte.is_ascii_digit());
    match by {
        OwnerBy::Id => people.by_id(cell),
        OwnerBy::Email => people.by_email(cell),
        OwnerBy::Either if is_id() => people.by_id(cell),
        OwnerBy::Either if cell.contains('@') => people.by_email(cell),
        OwnerBy::Either => None,
    }
    .ok_or(Reason::NotAUser)
}

impl People {
    fn by_id(&self, id: &str) -> Option<&str> {
        self.0.by_id.get(id).map(String::as_str)
    }

    fn by_email(&self, email: &str) -> Option<&str> {
        self.0.id_by_email.get(&email.to_lowercase()).map(String::as_str)
    }
}
