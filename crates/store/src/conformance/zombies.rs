//! Workers that go on although their lease has ended and another attempt has taken their job.
//!
//! Fencing stops what they say of the job. What they write of its records is stopped by the ledger: a chunk has one row,
//! so it is applied once, by whoever comes first. Two attempts at one job are run here at the same time, and which of
//! them makes its next call is drawn from a seed.

use std::sync::{Condvar, LazyLock, Mutex, PoisonError};
use std::thread;

use bulkwright_engine::catalog::{Catalog, FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{IdBlock, JobId, OrgId, RecordId};
use bulkwright_engine::import::{self, Import, ImportError, Outcome};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::memory::MemoryStore as UndisturbedRecords;
use bulkwright_engine::plan::{NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};
use bulkwright_engine::result::{self, Settled};
use bulkwright_engine::spec::{Operation, ResourceSpec};
use bulkwright_engine::verdict_bytes::{self, RowVerdict};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::chunk::{EMAIL, NOW, USER, find};
use crate::Store;

/// Interleavings that are tried.
const SEEDS: u64 = 1000;
/// Bytes of typed rows in a chunk: three rows or so.
const CHUNK_BYTES: usize = 400;
const ROWS_MAX: u64 = 100;
const LEADS: ModuleNumber = super::chunk::LEADS;
/// Rows that meet each other and themselves, and one that cannot be read.
const CSV: &str = "Last_Name,Email,Lead_Source\nAnn,ann@x.com,Fair\nBob,bob@x.com,\nAnn again,ANN@x.com,Radio\n,none@x.com,\n\
    Cy,cy@x.com,fair\nDee,,\nBob again,bob@x.com,Radio\nEve,eve@x.com,\nshort\nCy again,cy@x.com,TV\nFay,fay@x.com,\n\
    Eve again,eve@x.com,\n";

/// Which attempt makes the next call, out of the two that may.
#[derive(Clone, Copy)]
enum Order {
    /// By the bits of a random sequence.
    Seeded(u64),
    /// The zombie makes all of its calls before the other one begins.
    ZombieFirst,
    /// The zombie looks, and then waits until the other one is through.
    ZombieLast,
}

const ZOMBIE: usize = 0;

/// Whose turn it is to make a call.
struct Turns {
    order: Order,
    state: Mutex<TurnState>,
    moved: Condvar,
}

struct TurnState {
    drawn: u64,
    next: usize,
    calls: [u32; 2],
    through: [bool; 2],
}

impl Turns {
    fn new(order: Order) -> Self {
        let drawn = match order {
            Order::Seeded(seed) => seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            Order::ZombieFirst | Order::ZombieLast => 1,
        };
        let state = TurnState { drawn, next: ZOMBIE, calls: [0; 2], through: [false; 2] };
        Turns { order, state: Mutex::new(state), moved: Condvar::new() }
    }

    /// Makes a call when it is this attempt's turn, and says whose is next.
    fn take<T>(&self, who: usize, call: impl FnOnce() -> T) -> T {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.moved.wait_while(state, |state| state.next != who && !state.through[state.next]);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let answer = call();
        state.calls[who] += 1;
        state.next = self.after(&mut state);
        self.moved.notify_all();
        answer
    }

    fn after(&self, state: &mut TurnState) -> usize {
        match self.order {
            Order::ZombieFirst => ZOMBIE,
            // Its first two calls look at what is settled.
            Order::ZombieLast => usize::from(state.calls[ZOMBIE] >= 2),
            Order::Seeded(_) => {
                state.drawn ^= state.drawn << 13;
                state.drawn ^= state.drawn >> 7;
                state.drawn ^= state.drawn << 17;
                usize::from(state.drawn & 64 != 0)
            }
        }
    }

    fn is_through(&self, who: usize) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).through[who] = true;
        self.moved.notify_all();
    }
}

/// One attempt's view of the records: a turn for each call, the store's writer only for as long as that.
struct Attempt<'a> {
    store: &'a dyn Store,
    org: OrgId,
    turns: &'a Turns,
    who: usize,
}

