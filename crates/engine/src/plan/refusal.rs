//! Why a resource is refused before its first row is read.

use crate::archive::FileProblem;
use crate::charset::CharsetProblem;

/// What stands in the way of a resource. `path` is where in the request: `$.resource[0].field_mappings[2].index`.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such module.
    #[error("there is no module {module}")]
    UnknownModule {
        /// As asked for.
        module: String,
        /// Where in the request.
        path: String,
    },
    /// update and upsert need a key.
    #[error("find_by is missing: update and upsert need the field that matches rows to records")]
    FindByMissing {
        /// Where it would stand.
        path: String,
    },
    /// find_by names a field that records cannot be found by.
    #[error("records cannot be found by {field}: name id, or a field that is unique or checked for duplicates")]
    FindByUnusable {
        /// As asked for.
        field: String,
        /// Where in the request.
        path: String,
    },
    /// find_by names a field that no column is mapped to.
    #[error("the find_by field {field} is not mapped to a column")]
    FindByNotMapped {
        /// As asked for.
        field: String,
        /// Where in the request.
        path: String,
    },
    /// A mapping names a field that the module does not have.
    #[error("there is no field {api_name}")]
    UnknownField {
        /// As asked for.
        api_name: String,
        /// Where in the request.
        path: String,
    },
    /// No column of the header names a field.
    #[error("no column of the header names a field of the module: {}", headers.join(", "))]
    NoKnownHeader {
        /// The header.
        headers: Vec<String>,
        /// Where in the request.
        path: String,
    },
    /// Two mappings, or two columns, for one field.
    #[error("{api_name} is mapped twice{}", in_columns(columns))]
    MappedTwice {
        /// The field.
        api_name: String,
        /// The columns of the file, from 0, if they are two.
        columns: Option<[usize; 2]>,
        /// Where it is mapped the second time.
        path: String,
    },
    /// An import cannot write the field.
    #[error("{api_name} is read-only")]
    ReadOnly {
        /// The field.
        api_name: String,
        /// Where in the request.
        path: String,
    },
    /// An import does not write fields of that type.
    #[error("{api_name} is of type {data_type}, {}; leave it out", why_not(data_type))]
    TypeNotSupported {
        /// The field.
        api_name: String,
        /// The wire's name of its type.
        data_type: String,
        /// Where in the request.
        path: String,
    },
    /// A key of a mapping that means nothing for this field.
    #[error("`{key}` says nothing about {api_name}, {}; leave it out", belongs_to(key))]
    KeyNotSupported {
        /// The field.
        api_name: String,
        /// `find_by` or `module`.
        key: &'static str,
        /// Where in the request.
        path: String,
    },
    /// A look-up needs to know what its cells are.
    #[error("{api_name} is a look-up: its mapping needs find_by, id or the field that its cells are values of")]
    LookupFindByMissing {
        /// The field.
        api_name: String,
        /// Where it would stand.
        path: String,
    },
    /// A look-up finds no records by this field.
    #[error("{api_name} cannot be looked up by {find_by} in {module}: use {}", usable.join(", "))]
    LookupFindByUnusable {
        /// The field.
        api_name: String,
        /// As asked for.
        find_by: String,
        /// The module that it points into.
        module: String,
        /// What its records can be looked up by.
        usable: Vec<String>,
        /// Where in the request.
        path: String,
    },
    /// A polymorphic look-up by anything else than an id needs a module.
    #[error(
        "{api_name} can point into {}: name one as the mapping's module, or map a column to $se_module, or look it up by id",
        modules.join(", ")
    )]
    LookupModuleMissing {
        /// The field.
        api_name: String,
        /// What it can point into.
        modules: Vec<String>,
        /// Where it would stand.
        path: String,
    },
    /// A look-up does not point into this module.
    #[error("{api_name} does not point into {module}: use {}", modules.join(", "))]
    NoSuchTarget {
        /// The field.
        api_name: String,
        /// As asked for.
        module: String,
        /// What it can point into.
        modules: Vec<String>,
        /// Where in the request.
        path: String,
    },
    /// The module has no such layout.
    #[error("{module} has no layout {layout}: use {}", layouts.join(", "))]
    NoSuchLayout {
        /// The module.
        module: String,
        /// As asked for.
        layout: String,
        /// Those that there are, with their ids.
        layouts: Vec<String>,
        /// Where in the request.
        path: String,
    },
    /// A field whose cells are read by no pattern.
    #[error("`format` is for dates and numbers, and {api_name} is of type {data_type}; leave it out")]
    FormatNotSupported {
        /// The field.
        api_name: String,
        /// The wire's name of its type.
        data_type: String,
        /// As asked for.
        format: String,
        /// Where in the request.
        path: String,
    },
    /// A pattern that cannot be read, or leaves open what is meant.
    #[error("the format {format} of {api_name} cannot be used{}: {what}", at.map(|at| format!(", see character {at}")).unwrap_or_default())]
    FormatFaulty {
        /// The field.
        api_name: String,
        /// As asked for.
        format: String,
        /// Which character, from 1, where one is at fault.
        at: Option<usize>,
        /// What is wrong with it.
        what: String,
        /// Where in the request.
        path: String,
    },
    /// A mapping names neither a column nor a default.
    #[error("{api_name} has neither an index nor a default_value")]
    IndexMissing {
        /// The field.
        api_name: String,
        /// Where it would stand.
        path: String,
    },
    /// A mapping names a column that the file does not have.
    #[error("{api_name} is mapped to column {index}, and the file has the columns 0 to {}", columns - 1)]
    ColumnMissing {
        /// The field.
        api_name: String,
        /// As asked for.
        index: i64,
        /// Columns of the file, at least one.
        columns: usize,
        /// Where in the request.
        path: String,
    },
    /// A default that is no value of its field.
    #[error("the default_value of {api_name} does not fit its type, {data_type}")]
    DefaultUnfit {
        /// The field.
        api_name: String,
        /// The wire's name of its type.
        data_type: String,
        /// Where in the request.
        path: String,
    },
    /// The header has more columns than are allowed.
    #[error("the header has {found} columns, and {limit} are allowed")]
    TooManyHeaderColumns {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// More mappings than are allowed.
    #[error("{found} fields are mapped, and {limit} are allowed")]
    TooManyMappings {
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
        /// Where in the request.
        path: String,
    },
    /// Mandatory fields without a mapping.
    #[error("mandatory fields are not mapped: {}", api_names.join(", "))]
    MandatoryNotMapped {
        /// The fields, in the order of the module.
        api_names: Vec<String>,
        /// Where they would stand.
        path: String,
    },
    /// The charset's label names none.
    #[error("{label} is no charset that is known here")]
    UnknownCharset {
        /// As asked for.
        label: String,
        /// Where in the request.
        path: &'static str,
    },
    /// The file's byte order mark is that of another charset than the request names.
    #[error("{problem}")]
    CharsetContradicted {
        /// Which one each of them means, and what to do.
        problem: CharsetProblem,
        /// Where in the request.
        path: &'static str,
    },
    /// The upload cannot be imported.
    #[error("{reason}")]
    FileNotSupported {
        /// What is wrong with it and what to do.
        reason: String,
    },
    /// The upload could not be read: no fault of the request.
    #[error("the upload could not be read")]
    Unreadable(#[source] FileProblem),
}

impl Refusal {
    /// Where in the request the offending key is, or would be; `None` where the file is at fault.
    pub fn path(&self) -> Option<&str> {
        match self {
            Refusal::UnknownModule { path, .. }
            | Refusal::FindByMissing { path }
            | Refusal::FindByUnusable { path, .. }
            | Refusal::FindByNotMapped { path, .. }
            | Refusal::UnknownField { path, .. }
            | Refusal::NoKnownHeader { path, .. }
            | Refusal::MappedTwice { path, .. }
            | Refusal::ReadOnly { path, .. }
            | Refusal::TypeNotSupported { path, .. }
            | Refusal::KeyNotSupported { path, .. }
            | Refusal::LookupFindByMissing { path, .. }
            | Refusal::LookupFindByUnusable { path, .. }
            | Refusal::LookupModuleMissing { path, .. }
            | Refusal::NoSuchTarget { path, .. }
            | Refusal::NoSuchLayout { path, .. }
            | Refusal::FormatNotSupported { path, .. }
            | Refusal::FormatFaulty { path, .. }
            | Refusal::IndexMissing { path, .. }
            | Refusal::ColumnMissing { path, .. }
            | Refusal::DefaultUnfit { path, .. }
            | Refusal::TooManyMappings { path, .. }
            | Refusal::MandatoryNotMapped { path, .. } => Some(path),
            Refusal::UnknownCharset { path, .. } | Refusal::CharsetContradicted { path, .. } => Some(path),
            Refusal::TooManyHeaderColumns { .. } | Refusal::FileNotSupported { .. } | Refusal::Unreadable(_) => None,
        }
    }
}

/// Why an import does not write fields of a type.
fn why_not(data_type: &str) -> &'static str {
    match data_type {
        "subform" => "whose rows are records of their own and need a file of their own, and jobs have one file so far",
        "autonumber" | "formula" | "rollup_summary" => "which the server fills by itself",
        _ => "which cannot be imported yet",
    }
}

fn belongs_to(key: &str) -> &'static str {
    match key {
        "module" => "which is no look-up",
        _ => "which is neither a look-up nor a user, or is not found by that",
    }
}

/// Columns as people count them.
fn in_columns(columns: &Option<[usize; 2]>) -> String {
    columns.map_or_else(String::new, |[first, second]| format!(", by columns {} and {}", first + 1, second + 1))
}
