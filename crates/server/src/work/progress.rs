//! How far a running attempt is, told from its thread to those who look, and the word to stop told back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bulkwright_engine::ids::JobId;
use bulkwright_engine::import::Watch;
use bulkwright_engine::record_store::LedgerRow;
use bulkwright_engine::result::{Abandoned, Echoes, Settled};
use bulkwright_engine::verdict::Counts;
use bulkwright_store::model::Job;

use crate::room::{self, NoRoom};
use crate::state::App;

/// What a running attempt has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) counts: Counts,
    /// Empty until it is known.
    pub(super) charset: &'static str,
}

/// Shared between an attempt's thread and the worker.
#[derive(Debug)]
pub(super) struct Progress {
    seen: Mutex<(Seen, Moved)>,
    committed: AtomicBool,
    no_room: Mutex<Option<NoRoom>>,
    stopped: AtomicBool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Moved {
    #[default]
    No,
    Yes,
}

impl Progress {
    /// An attempt that begins where those before it have come to.
    pub(super) fn of(job: &Job) -> Self {
        let counts = job.resources.first().map(|resource| resource.counts).unwrap_or_default();
        let seen = Seen { counts, charset: "" };
        Progress {
            seen: Mutex::new((seen, Moved::No)),
            committed: AtomicBool::new(false),
            no_room: Mutex::default(),
            stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn set_charset(&self, charset: &'static str) {
        self.update(|seen| seen.charset = charset);
    }

    /// What has moved since the last call.
    pub(super) fn take_moved(&self) -> Option<Seen> {
        let mut held = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let moved = std::mem::take(&mut held.1);
        (moved == Moved::Yes).then_some(held.0)
    }

    pub(super) fn last(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Whether this attempt has committed a chunk.
    pub(super) fn has_committed(&self) -> bool {
        self.committed.load(Ordering::Relaxed)
    }

    /// Why the attempt stopped, if that is the disk.
    pub(super) fn no_room(&self) -> Option<NoRoom> {
        *self.no_room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_no_room(&self, no_room: Option<NoRoom>) {
        *self.no_room.lock().unwrap_or_else(PoisonError::into_inner) = no_room;
    }

    /// Tells the attempt to stop at its next chunk.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    fn update(&self, change: impl FnOnce(&mut Seen)) {
        let mut held = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut held.0);
        held.1 = Moved::Yes;
    }
}

/// The engine's view of it.
pub(super) struct JobWatch<'a> {
    pub(super) progress: &'a Progress,
    /// Where the result is rendered beside the import.
    pub(super) chunks: &'a Sender<Result<Settled, Abandoned>>,
    pub(super) app: &'a App,
    pub(super) job: JobId,
    pub(super) began: Instant,
}

impl Watch for JobWatch<'_> {
    fn committed(&mut self, ledger: LedgerRow, echoes: Echoes, counts: Counts) {
        self.progress.update(|seen| seen.counts = counts);
        self.progress.committed.store(true, Ordering::Relaxed);
        self.app.metrics.count_rows(ledger.counts);
        self.app.news.moved(self.job, self.app.clock.seconds(), counts);
        // A rendering that has ended early says why when it is joined.
        let _ = self.chunks.send(Ok(Settled::Chunk { ledger, echoes: Some(echoes) }));
    }

    fn should_stop(&mut self) -> bool {
        let no_room = room::for_jobs(self.app).err();
        self.progress.set_no_room(no_room);
        self.app.draining.is_cancelled() || no_room.is_some() || self.progress.stopped.load(Ordering::Relaxed)
    }

    fn elapsed(&mut self) -> Duration {
        self.began.elapsed()
    }
}
