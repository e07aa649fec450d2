//! Stored record bodies: compact JSON objects keyed by field number, `{"1":"Smith","7":12,"9":"1234.50","12":true}`.
//!
//! Fields stand in rising order of their numbers, and only those that have a value. Text, dates, moments (UTC, with
//! `Z`), decimals (exact) and owners are JSON strings, integers are numbers, booleans are literals. The changes of an
//! update have the same form, and `null` where a value goes. Reading borrows from the body; a damaged body ends early
//! and never panics (stores find damage by their checksums before it is read).

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::catalog::{FieldKind, FieldNumber};
use crate::key;
use crate::record_store::IndexId;
use crate::typing::CHOICE_SEPARATOR;

/// A field's place in a body, spelled out once: `"7":`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldName(Box<str>);

impl FieldName {
    /// The name that values of this field have in bodies.
    pub fn new(number: FieldNumber) -> Self {
        FieldName(format!("\"{}\":", number.0).into())
    }
}

/// Writes one body at the end of a buffer. Fields have to come in rising order of their numbers.
#[derive(Debug)]
pub struct Writer<'b> {
    out: &'b mut String,
    is_empty: bool,
}

impl<'b> Writer<'b> {
    /// Opens a body.
    pub fn begin(out: &'b mut String) -> Self {
        out.push('{');
        Writer { out, is_empty: true }
    }

    /// A value that is a JSON string.
    pub fn text(&mut self, name: &FieldName, value: &str) {
        self.name(&name.0);
        push_string(value, self.out);
    }

    /// A value that is JSON as it stands: a number, `true`, `false`, `null`, or a value of another body.
    pub fn literal(&mut self, name: &FieldName, json: &str) {
        self.name(&name.0);
        self.out.push_str(json);
    }

    /// Closes the body.
    pub fn end(self) {
        self.out.push('}');
    }

    fn name(&mut self, name: &str) {
        if !self.is_empty {
            self.out.push(',');
        }
        self.is_empty = false;
        self.out.push_str(name);
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        self.name(entry.name);
        self.out.push_str(entry.value.0);
    }
}

/// One value of a body, as the JSON that stands there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored<'a>(&'a str);

impl<'a> Stored<'a> {
    /// The JSON itself.
    pub fn json(self) -> &'a str {
        self.0
    }

    /// Whether it is the `null` of a change that takes a value away.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value without JSON's quotes and escapes.
    pub fn text(self) -> Cow<'a, str> {
        let Some(inner) = self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return Cow::Borrowed(self.0);
        };
        if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
            return Cow::Borrowed(inner);
        }
        Cow::Owned(serde_json::from_str(self.0).unwrap_or_default())
    }
}

/// The fields of a body, in rising order.
pub fn fields(body: &str) -> impl Iterator<Item = (FieldNumber, Stored<'_>)> {
    entries(body).map(|entry| (entry.number, entry.value))
}

/// The value of one field.
pub fn get(body: &str, number: FieldNumber) -> Option<Stored<'_>> {
    entries(body)
        .take_while(|entry| entry.number <= number)
        .find(|entry| entry.number == number)
        .map(|entry| entry.value)
}

/// Appends the key of an indexed field of this body to `out`: exactly what [`crate::key`] makes of the cell that it
/// came from, or of the two values that it is joined from, with a blank between them. `false` if the field has no value.
pub fn key_into(body: &str, index: IndexId, out: &mut Vec<u8>) -> bool {
    let Some([first, last]) = index.joins else { return value_key_into(body, index.field, index, out) };
    let start = out.len();
    if !value_key_into(body, first, index, out) {
        return value_key_into(body, last, index, out);
    }
    let joint = out.len();
    out.push(b' ');
    if !value_key_into(body, last, index, out) {
        out.truncate(joint);
    }
    out.len() > start
}

fn value_key_into(body: &str, field: FieldNumber, index: IndexId, out: &mut Vec<u8>) -> bool {
    let Some(value) = get(body, field).filter(|value| !value.is_null()) else { return false };
    key::fold_into(&value.text(), index.case_sensitive, out);
    true
}

/// The key of an indexed field of this body.
pub fn key(body: &str, index: IndexId) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    key_into(body, index, &mut key).then_some(key)
}

/// Appends the body that `old` becomes by `changes`: changed fields replaced, `null` ones gone, the rest kept.
pub fn merge(old: &str, changes: &str, out: &mut String) {
    join(old, changes, |change| !change.value.is_null(), out);
}

