//! "The n-th call fails", for n = 1, 2, … until none is left to fail; and each point inside the embedded store's steps,
//! with an error and with a panic. After each the story ends as the one in which nothing fails.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::Store;
use bulkwright_store::conformance::FailingStore;
use bulkwright_store::failure::{FailurePoint, Moment};
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};
use bulkwright_store::upkeep::Upkeep;
use tokio::runtime::Runtime;

use super::injector::{At, How, Injector, Steps};
use super::story::{End, OpenStore, Story};

/// More times than a story passes a point: the loop ends by itself.
const TIMES_MAX: usize = 1000;
/// What the engine does on its own threads: a panic there ends the job by name.
const OF_AN_ATTEMPT: [&str; 2] = ["committing a chunk", "rendering a result"];

/// One telling.
struct Told {
    end: End,
    injector: Arc<Injector>,
}

/// How the store of a story is made, over a directory.
type MakeStore = fn(&Path, &Arc<Injector>) -> Result<Arc<dyn Store>, String>;

fn tell(make: MakeStore, steps: Steps, at: Option<At>, how: How) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (directory, injector) = (tempfile::tempdir().unwrap(), Injector::new(steps, at, how));
    let open: &OpenStore<'_> = &|| make(directory.path(), &injector);
    let end = runtime.block_on(Story::tell(&injector, open, directory.path()));
    assert_sound(&runtime, directory.path(), at);
    Told { end, injector }
}

/// What the story has left is what it has to be, as `verify` looks at it.
fn assert_sound(runtime: &Runtime, directory: &Path, at: Option<At>) {
    let options = OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() };
    let store = SqliteStore::open(directory, &options).unwrap();
    let verification = runtime.block_on(store.verify()).unwrap();
    assert!(verification.is_sound(), "after a failure at {at:?}: {:?}", verification.differences);
    assert_eq!(verification.sums.uploads, 1, "whatever failed, one key makes one upload");
}

/// Tells the story once undisturbed, and then with each point failing the first time it is passed, the second time, and so
/// on until a story ends without a failure. Points that only a failure leads to are among them. Answers the points.
fn fail_each(make: MakeStore, steps: Steps, how: How) -> BTreeMap<FailurePoint, usize> {
    let clean = tell(make, steps, None, how);
    assert_eq!((clean.end.status.as_str(), clean.end.deliveries), ("COMPLETED", 1), "{:?}", clean.end);
    assert!(clean.end.ledger.len() > 2, "a job of several chunks");
    let mut waiting: BTreeSet<FailurePoint> = clean.injector.passed().into_keys().collect();
    let mut failed = BTreeMap::new();
    while let Some(point) = waiting.pop_first() {
        let failures = (1..TIMES_MAX).take_while(|&time| {
            let told = tell(make, steps, Some(At { point, time }), how);
            compare(&told.end, &clean.end, point, how);
            let known = |new: &FailurePoint| *new == point || failed.contains_key(new);
            waiting.extend(told.injector.passed().into_keys().filter(|new| !known(new)));
            told.injector.has_failed()
        });
        let failures = failures.count();
        failed.insert(point, failures);
    }
    println!("{} failures ({how:?}) at {} points:", failed.values().sum::<usize>(), failed.len());
    for (point, times) in &failed {
        println!("{times:5} x {point}");
    }
    failed
}

fn compare(end: &End, clean: &End, point: FailurePoint, how: How) {
    if how == How::Panic && end.status == "FAILED" {
        assert!(OF_AN_ATTEMPT.contains(&point.step), "a panic at {point} ends the job");
        assert_eq!(end.code, "INTERNAL_ERROR");
        let rows: u64 = end.ledger.iter().map(|row| row.counts.total()).sum();
        assert_eq!((end.file["total_count"].as_u64(), end.deliveries), (Some(rows), 1), "{point}");
        let added: u64 = end.ledger.iter().map(|row| row.counts.added).sum();
        assert_eq!(end.records.len() as u64, added, "what is counted is there, and nothing else");
        return;
    }
    assert_eq!(end, clean, "after a failure ({how:?}) at {point}");
}

fn assert_among(points: &BTreeMap<FailurePoint, usize>, steps: &[&'static str], moments: &[Moment]) {
    for step in steps {
        for moment in moments {
            let times = points.get(&FailurePoint { step, moment: *moment });
            assert!(times.is_some_and(|&times| times > 0), "{step} never failed at {moment:?}");
        }
    }
}

fn failing_calls(directory: &Path, injector: &Arc<Injector>) -> Result<Arc<dyn Store>, String> {
    let options = OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() };
    let store = SqliteStore::open(directory, &options).map_err(|error| error.to_string())?;
    Ok(Arc::new(FailingStore::new(Arc::new(store), injector.points())))
}

fn failing_steps(directory: &Path, injector: &Arc<Injector>) -> Result<Arc<dyn Store>, String> {
    let failure_points = injector.points();
    let options = OpenOptions { durability: Durability::Temporary, failure_points, ..OpenOptions::default() };
    let opened = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let store = SqliteStore::open(directory, &options)?;
        store.set_catalog(&Catalog::builtin())?;
        Ok::<_, bulkwright_store::Error>(store)
    }));
    match opened {
        Ok(Ok(store)) => Ok(Arc::new(store)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("a start panicked".to_owned()),
    }
}

const CALLS: Steps = Steps { fails_once: "reserve", stops_after: "records.commit", shows: "progress" };
const STEPS: Steps =
    Steps { fails_once: "reserving ids", stops_after: "committing a chunk", shows: "writing a job's progress" };

#[test]
fn the_nth_call_fails_until_none_is_left() {
    let points = fail_each(failing_calls, CALLS, How::Error);
    let calls = [
        "add_org",
        "orgs",
        "users",
        "oauth_client",
        "add_token",
        "token",
        "new_id",
        "put_blob",
        "put_blob_file",
        "blob_file",
        "get_blob",
        "delete_blob",
        "add_upload",
        "answer",
        "upload",
        "add_job",
        "job",
        "claim",
        "progress",
        "release",
        "postpone",
        "reserve",
        "finish",
        "record_writer",
        "records.find",
        "records.read",
        "records.picklist_additions",
        "records.ledger",
        "records.commit",
        "page",
        "search",
        "check",
    ];
    assert_among(&points, &calls, &[Moment::Before, Moment::AfterCommit]);
}

const ARROWS: [&str; 14] = [
    "making the tables of records",
    "making the tables of jobs",
    "taking over from the process before",
    "adding an organisation",
    "adding a token",
    "writing a blob",
    "adding an upload",
    "drawing an id",
    "adding a job",
    "claiming a job",
    "reserving ids",
    "committing a chunk",
    "writing a job's progress",
    "finishing a job",
];

#[test]
fn every_step_of_the_embedded_store_fails_with_an_error() {
    let points = fail_each(failing_steps, STEPS, How::Error);
    assert_among(&points, &ARROWS, &[Moment::BeforeCommit, Moment::AfterCommit]);
    assert_among(&points, &["releasing a job", "postponing a job"], &[Moment::BeforeCommit, Moment::AfterCommit]);
    assert_among(&points, &["rendering a result", "removing a blob"], &[Moment::Before, Moment::AfterCommit]);
}

#[test]
fn every_step_of_the_embedded_store_fails_with_a_panic() {
    let points = fail_each(failing_steps, STEPS, How::Panic);
    assert_among(&points, &ARROWS, &[Moment::BeforeCommit, Moment::AfterCommit]);
}
