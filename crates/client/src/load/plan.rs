//! Which column becomes which field: settled before anything is sent.

use bulkwright_wire::create::Operation;
use bulkwright_wire::limit;
use bulkwright_wire::settings::FieldInfo;

use crate::error::ClientError;
use crate::input::InputProblem;
use crate::load::fields::{field_called, is_called, meant, no_field, takes_format, why_not, wrong};
use crate::load::settings::LoadSettings;
use crate::load::source::Input;

/// The record's own id: matched by name, listed in no field table.
pub(crate) const ID_FIELD: &str = "id";
/// The field that names the layout of a record, wherever one can be named.
const LAYOUT_FIELD: &str = "Layout";
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
    /// What its cells find records or users by, if it is a look-up.
    pub find_by: Option<String>,
    /// The pattern of its cells.
    pub format: Option<String>,
    /// What stands for an empty cell.
    pub default: Option<String>,
}

/// A field that no column carries, and that has the same value in all rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedConstant {
    /// The field.
    pub field: String,
    /// What its value finds a record or a user by.
    pub find_by: Option<String>,
    /// The value.
    pub value: String,
}

/// What is sent of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Columns that become fields, in source order.
    pub columns: Vec<PlannedColumn>,
    /// Fields with one value for all rows.
    pub constants: Vec<PlannedConstant>,
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
        let mut plan =
            Plan { columns: Vec::new(), constants: Vec::new(), unmapped: Vec::new(), key: None, join_column: None };
        check_mapped_columns(input, settings)?;
        for (column, header) in input.header().iter().enumerate() {
            let targets: Vec<&str> = mapped(header, settings).collect();
            for target in &targets {
                plan.map(column, header, target, fields)?;
            }
            if targets.is_empty() {
                plan.by_name(column, header, fields, settings)?;
            }
        }
        if plan.columns.is_empty() {
            return Err(no_known_header(input, fields, &settings.module).into());
        }
        if plan.columns.len() > limit::COLUMNS_MAX {
            let columns = plan.columns.len();
            return Err(InputProblem::TooManyColumns { columns, limit: limit::COLUMNS_MAX }.into());
        }
        plan.settle_options(fields, settings)?;
        plan.settle_key(fields, settings)?;
        Ok(plan)
    }

    /// A column whose field the caller has named.
    fn map(&mut self, column: usize, header: &str, target: &str, fields: &[FieldInfo]) -> Result<(), ClientError> {
        let given = format!("{header}={target}");
        if target.eq_ignore_ascii_case(ID_FIELD) {
            return self.add(PlannedColumn::new(column, header, ID_FIELD, "bigint"));
        }
        let meant = meant(target, fields).ok_or_else(|| wrong("--map", &given, no_field(target, fields)))?;
        if let Some(reason) = why_not(meant.field) {
            return Err(wrong("--map", &given, reason));
        }
        let named = PlannedColumn::new(column, header, &meant.field.api_name, &meant.field.data_type);
        self.add(PlannedColumn { find_by: meant.find_by, ..named })
    }

    /// A column whose own name says its field, if it does.
    fn by_name(
        &mut self,
        column: usize,
        header: &str,
        fields: &[FieldInfo],
        settings: &LoadSettings,
    ) -> Result<(), ClientError> {
        if header.starts_with('_') {
            return Ok(());
        }
        if header.eq_ignore_ascii_case(ID_FIELD) {
            // An id can only be a key: nobody may choose the id of a new record.
            if settings.key.as_deref().is_some_and(|key| key.eq_ignore_ascii_case(ID_FIELD)) {
                return self.add(PlannedColumn::new(column, header, ID_FIELD, "bigint"));
            }
        } else if let Some(meant) = meant(header, fields).filter(|meant| why_not(meant.field).is_none()) {
            let named = PlannedColumn::new(column, header, &meant.field.api_name, &meant.field.data_type);
            return self.add(PlannedColumn { find_by: meant.find_by, ..named });
        }
        self.unmapped.push(header.to_owned());
        Ok(())
    }

    /// Patterns, defaults and the layout.
    fn settle_options(&mut self, fields: &[FieldInfo], settings: &LoadSettings) -> Result<(), ClientError> {
        for (name, pattern) in &settings.fields.formats {
            let given = format!("{name}={pattern}");
            let field = field_called(name, fields).ok_or_else(|| wrong("--format", &given, no_field(name, fields)))?;
            if !takes_format(&field.data_type) {
                let reason = format!("{} is of type {}, which no pattern describes", field.api_name, field.data_type);
                return Err(wrong("--format", &given, reason));
            }
            let column = self.columns.iter_mut().find(|column| column.field == field.api_name);
            let none = || wrong("--format", &given, format!("no column of the file carries {}", field.api_name));
            column.ok_or_else(none)?.format = Some(pattern.clone());
        }
        for (name, value) in &settings.fields.defaults {
            let given = format!("{name}={value}");
            let meant = meant(name, fields).ok_or_else(|| wrong("--default", &given, no_field(name, fields)))?;
            if let Some(reason) = why_not(meant.field) {
                return Err(wrong("--default", &given, reason));
            }
            match self.columns.iter_mut().find(|column| column.field == meant.field.api_name) {
                Some(column) => column.default = Some(value.clone()),
                None => {
                    let field = meant.field.api_name.clone();
                    self.constants.push(PlannedConstant { field, find_by: meant.find_by, value: value.clone() });
                }
            }
        }
        if let Some(layout) = &settings.fields.layout {
            let field = LAYOUT_FIELD.to_owned();
            self.constants.push(PlannedConstant { field, find_by: None, value: layout.clone() });
        }
        Ok(())
    }

    fn add(&mut self, planned: PlannedColumn) -> Result<(), ClientError> {
        if let Some(earlier) = self.columns.iter().find(|earlier| earlier.field == planned.field) {
            let (first, second) = (earlier.header.clone(), planned.header);
            return Err(InputProblem::Twice { first, second, field: planned.field }.into());
        }
        self.columns.push(planned);
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

impl PlannedColumn {
    fn new(column: usize, header: &str, field: &str, data_type: &str) -> Self {
        PlannedColumn {
            column,
            header: header.to_owned(),
            field: field.to_owned(),
            data_type: data_type.to_owned(),
            find_by: None,
            format: None,
            default: None,
        }
    }
}

/// The fields that the caller has named for a column.
fn mapped<'s>(header: &'s str, settings: &'s LoadSettings) -> impl Iterator<Item = &'s str> {
    let maps = settings.fields.maps.iter();
    maps.filter(move |(column, _)| is_column(header, column)).map(|(_, field)| field.as_str())
}

fn is_column(header: &str, name: &str) -> bool {
    header.trim().to_lowercase() == name.trim().to_lowercase()
}

fn check_mapped_columns(input: &Input, settings: &LoadSettings) -> Result<(), ClientError> {
    let is_there = |name: &str| input.header().iter().any(|header| is_column(header, name));
    match settings.fields.maps.iter().find(|(column, _)| !is_there(column)) {
        None => Ok(()),
        Some((column, field)) => {
            let found = listed(input.header().iter().map(String::as_str));
            let reason = format!("the file has no column {column}; it has {found}");
            Err(wrong("--map", &format!("{column}={field}"), reason))
        }
    }
}

fn no_known_header(input: &Input, fields: &[FieldInfo], module: &str) -> InputProblem {
    let writable = fields.iter().filter(|field| why_not(field).is_none());
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
