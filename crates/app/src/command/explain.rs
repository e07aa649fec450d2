//! `explain`: a code in words.

mod told;

#[cfg(test)]
mod pages;

use bulkwright_client::Exit;
use bulkwright_client::api_words::explain::{self, EXPLANATIONS, codes_of_cell};
use serde_json::json;

use crate::args::ExplainArgs;
use crate::exit::Failure;
use crate::ui::Ui;
use told::Told;

/// How alike two codes are that may be taken for each other, from 0 to 1.
const ALIKE_MIN: f64 = 0.75;
/// Codes that are named in the place of one that is none.
const NEAREST_MAX: usize = 3;

pub(crate) fn run(args: &ExplainArgs, ui: &Ui) -> Result<Exit, Failure> {
    let asked = args.code.join(" ");
    if asked.trim().is_empty() {
        list(ui);
        return Ok(Exit::Done);
    }
    let told: Vec<Told> = codes_of_cell(&asked).iter().map(told_of).collect::<Result<_, _>>()?;
    if ui.json {
        ui.answer_json(&json!({ "codes": told.iter().map(Told::json).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    for (place, one) in told.iter().enumerate() {
        if place > 0 {
            ui.answer("");
        }
        ui.answer(&one.for_people());
    }
    Ok(Exit::Done)
}

fn list(ui: &Ui) {
    if ui.json {
        let codes = EXPLANATIONS.iter().map(|known| json!({ "code": known.code, "meaning": known.meaning }));
        ui.answer_json(&json!({ "codes": codes.collect::<Vec<_>>() }));
        return;
    }
    let widest = EXPLANATIONS.iter().map(|known| known.code.len()).max().unwrap_or(0);
    EXPLANATIONS.iter().for_each(|known| ui.answer(&format!("{:<widest$}  {}", known.code, known.meaning)));
}

fn told_of(asked: &explain::CodeOfCell) -> Result<Told, Failure> {
    let found = explain::explanation(&asked.code);
    let found = found.ok_or_else(|| {
        let hint = match nearest(&asked.code).as_slice() {
            [] => "`bulkwright explain` lists all codes".to_owned(),
            names => format!("did you mean {}? `bulkwright explain` lists all codes", names.join(" or ")),
        };
        Failure::new(Exit::NotFound, format!("`{}` is no code of the API", asked.code), hint)
    })?;
    Ok(Told { explanation: found, columns: asked.columns.clone() })
}

/// Known codes that are written much like this, the likest first.
fn nearest(code: &str) -> Vec<&'static str> {
    let asked = explain::plain(code);
    let alike = |known: &'static str| {
        let likeness = strsim::jaro_winkler(&asked, known);
        // A part of a code is meant as often as a slip of the finger.
        let is_part = asked.len() > 3 && known.contains(&asked);
        (if is_part { 1.0 } else { likeness }, known)
    };
    let mut known: Vec<_> = EXPLANATIONS.iter().map(|known| alike(known.code)).collect();
    known.retain(|(likeness, _)| *likeness >= ALIKE_MIN);
    known.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    known.into_iter().take(NEAREST_MAX).map(|(_, code)| code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_code_leads_to_the_nearest() {
        let check = |code: &str, expected: &str| assert_eq!(nearest(code).first(), Some(&expected), "{code}");
        check("INVALID_DAT", "INVALID_DATA");
        check("mandatory_missing", "MANDATORY_NOT_FOUND");
        check("duplicate", "DUPLICATE_DATA");
        check("scope", "OAUTH_SCOPE_MISMATCH");
        assert_eq!(nearest("xyzzy"), Vec::<&str>::new());
    }
}
