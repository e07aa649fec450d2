//! Picklist values that an import meets and no list has yet (contract 12, rows 14 and 44). Only rows that are written
//! add them; of spellings that differ in case, the first one written holds for all later rows.

use std::collections::HashMap;

use crate::body::{self, FieldName, Writer};
use crate::catalog::FieldNumber;
use crate::plan::Plan;
use crate::typing::{CHOICE_SEPARATOR, PicklistValues, Rule, push_choice};

/// A field and the folded value.
type FoldedValue = (FieldNumber, String);

/// The values that were added to the lists since the catalog's file: what the store has, and what earlier chunks of
/// this import brought.
#[derive(Clone, Debug, Default)]
pub struct PicklistAdditions {
    spellings: HashMap<FoldedValue, String>,
}

impl PicklistAdditions {
    /// The additions that a store knows, in the order they came.
    pub fn new(additions: &[(FieldNumber, String)]) -> Self {
        let mut known = PicklistAdditions::default();
        known.extend(additions);
        known
    }

    /// Takes in what a committed chunk added.
    pub fn extend(&mut self, additions: &[(FieldNumber, String)]) {
        for (field, value) in additions {
            self.spellings.entry((*field, value.to_lowercase())).or_insert_with(|| value.clone());
        }
    }

    pub(super) fn begin(&self) -> ChunkAdditions<'_> {
        ChunkAdditions { known: self, fresh: HashMap::new(), additions: Vec::new() }
    }
}

/// The additions of one chunk.
pub(super) struct ChunkAdditions<'a> {
    known: &'a PicklistAdditions,
    fresh: HashMap<FoldedValue, String>,
    additions: Vec<(FieldNumber, String)>,
}

impl ChunkAdditions<'_> {
    /// Takes in the new values of a row that is written. Answers its body respelled if an earlier spelling holds.
    pub(super) fn settle(&mut self, plan: &Plan, mappings: &[u16], body: &str) -> Option<String> {
        let mut respelled: Option<String> = None;
        for &mapping in mappings {
            let column = &plan.columns[usize::from(mapping)];
            let Some(value) = body::get(body, column.field).map(|value| value.text()) else { continue };
            let spelling = match column.rule {
                Rule::MultiSelect(ref list) => self.spellings(column.field, list, &value),
                _ => self.spelling(column.field, &value).to_owned(),
            };
            if spelling != value {
                let changes = one_field(&column.body_name, &spelling);
                let mut merged = String::new();
                body::merge(respelled.as_deref().unwrap_or(body), &changes, &mut merged);
                respelled = Some(merged);
            }
        }
        respelled
    }

    pub(super) fn into_additions(self) -> Vec<(FieldNumber, String)> {
        self.additions
    }

    /// Of two new values that are one in an earlier spelling, one is left.
    fn spellings(&mut self, field: FieldNumber, list: &PicklistValues, values: &str) -> String {
        let mut stored = String::new();
        for value in values.split(CHOICE_SEPARATOR) {
            push_choice(if list.has(value) { value } else { self.spelling(field, value) }, &mut stored);
        }
        stored
    }

    fn spelling(&mut self, field: FieldNumber, value: &str) -> &str {
        let folded = (field, value.to_lowercase());
        if let Some(known) = self.known.spellings.get(&folded) {
            return known;
        }
        self.fresh.entry(folded).or_insert_with(|| {
            self.additions.push((field, value.to_owned()));
            value.to_owned()
        })
    }
}

fn one_field(name: &FieldName, value: &str) -> String {
    let mut body = String::new();
    let mut writer = Writer::begin(&mut body);
    writer.text(name, value);
    writer.end();
    body
}
