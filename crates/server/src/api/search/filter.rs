//! Criteria over a module: conditions whose fields exist and have an index.

use bulkwright_engine::body;
use bulkwright_engine::catalog::{Field, Module};
use bulkwright_engine::ids::RecordId;
use bulkwright_engine::key;
use bulkwright_engine::plan;
use bulkwright_engine::record_store::IndexId;
use bulkwright_store::model::Record;
use bulkwright_wire::criteria::{Condition, Criteria};
use bulkwright_wire::error::ErrorBody;

use super::invalid;

/// The one comparator that an index answers.
const EQUALS: &str = "equals";

/// What is true of the records that are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Is(Test),
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

/// A condition that an index answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Id(RecordId),
    Key { index: IndexId, key: Vec<u8> },
}

impl Filter {
    /// The criteria's filter; what cannot be searched is refused by name, with what can be.
    pub(super) fn of(criteria: &Criteria, module: &Module) -> Result<Self, ErrorBody> {
        let all = |list: &[Criteria]| list.iter().map(|one| Filter::of(one, module)).collect::<Result<Vec<_>, _>>();
        Ok(match criteria {
            Criteria::Is(condition) => Filter::Is(test(condition, module)?),
            Criteria::All(list) => Filter::All(all(list)?),
            Criteria::Any(list) => Filter::Any(all(list)?),
        })
    }

    pub(super) fn is_true_of(&self, record: &Record) -> bool {
        match self {
            Filter::Is(Test::Id(id)) => record.id == *id,
            Filter::Is(Test::Key { index, key }) => body::key(&record.body, *index).is_some_and(|own| own == *key),
            Filter::All(list) => list.iter().all(|one| one.is_true_of(record)),
            Filter::Any(list) => list.iter().any(|one| one.is_true_of(record)),
        }
    }

    /// Its conditions, from left to right.
    pub(super) fn tests(&self) -> Vec<&Test> {
        match self {
            Filter::Is(test) => vec![test],
            Filter::All(list) | Filter::Any(list) => list.iter().flat_map(Filter::tests).collect(),
        }
    }

    /// Whether several conditions have to be true together anywhere in it.
    pub(super) fn has_all(&self) -> bool {
        match self {
            Filter::Is(_) => false,
            Filter::All(_) => true,
            Filter::Any(list) => list.iter().any(Filter::has_all),
        }
    }
}

impl Test {
    /// An indexed field's value. Such fields hold text, whose canonical spelling is the trimmed one; a test holds the
    /// built-in modules to that.
    pub(super) fn key(module: &Module, field: &Field, value: &str) -> Self {
        let index = plan::index_id(module, field);
        Test::Key { index, key: key::fold(value.trim(), index.case_sensitive) }
    }
}

fn test(condition: &Condition, module: &Module) -> Result<Test, ErrorBody> {
    let Condition { field, comparator, value } = condition;
    let Some(found) = module.field(field) else {
        return Err(refused(format!("{} has no field {field}; {}", module.api_name, searchable(module))));
    };
    if !found.is_id() && !found.is_indexed() {
        let name = &module.api_name;
        return Err(refused(format!("records of {name} cannot be searched by {field}; {}", searchable(module))));
    }
    if comparator != EQUALS {
        return Err(refused(format!("the comparator {comparator} is not supported; use {EQUALS}")));
    }
    if value.starts_with("${") {
        return Err(refused(format!("the value {value} is not supported; use what a record holds")));
    }
    if found.is_id() {
        return value.parse().map(Test::Id).map_err(|_| refused(format!("{value} is no record's id")));
    }
    Ok(Test::key(module, found, value))
}

/// What the module's records can be searched by.
fn searchable(module: &Module) -> String {
    let names: Vec<&str> = module.indexed().map(|field| field.api_name.as_str()).collect();
    format!("use id or {}", names.join(", "))
}

fn refused(reason: String) -> ErrorBody {
    invalid("criteria", &reason)
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::catalog::{Catalog, FieldKind};

    use super::*;

    fn filter(text: &str) -> Result<Filter, String> {
        let catalog = Catalog::builtin();
        let criteria = Criteria::parse(text).unwrap();
        Filter::of(&criteria, catalog.module("Leads").unwrap()).map_err(|error| error.message)
    }

    #[test]
    fn only_what_has_an_index_is_searched() {
        let check = |text: &str, expected: &str| assert_eq!(filter(text), Err(expected.to_owned()), "{text}");
        check("(Phone:equals:1)", "records of Leads cannot be searched by Phone; use id or Email");
        check("(email:equals:a@b.cd)", "Leads has no field email; use id or Email");
        check("((Email:equals:a@b.cd)or(Nothing:equals:1))", "Leads has no field Nothing; use id or Email");
        check("(Email:starts_with:a)", "the comparator starts_with is not supported; use equals");
        check("(id:equals:seven)", "seven is no record's id");
        check("(Email:equals:${EMPTY})", "the value ${EMPTY} is not supported; use what a record holds");
    }

    #[test]
    fn values_are_compared_as_keys() {
        let email = |value: &str| filter(&format!("(Email:equals:{value})")).unwrap();
        assert_eq!(email(" Ng@Example.com "), email("ng@example.com"));
        assert_eq!(filter("(id:equals:17)"), Ok(Filter::Is(Test::Id(RecordId(17)))));
    }

    #[test]
    fn indexed_fields_of_the_builtin_modules_hold_text() {
        for module in Catalog::builtin().modules() {
            for field in module.indexed() {
                let is_text = matches!(field.kind, FieldKind::Text { .. } | FieldKind::Email { .. });
                assert!(is_text, "{} {} needs its canonical spelling", module.api_name, field.api_name);
            }
        }
    }
}
