//! Measures what the layout of `records.db` costs: bulk inserts, look-ups and random updates, by page size, with and
//! without an index over Modified_Time. Each case runs in a process of its own, so that its peak memory is its own.
//!
//! `cargo run --release -p bulkwright-store --example bulk_insert [ROWS]`
#![expect(clippy::print_stdout, reason = "it is a program that prints a table")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{IdBlock, JobId, OrgId, RecordId, UserId};
use bulkwright_engine::record_store::{ChangeSet, IndexId, Insert, KeyChange, LedgerRow, RecordStore, Update};
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Store;
use bulkwright_store::sqlite::{Durability, OpenOptions, RecordsLayout, SqliteStore};

const CHUNK_ROWS: u64 = 150_000;
const UPDATES: u64 = 25_000;
const ORG: OrgId = OrgId(694_902_309);
const MODULE: ModuleNumber = ModuleNumber(1);
const EMAIL: IndexId = IndexId { module: MODULE, field: FieldNumber(4), case_sensitive: false, joins: None };

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => measure_all("1000000"),
        [rows] => measure_all(rows),
        [rows, page_bytes, index] => measure(rows.parse()?, page_bytes.parse()?, index == "index"),
        _ => Err("usage: bulk_insert [ROWS]".into()),
    }
}

fn measure_all(rows: &str) -> Result<(), Box<dyn Error>> {
    println!("an empty temporary directory opens in {} ms", opening()?.as_millis());
    println!("page  modified  find s  commit s  rows/s  25k updates s  file MB  peak MB");
    for page_bytes in ["4096", "8192", "16384"] {
        for index in ["none", "index"] {
            let status = Command::new(std::env::current_exe()?).args([rows, page_bytes, index]).status()?;
            if !status.success() {
                return Err(format!("the case {page_bytes} {index} failed").into());
            }
        }
    }
    Ok(())
}

fn opening() -> Result<Duration, Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let options = OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() };
    let start = Instant::now();
    let store = SqliteStore::open(directory.path(), &options)?;
    let took = start.elapsed();
    drop(store);
    Ok(took)
}

fn measure(rows: u64, page_bytes: u32, with_index: bool) -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let options = OpenOptions { layout: RecordsLayout { page_bytes }, ..OpenOptions::default() };
    let store = SqliteStore::open(directory.path(), &options)?;
    let file = directory.path().join("records.db");
    if with_index {
        let sql = "CREATE INDEX record_modified ON record (org, module, modified_at)";
        rusqlite::Connection::open(&file)?.execute_batch(sql)?;
    }
    let mut writer = store.record_writer(ORG)?;
    let (mut finding, mut committing) = (Duration::ZERO, Duration::ZERO);
    for (chunk, first) in (0..rows).step_by(CHUNK_ROWS as usize).enumerate() {
        let batch = Batch::new(first..(first + CHUNK_ROWS).min(rows));
        let (find, commit) = batch.insert(writer.as_mut(), rows, chunk as u32)?;
        finding += find;
        committing += commit;
    }
    let updating = update(writer.as_mut(), rows)?;
    let per_second = rows as f64 / (finding + committing).as_secs_f64();
    let index = if with_index { "index" } else { "none" };
    let megabytes = std::fs::metadata(&file)?.len() / 1_000_000;
    println!(
        "{page_bytes:>5} {index:>8} {:>7.2} {:>9.2} {per_second:>7.0} {:>13.2} {megabytes:>8} {:>8}",
        finding.as_secs_f64(),
        committing.as_secs_f64(),
        updating.as_secs_f64(),
        peak_megabytes(Path::new("/proc/self/status"))?,
    );
    Ok(())
}

/// The rows of one chunk, made before the clock starts.
struct Batch {
    ids: Vec<RecordId>,
    bodies: String,
    ends: Vec<usize>,
    keys: Vec<String>,
}

impl Batch {
    fn new(rows: std::ops::Range<u64>) -> Self {
        let mut batch = Batch { ids: Vec::new(), bodies: String::new(), ends: Vec::new(), keys: Vec::new() };
        for row in rows {
            batch.ids.push(id(row));
            write_body(row, "Not Contacted", &mut batch.bodies);
            batch.ends.push(batch.bodies.len());
            batch.keys.push(email(row));
        }
        batch
    }

