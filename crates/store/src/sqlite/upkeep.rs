//! What is asked of the store beside its daily work, one such thing at a time.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use bulkwright_engine::catalog::Catalog;

use super::SqliteStore;
use super::backup::Backup;
use super::sweep::Sweeper;
use super::verify::Verifier;
use crate::Error;
use crate::upkeep::{BackupReport, SweepRule, Swept, Upkeep, Verification};

#[async_trait]
impl Upkeep for SqliteStore {
    async fn verify(&self) -> Result<Verification, Error> {
        let verifier = Verifier {
            records: self.records.clone(),
            control: self.control.clone(),
            writer_turn: self.writer_turn.clone(),
            hasher: self.hasher.clone(),
            blobs: self.blobs.clone(),
            catalog: self.catalog(),
            directory: self.directory.clone(),
            breaks_off: self.breaks_off.clone(),
        };
        self.alone("verifying", move || verifier.run()).await
    }

    async fn sweep(&self, rule: &SweepRule) -> Result<Swept, Error> {
        let sweeper = Sweeper {
            control: self.control_writer.clone(),
            writer_turn: self.writer_turn.clone(),
            blobs: self.blobs.clone(),
            rule: *rule,
            breaks_off: self.breaks_off.clone(),
        };
        self.alone("sweeping", move || sweeper.run()).await
    }

    async fn backup(&self, destination: &Path, now: i64) -> Result<BackupReport, Error> {
        let backup = Backup {
            directory: self.directory.clone(),
            records: self.records.clone(),
            control: self.control.clone(),
            writer_turn: self.writer_turn.clone(),
            blobs: self.blobs.clone(),
            catalog: self.catalog(),
            durability: self.durability,
            breaks_off: self.breaks_off.clone(),
            now,
        };
        let destination = destination.to_owned();
        self.alone("backing up", move || backup.write(&destination)).await
    }

    fn break_off(&self) {
        self.breaks_off.0.store(true, Ordering::Relaxed);
    }
}

/// Whether long work is to break off.
#[derive(Clone, Default)]
pub(super) struct BreaksOff(Arc<AtomicBool>);

impl BreaksOff {
    /// Passes where work may break off.
    pub(super) fn pass(&self, doing: &'static str) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::failed(doing, "the process is about to end")) } else { Ok(()) }
    }
}

impl SqliteStore {
    fn catalog(&self) -> Arc<Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs long work on a blocking thread, alone among its kind. It goes on if nobody waits for it any more.
    async fn alone<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.upkeep.clone().lock_owned().await;
        self.breaks_off.pass(doing)?;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        task.await.map_err(|panicked| Error::failed(doing, panicked))?
    }
}
