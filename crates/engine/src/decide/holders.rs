//! Who carries which key, as the chunk's rows see it one after another: the store's answers, and what earlier rows of
//! the chunk changed since.

use super::keyed::KeyedIds;
use crate::batch::Batch;
use crate::body;
use crate::ids::RecordId;
use crate::plan::{FindBy, Plan};
use crate::record_store::{RecordStore, StoreError};

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
    keyed: KeyedIds,
    slot_of_row: Vec<u32>,
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
        (slot != NO_SLOT).then(|| holders.keyed.ids[slot as usize].as_slice())
    }

    /// All ids that are alone in carrying a key of this index.
    pub(super) fn single(&self, index: usize) -> impl Iterator<Item = RecordId> {
        let ids = self.indexes[index].iter().flat_map(|holders| &holders.keyed.ids);
        ids.filter_map(|ids| if let [id] = ids.as_slice() { Some(*id) } else { None })
    }

    /// A record was made of this row.
    pub(super) fn add_row(&mut self, row: usize, id: RecordId) {
        for holders in self.indexes.iter_mut().flatten() {
            let slot = holders.slot_of_row[row];
            if slot != NO_SLOT {
                holders.keyed.ids[slot as usize].add(id);
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
            holders.keyed.move_id(batch, id, lost, gained);
        }
    }
}

impl IndexHolders {
    fn ask(plan: &Plan, batch: &Batch, index: usize, store: &mut dyn RecordStore) -> Result<Self, StoreError> {
        let mut holders = IndexHolders::of_rows(plan, batch, index);
        holders.keyed.find(plan.indexes[index].id, batch, store)?;
        Ok(holders)
    }

    fn of_rows(plan: &Plan, batch: &Batch, index: usize) -> Self {
        let mut keyed = KeyedIds::with_capacity(batch.len());
        let slot = |row| batch.key_span(plan, row, index).map_or(NO_SLOT, |span| keyed.add_key(batch, span));
        let slot_of_row = (0..batch.len()).map(slot).collect();
        IndexHolders { keyed, slot_of_row }
    }
}
