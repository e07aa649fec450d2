//! What the caller says of columns and fields beyond their names, and which field a name means.

use bulkwright_wire::settings::{FieldInfo, LookupModule, SEVERAL_MODULES, display_field};

use crate::error::ClientError;
use crate::input::InputProblem;
use crate::load::plan::{ID_FIELD, listed};

/// Types whose cells a pattern can describe.
const TYPES_WITH_FORMAT: [&str; 7] = ["date", "datetime", "integer", "bigint", "double", "currency", "percent"];
/// Types that a job of one file cannot carry.
const TYPES_OF_OTHER_FILES: [&str; 3] = ["subform", "multiselectlookup", "multiuserlookup"];

/// What the caller says of columns and fields. Names are API names or labels; one of a look-up may have a dot and the
/// field that finds its record (`Account_Name.Website`).
#[derive(Clone, Debug, Default)]
pub struct FieldOptions {
    /// Columns by name, and the fields that they become; a column may become several.
    pub maps: Vec<(String, String)>,
    /// Fields, and the patterns of their cells.
    pub formats: Vec<(String, String)>,
    /// Fields, and what stands for an empty or missing cell.
    pub defaults: Vec<(String, String)>,
    /// The id or the name of the layout that records get.
    pub layout: Option<String>,
}

/// A field that a name means, and what finds the record of a look-up.
pub(crate) struct Meant<'f> {
    pub(crate) field: &'f FieldInfo,
    pub(crate) find_by: Option<String>,
}

/// The field that a name means; `None` if it means none.
pub(crate) fn meant<'f>(name: &str, fields: &'f [FieldInfo]) -> Option<Meant<'f>> {
    if let Some(field) = field_called(name, fields) {
        return Some(Meant { field, find_by: find_by_of(field) });
    }
    let (name, find_by) = name.split_once('.')?;
    let field = field_called(name, fields).filter(|field| is_found(field))?;
    Some(Meant { field, find_by: Some(find_by.trim().to_owned()) })
}

/// The field of that API name or label.
pub(crate) fn field_called<'f>(name: &str, fields: &'f [FieldInfo]) -> Option<&'f FieldInfo> {
    let by_api_name = fields.iter().find(|field| field.api_name.eq_ignore_ascii_case(name.trim()));
    by_api_name.or_else(|| fields.iter().find(|field| is_called(field, name)))
}

pub(crate) fn is_called(field: &FieldInfo, name: &str) -> bool {
    let same = |label: &str| label.trim().to_lowercase() == name.trim().to_lowercase();
    let labels = [field.field_label.as_deref(), field.display_label.as_deref()];
    same(&field.api_name) || labels.into_iter().flatten().any(same)
}

/// Whether cells of the field find a record or a user.
fn is_found(field: &FieldInfo) -> bool {
    matches!(field.data_type.as_str(), "lookup" | "ownerlookup" | "userlookup")
}

/// By what the cells of a look-up find records if nothing is said: the value that stands for a record of the one module
/// that it points into, else the id. Users need nothing said.
fn find_by_of(field: &FieldInfo) -> Option<String> {
    if field.data_type != "lookup" {
        return None;
    }
    let module = match &field.lookup.module {
        Some(LookupModule::Name(name) | LookupModule::Object { api_name: name, .. }) => name.as_str(),
        None => SEVERAL_MODULES,
    };
    Some(if module == SEVERAL_MODULES { ID_FIELD } else { display_field(module) }.to_owned())
}

/// Whether a pattern can describe its cells.
pub(crate) fn takes_format(field_type: &str) -> bool {
    TYPES_WITH_FORMAT.contains(&field_type)
}

/// Why a field cannot be written, if it cannot.
pub(crate) fn why_not(field: &FieldInfo) -> Option<String> {
    let name = &field.api_name;
    if field.field_read_only || field.read_only {
        return Some(format!("{name} is read-only"));
    }
    let is_other = TYPES_OF_OTHER_FILES.contains(&field.data_type.as_str());
    is_other.then(|| format!("{name} is a {}, whose rows are no part of this file", field.data_type))
}

/// A mistake in an option.
pub(crate) fn wrong(flag: &'static str, given: &str, reason: impl Into<String>) -> ClientError {
    InputProblem::Option { flag, given: given.to_owned(), reason: reason.into() }.into()
}

/// That a name means no field, with those that there are.
pub(crate) fn no_field(name: &str, fields: &[FieldInfo]) -> String {
    let writable = fields.iter().filter(|field| why_not(field).is_none());
    format!("the module has no field {name}; it has {}", listed(writable.map(|field| field.api_name.as_str())))
}
