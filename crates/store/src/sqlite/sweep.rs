//! What has outlived its time goes: uploads, results, jobs, tokens, and blobs that no row names.
//!
//! Everything is done in steps that may end anywhere. A row goes before its blob: a blob without a row is an orphan, which
//! the next sweep takes. A job is in two files, and goes in three steps, each of which leaves counts that add up: its ledger
//! rows go, and what they came to is noted under the job; the job goes with its resources and its delivery; the note is
//! added to that of all jobs that are gone. Each transaction is small, so that nobody waits long for it.

mod ledger;
mod rows;

use std::sync::Arc;

use bulkwright_engine::ids::{JobId, OrgId};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::blobs::{self, Blobs};
use super::connections::{Connections, committed, in_transaction};
use super::upkeep::BreaksOff;
use super::writer::WriterTurn;
use crate::Error;
use crate::upkeep::{SweepMode, SweepRule, Swept};

/// Rows of a table that go in one transaction.
const ROWS_AT_ONCE: u32 = 100;

/// What a sweep needs of the store.
pub(super) struct Sweeper {
    pub(super) control: Arc<Connections>,
    pub(super) writer_turn: Arc<WriterTurn>,
    pub(super) blobs: Arc<Blobs>,
    pub(super) rule: SweepRule,
    pub(super) breaks_off: BreaksOff,
}

impl Sweeper {
    /// Sweeps everything once. For blocking threads only.
    pub(super) fn run(&self) -> Result<Swept, Error> {
        let mut sweep = Sweep {
            sweeper: self,
            control: self.control.open_another()?,
            records: self.writer_turn.open_another()?,
            swept: Swept::default(),
        };
        // First, because it frees space and needs none.
        sweep.orphans()?;
        sweep.ended()?;
        sweep.results()?;
        sweep.jobs()?;
        sweep.uploads()?;
        Ok(sweep.swept)
    }

    fn removes(&self) -> bool {
        self.rule.mode == SweepMode::Remove
    }
}

/// A sweep that runs, on connections of its own: it must not keep requests waiting.
struct Sweep<'a> {
    sweeper: &'a Sweeper,
    control: Connection,
    records: Connection,
    swept: Swept,
}

impl Sweep<'_> {
    fn orphans(&mut self) -> Result<(), Error> {
        let listed = self.sweeper.blobs.unnamed_candidates()?;
        for blob in self.look("looking for orphans", |tx| blobs::orphans(tx, listed))? {
            self.remove_blob(&blob)?;
            self.swept.orphans += 1;
        }
        Ok(())
    }

    fn ended(&mut self) -> Result<(), Error> {
        for table in &rows::ENDING {
            let gone = self.ended_of(table)?;
            if table.table == rows::ANSWERS {
                self.swept.answers += gone;
            } else {
                self.swept.tokens += gone;
            }
        }
        Ok(())
    }

    fn ended_of(&mut self, table: &rows::Ending) -> Result<u64, Error> {
        let now = self.sweeper.rule.now;
        if !self.sweeper.removes() {
            return self.look("counting what has ended", |tx| table.count(tx, now));
        }
        let mut gone = 0;
        loop {
            let step = self.change("sweeping what has ended", |tx| table.remove(tx, now, ROWS_AT_ONCE))?;
            gone += step;
            if step < u64::from(ROWS_AT_ONCE) {
                return Ok(gone);
            }
        }
    }

    fn results(&mut self) -> Result<(), Error> {
        let through = self.sweeper.rule.results_through;
        let mut after = 0;
        loop {
            let found =
                self.look("looking for old results", |tx| rows::old_results(tx, through, after, ROWS_AT_ONCE))?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            after = last.0;
            let gone = if self.sweeper.removes() {
                self.change("sweeping results", |tx| rows::forget_results(tx, found))?
            } else {
                found
            };
            for (_, blob) in &gone {
                self.remove_blob(blob)?;
                self.swept.results += 1;
            }
        }
    }

    fn jobs(&mut self) -> Result<(), Error> {
        let (through, results_through) = (self.sweeper.rule.jobs_through, self.sweeper.rule.results_through);
        let mut after = 0;
        loop {
            // What an interrupted sweep has left, and what the jobs before have.
            self.fold_gone()?;
            let old = |tx: &Transaction<'_>| rows::old_jobs(tx, through, results_through, after, ROWS_AT_ONCE);
            let found = self.look("looking for old jobs", old)?;
            let Some((last, ..)) = found.last() else { return Ok(()) };
            after = last.0;
            for (job, org, result) in found {
                match self.job(job, org) {
                    Ok(()) => {}
                    // It is for `verify` to name; the others go.
                    Err(Error::Damaged { what }) => {
                        tracing::warn!(%job, what, "a job cannot be swept: something of it is damaged");
                        continue;
                    }
                    Err(error) => return Err(error),
                }
                if let Some(blob) = result {
                    self.remove_blob(&blob)?;
                }
                self.swept.jobs += 1;
            }
        }
    }

    fn job(&mut self, job: JobId, org: OrgId) -> Result<(), Error> {
        if !self.sweeper.removes() {
            return Ok(());
        }
        let blocks = self.look("reading a job", |tx| rows::blocks(tx, org, job))?;
        loop {
            let gone = self.change_records("sweeping the ledger", |tx| ledger::settle(tx, org, job, &blocks))?;
            if gone == 0 {
                break;
            }
        }
        self.change("sweeping jobs", |tx| rows::remove_job(tx, job))
    }

    fn uploads(&mut self) -> Result<(), Error> {
        let through = self.sweeper.rule.uploads_through;
        let mut after = 0;
        loop {
            let found =
                self.look("looking for old uploads", |tx| rows::old_uploads(tx, through, after, ROWS_AT_ONCE))?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            after = *last;
            let gone = if self.sweeper.removes() {
                self.change("sweeping uploads", |tx| rows::remove_uploads(tx, &found))?
            } else {
                found
            };
            for (_, blob) in &gone {
                self.remove_blob(blob)?;
                self.swept.uploads += 1;
            }
        }
    }

    /// Adds what is noted of jobs that are gone to that of all others.
    fn fold_gone(&mut self) -> Result<(), Error> {
        if !self.sweeper.removes() {
            return Ok(());
        }
        let noted = in_transaction(&mut self.records, TransactionBehavior::Deferred, LOOKING, ledger::noted_jobs)?;
        let gone = self.look(LOOKING, |tx| rows::gone(tx, noted))?;
        if gone.is_empty() {
            return Ok(());
        }
        self.change_records("adding up swept ledger rows", |tx| ledger::fold(tx, &gone))
    }

    fn remove_blob(&mut self, blob: &str) -> Result<(), Error> {
        self.swept.bytes += self.sweeper.blobs.bytes(blob)?;
        if self.sweeper.removes() { self.sweeper.blobs.remove(blob) } else { Ok(()) }
    }

    fn look<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.sweeper.breaks_off.pass(doing)?;
        in_transaction(&mut self.control, TransactionBehavior::Deferred, doing, work)
    }

    fn change<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.sweeper.breaks_off.pass(doing)?;
        committed(&mut self.control, self.sweeper.control.failure_points(), doing, work)
    }

    /// Between two chunks: what waits for the file's lock would keep readers out.
    fn change_records<T>(
        &mut self,
        doing: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.sweeper.breaks_off.pass(doing)?;
        let turn = &self.sweeper.writer_turn;
        let _still = turn.stand_still();
        committed(&mut self.records, turn.failure_points(), doing, work)
    }
}

const LOOKING: &str = "looking for swept ledger rows";
