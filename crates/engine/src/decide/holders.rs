//! Who carries which key, as the chunk's rows see it one after another: the store's answers, and what earlier rows of
//! the chunk changed since.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::batch::{Batch, Span};
use crate::body;
use crate::ids::RecordId;
use crate::plan::{FindBy, Plan};
use crate::record_store::{Key, RecordStore, StoreError};

/// A row without a value for an index.
const NO_SLOT: u32 = u32::MAX;

/// The holders of every key that decides about a row: those of the find_by field and of unique fields.
pub(super) struct Holders<'a> {
    batch: &'a Batch,
    /// By place in the plan's indexes; `None` for those that decide nothing.
    indexes: Vec<Option<IndexHolders>>,
    lost: Vec<u8>,
    gained: Vec<u8>,
}

struct IndexHolders {
    /// Keys of the chunk, each once; a slot is a place in `keys` and `ids`.
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
    keys: Vec<Span>,
    ids: Vec<Ids>,
    slot_of_row: Vec<u32>,
}

/// Mostly none or one: only more of them take memory of their own.
#[derive(Clone, Debug, Default)]
enum Ids {
    #[default]
    None,
    One([RecordId; 1]),
    More(Vec<RecordId>),
}

impl<'a> Holders<'a> {
    /// Asks the store for the holders of the batch's keys: one call an index.
    pub(super) fn ask(plan: &Plan, batch: &'a Batch, store: &mut dyn RecordStore) -> Result<Self, StoreError> {
        let mut indexes = Vec::with_capacity(plan.indexes.len());
        for (place, index) in plan.indexes.iter().enumerate() {
            let is_key = matches!(plan.find_by, Some(FindBy::Index { index, .. }) if index == place);
            let decides = index.mapping.is_some() && (index.unique || is_key);
            indexes.push(if decides { Some(IndexHolders::ask(plan, batch, place, store)?) } else { None });
        }
        Ok(Holders { batch, indexes, lost: Vec::new(), gained: Vec::new() })
    }

    /// The records that carry the row's key by now; `None` if the row has none.
    pub(super) fn of_row(&self, row: usize, index: usize) -> Option<&[RecordId]> {
        let holders = self.indexes[index].as_ref()?;
        let slot = holders.slot_of_row[row];
        (slot != NO_SLOT).then(|| holders.ids[slot as usize].as_slice())
    }

    /// All ids that are alone in carrying a key of this index.
    pub(super) fn single(&self, index: usize) -> impl Iterator<Item = RecordId> {
        let ids = self.indexes[index].iter().flat_map(|holders| &holders.ids);
        ids.filter_map(|ids| if let [id] = ids.as_slice() { Some(*id) } else { None })
    }

    /// A record was made of this row.
    pub(super) fn add_row(&mut self, row: usize, id: RecordId) {
        for holders in self.indexes.iter_mut().flatten() {
            let slot = holders.slot_of_row[row];
            if slot != NO_SLOT {
                holders.ids[slot as usize].add(id);
            }
        }
    }

    /// A record's body changed. Keys that no row of the chunk has concern nobody here.
    pub(super) fn move_keys(&mut self, plan: &Plan, id: RecordId, old: &str, new: &str) {
        let Holders { batch, indexes, lost, gained } = self;
        for (place, holders) in indexes.iter_mut().enumerate() {
            let Some(holders) = holders else { continue };
            let index = plan.indexes[place].id;
            lost.clear();
            gained.clear();
            body::key_into(old, index, lost);
            body::key_into(new, index, gained);
            if lost == gained {
                continue;
            }
            if let Some(slot) = holders.slot(batch, lost) {
                holders.ids[slot].remove(id);
            }
            if let Some(slot) = holders.slot(batch, gained) {
                holders.ids[slot].add(id);
            }
        }
    }
}

impl IndexHolders {
    fn ask(plan: &Plan, batch: &Batch, index: usize, store: &mut dyn RecordStore) -> Result<Self, StoreError> {
        let mut holders = IndexHolders::of_rows(plan, batch, index);
        let keys: Vec<&Key> = holders.keys.iter().map(|&span| batch.key(span)).collect();
        if keys.is_empty() {
            return Ok(holders);
        }
        let matches = store.find(plan.indexes[index].id, &keys)?;
        if matches.len() != keys.len() {
            return Err(StoreError::Conflict);
        }
        holders.ids = (0..matches.len()).map(|slot| Ids::of(matches.of(slot))).collect();
        Ok(holders)
    }

    fn of_rows(plan: &Plan, batch: &Batch, index: usize) -> Self {
        let mut slots = HashTable::with_capacity(batch.len());
        let hasher = DefaultHashBuilder::default();
        let mut keys: Vec<Span> = Vec::new();
        let mut slot_of_row = Vec::with_capacity(batch.len());
        for row in 0..batch.len() {
            let Some(span) = batch.key_span(plan, row, index) else {
                slot_of_row.push(NO_SLOT);
                continue;
            };
            let key = batch.key(span);
            let is_same = |&slot: &u32| batch.key(keys[slot as usize]) == key;
            let rehash = |&slot: &u32| hasher.hash_one(batch.key(keys[slot as usize]));
            let entry = slots.entry(hasher.hash_one(key), is_same, rehash);
            let slot = *entry.or_insert(keys.len() as u32).get();
            if slot as usize == keys.len() {
                keys.push(span);
            }
            slot_of_row.push(slot);
        }
        IndexHolders { slots, hasher, keys, ids: Vec::new(), slot_of_row }
    }

    fn slot(&self, batch: &Batch, key: &Key) -> Option<usize> {
        let is_same = |&slot: &u32| batch.key(self.keys[slot as usize]) == key;
        self.slots.find(self.hasher.hash_one(key), is_same).map(|&slot| slot as usize)
    }
}

impl Ids {
    fn of(ids: &[RecordId]) -> Self {
        match *ids {
            [] => Ids::None,
            [id] => Ids::One([id]),
            _ => Ids::More(ids.to_vec()),
        }
    }

    fn as_slice(&self) -> &[RecordId] {
        match self {
            Ids::None => &[],
            Ids::One(one) => one,
            Ids::More(ids) => ids,
        }
    }

    fn add(&mut self, id: RecordId) {
        match self {
            Ids::None => *self = Ids::One([id]),
            Ids::One([held]) if *held != id => *self = Ids::More(vec![*held, id]),
            Ids::One(_) => {}
            Ids::More(ids) if ids.contains(&id) => {}
            Ids::More(ids) => ids.push(id),
        }
    }

    fn remove(&mut self, id: RecordId) {
        let kept: Vec<RecordId> = self.as_slice().iter().copied().filter(|&held| held != id).collect();
        *self = Ids::of(&kept);
    }
}
