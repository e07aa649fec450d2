//! What is asked of the store beside its daily work, one such thing at a time.

use std::sync::PoisonError;

use async_trait::async_trait;

use super::SqliteStore;
use super::sweep::Sweeper;
use super::verify::Verifier;
use crate::Error;
use crate::upkeep::{SweepRule, Swept, Upkeep, Verification};

#[async_trait]
impl Upkeep for SqliteStore {
    async fn verify(&self) -> Result<Verification, Error> {
        let verifier = Verifier {
            records: self.records.clone(),
            control: self.control.clone(),
            writer_turn: self.writer_turn.clone(),
            hasher: self.hasher.clone(),
            blobs: self.blobs.clone(),
            catalog: self.catalog.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            directory: self.directory.clone(),
        };
        self.alone("verifying", move || verifier.run()).await
    }

    async fn sweep(&self, rule: &SweepRule) -> Result<Swept, Error> {
        let sweeper = Sweeper {
            control: self.control_writer.clone(),
            writer_turn: self.writer_turn.clone(),
            blobs: self.blobs.clone(),
            rule: *rule,
        };
        self.alone("sweeping", move || sweeper.run()).await
    }
}

impl SqliteStore {
    /// Runs long work on a blocking thread, alone among its kind. It goes on if nobody waits for it any more.
    async fn alone<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = self.upkeep.clone().lock_owned().await;
        let task = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        task.await.map_err(|panicked| Error::failed(doing, panicked))?
    }
}
