//! A sound store has no difference, and whatever is damaged is named.

use super::town::{ORG, copy_of, mixed_jobs, open_town};
use super::*;
use crate::upkeep::{RecordSums, Sums, Upkeep, Verification};

/// A closed store after mixed jobs.
async fn closed_town() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    mixed_jobs(&store).await;
    directory
}

async fn verified(directory: &Path) -> Verification {
    open_town(directory, &temporary()).await.verify().await.unwrap()
}

/// Differences as lines.
fn told(verification: &Verification) -> Vec<String> {
    let line = |it: &crate::upkeep::Difference| {
        format!("{}: {}: expected {}, found {}", it.kind.as_str(), it.what, it.expected, it.found)
    };
    verification.differences.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_store_has_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    let empty = store.verify().await.unwrap();
    assert_eq!((told(&empty), &empty.remarks, &empty.sums), (vec![], &vec![], &Sums::default()));
    mixed_jobs(&store).await;
    let verification = store.verify().await.unwrap();
    assert_eq!(told(&verification), [""; 0]);
    assert_eq!(verification.remarks, [""; 0]);
    let sums = verification.sums;
    let chunk = sums.ledger.added - 5;
    assert!(chunk > 1, "the first chunk of the large job");
    let things = RecordSums { org: ORG, module: ModuleNumber(9), records: 5 + chunk, versions: 7 + chunk };
    assert_eq!(sums.records, [things]);
    assert_eq!(sums.ledger, Counts { added: 5 + chunk, updated: 4, skipped: 3 });
    assert_eq!((sums.jobs, sums.uploads, sums.deliveries), ([1, 2, 4, 0], 7, [1, 0, 0]));
    drop(store);
    assert_eq!(told(&verified(directory.path()).await), [""; 0], "after a new start too");
}

#[tokio::test(flavor = "multi_thread")]
async fn short_hashes_are_no_difference() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &OpenOptions { hash_bits: 3, ..temporary() }).await;
    mixed_jobs(&store).await;
    assert_eq!(told(&store.verify().await.unwrap()), [""; 0]);
}

