//! A row as lines of a stream: JSON, or CSV by RFC 4180 with LF.

use bulkwright_wire::rows::{CSV_HEADER, RowError, RowView, RowsFormat};

/// What a sheet takes for the beginning of a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// What stands before the first row.
pub(super) fn header(format: RowsFormat) -> Vec<u8> {
    let mut out = Vec::new();
    if format == RowsFormat::Csv {
        push_cells(&CSV_HEADER, &mut out);
    }
    out
}

/// Adds a row.
pub(super) fn push(format: RowsFormat, row: &RowView, out: &mut Vec<u8>) {
    if format == RowsFormat::Csv {
        return push_csv(row, out);
    }
    serde_json::to_writer(&mut *out, row).expect("a row is text and numbers, written to memory");
    out.push(b'\n');
}

/// A line for each error, so that a sheet can be filtered by each; one for a row without any.
fn push_csv(row: &RowView, out: &mut Vec<u8>) {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let (row_number, line, byte) = (row.row.to_string(), number(row.line), number(row.byte));
    let record = row.record_id.as_deref().unwrap_or_default();
    let of_row = [row_number.as_str(), &line, &byte, &row.status, record];
    if row.errors.is_empty() {
        push_cells(&of_row.into_iter().chain([""; 7]).collect::<Vec<_>>(), out);
    }
    for error in &row.errors {
        let RowError { code, reason, column, field, value, message, advice } = error;
        let (column, value) = (for_a_sheet(column.as_deref()), for_a_sheet(value.as_deref()));
        let field = field.as_deref().unwrap_or_default();
        let of_error = [code.as_str(), reason, &column, field, &value, message, advice];
        push_cells(&of_row.into_iter().chain(of_error).collect::<Vec<_>>(), out);
    }
}

/// Text of the file in a cell: sheets would run `=cmd|…` as a formula, so an apostrophe stands before what begins like one.
fn for_a_sheet(text: Option<&str>) -> String {
    match text {
        Some(text) if text.starts_with(FORMULA) => format!("'{text}"),
        Some(text) => text.to_owned(),
        None => String::new(),
    }
}

fn push_cells(cells: &[&str], out: &mut Vec<u8>) {
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.extend_from_slice(format!("\"{}\"", cell.replace('"', "\"\"")).as_bytes());
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(column: Option<&str>, value: Option<&str>) -> RowError {
        RowError {
            code: "INVALID_DATA".to_owned(),
            reason: "not_a_phone".to_owned(),
            column: column.map(str::to_owned),
            field: Some("Phone".to_owned()),
            value: value.map(str::to_owned),
            message: "m, \"n\"".to_owned(),
            advice: "a".to_owned(),
        }
    }

    #[test]
    fn each_error_is_a_line_and_nothing_in_it_is_a_formula() {
        let skipped = RowView {
            row: 2,
            line: Some(3),
            byte: Some(41),
            status: "SKIPPED".to_owned(),
            record_id: None,
            errors: vec![error(Some("=Phone"), Some("=cmd|' /C calc'!A0")), error(None, Some("-1")), error(None, None)],
        };
        let added =
            RowView { status: "ADDED".to_owned(), record_id: Some("7".to_owned()), errors: vec![], ..skipped.clone() };
        let mut out = header(RowsFormat::Csv);
        push(RowsFormat::Csv, &skipped, &mut out);
        push(RowsFormat::Csv, &added, &mut out);
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
        row,line,byte,status,record_id,code,reason,column,field,value,message,advice
        2,3,41,SKIPPED,,INVALID_DATA,not_a_phone,'=Phone,Phone,'=cmd|' /C calc'!A0,"m, ""n""",a
        2,3,41,SKIPPED,,INVALID_DATA,not_a_phone,,Phone,'-1,"m, ""n""",a
        2,3,41,SKIPPED,,INVALID_DATA,not_a_phone,,Phone,,"m, ""n""",a
        2,3,41,ADDED,7,,,,,,,
        "#);
    }

    #[test]
    fn each_row_is_a_line_of_json() {
        let row =
            RowView { row: 1, line: None, byte: None, status: "ADDED".to_owned(), record_id: None, errors: vec![] };
        let mut out = header(RowsFormat::JsonLines);
        push(RowsFormat::JsonLines, &row, &mut out);
        let line = String::from_utf8(out).unwrap();
        assert_eq!(serde_json::from_str::<RowView>(line.strip_suffix('\n').unwrap()).unwrap(), row);
    }
}
