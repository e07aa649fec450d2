//! The guarantees of a record store.

use bulkwright_engine::catalog::FieldNumber;
use bulkwright_engine::ids::RecordId;
use bulkwright_engine::record_store::{IndexId, RecordStore, Versioned};

use super::chunk::{CONTACTS, Chunk, EMAIL, JOB, LEADS, PHONE, body, find, id};

/// A guarantee, checked on an empty store.
type Guarantee = fn(&mut dyn RecordStore);

/// All of them.
pub(super) const GUARANTEES: &[Guarantee] = &[
    records_are_read_in_the_order_asked,
    keys_find_their_records,
    an_index_is_a_field_of_a_module,
    many_keys_find_many_records,
    an_update_replaces_and_counts,
    keys_move,
    losing_one_key_keeps_the_others,
    a_stale_version_conflicts,
    an_id_is_given_once,
    a_record_has_one_module,
    a_chunk_is_applied_once,
    the_ledger_is_read_by_chunk,
    unique_keys_have_one_carrier,
    unique_keys_may_move_inside_a_chunk,
    picklist_values_keep_their_order,
    a_picklist_value_is_added_once,
];

fn versioned(row: u64, version: u32, body: &str) -> Option<Versioned> {
    Some(Versioned { id: id(row), version, body: body.into() })
}

fn records_are_read_in_the_order_asked(store: &mut dyn RecordStore) {
    let (one, two) = (r#"{"1":"One"}"#, r#"{"1":"Zwei \"ä\""}"#);
    Chunk::new(0).insert(1, one).insert(2, two).apply(store);
    let read = store.read(LEADS, &[id(2), id(9), id(1), id(2)]).expect("records can be read");
    assert_eq!(read, [versioned(2, 1, two), None, versioned(1, 1, one), versioned(2, 1, two)]);
    assert_eq!(store.read(CONTACTS, &[id(1)]).expect("records can be read"), [None]);
}

fn keys_find_their_records(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "Ann@x.com").lead(2, "bob@x.com").lead(3, "ann@x.com").apply(store);
    let found = find(store, EMAIL, &["bob@x.com", "nobody@x.com", "ANN@x.com", "bob@x.com"]);
    assert_eq!(found, [vec![id(2)], vec![], vec![id(1), id(3)], vec![id(2)]]);
    assert!(find(store, EMAIL, &[]).is_empty());
}

fn an_index_is_a_field_of_a_module(store: &mut dyn RecordStore) {
    let other_module = IndexId { module: CONTACTS, ..EMAIL };
    Chunk::new(0).insert(1, &body("A", "same", "same")).gain(EMAIL, "same", 1).apply(store);
    let contact = Chunk::new(1).module(CONTACTS).insert(2, &body("A", "same", "")).gain(other_module, "same", 2);
    contact.apply(store);
    assert_eq!(find(store, EMAIL, &["same"]), [[id(1)]]);
    assert_eq!(find(store, other_module, &["same"]), [[id(2)]]);
    assert_eq!(find(store, PHONE, &["same"]), [vec![]], "the phone was not given as a key");
}

fn many_keys_find_many_records(store: &mut dyn RecordStore) {
    let email = |row: u64| format!("lead-{row}@example.com");
    let first = (1..=600).fold(Chunk::new(0), |chunk, row| chunk.lead(row, &email(row)));
    first.apply(store);
    let second = (601..=1200).fold(Chunk::new(1), |chunk, row| chunk.lead(row, &email(row)));
    second.apply(store);
    let asked: Vec<String> = (0..2400).map(|n| email(n * 7 % 2400)).collect();
    let asked_for: Vec<&str> = asked.iter().map(String::as_str).collect();
    let expected =
        (0..2400).map(|n| n * 7 % 2400).map(|row| if (1..=1200).contains(&row) { vec![id(row)] } else { vec![] });
    assert_eq!(find(store, EMAIL, &asked_for), expected.collect::<Vec<Vec<RecordId>>>());
}

