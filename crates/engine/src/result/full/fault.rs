//! One fault of a row, with what it is about.

use super::shown::{VALUE_CHARS_MAX, shown};
use crate::plan::Plan;
use crate::reader::{Row, RowProblem};
use crate::spec::ResourceSpec;
use crate::verdict::{Fault, Reason, RowCode};

/// Bytes of a row that could not be read of which its text is shown.
const RAW_BYTES_MAX: usize = 4 * VALUE_CHARS_MAX;

/// One thing wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FullFault {
    /// What is wrong.
    pub code: RowCode,
    /// Why exactly.
    pub reason: Reason,
    /// The column, as the header names it; `None` if there is none, or the upload is gone.
    pub column: Option<String>,
    /// API name of the field; `None` for a row that cannot be read, and if nobody knows it without the upload.
    pub field: Option<String>,
    /// What stands there, cut and with control characters written out; `None` if the upload is gone.
    pub value: Option<String>,
    /// What is wrong, in words.
    pub message: String,
}

impl FullFault {
    pub(super) fn of(fault: Fault, plan: &Plan, header: &[String], row: &Row<'_>) -> Self {
        let column = fault.mapping.and_then(|mapping| plan.columns.get(usize::from(mapping)));
        let Some(column) = column else { return FullFault::of_row(fault, header, row) };
        FullFault {
            code: fault.code,
            reason: fault.reason,
            column: column.source.map(|_| shown(&column.name)),
            field: Some(column.api_name.clone()),
            value: Some(shown(column.cell(row))),
            message: fault.reason.words().message.to_owned(),
        }
    }

    /// A row that cannot be read is told by what the reader says of it.
    fn of_row(fault: Fault, header: &[String], row: &Row<'_>) -> Self {
        let column = row.problem.and_then(RowProblem::column);
        // Where there is nothing to see in the column, the whole row shows more.
        let value = match column.map(|column| row.cell(column)) {
            Some(cell) if !cell.is_empty() => shown(cell),
            _ => shown(row.raw_text(RAW_BYTES_MAX).unwrap_or_default().trim_end_matches(['\r', '\n'])),
        };
        let reason = match (fault.reason, row.problem) {
            (Reason::Unspecified, Some(problem)) => problem.reason(),
            (reason, _) => reason,
        };
        FullFault {
            code: fault.code,
            reason,
            column: column.and_then(|column| header.get(column)).map(|name| shown(name)),
            field: None,
            value: Some(value),
            message: row.problem_told().unwrap_or_else(|| reason.words().message.to_owned()),
        }
    }

    pub(super) fn without_upload(fault: Fault, spec: &ResourceSpec) -> Self {
        let mapping = fault.mapping.and_then(|mapping| spec.mappings.get(usize::from(mapping)));
        FullFault {
            code: fault.code,
            reason: fault.reason,
            column: None,
            field: mapping.map(|mapping| mapping.field.clone()),
            value: None,
            message: fault.reason.words().message.to_owned(),
        }
    }
}
