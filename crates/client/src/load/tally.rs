//! Counting what became of rows, and remembering the first that were not written.

use std::collections::HashMap;

use bulkwright_wire::outcome;

use crate::load::plan::Plan;
use crate::load::rows::RowView;
use crate::load::verdict::{RowEnd, Status};

/// Rows that were not written which are shown at once.
pub const FAULTS_SHOWN: usize = 10;
/// Kinds of faults that are counted apart; more than a plan of 200 columns and a dozen codes can give.
const FAULT_KINDS_MAX: usize = 10_000;

/// A row that was not written, with what it takes to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The physical line where it begins; the header is 1.
    pub line: u64,
    /// What became of it.
    pub status: Status,
    /// The code; empty if there is none.
    pub code: String,
    /// The column's name in the source; empty if none is to blame.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// The field's `data_type`; empty if no column is to blame.
    pub data_type: String,
    /// The pattern of the column's cells, if one was given.
    pub format: Option<String>,
    /// Why, where the target did not say.
    pub reason: String,
}

/// How many rows were not written for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultCount {
    /// The code, or the status where there is none.
    pub code: String,
    /// The column's name in the source; empty if none is to blame.
    pub column: String,
    /// How many rows.
    pub rows: u64,
}

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    by_status: HashMap<Status, u64>,
    by_fault: HashMap<(String, String), u64>,
    faults: Vec<RowFault>,
}

/// The first thing that is wrong with a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FirstFault {
    pub(crate) code: String,
    /// Place in the plan's columns.
    pub(crate) column: Option<usize>,
}

impl FirstFault {
    pub(crate) fn of(end: &RowEnd, plan: &Plan) -> Self {
        if let Some(code) = &end.code {
            return FirstFault { code: code.clone(), column: None };
        }
        if !matches!(end.status, Status::Skipped | Status::Unprocessed) {
            return FirstFault::default();
        }
        let errors = outcome::parse_errors(&end.errors);
        let Some(first) = errors.first() else { return FirstFault::default() };
        // The header that was sent is the field's name.
        let named = first.columns.first();
        let column = named.and_then(|name| plan.columns.iter().position(|column| column.field == **name));
        FirstFault { code: first.code.to_owned(), column }
    }
}

impl Tally {
    pub(crate) fn add(&mut self, row: RowView<'_>, end: &RowEnd, fault: &FirstFault, plan: &Plan) {
        *self.by_status.entry(end.status).or_default() += 1;
        if end.status.is_written() || end.status == Status::Unknown {
            return;
        }
        let column = fault.column.map(|at| &plan.columns[at]);
        let header = column.map_or("", |column| &column.header);
        let code = if fault.code.is_empty() { end.status.as_str() } else { &fault.code };
        let key = (code.to_owned(), header.to_owned());
        if self.by_fault.len() < FAULT_KINDS_MAX || self.by_fault.contains_key(&key) {
            *self.by_fault.entry(key).or_default() += 1;
        }
        if self.faults.len() < FAULTS_SHOWN && end.status != Status::NotSent {
            self.faults.push(RowFault {
                line: row.line(),
                status: end.status,
                code: code.to_owned(),
                column: header.to_owned(),
                value: column.map_or("", |column| row.cell(column.column)).to_owned(),
                data_type: column.map_or("", |column| &column.data_type).to_owned(),
                format: column.and_then(|column| column.format.clone()),
                reason: if end.code.is_some() { end.errors.clone() } else { String::new() },
            });
        }
    }

    pub(crate) fn rows(&self, status: Status) -> u64 {
        self.by_status.get(&status).copied().unwrap_or(0)
    }

    pub(crate) fn written(&self) -> u64 {
        Status::ALL.into_iter().filter(|status| status.is_written()).map(|status| self.rows(status)).sum()
    }

    pub(crate) fn total(&self) -> u64 {
        self.by_status.values().sum()
    }

    /// Why rows were not written, the most frequent reason first.
    pub(crate) fn fault_counts(&self) -> Vec<FaultCount> {
        let counted = |((code, column), rows): (&(String, String), &u64)| FaultCount {
            code: code.clone(),
            column: column.clone(),
            rows: *rows,
        };
        let mut counts: Vec<FaultCount> = self.by_fault.iter().map(counted).collect();
        counts.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| (&a.code, &a.column).cmp(&(&b.code, &b.column))));
        counts
    }

    pub(crate) fn first_faults(&self) -> &[RowFault] {
        &self.faults
    }
}
