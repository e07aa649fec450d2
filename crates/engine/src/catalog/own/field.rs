//! Fields that a file of one's own adds to a module, and marks that it gives to those that are there.

use std::collections::HashSet;

use super::{FIELDS_MAX, Place, check_name, given_id, meant, numbered, own_id};
use crate::catalog::file::{FieldEntry, first_use};
use crate::catalog::{CatalogError, Field, FieldKind, FieldNumber, Module, OWN_FIELD_NUMBER_MIN};

/// Types that an import cannot write, which may be listed: clients see them, and mappings are refused by name.
const LISTED_TYPES: [&str; 10] = [
    "subform",
    "fileupload",
    "imageupload",
    "profileimage",
    "multiselectlookup",
    "multiuserlookup",
    "territories",
    "autonumber",
    "formula",
    "rollup_summary",
];
/// Those of them that fill themselves, and are read-only.
const COMPUTED_TYPES: [&str; 3] = ["autonumber", "formula", "rollup_summary"];
/// What the vendor gives a new field where nothing is said: code points, digits, and places after the point.
const LENGTHS: [(&str, u32); 5] =
    [("text", 255), ("textarea", 32_000), ("email", 100), ("phone", 30), ("website", 450)];
const DIGITS: [(&str, u8, Option<u8>); 5] = [
    ("integer", 9, None),
    ("bigint", 18, None),
    ("double", 16, Some(2)),
    ("currency", 16, Some(2)),
    ("percent", 5, Some(2)),
];
/// What separates the values of a multi-select cell.
const SEPARATOR: char = ';';

/// The fields of a module while a file is read.
pub(super) struct Fields<'m> {
    pub(super) module: &'m str,
    number: u16,
    pub(super) fields: Vec<Field>,
    /// Those that the standard layout demands from now on.
    pub(super) demanded: Vec<FieldNumber>,
    seen: HashSet<String>,
}

