//! "The n-th call fails", for n = 1, 2, … until none is left to fail; and each point inside the embedded store's steps,
//! with an error and with a panic. After each the story ends as the one in which nothing fails.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::Store;
use bulkwright_store::conformance::FailingStore;
use bulkwright_store::failure::{FailurePoint, Moment};
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};

use super::injector::{How, Injector, Steps};
use super::story::{End, OpenStore, Story};

/// More points than a story can have: the loop ends by itself.
const POINTS_MAX: usize = 2000;
/// What the engine does on its own threads: a panic there ends the job by name.
const OF_AN_ATTEMPT: [&str; 2] = ["committing a chunk", "rendering a result"];

/// One telling, with the point at `at` failing.
struct Told {
    end: End,
    injector: Arc<Injector>,
}

/// How the store of a story is made, over a directory.
type MakeStore = fn(&Path, &Arc<Injector>) -> Result<Arc<dyn Store>, String>;

fn tell(make: MakeStore, steps: Steps, at: Option<usize>, how: How) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let (directory, injector) = (tempfile::tempdir().unwrap(), Injector::new(steps, at, how));
    let open: &OpenStore<'_> = &|| make(directory.path(), &injector);
    let end = runtime.block_on(Story::tell(&injector, open, directory.path()));
    Told { end, injector }
}

/// Tells the story once undisturbed, and once for each point that it then has. Answers the points.
fn fail_each(make: MakeStore, steps: Steps, how: How) -> Vec<FailurePoint> {
    let clean = tell(make, steps, None, how);
    assert_eq!((clean.end.status.as_str(), clean.end.deliveries), ("COMPLETED", 1), "{:?}", clean.end);
    assert!(clean.end.ledger.len() > 2, "a job of several chunks");
    let mut failed = Vec::new();
    for at in 0..POINTS_MAX {
        let told = tell(make, steps, Some(at), how);
        let Some(point) = told.injector.failed() else { break };
        compare(&told.end, &clean.end, point, how);
        failed.push(point);
    }
    let distinct = clean.injector.passed();
    println!("{} points failed with {how:?}, one after another; {} different ones:", failed.len(), distinct.len());
    for (point, times) in &distinct {
        println!("{times:5} x {point}");
    }
    for point in distinct.keys() {
        assert!(failed.contains(point), "{point} was passed and never failed");
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

fn assert_among(points: &[FailurePoint], steps: &[&str], moments: &[Moment]) {
    for step in steps {
        for moment in moments {
            let found = points.iter().any(|point| point.step == *step && point.moment == *moment);
            assert!(found, "{step} never failed at {moment:?}");
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

const CALLS: Steps = Steps { fails_once: "reserve", stops_after: "records.commit" };
const STEPS: Steps = Steps { fails_once: "reserving ids", stops_after: "committing a chunk" };

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
        "upload",
        "add_job",
        "job",
        "claim",
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

const ARROWS: [&str; 13] = [
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
