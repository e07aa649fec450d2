//! A file of one's own: what an installation adds to the built-in modules.
//!
//! It names modules. Those that are built in get fields, marks, picklist values and layouts; others are made, with the
//! fields that every module has. Ids follow from numbers, so that they are the same at every start.

mod field;
mod template;

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use toml::Spanned;

use super::file::{FieldEntry, LayoutEntry, SectionEntry, first_use, layout, line_of, parsed};
use super::{CatalogError, Field, FieldKind, FieldNumber, Layout, Module, OWN_MODULE_NUMBER_MIN, Section};
use crate::nearest::nearest;
use field::Fields;

/// Ids of one's own are apart from the vendor's, and each module has a million of them: fields by their number, then
/// layouts, each with its sections behind it.
const OWN_ID_MIN: i64 = 4_150_868_100_000_000_000;
const IDS_OF_A_MODULE: i64 = 1_000_000;
const LAYOUT_IDS_AT: i64 = 100_000;
const IDS_OF_A_LAYOUT: i64 = 10_000;
/// Layouts beside the standard one, and sections of one: both have room for their ids.
const LAYOUT_NUMBER_MAX: u16 = 89;
const SECTIONS_MAX: usize = 99;
/// Modules of a catalog, and fields of one of them.
const MODULES_MAX: usize = 500;
const FIELDS_MAX: usize = 1_000;
/// Characters of a module's or a field's API name.
const NAME_LENGTH_MAX: usize = 100;
/// Names that mean something else in the API's paths, to the vendor, or to the store.
const RESERVED: [&str; 16] = [
    "settings",
    "users",
    "org",
    "upload",
    "bulk",
    "actions",
    "coql",
    "calls",
    "events",
    "notes",
    "attachments",
    "activities",
    "forecasts",
    "emails",
    "tags",
    "functions",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    #[serde(default)]
    modules: Vec<Spanned<OwnModule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnModule {
    api_name: String,
    number: Option<u16>,
    id: Option<i64>,
    singular_label: Option<String>,
    plural_label: Option<String>,
    name_label: Option<String>,
    #[serde(default)]
    fields: Vec<Spanned<FieldEntry>>,
    #[serde(default)]
    sections: Vec<Spanned<SectionEntry>>,
    #[serde(default)]
    layouts: Vec<Spanned<OwnLayout>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnLayout {
    number: Option<u16>,
    id: Option<i64>,
    name: String,
    #[serde(default)]
    mandatory: Vec<String>,
    #[serde(default)]
    sections: Vec<Spanned<SectionEntry>>,
}

/// Where something stands in the file, and what it is to a person.
#[derive(Clone, Debug)]
struct Place<'t> {
    text: &'t str,
    line: usize,
    what: String,
}

impl<'t> Place<'t> {
    fn of<T>(text: &'t str, spanned: &Spanned<T>, what: String) -> Self {
        Place { text, line: line_of(text, spanned.span().start), what }
    }

    fn fault(&self, reason: impl AsRef<str>) -> CatalogError {
        CatalogError { line: Some(self.line), reason: format!("{}: {}", self.what, reason.as_ref()) }
    }
}

/// The modules with what the file adds.
pub(super) fn add(builtin: &[Module], text: &str) -> Result<Vec<Module>, CatalogError> {
    let file: OwnFile = parsed(text)?;
    let mut modules = builtin.to_vec();
    let mut places = Vec::new();
    for spanned in file.modules {
        let place = Place::of(text, &spanned, format!("module {}", spanned.get_ref().api_name));
        let entry = spanned.into_inner();
        let at = match modules.iter().position(|module| module.api_name == entry.api_name) {
            Some(at) if at >= builtin.len() || places.iter().any(|(seen, _)| *seen == at) => {
                return Err(place.fault("it stands twice in the file"));
            }
            Some(at) => at,
            None => {
                modules.push(made(&place, &entry, &modules)?);
                modules.len() - 1
            }
        };
        if at < builtin.len() {
            check_builtin(&place, &entry)?;
        }
        extend(&place, &mut modules[at], entry)?;
        places.push((at, place));
    }
    for (at, place) in &places {
        check_lookups(place, &modules[*at], &modules)?;
    }
    check_ids(text, &modules)?;
    Ok(modules)
}

/// What a built-in module is called and numbered is not for a file to say.
fn check_builtin(place: &Place<'_>, entry: &OwnModule) -> Result<(), CatalogError> {
    let given = [
        ("number", entry.number.is_some()),
        ("id", entry.id.is_some()),
        ("singular_label", entry.singular_label.is_some()),
        ("plural_label", entry.plural_label.is_some()),
        ("name_label", entry.name_label.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((key, _)) => Err(place.fault(format!("it is built in; leave `{key}` out"))),
        None => Ok(()),
    }
}

/// A module of one's own, with the fields that every module has.
fn made(place: &Place<'_>, entry: &OwnModule, others: &[Module]) -> Result<Module, CatalogError> {
    check_name(place, &entry.api_name)?;
    let plain = |name: &str| name.replace('_', "").to_lowercase();
    if let Some(like) = others.iter().find(|other| plain(&other.api_name) == plain(&entry.api_name)) {
        return Err(place.fault(format!("the name is too much like {}", like.api_name)));
    }
    let lower = entry.api_name.to_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("sqlite_") {
        return Err(place.fault("the name means something else; choose another one"));
    }
    if others.len() >= MODULES_MAX {
        return Err(place.fault(format!("there are more than {MODULES_MAX} modules")));
    }
    let free =
        || (OWN_MODULE_NUMBER_MIN..=u16::MAX).find(|number| others.iter().all(|other| other.number.0 != *number));
    let number = numbered(entry.number, OWN_MODULE_NUMBER_MIN, "module of this server", free())
        .map_err(|reason| place.fault(reason))?;
    if let Some(other) = others.iter().find(|other| other.number.0 == number) {
        return Err(place.fault(format!("number {number} is that of {}", other.api_name)));
    }
    let label = |key: &str, label: &Option<String>| {
        let given = label.as_ref().filter(|label| !label.trim().is_empty()).cloned();
        given.ok_or_else(|| place.fault(format!("`{key}` is missing: what people call it")))
    };
    let singular_label = label("singular_label", &entry.singular_label)?;
    let plural_label = label("plural_label", &entry.plural_label)?;
    let id = given_id(place, entry.id)?.unwrap_or_else(|| own_id(number, 0));
    let name_label = entry.name_label.clone().unwrap_or_else(|| format!("{singular_label} Name"));
    Ok(template::module(number, id, &entry.api_name, [singular_label, plural_label], &name_label))
}

/// A number that has to be given, from `least` up.
fn numbered(given: Option<u16>, least: u16, of: &str, free: Option<u16>) -> Result<u16, String> {
    let advice = || {
        let such_as = free.map(|number| format!(", such as {number}")).unwrap_or_default();
        format!("give it one from {least} up that no {of} ever had{such_as}")
    };
    match given {
        None => Err(format!("`number` is missing: {}", advice())),
        Some(number) if number < least => Err(format!("number {number} is none of one's own: {}", advice())),
        Some(number) => Ok(number),
    }
}

/// What was very likely meant, as the end of a sentence; empty if nothing is near.
fn meant<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    nearest(name, known).map(|known| format!("; did you mean {known}?")).unwrap_or_default()
}

/// An id that follows from numbers.
fn own_id(module: u16, inside: i64) -> i64 {
    OWN_ID_MIN + i64::from(module) * IDS_OF_A_MODULE + inside
}

/// An id that is said in place of the one that follows from the number.
fn given_id(place: &Place<'_>, id: Option<i64>) -> Result<Option<i64>, CatalogError> {
    match id {
        Some(..=0) => Err(place.fault("`id` is not above 0")),
        id => Ok(id),
    }
}

fn check_name(place: &Place<'_>, name: &str) -> Result<(), CatalogError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    if starts_well && is_plain && name.len() <= NAME_LENGTH_MAX {
        return Ok(());
    }
    let reason = format!("an API name is a letter, then letters, digits and `_`, at most {NAME_LENGTH_MAX}");
    Err(place.fault(reason))
}

