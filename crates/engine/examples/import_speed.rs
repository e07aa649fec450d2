//! How fast an import is without its store, and what each step costs.
//!
//! `cargo run --release -p bulkwright-engine --example import_speed [ROWS]`
//!
//! Makes a zip of ROWS leads (1,000,000 unless told) of 16 columns and imports it, as an insert with find_by Email, into
//! a store that forgets everything: first the whole with its threads, and the result file, then the steps one by one on
//! one thread. The best of three turns each.

use std::fs::File;
use std::io::{self, Read, Write};
use std::time::Instant;

use bulkwright_engine::archive::{find_csv, open_csv};
use bulkwright_engine::batch::Batch;
use bulkwright_engine::catalog::{Catalog, FieldNumber, ModuleNumber};
use bulkwright_engine::decide::{PicklistAdditions, decide};
use bulkwright_engine::ids::{IdBlock, JobId, OrgId, RecordId, UserId};
use bulkwright_engine::import::{self, Import, Outcome};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::plan::{NewPicklistValues, Plan, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::reader::RowReader;
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};
use bulkwright_engine::result::{self, Part};
use bulkwright_engine::spec::{Operation, ResourceSpec};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

type Failure = Box<dyn std::error::Error>;

const ROWS: u64 = 1_000_000;
const TURNS: usize = 3;
const BLOCK: IdBlock = IdBlock { start: 1 << 40, size: u64::MAX >> 8 };
const HEADER: &str = "Last_Name,First_Name,Company,Email,Phone,Mobile,Lead_Status,Lead_Source,Annual_Revenue,\
    No_of_Employees,Website,Street,City,Country,First_Visited_Time,Description\n";

fn main() -> Result<(), Failure> {
    let rows = std::env::args().nth(1).map_or(Ok(ROWS), |rows| rows.parse())?;
    let file = zip_of_leads(rows)?;
    let limits = Limits::lifted();
    let mut store = Forgetful::default();
    measure("whole import, zip in, on its threads", rows, || {
        store = Forgetful::default();
        run(prepared(&file, &limits)?, &limits, &mut store)
    })?;
    measure("result zip", rows, || {
        let part = Part {
            prepared: prepared(&file, &limits)?,
            block: BLOCK,
            settled: store.ledger.iter().cloned().map(|row| Ok(row.into())),
        };
        result::write(vec![part], 0, io::BufWriter::new(tempfile::tempfile()?))?;
        Ok(())
    })?;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: unknown");
    writeln!(io::stdout(), "peak memory of these two: {peak}")?;
    measure_steps(&file, rows, &limits)
}

/// The steps one by one, everything in memory.
fn measure_steps(file: &File, rows: u64, limits: &Limits) -> Result<(), Failure> {
    let mut csv = Vec::new();
    open_csv(file.try_clone()?, &find_csv(&mut file.try_clone()?, limits)?, limits)?.read_to_end(&mut csv)?;
    let plan = prepared(file, limits)?.plan;
    let mut batch = Batch::default();
    measure("read and type", rows, || type_rows(&plan, &csv, limits, &mut batch))?;
    measure("decide", rows, || {
        let counts = decide(&plan, BLOCK, &batch, &PicklistAdditions::default(), &mut Forgetful::default())?.counts;
        assert_eq!(counts.added + counts.skipped, rows);
        Ok(())
    })
}

fn measure(what: &str, rows: u64, mut turn: impl FnMut() -> Result<(), Failure>) -> Result<(), Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..TURNS {
        let start = Instant::now();
        turn()?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    writeln!(io::stdout(), "{what:40} {:8.3} s {:10.0} rows/s", best, rows as f64 / best)?;
    Ok(())
}

