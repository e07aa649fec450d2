//! What has outlived its time goes, what is needed stays, and an interruption leaves nothing that the next sweep cannot
//! take.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};

use super::town::{Asked, NOW, ORG, Until, add, copy_of, many, mixed_jobs, open_town, run, upload};
use super::*;
use crate::failure::FailurePoint;
use crate::model::{DeliveryState, JobState};
use crate::upkeep::{Sums, SweepMode, SweepRule, Swept, Upkeep};

const DAY: i64 = 86_400;

fn rule(now: i64) -> SweepRule {
    let through = now - 7 * DAY;
    SweepRule {
        now,
        uploads_through: through,
        results_through: through,
        jobs_through: through,
        mode: SweepMode::Remove,
    }
}

/// Verifies, and answers the sums.
async fn sound(store: &SqliteStore) -> Sums {
    let verification = store.verify().await.unwrap();
    assert_eq!(verification.differences, []);
    assert_eq!(verification.remarks, [""; 0]);
    verification.sums
}

async fn names(store: &SqliteStore) -> Vec<String> {
    let mut blobs = store.blobs.unnamed_candidates().unwrap();
    blobs.sort();
    blobs
}

/// Blobs by the beginning of their names.
async fn blobs(store: &SqliteStore) -> [usize; 2] {
    let names = names(store).await;
    ["upload", "result"].map(|prefix| names.iter().filter(|name| name.starts_with(prefix)).count())
}

