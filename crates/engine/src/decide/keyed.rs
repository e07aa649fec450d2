//! Keys of a chunk, each once, with the ids of the records that carry it.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::batch::{Batch, Span};
use crate::ids::RecordId;
use crate::record_store::{IndexId, Key, RecordStore, StoreError};

/// Keys, and who carries them. A slot is a place in both lists.
#[derive(Default)]
pub(super) struct KeyedIds {
    slots: HashTable<u32>,
    hasher: DefaultHashBuilder,
    keys: Vec<Span>,
    pub(super) ids: Vec<Ids>,
}

/// Mostly none or one: only more of them take memory of their own.
#[derive(Clone, Debug, Default)]
pub(super) enum Ids {
    #[default]
    None,
    One([RecordId; 1]),
    More(Vec<RecordId>),
}

impl KeyedIds {
    pub(super) fn with_capacity(keys: usize) -> Self {
        KeyedIds { slots: HashTable::with_capacity(keys), ..KeyedIds::default() }
    }

    /// The slot of a key of the batch, a new one if it has none.
    pub(super) fn add_key(&mut self, batch: &Batch, span: Span) -> u32 {
        let KeyedIds { slots, hasher, keys, .. } = self;
        let key = batch.key(span);
        let is_same = |&slot: &u32| batch.key(keys[slot as usize]) == key;
        let rehash = |&slot: &u32| hasher.hash_one(batch.key(keys[slot as usize]));
        let slot = *slots.entry(hasher.hash_one(key), is_same, rehash).or_insert(keys.len() as u32).get();
        if slot as usize == keys.len() {
            keys.push(span);
        }
        slot
    }

    pub(super) fn slot(&self, batch: &Batch, key: &Key) -> Option<usize> {
        let is_same = |&slot: &u32| batch.key(self.keys[slot as usize]) == key;
        self.slots.find(self.hasher.hash_one(key), is_same).map(|&slot| slot as usize)
    }

    pub(super) fn keys<'b>(&self, batch: &'b Batch) -> Vec<&'b Key> {
        self.keys.iter().map(|&span| batch.key(span)).collect()
    }

    /// Asks the store who carries the keys, in one call.
    pub(super) fn find(
        &mut self,
        index: IndexId,
        batch: &Batch,
        store: &mut dyn RecordStore,
    ) -> Result<(), StoreError> {
        let keys = self.keys(batch);
        if keys.is_empty() {
            return Ok(());
        }
        let matches = store.find(index, &keys)?;
        if matches.len() != keys.len() {
            return Err(StoreError::Conflict);
        }
        self.ids = (0..matches.len()).map(|slot| Ids::of(matches.of(slot))).collect();
        Ok(())
    }

    /// A record has lost the one key and gained the other.
    pub(super) fn move_id(&mut self, batch: &Batch, id: RecordId, lost: &Key, gained: &Key) {
        if let Some(slot) = self.slot(batch, lost) {
            self.ids[slot].remove(id);
        }
        if let Some(slot) = self.slot(batch, gained) {
            self.ids[slot].add(id);
        }
    }
}

impl Ids {
    pub(super) fn of(ids: &[RecordId]) -> Self {
        match *ids {
            [] => Ids::None,
            [id] => Ids::One([id]),
            _ => Ids::More(ids.to_vec()),
        }
    }

    pub(super) fn as_slice(&self) -> &[RecordId] {
        match self {
            Ids::None => &[],
            Ids::One(one) => one,
            Ids::More(ids) => ids,
        }
    }

    pub(super) fn add(&mut self, id: RecordId) {
        match self {
            Ids::None => *self = Ids::One([id]),
            Ids::One([held]) if *held != id => *self = Ids::More(vec![*held, id]),
            Ids::One(_) => {}
            Ids::More(ids) if ids.contains(&id) => {}
            Ids::More(ids) => ids.push(id),
        }
    }

    pub(super) fn remove(&mut self, id: RecordId) {
        let kept: Vec<RecordId> = self.as_slice().iter().copied().filter(|&held| held != id).collect();
        *self = Ids::of(&kept);
    }
}
