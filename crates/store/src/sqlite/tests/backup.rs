//! A backup is one moment of the store, whole or not there; what is restored of it goes on where that moment was.

use std::os::unix::fs::PermissionsExt;

use bulkwright_engine::record_store::LedgerRow;
use serde_json::{Value, json};

use super::town::{Asked, NOW, ORG, Until, go_on, many, mixed_jobs, open_town, run};
use super::*;
use crate::failure::FailurePoint;
use crate::model::JobState;
use crate::upkeep::{Sums, Upkeep};

/// A place for a store, a backup and what is restored.
struct Places {
    folder: tempfile::TempDir,
}

impl Places {
    fn new() -> Self {
        Places { folder: tempfile::tempdir().unwrap() }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn backup(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    fn restored(&self) -> PathBuf {
        self.folder.path().join("restored")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn restore(&self) -> Result<crate::upkeep::RestoreReport, Error> {
        restore(&self.backup(), &self.restored(), &FailurePoints::default())
    }

    /// A store after mixed jobs, and a backup of it.
    async fn backed_up(&self) -> SqliteStore {
        let store = open_town(&self.data(), &temporary()).await;
        mixed_jobs(&store).await;
        std::fs::write(self.data().join("credentials.json"), "{}").unwrap();
        store.backup(&self.backup(), NOW).await.unwrap();
        store
    }
}

async fn sound(store: &SqliteStore) -> Sums {
    let verification = store.verify().await.unwrap();
    assert_eq!(verification.differences, []);
    assert_eq!(verification.remarks, [""; 0]);
    verification.sums
}

fn manifest(places: &Places) -> Value {
    serde_json::from_slice(&std::fs::read(places.backup().join("manifest.json")).unwrap()).unwrap()
}

fn ledger(store: &SqliteStore, job: JobId) -> Vec<LedgerRow> {
    store.record_writer(ORG).unwrap().ledger(job, 0).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_backup_holds_the_same() {
    let places = Places::new();
    let store = open_town(&places.data(), &OpenOptions::default()).await;
    mixed_jobs(&store).await;
    std::fs::write(places.data().join("credentials.json"), "{}").unwrap();
    let sums = sound(&store).await;
    let report = store.backup(&places.backup(), NOW).await.unwrap();
    assert_eq!((&report.directory, &report.sums), (&places.backup(), &sums));
    // Seven uploads, four results, two databases, the credentials.
    assert_eq!(report.files, 14);
    let told = manifest(&places);
    assert_eq!((&told["format"], &told["created_at"]), (&json!(1), &json!(NOW)));
    assert_eq!(told["files"].as_array().unwrap().len(), 14);
    assert_eq!(told["sums"]["jobs"], json!({"added": 1, "in_progress": 2, "completed": 4, "failed": 0}));
    assert_eq!(told["sums"]["records"][0]["module"], "Things");
    let restored = places.restore().unwrap();
    assert_eq!((restored.backed_up_at, restored.files, restored.bytes), (NOW, report.files, report.bytes));
    for (path, mode) in [("", 0o700), ("blobs", 0o700), ("credentials.json", 0o600), ("records.db", 0o600)] {
        for directory in [places.backup(), places.restored()] {
            let found = std::fs::metadata(directory.join(path)).unwrap().permissions().mode() & 0o777;
            assert_eq!(found, mode, "{path}");
        }
    }
    let again = open_town(&places.restored(), &temporary()).await;
    assert_eq!(sound(&again).await, sums);
}

/// Both stores go on from the same moment, and come to the same end.
#[tokio::test(flavor = "multi_thread")]
async fn unfinished_jobs_of_a_restored_backup_go_on() {
    let places = Places::new();
    drop(places.backed_up().await);
    places.restore().unwrap();
    let mut ends = Vec::new();
    for directory in [places.data(), places.restored()] {
        let store = open_town(&directory, &temporary()).await;
        let mut jobs = Vec::new();
        while let Some((claim, job)) = store.claim("test", NOW, 60).await.unwrap() {
            go_on(&store, claim, &job, NOW, Until::End).await;
            let ended = store.job(ORG, job.id).await.unwrap().unwrap();
            assert_eq!(ended.state, JobState::Completed);
            jobs.push((job.id, ended.resources[0].block, ended.result_sum, ledger(&store, job.id)));
        }
        assert_eq!(jobs.len(), 3);
        ends.push((jobs, sound(&store).await));
    }
    assert_eq!(ends[0], ends[1], "the same blocks, result bytes and verdicts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn backups_are_taken_while_jobs_run() {
    let places = Places::new();
    let store = Arc::new(open_town(&places.data(), &temporary()).await);
    let working = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..12 {
                run(&store, Asked { callback: true, ..Asked::insert(&many(400)) }, Until::End).await;
                run(&store, Asked::upsert(&many(400)), Until::End).await;
            }
        }
    });
    let mut backups = 0;
    while !working.is_finished() {
        let report = store.backup(&places.backup(), NOW).await.unwrap();
        places.restore().unwrap();
        let restored = open_town(&places.restored(), &temporary()).await;
        assert_eq!(sound(&restored).await, report.sums);
        drop(restored);
        [places.backup(), places.restored()].iter().for_each(|done| std::fs::remove_dir_all(done).unwrap());
        backups += 1;
    }
    working.await.unwrap();
    assert!(backups > 1, "{backups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_places_are_refused() {
    let places = Places::new();
    let store = places.backed_up().await;
    for taken in [places.backup(), places.data()] {
        let refused = store.backup(&taken, NOW).await.unwrap_err();
        assert!(matches!(&refused, Error::Directory { path, .. } if *path == taken), "{refused:?}");
    }
    std::fs::create_dir(places.restored()).unwrap();
    std::fs::write(places.restored().join("x"), "x").unwrap();
    let refused = places.restore().unwrap_err();
    assert!(matches!(&refused, Error::Directory { path, .. } if *path == places.restored()), "{refused:?}");
    std::fs::remove_file(places.restored().join("x")).unwrap();
    places.restore().unwrap();
    assert_eq!(places.names(), ["backup", "data", "restored"], "an empty directory is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_of_a_backup_is_named_and_restores_nothing() {
    let places = Places::new();
    drop(places.backed_up().await);
    let check = |expected: &str| {
        let refused = places.restore().unwrap_err().to_string();
        assert!(refused.contains(expected), "{expected} is not in {refused}");
        assert_eq!(places.names(), ["backup", "data"]);
    };
    for file in manifest(&places)["files"].as_array().unwrap() {
        let name = file["name"].as_str().unwrap();
        let path = places.backup().join(name);
        let sound = std::fs::read(&path).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        check(&format!("the file {name} of the backup"));
        std::fs::write(&path, &sound[1..]).unwrap();
        check(&format!("the file {name} of the backup"));
        std::fs::remove_file(&path).unwrap();
        check(&format!("the file {name} of the backup"));
        std::fs::write(&path, sound).unwrap();
    }
    let path = places.backup().join("manifest.json");
    let sound = std::fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("\"format\": 1", "\"format\": 2"),
        ("\"name\": \"blobs/", "\"name\": \"blobs/../../"),
        ("\"name\": \"records.db\"", "\"name\": \"lock\""),
        ("\"format\": 1,", ""),
        ("\"sha256\": \"", "\"sha256\": \"0"),
    ] {
        assert!(sound.contains(from), "{from}");
        std::fs::write(&path, sound.replace(from, to)).unwrap();
        check("manifest.json of the backup");
    }
    std::fs::remove_file(&path).unwrap();
    check("manifest.json");
    std::fs::write(&path, sound).unwrap();
    places.restore().unwrap();
}

/// A blob that is not what its row says makes no backup: whoever needs it would find out too late.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_blob_makes_no_backup() {
    let places = Places::new();
    let store = open_town(&places.data(), &temporary()).await;
    mixed_jobs(&store).await;
    let blob = std::fs::read_dir(places.data().join("blobs")).unwrap().next().unwrap().unwrap();
    std::fs::write(blob.path(), "something else").unwrap();
    let refused = store.backup(&places.backup(), NOW).await.unwrap_err().to_string();
    assert!(refused.contains(blob.file_name().to_str().unwrap()), "{refused}");
    assert_eq!(places.names(), ["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_breaks_off_leaves_nothing() {
    let places = Places::new();
    drop(places.backed_up().await);
    std::fs::remove_dir_all(places.backup()).unwrap();
    for broken in ["before", "the records are copied", "the files are copied", "before the commit"] {
        let ask = move |point: FailurePoint| match point.to_string() == format!("backing up: {broken}") {
            true => Err(Error::Full { doing: "backing up" }),
            false => Ok(()),
        };
        let options = OpenOptions { failure_points: FailurePoints::from_fn(ask), ..temporary() };
        let store = open_town(&places.data(), &options).await;
        assert!(matches!(store.backup(&places.backup(), NOW).await, Err(Error::Full { .. })), "{broken}");
        assert_eq!(places.names(), ["data"], "{broken}");
    }
    // One that was killed leaves a name that says so; the next one takes its place. What it did not make, it leaves.
    let unfinished = places.folder.path().join("backup.unfinished");
    std::fs::create_dir(&unfinished).unwrap();
    std::fs::write(unfinished.join("records.db"), "half").unwrap();
    std::fs::write(unfinished.join("diary.txt"), "dear").unwrap();
    let store = open_town(&places.data(), &temporary()).await;
    store.backup(&places.backup(), NOW).await.unwrap_err();
    std::fs::remove_file(unfinished.join("diary.txt")).unwrap();
    store.backup(&places.backup(), NOW).await.unwrap();
    assert_eq!(places.names(), ["backup", "data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_breaks_off_leaves_nothing() {
    let places = Places::new();
    drop(places.backed_up().await);
    let ask = |point: FailurePoint| match point.to_string() == "restoring a backup: before the commit" {
        true => Err(Error::Full { doing: "restoring" }),
        false => Ok(()),
    };
    let points = FailurePoints::from_fn(ask);
    assert!(matches!(restore(&places.backup(), &places.restored(), &points), Err(Error::Full { .. })));
    assert_eq!(places.names(), ["backup", "data"]);
    places.restore().unwrap();
}
