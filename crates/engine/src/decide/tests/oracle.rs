//! Batches against a naive import that applies one row after another to a list of records.

use proptest::prelude::*;

use super::{check_spec, statuses_of};
use crate::spec::Operation::{self, Insert, Update, Upsert};
use crate::spec::ResourceSpec;
use crate::testkit::{Bench, mappings, spec};

/// Name, Email, Code, Serial, Count as cells: short, so that they meet often.
type Row = [String; 5];

const FIELDS: [&str; 5] = ["Name", "Email", "Code", "Serial", "Count"];
const EMAIL: usize = 1;
const CODE: usize = 2;
const SERIAL: usize = 3;
const COUNT: usize = 4;

#[derive(Clone, Debug)]
struct Record {
    id: String,
    cells: Row,
}

#[derive(Clone, Debug)]
struct Job {
    operation: Operation,
    find_by: Option<usize>,
    ignore_empty: bool,
    chunk_bytes_max: usize,
    rows: Vec<Row>,
}

/// The whole of the rules for text cells, as a loop over records.
fn apply(records: &mut Vec<Record>, job: &Job, number: usize) -> Vec<String> {
    let rows = job.rows.iter().enumerate();
    rows.map(|(row, cells)| apply_row(records, job, cells, format!("#{number}.{}", row + 1))).collect()
}

fn apply_row(records: &mut Vec<Record>, job: &Job, cells: &Row, id: String) -> String {
    let key = job.find_by.map(|field| (field, &cells[field])).filter(|(_, cell)| !cell.is_empty());
    let found: Vec<usize> = match key {
        None => Vec::new(),
        Some((field, cell)) => (0..records.len()).filter(|&at| same(field, &records[at].cells[field], cell)).collect(),
    };
    let creates = job.operation == Insert || (job.operation == Upsert && found.is_empty());
    let mut missing = Vec::new();
    if cells[0].is_empty() && (!job.ignore_empty || creates) {
        missing.push("Name");
    }
    if job.operation == Update && job.find_by.is_some_and(|field| cells[field].is_empty()) {
        missing.push(FIELDS[job.find_by.unwrap()]);
    }
    let invalid = cells[COUNT] == "x";
    // A row whose key is taken twice makes nothing, so that it needs no name.
    if invalid || !missing.is_empty() {
        let mut errors = Vec::new();
        if !missing.is_empty() {
            errors.push(format!("MANDATORY_NOT_FOUND-{}", missing.join(",")));
        }
        if invalid {
            errors.push("INVALID_DATA-Count".to_owned());
        }
        return format!("SKIPPED {}", errors.join(":"));
    }
    let key_name = job.find_by.map_or("", |field| FIELDS[field]);
    if job.operation == Update && found.is_empty() {
        return format!("SKIPPED RESOURCE_NOT_FOUND-{key_name}");
    }
    if job.operation != Insert && found.len() > 1 {
        return format!("SKIPPED DUPLICATE_DATA-{key_name}");
    }
    let target = if job.operation == Insert { None } else { found.first().copied() };
    let is_taken = |field: usize| {
        let others = records.iter().enumerate().filter(|(at, _)| Some(*at) != target);
        !cells[field].is_empty() && others.into_iter().any(|(_, other)| same(field, &other.cells[field], &cells[field]))
    };
    let mut taken: Vec<usize> = [CODE, SERIAL].into_iter().filter(|&field| is_taken(field)).collect();
    if job.operation == Insert && !found.is_empty() {
        taken.extend(job.find_by);
    }
    taken.sort_unstable();
    taken.dedup();
    if !taken.is_empty() {
        let names: Vec<&str> = taken.into_iter().map(|field| FIELDS[field]).collect();
        return format!("SKIPPED DUPLICATE_DATA-{}", names.join(","));
    }
    let Some(at) = target else {
        records.push(Record { id: id.clone(), cells: cells.clone() });
        return format!("ADDED {id}");
    };
    for (old, new) in records[at].cells.iter_mut().zip(cells) {
        if !new.is_empty() || !job.ignore_empty {
            new.clone_into(old);
        }
    }
    format!("UPDATED {}", records[at].id)
}

