//! Runs one resource: rows are read and typed on one thread while the chunk before them is decided and committed on
//! another, chunk by chunk, until the file ends.
//!
//! Memory: two batches of [`Limits::chunk_bytes_max`], one being filled and one being committed, and the decision about
//! the latter (some 100 bytes a row). A resource whose typed rows stay below the limit is one chunk: nothing of it is
//! written unless all of it could be read.
//!
//! [`Limits::chunk_bytes_max`]: crate::limits::Limits::chunk_bytes_max

mod commit;
mod typist;

#[cfg(test)]
mod tests;

use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread;
use std::time::Duration;

use crate::batch::Batch;
use crate::ids::{IdBlock, JobId, UserId};
use crate::limits::Limits;
use crate::prepare::Prepared;
use crate::record_store::{LedgerRow, RecordStore, StoreError};
use crate::result::Echoes;
use crate::verdict::Counts;

use commit::Committer;
use typist::{Delivery, Typist};

/// Batches in circulation: one is filled while the other is committed.
const BATCHES: usize = 2;

/// Which resource of which job, by whom, when, and with which ids.
#[derive(Clone, Copy, Debug)]
pub struct Import<'a> {
    /// The job.
    pub job: JobId,
    /// Place of the resource in the job, from 0.
    pub resource: u16,
    /// Who writes.
    pub user: UserId,
    /// When, in seconds since 1970.
    pub now: i64,
    /// The ids of its rows: at least [`Prepared::rows_bound`] of them.
    pub block: IdBlock,
    /// The bounds.
    pub limits: &'a Limits,
}

/// What an import tells and asks while it runs, always between two chunks.
pub trait Watch {
    /// A chunk is committed: its ledger row, what its rows echo, and what became of all rows so far.
    fn committed(&mut self, chunk: LedgerRow, echoes: Echoes, counts: Counts);

    /// Whether to stop here. What is committed stays, and another run goes on behind it.
    fn should_stop(&mut self) -> bool;

    /// How long the job has been running, against [`Limits::time_max`](crate::limits::Limits::time_max).
    fn elapsed(&mut self) -> Duration;
}

/// Nobody watches: it never stops, and no time passes.
impl Watch for () {
    fn committed(&mut self, _: LedgerRow, _: Echoes, _: Counts) {}

    fn should_stop(&mut self) -> bool {
        false
    }

    fn elapsed(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// How a run ended. The counts are those of all rows that are committed, by this run and by those before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every row has its verdict.
    Completed(Counts),
    /// The resource could not be processed to its end.
    Failed(Counts, Failure),
    /// It was asked to stop; another run goes on.
    Stopped(Counts),
}

/// Why a resource failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the wire calls it.
    pub code: FailureCode,
    /// What happened, where, and what to do.
    pub message: String,
}

/// The codes of failed resources (contract 12, row 34).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureCode {
    /// The file is damaged.
    FileNotSupported,
    /// More rows, bytes or time than is allowed.
    LimitExceeded,
}

impl FailureCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            FailureCode::FileNotSupported => "FILE_NOT_SUPPORTED",
            FailureCode::LimitExceeded => "LIMIT_EXCEEDED",
        }
    }
}

/// Why an import cannot go on although its file is fine. Running it again is harmless.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store failed.
    #[error("the store failed at data row {row}")]
    Store {
        /// The first row of the chunk that was in work.
        row: u64,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// Another run of the same resource has committed a chunk that this one was about to.
    #[error("another run of the same resource is at work")]
    Overtaken,
    /// The upload could not be read.
    #[error("the upload could not be read")]
    Unreadable(#[source] std::io::Error),
    /// The operating system gives no thread.
    #[error("no thread could be started")]
    Thread(#[source] std::io::Error),
}

/// Writes the rows of a prepared upload, going on behind what earlier runs have settled.
///
/// # Errors
/// [`ImportError`]; what is committed stays, and another run goes on behind it.
pub fn run(
    import: &Import<'_>,
    prepared: Prepared,
    store: &mut dyn RecordStore,
    watch: &mut dyn Watch,
) -> Result<Outcome, ImportError> {
    let Prepared { plan, reader, .. } = prepared;
    let mut committer = Committer::resume(import, &plan, store)?;
    let (deliver, deliveries) = sync_channel(0);
    let (give_back, pool) = channel();
    for _ in 0..BATCHES {
        give_back.send(Batch::default()).expect("the pool is held right here");
    }
    let typist = Typist { import, plan: &plan, reader, first_row: committer.rows_through() + 1 };
    thread::scope(|scope| {
        let typing = thread::Builder::new().name("type-rows".to_owned());
        typing.spawn_scoped(scope, move || typist.run(&pool, &deliver)).map_err(ImportError::Thread)?;
        // The channels are dropped with this closure: a typist who still has rows ends when nobody takes them.
        let deliveries = deliveries;
        let give_back = give_back;
        commit_all(import, &mut committer, &deliveries, watch, |batch| {
            // A typist who is through needs no batch any more.
            let _ = give_back.send(batch);
        })
    })
}

fn commit_all(
    import: &Import<'_>,
    committer: &mut Committer<'_>,
    deliveries: &Receiver<Delivery>,
    watch: &mut dyn Watch,
    give_back: impl Fn(Batch),
) -> Result<Outcome, ImportError> {
    loop {
        if watch.should_stop() {
            return Ok(Outcome::Stopped(committer.counts()));
        }
        let mut batch = match deliveries.recv() {
            Ok(Delivery::Chunk(batch)) => batch,
            Ok(Delivery::Failed(failure)) => return Ok(Outcome::Failed(committer.counts(), failure)),
            Ok(Delivery::Unreadable(error)) => return Err(ImportError::Unreadable(error)),
            Ok(Delivery::End) => return Ok(Outcome::Completed(committer.counts())),
            // It panicked; the scope passes that on.
            Err(_) => return Ok(Outcome::Stopped(committer.counts())),
        };
        if watch.elapsed() > import.limits.time_max {
            return Ok(Outcome::Failed(committer.counts(), out_of_time(import.limits)));
        }
        let chunk = committer.commit(&batch)?;
        watch.committed(chunk, batch.take_echoes(), committer.counts());
        give_back(batch);
    }
}

fn out_of_time(limits: &Limits) -> Failure {
    Failure {
        code: FailureCode::LimitExceeded,
        message: format!(
            "the job took more than {} seconds; split the file into smaller ones",
            limits.time_max.as_secs()
        ),
    }
}
