//! From the engine's rows to what is shown of them.

use bulkwright_engine::result::full::{FullFault, FullRow, Group};
use bulkwright_wire::rows::{RowError, RowView, RowsExample, RowsGroup};

pub(super) fn row(row: FullRow) -> RowView {
    RowView {
        row: row.number,
        line: row.place.map(|place| place.line),
        byte: row.place.map(|place| place.byte),
        status: row.status.as_str().to_owned(),
        record_id: row.record.map(|id| id.to_string()),
        errors: row.faults.into_iter().map(error).collect(),
    }
}

fn error(fault: FullFault) -> RowError {
    let words = fault.reason.words();
    RowError {
        code: fault.code.as_str().to_owned(),
        reason: words.name.to_owned(),
        column: fault.column,
        field: fault.field,
        value: fault.value,
        message: fault.message,
        advice: words.advice.to_owned(),
    }
}

/// What is said of a group is true of all its rows.
pub(super) fn group(group: Group) -> RowsGroup {
    let words = group.fault.reason.words();
    RowsGroup {
        rows: group.rows,
        code: group.fault.code.as_str().to_owned(),
        reason: words.name.to_owned(),
        // An unreadable row names the column where it went wrong, and the next one another.
        column: group.fault.column.filter(|_| group.fault.field.is_some()),
        field: group.fault.field,
        message: words.message.to_owned(),
        advice: words.advice.to_owned(),
        example: RowsExample {
            row: group.first_row,
            line: group.place.map(|place| place.line),
            value: group.fault.value,
        },
    }
}