/// Damage, as statements on a closed file, and the beginning of the line that names it.
const DAMAGE: &[(&str, &str, &str)] = &[
    ("records.db", "UPDATE record SET body = replace(body, 'A3', 'A4') WHERE body LIKE '%A3%'", "record: record 1"),
    ("records.db", "UPDATE record SET version = version + 1 WHERE body LIKE '%B2%'", "versions: versions of all records"),
    ("records.db", "UPDATE record SET modified_by = 6 WHERE body LIKE '%Fixed%'", "record: record 1"),
    ("records.db", "UPDATE record SET body = '{\"1\":' WHERE body LIKE '%Fixed%'", "record: record 1"),
    ("records.db", "UPDATE record SET body = 5 WHERE body LIKE '%Fixed%'", "record: record 1"),
    ("records.db", "UPDATE record SET module = 7 WHERE body LIKE '%Fixed%'", "extent: record 1"),
    ("records.db", "UPDATE record SET org = 7 WHERE body LIKE '%Fixed%'", "verdict: record 1"),
    ("records.db", "DELETE FROM record WHERE body LIKE '%Fixed%'", "verdict: verdict of job"),
    ("records.db", "DELETE FROM record WHERE body LIKE '%Fixed%'", "extent: records of the range"),
    ("records.db", "DELETE FROM record WHERE body LIKE '%B2%'", "key: key"),
    ("records.db", "UPDATE record SET id = id + 6400 WHERE body LIKE '%Fixed%'", "verdict: verdict of job 1"),
    (
        "records.db",
        "INSERT INTO record SELECT id + 1, org, module, 1, created_at, created_by, modified_at, modified_by, body, checksum
         FROM record WHERE body LIKE '%Fixed%'",
        "verdict: record 1",
    ),
    (
        "records.db",
        "INSERT INTO record SELECT 7, org, module, 1, created_at, created_by, modified_at, modified_by, body, checksum
         FROM record WHERE body LIKE '%Fixed%'",
        "block: records of organisation 694902309 outside the blocks",
    ),
    (
        "records.db",
        "UPDATE record SET body = replace(body, '\"20\"', '\"1\"') WHERE body LIKE '%B2%'",
        "key: field 3 of record 1",
    ),
    ("records.db", "DELETE FROM key WHERE hash = (SELECT max(hash) FROM key)", "key: key"),
    ("records.db", "INSERT INTO key SELECT hash, id + 1, field FROM key ORDER BY hash LIMIT 1", "key: key"),
    ("records.db", "UPDATE key SET hash = hash + 1 WHERE hash = (SELECT max(hash) FROM key)", "key: key"),
    ("records.db", "UPDATE extent SET records = records + 1", "extent: records of the range"),
    ("records.db", "UPDATE extent SET unchanged = unchanged - 1", "extent: unchanged records of the range"),
    ("records.db", "UPDATE extent SET last_id = last_id + 1", "extent: last id of the range"),
    ("records.db", "UPDATE extent SET first_id = first_id - 1", "extent: first id of the range"),
    ("records.db", "UPDATE extent SET created_at = created_at - 1", "extent: record 1"),
    ("records.db", "UPDATE extent SET last_id = last_id + 1000000000000000", "extent: range 1"),
    ("records.db", "DELETE FROM extent", "extent: record 1"),
    ("records.db", "UPDATE ledger SET added = added + 1", "ledger: added rows of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET updated = updated + 1", "ledger: updated rows of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET skipped = skipped + 1", "ledger: skipped rows of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET rows_through = rows_through + 1", "ledger: last row of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET chunk = chunk + 1", "ledger: place of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET org = 7", "ledger: organisation of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET bucket = 1", "ledger: ledger row of job 1"),
    ("records.db", "UPDATE ledger SET checksum = checksum + 1", "ledger: ledger row of job 1"),
    ("records.db", "UPDATE ledger SET verdicts = x'01'", "ledger: added rows of the ledger row of job 1"),
    ("records.db", "UPDATE ledger SET verdicts = 'x'", "ledger: a ledger row of job 1"),
    ("records.db", "UPDATE ledger SET job = job + 1", "ledger: ledger row of job 1"),
    ("records.db", "DELETE FROM ledger", "job: added rows of job 1"),
    ("records.db", "DELETE FROM ledger", "verdict: record 1"),
    (
        "records.db",
        "INSERT INTO swept VALUES (694902309, 0, 1, 0, 0, 0, 0)",
        "block: records of organisation 694902309 outside the blocks",
    ),
    (
        "records.db",
        "INSERT INTO swept VALUES (694902309, 0, 0, 0, 0, 1, 0)",
        "versions: versions of all records of organisation 694902309",
    ),
    ("records.db", "UPDATE picklist_addition SET value = 'Old'", "picklist: value \"Old\""),
    ("records.db", "UPDATE picklist_addition SET field = 2", "picklist: value \"Odd\""),
    // The index that a record which is changed is listed by: as if the change had been written and the entry not, and
    // the other way round.
    (
        "records.db",
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'version > 1', 'version > 9') WHERE name = 'record_changed';
         PRAGMA writable_schema = RESET; REINDEX record_changed; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'version > 9', 'version > 1') WHERE name = 'record_changed'",
        "database: records.db: expected a sound database, found row",
    ),
    (
        "records.db",
        "PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'version > 1', 'version > 0') WHERE name = 'record_changed';
         PRAGMA writable_schema = RESET; REINDEX record_changed; PRAGMA writable_schema = ON;
         UPDATE sqlite_schema SET sql = replace(sql, 'version > 0', 'version > 1') WHERE name = 'record_changed'",
        "database: changed records in their index",
    ),
    ("control.db", "UPDATE job_resource SET added = added + 1", "job: added rows of job 1"),
    ("control.db", "UPDATE job_resource SET skipped = skipped - 1 WHERE skipped > 0", "job: skipped rows of job 1"),
    ("control.db", "UPDATE job_resource SET block_start = block_start + 1 WHERE place = 0", "verdict: verdict of job 1"),
    ("control.db", "UPDATE job_resource SET block_size = block_size + 1000000000000", "block: the block of job 1"),
    ("control.db", "UPDATE job_resource SET block_size = NULL", "job: job 1"),
    ("control.db", "UPDATE job_resource SET block_start = -1", "block: the block of job 1"),
    ("control.db", "UPDATE counter SET next = 5", "block: the block of job 1"),
    ("control.db", "DELETE FROM counter", "access: counter"),
    ("control.db", "UPDATE job_resource SET state = 3 WHERE state = 2", "job: job 1"),
    ("control.db", "UPDATE job_resource SET failure_code = 'X'", "job: job 1"),
    ("control.db", "UPDATE job_resource SET mappings = '{'", "job: job 1"),
    ("control.db", "DELETE FROM job_resource", "job: job 1"),
    ("control.db", "UPDATE job SET operation = 9", "job: job 1"),
    ("control.db", "UPDATE job SET state = 9 WHERE state = 2", "job: job 1"),
    ("control.db", "UPDATE job SET finished_at = NULL WHERE state = 2", "job: job 1"),
    ("control.db", "UPDATE job SET worker = 'w' WHERE state = 2", "job: job 1"),
    ("control.db", "UPDATE job SET lease_until = 1 WHERE worker IS NULL", "job: job 1"),
    ("control.db", "UPDATE job SET attempt = 0 WHERE state = 2", "job: job 1"),
    ("control.db", "UPDATE job SET result_blob = 'x' WHERE state = 1", "job: job 1"),
    ("control.db", "UPDATE job SET created_by = 77", "access: job 1"),
    ("control.db", "DELETE FROM job WHERE state = 2", "database: control.db: job_resource"),
    ("control.db", "DELETE FROM upload", "job: job 1"),
    ("control.db", "UPDATE upload SET user = 77", "access: upload 1"),
    ("control.db", "UPDATE upload SET bytes = bytes + 1", "blob: bytes of upload 1"),
    ("control.db", "UPDATE upload SET sha256 = zeroblob(32)", "blob: SHA-256 of upload 1"),
    ("control.db", "UPDATE upload SET sha256 = 'short'", "job: upload 1"),
    ("control.db", "UPDATE upload SET blob = '../x'", "blob: upload 1"),
    ("control.db", "UPDATE user SET org = 7", "access: user 5"),
    ("control.db", "UPDATE oauth_client SET org = 7", "access: client 1000.A"),
    ("control.db", "UPDATE token SET user = 77", "access: a token of client 1000.A"),
    ("control.db", "UPDATE token SET client_id = 'x'", "access: a token of user 5"),
    ("control.db", "DELETE FROM outbox", "delivery: job 1"),
    ("control.db", "UPDATE outbox SET next_at = NULL", "delivery: delivery of job 1"),
    ("control.db", "UPDATE outbox SET url = 'http://other'", "delivery: delivery of job 1"),
    ("control.db", "UPDATE outbox SET state = 9", "delivery: delivery of job 1"),
];

