//! Random jobs over all types and ways of matching: the embedded store and the model come to the same results and records.

use std::fs::File;
use std::io::Cursor;
use std::sync::Mutex;

use bulkwright_engine::ids::{IdBlock, UserId};
use bulkwright_engine::import::{self, Import, Outcome};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::memory::MemoryStore;
use bulkwright_engine::plan::{NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::result::{self, Part, Settled};
use bulkwright_engine::spec::{DefaultValue, Mapping, Operation, ResourceSpec};
use bulkwright_engine::typing::Person;
use bulkwright_engine::verdict::Counts;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use zip::write::SimpleFileOptions;

use super::restart::ORG;
use super::*;
use crate::upkeep::Upkeep;

const THINGS: &str = r#"
number = 9
id = 900000
api_name = "Things"
singular_label = "Thing"
plural_label = "Things"
display_field = "Full"
fields = [
  { number = 1, id = 1, api_name = "Name", label = "Name", type = "text", length = 9, mandatory = true },
  { number = 2, id = 2, api_name = "Email", label = "Email", type = "email", length = 100, duplicate_check = true },
  { number = 3, id = 3, api_name = "Code", label = "Code", type = "text", length = 20, unique = { case_sensitive = false } },
  { number = 4, id = 4, api_name = "Serial", label = "Serial", type = "text", length = 20, unique = { case_sensitive = true } },
  { number = 5, id = 5, api_name = "Outer", label = "Outer", type = "bigint", digits = 9, external = true },
  { number = 6, id = 6, api_name = "Count", label = "Count", type = "integer", digits = 9 },
  { number = 7, id = 7, api_name = "Share", label = "Share", type = "percent", digits = 5, decimal_places = 2 },
  { number = 8, id = 8, api_name = "Price", label = "Price", type = "currency", digits = 16, decimal_places = 2 },
  { number = 9, id = 9, api_name = "Day", label = "Day", type = "date" },
  { number = 10, id = 10, api_name = "At", label = "At", type = "datetime" },
  { number = 11, id = 11, api_name = "Done", label = "Done", type = "boolean" },
  { number = 12, id = 12, api_name = "Kind", label = "Kind", type = "picklist", values = ["Old"] },
  { number = 13, id = 13, api_name = "Colours", label = "Colours", type = "multiselectpicklist", values = ["Red"] },
  { number = 14, id = 14, api_name = "Owner", label = "Owner", type = "ownerlookup" },
  { number = 15, id = 15, api_name = "Helper", label = "Helper", type = "userlookup" },
  { number = 16, id = 16, api_name = "Place", label = "Place", type = "lookup", module = "Places" },
  { number = 17, id = 17, api_name = "Above", label = "Above", type = "lookup", module = "Things" },
  { number = 18, id = 18, api_name = "About", label = "About", type = "lookup", modules = ["Places", "Things"] },
  { number = 19, id = 19, api_name = "Layout", label = "Layout", type = "layout" },
  { number = 20, id = 20, api_name = "Full", label = "Full", type = "text", length = 40, joins = ["Name", "Kind"], duplicate_check = true },
  { number = 1001, id = 101, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
layouts = [{ id = 77, name = "Partners" }]
"#;

const PLACES: &str = r#"
number = 10
id = 910000
api_name = "Places"
singular_label = "Place"
plural_label = "Places"
fields = [
  { number = 1, id = 201, api_name = "Name", label = "Name", type = "text", length = 9, duplicate_check = true },
  { number = 2, id = 202, api_name = "Code", label = "Code", type = "text", length = 9, unique = { case_sensitive = false } },
  { number = 1001, id = 203, api_name = "id", label = "Record Id", type = "other", data_type = "bigint", read_only = true },
]
"#;

/// A column of Things: its field, what finds the record of a look-up, its pattern, and cells that it may have. `@N` is the
/// id of a record.
type ColumnOf = (&'static str, Option<&'static str>, Option<&'static str>, &'static [&'static str]);

const COLUMNS: [ColumnOf; 19] = [
    ("Name", None, None, &["a", "b", "A", "a", "b", "", "much too long"]),
    ("Email", None, None, &["", "a@x.com", "A@x.com", "b@x.com", "none"]),
    ("Code", None, None, &["", "k", "K", "l"]),
    ("Serial", None, None, &["", "s", "S", "t"]),
    ("Outer", None, None, &["", "1", "01", "2", "x"]),
    ("Count", None, None, &["", "1", "1,000", "1.5"]),
    ("Share", None, None, &["", "5%", "7.125", "123456"]),
    ("Price", None, Some("#.##0,00 €"), &["", "1.234,5", "7 €", "1,234.5"]),
    ("Day", None, Some("dd.MM.yyyy"), &["", "31.01.2026", "30.02.2026"]),
    ("At", None, None, &["", "2026-01-31T10:00:00+05:30", "01/31/2026 10:00", "soon"]),
    ("Done", None, None, &["", "yes", "0", "maybe"]),
    ("Kind", None, None, &["", "old", "New", "NEW", "Odd"]),
    ("Colours", None, None, &["", "red", "Green;red", "GREEN;blue", "Blue; BLUE"]),
    ("Owner", None, None, &["", "5", "ann@example.com", "6"]),
    ("Helper", Some("email"), None, &["", "ann@example.com", "5"]),
    ("Place", Some("Code"), None, &["", "h", "H", "y", "none"]),
    ("Above", Some("Serial"), None, &["", "s", "S", "t"]),
    ("About", Some("id"), None, &["", "@0", "@1", "@5", "7", "x"]),
    ("Layout", None, None, &["", "Partners", "77", "Retired", "12"]),
];

#[derive(Clone, Debug)]
struct Job {
    of_places: bool,
    operation: Operation,
    find_by: Option<&'static str>,
    ignore_empty: bool,
    above_by_name: bool,
    has_default: bool,
    rows: Vec<Vec<&'static str>>,
}

fn job() -> impl Strategy<Value = Job> {
    let operation = prop_oneof![Just(Operation::Insert), Just(Operation::Update), Just(Operation::Upsert)];
    let find_by = prop_oneof![Just("Email"), Just("Code"), Just("Serial"), Just("Outer"), Just("id")];
    let is_key = |field: &str| ["Email", "Code", "Serial", "Outer"].contains(&field);
    let cells: Vec<_> =
        COLUMNS.iter().map(|&(field, _, _, cells)| cell(cells, if is_key(field) { 20 } else { 60 })).collect();
    let rows = prop::collection::vec(cells, 0..9);
    let flags = (prop::bool::weighted(0.2), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (operation, find_by, flags, rows).prop_map(|(operation, find_by, flags, rows)| {
        let (of_places, ignore_empty, above_by_name, has_default, has_key) = flags;
        let find_by = (operation != Operation::Insert || has_key).then_some(find_by);
        // Places have fewer keys.
        let find_by = if of_places { find_by.map(|_| "Code") } else { find_by };
        Job { of_places, operation, find_by, ignore_empty, above_by_name, has_default, rows }
    })
}

/// Mostly the first cell, which is always good; the last one of each column's fits nothing.
fn cell(cells: &'static [&'static str], weight_of_first: u32) -> impl Strategy<Value = &'static str> {
    let last = cells.len() - 1;
    prop_oneof![weight_of_first => Just(cells[0]), 30 => (0..last).prop_map(move |at| cells[at]), 1 => Just(cells[last])]
}

impl Job {
    fn spec(&self) -> ResourceSpec {
        let mut mappings = Vec::new();
        if self.of_places {
            mappings.extend(["Name", "Code"].iter().enumerate().map(|(at, field)| Mapping::of_column(field, at)));
        } else {
            for (at, &(field, find_by, format, _)) in COLUMNS.iter().enumerate() {
                let find_by = if field == "Above" && self.above_by_name { Some("Full") } else { find_by };
                let (find_by, format) = (find_by.map(str::to_owned), format.map(str::to_owned));
                mappings.push(Mapping { find_by, format, ..Mapping::of_column(field, at) });
            }
            if self.has_default {
                let value = Some("Odd;red".into());
                mappings[12].default = Some(DefaultValue { value, name: None, module: None });
            }
            if self.find_by == Some("id") {
                mappings.push(Mapping::of_column("id", 17));
            }
        }
        let module = if self.of_places { "Places" } else { "Things" };
        ResourceSpec {
            module: module.to_owned(),
            operation: self.operation,
            find_by: self.find_by.map(str::to_owned),
            ignore_empty: self.ignore_empty,
            mappings,
            charset: None,
        }
    }

    /// The file; `ids` are those of all records.
    fn csv(&self, ids: &[RecordId]) -> String {
        let id = |cell: &str| {
            let place: Option<usize> = cell.strip_prefix('@').and_then(|place| place.parse().ok());
            match place {
                Some(_) if ids.is_empty() => "7".to_owned(),
                Some(place) => ids[place % ids.len()].to_string(),
                None => format!("\"{cell}\""),
            }
        };
        let line = |row: &Vec<&'static str>| {
            let cells: Vec<String> = if self.of_places {
                [15, 15].map(|at| id(row[at])).to_vec()
            } else {
                row.iter().map(|cell| id(cell)).collect()
            };
            cells.join(",") + "\n"
        };
        let names: Vec<&str> = if self.of_places { vec!["Name", "Code"] } else { COLUMNS.map(|it| it.0).to_vec() };
        names.join(",") + "\n" + &self.rows.iter().map(line).collect::<String>()
    }
}

/// Runs a job and answers its result zip, or why it was refused.
fn run(
    store: &mut dyn RecordStore,
    catalog: &Catalog,
    number: i64,
    job: &Job,
    csv: &str,
    limits: &Limits,
) -> Result<Vec<u8>, String> {
    let spec = job.spec();
    let prepared = |store: &mut dyn RecordStore| -> Result<Prepared, String> {
        let module = catalog.module(&spec.module).unwrap().number;
        let request = Request {
            resource: 0,
            spec: &spec,
            catalog,
            people: &[Person { id: UserId(5), email: "ann@example.com".to_owned(), name: "Ann".to_owned() }],
            picklist_additions: &store.picklist_additions(module).unwrap(),
            new_picklist_values: NewPicklistValues::Add,
            time_zone: &jiff::tz::TimeZone::UTC,
            limits,
        };
        prepare(zip_of(csv), &request).map_err(|refusal| refusal.to_string())
    };
    let block = IdBlock { start: number.unsigned_abs() * 100, size: 100 };
    let import = Import { job: JobId(number), resource: 0, user: UserId(5), now: 1_795_000_000, block, limits };
    let ready = prepared(store)?;
    let Outcome::Completed(counts) = import::run(&import, ready, store, &mut ()).unwrap() else { panic!("{csv}") };
    assert_eq!(counts.total(), job.rows.len() as u64, "counters add up: {csv}");
    let ledger = store.ledger(JobId(number), 0).unwrap();
    let part = Part { prepared: prepared(store)?, block, settled: ledger.into_iter().map(Settled::from).map(Ok) };
    Ok(result::write(vec![part], 1_795_000_000, Cursor::new(Vec::new())).unwrap().into_inner())
}

fn zip_of(csv: &str) -> File {
    let mut zip = zip::ZipWriter::new(tempfile::tempfile().unwrap());
    zip.start_file("x.csv", SimpleFileOptions::default()).unwrap();
    std::io::Write::write_all(&mut zip, csv.as_bytes()).unwrap();
    zip.finish().unwrap()
}

/// The first cells and the order of a result's lines are those of the file.
fn check_lines(zip: &[u8], job: &Job, csv: &str) {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut archive.by_index(0).unwrap(), &mut text).unwrap();
    assert_eq!(text.lines().count(), job.rows.len() + 1, "{text}");
    let first = |line: &str| line.split(',').next().unwrap().trim_matches('"').to_owned();
    assert!(text.lines().map(first).eq(csv.lines().map(first)), "{text}\n{csv}");
}

/// What the random jobs came to, so that they cannot all be refused unseen.
#[derive(Debug, Default)]
struct Met {
    refused: u32,
    counts: Counts,
}

#[test]
fn jobs_of_every_type_end_as_in_the_model() {
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    let jobs = prop::collection::vec(job(), 1..6);
    let hash_bits = prop_oneof![Just(64_u32), Just(4)];
    let chunk_bytes_max = prop_oneof![Just(1_usize), Just(600), Just(1 << 20)];
    let met = Mutex::new(Met::default());
    let outcome = TestRunner::new(config).run(&(jobs, hash_bits, chunk_bytes_max), |(jobs, hash_bits, bytes)| {
        compare(&jobs, hash_bits, bytes, &mut met.lock().unwrap())
    });
    outcome.unwrap();
    let met = met.into_inner().unwrap();
    println!("{met:?}");
    let Counts { added, updated, skipped } = met.counts;
    assert!(added > 150 && updated > 50 && skipped > 150 && met.refused < 30, "{met:?}");
}

fn compare(jobs: &[Job], hash_bits: u32, chunk_bytes_max: usize, met: &mut Met) -> Result<(), TestCaseError> {
    let catalog = Catalog::parse(&[THINGS, PLACES]).unwrap();
    let (_directory, store) = new_store(&OpenOptions { hash_bits, ..temporary() });
    store.set_catalog(&catalog).unwrap();
    let mut model = MemoryStore::new(ORG);
    let limits = Limits { chunk_bytes_max, ..Limits::default() };
    for (number, job) in (1..).zip(first_jobs().iter().chain(jobs)) {
        let ids: Vec<RecordId> = all(&model).into_iter().map(|(_, id, ..)| id).collect();
        let csv = job.csv(&ids);
        let expected = run(&mut model, &catalog, number, job, &csv, &limits);
        let found = run(store.record_writer(ORG).unwrap().as_mut(), &catalog, number, job, &csv, &limits);
        prop_assert_eq!(&found, &expected, "{}", csv);
        match &found {
            Ok(zip) => check_lines(zip, job, &csv),
            Err(_) => met.refused += 1,
        }
        model.ledger(JobId(number), 0).unwrap().iter().for_each(|row| met.counts += row.counts);
    }
    check_records(&store, &all(&model))
}

/// Two places and two things, for the others to find.
fn first_jobs() -> [Job; 2] {
    let job = |of_places, rows: Vec<Vec<&'static str>>| Job {
        of_places,
        operation: Operation::Insert,
        find_by: None,
        ignore_empty: false,
        above_by_name: false,
        has_default: false,
        rows,
    };
    let row = |first: &[&'static str], place| {
        let mut row = vec![""; COLUMNS.len()];
        row[..first.len()].copy_from_slice(first);
        row[15] = place;
        row
    };
    let things = vec![row(&["a", "a@x.com", "k", "s", "1"], "h"), row(&["b", "b@x.com", "l", "t", "2"], "")];
    [job(true, vec![row(&[], "h"), row(&[], "y")]), job(false, things)]
}

/// All records of a model: module, id, version, body.
fn all(model: &MemoryStore) -> Vec<(ModuleNumber, RecordId, u32, Box<str>)> {
    let of = |number| {
        let records = model.records(ModuleNumber(number));
        records.map(move |(id, it)| (ModuleNumber(number), id, it.version, it.body.clone()))
    };
    of(9).chain(of(10)).collect()
}

fn check_records(
    store: &SqliteStore,
    expected: &[(ModuleNumber, RecordId, u32, Box<str>)],
) -> Result<(), TestCaseError> {
    let mut writer = store.record_writer(ORG).unwrap();
    for (module, id, version, body) in expected {
        let stored = writer.read(*module, &[*id]).unwrap().remove(0).unwrap();
        prop_assert_eq!((stored.version, &stored.body), (*version, body));
    }
    drop(writer);
    let records: i64 = store
        .writer_turn
        .wait()
        .with(|connection| connection.query_row("SELECT count(*) FROM record", [], |row| row.get(0)).unwrap());
    prop_assert_eq!(records, expected.len() as i64);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let verification = runtime.block_on(store.verify()).unwrap();
    // There are no jobs beside these ledger rows; records and keys are as they have to be.
    let is_of_records = |what: &str| what.contains("key") || what.starts_with("record ");
    let wrong: Vec<_> = verification.differences.iter().filter(|it| is_of_records(&it.what)).collect();
    prop_assert!(wrong.is_empty(), "{:?}", wrong);
    Ok(())
}
