//! A code with all that is known of it, as lines and as JSON.

use bulkwright_client::api_words::explain::Explanation;
use bulkwright_engine::verdict::{Reason, RowCode};
use serde_json::{Value, json};

/// Where the pages are, in the repository.
pub(super) const PAGES: &str = "docs/errors";

/// A code, and the columns that a cell of a result named with it.
pub(super) struct Told {
    pub(super) explanation: &'static Explanation,
    pub(super) columns: Vec<String>,
}

impl Told {
    /// Why rows get this code from a server of one's own.
    pub(super) fn reasons(&self) -> Vec<Reason> {
        let code = RowCode::ALL.into_iter().find(|code| code.as_str() == self.explanation.code);
        let of_code = |reason: &Reason| code.is_some() && reason.code() == code;
        Reason::ALL.into_iter().filter(of_code).collect()
    }

    pub(super) fn for_people(&self) -> String {
        let Explanation { code, meaning, cause, fix } = *self.explanation;
        let mut lines = vec![format!("{code}: {meaning}")];
        let mut add = |name: &str, text: &str| lines.push(format!("  {name:<9} {text}"));
        if !self.columns.is_empty() {
            add("columns", &self.columns.join(", "));
        }
        add("cause", cause);
        add("fix", fix);
        for error in self.explanation.answers() {
            add("answer", &format!("HTTP {}: {}", error.row().http, error.row().message));
        }
        for reason in self.reasons() {
            let words = reason.words();
            add("reason", &format!("{}: {}. {}", words.name, words.message, words.advice));
        }
        if let Some(why) = self.explanation.never_because() {
            add("never", &format!("a server of your own does not answer it: {why}"));
        }
        add("page", &format!("{PAGES}/{code}.md"));
        lines.join("\n")
    }

    pub(super) fn json(&self) -> Value {
        let Explanation { code, meaning, cause, fix } = *self.explanation;
        let answers = self.explanation.answers().map(|error| error.row());
        let answers = answers.map(|row| json!({ "http": row.http, "message": row.message, "evidence": row.evidence }));
        let reasons = self.reasons().into_iter().map(Reason::words);
        let reasons =
            reasons.map(|words| json!({ "reason": words.name, "message": words.message, "advice": words.advice }));
        json!({
            "code": code,
            "columns": self.columns,
            "meaning": meaning,
            "cause": cause,
            "fix": fix,
            "answers": answers.collect::<Vec<_>>(),
            "reasons": reasons.collect::<Vec<_>>(),
            "never_because": self.explanation.never_because(),
        })
    }
}
