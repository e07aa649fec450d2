//! How a mapping of a look-up finds records: its `find_by`, its `module`, and the header names that stand for both.

use super::{Refusal, Request, index_id};
use crate::catalog::{Field, FieldKind, Module};
use crate::spec::Mapping;
use crate::typing::{LookupRule, LookupTarget, Rule, TargetKey};

/// The mapping and header name whose cells say into which module a polymorphic look-up of the row points.
const MODULE_NAMES: [&str; 2] = ["$se_module", "se_module"];
/// What finds users, beside their id.
const EMAIL: &str = "email";
/// What finds every record.
const ID: &str = "id";

/// Whether a name is that of the column which names the modules of polymorphic look-ups.
pub(super) fn names_modules(name: &str, module: &Module) -> bool {
    let is_polymorphic = |field: &Field| matches!(&field.kind, FieldKind::Lookup { modules } if modules.len() > 1);
    MODULE_NAMES.iter().any(|it| it.eq_ignore_ascii_case(name)) && module.fields.iter().any(is_polymorphic)
}

/// The `find_by` that the second part of a header such as `Account_Name.Website` names, without case.
pub(super) fn find_by_of_header(request: &Request<'_>, field: &Field, name: &str) -> Option<String> {
    match &field.kind {
        FieldKind::Lookup { modules } => modules.iter().find_map(|module| {
            let module = request.catalog.module(module)?;
            let usable = |field: &&Field| field.is_id() || field.is_indexed();
            let is_named =
                |it: &&Field| it.api_name.eq_ignore_ascii_case(name) || it.label.to_lowercase() == name.to_lowercase();
            module.fields.iter().filter(usable).find(is_named).map(|it| it.api_name.clone())
        }),
        FieldKind::Owner | FieldKind::User => {
            [ID, EMAIL].into_iter().find(|it| it.eq_ignore_ascii_case(name)).map(str::to_owned)
        }
        // A layout is found by either, and nothing has to be said.
        FieldKind::Layout if [ID, "name"].iter().any(|it| it.eq_ignore_ascii_case(name)) => Some(ID.to_owned()),
        _ => None,
    }
}

/// What a header that names a look-up alone finds records by: what stands for them, where each of them has one.
pub(super) fn find_by_of_plain_header(request: &Request<'_>, field: &Field) -> Option<String> {
    let FieldKind::Lookup { modules } = &field.kind else { return None };
    let [module] = modules.as_slice() else { return Some(ID.to_owned()) };
    let display = request.catalog.module(module)?.display()?;
    Some(if display.is_indexed() { display.api_name.clone() } else { ID.to_owned() })
}

/// How a look-up's cells find their records.
pub(super) fn rule(
    request: &Request<'_>,
    field: &Field,
    modules: &[String],
    mapping: &Mapping,
    module_column: Option<usize>,
    path: &str,
) -> Result<Rule, Refusal> {
    let names = asked_modules(field, modules, mapping, path)?;
    let is_chosen = names.len() > 1 && module_column.is_some();
    let find_by = match mapping.find_by.as_deref() {
        Some(find_by) => find_by,
        // A value that is the same for all rows is an id unless something else is said.
        None if mapping.index.is_none() => ID,
        None => {
            let path = format!("{path}.find_by");
            return Err(Refusal::LookupFindByMissing { api_name: field.api_name.clone(), path });
        }
    };
    if names.len() > 1 && !is_chosen && find_by != ID {
        let (api_name, modules) = (field.api_name.clone(), modules.to_vec());
        return Err(Refusal::LookupModuleMissing { api_name, modules, path: format!("{path}.module") });
    }
    let target = |name: &&str| target(request, field, name, find_by, path);
    let targets = names.iter().map(target).collect::<Result<_, _>>()?;
    Ok(Rule::Lookup(LookupRule { targets, module_column: module_column.filter(|_| is_chosen) }))
}

/// The modules that the mapping leaves: all of the field's, or the one that it names.
fn asked_modules<'m>(
    field: &Field,
    modules: &'m [String],
    mapping: &Mapping,
    path: &str,
) -> Result<Vec<&'m str>, Refusal> {
    let of_default = mapping.default.as_ref().and_then(|default| default.module.as_ref());
    let named = [(mapping.module.as_ref(), "module"), (of_default, "default_value.module")];
    let Some((asked, key)) = named.into_iter().find_map(|(name, key)| Some((name?, key))) else {
        return Ok(modules.iter().map(String::as_str).collect());
    };
    match modules.iter().find(|module| *module == asked) {
        Some(module) => Ok(vec![module]),
        None => Err(Refusal::NoSuchTarget {
            api_name: field.api_name.clone(),
            module: asked.clone(),
            modules: modules.to_vec(),
            path: format!("{path}.{key}"),
        }),
    }
}

fn target(
    request: &Request<'_>,
    field: &Field,
    module_name: &str,
    find_by: &str,
    path: &str,
) -> Result<LookupTarget, Refusal> {
    let module = request.catalog.module(module_name);
    let found = module.and_then(|module| Some((module, module.field(find_by)?)));
    let found = found.filter(|(_, field)| field.is_id() || field.is_indexed());
    let (module, key) = found.ok_or_else(|| Refusal::LookupFindByUnusable {
        api_name: field.api_name.clone(),
        find_by: find_by.to_owned(),
        module: module_name.to_owned(),
        usable: module.map(usable).unwrap_or_default(),
        path: format!("{path}.find_by"),
    })?;
    let by = if key.is_id() {
        TargetKey::Id
    } else {
        TargetKey::Index { index: index_id(module, key), rule: Box::new(super::column::key_rule(&key.kind)) }
    };
    Ok(LookupTarget { module: module.number, module_name: module.api_name.clone(), by })
}

/// What records of a module can be looked for by.
fn usable(module: &Module) -> Vec<String> {
    module.fields.iter().filter(|field| field.is_id() || field.is_indexed()).map(|it| it.api_name.clone()).collect()
}
