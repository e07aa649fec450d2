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
    assert_eq!(
        names.join(" "),
        "Leads Contacts Accounts Deals Campaigns Cases Solutions Products Vendors Price_Books Quotes Sales_Orders \
         Purchase_Orders Invoices Tasks"
    );
    assert_eq!(catalog.module("Leads").unwrap().id, 4_150_868_000_000_002_175);
    for module in catalog.modules() {
        let name = &module.api_name;
        assert!(module.field(ID_FIELD).unwrap().read_only && !module.is_own(), "{name}");
        assert_eq!(module.field("Owner").map(|field| &field.kind), Some(&FieldKind::Owner), "{name}");
        assert_eq!(module.field("Layout").map(|field| &field.kind), Some(&FieldKind::Layout), "{name}");
        for field in &module.fields {
            assert!(!field.is_own() && !field.external && field.unique.is_none(), "{name} {}", field.api_name);
            let is_system = field.number.0 > 1000;
            assert!(
                !is_system || field.read_only,
                "{name} {}: what is no value of a body is read-only",
                field.api_name
            );
        }
    }
}

#[test]
fn builtin_marks_are_those_of_the_contract() {
    let catalog = Catalog::builtin();
    let marked = |module: &str, mark: fn(&Field) -> bool| -> String {
        let fields = catalog.module(module).unwrap().fields.iter().filter(|field| mark(field));
        fields.map(|field| field.api_name.as_str()).collect::<Vec<_>>().join(" ")
    };
    // Sub-forms (Quoted_Items and the like) are mandatory to the vendor and not demanded here.
    for (module, mandatory, duplicate_check) in [
        ("Leads", "Last_Name", "Email"),
        // The second is ours: look-ups find by it.
        ("Contacts", "Last_Name", "Email Full_Name"),
        ("Accounts", "Account_Name", "Account_Name"),
        ("Deals", "Deal_Name Stage", "Deal_Name"),
        ("Campaigns", "Campaign_Name", "Campaign_Name"),
        ("Cases", "Subject Case_Origin Status", "Subject"),
        ("Solutions", "Solution_Title", "Solution_Title"),
        ("Products", "Product_Name", "Product_Name"),
        ("Vendors", "Vendor_Name", "Vendor_Name"),
        ("Price_Books", "Price_Book_Name", "Price_Book_Name"),
        ("Quotes", "Subject", "Subject"),
        ("Sales_Orders", "Subject", "Subject"),
        ("Purchase_Orders", "Subject Vendor_Name", "Subject"),
        ("Invoices", "Subject", "Subject"),
        ("Tasks", "Subject", ""),
    ] {
        assert_eq!(marked(module, |field| field.mandatory), mandatory, "{module}");
        assert_eq!(marked(module, |field| field.duplicate_check), duplicate_check, "{module}");
        let standard = catalog.module(module).unwrap().standard_layout();
        assert!(standard.mandatory.is_empty(), "{module}: Company on Leads and the like are a switch, off");
    }
}

#[test]
fn every_lookup_points_into_modules_that_are_there_and_finds_by_their_names() {
    let catalog = Catalog::builtin();
    let mut found = Vec::new();
    for module in catalog.modules() {
        let display = module.display().unwrap_or_else(|| panic!("{} has no {}", module.api_name, module.display_field));
        assert!(matches!(display.kind, FieldKind::Text { .. }), "{}", module.api_name);
        for field in &module.fields {
            let FieldKind::Lookup { modules } = &field.kind else { continue };
            for target in modules {
                let target = catalog.module(target).unwrap_or_else(|| panic!("{} points to {target}", field.api_name));
                // A key for each lead's name would cost imports of leads more than look-ups into them are worth: they
                // go by Email and id.
                let is_findable = target.display().is_some_and(Field::is_indexed) || target.api_name == "Leads";
                assert!(is_findable, "{} is not found by its {}", target.api_name, target.display_field);
            }
            found.push(format!("{}.{}>{}", module.api_name, field.api_name, modules.join("+")));
        }
    }
    let expected = "Contacts.Account_Name>Accounts Contacts.Vendor_Name>Vendors Contacts.Reporting_To>Contacts \
        Accounts.Parent_Account>Accounts Deals.Account_Name>Accounts Deals.Contact_Name>Contacts \
        Deals.Campaign_Source>Campaigns Campaigns.Parent_Campaign>Campaigns Cases.Product_Name>Products \
        Cases.Account_Name>Accounts Cases.Deal_Name>Deals Cases.Related_To>Contacts Solutions.Product_Name>Products \
        Products.Vendor_Name>Vendors Quotes.Deal_Name>Deals Quotes.Contact_Name>Contacts Quotes.Account_Name>Accounts \
        Sales_Orders.Deal_Name>Deals Sales_Orders.Quote_Name>Quotes Sales_Orders.Contact_Name>Contacts \
        Sales_Orders.Account_Name>Accounts Purchase_Orders.Vendor_Name>Vendors Purchase_Orders.Contact_Name>Contacts \
        Invoices.Sales_Order>Sales_Orders Invoices.Contact_Name>Contacts Invoices.Account_Name>Accounts \
        Tasks.Who_Id>Contacts Tasks.What_Id>Leads+Accounts+Deals+Campaigns+Cases+Solutions+Products+Vendors+\
        Price_Books+Quotes+Sales_Orders+Purchase_Orders+Invoices";
    assert_eq!(found.join(" "), expected.replace("+ ", "+"));
}

/// Numbers and ids that were given stay: they key stored values, and clients keep them.
#[test]
fn numbers_and_ids_never_change() {
    let mut all = String::new();
    for module in Catalog::builtin().modules() {
        all.push_str(&format!("{} {} {}\n", module.api_name, module.number.0, module.id));
        for field in &module.fields {
            let data_type = field.kind.data_type();
            all.push_str(&format!("  {} {} {} {data_type}\n", field.api_name, field.number.0, field.id));
        }
    }
    insta::assert_snapshot!(all);
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
