//! Whether everything that is stored is as it has to be.
//!
//! What is said is true of one moment, and the two files are looked at as they were at it: no chunk is written while
//! [`WriterTurn::stand_still`] is held, and the control file's snapshot is taken after that. Whatever the control file
//! says of records was written after the chunk that it speaks of, so it never says more than the records file has; what
//! the records file has beyond it (chunks whose job's progress is not written yet) is expected of jobs that are not
//! through. Readers go on all the while: a reader's lock keeps out only a commit, and none is begun.

mod blobs;
mod blocks;
mod control;
mod database;
mod extents;
mod findings;
mod keys;
mod ledger;
mod records;

use std::path::PathBuf;
use std::sync::Arc;

use bulkwright_engine::catalog::Catalog;
use rusqlite::Transaction;

use super::blobs::Blobs;
use super::connections::Connections;
use super::seal;
use super::sql::Doing;
use super::sums;
use super::upkeep::BreaksOff;
use super::writer::WriterTurn;
use crate::Error;
use crate::records::KeyHasher;
use crate::upkeep::Verification;
use findings::Findings;

/// What a verification needs of the store.
pub(super) struct Verifier {
    pub(super) records: Arc<Connections>,
    pub(super) control: Arc<Connections>,
    pub(super) writer_turn: Arc<WriterTurn>,
    pub(super) hasher: KeyHasher,
    pub(super) blobs: Arc<Blobs>,
    pub(super) catalog: Arc<Catalog>,
    /// Where keys are sorted that do not fit into memory.
    pub(super) directory: PathBuf,
    pub(super) breaks_off: BreaksOff,
}

/// Both files at one moment, and what is needed to understand them.
struct Moment<'a> {
    records: &'a Transaction<'a>,
    control: &'a Transaction<'a>,
    verifier: &'a Verifier,
}

/// A part of the store, and what it is compared with.
type Check = fn(&Moment<'_>, &mut Findings) -> Result<(), Error>;

const BEGINNING: &str = "beginning to verify";

impl Verifier {
    /// Looks at everything. For blocking threads only.
    pub(super) fn run(&self) -> Result<Verification, Error> {
        // Before the rows are looked at: what is listed here and has no row then, has none.
        let listed = self.blobs.unnamed_candidates()?;
        let mut records = self.records.open_another()?;
        let mut control = self.control.open_another()?;
        let _still = self.writer_turn.stand_still();
        let records = records.transaction().doing(BEGINNING)?;
        let control = control.transaction().doing(BEGINNING)?;
        // A transaction begins with its first read.
        for file in [&records, &control] {
            file.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).doing(BEGINNING)?;
        }
        let moment = Moment { records: &records, control: &control, verifier: self };
        let mut findings = Findings::default();
        moment.check_all(&listed, &mut findings)?;
        let sums = findings.read("the sums", sums::read(&records, &control))?.unwrap_or_default();
        Ok(findings.into_verification(sums))
    }
}

impl Moment<'_> {
    fn check_all(&self, listed: &[String], findings: &mut Findings) -> Result<(), Error> {
        let checks: [(&str, Check); 10] = [
            ("records.db", |moment, findings| database::check("records.db", moment.records, findings)),
            ("control.db", |moment, findings| database::check("control.db", moment.control, findings)),
            ("the seals of records.db", |moment, findings| {
                database::check_seals(&seal::OF_RECORDS, moment.records, findings)
            }),
            ("the seals of control.db", |moment, findings| {
                database::check_seals(&seal::OF_CONTROL, moment.control, findings)
            }),
            ("the records and their keys", records::check),
            ("the ledger", ledger::check),
            ("the blocks of ids", blocks::check),
            ("the picklist values", database::check_picklists),
            ("the jobs, uploads and access", control::check),
            ("the blobs", blobs::check),
        ];
        for (what, check) in checks {
            self.verifier.breaks_off.pass("verifying")?;
            let outcome = check(self, findings);
            findings.read(what, outcome)?;
        }
        let outcome = blobs::remark_orphans(self, listed, findings);
        findings.read("the names of blobs", outcome)?;
        Ok(())
    }
}