impl<'m> Fields<'m> {
    pub(super) fn of(module: &'m Module) -> Self {
        Fields {
            module: &module.api_name,
            number: module.number.0,
            fields: module.fields.clone(),
            demanded: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// Adds a field if the entry has a type, and changes the marks of one that is there if it has none.
    pub(super) fn take(&mut self, place: &Place<'_>, entry: FieldEntry) -> Result<(), CatalogError> {
        first_use(&mut self.seen, entry.api_name.to_lowercase()).ok_or_else(|| place.fault("it stands twice"))?;
        let known = self.fields.iter().position(|field| field.api_name.eq_ignore_ascii_case(&entry.api_name));
        let at = match (known, entry.kind.is_some()) {
            (Some(at), false) if self.fields[at].api_name == entry.api_name => {
                change(place, &mut self.fields[at], &entry)?;
                at
            }
            (Some(at), false) => return Err(place.fault(format!("it is spelled {}", self.fields[at].api_name))),
            (Some(_), true) => {
                return Err(place.fault("the module has that field; leave `type` out to change its marks"));
            }
            (None, false) => {
                let meant = meant(&entry.api_name, self.fields.iter().map(|field| field.api_name.as_str()));
                let reason = "there is no such field to change, and a new one needs `type` and `number`";
                return Err(place.fault(format!("{reason}{meant}")));
            }
            (None, true) => {
                let field = self.made(place, &entry)?;
                self.fields.push(field);
                self.fields.len() - 1
            }
        };
        self.mark(place, at, &entry)
    }

    fn made(&self, place: &Place<'_>, entry: &FieldEntry) -> Result<Field, CatalogError> {
        check_name(place, &entry.api_name)?;
        if self.fields.len() >= FIELDS_MAX {
            return Err(place.fault(format!("the module has more than {FIELDS_MAX} fields")));
        }
        let is_free = |number: u16| self.fields.iter().all(|field| field.number.0 != number);
        let of = format!("field of {}", self.module);
        let free = (OWN_FIELD_NUMBER_MIN..=u16::MAX).find(|number| is_free(*number));
        let number = numbered(entry.number, OWN_FIELD_NUMBER_MIN, &of, free).map_err(|reason| place.fault(reason))?;
        if let Some(other) = self.fields.iter().find(|field| field.number.0 == number) {
            return Err(place.fault(format!("number {number} is that of {}", other.api_name)));
        }
        let kind = kind(entry).map_err(|reason| place.fault(reason))?;
        let is_computed = COMPUTED_TYPES.contains(&kind.data_type());
        let joins = entry.joins.as_ref().map(|names| self.joined(place, &kind, names)).transpose()?;
        Ok(Field {
            number: FieldNumber(number),
            id: given_id(place, entry.id)?.unwrap_or_else(|| own_id(self.number, i64::from(number))),
            label: label(place, entry)?.unwrap_or_else(|| entry.api_name.replace('_', " ")),
            api_name: entry.api_name.clone(),
            kind,
            mandatory: false,
            duplicate_check: false,
            unique: None,
            external: false,
            read_only: entry.read_only.unwrap_or_default() || joins.is_some() || is_computed,
            joins,
        })
    }

    fn joined(
        &self,
        place: &Place<'_>,
        kind: &FieldKind,
        names: &[String; 2],
    ) -> Result<[FieldNumber; 2], CatalogError> {
        let is_text = |kind: &FieldKind| matches!(kind, FieldKind::Text { .. });
        if !is_text(kind) {
            return Err(place.fault("only a field of type text joins others"));
        }
        let number_of = |name: &String| {
            let found = self.fields.iter().find(|field| field.api_name == *name && is_text(&field.kind));
            let found = found.filter(|field| field.joins.is_none());
            let reason = || place.fault(format!("there is no field {name} of type text before it to join"));
            found.map(|field| field.number).ok_or_else(reason)
        };
        Ok([number_of(&names[0])?, number_of(&names[1])?])
    }

    /// Marks may be given, and those that a built-in module gives stay.
    fn mark(&mut self, place: &Place<'_>, at: usize, entry: &FieldEntry) -> Result<(), CatalogError> {
        let field = &mut self.fields[at];
        let wants_key = entry.unique().is_some() || entry.duplicate_check == Some(true);
        if wants_key && !has_keys(&field.kind) {
            let reason = format!("records cannot be found by a field of type {}", field.kind.data_type());
            return Err(place.fault(reason));
        }
        if entry.unique().is_some() && field.read_only || wants_key && field.read_only && field.joins.is_none() {
            return Err(place.fault("it is read-only, so no import gives it a value to be found by"));
        }
        field.unique = entry.unique().or(field.unique);
        field.external |= entry.external.unwrap_or_default();
        if entry.duplicate_check == Some(false) && field.duplicate_check {
            return Err(place.fault("it is always checked for duplicates; leave `duplicate_check` out"));
        }
        field.duplicate_check |= entry.duplicate_check.unwrap_or_default();
        match entry.mandatory {
            Some(true) if !field.is_demandable() => {
                Err(place.fault("no import gives it a value, so it cannot be mandatory"))
            }
            Some(true) => {
                self.demanded.push(field.number);
                Ok(())
            }
            Some(false) if field.mandatory => Err(place.fault("it is always mandatory; leave `mandatory` out")),
            Some(false) | None => Ok(()),
        }
    }
}

/// What may be said of a field that is there, beside marks: another label, more values, more modules.
fn change(place: &Place<'_>, field: &mut Field, entry: &FieldEntry) -> Result<(), CatalogError> {
    let fixed = [
        ("number", entry.number.is_some()),
        ("id", entry.id.is_some()),
        ("length", entry.length.is_some()),
        ("digits", entry.digits.is_some()),
        ("decimal_places", entry.decimal_places.is_some()),
        ("module", entry.module.is_some()),
        ("joins", entry.joins.is_some()),
        ("data_type", entry.data_type.is_some()),
        ("read_only", entry.read_only.is_some()),
    ];
    if let Some((key, _)) = fixed.into_iter().find(|(_, is_given)| *is_given) {
        return Err(place.fault(format!("the field is there already, and its `{key}` stays; leave `{key}` out")));
    }
    if let Some(label) = label(place, entry)? {
        field.label = label;
    }
    let is_several = matches!(field.kind, FieldKind::MultiSelect { .. });
    match (&mut field.kind, &entry.values) {
        (_, None) => {}
        (FieldKind::Picklist { values } | FieldKind::MultiSelect { values }, Some(added)) => {
            values.extend(added.iter().cloned());
            check_values(values, is_several).map_err(|reason| place.fault(reason))?;
        }
        (_, Some(_)) => return Err(place.fault("it has no list of values to add to; leave `values` out")),
    }
    match (&mut field.kind, &entry.modules) {
        (_, None) => {}
        (FieldKind::Lookup { modules }, Some(added)) if modules.len() > 1 => {
            let new: Vec<String> = added.iter().filter(|name| !modules.contains(name)).cloned().collect();
            modules.extend(new);
        }
        (_, Some(_)) => return Err(place.fault("it does not point into several modules; leave `modules` out")),
    }
    Ok(())
}

fn label(place: &Place<'_>, entry: &FieldEntry) -> Result<Option<String>, CatalogError> {
    match &entry.label {
        Some(label) if label.trim().is_empty() => Err(place.fault("`label` is empty")),
        label => Ok(label.clone()),
    }
}

/// The kind of a new field; bounds that are not given are the vendor's.
fn kind(entry: &FieldEntry) -> Result<FieldKind, String> {
    let word = entry.kind.as_deref().unwrap_or_default();
    let length = LENGTHS.into_iter().find(|(name, _)| *name == word).map(|(_, length)| length);
    let digits = DIGITS.into_iter().find(|(name, ..)| *name == word);
    let kind = FieldEntry {
        length: entry.length.or(length),
        digits: entry.digits.or(digits.map(|(_, digits, _)| digits)),
        decimal_places: entry.decimal_places.or(digits.and_then(|(_, _, places)| places)),
        ..entry.of_kind()
    }
    .kind()?;
    match &kind {
        FieldKind::Owner => Err("every module has its Owner; other users are of type `userlookup`".to_owned()),
        FieldKind::Layout => Err("every module has its Layout".to_owned()),
        FieldKind::Other { data_type } if !LISTED_TYPES.contains(&data_type.as_str()) => {
            Err(format!("`data_type` is none of {}", LISTED_TYPES.join(", ")))
        }
        FieldKind::Picklist { values } => check_values(values, false).map(|()| kind),
        FieldKind::MultiSelect { values } => check_values(values, true).map(|()| kind),
        _ => Ok(kind),
    }
}

fn check_values(values: &[String], is_several: bool) -> Result<(), String> {
    let mut seen = HashSet::new();
    for value in values {
        if value.trim().is_empty() || value.trim() != value {
            return Err(format!("the value {value:?} is empty, or has blanks around it"));
        }
        if is_several && value.contains(SEPARATOR) {
            return Err(format!("the value {value:?} holds `{SEPARATOR}`, which separates values in a cell"));
        }
        first_use(&mut seen, value.to_lowercase()).ok_or_else(|| format!("the value {value:?} stands twice"))?;
    }
    Ok(())
}

/// Whether values of the kind have one spelling that they can be found by.
fn has_keys(kind: &FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Text { .. }
            | FieldKind::Email { .. }
            | FieldKind::Phone { .. }
            | FieldKind::Website { .. }
            | FieldKind::Integer { .. }
            | FieldKind::BigInt { .. }
    )
}