fn extend(place: &Place<'_>, module: &mut Module, entry: OwnModule) -> Result<(), CatalogError> {
    let mut fields = Fields::of(module);
    for spanned in entry.fields {
        let what = format!("field {} of {}", spanned.get_ref().api_name, module.api_name);
        fields.take(&Place::of(place.text, &spanned, what), spanned.into_inner())?;
    }
    let Fields { fields, demanded, .. } = fields;
    let standard = &mut module.layouts[0];
    let added =
        fields.iter().map(|field| field.number).filter(|number| module.fields.iter().all(|it| it.number != *number));
    standard.sections[0].fields.extend(added);
    standard.mandatory.extend(demanded);
    module.fields = fields;
    for section in entry.sections {
        put_section(place, &module.fields, &mut module.layouts[0], section)?;
    }
    for spanned in entry.layouts {
        let what = format!("layout {} of {}", spanned.get_ref().name, module.api_name);
        let place = Place::of(place.text, &spanned, what);
        let layout = own_layout(&place, module, spanned.into_inner())?;
        module.layouts.push(layout);
    }
    check_sections(place, module)
}

/// Moves fields of the standard layout into a section, an old or a new one.
fn put_section(
    place: &Place<'_>,
    fields: &[Field],
    layout: &mut Layout,
    spanned: Spanned<SectionEntry>,
) -> Result<(), CatalogError> {
    let place = Place::of(place.text, &spanned, format!("section {}", spanned.get_ref().name));
    let SectionEntry { name, fields: names } = spanned.into_inner();
    let number_of = |name: &String| {
        let field = fields.iter().find(|field| field.api_name == *name && !field.is_id());
        let meant = || meant(name, fields.iter().map(|field| field.api_name.as_str()));
        field
            .map(|field| field.number)
            .ok_or_else(|| place.fault(format!("there is no field {name} to show{}", meant())))
    };
    let numbers: Vec<FieldNumber> = names.iter().map(number_of).collect::<Result<_, _>>()?;
    let mut seen = HashSet::new();
    for (number, name) in numbers.iter().zip(&names) {
        first_use(&mut seen, number).ok_or_else(|| place.fault(format!("field {name} is shown twice")))?;
    }
    layout.sections.iter_mut().for_each(|section| section.fields.retain(|number| !numbers.contains(number)));
    match layout.sections.iter_mut().find(|section| section.name == name) {
        Some(section) => section.fields.extend(numbers),
        None => layout.sections.push(Section { name, fields: numbers }),
    }
    Ok(())
}

