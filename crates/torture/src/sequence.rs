//! The jobs of a run: a seeded, endless sequence of mixed ones whose rows are known without reading any file again.
//!
//! Keys overlap between jobs and inside them. Each good row names its job and itself in its cells, so that a record
//! tells who wrote it last. About one row in fifty has a fault.

use std::fmt::Write;

use bulkwright_client::api_words::Operation;

use crate::random::Random;

/// Keys that the jobs of a run share.
const SHARED_KEYS: u64 = 60_000;
/// One row in so many has a fault, and another one has no key.
const FAULT_ONE_IN: u64 = 50;
/// One plain insert's row in so many takes a shared key: later ones find it several times.
const SHARED_ONE_IN: u64 = 400;
/// Bytes of a description in a job of many chunks: with the rest about 1 KB of typed row, 56,000 of them a chunk.
const WIDE_BYTES: usize = 900;
const NARROW_BYTES: usize = 60;
/// Streams of random numbers: a job's own, and its rows' from here on.
const ROWS_STREAM: u64 = 1 << 40;

/// The columns; the first three are echoed by results.
pub(crate) const COLUMNS: [&str; 5] = ["Email", "No_of_Employees", "Company", "Last_Name", "Description"];
/// Columns of an update: the key and what it changes.
const UPDATE_COLUMNS: usize = 3;

/// One job of the sequence.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    seed: u64,
    /// Its place in the sequence.
    pub(crate) number: u32,
    pub(crate) operation: Operation,
    /// Whether Email matches rows to records.
    pub(crate) keyed: bool,
    pub(crate) rows: u32,
    description_bytes: usize,
}

/// What a row carries in its key's cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// One of the keys that jobs share.
    Shared(u64),
    /// One that no other row has.
    Own { job: u32, row: u32 },
}

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    BadKey,
    BadNumber,
    NoName,
}

/// A row before it is spelled out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) key: Option<Key>,
    pub(crate) fault: Option<Fault>,
    shouted: bool,
}

impl Job {
    /// The job at this place of the sequence.
    pub(crate) fn new(seed: u64, number: u32) -> Job {
        let mut random = Random::new(seed, u64::from(number));
        // The first job fills the store, so that the others find something.
        let (operation, keyed) = match random.below(10) {
            _ if number == 0 => (Operation::Insert, true),
            0..2 => (Operation::Insert, false),
            2..4 => (Operation::Insert, true),
            4..7 => (Operation::Update, true),
            _ => (Operation::Upsert, true),
        };
        let (rows, description_bytes) = match random.below(100) {
            _ if number == 0 => (20_000, NARROW_BYTES),
            0..10 => (1, NARROW_BYTES),
            10..60 => (random.between(2, 1_000), NARROW_BYTES),
            60..89 => (random.between(1_000, 6_000), NARROW_BYTES),
            89..97 => (random.between(6_000, 25_000), NARROW_BYTES),
            _ if operation == Operation::Update => (random.between(25_000, 60_000), NARROW_BYTES),
            _ => (random.between(60_000, 120_000), WIDE_BYTES),
        };
        Job { seed, number, operation, keyed, rows: rows as u32, description_bytes }
    }

    /// A job of wide rows that only inserts: a chunk for every 56,000 of them.
    pub(crate) fn wide(seed: u64, number: u32, rows: u32) -> Job {
        Job { description_bytes: WIDE_BYTES, ..Job::small(seed, number, rows) }
    }

    /// A job of some rows that only inserts.
    pub(crate) fn small(seed: u64, number: u32, rows: u32) -> Job {
        let (operation, description_bytes) = (Operation::Insert, NARROW_BYTES);
        Job { seed, number, operation, keyed: false, rows, description_bytes }
    }

