//! The records that rows of a chunk may change: as the store has them, and as earlier rows left them.

use std::collections::HashMap;

use super::Place;
use super::holders::Holders;
use crate::batch::Batch;
use crate::ids::RecordId;
use crate::plan::{FindBy, Plan};
use crate::record_store::{RecordStore, StoreError};
use crate::spec::Operation;

/// Where a record comes from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The store, in this version and with this body.
    Stored { version: u32, body: Box<str> },
    /// A row of this chunk, the given place in the decision's inserts.
    Created { insert: usize },
}

/// A record, and its body once a row has changed it.
#[derive(Debug)]
pub(super) struct Touched {
    pub origin: Origin,
    pub body: Option<Place>,
}

/// All records that rows of the chunk can reach.
#[derive(Debug, Default)]
pub(super) struct TouchedRecords {
    by_id: HashMap<RecordId, Touched>,
}

impl TouchedRecords {
    /// Reads the records that the batch's keys lead to, in one call.
    pub(super) fn read(
        plan: &Plan,
        batch: &Batch,
        holders: &Holders<'_>,
        store: &mut dyn RecordStore,
    ) -> Result<Self, StoreError> {
        let mut ids: Vec<RecordId> = match plan.find_by {
            Some(FindBy::Id { .. }) => batch.ids().collect(),
            Some(FindBy::Index { index, .. }) if plan.operation != Operation::Insert => holders.single(index).collect(),
            Some(FindBy::Index { .. }) | None => Vec::new(),
        };
        ids.sort_unstable();
        ids.dedup();
        let mut records = TouchedRecords::default();
        if ids.is_empty() {
            return Ok(records);
        }
        for (id, stored) in ids.iter().zip(store.read(plan.module, &ids)?) {
            match stored {
                Some(stored) => records.add_stored(*id, stored.version, stored.body),
                None if plan.finds_by_id() => {}
                // It went between the two calls.
                None => return Err(StoreError::Conflict),
            }
        }
        Ok(records)
    }

    pub(super) fn exists(&self, id: RecordId) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn get(&self, id: RecordId) -> &Touched {
        &self.by_id[&id]
    }

    pub(super) fn add_created(&mut self, id: RecordId, insert: usize) {
        self.by_id.insert(id, Touched { origin: Origin::Created { insert }, body: None });
    }

    /// The record has this body from now on. Answers its place in the inserts if a row of this chunk made it.
    pub(super) fn change(&mut self, id: RecordId, body: Place) -> Option<usize> {
        let touched = self.by_id.get_mut(&id)?;
        touched.body = Some(body);
        match touched.origin {
            Origin::Created { insert } => Some(insert),
            Origin::Stored { .. } => None,
        }
    }

    /// The records that were changed, in the order of their ids.
    pub(super) fn into_changed(self) -> Vec<(RecordId, Touched)> {
        let mut changed: Vec<_> = self.by_id.into_iter().filter(|(_, touched)| touched.body.is_some()).collect();
        changed.sort_unstable_by_key(|(id, _)| *id);
        changed
    }

    fn add_stored(&mut self, id: RecordId, version: u32, body: Box<str>) {
        self.by_id.insert(id, Touched { origin: Origin::Stored { version, body }, body: None });
    }
}
