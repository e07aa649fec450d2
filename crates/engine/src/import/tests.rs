mod meanwhile;

use std::io::{Read, Seek, SeekFrom, Write};

use super::*;
use crate::memory::MemoryStore;
use crate::record_store::{ChangeSet, IndexId, Key, LedgerRow, Matches, Versioned};
use crate::result::{Echoes, Settled};
use crate::spec::{Operation, ResourceSpec};
use crate::testkit::{Bench, mappings, spec, zip_of};

const CSV: &str = "Name,Email,Kind\nA,a@x.com,Old\nB,b@x.com,Fresh\nC,a@x.com,x\nD,d@x.com,FRESH\nE,bad,\nF,f@x.com,\n";

/// Stops after some commits, and remembers what it was told.
#[derive(Default)]
struct Script {
    stop_after: Option<usize>,
    elapsed: Duration,
    told: Vec<u64>,
    settled: Vec<Settled>,
}

impl Watch for Script {
    fn committed(&mut self, ledger: LedgerRow, echoes: Echoes, counts: Counts) {
        self.settled.push(Settled::Chunk { ledger, echoes: Some(echoes) });
        self.told.push(counts.total());
    }

    fn should_stop(&mut self) -> bool {
        self.stop_after.is_some_and(|commits| self.told.len() >= commits)
    }

    fn elapsed(&mut self) -> Duration {
        self.elapsed
    }
}

fn insert() -> ResourceSpec {
    spec(Operation::Insert, Some("Email"))
}

fn chunked() -> Bench {
    let mut bench = Bench::new();
    bench.limits.chunk_bytes_max = 100;
    bench.job = 1;
    bench
}

#[test]
fn a_small_job_is_one_chunk() {
    let mut bench = Bench::new();
    bench.import(&insert(), CSV);
    let ledger = bench.ledger();
    assert_eq!(ledger.len(), 1);
    assert_eq!((ledger[0].rows_through, ledger[0].counts), (6, Counts { added: 4, updated: 0, skipped: 2 }));
}

#[test]
fn a_resumed_job_ends_like_one_that_was_never_stopped() {
    let mut whole = chunked();
    whole.run(&insert(), CSV, &mut ()).unwrap();
    let chunks = whole.ledger().len();
    assert!(chunks >= 3, "{chunks}");
    for stop_after in 0..chunks {
        let mut bench = chunked();
        let mut script = Script { stop_after: Some(stop_after), ..Script::default() };
        let outcome = bench.run(&insert(), CSV, &mut script).unwrap();
        assert!(matches!(outcome, Outcome::Stopped(_)), "{outcome:?}");
        assert_eq!(bench.ledger().len(), stop_after);
        let outcome = bench.run(&insert(), CSV, &mut ()).unwrap();
        assert_eq!(outcome, Outcome::Completed(Counts { added: 4, updated: 0, skipped: 2 }));
        assert_eq!(bench.store, whole.store);
        assert_eq!(bench.result_zip(&insert(), CSV), whole.result_zip(&insert(), CSV));
    }
}

#[test]
fn a_result_is_the_same_with_echoes_and_by_reading_again() {
    let csv = format!("{CSV}\"G, \"\"the\"\" 1st\",g@x.com,\n\"two\nlines\",h@x.com,Old\nshort\n");
    let mut whole = chunked();
    whole.run(&insert(), &csv, &mut ()).unwrap();
    let expected = whole.result_zip(&insert(), &csv);
    for stop_after in 0..whole.ledger().len() {
        let mut bench = chunked();
        let mut script = Script { stop_after: Some(stop_after), ..Script::default() };
        bench.run(&insert(), &csv, &mut script).unwrap();
        let mut settled: Vec<Settled> = bench.ledger().into_iter().map(Settled::from).collect();
        let stopped = [script.settled.clone(), settled.clone()].map(|it| bench.result_zip_of(&insert(), &csv, it));
        assert_eq!(stopped[0], stopped[1], "the rows behind the stop are unprocessed either way");
        let mut script = Script::default();
        bench.run(&insert(), &csv, &mut script).unwrap();
        settled.extend(script.settled);
        assert_eq!(bench.result_zip_of(&insert(), &csv, settled.clone()), expected);
        settled.push(Settled::All);
        assert_eq!(bench.result_zip_of(&insert(), &csv, settled), expected);
    }
}