/// Seals what was damaged, as a fault of this program would: then the seals say nothing, and the rest has to.
fn seal_all(mut connection: rusqlite::Connection, file: &str) {
    let tx = connection.transaction().unwrap();
    let tables: &[&super::super::seal::Table] =
        if file == "records.db" { &super::super::seal::OF_RECORDS } else { &super::super::seal::OF_CONTROL };
    tables.iter().for_each(|table| table.seal_all(&tx).unwrap());
    tx.commit().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_seal_is_compared() {
    let sound = closed_town().await;
    let changes = [
        ("control.db", "UPDATE counter SET next = next + 1", "the counter of ids"),
        ("control.db", "UPDATE org SET company_name = 'x'", "organisation 694902309"),
        ("control.db", "UPDATE user SET full_name = 'x'", "user 5"),
        ("control.db", "UPDATE oauth_client SET secret = x'00'", "OAuth client 1000.A"),
        ("control.db", "UPDATE token SET scopes = '[\"x\"]'", "the token"),
        ("control.db", "UPDATE upload SET name = 'x'", "upload 1"),
        ("control.db", "UPDATE job SET version = 'x'", "job 1"),
        ("control.db", "UPDATE job_resource SET csv_name = 'x'", "a resource of job 1"),
        ("control.db", "UPDATE outbox SET attempts = 3", "the delivery of job 1"),
        ("records.db", "UPDATE meta SET value = x'00' WHERE name = 'views'", "the note views"),
        ("records.db", "UPDATE picklist_addition SET value = 'x'", "a picklist value of module 9"),
        ("records.db", "INSERT INTO swept VALUES (1, 2, 0, 0, 0, 0, 7)", "swept ledger rows of job 2"),
    ];
    for (file, change, expected) in changes {
        let copy = copy_of(sound.path());
        let store = open_town(copy.path(), &temporary()).await;
        // Under the open store: a start would find some of these, and mend others.
        rusqlite::Connection::open(copy.path().join(file)).unwrap().execute(change, []).unwrap();
        let told = told(&store.verify().await.unwrap());
        let expected = format!("seal: {expected}");
        assert!(told.iter().any(|line| line.starts_with(&expected)), "{change}: {expected} is not in {told:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_is_named() {
    let sound = closed_town().await;
    let mut unnamed = Vec::new();
    for (file, damage, expected) in DAMAGE {
        let copy = copy_of(sound.path());
        let connection = rusqlite::Connection::open(copy.path().join(file)).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA journal_mode = DELETE;").unwrap();
        connection.execute_batch(damage).unwrap_or_else(|error| panic!("{damage}: {error}"));
        seal_all(connection, file);
        let told = told(&verified(copy.path()).await);
        if !told.iter().any(|line| line.starts_with(expected)) {
            unnamed.push(format!("{damage}: {expected} is not in {told:#?}"));
        }
    }
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_blobs_are_named_and_orphans_remarked() {
    let sound = closed_town().await;
    let blobs = |directory: &Path, prefix: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(directory.join("blobs")).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix)).collect()
    };
    type Damage = fn(&Path);
    let flip: Damage = |path| {
        let mut bytes = std::fs::read(path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    let cut: Damage = |path| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    };
    let remove: Damage = |path| std::fs::remove_file(path).unwrap();
    for damage in [flip, cut, remove] {
        for (prefix, expected) in [("upload", "upload 1"), ("result", "result of job 1")] {
            let copy = copy_of(sound.path());
            damage(&blobs(copy.path(), prefix)[0]);
            let told = told(&verified(copy.path()).await);
            assert!(told.iter().all(|line| line.starts_with("blob: ") && line.contains(expected)), "{told:#?}");
            assert!(!told.is_empty());
        }
    }
    let copy = copy_of(sound.path());
    std::fs::write(copy.path().join("blobs/upload-00"), "x").unwrap();
    let verification = verified(copy.path()).await;
    assert_eq!(told(&verification), [""; 0]);
    assert_eq!(verification.remarks, ["no row names the blob upload-00; the next sweep removes it"]);
}

/// Whatever bytes are overwritten: something is named, or they were not in use and everything is as it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_garbage_is_named() {
    let sound = closed_town().await;
    let sums = verified(sound.path()).await.sums;
    for (file, page_bytes) in [("records.db", 8192), ("control.db", 4096)] {
        let bytes = std::fs::read(sound.path().join(file)).unwrap();
        for page in 1..bytes.len() / page_bytes {
            let copy = copy_of(sound.path());
            let mut bytes = bytes.clone();
            bytes[page * page_bytes..(page + 1) * page_bytes].fill(0xa5);
            std::fs::write(copy.path().join(file), bytes).unwrap();
            let Ok(store) = SqliteStore::open(copy.path(), &temporary()) else { continue };
            if store.set_catalog(&super::town::catalog()).is_err() {
                continue;
            }
            let verification = store.verify().await.unwrap();
            assert!(!verification.is_sound() || verification.sums == sums, "{file}, page {page}");
            assert!(!verification.is_sound(), "{file}, page {page}: no page of it is free");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_beyond_the_limit_are_counted() {
    let directory = tempfile::tempdir().unwrap();
    let store = open_town(directory.path(), &temporary()).await;
    let csv = super::town::many(2000);
    super::town::run(&store, super::town::Asked::insert(&csv), super::town::Until::End).await;
    drop(store);
    rusqlite::Connection::open(directory.path().join("records.db")).unwrap().execute("DELETE FROM key", []).unwrap();
    let verification = verified(directory.path()).await;
    assert_eq!((verification.differences.len(), verification.more_differences), (1000, 1000));
}

/// Records stand still, control goes on, readers go on: what is said is of one moment all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jobs_go_on_while_it_looks() {
    use super::town::{Asked, Until, many, run};
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open_town(directory.path(), &temporary()).await);
    let working = tokio::spawn({
        let store = store.clone();
        async move {
            for _ in 0..20 {
                run(&store, Asked { callback: true, ..Asked::insert(&many(300)) }, Until::End).await;
                run(&store, Asked::upsert(&many(300)), Until::End).await;
            }
        }
    });
    let mut looks = 0;
    while !working.is_finished() {
        assert_eq!(told(&store.verify().await.unwrap()), [""; 0]);
        looks += 1;
    }
    working.await.unwrap();
    assert!(looks > 1, "{looks}");
}

/// Readers read and requests are written down while it looks; only chunks wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_but_jobs_waits_while_it_looks() {
    use super::town::{Asked, NOW, Until, many, run, upload};
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(open_town(directory.path(), &temporary()).await);
    run(&store, Asked::insert(&many(20_000)), Until::End).await;
    for _ in 0..3 {
        let looking = tokio::spawn({
            let store = store.clone();
            async move { store.verify().await.unwrap() }
        });
        let (mut reads, mut uploads) = (0, 0);
        let query = PageQuery { sort_by: crate::model::SortBy::Id, descending: true, after: None, skip: 0, limit: 10 };
        while !looking.is_finished() {
            assert_eq!(store.page(ORG, ModuleNumber(9), &query).await.unwrap().len(), 10);
            reads += 1;
            upload(&store, "Name\nA\n", NOW).await;
            uploads += 1;
        }
        assert_eq!(told(&looking.await.unwrap()), [""; 0]);
        assert!(reads > 10 && uploads > 10, "{reads} reads, {uploads} uploads");
    }
}