/// Appends the changes of both: where they name one field, the second ones hold. A `null` stays one.
pub fn add(changes: &str, more: &str, out: &mut String) {
    join(changes, more, |_| true, out);
}

fn join(old: &str, changes: &str, is_kept: impl Fn(&Entry<'_>) -> bool, out: &mut String) {
    let mut writer = Writer::begin(out);
    let mut old = entries(old).peekable();
    for change in entries(changes) {
        while let Some(kept) = old.next_if(|entry| entry.number < change.number) {
            writer.entry(&kept);
        }
        old.next_if(|entry| entry.number == change.number);
        if is_kept(&change) {
            writer.entry(&change);
        }
    }
    old.for_each(|kept| writer.entry(&kept));
    writer.end();
}

/// A value as the API's JSON: decimals become numbers with every digit they have, a boolean that was never set reads
/// as `false`, anything else that has no value as `null`. Owners and moments come as they are stored; who shows them
/// adds names and time zones.
pub fn api_value(kind: &FieldKind, value: Option<Stored<'_>>) -> Box<RawValue> {
    let json = match (kind, value) {
        (FieldKind::Boolean, None) => "false".to_owned(),
        (_, None) => "null".to_owned(),
        (FieldKind::Double { .. } | FieldKind::Currency { .. } | FieldKind::Percent { .. }, Some(value)) => {
            value.text().into_owned()
        }
        (FieldKind::MultiSelect { .. }, Some(value)) => {
            let text = value.text();
            let values: Vec<&str> = text.split(CHOICE_SEPARATOR).collect();
            serde_json::to_string(&values).unwrap_or_default()
        }
        (_, Some(value)) => value.json().to_owned(),
    };
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[derive(Clone, Copy)]
struct Entry<'a> {
    number: FieldNumber,
    /// With quotes and colon, as it stands.
    name: &'a str,
    value: Stored<'a>,
}

struct Entries<'a> {
    rest: &'a str,
}

fn entries(body: &str) -> Entries<'_> {
    Entries { rest: body.strip_prefix('{').unwrap_or_default() }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        let name_end = memchr::memchr(b':', self.rest.as_bytes())? + 1;
        let (name, rest) = self.rest.split_at_checked(name_end)?;
        let digits = name.strip_prefix('"')?.strip_suffix("\":")?;
        let number = FieldNumber(digits.parse().ok()?);
        let (value, rest) = rest.split_at_checked(value_end(rest)?)?;
        self.rest = rest.strip_prefix(',').unwrap_or_default();
        Some(Entry { number, name, value: Stored(value) })
    }
}