fn same(field: usize, one: &str, other: &str) -> bool {
    if field == SERIAL { one == other } else { one.to_lowercase() == other.to_lowercase() }
}

fn row() -> impl Strategy<Value = Row> {
    let mostly = |cell: &'static str, other: &'static str| prop_oneof![6 => Just(cell), 1 => Just(other)];
    let email = prop_oneof![Just(""), Just("a@x.com"), Just("A@x.com"), Just("b@x.com"), Just("c@x.com")];
    let code = prop_oneof![3 => Just(""), 1 => Just("k"), 1 => Just("K"), 1 => Just("l"), 1 => Just("m")];
    let serial = prop_oneof![4 => Just(""), 1 => Just("s"), 1 => Just("S"), 1 => Just("t")];
    let name = mostly("n", "");
    (name, email, code, serial, mostly("1", "x"))
        .prop_map(|(name, email, code, serial, count)| [name, email, code, serial, count].map(str::to_owned))
}

fn job() -> impl Strategy<Value = Job> {
    let operation = prop_oneof![Just(Insert), Just(Update), Just(Upsert)];
    let find_by = prop_oneof![Just(Some(EMAIL)), Just(Some(CODE)), Just(Some(SERIAL)), Just(None)];
    let chunk = prop_oneof![Just(1_usize), Just(300), Just(1 << 20)];
    let rows = proptest::collection::vec(row(), 0..9);
    (operation, find_by, any::<bool>(), chunk, rows).prop_map(|(operation, find_by, ignore_empty, chunk, rows)| Job {
        operation,
        find_by: if operation == Insert { find_by } else { find_by.or(Some(EMAIL)) },
        ignore_empty,
        chunk_bytes_max: chunk,
        rows,
    })
}

fn csv(rows: &[Row]) -> String {
    let lines = rows.iter().map(|row| row.join(",") + "\n");
    std::iter::once(FIELDS.join(",") + "\n").chain(lines).collect()
}

fn body(cells: &Row) -> String {
    let number = |field: usize| if field == COUNT { cells[field].clone() } else { format!("\"{}\"", cells[field]) };
    let fields = (0..FIELDS.len()).filter(|&field| !cells[field].is_empty());
    let fields: Vec<String> = fields.map(|field| format!("\"{}\":{}", field + 1, number(field))).collect();
    format!("{{{}}}", fields.join(","))
}

fn spec_of(job: &Job) -> ResourceSpec {
    let mut spec = spec(job.operation, job.find_by.map(|field| FIELDS[field]));
    spec.ignore_empty = job.ignore_empty;
    spec.mappings = mappings(&FIELDS);
    spec
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn batches_do_what_single_rows_would(jobs in proptest::collection::vec(job(), 1..4)) {
        let mut bench = Bench::new();
        let mut records = Vec::new();
        for (number, job) in (1..).zip(&jobs) {
            bench.limits.chunk_bytes_max = job.chunk_bytes_max;
            let result = bench.import(&spec_of(job), &csv(&job.rows));
            let expected = apply(&mut records, job, number);
            prop_assert_eq!(statuses_of(&result), expected);
        }
        let line = |line: &str| line.split_once(" v").map(|(id, rest)| format!("{id} {}", rest.split_once(' ').unwrap().1));
        let stored: Vec<String> = bench.records().lines().filter_map(line).collect();
        let expected: Vec<String> = records.iter().map(|record| format!("{} {}", record.id, body(&record.cells))).collect();
        prop_assert_eq!(stored, expected);
        // Its keys are those of its records.
        let after = bench.records();
        check_spec(&mut bench, &spec(Insert, None), "Name\n", &[], &after);
    }
}
