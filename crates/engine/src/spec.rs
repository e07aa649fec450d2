//! What one resource of a job asks for, in the engine's own words.

/// What happens to rows: the wire's `operation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Every row becomes a record, unless `find_by` finds one.
    Insert,
    /// Only records that exist are changed.
    Update,
    /// Changed where `find_by` finds a record, added otherwise.
    Upsert,
}

/// One resource: a module and the CSV that goes into it.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceSpec {
    /// API name of the module, as asked for.
    pub module: String,
    /// What happens to its rows.
    pub operation: Operation,
    /// API name of the field that matches rows to records.
    pub find_by: Option<String>,
    /// Whether empty cells leave a field alone; the resource's own word where both levels speak (contract 12, row 31).
    pub ignore_empty: bool,
    /// Columns to fields; empty means by header names (contract 12, row 35).
    pub mappings: Vec<Mapping>,
    /// The charset's label if the request named one; it wins over detection.
    pub charset: Option<String>,
}

/// One column that becomes one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    /// API name of the field.
    pub field: String,
    /// Column, 0 is the first. Negative ones arrive here and are refused by the plan.
    pub index: Option<i64>,
    /// A date or number pattern (refused by name until patterns are read).
    pub format: Option<String>,
    /// How a look-up value finds its record.
    pub find_by: Option<String>,
    /// The module a look-up value is looked for in.
    pub module: Option<String>,
    /// What an empty or absent cell becomes.
    pub default: Option<DefaultValue>,
}

impl Mapping {
    /// The plain mapping of a column, 0 is the first, to a field.
    pub fn of_column(field: &str, index: usize) -> Self {
        Mapping {
            field: field.to_owned(),
            index: i64::try_from(index).ok(),
            format: None,
            find_by: None,
            module: None,
            default: None,
        }
    }
}

/// The wire's `default_value`.
#[derive(Clone, Debug, PartialEq)]
pub struct DefaultValue {
    /// The value as the request gave it: text, number or boolean.
    pub value: Option<serde_json::Value>,
    /// A name beside an id value; only echoed.
    pub name: Option<String>,
    /// The module of a look-up value.
    pub module: Option<String>,
}
