//! The file of one module: its TOML form, and what makes it unambiguous.

mod field;

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::iter;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::{Field, ID_FIELD, Layout, Module, ModuleNumber, Section};
use crate::placement;
use field::field;

pub(super) use field::FieldEntry;

/// From a module's id to its standard layout's.
const LAYOUT_ID_OFFSET: i64 = 92_880;
/// What the vendor calls the layout that every module has.
pub(super) const STANDARD_LAYOUT: &str = "Standard";

/// What is wrong with a module's file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CatalogError {
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong, for a person.
    pub reason: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "module file, line {line}: {}", self.reason),
            None => write!(f, "module file: {}", self.reason),
        }
    }
}

/// Reads TOML of a known form.
pub(super) fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, CatalogError> {
    toml::from_str(text).map_err(|error| CatalogError {
        line: error.span().map(|span| line_of(text, span.start)),
        // The parser's message may take several lines; what failed is in the first.
        reason: error.message().lines().next().unwrap_or_default().to_owned(),
    })
}

/// Reads one module.
pub(super) fn module(text: &str) -> Result<Module, CatalogError> {
    let file: ModuleFile = parsed(text)?;
    let joins_of = |(place, entry): (usize, &Spanned<FieldEntry>)| Some((place, entry.get_ref().joins.clone()?));
    let joins: Vec<_> = file.fields.iter().enumerate().filter_map(joins_of).collect();
    let mut fields = file.fields.into_iter().map(|entry| field(text, entry)).collect::<Result<Vec<_>, _>>()?;
    if !fields.iter().any(Field::is_id) {
        return Err(CatalogError { line: None, reason: format!("{} has no field {ID_FIELD}", file.api_name) });
    }
    check_fields(text, &fields)?;
    join(text, &mut fields, &joins)?;
    let standard = LayoutEntry {
        id: file.id.saturating_add(LAYOUT_ID_OFFSET),
        name: STANDARD_LAYOUT.to_owned(),
        mandatory: Vec::new(),
        sections: file.sections,
    };
    let mut layouts = vec![layout(text, &file.singular_label, &fields, None, standard)?];
    for entry in file.layouts {
        let line = line_of(text, entry.span().start);
        layouts.push(layout(text, &file.singular_label, &fields, Some(line), entry.into_inner())?);
    }
    if !fields.iter().any(|field| field.api_name == file.display_field) {
        let reason = format!("the display field {} is none of its fields", file.display_field);
        return Err(CatalogError { line: None, reason });
    }
    Ok(Module {
        number: ModuleNumber(file.number),
        id: file.id,
        api_name: file.api_name,
        singular_label: file.singular_label,
        plural_label: file.plural_label,
        display_field: file.display_field,
        placement: placement::chosen(&fields),
        fields,
        layouts,
    })
}

pub(super) fn layout(
    text: &str,
    singular_label: &str,
    fields: &[Field],
    line: Option<usize>,
    entry: LayoutEntry,
) -> Result<Layout, CatalogError> {
    let number_of = |name: &String| {
        let field = fields.iter().find(|field| field.api_name == *name && field.is_demandable());
        let reason = || format!("layout {}: there is no field {name} to demand", entry.name);
        field.map(|field| field.number).ok_or_else(|| CatalogError { line, reason: reason() })
    };
    Ok(Layout {
        id: entry.id,
        mandatory: entry.mandatory.iter().map(number_of).collect::<Result<_, _>>()?,
        sections: sections(text, singular_label, fields, entry.sections)?,
        name: entry.name,
    })
}

