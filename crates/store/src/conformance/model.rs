//! Random imports, against a store and the engine's model at the same time.

use bulkwright_engine::memory::MemoryStore;
use bulkwright_engine::record_store::{RecordStore, StoreError};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::access::ORG;
use super::chunk::{Chunk, EMAIL, JOB, LEADS, body, find, id};

/// Sequences that are tried.
const CASES: u32 = 64;
/// Different emails: few, so that they meet.
const EMAILS: u8 = 6;

/// What a chunk does to one record.
#[derive(Clone, Debug)]
enum Act {
    Insert {
        email: u8,
    },
    /// Of a record that may be there, on a version that may be stale.
    Update {
        row: u64,
        email: u8,
        stale: bool,
    },
}

#[derive(Clone, Debug)]
struct Step {
    acts: Vec<Act>,
    unique: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let update = (1..12_u64, 0..EMAILS, prop::bool::weighted(0.1));
    let act = prop_oneof![
        (0..EMAILS).prop_map(|email| Act::Insert { email }),
        update.prop_map(|(row, email, stale)| Act::Update { row, email, stale }),
    ];
    let step = (prop::collection::vec(act, 0..5), any::<bool>()).prop_map(|(acts, unique)| Step { acts, unique });
    prop::collection::vec(step, 1..12)
}

/// Checks that a store answers every sequence as the model does.
pub(crate) fn check<R: RecordStore>(fresh: impl FnMut() -> R) {
    let fresh = std::cell::RefCell::new(fresh);
    let mut runner = TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| {
        let mut store = (fresh.borrow_mut())();
        let mut model = MemoryStore::new(ORG);
        let mut next_row = 1;
        // Chunks are numbered as they are committed: one that conflicts leaves its number to the next.
        let mut number = 0;
        for step in &steps {
            let chunk = chunk(number, step, &mut next_row, &mut model);
            let (expected, answer) = (chunk.commit(&mut model), chunk.commit(&mut store));
            prop_assert_eq!(conflicts(&answer)?, conflicts(&expected)?, "chunk {}", number);
            prop_assert_eq!(state(&mut store), state(&mut model), "after chunk {}", number);
            number += u32::from(expected.is_ok());
        }
        Ok(())
    });
    outcome.expect("the store does what the model does");
}

fn email(number: u8) -> String {
    format!("lead-{number}@x.com")
}

fn chunk(number: u32, step: &Step, next_row: &mut u64, model: &mut MemoryStore) -> Chunk {
    let mut touched = std::collections::BTreeSet::new();
    let first_new_row = *next_row;
    let mut chunk = Chunk::new(number);
    for act in &step.acts {
        match *act {
            Act::Insert { email: of } => {
                chunk = chunk.lead(*next_row, &email(of));
                *next_row += 1;
            }
            Act::Update { row, .. } if !touched.insert(row) || row >= first_new_row => {}
            Act::Update { row, email: of, stale } => chunk = update(chunk, model, row, &email(of), stale),
        }
    }
    if step.unique { chunk.unique() } else { chunk }
}

fn update(chunk: Chunk, model: &mut MemoryStore, row: u64, email: &str, stale: bool) -> Chunk {
    let present = model.read(LEADS, &[id(row)]).expect("the model can be read").remove(0);
    let Some(present) = present else { return chunk.update(row, 1, "{}") };
    let old = bulkwright_engine::body::get(&present.body, EMAIL.field).map(|value| value.text().into_owned());
    let chunk = chunk.update(row, present.version + u32::from(stale), &body("Smith", email, "0"));
    let chunk = old.iter().fold(chunk, |chunk, old| chunk.lose(EMAIL, old, row));
    chunk.gain(EMAIL, email, row)
}

fn conflicts(answer: &Result<(), StoreError>) -> Result<bool, TestCaseError> {
    match answer {
        Ok(()) => Ok(false),
        Err(StoreError::Conflict) => Ok(true),
        Err(error) => Err(TestCaseError::fail(error.to_string())),
    }
}

/// Everything that can be seen of a store.
fn state(store: &mut dyn RecordStore) -> impl PartialEq + std::fmt::Debug {
    let emails: Vec<String> = (0..EMAILS).map(email).collect();
    let asked: Vec<&str> = emails.iter().map(String::as_str).collect();
    let ids: Vec<_> = (1..64).map(id).collect();
    let records = store.read(LEADS, &ids).expect("records can be read");
    (records, find(store, EMAIL, &asked), store.ledger(JOB, 0).expect("the ledger can be read"))
}