fn an_update_replaces_and_counts(store: &mut dyn RecordStore) {
    Chunk::new(0).insert(1, "{}").insert(2, "{}").apply(store);
    Chunk::new(1).update(2, 1, r#"{"1":"a"}"#).update(1, 1, r#"{"1":"b"}"#).apply(store);
    Chunk::new(2).update(2, 2, r#"{"1":"c"}"#).insert(3, "{}").apply(store);
    let read = store.read(LEADS, &[id(1), id(2), id(3)]).expect("records can be read");
    assert_eq!(read, [versioned(1, 2, r#"{"1":"b"}"#), versioned(2, 3, r#"{"1":"c"}"#), versioned(3, 1, "{}")]);
}

fn keys_move(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "old@x.com").lead(2, "other@x.com").apply(store);
    let moved = Chunk::new(1).update(1, 1, &body("A", "new@x.com", "0"));
    moved.lose(EMAIL, "old@x.com", 1).gain(EMAIL, "new@x.com", 1).apply(store);
    let found = find(store, EMAIL, &["old@x.com", "new@x.com", "other@x.com"]);
    assert_eq!(found, [vec![], vec![id(1)], vec![id(2)]]);
}

/// For all 300 records, so that with short hashes both keys of some share one.
fn losing_one_key_keeps_the_others(store: &mut dyn RecordStore) {
    let (email, phone) = (|row| format!("{row}@x.com"), |row| format!("+49 {row}"));
    let first = (1..=300).fold(Chunk::new(0), |chunk, row| {
        let chunk = chunk.insert(row, &body("A", &email(row), &phone(row)));
        chunk.gain(EMAIL, &email(row), row).gain(PHONE, &phone(row), row)
    });
    first.apply(store);
    let second = (1..=300).fold(Chunk::new(1), |chunk, row| {
        let without_email = format!(r#"{{"1":"A","5":"{}"}}"#, phone(row));
        chunk.update(row, 1, &without_email).lose(EMAIL, &email(row), row)
    });
    second.apply(store);
    for row in 1..=300 {
        assert_eq!(find(store, EMAIL, &[&email(row)]), [vec![]]);
        assert_eq!(find(store, PHONE, &[&phone(row)]), [[id(row)]]);
    }
}

fn a_stale_version_conflicts(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "a@x.com").lead(2, "b@x.com").apply(store);
    Chunk::new(1).update(1, 1, &body("A", "a@x.com", "1")).apply(store);
    let stale = Chunk::new(2).update(2, 1, "{}").update(1, 1, "{}");
    stale.insert(3, "{}").gain(EMAIL, "c@x.com", 3).picklist(9, "New").conflict(store);
    Chunk::new(2).update(1, 3, "{}").conflict(store);
    Chunk::new(2).update(50, 1, "{}").conflict(store);
    assert_eq!(find(store, EMAIL, &["c@x.com"]), [vec![]]);
}

fn an_id_is_given_once(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "a@x.com").apply(store);
    Chunk::new(1).insert(1, "{}").conflict(store);
}

fn a_record_has_one_module(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "a@x.com").apply(store);
    Chunk::new(1).module(CONTACTS).insert(1, "{}").conflict(store);
    Chunk::new(1).module(CONTACTS).update(1, 1, "{}").conflict(store);
    assert_eq!(store.read(CONTACTS, &[id(1)]).expect("records can be read"), [None]);
    assert_eq!(store.read(LEADS, &[id(1)]).expect("records can be read")[0].as_ref().map(|it| it.version), Some(1));
}

fn a_chunk_is_applied_once(store: &mut dyn RecordStore) {
    let chunk = Chunk::new(0).lead(1, "a@x.com");
    chunk.apply(store);
    chunk.conflict(store);
    Chunk::new(0).lead(2, "b@x.com").conflict(store);
    Chunk::new(0).resource(1).lead(2, "b@x.com").apply(store);
}

fn the_ledger_is_read_by_chunk(store: &mut dyn RecordStore) {
    let chunks = [Chunk::new(0).resource(1), Chunk::new(2), Chunk::new(0), Chunk::new(1)];
    chunks.iter().for_each(|chunk| chunk.apply(store));
    let mut ledger = |resource| store.ledger(JOB, resource).expect("the ledger can be read");
    assert_eq!(ledger(0), [2, 3, 1].map(|place: usize| chunks[place].ledger().clone()));
    assert_eq!(ledger(1), [chunks[0].ledger().clone()]);
    assert!(ledger(2).is_empty());
}

fn unique_keys_have_one_carrier(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "a@x.com").lead(2, "b@x.com").unique().apply(store);
    Chunk::new(1).lead(3, "A@x.com").unique().conflict(store);
    Chunk::new(1).lead(3, "c@x.com").lead(4, "c@x.com").unique().conflict(store);
    let taken = Chunk::new(1).update(2, 1, &body("B", "a@x.com", "0")).lose(EMAIL, "b@x.com", 2);
    taken.gain(EMAIL, "a@x.com", 2).unique().conflict(store);
    Chunk::new(1).update(1, 1, &body("A", "a@x.com", "9")).gain(EMAIL, "a@x.com", 1).unique().apply(store);
    assert_eq!(find(store, EMAIL, &["a@x.com", "b@x.com", "c@x.com"]), [vec![id(1)], vec![id(2)], vec![]]);
}

fn unique_keys_may_move_inside_a_chunk(store: &mut dyn RecordStore) {
    Chunk::new(0).lead(1, "a@x.com").lead(2, "b@x.com").unique().apply(store);
    let swap = Chunk::new(1).update(1, 1, &body("A", "b@x.com", "0")).update(2, 1, &body("B", "a@x.com", "0"));
    let swap = swap.lose(EMAIL, "a@x.com", 1).lose(EMAIL, "b@x.com", 2);
    swap.gain(EMAIL, "b@x.com", 1).gain(EMAIL, "a@x.com", 2).unique().apply(store);
    assert_eq!(find(store, EMAIL, &["a@x.com", "b@x.com"]), [[id(2)], [id(1)]]);
}

fn picklist_values_keep_their_order(store: &mut dyn RecordStore) {
    Chunk::new(0).picklist(9, "Warm").picklist(3, "Zoo").apply(store);
    Chunk::new(1).picklist(9, "Cold").apply(store);
    let additions = store.picklist_additions(LEADS).expect("additions can be read");
    let expected = [(9, "Warm"), (3, "Zoo"), (9, "Cold")].map(|(field, value)| (FieldNumber(field), value.to_owned()));
    assert_eq!(additions, expected);
    assert!(store.picklist_additions(CONTACTS).expect("additions can be read").is_empty());
}

/// Two imports may have met it before either knew of the other.
fn a_picklist_value_is_added_once(store: &mut dyn RecordStore) {
    Chunk::new(0).picklist(9, "Warm").picklist(3, "Warm").apply(store);
    Chunk::new(1).picklist(9, "Cold").picklist(9, "Warm").apply(store);
    let additions = store.picklist_additions(LEADS).expect("additions can be read");
    let expected = [(9, "Warm"), (3, "Warm"), (9, "Cold")].map(|(field, value)| (FieldNumber(field), value.to_owned()));
    assert_eq!(additions, expected);
}
