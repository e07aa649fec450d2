//! What a directory remembers of modules of one's own.

use super::town::{ORG, catalog, mixed_jobs, open_town};
use super::*;
use crate::upkeep::Upkeep;

fn own(file: &str) -> OwnModules {
    OwnModules { file: file.to_owned(), numbers: "1.2000 text ERP_Id\n".to_owned() }
}

#[test]
fn modules_of_ones_own_are_kept_and_compared() {
    let (directory, store) = new_store(&temporary());
    assert_eq!(store.own_modules().unwrap(), None);
    for file in ["# one\n", "", "# another ümlaut\n"] {
        store.keep_own_modules(&own(file), &Catalog::builtin()).unwrap();
        assert_eq!(store.own_modules().unwrap(), Some(own(file)));
    }
    drop(store);
    assert_eq!(open(directory.path()).own_modules().unwrap(), Some(own("# another ümlaut\n")));
    // As docs/modules.md says where somebody's copy is lost.
    let sql = "SELECT CAST(value AS TEXT) FROM meta WHERE name = 'own_modules'";
    assert_eq!(super::views::shell(directory.path(), sql), "# another ümlaut\n\n");

    let connection = rusqlite::Connection::open(directory.path().join("records.db")).unwrap();
    connection.execute("UPDATE meta SET value = x'23' WHERE name = 'own_modules'", []).unwrap();
    drop(connection);
    let damaged = open(directory.path()).own_modules().unwrap_err();
    assert!(matches!(&damaged, Error::Damaged { what } if what == "the note own_modules"), "{damaged:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_that_the_catalog_lists_are_none_any_more() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    assert_eq!(store.modules_with_records().unwrap(), []);
    mixed_jobs(&store).await;
    assert_eq!(store.modules_with_records().unwrap(), [ModuleNumber(9)]);
    let kind = FieldNumber(6);
    let added = async || store.picklist_additions(ORG, ModuleNumber(9)).await.unwrap();
    assert_eq!(added().await, [(kind, "Odd".to_owned())]);

    store.keep_own_modules(&own(""), &catalog()).unwrap();
    assert_eq!(added().await.len(), 1, "others stay");
    let listing = catalog()
        .with_own("[[modules]]\napi_name = \"Things\"\nfields = [{ api_name = \"Kind\", values = [\"odd\"] }]");
    let listing = listing.unwrap();
    store.keep_own_modules(&own("# listed\n"), &listing).unwrap();
    store.set_catalog(&listing).unwrap();
    assert_eq!(added().await, []);
    let verification = store.verify().await.unwrap();
    assert!(verification.is_sound(), "{:?}", verification.differences);
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_to_a_field_that_is_gone_are_no_damage() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    store
        .writer_turn
        .wait()
        .with(|connection| {
            connections::in_transaction(connection, rusqlite::TransactionBehavior::Immediate, "a test", |tx| {
                let sql = "INSERT INTO picklist_addition (org, module, field, value) VALUES (?1, 9, ?2, 'Odd')";
                seal::PICKLIST_ADDITION.insert(tx, "a test", sql, rusqlite::params![ORG.0, 2000])?;
                seal::PICKLIST_ADDITION.insert(tx, "a test", sql, rusqlite::params![ORG.0, 7]).map(|_| ())
            })
        })
        .unwrap();
    let told: Vec<String> = store.verify().await.unwrap().differences.iter().map(|it| it.what.clone()).collect();
    assert_eq!(told, [format!("value \"Odd\" of organisation {}, module 9, field 7", ORG.0)]);
}
