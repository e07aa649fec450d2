use super::*;

const SMALL: &str = r#"
number = 9
id = 77
api_name = "Things"
singular_label = "Thing"
plural_label = "Things"
fields = [
  { number = 1, id = 1, api_name = "Name", label = "Name", type = "text", length = 5, unique = { case_sensitive = true } },
  { number = 2, id = 2, api_name = "id", label = "Id", type = "other", data_type = "bigint", read_only = true },
]
"#;

#[test]
fn the_builtin_modules_are_whole() {
    let catalog = Catalog::builtin();
    let names: Vec<_> = catalog.modules().iter().map(|module| module.api_name.as_str()).collect();
    assert_eq!(names, ["Leads", "Contacts", "Accounts", "Deals"]);
    assert_eq!(catalog.module("Leads").unwrap().id, 4_150_868_000_000_002_175);
    for module in catalog.modules() {
        assert!(module.field(ID_FIELD).unwrap().read_only, "{}", module.api_name);
        assert!(module.indexed().count() > 0, "{}", module.api_name);
    }
}

#[test]
fn builtin_marks_are_those_of_the_contract() {
    let catalog = Catalog::builtin();
    let marked = |module: &str, mark: fn(&Field) -> bool| -> Vec<String> {
        let fields = &catalog.module(module).unwrap().fields;
        fields.iter().filter(|field| mark(field)).map(|field| field.api_name.clone()).collect()
    };
    assert_eq!(marked("Leads", |field| field.mandatory), ["Last_Name"]);
    assert_eq!(marked("Contacts", |field| field.mandatory), ["Last_Name"]);
    assert_eq!(marked("Accounts", |field| field.mandatory), ["Account_Name"]);
    assert_eq!(marked("Deals", |field| field.mandatory), ["Deal_Name", "Stage"]);
    assert_eq!(marked("Leads", |field| field.duplicate_check), ["Email"]);
    assert_eq!(
        marked("Contacts", |field| field.duplicate_check),
        ["Email", "Full_Name"],
        "the second is ours: look-ups find by it"
    );
    assert_eq!(marked("Accounts", |field| field.duplicate_check), ["Account_Name"]);
    assert_eq!(marked("Deals", |field| field.duplicate_check), ["Deal_Name"]);
}

#[test]
fn a_file_is_read() {
    let catalog = Catalog::parse(&[SMALL]).unwrap();
    let field = catalog.module("Things").unwrap().field("Name").unwrap();
    assert_eq!(field.kind, FieldKind::Text { length: 5 });
    assert!(field.is_case_sensitive() && field.is_indexed());
}

#[test]
fn a_layout_shows_each_field_once() {
    let mut ids = std::collections::HashSet::new();
    for module in Catalog::builtin().modules() {
        let mut shown: Vec<_> = module.standard_layout().sections.iter().flat_map(|section| &section.fields).collect();
        shown.sort_unstable();
        let mut all: Vec<_> = module.fields.iter().filter(|field| !field.is_id()).map(|field| &field.number).collect();
        all.sort_unstable();
        assert_eq!(shown, all, "{}", module.api_name);
        let own =
            [module.id, module.standard_layout().id].into_iter().chain(module.fields.iter().map(|field| field.id));
        for id in own
            .chain((0..module.standard_layout().sections.len()).map(|place| module.standard_layout().section_id(place)))
        {
            assert!(ids.insert(id), "{} has {id}, which is taken", module.api_name);
        }
    }
    let catalog = Catalog::builtin();
    let names = |module: &str| -> Vec<_> {
        catalog.module(module).unwrap().standard_layout().sections.iter().map(|section| section.name.clone()).collect()
    };
    assert_eq!(names("Leads"), ["Lead Information", "Address Information", "Description Information", "Visit Summary"]);
    assert_eq!(names("Deals"), ["Deal Information", "Description Information"]);
    assert_eq!(catalog.module("Leads").unwrap().standard_layout().id, 4_150_868_000_000_095_055);
}

#[test]
fn a_faulty_section_is_refused_with_its_line() {
    let check = |sections: &str, expected: &str| {
        let error = Catalog::parse(&[&format!("{SMALL}sections = [\n{sections}\n]")]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    let section = |fields: &str| format!(r#"{{ name = "Rest", fields = [{fields}] }}"#);
    check(&section(r#""Nam""#), "module file, line 12: section Rest: there is no field Nam to show");
    check(&section(r#""id""#), "module file, line 12: section Rest: there is no field id to show");
    check(&section(r#""Name", "Name""#), "module file, line 12: section Rest: field Name is shown twice");
}

#[test]
fn a_faulty_file_is_refused_with_its_line() {
    let check = |from: &str, to: &str, expected: &str| {
        let error = Catalog::parse(&[&SMALL.replace(from, to)]).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check("length = 5", "length = 0", "module file, line 8: field Name: `length` is missing or 0");
    check("\"text\"", "\"txt\"", "module file, line 8: field Name: unknown type `txt`");
    check("number = 2", "number = 1", "module file, line 9: the number of field id is used twice");
    check("id = 2", "id = 1", "module file, line 9: the id of field id is used twice");
    check(
        "label = \"Id\"",
        "lable = \"Id\"",
        "module file, line 9: unknown field `lable`, expected one of `number`, `id`, `api_name`, `label`, `type`, `length`, `digits`, `decimal_places`, `values`, `module`, `modules`, `joins`, `data_type`, `mandatory`, `duplicate_check`, `unique`, `external`, `read_only`",
    );
    check("api_name = \"id\"", "api_name = \"Id2\"", "module file: Things has no field id");
    assert_eq!(
        Catalog::parse(&[SMALL, SMALL]).unwrap_err().to_string(),
        "module file: the number of Things is used twice"
    );
}
