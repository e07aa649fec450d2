//! Modules of one's own, from the command line.

use serde_json::{Value, json};

use crate::program::Place;

/// The example of the documentation.
fn example() -> String {
    let document = include_str!("../../../../docs/modules.md");
    document.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[test]
fn a_sound_file_is_told_in_a_line_for_each_module() {
    let place = Place::new();
    place.write("modules.toml", example());
    let ran = place.run(&["modules", "check", "modules.toml"]).ends(0);
    assert_eq!(
        ran.out,
        "Leads: adds ERP_Id, Score, Favourite_Ship; changes Email, Lead_Source; demands Company; has the layouts Partners\n\
         Tasks: changes What_Id\n\
         Ships (module 1000): adds Call_Sign, Draught, Rig\n\
         modules.toml is sound; it has 3 modules\n"
    );
    let told: Value =
        serde_json::from_str(&place.run(&["modules", "check", "modules.toml", "--json"]).ends(0).out).unwrap();
    assert_eq!((&told["sound"], &told["modules"][0]["changed"]), (&json!(true), &json!(["Email", "Lead_Source"])));
    assert_eq!((&told["modules"][2]["api_name"], &told["modules"][2]["custom"]), (&json!("Ships"), &json!(true)));
}

#[test]
fn a_mistake_is_one_line_wherever_the_file_is_named() {
    let place = Place::new();
    place.write(
        "modules.toml",
        "\n[[modules]]\napi_name = \"Leads\"\nfields = [\n{ api_name = \"Emial\", unique = true }]\n",
    );
    let expected = "error: modules.toml, line 5: field Emial of Leads: there is no such field to change, and a new one needs \
                    `type` and `number`; did you mean Email?\n";
    for arguments in [
        ["modules", "check", "modules.toml"].as_slice(),
        &["modules", "list", "--modules", "modules.toml"],
        &["modules", "show", "Leads", "--modules", "modules.toml"],
        &["serve", "--modules", "modules.toml"],
        &["dev", "--modules", "modules.toml", "--listen", "127.0.0.1:0"],
    ] {
        let ran = place.run(arguments).ends(2);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", expected), "{arguments:?}");
    }
    let absent = place.run(&["modules", "check", "none.toml"]).ends(2);
    assert_eq!(absent.err, "error: none.toml: it cannot be read: No such file or directory (os error 2)\n");
    assert_eq!(place.names(), ["modules.toml"], "nothing was made");
}

#[test]
fn modules_are_listed_and_shown() {
    let place = Place::new();
    place.write("modules.toml", example());
    let of_file = ["--modules", "modules.toml"];
    let builtin = place.run(&["modules", "list"]).ends(0).out;
    assert_eq!(builtin.lines().count(), 16, "{builtin}");
    let deals: Vec<&str> = builtin.lines().nth(4).unwrap().split("  ").filter(|cell| !cell.is_empty()).collect();
    assert_eq!(
        deals.iter().map(|cell| cell.trim()).collect::<Vec<_>>(),
        ["Deals", "Deals", "27", "Deal_Name, Stage", "Deal_Name, id", "built in"]
    );
    let all = place.run(&[&["modules", "list"], of_file.as_slice()].concat()).ends(0).out;
    assert!(all.lines().last().unwrap().starts_with("Ships "), "{all}");

    let shown = place.run(&[&["modules", "show", "Ships"], of_file.as_slice()].concat()).ends(0).out;
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(
        lines[..2],
        ["Ships (Ships), number 1000, id 4150868101000000000", "layout Standard, id 4150868101000100000, demands Name"]
    );
    let call_sign = lines.iter().find(|line| line.starts_with("Call_Sign")).unwrap();
    assert!(call_sign.contains("text 10") && call_sign.contains("unique (case), own"), "{call_sign}");
    let leads: Value = serde_json::from_str(
        &place.run(&[&["modules", "show", "Leads", "--json"], of_file.as_slice()].concat()).ends(0).out,
    )
    .unwrap();
    let erp = leads["fields"].as_array().unwrap().iter().find(|field| field["api_name"] == "ERP_Id").unwrap();
    assert_eq!((&erp["external"], &erp["number"], &erp["custom"]), (&json!(true), &json!(2000), &json!(true)));
    assert_eq!(leads["layouts"][1]["mandatory"], json!(["Last_Name", "Company", "Phone"]));

    let absent = place.run(&["modules", "show", "Ships"]).ends(7);
    assert!(absent.err.starts_with("error: there is no module Ships; there are Leads, Contacts, "), "{}", absent.err);
}

#[test]
fn a_load_goes_to_a_module_that_the_directory_keeps() {
    let place = Place::new();
    place.write("modules.toml", example()).write("ships.csv", "Name,Call_Sign,Rig\nBeagle,GB,Brig\n");
    place.write("bulkwright.toml", "[server]\nmodules = \"modules.toml\"\nlisten = \"127.0.0.1:0\"\n");
    let (code, _) = place.start(&["serve"]).end();
    assert_eq!(code, 0);
    place.run(&["load", "ships.csv", "--module", "Ships"]).ends(0);
    let verified = place.run(&["verify"]).ends(0).out;
    assert!(verified.contains("1 Ships of organisation") && verified.contains("sound:"), "{verified}");
}
