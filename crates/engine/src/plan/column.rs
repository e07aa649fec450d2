//! One mapping, settled: a column of the file, or a default, that becomes a field.

use serde_json::Value as Json;

use super::layout::{self, RowLayout};
use super::{Draft, Refusal, Request, lookup};
use crate::body::FieldName;
use crate::catalog::{Field, FieldKind, FieldNumber, Module};
use crate::reader::Row;
use crate::spec::{Mapping, Operation, ResourceSpec};
use crate::typing::{self, LayoutRule, OwnerBy, PicklistValues, Rule, trimmed};

/// What becomes of a value that its picklist does not have (contract 12, row 14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NewPicklistValues {
    /// It is added when the row is written.
    #[default]
    Add,
    /// It is `INVALID_DATA`.
    Refuse,
}

/// One mapping, settled.
#[derive(Clone, Debug)]
pub struct Column {
    pub(crate) field: FieldNumber,
    /// API name of the field.
    pub api_name: String,
    /// The column of the file, from 0; `None` if there is only a default.
    pub source: Option<usize>,
    /// Its name in ERRORS: the header's own text, or the API name where that is empty or the field has no column.
    pub name: String,
    pub(crate) rule: Rule,
    pub(crate) default: Option<String>,
    pub(crate) body_name: FieldName,
    pub(crate) on_empty: OnEmpty,
    /// Place in the plan's indexes, if the field has one.
    pub(crate) index: Option<usize>,
}

/// What an empty cell means once there is no default for it (contract 12, rows 29 and 31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnEmpty {
    /// Nothing: the field is left as it is.
    Leave,
    /// The field loses its value.
    Blank,
    /// The row is not written.
    Refuse,
    /// The row may change a record, and may not make one.
    RefuseCreating,
}

impl Column {
    pub(super) fn settle(
        draft: &Draft<'_>,
        layout: RowLayout<'_>,
        field: &Field,
        mapping: &Mapping,
        header: &[String],
        path: &str,
    ) -> Result<Column, Refusal> {
        let rule = rule(draft, field, mapping, path)?;
        // A layout's default may be its name alone, and has been found by it.
        let is_named = matches!(field.kind, FieldKind::Layout) && mapping.default.is_some();
        let source = if mapping.index.is_none() && is_named { None } else { source(mapping, header.len(), path)? };
        Ok(Column {
            field: field.number,
            api_name: field.api_name.clone(),
            source,
            name: source
                .map(|column| &header[column])
                .filter(|name| !name.trim().is_empty())
                .unwrap_or(&field.api_name)
                .clone(),
            default: default(draft.module, field, mapping, &rule, path)?,
            rule,
            body_name: FieldName::new(field.number),
            on_empty: on_empty(draft.request.spec, field, layout.demands(field)),
            index: None,
        })
    }

    /// The column's cell of a row, trimmed, with the default in the place of an empty one.
    #[inline]
    pub(crate) fn cell<'r>(&'r self, row: &Row<'r>) -> &'r str {
        let cell = self.source.map_or("", |column| trimmed(row.cell(column)));
        match &self.default {
            Some(default) if cell.is_empty() => default,
            _ => cell,
        }
    }
}

fn on_empty(spec: &ResourceSpec, field: &Field, is_demanded: bool) -> OnEmpty {
    let is_key = spec.find_by.as_ref() == Some(&field.api_name);
    match spec.operation {
        Operation::Insert if is_demanded => OnEmpty::Refuse,
        Operation::Insert => OnEmpty::Leave,
        Operation::Update if is_key => OnEmpty::Refuse,
        // Without a key the row creates, and then a mandatory field needs its value.
        Operation::Upsert if is_key && !is_demanded => OnEmpty::Leave,
        Operation::Upsert if is_key => OnEmpty::Refuse,
        Operation::Update | Operation::Upsert if !spec.ignore_empty => {
            if is_demanded {
                OnEmpty::Refuse
            } else {
                OnEmpty::Blank
            }
        }
        Operation::Upsert if is_demanded => OnEmpty::RefuseCreating,
        Operation::Update | Operation::Upsert => OnEmpty::Leave,
    }
}