/// Where the JSON value at the start of `json` ends.
fn value_end(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    if bytes.first() != Some(&b'"') {
        return memchr::memchr2(b',', b'}', bytes);
    }
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn push_string(value: &str, out: &mut String) {
    out.push('"');
    if value.bytes().fold(false, |found, byte| found | needs_escape(byte)) {
        push_escaped(value, out);
    } else {
        out.push_str(value);
    }
    out.push('"');
}

fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn push_escaped(value: &str, out: &mut String) {
    let mut plain = 0;
    for (at, byte) in value.bytes().enumerate().filter(|&(_, byte)| needs_escape(byte)) {
        out.push_str(&value[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                let hex = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap_or('0');
                out.push_str("\\u00");
                out.push(hex(control >> 4));
                out.push(hex(control & 0xf));
            }
        }
    }
    out.push_str(&value[plain..]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::ModuleNumber;

    const BODY: &str = r#"{"1":"Smith, \"J\"","7":12,"9":"1234.50","12":true,"20":"a:b}c"}"#;

    fn body_of(values: &[(u16, &str)]) -> String {
        let mut body = String::new();
        let mut writer = Writer::begin(&mut body);
        values.iter().for_each(|&(number, value)| writer.text(&FieldName::new(FieldNumber(number)), value));
        writer.end();
        body
    }

    #[test]
    fn fields_are_found() {
        let check = |number, expected: Option<&str>| {
            assert_eq!(get(BODY, FieldNumber(number)).map(|value| value.text().into_owned()).as_deref(), expected);
        };
        check(1, Some("Smith, \"J\""));
        check(7, Some("12"));
        check(9, Some("1234.50"));
        check(12, Some("true"));
        check(20, Some("a:b}c"));
        check(2, None);
        check(30, None);
    }

    #[test]
    fn changes_merge() {
        let check = |old: &str, changes: &str, expected: &str| {
            let mut merged = String::new();
            merge(old, changes, &mut merged);
            assert_eq!(merged, expected);
        };
        check(r#"{"1":"a","3":1}"#, r#"{"2":"b","3":null,"4":true}"#, r#"{"1":"a","2":"b","4":true}"#);
        check("{}", r#"{"1":null,"2":"x"}"#, r#"{"2":"x"}"#);
        check(r#"{"5":"a"}"#, "{}", r#"{"5":"a"}"#);
        check(r#"{"5":"a","6":"b"}"#, r#"{"5":"c"}"#, r#"{"5":"c","6":"b"}"#);
    }

    #[test]
    fn changes_add_up() {
        let mut added = String::new();
        add(r#"{"1":"a","3":null}"#, r#"{"2":"b","3":null,"4":"5"}"#, &mut added);
        assert_eq!(added, r#"{"1":"a","2":"b","3":null,"4":"5"}"#);
    }

    #[test]
    fn a_key_is_that_of_the_value() {
        let index = |field, case_sensitive| IndexId {
            module: ModuleNumber(1),
            field: FieldNumber(field),
            case_sensitive,
            joins: None,
        };
        assert_eq!(key(BODY, index(1, false)).unwrap(), b"smith, \"j\"");
        assert_eq!(key(BODY, index(1, true)).unwrap(), b"Smith, \"J\"");
        assert_eq!(key(BODY, index(7, false)).unwrap(), b"12");
        assert_eq!(key(BODY, index(8, false)), None);
    }

    #[test]
    fn a_joined_key_is_that_of_what_is_there() {
        let joins = Some([FieldNumber(2), FieldNumber(1)]);
        let index = IndexId { module: ModuleNumber(1), field: FieldNumber(28), case_sensitive: false, joins };
        let check = |body: &str, expected: Option<&[u8]>| assert_eq!(key(body, index).as_deref(), expected, "{body}");
        check(r#"{"1":"Smith","2":"Jane"}"#, Some(b"jane smith"));
        check(r#"{"1":"Smith"}"#, Some(b"smith"));
        check(r#"{"2":"Jane"}"#, Some(b"jane"));
        check(r#"{"3":"Jane"}"#, None);
    }

    #[test]
    fn values_are_told_as_the_api_tells_them() {
        let currency = FieldKind::Currency { digits: 16, decimal_places: 2 };
        assert_eq!(api_value(&currency, get(BODY, FieldNumber(9))).get(), "1234.50");
        let several = FieldKind::MultiSelect { values: Vec::new() };
        let body = r#"{"1":"Red;\"Blue\"","2":"12345678901234567"}"#;
        assert_eq!(api_value(&several, get(body, FieldNumber(1))).get(), r#"["Red","\"Blue\""]"#);
        assert_eq!(api_value(&several, None).get(), "null");
        let large = FieldKind::BigInt { digits: 18 };
        assert_eq!(api_value(&large, get(body, FieldNumber(2))).get(), r#""12345678901234567""#);
        assert_eq!(api_value(&FieldKind::Boolean, None).get(), "false");
        assert_eq!(api_value(&FieldKind::Date, None).get(), "null");
        assert_eq!(api_value(&FieldKind::Text { length: 9 }, get(BODY, FieldNumber(1))).get(), r#""Smith, \"J\"""#);
    }

    proptest! {
        #[test]
        fn what_is_written_is_json_and_reads_back(values in proptest::collection::vec(any::<String>(), 0..6)) {
            let numbered: Vec<(u16, &str)> = (1..).zip(values.iter().map(String::as_str)).collect();
            let body = body_of(&numbered);
            let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&body).unwrap();
            for (number, value) in numbered {
                prop_assert_eq!(parsed[&number.to_string()].as_str(), Some(value));
                prop_assert_eq!(get(&body, FieldNumber(number)).unwrap().text(), value);
            }
        }

        #[test]
        fn no_text_makes_the_reader_panic(damaged in "\\{?[\"\\\\:,0-9a-zä}]{0,40}", changes in any::<String>()) {
            fields(&damaged).for_each(drop);
            merge(&damaged, &changes, &mut String::new());
        }
    }
}