    /// The columns of its file.
    pub(crate) fn columns(&self) -> &'static [&'static str] {
        if self.operation == Operation::Update { &COLUMNS[..UPDATE_COLUMNS] } else { &COLUMNS }
    }

    /// A row, from 1.
    pub(crate) fn row(&self, number: u32) -> Row {
        let mut random = Random::new(self.seed, ROWS_STREAM + (u64::from(self.number) << 32) + u64::from(number));
        let own = Key::Own { job: self.number, row: number };
        let shared = Key::Shared(random.below(SHARED_KEYS));
        let key = if self.keyed || random.below(SHARED_ONE_IN) == 0 { shared } else { own };
        let (fault, key) = match random.below(FAULT_ONE_IN) {
            0 => match random.below(4) {
                0 => (None, None),
                1 => (Some(Fault::BadKey), Some(key)),
                2 if self.operation != Operation::Update => (Some(Fault::NoName), Some(key)),
                _ => (Some(Fault::BadNumber), Some(key)),
            },
            _ => (None, Some(key)),
        };
        Row { number, key, fault, shouted: random.below(2) == 0 }
    }

    /// Its file.
    pub(crate) fn csv(&self) -> String {
        let mut text = self.columns().join(",");
        text.push('\n');
        for number in 1..=self.rows {
            let row = self.row(number);
            for (place, &column) in self.columns().iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                self.push_cell(&row, column, &mut text);
            }
            text.push('\n');
        }
        text
    }

    /// The cell of a row in a column. None of them needs quotes.
    pub(crate) fn push_cell(&self, row: &Row, column: &str, text: &mut String) {
        let (job, number) = (self.number, row.number);
        let written = match column {
            "Email" if row.fault == Some(Fault::BadKey) => write!(text, "no-address-{job}-{number}"),
            "Email" => row.key.map_or(Ok(()), |key| push_key(key, row.shouted, text)),
            "No_of_Employees" if row.fault == Some(Fault::BadNumber) => write!(text, "some"),
            "No_of_Employees" => write!(text, "{}", number % 1_000_000),
            "Company" => write!(text, "Company {job}-{number}"),
            "Last_Name" if row.fault == Some(Fault::NoName) => Ok(()),
            "Last_Name" => write!(text, "Name {job}-{number}"),
            _ => write!(text, "{job}-{number} {:x<1$}", "", self.description_bytes),
        };
        written.expect("writing to a String cannot fail");
    }

    /// The cell on its own.
    pub(crate) fn cell(&self, row: &Row, column: &str) -> String {
        let mut text = String::new();
        self.push_cell(row, column, &mut text);
        text
    }
}

/// Keys are compared without case: half of the rows shout.
fn push_key(key: Key, shouted: bool, text: &mut String) -> std::fmt::Result {
    match (key, shouted) {
        (Key::Shared(key), false) => write!(text, "key.{key}@torture.example"),
        (Key::Shared(key), true) => write!(text, "KEY.{key}@Torture.Example"),
        (Key::Own { job, row }, _) => write!(text, "own.{job}.{row}@torture.example"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Typed rows that commit together (the server's `chunk_bytes_max`).
    const CHUNK_BYTES: usize = 56 << 20;

    #[test]
    fn a_sequence_has_every_kind_of_job_and_row() {
        let jobs: Vec<Job> = (0..400).map(|number| Job::new(1, number)).collect();
        let has = |what: &dyn Fn(&Job) -> bool| assert!(jobs.iter().any(what));
        has(&|job| job.operation == Operation::Insert && !job.keyed);
        has(&|job| job.operation == Operation::Insert && job.keyed && job.number > 0);
        has(&|job| job.operation == Operation::Update);
        has(&|job| job.operation == Operation::Upsert);
        has(&|job| job.rows == 1);
        has(&|job| job.rows as usize * job.cell(&job.row(1), "Description").len() > CHUNK_BYTES);
        let rows: Vec<Row> = jobs.iter().filter(|job| job.rows > 1_000).map(|job| job.row(job.rows)).collect();
        assert!(rows.len() > 100);
        let rows: Vec<Row> = (1..=20_000).map(|row| jobs[0].row(row)).collect();
        for fault in [Fault::BadKey, Fault::BadNumber, Fault::NoName] {
            assert!(rows.iter().any(|row| row.fault == Some(fault)), "{fault:?}");
        }
        assert!(rows.iter().any(|row| row.key.is_none()));
    }

    #[test]
    fn a_seed_gives_the_same_job_again() {
        let csv = |seed| Job::new(seed, 7).csv();
        assert_eq!(csv(3), csv(3));
        assert_ne!(csv(3), csv(4));
    }
}
