//! Which layout the rows of a resource get, and what it demands (contract 3).

use serde_json::Value as Json;

use super::Refusal;
use crate::catalog::{Field, FieldKind, Layout, Module};
use crate::spec::{DefaultValue, Mapping};
use crate::typing::LayoutRule;

/// What is known of the rows' layout before the first one is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum RowLayout<'m> {
    /// All rows have this one.
    Fixed(&'m Layout),
    /// A column names it, row by row. What custom layouts demand beyond the module is not asked for then.
    Named,
}

impl<'m> RowLayout<'m> {
    /// By the mapping of the module's layout field: the one that its default names, else the standard one.
    pub(super) fn settle(module: &'m Module, mappings: &[Mapping], root: &str) -> Result<Self, Refusal> {
        let is_layout = |mapping: &Mapping| {
            module.field(&mapping.field).is_some_and(|field| matches!(field.kind, FieldKind::Layout))
        };
        let Some((place, mapping)) = mappings.iter().enumerate().find(|(_, mapping)| is_layout(mapping)) else {
            return Ok(RowLayout::Fixed(module.standard_layout()));
        };
        let default = match &mapping.default {
            Some(default) => {
                let path = format!("{root}.field_mappings[{place}].default_value.value");
                Some(find(module, default).ok_or_else(|| no_such(module, default, path))?)
            }
            None => None,
        };
        Ok(match (mapping.index, default) {
            (None, Some(layout)) => RowLayout::Fixed(layout),
            _ => RowLayout::Named,
        })
    }

    /// Whether a row needs a value of the field.
    pub(super) fn demands(self, field: &Field) -> bool {
        match self {
            RowLayout::Fixed(layout) => layout.demands(field),
            RowLayout::Named => field.mandatory,
        }
    }
}

/// The layout that a default names by its id or name; the value's own word comes first.
pub(super) fn find<'m>(module: &'m Module, default: &DefaultValue) -> Option<&'m Layout> {
    let id = LayoutRule::new(&module.layouts).find(&asked(default)?)?.parse().ok()?;
    module.layout(id)
}

fn asked(default: &DefaultValue) -> Option<String> {
    match default.value.as_ref().filter(|value| !value.is_null()) {
        Some(Json::String(text)) => Some(text.trim().to_owned()),
        Some(Json::Number(number)) => Some(number.to_string()),
        Some(_) => None,
        None => default.name.clone(),
    }
}

fn no_such(module: &Module, default: &DefaultValue, path: String) -> Refusal {
    Refusal::NoSuchLayout {
        module: module.api_name.clone(),
        layout: asked(default).unwrap_or_default(),
        layouts: module.layouts.iter().map(|layout| format!("{} ({})", layout.name, layout.id)).collect(),
        path,
    }
}