impl Attempt<'_> {
    fn take<T>(&self, call: impl FnOnce(&mut dyn RecordStore) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.turns.take(self.who, || call(self.store.record_writer(self.org)?.as_mut()))
    }
}

impl RecordStore for Attempt<'_> {
    fn org(&self) -> OrgId {
        self.org
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.take(|records| records.find(index, keys))
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.take(|records| records.read(module, ids))
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        self.take(|records| records.picklist_additions(module))
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.take(|records| records.ledger(job, resource))
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        self.take(|records| records.commit(change))
    }
}

/// A job of an organisation of its own: nothing of another seed is in its way.
struct Case {
    job: JobId,
    block: IdBlock,
    limits: Limits,
    spec: ResourceSpec,
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::builtin);

impl Case {
    fn new(number: u64) -> Self {
        let operation = [Operation::Insert, Operation::Upsert, Operation::Update][(number % 3) as usize];
        Case {
            job: JobId(number as i64),
            block: IdBlock { start: number * ROWS_MAX, size: ROWS_MAX },
            limits: Limits { chunk_bytes_max: CHUNK_BYTES, ..Limits::default() },
            spec: ResourceSpec {
                module: "Leads".to_owned(),
                operation,
                find_by: Some("Email".to_owned()),
                ignore_empty: false,
                mappings: Vec::new(),
                charset: None,
            },
        }
    }

    fn prepare(&self, spec: &ResourceSpec) -> Prepared {
        let request = Request {
            resource: 0,
            spec,
            catalog: &CATALOG,
            people: &[],
            picklist_additions: &[],
            new_picklist_values: NewPicklistValues::Add,
            time_zone: &jiff::tz::TimeZone::UTC,
            limits: &self.limits,
        };
        prepare(zipped(), &request).expect("the file can be imported")
    }

    /// Records that are there before, so that an update finds some.
    fn seed(&self, records: &mut dyn RecordStore) {
        let spec = ResourceSpec { operation: Operation::Insert, ..self.spec.clone() };
        let block = IdBlock { start: self.block.start + 10_000_000, size: ROWS_MAX };
        let import = Import { job: JobId(-1 - self.job.0), block, ..self.import() };
        if self.job.0 % 2 == 0 {
            import::run(&import, self.prepare(&spec), records, &mut ()).expect("records are seeded");
        }
    }

    fn import(&self) -> Import<'_> {
        Import { job: self.job, resource: 0, user: USER, now: NOW, block: self.block, limits: &self.limits }
    }

    fn run(&self, records: &mut dyn RecordStore) -> Result<Outcome, ImportError> {
        import::run(&self.import(), self.prepare(&self.spec), records, &mut ())
    }

    /// The records that the ledger says were made.
    fn added(&self, ledger: &[LedgerRow]) -> Vec<RecordId> {
        let mut first_row = 1;
        let mut added = Vec::new();
        for row in ledger {
            let verdicts = verdict_bytes::read(&row.verdicts, self.block, first_row);
            added.extend(verdicts.filter_map(|verdict| match verdict {
                RowVerdict::Added(id) => Some(id),
                _ => None,
            }));
            first_row = row.rows_through + 1;
        }
        added
    }

    /// The result, which follows from the file and the ledger.
    fn result(&self, records: &mut dyn RecordStore) -> Vec<u8> {
        let ledger = records.ledger(self.job, 0).expect("the ledger can be read");
        let settled = ledger.into_iter().map(Settled::from).map(Ok);
        let part = result::Part { prepared: self.prepare(&self.spec), block: self.block, settled };
        let zip = result::write(vec![part], NOW, std::io::Cursor::new(Vec::new()));
        zip.expect("a result is written").into_inner()
    }

    /// Everything else that can be told from outside.
    fn seen(&self, records: &mut dyn RecordStore) -> impl PartialEq + std::fmt::Debug + use<> {
        let ledger = records.ledger(self.job, 0).expect("the ledger can be read");
        let emails = ["ann@x.com", "bob@x.com", "cy@x.com", "eve@x.com", "fay@x.com", "none@x.com"];
        let carriers = find(records, EMAIL, &emails);
        let ids: Vec<RecordId> = carriers.iter().flatten().copied().chain(self.added(&ledger)).collect();
        (
            records.read(LEADS, &ids).expect("records can be read"),
            records.picklist_additions(LEADS).expect("additions can be read"),
            (ledger, carriers),
        )
    }
}

