//! A copy of one moment, and a data directory made of it again.
//!
//! A backup is a directory with the same files as a data directory and a manifest that names each of them with its size and
//! its SHA-256. Records are copied while no chunk is written, the control file from a snapshot that is taken at the same
//! moment (see `verify` for why the two fit), then the blobs that the snapshot names: blobs never change, and the sweep
//! waits meanwhile. The files are copied through SQLite's own interface, never read beside it: a descriptor of a database
//! that is closed takes the locks of the whole process with it.
//!
//! Both a backup and what is restored of it are written beside their place, under a name that ends in `.unfinished`, and
//! get their own name when everything is synced.

mod manifest;
mod restored;
mod staging;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bulkwright_engine::catalog::Catalog;
use rusqlite::backup::{Backup as Pages, StepResult};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::blobs::Blobs;
use super::connections::{Connections, in_transaction};
use super::sql::Doing;
use super::upkeep::BreaksOff;
use super::writer::WriterTurn;
use super::{Durability, sums};
use crate::Error;
use crate::failure::Moment;
use crate::model::BlobSum;
use crate::upkeep::{BackupReport, Sums};
use manifest::{Manifest, ManifestFile};
use staging::Staging;

pub use restored::restore;

const DOING: &str = "backing up";

const RECORDS: &str = "records.db";
const CONTROL: &str = "control.db";
const BLOBS: &str = "blobs";
/// Opens the server: it goes along, so that whoever has its secrets can go on after a restore.
const CREDENTIALS: &str = "credentials.json";

/// What a backup needs of the store.
pub(super) struct Backup {
    pub(super) directory: PathBuf,
    pub(super) records: Arc<Connections>,
    pub(super) control: Arc<Connections>,
    pub(super) writer_turn: Arc<WriterTurn>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) durability: Durability,
    pub(super) breaks_off: BreaksOff,
    pub(super) now: i64,
}

/// What was copied of the two databases.
struct Copies {
    /// How long jobs had to wait.
    waited: Duration,
    sums: Sums,
    /// Blobs that rows name, each with what it has to be if a row says that.
    blobs: Vec<(String, Option<BlobSum>)>,
}

impl Backup {
    /// Writes a backup. For blocking threads only.
    pub(super) fn write(&self, destination: &Path) -> Result<BackupReport, Error> {
        self.pass(Moment::Before)?;
        let staging = Staging::beside(destination, self.durability)?;
        let copies = self.copy_databases(&staging)?;
        let mut files = vec![staging.take_in(RECORDS)?, staging.take_in(CONTROL)?];
        let credentials = self.directory.join(CREDENTIALS);
        if credentials.exists() {
            files.push(staging.copy_in(&credentials, CREDENTIALS)?);
        }
        for (blob, sum) in &copies.blobs {
            files.push(self.copy_blob(&staging, blob, *sum)?);
        }
        self.pass(Moment::Within("the files are copied"))?;
        let (files_copied, bytes) = (files.len() as u64, files.iter().map(|file| file.sum.bytes).sum());
        let manifest = Manifest::new(self.now, files, &copies.sums, &self.catalog);
        staging.write(manifest::NAME, &manifest.to_bytes()?)?;
        self.pass(Moment::BeforeCommit)?;
        let directory = staging.finish()?;
        self.pass(Moment::AfterCommit)?;
        let jobs_waited_ms = copies.waited.as_millis() as u64;
        Ok(BackupReport { directory, files: files_copied, bytes, jobs_waited_ms, sums: copies.sums })
    }

    /// Copies both databases as they are at one moment.
    fn copy_databases(&self, staging: &Staging) -> Result<Copies, Error> {
        let (mut records, mut control) = (self.records.open_another()?, self.control.open_another()?);
        let began = Instant::now();
        let still = self.writer_turn.stand_still();
        let control = control.transaction().doing(DOING)?;
        // A transaction begins with its first read.
        control.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).doing(DOING)?;
        let mut records_copy = copy_database(&records.transaction().doing(DOING)?, &staging.path(RECORDS))?;
        drop(still);
        let waited = began.elapsed();
        self.pass(Moment::Within("the records are copied"))?;
        copy_database(&control, &staging.path(CONTROL))?;
        let of_both = |records: &Transaction<'_>| sums::read(records, &control);
        let sums = in_transaction(&mut records_copy, TransactionBehavior::Deferred, DOING, of_both)?;
        Ok(Copies { waited, sums, blobs: named_blobs(&control)? })
    }

    fn copy_blob(&self, staging: &Staging, blob: &str, expected: Option<BlobSum>) -> Result<ManifestFile, Error> {
        self.breaks_off.pass(DOING)?;
        let file = staging.copy_in(&self.blobs.path(blob)?, &format!("{BLOBS}/{blob}"))?;
        if expected.is_some_and(|expected| expected != file.sum) {
            return Err(Error::Damaged { what: format!("the blob {blob}") });
        }
        Ok(file)
    }

    fn pass(&self, moment: Moment) -> Result<(), Error> {
        self.writer_turn.failure_points().pass(DOING, moment)
    }
}

/// Copies the pages that a transaction sees, and answers the copy.
fn copy_database(source: &Transaction<'_>, to: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, flags).doing(DOING)?;
    // Whether it is whole is told by its name; it is synced before it gets one.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;").doing(DOING)?;
    let all_pages = -1;
    let step = Pages::new(source, &mut copy).and_then(|pages| pages.step(all_pages)).doing(DOING)?;
    match step {
        StepResult::Done => Ok(copy),
        other => Err(Error::failed(DOING, format!("the database could not be copied ({other:?})"))),
    }
}

fn named_blobs(control: &Transaction<'_>) -> Result<Vec<(String, Option<BlobSum>)>, Error> {
    let sql = "SELECT blob, bytes, sha256 FROM upload
               UNION ALL SELECT result_blob, result_bytes, result_sha256 FROM job WHERE result_blob IS NOT NULL
               ORDER BY 1";
    let mut statement = control.prepare(sql).doing(DOING)?;
    let named = statement.query_map([], |row| {
        let sum = row.get::<_, Option<i64>>(1)?.zip(row.get(2)?);
        Ok((row.get(0)?, sum.map(|(bytes, sha256)| BlobSum { bytes: bytes.cast_unsigned(), sha256 })))
    });
    named.doing(DOING)?.collect::<rusqlite::Result<_>>().doing(DOING)
}
