//! A field of a module's file: its keys, and what kind they make it.

use serde::Deserialize;
use toml::Spanned;

use super::{CatalogError, line_of};
use crate::catalog::{Field, FieldKind, FieldNumber, Unique};

/// Digits an integer field may have: its values are 64-bit numbers.
const INTEGER_DIGITS_MAX: u8 = 18;
/// Digits before the point (contract 7.1: 16) and after it (9) that a decimal field may have.
const DECIMAL_DIGITS_MAX: u8 = 16;
const DECIMAL_PLACES_MAX: u8 = 9;

/// A field of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct FieldEntry {
    pub(in crate::catalog) number: Option<u16>,
    pub(in crate::catalog) id: Option<i64>,
    pub(in crate::catalog) api_name: String,
    pub(in crate::catalog) label: Option<String>,
    #[serde(rename = "type")]
    pub(in crate::catalog) kind: Option<String>,
    pub(in crate::catalog) length: Option<u32>,
    pub(in crate::catalog) digits: Option<u8>,
    pub(in crate::catalog) decimal_places: Option<u8>,
    pub(in crate::catalog) values: Option<Vec<String>>,
    pub(in crate::catalog) module: Option<String>,
    pub(in crate::catalog) modules: Option<Vec<String>>,
    pub(in crate::catalog) joins: Option<[String; 2]>,
    pub(in crate::catalog) data_type: Option<String>,
    pub(in crate::catalog) mandatory: Option<bool>,
    pub(in crate::catalog) duplicate_check: Option<bool>,
    pub(in crate::catalog) unique: Option<UniqueEntry>,
    pub(in crate::catalog) external: Option<bool>,
    pub(in crate::catalog) read_only: Option<bool>,
}

/// `true`, or how values are compared.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged, expecting = "`unique` is true, false or { case_sensitive = true }")]
pub(in crate::catalog) enum UniqueEntry {
    /// Whether it is unique at all; values are compared without case.
    Is(bool),
    /// It is unique.
    Compared(Comparison),
}

/// How the values of a unique field are compared.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct Comparison {
    case_sensitive: bool,
}

impl FieldEntry {
    /// The mark that its keys make: an external id is unique in any case.
    pub(in crate::catalog) fn unique(&self) -> Option<Unique> {
        let given = match self.unique {
            Some(UniqueEntry::Is(true)) => Some(Unique { case_sensitive: false }),
            Some(UniqueEntry::Compared(Comparison { case_sensitive })) => Some(Unique { case_sensitive }),
            Some(UniqueEntry::Is(false)) | None => None,
        };
        given.or((self.external == Some(true)).then_some(Unique { case_sensitive: false }))
    }

    /// Its keys that say of which kind it is.
    pub(in crate::catalog) fn of_kind(&self) -> FieldEntry {
        FieldEntry {
            number: None,
            id: None,
            api_name: self.api_name.clone(),
            label: None,
            kind: self.kind.clone(),
            values: self.values.clone(),
            module: self.module.clone(),
            modules: self.modules.clone(),
            joins: None,
            data_type: self.data_type.clone(),
            ..*self
        }
    }

    /// The kind that its keys make it.
    pub(in crate::catalog) fn kind(&self) -> Result<FieldKind, String> {
        let kind = kind(self)?;
        match self.stray_key(kind_word(&kind)) {
            Some(key) => Err(format!("`{key}` says nothing about a field of type {}", kind_word(&kind))),
            None => Ok(kind),
        }
    }

    /// A key that belongs to other types.
    fn stray_key(&self, word: &str) -> Option<&'static str> {
        const LONG: &[&str] = &["text", "textarea", "email", "phone", "website"];
        const NUMBERS: &[&str] = &["integer", "bigint", "double", "currency", "percent"];
        let given = [
            ("length", self.length.is_some(), LONG),
            ("digits", self.digits.is_some(), NUMBERS),
            ("decimal_places", self.decimal_places.is_some(), &NUMBERS[2..]),
            ("values", self.values.is_some(), &["picklist", "multiselectpicklist"]),
            ("module", self.module.is_some(), &["lookup"]),
            ("modules", self.modules.is_some(), &["lookup"]),
            ("data_type", self.data_type.is_some(), &["other"]),
        ];
        let stray = given.into_iter().find(|(_, is_given, kinds)| *is_given && !kinds.contains(&word));
        stray.map(|(key, ..)| key)
    }
}

