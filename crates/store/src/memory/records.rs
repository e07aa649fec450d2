//! Records: the engine's model for each organisation, one writer at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{JobId, OrgId, RecordId};
use bulkwright_engine::memory::{MemoryRecord, MemoryStore as OrgRecords};
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};

use crate::Error;
use crate::model::{PageQuery, Record, SortBy};

/// The records of all organisations.
#[derive(Debug, Default)]
pub(super) struct Records {
    orgs: Mutex<BTreeMap<OrgId, OrgRecords>>,
    is_written: Mutex<bool>,
    given_back: Condvar,
}

impl Records {
    /// A copy of an organisation's records, as they stand now.
    pub(super) fn of(&self, org: OrgId) -> OrgRecords {
        self.orgs().get(&org).cloned().unwrap_or_else(|| OrgRecords::new(org))
    }

    fn orgs(&self) -> MutexGuard<'_, BTreeMap<OrgId, OrgRecords>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_written(&self) -> MutexGuard<'_, bool> {
        self.is_written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to write, until it is dropped.
pub(super) struct Writer {
    records: Arc<Records>,
    org: OrgId,
}

impl Writer {
    /// Blocks until nobody else writes.
    pub(super) fn wait(records: &Arc<Records>, org: OrgId) -> Self {
        let is_written = records.is_written();
        let free = records.given_back.wait_while(is_written, |is_written| *is_written);
        *free.unwrap_or_else(PoisonError::into_inner) = true;
        Writer { records: records.clone(), org }
    }

    fn with<T>(&self, work: impl FnOnce(&mut OrgRecords) -> T) -> T {
        work(self.records.orgs().entry(self.org).or_insert_with(|| OrgRecords::new(self.org)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        *self.records.is_written() = false;
        self.records.given_back.notify_one();
    }
}

impl RecordStore for Writer {
    fn org(&self) -> OrgId {
        self.org
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.with(|records| records.find(index, keys))
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.with(|records| records.read(module, ids))
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        self.with(|records| records.picklist_additions(module))
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.with(|records| records.ledger(job, resource))
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        self.with(|records| records.commit(change))
    }
}

/// A record as readers see it.
pub(super) fn shown((id, record): (RecordId, &MemoryRecord)) -> Record {
    Record {
        id,
        version: record.version,
        body: record.body.clone(),
        created_at: record.created_at,
        created_by: record.created_by,
        modified_at: record.modified_at,
        modified_by: record.modified_by,
    }
}

/// All records in the order asked for, of which the page is cut.
pub(super) fn page(records: &OrgRecords, module: ModuleNumber, query: &PageQuery) -> Vec<Record> {
    let place = |record: &Record| match query.sort_by {
        SortBy::Id => (0, record.id),
        SortBy::CreatedTime => (record.created_at, record.id),
        SortBy::ModifiedTime => (record.modified_at, record.id),
    };
    let mut sorted: Vec<Record> = records.records(module).map(shown).collect();
    sorted.sort_by_key(place);
    let after = query.after.map(|after| (if query.sort_by == SortBy::Id { 0 } else { after.value }, after.id));
    if query.descending {
        sorted.reverse();
        sorted.retain(|record| after.is_none_or(|after| place(record) < after));
    } else {
        sorted.retain(|record| after.is_none_or(|after| place(record) > after));
    }
    let skip = usize::try_from(query.skip).unwrap_or(usize::MAX);
    sorted.into_iter().skip(skip).take(query.limit as usize).collect()
}

/// Records that carry a key, in id order.
pub(super) fn search(mut records: OrgRecords, index: IndexId, key: &Key, limit: u32) -> Result<Vec<Record>, Error> {
    let found = records.find(index, &[key]).map_err(|error| Error::failed("searching records", error))?;
    let all = records.records(index.module).filter(|(id, _)| found.of(0).contains(id)).map(shown);
    Ok(all.take(limit as usize).collect())
}