fn rule(draft: &Draft<'_>, field: &Field, mapping: &Mapping, path: &str) -> Result<Rule, Refusal> {
    let refused =
        |key| Refusal::KeyNotSupported { api_name: field.api_name.clone(), key, path: format!("{path}.{key}") };
    if let Some(format) = &mapping.format {
        let (api_name, path) = (field.api_name.clone(), format!("{path}.format"));
        return Err(Refusal::FormatNotSupported { api_name, format: format.clone(), path });
    }
    let is_lookup = matches!(field.kind, FieldKind::Lookup { .. });
    if mapping.module.is_some() && !is_lookup {
        return Err(refused("module"));
    }
    let user_by = match (&field.kind, mapping.find_by.as_deref()) {
        (FieldKind::Owner | FieldKind::User, Some("email")) => OwnerBy::Email,
        (FieldKind::Owner | FieldKind::User, Some("id")) => OwnerBy::Id,
        (FieldKind::Lookup { .. }, _) | (FieldKind::Layout, Some("id" | "name")) | (_, None) => OwnerBy::Either,
        (_, Some(_)) => return Err(refused("find_by")),
    };
    Ok(match &field.kind {
        FieldKind::Picklist { values } => Rule::Picklist(picklist(draft.request, field, values)),
        FieldKind::DateTime => Rule::DateTime(draft.request.time_zone.clone()),
        FieldKind::Owner | FieldKind::User => Rule::Owner(draft.people.clone(), user_by),
        FieldKind::Layout => Rule::Layout(LayoutRule::new(&draft.module.layouts)),
        FieldKind::Lookup { modules } => {
            return lookup::rule(draft.request, field, modules, mapping, draft.module_column, path);
        }
        FieldKind::Other { .. } if field.is_id() => Rule::Id,
        FieldKind::BigInt { .. }
        | FieldKind::Percent { .. }
        | FieldKind::MultiSelect { .. }
        | FieldKind::Other { .. } => {
            let data_type = field.kind.data_type();
            let (api_name, data_type) = (field.api_name.clone(), data_type.to_owned());
            return Err(Refusal::TypeNotSupported { api_name, data_type, path: format!("{path}.api_name") });
        }
        kind => key_rule(kind),
    })
}

/// The rule of a type whose values need nothing but its own bounds: that of a key by which a look-up finds records,
/// too. Other types are compared as the text that they are stored as.
pub(super) fn key_rule(kind: &FieldKind) -> Rule {
    match kind {
        FieldKind::Text { length } | FieldKind::Textarea { length } => Rule::Text { length: *length },
        FieldKind::Email { length } => Rule::Email { length: *length },
        FieldKind::Phone { length } => Rule::Phone { length: *length },
        FieldKind::Website { length } => Rule::Website { length: *length },
        FieldKind::Integer { digits } => Rule::Integer { digits: *digits },
        FieldKind::Double { digits, decimal_places } | FieldKind::Currency { digits, decimal_places } => {
            Rule::Decimal { digits: *digits, places: *decimal_places }
        }
        FieldKind::Boolean => Rule::Boolean,
        FieldKind::Date => Rule::Date,
        _ => Rule::Text { length: u32::MAX },
    }
}

fn picklist(request: &Request<'_>, field: &Field, values: &[String]) -> PicklistValues {
    let added = request.picklist_additions.iter().filter(|(number, _)| *number == field.number);
    let all = values.iter().chain(added.map(|(_, value)| value)).map(String::as_str);
    PicklistValues::new(all, request.new_picklist_values == NewPicklistValues::Add)
}

pub(super) fn source(mapping: &Mapping, columns: usize, path: &str) -> Result<Option<usize>, Refusal> {
    let api_name = || mapping.field.clone();
    let path = || format!("{path}.index");
    let Some(index) = mapping.index else {
        let missing = || Refusal::IndexMissing { api_name: api_name(), path: path() };
        return given_default(mapping).map(|_| None).ok_or_else(missing);
    };
    match usize::try_from(index) {
        Ok(column) if column < columns => Ok(Some(column)),
        _ => Err(Refusal::ColumnMissing { api_name: api_name(), index, columns, path: path() }),
    }
}

fn default(
    module: &Module,
    field: &Field,
    mapping: &Mapping,
    rule: &Rule,
    path: &str,
) -> Result<Option<String>, Refusal> {
    if let (FieldKind::Layout, Some(default)) = (&field.kind, &mapping.default) {
        // What there is none of has been refused before.
        return Ok(layout::find(module, default).map(|layout| layout.id.to_string()));
    }
    let unfit = || Refusal::DefaultUnfit {
        api_name: field.api_name.clone(),
        data_type: field.kind.data_type().to_owned(),
        path: format!("{path}.default_value.value"),
    };
    let Some(value) = given_default(mapping) else { return Ok(None) };
    let text = match value {
        Json::String(text) => trimmed(text).to_owned(),
        Json::Number(number) => number.to_string(),
        Json::Bool(value) => value.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => return Err(unfit()),
    };
    if text.is_empty() || typing::read(rule, &text, &mut String::new()).is_err() {
        return Err(unfit());
    }
    Ok(Some(text))
}

/// `null` is the same as no default.
fn given_default(mapping: &Mapping) -> Option<&Json> {
    mapping.default.as_ref()?.value.as_ref().filter(|value| !value.is_null())
}
