//! A directory that an earlier version of this program made becomes one of this version: whole, in whatever moment the
//! steps there are broken off. `schema-1` and `schema-2` hold such directories; what is in them, [`world::write`] says.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::world::{self, Answers, NOW, World};
use super::*;
use crate::failure::FailurePoint;
use crate::upkeep::{DifferenceKind, Verification};

/// Says to a process of this test program where it shall end: a directory and the number of a failure point.
const CHILD: &str = "BULKWRIGHT_TEST_MIGRATION";
const CHILD_TEST: &str = "sqlite::tests::migration::a_process_that_ends_at_a_point";

/// The versions of which a directory is stored.
const EARLIER: [i64; 2] = [1, 2];

/// The directory of an earlier version, in a place of its own.
fn earlier(version: i64) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/sqlite/tests/schema-{version}"));
    std::fs::create_dir(copy.path().join("blobs")).unwrap();
    for (from, to) in [(stored.clone(), copy.path().to_owned()), (stored.join("blobs"), copy.path().join("blobs"))] {
        for file in std::fs::read_dir(from).unwrap().map(Result::unwrap).filter(|it| it.path().is_file()) {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    copy
}

/// All that the two files hold: each table with each of its rows, the schema and its version.
fn everything(directory: &Path) -> Vec<String> {
    ["records.db", "control.db"].into_iter().flat_map(|file| dump(&directory.join(file))).collect()
}

fn dump(file: &Path) -> Vec<String> {
    let connection = Connection::open(file).unwrap();
    let mut lines = schema(&connection);
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    for table in rows(&connection, tables) {
        let [Value::Text(name)] = &table[..] else { panic!("{table:?}") };
        let of_table = rows(&connection, &format!("SELECT * FROM {name}"));
        // Earlier versions had no such rows, or swept nothing.
        let may_be_empty = ["swept", "code", "answer", "attempt"].contains(&name.as_str());
        assert!(may_be_empty || !of_table.is_empty(), "the world has rows of every kind, but none of {name}");
        lines.extend(of_table.iter().map(|row| format!("{name} {row:?}")));
    }
    lines
}

/// The tables with their columns, the indexes, and the version.
fn schema(connection: &Connection) -> Vec<String> {
    let sql = "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name";
    let version = rows(connection, "PRAGMA user_version");
    rows(connection, sql).into_iter().chain(version).map(|row| format!("{row:?}")).collect()
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = statement.query_map([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
    row.collect::<Result<_, _>>().unwrap()
}

/// What the world answers, with blobs by their bytes in place of their names: those are drawn at random.
async fn ask(store: &SqliteStore, world: &World) -> Vec<String> {
    let mut answers: Answers = world::ask_control(store, world).await;
    answers.extend(world::ask_records(store, world).await);
    let mut lines: Vec<String> =
        answers.into_iter().map(|it| format!("{}: {:?}", it.question, it.found.unwrap())).collect();
    for blob in std::fs::read_dir(store.directory.join("blobs")).unwrap() {
        let blob = blob.unwrap();
        let bytes = std::fs::read(blob.path()).unwrap();
        for line in &mut lines {
            *line = line.replace(blob.file_name().to_str().unwrap(), &hex::encode(&bytes));
        }
    }
    lines
}

/// Opens a directory past failure points: how many there are, and what came of it.
fn open_past(
    directory: &Path,
    ask: impl Fn(usize) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<usize, Error> {
    let passed = Arc::new(AtomicUsize::new(0));
    let counter = passed.clone();
    let count = move |_| ask(counter.fetch_add(1, Ordering::Relaxed));
    let options = OpenOptions { failure_points: FailurePoints::from_fn(count), ..temporary() };
    SqliteStore::open(directory, &options).map(|_| passed.load(Ordering::Relaxed))
}

/// The directory after a step that nothing disturbed, and the failure points that it passed.
fn undisturbed(version: i64) -> (Vec<String>, usize) {
    let directory = earlier(version);
    let points = open_past(directory.path(), |_| Ok(())).unwrap();
    (everything(directory.path()), points)
}

#[test]
fn the_stored_directories_are_of_their_versions() {
    for version in EARLIER {
        let directory = earlier(version);
        for file in ["records.db", "control.db"] {
            let connection = Connection::open(directory.path().join(file)).unwrap();
            assert_eq!(rows(&connection, "PRAGMA user_version"), [[Value::Integer(version)]], "{file}");
        }
    }
}

#[tokio::test]
async fn a_directory_of_an_earlier_version_answers_as_a_new_one() {
    let (fresh, store) = new_store(&temporary());
    let world = world::write(&store).await;
    drop(store);
    // Both were opened again: the job that was held is free in both.
    let expected = ask(&open(fresh.path()), &world).await;
    // When a job was begun, the first version did not note.
    let begun = |number| format!("started_at: Some({})", NOW + number);
    let expected: Vec<String> = expected
        .iter()
        .map(|line| line.replace(&begun(0), "started_at: None").replace(&begun(3), "started_at: None"))
        .collect();
    for version in EARLIER {
        let migrated = earlier(version);
        assert_eq!(ask(&open(migrated.path()), &world).await, expected, "schema {version}");
        let [migrated_is, fresh_is] = [world::verify(migrated.path()).await, world::verify(fresh.path()).await];
        assert_eq!(migrated_is.sums, fresh_is.sums);
        // Of blobs it tells the names, which are drawn at random.
        let told = |by: Verification| {
            by.differences.into_iter().filter(|it| it.kind != DifferenceKind::Blob).collect::<Vec<_>>()
        };
        assert_eq!(told(migrated_is), told(fresh_is));
        let of = |directory: &Path, file| schema(&Connection::open(directory.join(file)).unwrap());
        for file in ["records.db", "control.db"] {
            assert_eq!(of(migrated.path(), file), of(fresh.path(), file));
        }
    }
}

#[tokio::test]
async fn a_step_that_adds_columns_covers_no_damage_up() {
    let directory = earlier(2);
    let changed = "UPDATE token SET scopes = '[\"ZohoCRM.modules.ALL\"]' WHERE kind = 0";
    assert_eq!(Connection::open(directory.path().join("control.db")).unwrap().execute(changed, []).unwrap(), 1);
    let store = open(directory.path());
    let read = store.token(TokenKind::Access, SecretHash::of("1000.access")).await;
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    let sound = store.token(TokenKind::Refresh, SecretHash::of("1000.refresh")).await;
    assert!(matches!(sound, Ok(Some(_))), "{sound:?}");
}

#[test]
fn a_step_that_fails_anywhere_is_taken_by_the_next_start() {
    for version in EARLIER {
        let (expected, points) = undisturbed(version);
        assert!(points > 15, "each statement has a point before and after it, not {points} in all");
        for failing in 0..points {
            let directory = earlier(version);
            let failed_at = Arc::new(Mutex::new(None));
            let options = OpenOptions { failure_points: failing_at(failing, failed_at.clone()), ..temporary() };
            let error = SqliteStore::open(directory.path(), &options).err().unwrap();
            let point = failed_at.lock().unwrap().unwrap();
            assert!(matches!(error, Error::Failed { .. }), "schema {version}, {point}: {error}");
            open(directory.path());
            assert_eq!(everything(directory.path()), expected, "schema {version}, {point}");
        }
    }
}

fn failing_at(failing: usize, failed_at: Arc<Mutex<Option<FailurePoint>>>) -> FailurePoints {
    let passed = AtomicUsize::new(0);
    FailurePoints::from_fn(move |point| {
        if passed.fetch_add(1, Ordering::Relaxed) < failing {
            return Ok(());
        }
        failed_at.lock().unwrap().get_or_insert(point);
        Err(Error::Failed { doing: "testing", source: "it was told to fail".into() })
    })
}

#[test]
fn a_step_that_is_killed_anywhere_is_taken_by_the_next_start() {
    for version in EARLIER {
        let (expected, points) = undisturbed(version);
        for ending in 0..points {
            let directory = earlier(version);
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", CHILD_TEST])
                .env(CHILD, format!("{ending} {}", directory.path().display()))
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&child.stdout);
            assert_eq!(child.status.code(), None, "schema {version}, point {ending}: {told}");
            open(directory.path());
            assert_eq!(everything(directory.path()), expected, "schema {version}, point {ending}");
        }
    }
}

/// The process that the test before kills. Where nobody says at which point, it takes the whole step.
#[test]
fn a_process_that_ends_at_a_point() {
    let Ok(told) = std::env::var(CHILD) else {
        let directory = earlier(1);
        return assert_eq!(open_past(directory.path(), |_| Ok(())).unwrap(), undisturbed(1).1);
    };
    let (ending, directory) = told.split_once(' ').unwrap();
    let ending: usize = ending.parse().unwrap();
    let end = move |point| if point == ending { std::process::abort() } else { Ok(()) };
    panic!("it went on to the end: {:?}", open_past(Path::new(directory), end));
}
