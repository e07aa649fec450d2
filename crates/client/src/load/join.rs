//! Joining verdicts to rows (CLIENT 17): never by hope.
//!
//! Every result row echoes up to three cells of its source row. Where an own server promises file order, the order is
//! taken if all echoes of all rows agree with it. Everywhere else rows are grouped by their echoes: a group whose
//! counts agree and whose verdicts are one and the same is joined, any other one is unknown.

use std::collections::HashMap;

use bulkwright_wire::outcome::RowStatus;

use crate::api::TargetKind;
use crate::load::part::Part;
use crate::load::result::ResultRow;
use crate::load::verdict::{JoinedBy, RowEnd, Status};

/// Joins a result to the rows of a part that were sent: one end for each of `part.sent`, in its order. `columns` are
/// the source columns that are echoed, in the order of the echo.
pub(crate) fn join(part: &Part, columns: &[usize], results: Vec<ResultRow>, how: HowToJoin) -> Vec<RowEnd> {
    if how.target == TargetKind::Own && agrees_in_order(part, columns, &results) {
        return results.into_iter().map(|row| end_of(row, JoinedBy::Order)).collect();
    }
    let mut groups = group(&results);
    for &index in &part.sent {
        groups.entry(echoes_of(part, columns, index)).or_default().sent += 1;
    }
    let joined = |index: &usize| groups[&echoes_of(part, columns, *index)].end(&results, how.by);
    part.sent.iter().map(joined).collect()
}

/// What is known of the target and of the echo.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HowToJoin {
    pub(crate) target: TargetKind,
    /// What the echoes are: a key, or the columns that tell most rows apart.
    pub(crate) by: JoinedBy,
}

fn agrees_in_order(part: &Part, columns: &[usize], results: &[ResultRow]) -> bool {
    let rows = part.sent.iter().zip(results);
    part.sent.len() == results.len()
        && rows.into_iter().all(|(&index, result)| echoes_of(part, columns, index) == folded(&result.echoes))
}

/// The echo of one row, as it is compared: white space around a cell is no part of it.
fn echoes_of(part: &Part, columns: &[usize], index: usize) -> Vec<String> {
    let row = part.rows.get(index);
    columns.iter().map(|&column| row.cell(column).trim().to_owned()).collect()
}

fn folded(echoes: &[String]) -> Vec<String> {
    echoes.iter().map(|cell| cell.trim().to_owned()).collect()
}

/// Result rows with the same echoes.
#[derive(Debug, Default)]
struct Group {
    sent: usize,
    results: Vec<usize>,
}

fn group(results: &[ResultRow]) -> HashMap<Vec<String>, Group> {
    let mut groups: HashMap<Vec<String>, Group> = HashMap::new();
    for (place, row) in results.iter().enumerate() {
        groups.entry(folded(&row.echoes)).or_default().results.push(place);
    }
    groups
}

impl Group {
    /// What became of each row of the group; the same for all of them.
    fn end(&self, results: &[ResultRow], by: JoinedBy) -> RowEnd {
        let Some((&first, others)) = self.results.split_first() else {
            return RowEnd::unknown("the result does not name this row");
        };
        if self.results.len() != self.sent {
            return RowEnd::unknown("the result has another number of rows with these values than were sent");
        }
        let one = &results[first];
        if others.iter().any(|&other| (results[other].status, &results[other].errors) != (one.status, &one.errors)) {
            return RowEnd::unknown("rows with these values had different outcomes, and nothing tells them apart");
        }
        let mut end = end_of(one.clone(), by);
        if others.iter().any(|&other| results[other].record_id != one.record_id) {
            end.record_id = String::new();
        }
        end
    }
}

fn end_of(row: ResultRow, by: JoinedBy) -> RowEnd {
    let Some(status) = row.status else {
        return RowEnd::unknown("the result has a status that is not known");
    };
    let status = match status {
        RowStatus::Added => Status::Added,
        RowStatus::Updated => Status::Updated,
        RowStatus::Skipped => Status::Skipped,
        RowStatus::Unprocessed => Status::Unprocessed,
    };
    RowEnd { status, record_id: row.record_id, errors: row.errors, code: None, joined_by: Some(by) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::rows::Rows;

    fn part(cells: &[(&str, &str)]) -> Part {
        let mut rows = Rows::default();
        for (line, &(key, name)) in cells.iter().enumerate() {
            rows.add(line as u64 + 2, [key, name].into_iter(), None);
        }
        Part { number: 1, sent: (0..rows.len()).collect(), rows, zip: None }
    }

    fn result(echoes: &[&str], status: &str, id: &str) -> ResultRow {
        let echoes = echoes.iter().map(|cell| (*cell).to_owned()).collect();
        ResultRow { echoes, status: RowStatus::parse(status), record_id: id.into(), errors: String::new() }
    }

    fn check(target: TargetKind, rows: &[(&str, &str)], results: &[ResultRow], expected: &[&str]) {
        let how = HowToJoin { target, by: JoinedBy::Key };
        let ends = join(&part(rows), &[0], results.to_vec(), how);
        let shown = |end: &RowEnd| {
            let by = end.joined_by.map_or("-", JoinedBy::as_str);
            format!("{} {} {by}", end.status.as_str(), end.record_id)
        };
        assert_eq!(ends.iter().map(shown).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn order_is_taken_only_where_it_is_promised_and_agrees() {
        let rows = [("a", "1"), ("b", "2")];
        let in_order = [result(&["a"], "ADDED", "7"), result(&["b "], "SKIPPED", "")];
        check(TargetKind::Own, &rows, &in_order, &["ADDED 7 order", "SKIPPED  order"]);
        check(TargetKind::Vendor, &rows, &in_order, &["ADDED 7 key", "SKIPPED  key"]);
        let swapped = [in_order[1].clone(), in_order[0].clone()];
        check(TargetKind::Own, &rows, &swapped, &["ADDED 7 key", "SKIPPED  key"]);
    }

    #[test]
    fn equal_echoes_are_joined_only_if_nothing_depends_on_it() {
        let rows = [("a", "1"), ("a", "2")];
        let same = [result(&["a"], "ADDED", "7"), result(&["a"], "ADDED", "8")];
        check(TargetKind::Vendor, &rows, &same, &["ADDED  key", "ADDED  key"]);
        check(TargetKind::Own, &rows, &same, &["ADDED 7 order", "ADDED 8 order"]);
        let updated = [result(&["a"], "UPDATED", "7"), result(&["a"], "UPDATED", "7")];
        check(TargetKind::Vendor, &rows, &updated, &["UPDATED 7 key", "UPDATED 7 key"]);
        let differ = [result(&["a"], "ADDED", "7"), result(&["a"], "SKIPPED", "")];
        check(TargetKind::Vendor, &rows, &differ, &["UNKNOWN  -", "UNKNOWN  -"]);
    }

    #[test]
    fn counts_that_disagree_join_nothing() {
        let rows = [("a", "1"), ("b", "2"), ("b", "3")];
        let short = [result(&["a"], "ADDED", "7"), result(&["b"], "ADDED", "8")];
        check(TargetKind::Own, &rows, &short, &["ADDED 7 key", "UNKNOWN  -", "UNKNOWN  -"]);
        check(TargetKind::Own, &rows, &[], &["UNKNOWN  -"; 3]);
        let strange = [result(&["a"], "DONE", "7")];
        check(TargetKind::Own, &rows[..1], &strange, &["UNKNOWN  -"]);
    }
}
