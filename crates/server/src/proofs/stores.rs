//! A store whose upkeep is no part of the proof.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bulkwright_store::upkeep::{BackupReport, SweepRule, Swept, Upkeep, Verification};
use bulkwright_store::{Error as StoreError, Store};

use crate::state::Stores;

/// Sweeps nothing; nobody asks for more.
struct NoUpkeep;

/// This store, with nothing swept.
pub(super) fn without_upkeep(store: Arc<dyn Store>) -> Stores {
    Stores { store, upkeep: Arc::new(NoUpkeep) }
}

#[async_trait]
impl Upkeep for NoUpkeep {
    async fn verify(&self) -> Result<Verification, StoreError> {
        unreachable!("no proof asks for it")
    }

    async fn sweep(&self, _: &SweepRule) -> Result<Swept, StoreError> {
        Ok(Swept::default())
    }

    async fn backup(&self, _: &Path, _: i64) -> Result<BackupReport, StoreError> {
        unreachable!("no proof asks for it")
    }

    fn break_off(&self) {}
}
