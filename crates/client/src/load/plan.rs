//! Which column becomes which field: settled before anything is sent.

use bulkwright_wire::create::Operation;
use bulkwright_wire::limit;
use bulkwright_wire::settings::FieldInfo;

use crate::error::ClientError;
use crate::input::InputProblem;
use crate::load::settings::LoadSettings;
use crate::load::source::Input;

/// The record's own id: matched by name, listed in no field table.
const ID_FIELD: &str = "id";
/// Columns and fields named in a message.
const NAMES_SHOWN: usize = 4;

/// A column that becomes a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedColumn {
    /// Its place in the source; 0 is the first.
    pub column: usize,
    /// Its name in the source.
    pub header: String,
    /// The field.
    pub field: String,
    /// The field's `data_type`.
    pub data_type: String,
}

/// What is sent of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Columns that become fields, in source order.
    pub columns: Vec<PlannedColumn>,
    /// Columns that are not sent, by name.
    pub unmapped: Vec<String>,
    /// The field that matches rows to records: `find_by`.
    pub key: Option<String>,
    /// Place in `columns` of the column that rows are joined by.
    pub join_column: Option<usize>,
}

impl Plan {
    /// Settles everything that can be refused before a row is sent.
    pub(crate) fn make(input: &Input, fields: &[FieldInfo], settings: &LoadSettings) -> Result<Self, ClientError> {
        let mut plan = Plan { columns: Vec::new(), unmapped: Vec::new(), key: None, join_column: None };
        for (column, header) in input.header().iter().enumerate() {
            match field_of(header, fields, settings) {
                Some((field, data_type)) => plan.add(column, header, field, data_type)?,
                None if header.starts_with('_') => {}
                None => plan.unmapped.push(header.clone()),
            }
        }
        if plan.columns.is_empty() {
            return Err(no_known_header(input, fields, &settings.module).into());
        }
        if plan.columns.len() > limit::COLUMNS_MAX {
            let columns = plan.columns.len();
            return Err(InputProblem::TooManyColumns { columns, limit: limit::COLUMNS_MAX }.into());
        }
        plan.settle_key(fields, settings)?;
        Ok(plan)
    }

    fn add(&mut self, column: usize, header: &str, field: String, data_type: String) -> Result<(), ClientError> {
        if let Some(earlier) = self.columns.iter().find(|earlier| earlier.field == field) {
            let first = earlier.header.clone();
            return Err(InputProblem::Twice { first, second: header.to_owned(), field }.into());
        }
        self.columns.push(PlannedColumn { column, header: header.to_owned(), field, data_type });
        Ok(())
    }

    fn settle_key(&mut self, fields: &[FieldInfo], settings: &LoadSettings) -> Result<(), ClientError> {
        if let Some(key) = &settings.key {
            let at = self.place_of(key, fields)?;
            self.key = Some(self.columns[at].field.clone());
            self.join_column = Some(at);
        } else if settings.operation != Operation::Insert {
            let operation = settings.operation.as_str();
            let reason = format!("--op {operation} must know which field finds the records; add --key FIELD");
            return Err(InputProblem::Key { key: String::new(), reason }.into());
        }
        if let Some(join_by) = &settings.join_by {
            self.join_column = Some(self.place_of(join_by, fields)?);
        }
        Ok(())
    }

    /// Where the column is that carries the field called `name`.
    fn place_of(&self, name: &str, fields: &[FieldInfo]) -> Result<usize, ClientError> {
        let wrong = |reason: String| ClientError::from(InputProblem::Key { key: name.to_owned(), reason });
        let field = if name.eq_ignore_ascii_case(ID_FIELD) {
            ID_FIELD
        } else {
            let found = fields.iter().find(|field| is_called(field, name));
            &found.ok_or_else(|| wrong("the module has no such field".to_owned()))?.api_name
        };
        let place = self.columns.iter().position(|column| column.field == field);
        place.ok_or_else(|| wrong(format!("no column of the file carries {field}")))
    }
}

/// The field that a column's name means; `None` for names that mean none and for fields that nobody may write.
fn field_of(header: &str, fields: &[FieldInfo], settings: &LoadSettings) -> Option<(String, String)> {
    if header.starts_with('_') || header.is_empty() {
        return None;
    }
    if header.eq_ignore_ascii_case(ID_FIELD) {
        // An id can only be a key: nobody may choose the id of a new record.
        let is_key = settings.key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case(ID_FIELD));
        return is_key.then(|| (ID_FIELD.to_owned(), "bigint".to_owned()));
    }
    let by_api_name = fields.iter().find(|field| field.api_name.eq_ignore_ascii_case(header));
    let field = by_api_name.or_else(|| fields.iter().find(|field| is_called(field, header)))?;
    (!field.field_read_only && !field.read_only).then(|| (field.api_name.clone(), field.data_type.clone()))
}

fn is_called(field: &FieldInfo, name: &str) -> bool {
    let same = |label: &str| label.trim().to_lowercase() == name.trim().to_lowercase();
    let labels = [field.field_label.as_deref(), field.display_label.as_deref()];
    same(&field.api_name) || labels.into_iter().flatten().any(same)
}

fn no_known_header(input: &Input, fields: &[FieldInfo], module: &str) -> InputProblem {
    let writable = fields.iter().filter(|field| !field.field_read_only && !field.read_only);
    InputProblem::NoKnownHeader {
        path: input.path().to_owned(),
        module: module.to_owned(),
        found: listed(input.header().iter().map(String::as_str)),
        wanted: listed(writable.map(|field| field.api_name.as_str())),
    }
}

/// The first few names, in words.
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let all: Vec<&str> = names.collect();
    let shown: Vec<String> = all.iter().take(NAMES_SHOWN).map(|name| shortened(name)).collect();
    let more = if all.len() > NAMES_SHOWN { " …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

fn shortened(name: &str) -> String {
    const CHARS_SHOWN: usize = 40;
    let mut text: String = name.chars().filter(|letter| !letter.is_control()).take(CHARS_SHOWN).collect();
    if name.chars().count() > CHARS_SHOWN {
        text.push('…');
    }
    text
}