/// The sections of the file, and before them one with every field that they leave over.
pub(super) fn sections(
    text: &str,
    singular_label: &str,
    fields: &[Field],
    entries: Vec<Spanned<SectionEntry>>,
) -> Result<Vec<Section>, CatalogError> {
    let mut placed = HashSet::new();
    let mut named = Vec::with_capacity(entries.len());
    for spanned in entries {
        let line = line_of(text, spanned.span().start);
        let entry = spanned.into_inner();
        let fault =
            |reason: String| CatalogError { line: Some(line), reason: format!("section {}: {reason}", entry.name) };
        let mut numbers = Vec::with_capacity(entry.fields.len());
        for name in &entry.fields {
            let field = fields.iter().find(|field| field.api_name == *name && !field.is_id());
            let field = field.ok_or_else(|| fault(format!("there is no field {name} to show")))?;
            first_use(&mut placed, field.number).ok_or_else(|| fault(format!("field {name} is shown twice")))?;
            numbers.push(field.number);
        }
        named.push(Section { name: entry.name, fields: numbers });
    }
    let left_over = fields.iter().filter(|field| !field.is_id() && !placed.contains(&field.number));
    let first = Section {
        name: format!("{singular_label} Information"),
        fields: left_over.map(|field| field.number).collect(),
    };
    Ok(iter::once(first).chain(named).collect())
}

/// Refuses modules that share a number, an id or a name.
pub(super) fn check_modules(modules: &[Module]) -> Result<(), CatalogError> {
    let twice = |what: &str, name: &str| CatalogError { line: None, reason: format!("{what} of {name} is used twice") };
    let (mut numbers, mut ids, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
    for module in modules {
        first_use(&mut numbers, module.number).ok_or_else(|| twice("the number", &module.api_name))?;
        first_use(&mut ids, module.id).ok_or_else(|| twice("the id", &module.api_name))?;
        first_use(&mut names, module.api_name.to_lowercase()).ok_or_else(|| twice("the name", &module.api_name))?;
    }
    Ok(())
}

fn check_fields(text: &str, fields: &[Field]) -> Result<(), CatalogError> {
    let (mut numbers, mut ids, mut names) = (HashSet::new(), HashSet::new(), HashSet::new());
    for field in fields {
        let twice = |what: &str| CatalogError {
            line: text.find(&format!("\"{}\"", field.api_name)).map(|at| line_of(text, at)),
            reason: format!("the {what} of field {} is used twice", field.api_name),
        };
        first_use(&mut numbers, field.number).ok_or_else(|| twice("number"))?;
        first_use(&mut ids, field.id).ok_or_else(|| twice("id"))?;
        first_use(&mut names, field.api_name.to_lowercase()).ok_or_else(|| twice("name"))?;
    }
    Ok(())
}

pub(super) fn first_use<T: Eq + Hash>(seen: &mut HashSet<T>, value: T) -> Option<()> {
    seen.insert(value).then_some(())
}

/// Names the two fields that a field joins, once all of them are read.
pub(super) fn join(text: &str, fields: &mut [Field], joins: &[(usize, [String; 2])]) -> Result<(), CatalogError> {
    for (place, names) in joins {
        let number_of = |name: &String| {
            let reason = || format!("field {}: there is no field {name} to join", fields[*place].api_name);
            let found = fields.iter().find(|field| field.api_name == *name);
            let line = text.find(&format!("\"{}\"", fields[*place].api_name)).map(|at| line_of(text, at));
            found.map(|field| field.number).ok_or_else(|| CatalogError { line, reason: reason() })
        };
        let [first, last] = names;
        fields[*place].joins = Some([number_of(first)?, number_of(last)?]);
    }
    Ok(())
}

pub(super) fn line_of(text: &str, byte: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..byte.min(text.len())]).count() + 1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModuleFile {
    number: u16,
    id: i64,
    api_name: String,
    singular_label: String,
    plural_label: String,
    #[serde(default = "name_field")]
    display_field: String,
    fields: Vec<Spanned<FieldEntry>>,
    #[serde(default)]
    sections: Vec<Spanned<SectionEntry>>,
    #[serde(default)]
    layouts: Vec<Spanned<LayoutEntry>>,
}

/// What custom modules call the field that stands for a record.
fn name_field() -> String {
    "Name".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayoutEntry {
    pub(super) id: i64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) mandatory: Vec<String>,
    #[serde(default)]
    pub(super) sections: Vec<Spanned<SectionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SectionEntry {
    pub(super) name: String,
    pub(super) fields: Vec<String>,
}