#[test]
fn a_finished_job_that_runs_again_changes_nothing() {
    let mut bench = chunked();
    let first = bench.run(&insert(), CSV, &mut ()).unwrap();
    let before = bench.store.clone();
    assert_eq!(bench.run(&insert(), CSV, &mut ()).unwrap(), first);
    assert_eq!(bench.store, before);
}

#[test]
fn progress_is_told_after_each_commit() {
    let mut bench = chunked();
    let mut script = Script::default();
    bench.run(&insert(), CSV, &mut script).unwrap();
    assert_eq!(script.told.last(), Some(&6));
    assert_eq!(script.told.len(), bench.ledger().len());
}

#[test]
fn too_many_rows_fail_a_small_job_as_a_whole() {
    let mut bench = Bench::new();
    bench.limits.rows_max = 5;
    let outcome = bench.run(&insert(), CSV, &mut ()).unwrap();
    let Outcome::Failed(counts, failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((counts.total(), failure.code.as_str()), (0, "LIMIT_EXCEEDED"));
    assert_eq!(failure.message, "the CSV has more than 5 rows; split it into files of at most 5 rows each");
    assert_eq!(bench.records(), "");
    bench.limits.rows_max = 6;
    assert!(matches!(bench.run(&insert(), CSV, &mut ()).unwrap(), Outcome::Completed(_)));
}

#[test]
fn a_large_job_that_fails_keeps_its_chunks_and_lists_the_rest() {
    let mut bench = chunked();
    bench.limits.rows_max = 5;
    let outcome = bench.run(&insert(), CSV, &mut ()).unwrap();
    let settled = bench.ledger().last().unwrap().rows_through;
    assert!(matches!(&outcome, Outcome::Failed(counts, _) if counts.total() == settled && settled > 0), "{outcome:?}");
    let result = bench.result(&insert(), CSV);
    assert_eq!(result.lines().count(), 1 + 5, "{result}");
    assert_eq!(result.matches("UNPROCESSED,,").count() as u64, 5 - settled, "{result}");
}

/// A CSV that is longer than what is read before the first row is, and a zip of it with one letter changed near its end:
/// every row can be read, and only the checksum is wrong.
fn damaged() -> (String, impl Fn() -> std::fs::File) {
    let note = "n".repeat(2500);
    let rows = (1..=900).map(|row| format!("N{row},{row}@x.com,{note}\n"));
    let csv: String = std::iter::once("Name,Email,Note\n".to_owned()).chain(rows).collect();
    let mut bytes = Vec::new();
    let mut zip = zip_of("things.csv", &csv);
    zip.seek(SeekFrom::Start(0)).unwrap();
    zip.read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(9).position(|found| found == b"900@x.com").unwrap();
    bytes[at] = b'8';
    let file = move || {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file
    };
    (csv, file)
}

#[test]
fn a_damaged_file_fails_a_small_job_as_a_whole() {
    let (_, file) = damaged();
    let mut bench = Bench::new();
    bench.job = 1;
    let outcome = bench.run_file(&insert(), file(), &mut ()).unwrap();
    let Outcome::Failed(counts, failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((counts.total(), failure.code.as_str()), (0, "FILE_NOT_SUPPORTED"));
    assert!(failure.message.contains("damaged"), "{failure:?}");
    assert_eq!((bench.records(), bench.ledger().len()), (String::new(), 0));
}

#[test]
fn a_damaged_file_leaves_a_large_job_its_chunks() {
    let (csv, file) = damaged();
    let mut bench = Bench::new();
    bench.job = 1;
    bench.limits.chunk_bytes_max = 20_000;
    let outcome = bench.run_file(&insert(), file(), &mut ()).unwrap();
    assert!(matches!(outcome, Outcome::Failed(counts, _) if counts.added > 0 && counts.added < 900), "{outcome:?}");
    let settled = bench.ledger().last().unwrap().rows_through;
    let result = bench.result(&insert(), &csv);
    assert_eq!(result.lines().count(), 901);
    assert_eq!(result.matches(",ADDED,").count() as u64, settled);
    assert_eq!(result.matches(",UNPROCESSED,,").count() as u64, 900 - settled);
}

#[test]
fn time_runs_out_between_chunks() {
    let mut bench = chunked();
    let mut script = Script { elapsed: Duration::from_secs(3601), ..Script::default() };
    let outcome = bench.run(&insert(), CSV, &mut script).unwrap();
    let Outcome::Failed(counts, failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!((counts.total(), failure.code), (0, FailureCode::LimitExceeded));
}

/// Lets another writer come first a few times.
struct Contested {
    inner: MemoryStore,
    /// Another run commits each chunk just before this one does.
    is_overtaken: bool,
    conflicts: u32,
    commits: u32,
}

impl RecordStore for Contested {
    fn org(&self) -> crate::ids::OrgId {
        self.inner.org()
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.inner.find(index, keys)
    }

    fn read(
        &mut self,
        module: crate::catalog::ModuleNumber,
        ids: &[crate::ids::RecordId],
    ) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.inner.read(module, ids)
    }

    fn picklist_additions(
        &mut self,
        module: crate::catalog::ModuleNumber,
    ) -> Result<Vec<(crate::catalog::FieldNumber, String)>, StoreError> {
        self.inner.picklist_additions(module)
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.inner.ledger(job, resource)
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        self.commits += 1;
        if self.commits <= self.conflicts {
            return Err(StoreError::Conflict);
        }
        if self.is_overtaken {
            self.inner.commit(change)?;
        }
        self.inner.commit(change)
    }
}

#[test]
fn a_conflict_is_decided_again_and_not_for_ever() {
    let run_against = |conflicts: u32| {
        let mut bench = Bench::new();
        let prepared = bench.prepare(&insert(), zip_of("x.csv", CSV)).unwrap();
        let mut store =
            Contested { inner: MemoryStore::new(crate::ids::OrgId(1)), is_overtaken: false, conflicts, commits: 0 };
        let limits = Limits::default();
        let import =
            Import { job: JobId(1), resource: 0, user: UserId(1), now: 0, block: bench.block(), limits: &limits };
        (run(&import, prepared, &mut store, &mut ()), store.commits)
    };
    assert!(matches!(run_against(4), (Ok(Outcome::Completed(counts)), 5) if counts.added == 4));
    assert!(matches!(run_against(5), (Err(ImportError::Store { row: 1, source: StoreError::Conflict }), 5)));
}

#[test]
fn a_chunk_that_another_run_settled_is_left_alone() {
    let mut bench = Bench::new();
    let prepared = bench.prepare(&insert(), zip_of("x.csv", CSV)).unwrap();
    let inner = MemoryStore::new(crate::ids::OrgId(1));
    let mut store = Contested { inner, is_overtaken: true, conflicts: 0, commits: 0 };
    let limits = Limits::default();
    let import = Import { job: JobId(1), resource: 0, user: UserId(1), now: 0, block: bench.block(), limits: &limits };
    assert!(matches!(run(&import, prepared, &mut store, &mut ()), Err(ImportError::Overtaken)));
}

#[test]
fn later_chunks_are_smaller() {
    let rows: String = (1..=900).map(|row| format!("N{row}\n")).collect();
    let mut bench = Bench::new();
    bench.limits.chunk_bytes_max = 20_000;
    bench.run(&spec(Operation::Insert, None), &format!("Name\n{rows}"), &mut ()).unwrap();
    let sizes: Vec<u64> = bench.ledger().iter().map(|row| row.counts.total()).collect();
    assert!(sizes.len() > 2 && sizes[0] > sizes[1] && sizes[1] * 3 > sizes[0], "{sizes:?}");
}

#[test]
fn ids_do_not_depend_on_chunks() {
    let (mut one, mut many) = (Bench::new(), chunked());
    one.job = 1;
    let mut spec = insert();
    spec.mappings = mappings(&["Name", "Email", "Kind"]);
    one.run(&spec, CSV, &mut ()).unwrap();
    many.run(&spec, CSV, &mut ()).unwrap();
    let module = one.catalog.modules()[0].number;
    assert_eq!(one.store.records(module).collect::<Vec<_>>(), many.store.records(module).collect::<Vec<_>>());
}
