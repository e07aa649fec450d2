//! A store of records whose commits are timed.

use std::time::Instant;

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};
use prometheus_client::metrics::histogram::Histogram;

/// Passes everything on, and observes how long each commit took that is durable.
pub(super) struct Timed<'a> {
    pub(super) records: &'a mut dyn RecordStore,
    pub(super) commit_seconds: &'a Histogram,
}

impl RecordStore for Timed<'_> {
    fn org(&self) -> OrgId {
        self.records.org()
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.records.find(index, keys)
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.records.read(module, ids)
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        self.records.picklist_additions(module)
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.records.ledger(job, resource)
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        let began = Instant::now();
        self.records.commit(change)?;
        self.commit_seconds.observe(began.elapsed().as_secs_f64());
        Ok(())
    }
}