fn own_layout(place: &Place<'_>, module: &Module, entry: OwnLayout) -> Result<Layout, CatalogError> {
    let OwnLayout { number, id, name, mandatory, sections } = entry;
    if module.layouts.iter().any(|other| other.name.to_lowercase() == name.to_lowercase()) {
        return Err(place.fault("there is a layout of that name"));
    }
    let id = match (given_id(place, id)?, number) {
        (Some(id), _) => id,
        (None, Some(number @ 1..=LAYOUT_NUMBER_MAX)) => layout_id(module.number.0, number),
        (None, _) => {
            let reason =
                format!("give it a `number` from 1 to {LAYOUT_NUMBER_MAX} that no layout of the module ever had");
            return Err(place.fault(reason));
        }
    };
    let entry = LayoutEntry { id, name, mandatory, sections };
    layout(place.text, &module.singular_label, &module.fields, Some(place.line), entry)
}

fn layout_id(module: u16, number: u16) -> i64 {
    own_id(module, LAYOUT_IDS_AT + i64::from(number) * IDS_OF_A_LAYOUT)
}

fn check_sections(place: &Place<'_>, module: &Module) -> Result<(), CatalogError> {
    match module.layouts.iter().find(|layout| layout.sections.len() > SECTIONS_MAX) {
        Some(layout) => Err(place.fault(format!("layout {} has more than {SECTIONS_MAX} sections", layout.name))),
        None => Ok(()),
    }
}

/// A look-up points into modules that are there, in whatever order the file has them.
fn check_lookups(place: &Place<'_>, module: &Module, modules: &[Module]) -> Result<(), CatalogError> {
    for field in &module.fields {
        let FieldKind::Lookup { modules: targets } = &field.kind else { continue };
        let is_there = |target: &String| modules.iter().any(|module| module.api_name == *target);
        if let Some(absent) = targets.iter().find(|target| !is_there(target)) {
            let line = place.text.find(&format!("\"{absent}\"")).map_or(place.line, |at| line_of(place.text, at));
            let meant = meant(absent, modules.iter().map(|module| module.api_name.as_str()));
            let reason = format!("there is no module {absent} to point to{meant}");
            let what = format!("field {} of {}", field.api_name, module.api_name);
            return Err(Place { text: place.text, line, what }.fault(reason));
        }
    }
    Ok(())
}

/// Ids that are given may meet others.
fn check_ids(text: &str, modules: &[Module]) -> Result<(), CatalogError> {
    let mut owners: HashMap<i64, String> = HashMap::new();
    for (id, owner) in modules.iter().flat_map(ids) {
        if let Some(other) = owners.insert(id, owner.clone()) {
            let line = text.find(&id.to_string()).map(|at| line_of(text, at));
            return Err(CatalogError { line, reason: format!("the id {id} is that of {other} and of {owner}") });
        }
    }
    Ok(())
}

fn ids(module: &Module) -> Vec<(i64, String)> {
    let name = &module.api_name;
    let mut ids = vec![(module.id, format!("module {name}"))];
    ids.extend(module.fields.iter().map(|field| (field.id, format!("field {} of {name}", field.api_name))));
    for layout in &module.layouts {
        ids.push((layout.id, format!("layout {} of {name}", layout.name)));
        let sections = layout.sections.iter().enumerate();
        ids.extend(
            sections.map(|(place, section)| (layout.section_id(place), format!("section {} of {name}", section.name))),
        );
    }
    ids
}

#[cfg(test)]
mod tests;