    fn insert(
        &self,
        writer: &mut dyn RecordStore,
        rows: u64,
        chunk: u32,
    ) -> Result<(Duration, Duration), Box<dyn Error>> {
        let mut start = 0;
        let bodies = self.ends.iter().map(|&end| {
            let body = &self.bodies[start..end];
            start = end;
            body
        });
        let inserts: Vec<Insert<'_>> = self.ids.iter().zip(bodies).map(|(&id, body)| Insert { id, body }).collect();
        let keys = self.ids.iter().zip(&self.keys);
        let gained: Vec<KeyChange<'_>> =
            keys.map(|(&id, key)| KeyChange { index: EMAIL, key: key.as_bytes(), id, unique: false }).collect();
        let asked: Vec<&[u8]> = self.keys.iter().map(|key| key.as_bytes()).collect();
        let start = Instant::now();
        let matches = writer.find(EMAIL, &asked)?;
        let finding = start.elapsed();
        assert!((0..matches.len()).all(|place| matches.of(place).is_empty()));
        let ledger = ledger(1, chunk, Counts { added: inserts.len() as u64, ..Counts::default() });
        let start = Instant::now();
        writer.commit(&ChangeSet { inserts: &inserts, keys_gained: &gained, ..change(rows, &ledger) })?;
        Ok((finding, start.elapsed()))
    }
}

/// Changes records at random, and reads them first as an import does.
fn update(writer: &mut dyn RecordStore, rows: u64) -> Result<Duration, Box<dyn Error>> {
    let mut chosen: Vec<u64> = (0..UPDATES).map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15) % rows).collect();
    chosen.sort_unstable();
    chosen.dedup();
    let ids: Vec<RecordId> = chosen.iter().map(|&row| id(row)).collect();
    let bodies: Vec<String> = chosen
        .iter()
        .map(|&row| {
            let mut body = String::new();
            write_body(row, "Contacted", &mut body);
            body
        })
        .collect();
    let start = Instant::now();
    let before = writer.read(MODULE, &ids)?;
    assert!(before.iter().all(Option::is_some));
    let updates: Vec<Update<'_>> = ids.iter().zip(&bodies).map(|(&id, body)| Update { id, version: 1, body }).collect();
    let ledger = ledger(2, 0, Counts { updated: updates.len() as u64, ..Counts::default() });
    writer.commit(&ChangeSet { updates: &updates, ..change(rows, &ledger) })?;
    Ok(start.elapsed())
}

fn change(rows: u64, ledger: &LedgerRow) -> ChangeSet<'_> {
    ChangeSet {
        module: MODULE,
        user: UserId(4_150_868_000_000_225_013),
        now: 1_795_000_000,
        block: IdBlock { start: 0, size: rows },
        inserts: &[],
        updates: &[],
        keys_lost: &[],
        keys_gained: &[],
        picklist_additions: &[],
        ledger,
    }
}

fn ledger(job: i64, chunk: u32, counts: Counts) -> LedgerRow {
    LedgerRow { job: JobId(job), resource: 0, chunk, rows_through: counts.total(), counts, verdicts: vec![0; 64] }
}

fn id(row: u64) -> RecordId {
    RecordId(1_000_000_000_000_000_000 + (row as i64 + 1) * 64 + (row as i64 * 37) % 64)
}

fn email(row: u64) -> String {
    format!("patricia.boyle.{row}@example.com")
}

fn write_body(row: u64, status: &str, out: &mut String) {
    write!(
        out,
        r#"{{"1":"Boyle","2":"Patricia {row}","3":"Boyle and Sons Limited","4":"{}","5":"(555) 123-{:04}","6":"+44 20 7946 {:04}","9":"https://www.example.com/{row}","10":"Trade Show","11":"{status}","13":{},"14":"125000.50","20":"{} Market Street","21":"Springfield","24":"United Kingdom","25":"Met at the fair; asked for a call in the second week of the month."}}"#,
        email(row),
        row % 10_000,
        row % 9_999,
        row % 500,
        row % 300,
    )
    .expect("a string takes all that is written");
}

fn peak_megabytes(status: &Path) -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string(status)?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no figure")?.parse()?;
    Ok(kilobytes / 1024)
}
