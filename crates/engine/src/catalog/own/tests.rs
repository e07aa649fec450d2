mod mistakes;

use crate::catalog::{Catalog, Field, FieldKind, FieldNumber, GivenNumbers, Module};

const FILE: &str = r#"
[[modules]]
api_name = "Leads"
fields = [
  { api_name = "Company", mandatory = true },
  { api_name = "Email", unique = true },
  { api_name = "Lead_Source", values = ["Podcast"], label = "Source" },
  { api_name = "ERP_Id", number = 2000, type = "text", length = 40, external = true },
  { api_name = "Score", number = 2001, type = "percent", mandatory = true },
  { api_name = "Ship", number = 2002, type = "lookup", module = "Ships" },
]
sections = [{ name = "Address Information", fields = ["ERP_Id"] }, { name = "Ours", fields = ["Score", "Company"] }]
layouts = [{ number = 1, name = "Partners", mandatory = ["Phone"], sections = [{ name = "Ours", fields = ["Score"] }] }]

[[modules]]
api_name = "Ships"
number = 1000
singular_label = "Ship"
plural_label = "Ships"

[[modules.fields]]
api_name = "Draught_m"
number = 2000
type = "double"
digits = 3
decimal_places = 1

[[modules.fields]]
api_name = "Call_Sign"
number = 2001
type = "text"
unique = { case_sensitive = true }

[[modules]]
api_name = "Tasks"
fields = [{ api_name = "What_Id", modules = ["Ships"] }]
"#;

fn catalog() -> Catalog {
    Catalog::builtin().with_own(FILE).unwrap()
}

fn field<'c>(catalog: &'c Catalog, module: &str, name: &str) -> &'c Field {
    catalog.module(module).unwrap().field(name).unwrap()
}

fn shown(module: &Module, layout: usize) -> Vec<(String, usize)> {
    module.layouts[layout].sections.iter().map(|section| (section.name.clone(), section.fields.len())).collect()
}

#[test]
fn a_builtin_module_gets_fields_and_marks() {
    let catalog = catalog();
    let leads = catalog.module("Leads").unwrap();
    let builtin = Catalog::builtin();
    let before = builtin.module("Leads").unwrap();
    assert_eq!((leads.number, leads.id, leads.is_own()), (before.number, before.id, false));
    assert_eq!(leads.fields.len(), before.fields.len() + 3);
    assert_eq!(leads.placement, before.placement, "a mark that comes later moves no record");

    let erp = field(&catalog, "Leads", "ERP_Id");
    assert_eq!(
        (erp.id, erp.label.as_str(), &erp.kind),
        (4_150_868_100_001_002_000, "ERP Id", &FieldKind::Text { length: 40 })
    );
    assert!(erp.external && erp.is_indexed() && !erp.is_case_sensitive() && erp.is_own());
    assert_eq!(field(&catalog, "Leads", "Score").kind, FieldKind::Percent { digits: 5, decimal_places: 2 });
    assert!(field(&catalog, "Leads", "Email").unique.is_some_and(|unique| !unique.case_sensitive));
    let source = field(&catalog, "Leads", "Lead_Source");
    let FieldKind::Picklist { values } = &source.kind else { panic!("{source:?}") };
    assert_eq!((source.label.as_str(), values.last().unwrap().as_str()), ("Source", "Podcast"));
    let FieldKind::Lookup { modules } = &field(&catalog, "Tasks", "What_Id").kind else { panic!("no look-up") };
    assert_eq!(modules.last().unwrap(), "Ships");
}

#[test]
fn layouts_demand_what_the_file_says_and_show_every_field() {
    let catalog = catalog();
    let leads = catalog.module("Leads").unwrap();
    let demanded = |layout: usize| -> Vec<_> {
        let fields = leads.fields.iter().filter(|field| leads.layouts[layout].demands(field));
        fields.map(|field| field.api_name.as_str()).collect()
    };
    assert_eq!(demanded(0), ["Last_Name", "Company", "Score"]);
    assert_eq!(demanded(1), ["Last_Name", "Phone"]);
    assert_eq!((leads.layouts[1].name.as_str(), leads.layouts[1].id), ("Partners", 4_150_868_100_001_110_000));
    for layout in 0..2 {
        let fields = shown(leads, layout).iter().map(|(_, fields)| fields).sum::<usize>();
        assert_eq!(fields, leads.fields.len() - 1, "all but the record's id");
    }
    assert_eq!(shown(leads, 0).last().unwrap(), &("Ours".to_owned(), 2));
    assert_eq!(shown(leads, 0)[1], ("Address Information".to_owned(), 6));
}

#[test]
fn a_module_of_ones_own_has_what_every_module_has() {
    let catalog = catalog();
    let ships = catalog.module("Ships").unwrap();
    assert!(ships.is_own());
    assert_eq!(
        (ships.number.0, ships.id, ships.standard_layout().id),
        (1000, 4_150_868_101_000_000_000, 4_150_868_101_000_100_000)
    );
    let names: Vec<_> = ships.fields.iter().map(|field| field.api_name.as_str()).collect();
    assert_eq!(
        names.join(" "),
        "Name Owner Layout id Created_By Modified_By Created_Time Modified_Time Last_Activity_Time Tag Draught_m Call_Sign"
    );
    let name = ships.display().unwrap();
    assert!(name.mandatory && name.duplicate_check && name.label == "Ship Name");
    assert_eq!(ships.placement, Some(FieldNumber(1)), "not by the unique field, which may come later");
    assert!(field(&catalog, "Ships", "Call_Sign").is_case_sensitive());
}

#[test]
fn an_empty_file_adds_nothing() {
    for text in ["", "# nothing yet\n", "modules = []"] {
        assert_eq!(Catalog::builtin().with_own(text).unwrap().modules(), Catalog::builtin().modules(), "{text:?}");
    }
}

#[test]
fn numbers_keep_what_they_were_given_for() {
    let mut given = GivenNumbers::default();
    given.take_in(&catalog()).unwrap();
    let text = given.to_string();
    assert_eq!(
        text,
        "1000 Ships\n1.2000 text ERP_Id\n1.2001 percent Score\n1.2002 lookup Ship\n1000.2000 double Draught_m\n1000.2001 text Call_Sign\n"
    );
    assert_eq!(GivenNumbers::parse(&text), Some(given.clone()));
    for damaged in ["x", "1000", "1.x text A", "1.2000 text"] {
        assert_eq!(GivenNumbers::parse(damaged), None, "{damaged}");
    }

    let after = |from: &str, to: &str| {
        let mut given = given.clone();
        let changed = Catalog::builtin().with_own(&FILE.replace(from, to)).unwrap();
        given.take_in(&changed).map(|()| given.to_string()).map_err(|error| error.reason)
    };
    assert!(after("\"ERP_Id\"", "\"SAP_Id\"").unwrap().contains("1.2000 text SAP_Id"), "a field may get another name");
    assert_eq!(after("length = 40, ", ""), Ok(text.clone()), "and other bounds");
    assert_eq!(
        after("type = \"percent\"", "type = \"date\"").unwrap_err(),
        "number 2001 of field Score of Leads was given to Score of type percent, and records may hold values of that; \
         give Score a number that was never used"
    );
    assert_eq!(
        after("\"Ships\"", "\"Boats\"").unwrap_err(),
        "number 1000 of Boats was given to the module Ships, whose records keep it; give Boats a number that was never used"
    );
    let without = given.clone().take_in(&Catalog::builtin()).map(|()| given.to_string());
    assert_eq!(without, Ok(text), "what is gone is remembered");
}
