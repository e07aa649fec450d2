//! Look-ups, users and layouts at creation.

use super::*;

fn looked_up(field: &str, find_by: Option<&str>, module: Option<&str>) -> Vec<Mapping> {
    let (find_by, module) = (find_by.map(str::to_owned), module.map(str::to_owned));
    vec![mapping("Name", Some(0)), Mapping { find_by, module, ..mapping(field, Some(1)) }]
}

#[test]
fn a_look_up_says_what_it_is_looked_up_by() {
    let check = |mappings, expected: &str| refused(&mapped(Operation::Insert, None, mappings), CSV, expected);
    check(
        looked_up("Place", None, None),
        "Place is a look-up: its mapping needs find_by, id or the field that its cells are values of \
         @ $.resource[0].field_mappings[1].find_by",
    );
    check(
        looked_up("Place", Some("Note"), None),
        "Place cannot be looked up by Note in Places: use Name, Code, id @ $.resource[0].field_mappings[1].find_by",
    );
    check(
        looked_up("Place", Some("Nowhere"), None),
        "Place cannot be looked up by Nowhere in Places: use Name, Code, id @ $.resource[0].field_mappings[1].find_by",
    );
    check(
        looked_up("Place", Some("id"), Some("Things")),
        "Place does not point into Things: use Places @ $.resource[0].field_mappings[1].module",
    );
    check(
        looked_up("About", Some("Name"), None),
        "About can point into Places, Things: name one as the mapping's module, or map a column to $se_module, \
         or look it up by id @ $.resource[0].field_mappings[1].module",
    );
    for (field, find_by, module) in [
        ("Place", "id", None),
        ("Place", "Code", Some("Places")),
        ("Above", "Serial", None),
        ("About", "id", None),
        ("About", "Name", Some("Places")),
        ("Owner", "email", None),
    ] {
        settled(&mapped(Operation::Insert, None, looked_up(field, Some(find_by), module)), CSV);
    }
}

#[test]
fn a_default_of_a_look_up_is_a_key_of_it() {
    let default = |find_by: Option<&str>, value: serde_json::Value, module: Option<&str>| {
        let default = DefaultValue { value: Some(value), name: None, module: module.map(str::to_owned) };
        let find_by = find_by.map(str::to_owned);
        let field = if module.is_some() { "About" } else { "Place" };
        let mapping = Mapping { find_by, default: Some(default), ..mapping(field, None) };
        mapped(Operation::Insert, None, vec![super::mapping("Name", Some(0)), mapping])
    };
    settled(&default(None, json!("17"), None), CSV);
    settled(&default(None, json!(17), Some("Things")), CSV);
    settled(&default(Some("Code"), json!("hq"), None), CSV);
    refused(
        &default(None, json!("hq"), None),
        CSV,
        "the default_value of Place does not fit its type, lookup @ $.resource[0].field_mappings[1].default_value.value",
    );
    refused(
        &default(None, json!("17"), Some("Rooms")),
        CSV,
        "About does not point into Rooms: use Places, Things @ $.resource[0].field_mappings[1].default_value.module",
    );
}

#[test]
fn headers_name_what_look_ups_are_looked_up_by() {
    let check = |header: &str, expected: &[(&str, Option<&str>)], ignored: &[&str]| {
        let plan = settled(&spec(Operation::Insert, None), &format!("Name,{header}\n"));
        let found: Vec<String> =
            plan.columns.iter().skip(1).map(|column| format!("{} {:?}", column.api_name, asked_by(column))).collect();
        let expected: Vec<String> = expected.iter().map(|(name, by)| format!("{name} {by:?}")).collect();
        assert_eq!((found, plan.ignored_headers().join(" ")), (expected, ignored.join(" ")), "{header}");
    };
    check("Place", &[("Place", Some("1"))], &[]);
    check("Place.id", &[("Place", Some("id"))], &[]);
    check("place of it.code", &[("Place", Some("2"))], &[]);
    check("PLACE.Name,Above.Serial", &[("Place", Some("1")), ("Above", Some("4"))], &[]);
    check("Place.Note,Place.Nowhere", &[], &["Place.Note", "Place.Nowhere"]);
    check("About", &[("About", Some("id"))], &[]);
    check("Owner.email,Layout.name", &[("Owner", None), ("Layout", None)], &[]);
    check("Owner.phone,Count.id", &[], &["Owner.phone", "Count.id"]);
    let plan = settled(&spec(Operation::Insert, None), "Name,About,$se_module\n");
    assert_eq!((plan.columns.len(), plan.ignored_headers()), (2, &[][..]));
}

/// `id`, or the number of the field, by which the first target of a look-up is found.
fn asked_by(column: &Column) -> Option<String> {
    let crate::typing::Rule::Lookup(rule) = &column.rule else { return None };
    Some(match &rule.targets[0].by {
        crate::typing::TargetKey::Id => "id".to_owned(),
        crate::typing::TargetKey::Index { index, .. } => index.field.0.to_string(),
    })
}

#[test]
fn a_layout_is_one_of_the_modules() {
    let layout = |value: serde_json::Value| with_default("Layout", None, value);
    let check = |mappings: Vec<Mapping>, expected: &str| {
        refused(&mapped(Operation::Insert, None, mappings), CSV, expected);
    };
    check(
        vec![mapping("Name", Some(0)), layout(json!("98"))],
        "Things has no layout 98: use Standard (92957), Partners (99) @ $.resource[0].field_mappings[1].default_value.value",
    );
    check(
        vec![mapping("Name", Some(0)), layout(json!("99"))],
        "mandatory fields are not mapped: Count @ $.resource[0].field_mappings",
    );
    let settled = |mappings| super::settled(&mapped(Operation::Insert, None, mappings), CSV);
    let plan = settled(vec![mapping("Name", Some(0)), layout(json!(99)), mapping("Count", Some(1))]);
    assert_eq!(plan.columns[1].default.as_deref(), Some("99"));
    let named = DefaultValue { value: None, name: Some("partners".to_owned()), module: None };
    let named = Mapping { default: Some(named), ..mapping("Layout", None) };
    let plan = settled(vec![mapping("Name", Some(0)), named, mapping("Count", Some(1))]);
    assert_eq!(plan.columns[1].default.as_deref(), Some("99"));
    // Row by row, a custom layout's own demands are not asked for.
    settled(vec![mapping("Name", Some(0)), mapping("Layout", Some(1))]);
    // An update demands no mapping.
    super::settled(
        &mapped(Operation::Update, Some("Email"), vec![mapping("Email", Some(1)), layout(json!("99"))]),
        CSV,
    );
}
