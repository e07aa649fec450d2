//! What is wrong with the rows of a job, counted, as people read it under the job.

use bulkwright_client::api_words::{RowsGroup, RowsSummary};

use crate::table;
use crate::target::Target;
use crate::ui::{Ui, counted};

/// Groups that are shown; `--json` of the endpoint has more.
const GROUPS_SHOWN_MAX: usize = 10;
/// Characters of a value.
const VALUE_CHARS_MAX: usize = 40;

/// Shows the groups of a server of one's own. It is no failure to know none.
pub(super) async fn show(target: &Target, id: &str, ui: &Ui) {
    match target.api.rows_summary(id).await {
        Ok(summary) => lines(id, &summary).iter().for_each(|line| ui.answer(line)),
        Err(error) => ui.warn(&format!("the errors of the job are not known: {error}")),
    }
}

fn lines(id: &str, summary: &RowsSummary) -> Vec<String> {
    if summary.groups.is_empty() {
        return Vec::new();
    }
    let shown = &summary.groups[..summary.groups.len().min(GROUPS_SHOWN_MAX)];
    let mut lines: Vec<String> = shown.iter().map(line).collect();
    let rest = summary.groups.len() - shown.len() + summary.groups_left_off as usize;
    if rest > 0 {
        lines.push(format!("  {:<10} and {}", "", counted(rest as u64, "more kind")));
    }
    lines.push(format!("  {:<10} bulkwright job rows {id} --status skipped", "look"));
    lines
}

fn line(group: &RowsGroup) -> String {
    let about = group.column.as_ref().or(group.field.as_ref()).map(|name| format!(" {name}")).unwrap_or_default();
    let line = group.example.line.map(|line| format!("line {line}"));
    let place = line.unwrap_or_else(|| format!("row {}", group.example.row));
    let value = group.example.value.as_ref().filter(|value| !value.is_empty());
    let value = value.map(|value| format!(" `{}`", table::shortened(value, VALUE_CHARS_MAX))).unwrap_or_default();
    let rows = counted(group.rows, "row");
    format!("  {:<10} {rows}: {}{about}, {} ({place}{value}): {}", "errors", group.code, group.message, group.advice)
}