fn zipped() -> std::fs::File {
    let mut zip = ZipWriter::new(tempfile::tempfile().expect("a file is made"));
    zip.start_file("leads.csv", SimpleFileOptions::default()).expect("an entry begins");
    std::io::Write::write_all(&mut zip, CSV.as_bytes()).expect("an entry is written");
    zip.finish().expect("a zip is finished")
}

/// Two attempts at one job, interleaved; then everything is as if there had been one.
fn check(store: &dyn Store, number: u64, order: Order) -> [Result<Outcome, ImportError>; 2] {
    let case = Case::new(number);
    let org = OrgId(number as i64);
    case.seed(store.record_writer(org).expect("a writer is given").as_mut());
    let turns = Turns::new(order);
    let run = |who: usize| {
        let ended = case.run(&mut Attempt { store, org, turns: &turns, who });
        turns.is_through(who);
        ended
    };
    let ended = thread::scope(|scope| {
        let zombie = scope.spawn(|| run(ZOMBIE));
        let second = run(1);
        [zombie.join().expect("an attempt does not panic"), second]
    });
    let mut undisturbed = UndisturbedRecords::new(org);
    case.seed(&mut undisturbed);
    let expected = case.run(&mut undisturbed).expect("an undisturbed import ends");
    let mut completed = 0;
    for attempt in &ended {
        match attempt {
            Ok(outcome) => assert_eq!(outcome, &expected, "case {number}"),
            Err(ImportError::Overtaken) => continue,
            Err(error) => panic!("case {number}: {error}"),
        }
        completed += 1;
    }
    assert!(completed > 0, "case {number}: one of them comes to the end");
    let mut writer = store.record_writer(org).expect("a writer is given");
    assert_eq!(case.seen(writer.as_mut()), case.seen(&mut undisturbed), "case {number}");
    if !matches!(order, Order::Seeded(_)) {
        assert_eq!(case.result(writer.as_mut()), case.result(&mut undisturbed), "case {number}");
    }
    ended
}

/// A zombie's chunks and those of the attempt after it, in every order that the seeds give.
pub(crate) fn interleave(store: &dyn Store) {
    let mut overtaken = [0, 0];
    for seed in 1..=SEEDS {
        let ended = check(store, seed, Order::Seeded(seed));
        for (who, attempt) in ended.iter().enumerate() {
            overtaken[who] += u32::from(attempt.is_err());
        }
    }
    println!(
        "{SEEDS} interleavings: the zombie was overtaken in {}, the other attempt in {}",
        overtaken[0], overtaken[1]
    );
    assert!(overtaken.iter().all(|&times| times > SEEDS as u32 / 20), "both orders are met often: {overtaken:?}");
}

/// The zombie settles everything before the second attempt looks: that one finds nothing to do.
pub(crate) fn the_zombie_commits_first(store: &dyn Store) {
    for number in 2001..2007 {
        let [zombie, second] = check(store, number, Order::ZombieFirst);
        assert_eq!(zombie.expect("nothing stands against it"), second.expect("all is settled"));
    }
}

/// The zombie has looked, and decides, before the second attempt settles everything: its first commit is refused.
pub(crate) fn the_zombie_commits_last(store: &dyn Store) {
    for number in 3001..3007 {
        let [zombie, second] = check(store, number, Order::ZombieLast);
        assert!(matches!(zombie, Err(ImportError::Overtaken)), "{zombie:?}");
        second.expect("nothing stands against it");
    }
}
