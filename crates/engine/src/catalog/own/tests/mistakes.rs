//! Whatever can be wrong with a file, with its line and its words.

use proptest::prelude::*;

use super::FILE;
use crate::catalog::Catalog;

/// A module with one field entry, which starts in line 3.
fn of_leads(field: &str) -> String {
    format!("[[modules]]\napi_name = \"Leads\"\nfields = [\n{field}\n]")
}

#[test]
fn a_mistake_in_a_field_is_told_with_its_line() {
    let check = |field: &str, expected: &str| {
        let error = Catalog::builtin().with_own(&of_leads(field)).unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (Some(4), expected), "{field}");
    };
    let new = |rest: &str| format!(r#"{{ api_name = "X", number = 2000, {rest} }}"#);
    check(
        r#"{ api_name = "Emial", unique = true }"#,
        "field Emial of Leads: there is no such field to change, and a new one needs `type` and `number`; did you mean Email?",
    );
    check(r#"{ api_name = "email", unique = true }"#, "field email of Leads: it is spelled Email");
    check(
        r#"{ api_name = "Email", type = "text" }"#,
        "field Email of Leads: the module has that field; leave `type` out to change its marks",
    );
    check(
        r#"{ api_name = "X", type = "text" }"#,
        "field X of Leads: `number` is missing: give it one from 2000 up that no field of Leads ever had, such as 2000",
    );
    check(
        r#"{ api_name = "X", number = 5, type = "text" }"#,
        "field X of Leads: number 5 is none of one's own: give it one from 2000 up that no field of Leads ever had, such as 2000",
    );
    check(&new(r#"type = "txt""#), "field X of Leads: unknown type `txt`");
    check(&new(r#"type = "text", length = 0"#), "field X of Leads: `length` is missing or 0");
    check(&new(r#"type = "text", digits = 3"#), "field X of Leads: `digits` says nothing about a field of type text");
    check(&new(r#"type = "integer", digits = 19"#), "field X of Leads: `digits` is not between 1 and 18");
    check(&new(r#"type = "double", decimal_places = 10"#), "field X of Leads: `decimal_places` is more than 9");
    check(&new(r#"type = "picklist""#), "field X of Leads: `values` is missing");
    check(&new(r#"type = "picklist", values = ["a", "A"]"#), "field X of Leads: the value \"A\" stands twice");
    check(
        &new(r#"type = "picklist", values = [" "]"#),
        "field X of Leads: the value \" \" is empty, or has blanks around it",
    );
    check(
        &new(r#"type = "multiselectpicklist", values = ["a;b"]"#),
        "field X of Leads: the value \"a;b\" holds `;`, which separates values in a cell",
    );
    check(&new(r#"type = "lookup""#), "field X of Leads: a look-up names one `module`, or several `modules`");
    check(
        &new(r#"type = "ownerlookup""#),
        "field X of Leads: every module has its Owner; other users are of type `userlookup`",
    );
    check(&new(r#"type = "layout""#), "field X of Leads: every module has its Layout");
    check(
        &new(r#"type = "other", data_type = "blob""#),
        "field X of Leads: `data_type` is none of subform, fileupload, imageupload, profileimage, multiselectlookup, multiuserlookup, territories, autonumber, formula, rollup_summary",
    );
    check(
        &new(r#"type = "boolean", unique = true"#),
        "field X of Leads: records cannot be found by a field of type boolean",
    );
    check(
        &new(r#"type = "date", external = true"#),
        "field X of Leads: records cannot be found by a field of type date",
    );
    check(
        &new(r#"type = "other", data_type = "formula", mandatory = true"#),
        "field X of Leads: no import gives it a value, so it cannot be mandatory",
    );
    check(
        &new(r#"type = "text", read_only = true, unique = true"#),
        "field X of Leads: it is read-only, so no import gives it a value to be found by",
    );
    check(&new(r#"type = "text", label = """#), "field X of Leads: `label` is empty");
    check(
        &new(r#"type = "text", joins = ["Company", "Industry"]"#),
        "field X of Leads: there is no field Industry of type text before it to join",
    );
    check(
        &new(r#"type = "date", joins = ["Company", "City"]"#),
        "field X of Leads: only a field of type text joins others",
    );
    check(
        &new(r#"type = "text", id = 4150868000000002503"#),
        "the id 4150868000000002503 is that of field Last_Name of Leads and of field X of Leads",
    );
    check(&new(r#"type = "text", unique = 1"#), "`unique` is true, false or { case_sensitive = true }");
    check(
        &new(r#"type = "text", lenght = 5"#),
        "unknown field `lenght`, expected one of `number`, `id`, `api_name`, `label`, `type`, `length`, `digits`, `decimal_places`, `values`, `module`, `modules`, `joins`, `data_type`, `mandatory`, `duplicate_check`, `unique`, `external`, `read_only`",
    );
    check(&new(r#"type = "text", length = "5""#), "invalid type: string \"5\", expected u32");
    check(
        r#"{ api_name = "É", number = 2000, type = "text" }"#,
        "field É of Leads: an API name is a letter, then letters, digits and `_`, at most 100",
    );
    check(
        r#"{ api_name = "Email", length = 200 }"#,
        "field Email of Leads: the field is there already, and its `length` stays; leave `length` out",
    );
    check(
        r#"{ api_name = "Email", values = ["x"] }"#,
        "field Email of Leads: it has no list of values to add to; leave `values` out",
    );
    check(
        r#"{ api_name = "Rating", values = ["active"] }"#,
        "field Rating of Leads: the value \"active\" stands twice",
    );
    check(
        r#"{ api_name = "Email", duplicate_check = false }"#,
        "field Email of Leads: it is always checked for duplicates; leave `duplicate_check` out",
    );
    check(
        r#"{ api_name = "Last_Name", mandatory = false }"#,
        "field Last_Name of Leads: it is always mandatory; leave `mandatory` out",
    );
    check(
        r#"{ api_name = "Visitor_Score", mandatory = true }"#,
        "field Visitor_Score of Leads: no import gives it a value, so it cannot be mandatory",
    );
    check(
        r#"{ api_name = "Full_Name", unique = true }"#,
        "field Full_Name of Leads: it is read-only, so no import gives it a value to be found by",
    );
    check(
        r#"{ api_name = "id", unique = true }"#,
        "field id of Leads: records cannot be found by a field of type bigint",
    );
    let lookup = |module: &str| new(&format!(r#"type = "lookup", module = "{module}""#));
    check(&lookup("Acounts"), "field X of Leads: there is no module Acounts to point to; did you mean Accounts?");
    check(&lookup("Warp_Cores"), "field X of Leads: there is no module Warp_Cores to point to");
}

#[test]
fn a_mistake_between_fields_is_told_with_its_line() {
    let check = |second: &str, expected: &str| {
        let first = r#"{ api_name = "X", number = 2000, type = "text" },"#;
        let error = Catalog::builtin().with_own(&of_leads(&format!("{first}\n{second}"))).unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (Some(5), expected), "{second}");
    };
    check(r#"{ api_name = "x", number = 2001, type = "text" }"#, "field x of Leads: it stands twice");
    check(r#"{ api_name = "Y", number = 2000, type = "text" }"#, "field Y of Leads: number 2000 is that of X");
}

#[test]
fn a_mistake_in_a_module_is_told_with_its_line() {
    let check = |text: &str, line: usize, expected: &str| {
        let error = Catalog::builtin().with_own(text).unwrap_err();
        assert_eq!((error.line, error.reason.as_str()), (Some(line), expected), "{text}");
    };
    let module = |keys: &str| format!("\n[[modules]]\n{keys}");
    let ships = "api_name = \"Ships\"\nnumber = 1000\nsingular_label = \"Ship\"\nplural_label = \"Ships\"\n";
    check(
        &module("api_nam = \"Ships\""),
        3,
        "unknown field `api_nam`, expected one of `api_name`, `number`, `id`, `singular_label`, `plural_label`, `name_label`, `fields`, `sections`, `layouts`",
    );
    check("[[module]]\napi_name = \"Leads\"", 1, "unknown field `module`, expected `modules`");
    check("modules = 5", 1, "invalid type: integer `5`, expected a sequence");
    check("[[modules]", 1, "unclosed array table, expected `]`");
    check(&module("number = 1000"), 2, "missing field `api_name`");
    check(&module("api_name = \"Leads\"\nnumber = 1000"), 2, "module Leads: it is built in; leave `number` out");
    check(
        &module("api_name = \"Leads\"\n[[modules]]\napi_name = \"Leads\""),
        4,
        "module Leads: it stands twice in the file",
    );
    check(&module(&format!("{ships}[[modules]]\n{ships}")), 7, "module Ships: it stands twice in the file");
    check(&module("api_name = \"leads\""), 2, "module leads: the name is too much like Leads");
    check(&module("api_name = \"SalesOrders\""), 2, "module SalesOrders: the name is too much like Sales_Orders");
    check(&module("api_name = \"Calls\""), 2, "module Calls: the name means something else; choose another one");
    check(&module("api_name = \"Sqlite_x\""), 2, "module Sqlite_x: the name means something else; choose another one");
    check(
        &module("api_name = \"2nd\""),
        2,
        "module 2nd: an API name is a letter, then letters, digits and `_`, at most 100",
    );
    check(
        &module("api_name = \"Ships\""),
        2,
        "module Ships: `number` is missing: give it one from 1000 up that no module of this server ever had, such as 1000",
    );
    check(
        &module("api_name = \"Ships\"\nnumber = 16"),
        2,
        "module Ships: number 16 is none of one's own: give it one from 1000 up that no module of this server ever had, such as 1000",
    );
    check(
        &module("api_name = \"Ships\"\nnumber = 1000"),
        2,
        "module Ships: `singular_label` is missing: what people call it",
    );
    check(
        &module(&format!("{ships}{}", module(&ships.replace("Ships", "Boats")))),
        8,
        "module Boats: number 1000 is that of Ships",
    );
    check(
        &module("api_name = \"Leads\"\nsections = [\n{ name = \"S\", fields = [\"Nam\"] }]"),
        5,
        "section S: there is no field Nam to show",
    );
    check(
        &module("api_name = \"Leads\"\nsections = [\n{ name = \"S\", fields = [\"City\", \"City\"] }]"),
        5,
        "section S: field City is shown twice",
    );
    let layout = |layout: &str| module(&format!("api_name = \"Leads\"\nlayouts = [\n{layout}]"));
    check(
        &layout("{ name = \"L\" }"),
        5,
        "layout L of Leads: give it a `number` from 1 to 89 that no layout of the module ever had",
    );
    check(
        &layout("{ name = \"L\", number = 90 }"),
        5,
        "layout L of Leads: give it a `number` from 1 to 89 that no layout of the module ever had",
    );
    check(
        &layout("{ name = \"standard\", number = 1 }"),
        5,
        "layout standard of Leads: there is a layout of that name",
    );
    check(
        &layout("{ name = \"L\", number = 1, mandatory = [\"Nam\"] }"),
        5,
        "layout L: there is no field Nam to demand",
    );
    check(
        &layout("{ name = \"L\", number = 1, sections = [{ name = \"S\", fields = [\"Nam\"] }] }"),
        5,
        "section S: there is no field Nam to show",
    );
}

#[test]
fn there_are_limits() {
    let told = |text: &str| Catalog::builtin().with_own(text).unwrap_err().reason;
    let fields: String = (2000..3000)
        .map(|number| format!("{{ api_name = \"X{number}\", number = {number}, type = \"date\" }},\n"))
        .collect();
    assert!(told(&of_leads(&fields)).ends_with("the module has more than 1000 fields"));
    let module = |number: u16| {
        format!(
            "[[modules]]\napi_name = \"X{number}\"\nnumber = {number}\nsingular_label = \"X\"\nplural_label = \"X\"\n"
        )
    };
    assert!(told(&(1000..1500).map(module).collect::<String>()).ends_with("there are more than 500 modules"));
    for id in ["0", "-5"] {
        let field = format!("{{ api_name = \"X\", number = 2000, type = \"date\", id = {id} }}");
        assert_eq!(told(&of_leads(&field)), "field X of Leads: `id` is not above 0");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(from in 0..FILE.len(), length in 0usize..60, text in "[a-zé\\[\\]{}=\" 0-9,\n]{0,12}") {
        let mut file = FILE.to_owned();
        file.replace_range(from..(from + length).min(FILE.len()), &text);
        if let Err(error) = Catalog::builtin().with_own(&file) {
            let lines = file.lines().count() + 1;
            prop_assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{error} in {file}");
        }
    }
}

#[test]
fn layouts_of_one_number_are_one_too_many() {
    let layouts =
        "[[modules]]\napi_name = \"Leads\"\nlayouts = [{ name = \"A\", number = 1 }, { name = \"B\", number = 1 }]";
    let error = Catalog::builtin().with_own(layouts).unwrap_err();
    assert_eq!(error.reason, "the id 4150868100001110000 is that of layout A of Leads and of layout B of Leads");
}