async fn deliver_all(store: &SqliteStore) {
    for delivery in store.due_deliveries(i64::MAX, 100).await.unwrap() {
        let outcome = DeliveryOutcome { at: NOW, status: Some(200), error: None };
        store.note_delivery(delivery.job, &outcome, DeliveryState::Delivered, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_goes_and_what_is_needed_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    mixed_jobs(&store).await;
    let before = sound(&store).await;
    // Nothing is old yet.
    let swept = store.sweep(&rule(NOW + 7 * DAY - 1)).await.unwrap();
    assert_eq!(swept, Swept { tokens: 1, ..Swept::default() }, "only the access token has ended");
    assert_eq!(sound(&store).await, before);
    // Everything is old; the first job's delivery is pending, two jobs are begun, one waits, one is fixed.
    let swept = store.sweep(&rule(NOW + 7 * DAY)).await.unwrap();
    let gone = (swept.uploads, swept.results, swept.jobs, swept.tokens, swept.orphans);
    assert_eq!(gone, (3, 3, 2, 0, 0));
    assert!(swept.bytes > 0);
    assert_eq!(blobs(&store).await, [4, 1], "of the fixed job, and what unfinished ones need");
    let after = sound(&store).await;
    assert_eq!((after.jobs, after.uploads), ([1, 2, 2, 0], 4));
    assert_eq!((&after.records, after.keys, after.ledger), (&before.records, before.keys, before.ledger));
    let kept = store.jobs(&JobsQuery { limit: 9, ..JobsQuery::default() }).await.unwrap();
    let waits_for_its_delivery = kept.iter().find(|job| job.callback.is_some() && job.state == JobState::Completed);
    let job = waits_for_its_delivery.unwrap();
    assert_eq!((job.result_blob.as_ref(), job.result_sum), (None, None), "its result is gone");
    // Once it is delivered, it goes too.
    deliver_all(&store).await;
    let swept = store.sweep(&rule(NOW + 7 * DAY)).await.unwrap();
    assert_eq!(swept, Swept { jobs: 1, ..Swept::default() });
    assert_eq!(sound(&store).await.jobs, [1, 2, 1, 0]);
    assert!(store.token(TokenKind::Refresh, SecretHash::of("refresh")).await.unwrap().is_some());
    assert!(store.token(TokenKind::Access, SecretHash::of("access")).await.unwrap().is_none());
    drop(store);
    sound(&open_town(directory.path(), &temporary()).await).await;
}

/// Each age is its own.
#[tokio::test(flavor = "multi_thread")]
async fn ages_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    for day in 0..4 {
        run(&store, Asked { at: NOW + day * DAY, ..Asked::insert("Name\nA\n") }, Until::End).await;
    }
    upload(&store, "Name\nB\n", NOW).await;
    let rule = SweepRule {
        now: NOW,
        uploads_through: NOW,
        results_through: NOW + DAY,
        jobs_through: NOW + 2 * DAY,
        mode: SweepMode::Remove,
    };
    let tell = SweepRule { mode: SweepMode::Tell, ..rule };
    let before = sound(&store).await;
    let told = store.sweep(&tell).await.unwrap();
    assert_eq!((told.uploads, told.results, told.jobs), (2, 2, 3));
    assert_eq!(sound(&store).await, before, "to tell is to change nothing");
    assert_eq!(store.sweep(&rule).await.unwrap(), told);
    assert_eq!(store.sweep(&rule).await.unwrap(), Swept::default());
    assert_eq!(blobs(&store).await, [3, 1]);
    assert_eq!(sound(&store).await.jobs, [0, 0, 1, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn blobs_that_wait_for_their_row_stay_and_orphans_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    let put = async |store: &SqliteStore| {
        store.put_blob("upload", stream::iter([Ok(Bytes::from_static(b"PK"))]).boxed()).await.unwrap()
    };
    let (one, two) = (put(&store).await, put(&store).await);
    store.put_blob_file("result", tempfile::NamedTempFile::new().unwrap()).await.unwrap();
    assert_eq!(store.sweep(&rule(NOW)).await.unwrap(), Swept::default(), "somebody may still name them");
    let new = NewUpload {
        id: None,
        org: ORG,
        user: bulkwright_engine::ids::UserId(5),
        name: String::new(),
        blob: one.clone(),
        bytes: 2,
        sha256: sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(b"PK")).into(),
        created_at: NOW,
        answer: None,
    };
    store.add_upload(&new).await.unwrap();
    store.delete_blob(&two).await.unwrap();
    assert_eq!(store.sweep(&rule(NOW)).await.unwrap(), Swept::default());
    drop(store);
    // Whoever was to name the result has died.
    let store = open_town(directory.path(), &temporary()).await;
    assert_eq!(store.sweep(&rule(NOW)).await.unwrap(), Swept { orphans: 1, ..Swept::default() });
    assert_eq!(names(&store).await, [one]);
    sound(&store).await;
}

/// A sweep does not wait for an import to end.
#[tokio::test(flavor = "multi_thread")]
async fn it_sweeps_while_an_import_runs() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    run(&store, Asked::insert(&many(1000)), Until::End).await;
    let mut writer = store.record_writer(ORG).unwrap();
    writer.picklist_additions(ModuleNumber(9)).unwrap();
    assert_eq!(store.sweep(&rule(NOW + 7 * DAY)).await.unwrap().jobs, 1);
    drop(writer);
    sound(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_job_stays_and_the_others_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    let damaged = run(&store, Asked::insert("Name\nA\n"), Until::End).await;
    run(&store, Asked::insert("Name\nB\n"), Until::End).await;
    let records = rusqlite::Connection::open(directory.path().join("records.db")).unwrap();
    records.execute("UPDATE ledger SET added = 7 WHERE job = ?1", [damaged.id.0]).unwrap();
    assert_eq!(store.sweep(&rule(NOW + 7 * DAY)).await.unwrap().jobs, 1);
    assert!(store.job(ORG, damaged.id).await.unwrap().is_some());
}

/// Where a sweep is broken off: an error there, after which the same process goes on, or the process's death.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Failed,
    Died,
}

/// A directory with everything that can be swept.
async fn untidy() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    // More ledger rows than go at once.
    run(&store, Asked::insert(&many(1000)), Until::End).await;
    mixed_jobs(&store).await;
    deliver_all(&store).await;
    add(&store, Asked::insert("Name\nNeeds its upload\n")).await;
    std::fs::write(directory.path().join("blobs/result-0"), "an orphan").unwrap();
    directory
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_may_break_off_anywhere() {
    let untidy = untidy().await;
    let undisturbed = copy_of(untidy.path());
    let store = open_town(undisturbed.path(), &temporary()).await;
    let expected = store.sweep(&rule(NOW + 7 * DAY)).await.unwrap();
    let tidy = sound(&store).await;
    let mut points = 0;
    for broken in [Broken::Failed, Broken::Died] {
        points = 0;
        while break_off(untidy.path(), points, broken, &tidy, expected).await {
            points += 1;
        }
    }
    assert!(points > 30, "{points}");
}

/// Breaks a sweep off at its n-th point. False if it has none.
async fn break_off(untidy: &Path, n: usize, broken: Broken, tidy: &Sums, expected: Swept) -> bool {
    let passed = Arc::new(AtomicUsize::new(usize::MAX / 2));
    let ask = {
        let passed = passed.clone();
        move |point: FailurePoint| match passed.fetch_add(1, Ordering::SeqCst) == n {
            true => Err(Error::failed("sweeping", format!("told to fail at {point}"))),
            false => Ok(()),
        }
    };
    let options = OpenOptions { failure_points: FailurePoints::from_fn(ask), ..temporary() };
    let directory = copy_of(untidy);
    let mut store = open_town(directory.path(), &options).await;
    passed.store(0, Ordering::SeqCst);
    let Err(error) = store.sweep(&rule(NOW + 7 * DAY)).await else { return false };
    let Error::Failed { source, .. } = &error else { panic!("{error:?}") };
    if broken == Broken::Died {
        drop(store);
        store = open_town(directory.path(), &temporary()).await;
    }
    let between = store.verify().await.unwrap();
    assert_eq!(between.differences, [], "{source}");
    assert_eq!((&between.sums.records, between.sums.ledger), (&tidy.records, tidy.ledger), "{source}");
    let swept = store.sweep(&rule(NOW + 7 * DAY)).await.unwrap();
    assert!(swept.jobs <= expected.jobs, "{source}");
    assert_eq!(sound(&store).await, *tidy, "{source}");
    true
}
