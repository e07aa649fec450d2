//! Another write between the decision and its commit: what was found has changed, is gone, or its value is taken. The
//! outcome is that of a run which the other write came before.

use super::*;
use crate::catalog::{FieldNumber, ModuleNumber};
use crate::ids::{OrgId, RecordId};
use crate::spec::ResourceSpec;

/// What the other one does, to a bench whose next job it is.
type Other = fn(&mut Bench);

/// A store whose first commit comes after another write.
struct Interrupted {
    inner: MemoryStore,
    after: Option<MemoryStore>,
    conflicts: u32,
}

impl RecordStore for Interrupted {
    fn org(&self) -> OrgId {
        self.inner.org()
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.inner.find(index, keys)
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.inner.read(module, ids)
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        self.inner.picklist_additions(module)
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.inner.ledger(job, resource)
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        if let Some(after) = self.after.take() {
            self.inner = after;
        }
        let outcome = self.inner.commit(change);
        self.conflicts += u32::from(matches!(outcome, Err(StoreError::Conflict)));
        outcome
    }
}

const BEFORE: &str = "Name,Email,Code,Count\nAnn,ann@x.com,a,1\nBob,bob@x.com,b,2\n";

/// Runs a job that another write comes between, and one that it came before; they have to end alike.
fn check(spec: &ResourceSpec, csv: &str, other: Other, statuses: &[&str]) {
    let mut before = Bench::new();
    before.import(&insert(), BEFORE);
    let mut first = Bench { store: before.store.clone(), job: before.job, ..Bench::new() };
    other(&mut first);
    let mut between = Interrupted { inner: before.store.clone(), after: Some(first.store.clone()), conflicts: 0 };

    let expected = first.import(spec, csv);
    let own: Vec<&str> = expected.lines().skip(1).map(|line| line.split(',').rev().nth(2).unwrap()).collect();
    assert_eq!(own, statuses, "{expected}");

    before.job = first.job;
    let prepared = before.prepare(spec, zip_of("things.csv", csv)).unwrap();
    let limits = before.limits.clone();
    let import = Import {
        job: JobId(before.job),
        resource: 0,
        user: UserId(42),
        now: 1_700_000_000,
        block: before.block(),
        limits: &limits,
    };
    let outcome = run(&import, prepared, &mut between, &mut ()).unwrap();
    assert!(matches!(outcome, Outcome::Completed(_)), "{outcome:?}");
    assert_eq!(between.conflicts, 1, "{csv}");
    before.store = between.inner;
    assert_eq!((before.result(spec, csv), before.records(), before.keys()), (expected, first.records(), first.keys()));
}

fn of(operation: Operation, find_by: &str) -> ResourceSpec {
    spec(operation, Some(find_by))
}

#[test]
fn a_record_that_was_changed_is_changed_on_top_of_that() {
    let other: Other = |bench| {
        bench.import(&of(Operation::Update, "Email"), "Email,Count\nann@x.com,7\n");
    };
    check(&of(Operation::Upsert, "Email"), "Email,Name\nann@x.com,Anna\nnew@x.com,New\n", other, &["UPDATED", "ADDED"]);
    check(&of(Operation::Update, "Code"), "Code,Email\na,anna@x.com\n", other, &["UPDATED"]);
}

#[test]
fn a_record_that_no_longer_carries_the_key_is_not_the_one_any_more() {
    let other: Other = |bench| {
        bench.import(&of(Operation::Update, "Email"), "Email,Code\nann@x.com,z\n");
    };
    check(&of(Operation::Update, "Code"), "Code,Count\na,9\nb,9\n", other, &["SKIPPED", "UPDATED"]);
    check(&of(Operation::Upsert, "Code"), "Code,Name\na,New\n", other, &["ADDED"]);
}

#[test]
fn a_record_that_is_gone_is_missing_or_made_anew() {
    // No import takes records away; here the store is one that never had Ann.
    let other: Other = |bench| {
        *bench = Bench::new();
        bench.import(&insert(), &BEFORE.replace("Ann,ann@x.com,a,1\n", ""));
        bench.job += 1;
    };
    check(&of(Operation::Update, "Email"), "Email,Count\nann@x.com,9\n", other, &["SKIPPED"]);
    check(&of(Operation::Upsert, "Email"), "Email,Name\nann@x.com,Anna\n", other, &["ADDED"]);
}

#[test]
fn a_unique_value_that_was_taken_is_a_duplicate() {
    let other: Other = |bench| {
        bench.import(&spec(Operation::Insert, None), "Name,Code\nCy,c\n");
    };
    check(&spec(Operation::Insert, None), "Name,Code\nNew,C\nMore,d\n", other, &["SKIPPED", "ADDED"]);
    check(&of(Operation::Update, "Email"), "Email,Code\nann@x.com,c\nbob@x.com,e\n", other, &["SKIPPED", "UPDATED"]);
}
