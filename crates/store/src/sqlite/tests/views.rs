//! The views, through the real `sqlite3` shell.

use std::process::Command;

use bulkwright_engine::catalog::Catalog;

use super::restart::{ORG, insert};
use super::*;

/// What the shell prints for a query, one line a row, columns apart by `|`.
pub(super) fn shell(directory: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3").arg("-readonly").arg(directory.join("records.db")).arg(sql).output();
    let output = output.expect("the sqlite3 shell is needed for this test: install it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The number of a field of the built-in Leads.
fn number(catalog: &Catalog, field: &str) -> u16 {
    catalog.module("Leads").unwrap().field(field).unwrap().number.0
}

#[test]
fn a_view_has_the_names_and_types_of_the_catalog() {
    let (directory, store) = new_store(&temporary());
    let catalog = Catalog::builtin();
    store.set_catalog(&catalog).unwrap();
    let body = format!(
        r#"{{"{}":"O'Neil, \"J\"","{}":"Jim","{}":42,"{}":"1234.50","{}":true,"{}":"4150868000000225013"}}"#,
        number(&catalog, "Last_Name"),
        number(&catalog, "First_Name"),
        number(&catalog, "No_of_Employees"),
        number(&catalog, "Annual_Revenue"),
        number(&catalog, "Email_Opt_Out"),
        number(&catalog, "Owner"),
    );
    insert(&store, 0, 1..2, &body);
    insert(&store, 1, 2..3, "{}");
    let sql = "SELECT org, id, Last_Name, No_of_Employees + 1, Annual_Revenue * 2, typeof(Annual_Revenue),
                   Email_Opt_Out, Owner, typeof(Owner), First_Name IS NULL, Full_Name, Created_Time, Modified_By
               FROM leads ORDER BY id";
    let expected = "694902309|1|O'Neil, \"J\"|43|2469.0|real|1|4150868000000225013|integer|0|Jim O'Neil, \"J\"|2026-11-18T11:06:40Z|5\n\
                    694902309|2||||null|0||null|1||2026-11-18T11:06:40Z|5\n";
    assert_eq!(shell(directory.path(), sql), expected);
    assert_eq!(shell(directory.path(), "SELECT count(*) FROM contacts"), "0\n");
    assert_eq!(
        shell(directory.path(), "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name"),
        "accounts campaigns cases contacts deals invoices leads price_books products purchase_orders quotes sales_orders \
         solutions tasks vendors "
            .replace(' ', "\n")
    );
    assert_eq!(
        store.writer_turn.wait().with(|it| it
            .query_row("SELECT count(*) FROM leads WHERE org = ?1", [ORG.0], |row| row.get::<_, i64>(0))
            .unwrap()),
        2
    );
}

#[test]
fn views_follow_the_catalog() {
    let (directory, store) = new_store(&temporary());
    let of = |fields: &str| {
        let file = format!(
            "number = 8\nid = 1\napi_name = \"Key\"\nsingular_label = \"Key\"\nplural_label = \"Keys\"\ndisplay_field = \"id\"\nfields = [{fields}]"
        );
        Catalog::parse(&[&file]).unwrap()
    };
    let text = |number: u16, name: &str| {
        format!(
            "{{ number = {number}, id = {number}, api_name = \"{name}\", label = \"x\", type = \"text\", length = 9 }},"
        )
    };
    let id = r#"{ number = 1001, id = 9, api_name = "id", label = "x", type = "other", data_type = "bigint",
        read_only = true },"#;
    let version = || shell(directory.path(), "PRAGMA schema_version");
    store.set_catalog(&Catalog::builtin()).unwrap();
    let before = version();
    store.set_catalog(&Catalog::builtin()).unwrap();
    assert_eq!(version(), before, "the same catalog changes nothing");
    store.set_catalog(&of(&(id.to_owned() + &text(1, "One")))).unwrap();
    assert_eq!(shell(directory.path(), "SELECT name FROM sqlite_schema WHERE type = 'view'"), "key_records\n");
    store.set_catalog(&of(&(id.to_owned() + &text(1, "One") + &text(2, "Created_Time") + &text(3, "Org")))).unwrap();
    let columns = shell(directory.path(), "SELECT group_concat(name) FROM pragma_table_info('key_records')");
    assert_eq!(columns, "org,id,One,Created_By,Created_Time,Modified_By,Modified_Time\n");
}