fn prepared(file: &File, limits: &Limits) -> Result<Prepared, Failure> {
    let spec = ResourceSpec {
        module: "Leads".to_owned(),
        operation: Operation::Insert,
        find_by: Some("Email".to_owned()),
        ignore_empty: false,
        mappings: Vec::new(),
        charset: None,
    };
    let request = Request {
        resource: 0,
        spec: &spec,
        catalog: &Catalog::builtin(),
        people: &[],
        picklist_additions: &[],
        new_picklist_values: NewPicklistValues::Add,
        time_zone: &jiff::tz::TimeZone::UTC,
        limits,
    };
    Ok(prepare(file.try_clone()?, &request)?)
}

fn type_rows(plan: &Plan, csv: &[u8], limits: &Limits, batch: &mut Batch) -> Result<(), Failure> {
    batch.begin(1);
    let mut reader = RowReader::open(csv, None, limits)?;
    while let Some(row) = reader.next_row()? {
        batch.push(plan, &row);
    }
    Ok(())
}

fn run(prepared: Prepared, limits: &Limits, store: &mut Forgetful) -> Result<(), Failure> {
    let import = Import { job: JobId(1), resource: 0, user: UserId(1), now: 0, block: BLOCK, limits };
    match import::run(&import, prepared, store, &mut ())? {
        Outcome::Completed(_) => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn zip_of_leads(rows: u64) -> Result<File, Failure> {
    let mut zip = ZipWriter::new(tempfile::tempfile()?);
    zip.start_file("leads.csv", SimpleFileOptions::default())?;
    zip.write_all(HEADER.as_bytes())?;
    let mut lines = Vec::new();
    for row in 1..=rows {
        write_lead(row, &mut lines)?;
        if row % 1000 == 0 || row == rows {
            zip.write_all(&lines)?;
            lines.clear();
        }
    }
    Ok(zip.finish()?)
}

fn write_lead(row: u64, out: &mut Vec<u8>) -> io::Result<()> {
    const NAMES: [&str; 7] = ["Müller", "Smith", "O'Neil", "García", "Nguyen", "Kowalski", "Sato"];
    const STATES: [&str; 4] = ["Contacted", "Not Contacted", "Junk Lead", "Pre-Qualified"];
    let mixed = row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let name = NAMES[(mixed % 7) as usize];
    let remark = if row.is_multiple_of(50) { "said \"\"call me\"\"\nnext week" } else { "asked for the price list" };
    writeln!(
        out,
        "{name}{},First{},\"Company {}, Inc.\",person.{row}.{}@example{}.com,+1 555 {:07},+49-89-{:07},{},Cold Call,\
         {}.{:02},{},https://www.example{}.com/about,\"{} Main Street, Floor {}\",Springfield,Germany,\
         2026-0{}-1{}T10:20:30+02:00,\"A lead from the trade show; {remark}, and more about number {row}.\"",
        mixed % 1000,
        mixed % 500,
        mixed % 10_000,
        mixed % 97,
        mixed % 100,
        mixed % 10_000_000,
        mixed % 9_999_991,
        STATES[(mixed % 4) as usize],
        mixed % 10_000_000,
        mixed % 100,
        mixed % 5000,
        mixed % 1000,
        mixed % 300,
        mixed % 20,
        mixed % 9 + 1,
        mixed % 10,
    )
}

/// Finds nothing and keeps nothing but its ledger.
#[derive(Default)]
struct Forgetful {
    ledger: Vec<LedgerRow>,
}

impl RecordStore for Forgetful {
    fn org(&self) -> OrgId {
        OrgId(1)
    }

    fn find(&mut self, _: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        let mut matches = Matches::with_capacity(keys.len());
        keys.iter().for_each(|_| matches.push([]));
        Ok(matches)
    }

    fn read(&mut self, _: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        Ok(vec![None; ids.len()])
    }

    fn picklist_additions(&mut self, _: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        Ok(Vec::new())
    }

    fn ledger(&mut self, _: JobId, _: u16) -> Result<Vec<LedgerRow>, StoreError> {
        Ok(Vec::new())
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        self.ledger.push(change.ledger.clone());
        Ok(())
    }
}
