//! Names of modules and fields in a create: those that the catalog has in their place.

use std::iter;

use bulkwright_engine::catalog::{Catalog, ID_FIELD, Module};
use bulkwright_engine::plan::Refusal as PlanRefusal;

use super::{nearest, plain};

/// What a resource that is refused very likely named.
pub(crate) fn of_plan(catalog: &Catalog, module: &str, refusal: &PlanRefusal) -> Option<String> {
    let fields_of = catalog.module(module);
    match refusal {
        PlanRefusal::UnknownModule { module, .. } => Some(of_module(catalog, module)),
        PlanRefusal::UnknownField { api_name, .. } => of_field(fields_of?, api_name),
        PlanRefusal::FindByUnusable { .. } => Some(of_find_by(fields_of?)),
        _ => None,
    }
}

/// The module that was very likely meant, or all there are.
pub(super) fn of_module(catalog: &Catalog, asked: &str) -> String {
    let names: Vec<_> = catalog.modules().iter().map(|module| module.api_name.as_str()).collect();
    match nearest(asked, names.iter().copied()) {
        Some(module) => format!("the module's API name is {module}"),
        None => format!("modules are {}", names.join(", ")),
    }
}

/// The field that was very likely meant, by its API name or its label.
fn of_field(module: &Module, asked: &str) -> Option<String> {
    let labelled = module.fields.iter().find(|field| plain(&field.label) == plain(asked));
    let api_names = || module.fields.iter().map(|field| field.api_name.as_str());
    let found = labelled.map(|field| field.api_name.as_str()).or_else(|| nearest(asked, api_names()))?;
    Some(format!("the field's API name is {found}"))
}

fn of_find_by(module: &Module) -> String {
    // What is joined from two fields is for look-ups to find by.
    let indexed = module.indexed().filter(|field| field.joins.is_none());
    let usable: Vec<_> = iter::once(ID_FIELD).chain(indexed.map(|field| field.api_name.as_str())).collect();
    match usable.as_slice() {
        [only] => format!("find_by of {} is {only}", module.api_name),
        _ => format!("find_by of {} is one of {}", module.api_name, usable.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_those_of_the_catalog() {
        let catalog = Catalog::builtin();
        let path = || "$.resource[0]".to_owned();
        let check = |refusal: PlanRefusal, expected: Option<&str>| {
            assert_eq!(of_plan(&catalog, "Leads", &refusal).as_deref(), expected, "{refusal:?}");
        };
        let module = |name: &str| PlanRefusal::UnknownModule { module: name.into(), path: path() };
        check(module("leads"), Some("the module's API name is Leads"));
        check(module("Contact"), Some("the module's API name is Contacts"));
        let all: Vec<_> = catalog.modules().iter().map(|module| module.api_name.as_str()).collect();
        check(module("Starbases"), Some(&format!("modules are {}", all.join(", "))));
        let field = |name: &str| PlanRefusal::UnknownField { api_name: name.into(), path: path() };
        check(field("ast_Name"), Some("the field's API name is Last_Name"));
        check(field("Last Name"), Some("the field's API name is Last_Name"));
        check(field("lastname"), Some("the field's API name is Last_Name"));
        check(field("Warp_Core"), None);
        check(
            PlanRefusal::FindByUnusable { field: "Company".into(), path: path() },
            Some("find_by of Leads is one of id, Email"),
        );
        assert_eq!(of_find_by(catalog.module("Contacts").unwrap()), "find_by of Contacts is one of id, Email");
        assert_eq!(of_find_by(catalog.module("Tasks").unwrap()), "find_by of Tasks is id");
    }
}