/// A field of a built-in module: nothing is left out.
pub(super) fn field(text: &str, spanned: Spanned<FieldEntry>) -> Result<Field, CatalogError> {
    let line = line_of(text, spanned.span().start);
    let entry = spanned.into_inner();
    let fault =
        |reason: String| CatalogError { line: Some(line), reason: format!("field {}: {reason}", entry.api_name) };
    let missing = |key: &str| fault(format!("`{key}` is missing"));
    Ok(Field {
        number: FieldNumber(entry.number.ok_or_else(|| missing("number"))?),
        id: entry.id.ok_or_else(|| missing("id"))?,
        label: entry.label.clone().ok_or_else(|| missing("label"))?,
        kind: entry.kind().map_err(fault)?,
        mandatory: entry.mandatory.unwrap_or_default(),
        duplicate_check: entry.duplicate_check.unwrap_or_default(),
        unique: entry.unique(),
        external: entry.external.unwrap_or_default(),
        read_only: entry.read_only.unwrap_or_default() || entry.joins.is_some(),
        joins: None,
        api_name: entry.api_name,
    })
}

/// The module that a look-up names, or those that a polymorphic one can point into.
fn lookup_modules(entry: &FieldEntry) -> Result<Vec<String>, String> {
    match (&entry.module, &entry.modules) {
        (Some(module), None) => Ok(vec![module.clone()]),
        (None, Some(modules)) if !modules.is_empty() => Ok(modules.clone()),
        _ => Err("a look-up names one `module`, or several `modules`".to_owned()),
    }
}

fn kind(entry: &FieldEntry) -> Result<FieldKind, String> {
    let length = || entry.length.filter(|&length| length > 0).ok_or("`length` is missing or 0".to_owned());
    Ok(match entry.kind.as_deref().ok_or("`type` is missing")? {
        "text" => FieldKind::Text { length: length()? },
        "textarea" => FieldKind::Textarea { length: length()? },
        "email" => FieldKind::Email { length: length()? },
        "phone" => FieldKind::Phone { length: length()? },
        "website" => FieldKind::Website { length: length()? },
        "integer" => FieldKind::Integer { digits: digits(entry, INTEGER_DIGITS_MAX)? },
        "double" => {
            FieldKind::Double { digits: digits(entry, DECIMAL_DIGITS_MAX)?, decimal_places: decimal_places(entry)? }
        }
        "currency" => {
            FieldKind::Currency { digits: digits(entry, DECIMAL_DIGITS_MAX)?, decimal_places: decimal_places(entry)? }
        }
        "bigint" => FieldKind::BigInt { digits: digits(entry, INTEGER_DIGITS_MAX)? },
        "percent" => {
            FieldKind::Percent { digits: digits(entry, DECIMAL_DIGITS_MAX)?, decimal_places: decimal_places(entry)? }
        }
        "boolean" => FieldKind::Boolean,
        "date" => FieldKind::Date,
        "datetime" => FieldKind::DateTime,
        "picklist" => FieldKind::Picklist { values: entry.values.clone().ok_or("`values` is missing")? },
        "multiselectpicklist" => FieldKind::MultiSelect { values: entry.values.clone().ok_or("`values` is missing")? },
        "lookup" => FieldKind::Lookup { modules: lookup_modules(entry)? },
        "ownerlookup" => FieldKind::Owner,
        "userlookup" => FieldKind::User,
        "layout" => FieldKind::Layout,
        "other" => FieldKind::Other { data_type: entry.data_type.clone().ok_or("`data_type` is missing")? },
        unknown => return Err(format!("unknown type `{unknown}`")),
    })
}

/// The word that a kind is written as.
fn kind_word(kind: &FieldKind) -> &str {
    match kind {
        FieldKind::Other { .. } => "other",
        kind => kind.data_type(),
    }
}

fn digits(entry: &FieldEntry, most: u8) -> Result<u8, String> {
    let digits = entry.digits.ok_or("`digits` is missing")?;
    (1..=most).contains(&digits).then_some(digits).ok_or_else(|| format!("`digits` is not between 1 and {most}"))
}

fn decimal_places(entry: &FieldEntry) -> Result<u8, String> {
    let places = entry.decimal_places.ok_or("`decimal_places` is missing")?;
    (places <= DECIMAL_PLACES_MAX)
        .then_some(places)
        .ok_or_else(|| format!("`decimal_places` is more than {DECIMAL_PLACES_MAX}"))
}
