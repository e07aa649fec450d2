//! A record store in memory, simple enough to be believed: the model that other stores are compared with.
//!
//! A commit works on a copy of everything and puts it in place only if nothing stood against it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{FieldNumber, ModuleNumber};
use crate::ids::{JobId, OrgId, RecordId, UserId};
use crate::record_store::{
    ChangeSet, IndexId, Insert, Key, KeyChange, LedgerRow, Matches, RecordStore, StoreError, Update, Versioned,
};

/// The records of one organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryStore {
    org: OrgId,
    state: State,
}

/// A record as the model keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryRecord {
    /// Its module.
    pub module: ModuleNumber,
    /// Changes so far, 1 when made.
    pub version: u32,
    /// Its values.
    pub body: Box<str>,
    /// When it was made, seconds since 1970.
    pub created_at: i64,
    /// By whom.
    pub created_by: UserId,
    /// When it was last changed.
    pub modified_at: i64,
    /// By whom.
    pub modified_by: UserId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct State {
    records: BTreeMap<RecordId, MemoryRecord>,
    keys: BTreeMap<(IndexId, Vec<u8>), BTreeSet<RecordId>>,
    picklist_additions: Vec<(ModuleNumber, FieldNumber, String)>,
    ledger: BTreeMap<(JobId, u16, u32), LedgerRow>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(org: OrgId) -> Self {
        MemoryStore { org, state: State::default() }
    }

    /// All records of a module, by id.
    pub fn records(&self, module: ModuleNumber) -> impl Iterator<Item = (RecordId, &MemoryRecord)> {
        let of_module = self.state.records.iter().filter(move |(_, record)| record.module == module);
        of_module.map(|(id, record)| (*id, record))
    }

    /// One record, whatever its module.
    pub fn record(&self, id: RecordId) -> Option<&MemoryRecord> {
        self.state.records.get(&id)
    }

    /// All keys and who carries them.
    pub fn keys(&self) -> impl Iterator<Item = (IndexId, &Key, &BTreeSet<RecordId>)> {
        self.state.keys.iter().map(|((index, key), ids)| (*index, key.as_slice(), ids))
    }
}

impl RecordStore for MemoryStore {
    fn org(&self) -> OrgId {
        self.org
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        let mut matches = Matches::with_capacity(keys.len());
        for key in keys {
            matches.push(self.state.holders(index, key).iter().copied());
        }
        Ok(matches)
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        let read = |&id: &RecordId| {
            let record = self.state.records.get(&id).filter(|record| record.module == module)?;
            Some(Versioned { id, version: record.version, body: record.body.clone() })
        };
        Ok(ids.iter().map(read).collect())
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        let of_module = self.state.picklist_additions.iter().filter(|(number, ..)| *number == module);
        Ok(of_module.map(|(_, field, value)| (*field, value.clone())).collect())
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        let rows = self.state.ledger.range((job, resource, 0)..=(job, resource, u32::MAX));
        Ok(rows.map(|(_, row)| row.clone()).collect())
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        let mut after = self.state.clone();
        after.apply(change)?;
        self.state = after;
        Ok(())
    }
}

impl State {
    fn holders(&self, index: IndexId, key: &Key) -> BTreeSet<RecordId> {
        self.keys.get(&(index, key.to_vec())).cloned().unwrap_or_default()
    }

    fn apply(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        change.inserts.iter().try_for_each(|insert| self.insert(change, insert))?;
        change.updates.iter().try_for_each(|update| self.update(change, update))?;
        change.keys_lost.iter().for_each(|lost| self.lose(lost));
        change.keys_gained.iter().for_each(|gained| self.gain(gained));
        let mut unique = change.keys_gained.iter().filter(|gained| gained.unique);
        if unique.any(|gained| self.holders(gained.index, gained.key).len() > 1) {
            return Err(StoreError::Conflict);
        }
        for (field, value) in change.picklist_additions {
            let addition = (change.module, *field, (*value).to_owned());
            if !self.picklist_additions.contains(&addition) {
                self.picklist_additions.push(addition);
            }
        }
        self.add_ledger_row(change.ledger)
    }

    fn insert(&mut self, change: &ChangeSet<'_>, insert: &Insert<'_>) -> Result<(), StoreError> {
        let record = MemoryRecord {
            module: change.module,
            version: 1,
            body: insert.body.into(),
            created_at: change.now,
            created_by: change.user,
            modified_at: change.now,
            modified_by: change.user,
        };
        if self.records.insert(insert.id, record).is_some() { Err(StoreError::Conflict) } else { Ok(()) }
    }

    fn update(&mut self, change: &ChangeSet<'_>, update: &Update<'_>) -> Result<(), StoreError> {
        let record = self.records.get_mut(&update.id).filter(|record| record.module == change.module);
        let record = record.filter(|record| record.version == update.version).ok_or(StoreError::Conflict)?;
        record.version += 1;
        record.body = update.body.into();
        (record.modified_at, record.modified_by) = (change.now, change.user);
        Ok(())
    }

    fn lose(&mut self, lost: &KeyChange<'_>) {
        let place = (lost.index, lost.key.to_vec());
        if let Some(ids) = self.keys.get_mut(&place) {
            ids.remove(&lost.id);
            if ids.is_empty() {
                self.keys.remove(&place);
            }
        }
    }

    fn gain(&mut self, gained: &KeyChange<'_>) {
        self.keys.entry((gained.index, gained.key.to_vec())).or_default().insert(gained.id);
    }

    fn add_ledger_row(&mut self, row: &LedgerRow) -> Result<(), StoreError> {
        let place = (row.job, row.resource, row.chunk);
        if self.ledger.insert(place, row.clone()).is_some() { Err(StoreError::Conflict) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::IdBlock;
    use crate::verdict::Counts;

    const MODULE: ModuleNumber = ModuleNumber(1);
    const INDEX: IndexId = IndexId { module: MODULE, field: FieldNumber(3), case_sensitive: false, joins: None };

    fn ledger(chunk: u32) -> LedgerRow {
        LedgerRow {
            job: JobId(1),
            resource: 0,
            chunk,
            rows_through: 1,
            counts: Counts::default(),
            verdicts: Vec::new(),
        }
    }

    fn change<'a>(ledger: &'a LedgerRow, inserts: &'a [Insert<'a>], keys_gained: &'a [KeyChange<'a>]) -> ChangeSet<'a> {
        ChangeSet {
            module: MODULE,
            user: UserId(1),
            now: 0,
            block: IdBlock { start: 0, size: 1 },
            inserts,
            updates: &[],
            keys_lost: &[],
            keys_gained,
            picklist_additions: &[],
            ledger,
        }
    }

    fn gained(id: i64) -> KeyChange<'static> {
        KeyChange { index: INDEX, key: b"k", id: RecordId(id), unique: true }
    }

    /// A store with record 1, which carries the unique key `k`.
    fn store() -> MemoryStore {
        let mut store = MemoryStore::new(OrgId(1));
        let inserts = [Insert { id: RecordId(1), body: "{}" }];
        store.commit(&change(&ledger(0), &inserts, &[gained(1)])).unwrap();
        store
    }

    fn conflicts(change: &ChangeSet<'_>) {
        let (before, mut store) = (store(), store());
        assert!(matches!(store.commit(change), Err(StoreError::Conflict)));
        assert_eq!(store, before);
    }

    #[test]
    fn whatever_no_longer_holds_is_a_conflict_and_writes_nothing() {
        let next = ledger(1);
        let other = [Insert { id: RecordId(2), body: "{}" }];
        conflicts(&change(&ledger(0), &other, &[]));
        conflicts(&change(&next, &[Insert { id: RecordId(1), body: "{}" }], &[]));
        conflicts(&change(&next, &other, &[gained(2)]));
        let stale = [Update { id: RecordId(1), version: 2, body: "{}" }];
        conflicts(&ChangeSet { updates: &stale, ..change(&next, &other, &[]) });
        let absent = [Update { id: RecordId(3), version: 1, body: "{}" }];
        conflicts(&ChangeSet { updates: &absent, ..change(&next, &other, &[]) });
    }

    #[test]
    fn a_unique_key_may_change_hands_in_one_commit() {
        let mut store = store();
        let next = ledger(1);
        let other = [Insert { id: RecordId(2), body: "{}" }];
        let lost = [gained(1)];
        store.commit(&ChangeSet { keys_lost: &lost, ..change(&next, &other, &[gained(2)]) }).unwrap();
        assert_eq!(store.find(INDEX, &[b"k", b"x"]).unwrap().of(0), [RecordId(2)]);
        assert!(store.find(INDEX, &[b"k", b"x"]).unwrap().of(1).is_empty());
    }
}
