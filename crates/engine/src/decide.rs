//! What becomes of each row of a chunk: a batch and a store's answers become verdicts and one change set.
//!
//! The result is the same as if the rows were applied one after another in file order (contract 12, rows 13, 25 and 28
//! to 32): what an earlier row of the chunk writes, a later one finds. `holders` keeps who carries which key,
//! `touched` what records look like by now. The store is asked once for each index and once for records.

mod holders;
mod keyed;
mod lookups;
mod picklists;
mod touched;

#[cfg(test)]
mod tests;

use crate::batch::{Batch, Span};
use crate::body;
use crate::catalog::FieldNumber;
use crate::ids::{IdBlock, RecordId};
use crate::placement;
use crate::plan::{FindBy, Plan};
use crate::record_store::{RecordStore, StoreError};
use crate::spec::Operation;
use crate::verdict::{Counts, Fault, Reason, RowCode};
use crate::verdict_bytes;

use holders::Holders;
use lookups::Lookups;
use touched::{Origin, Touched, TouchedRecords};

pub use picklists::PicklistAdditions;

/// What a chunk comes to. Bodies and keys are places in the batch or in the decision's own arenas.
#[derive(Debug)]
pub struct Decision {
    /// Verdicts, encoded for the ledger.
    pub verdicts: Vec<u8>,
    /// How many rows became what.
    pub counts: Counts,
    pub(crate) inserts: Vec<NewRecord>,
    pub(crate) updates: Vec<ChangedRecord>,
    pub(crate) keys_lost: Vec<MovedKey>,
    pub(crate) keys_gained: Vec<MovedKey>,
    pub(crate) picklist_additions: Vec<(FieldNumber, String)>,
    pub(crate) bodies: String,
    pub(crate) keys: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct NewRecord {
    pub id: RecordId,
    row: u32,
    pub body: Place,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct ChangedRecord {
    pub id: RecordId,
    pub version: u32,
    pub body: Place,
}

/// A key that a record gains or loses; `index` is a place in the plan's indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MovedKey {
    pub index: u16,
    pub id: RecordId,
    pub key: Place,
}

/// Where bytes are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// In the batch.
    Batch(Span),
    /// In the decision.
    Own(Span),
}

/// Decides the rows of a batch. The records of new rows get their ids from `block`.
///
/// # Errors
/// What the store answers; [`StoreError::Conflict`] if its answers contradict each other.
pub fn decide(
    plan: &Plan,
    block: IdBlock,
    batch: &Batch,
    picklists: &PicklistAdditions,
    store: &mut dyn RecordStore,
) -> Result<Decision, StoreError> {
    let holders = Holders::ask(plan, batch, store)?;
    let records = TouchedRecords::read(plan, batch, &holders, store)?;
    let lookups = Lookups::ask(plan, batch, store)?;
    let mut chunk = Chunk {
        plan,
        block,
        batch,
        holders,
        lookups,
        records,
        picklists: picklists.begin(),
        decision: begin(),
        scratch: String::new(),
    };
    (0..batch.len()).for_each(|row| chunk.settle(row));
    Ok(chunk.finish())
}

fn begin() -> Decision {
    Decision {
        verdicts: verdict_bytes::begin(),
        counts: Counts::default(),
        inserts: Vec::new(),
        updates: Vec::new(),
        keys_lost: Vec::new(),
        keys_gained: Vec::new(),
        picklist_additions: Vec::new(),
        bodies: String::new(),
        keys: Vec::new(),
    }
}

/// What a row is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// Make a record.
    Create,
    /// Change this one.
    Change(RecordId),
    /// Its key is carried already, or by several.
    Taken,
    /// No record carries its key.
    Missing,
}

struct Chunk<'a> {
    plan: &'a Plan,
    block: IdBlock,
    batch: &'a Batch,
    holders: Holders<'a>,
    lookups: Lookups<'a>,
    records: TouchedRecords,
    picklists: picklists::ChunkAdditions<'a>,
    decision: Decision,
    scratch: String,
}

impl Chunk<'_> {
    fn settle(&mut self, row: usize) {
        let target = self.target(row);
        let faults = self.faults(row, target);
        if !faults.is_empty() {
            self.decision.counts.skipped += 1;
            verdict_bytes::push_skipped(&faults, &mut self.decision.verdicts);
            return;
        }
        match target {
            Target::Create => self.create(row),
            Target::Change(id) => self.change(row, id),
            Target::Taken | Target::Missing => unreachable!("both are faults"),
        }
    }

    fn target(&self, row: usize) -> Target {
        let operation = self.plan.operation;
        let found = match self.plan.find_by {
            None => return Target::Create,
            Some(FindBy::Id { .. }) => match self.batch.id(row) {
                None => return Target::Create,
                Some(id) if self.records.exists(id) => &[id][..],
                Some(_) if operation == Operation::Insert => return Target::Create,
                Some(_) => return Target::Missing,
            },
            Some(FindBy::Index { index, .. }) => match self.holders.of_row(row, index) {
                None => return Target::Create,
                Some(ids) => ids,
            },
        };
        match (found, operation) {
            ([], Operation::Update) => Target::Missing,
            ([], Operation::Insert | Operation::Upsert) => Target::Create,
            (&[id], Operation::Update | Operation::Upsert) => Target::Change(id),
            _ => Target::Taken,
        }
    }

    /// What is wrong with the row, in the order it is told: cells first, and only where they are fine the match.
    fn faults(&self, row: usize, target: Target) -> Vec<Fault> {
        let creating = if target == Target::Create { self.batch.creating_faults(row) } else { &[] };
        let mut faults = [self.batch.faults(row), creating].concat();
        if !self.lookups.is_idle() {
            self.lookups.push_faults(row, &mut faults);
        }
        if faults.is_empty() {
            self.push_match_faults(row, target, &mut faults);
        }
        if faults.len() > 1 {
            faults.sort_by_key(|fault| self.plan.told_order(fault));
            faults.dedup_by_key(|fault| (fault.code, fault.mapping));
        }
        faults
    }

    fn push_match_faults(&self, row: usize, target: Target, faults: &mut Vec<Fault>) {
        let key_column = self.plan.find_by.map(FindBy::mapping);
        let holder = match target {
            Target::Missing => {
                let (code, reason) = (RowCode::ResourceNotFound, Reason::NoRecord);
                return faults.push(Fault { code, mapping: key_column, reason });
            }
            Target::Taken => {
                let is_insert = self.plan.operation == Operation::Insert;
                let reason = if is_insert { Reason::KeyTaken } else { Reason::SeveralRecords };
                faults.push(Fault { code: RowCode::DuplicateData, mapping: key_column, reason });
                // Which record an update meant is not known, and so neither whose values are in its way.
                if !is_insert {
                    return;
                }
                None
            }
            Target::Create => None,
            Target::Change(id) => Some(id),
        };
        let unique = self.plan.indexes.iter().enumerate().filter(|(_, index)| index.unique);
        for (place, index) in unique.filter(|(_, index)| index.mapping.is_some()) {
            let held = self.holders.of_row(row, place).unwrap_or_default();
            if held.iter().any(|&id| Some(id) != holder) {
                let (code, reason) = (RowCode::DuplicateData, Reason::ValueTaken);
                faults.push(Fault { code, mapping: index.mapping, reason });
            }
        }
    }

    fn create(&mut self, row: usize) {
        let number = self.batch.row_number(row);
        let bucket = self.bucket(row, number);
        let id = self.block.record(number, bucket).expect("rows past the id block are refused while reading");
        let body = self.new_body(row);
        self.holders.add_row(row, id);
        if !self.lookups.is_idle() {
            self.lookups.add_created(id, self.decision.body(self.batch, body));
        }
        if self.plan.operation == Operation::Upsert || self.plan.finds_by_id() {
            self.records.add_created(id, self.decision.inserts.len());
        }
        self.decision.inserts.push(NewRecord { id, row: row as u32, body });
        self.decision.counts.added += 1;
        verdict_bytes::push_added(bucket, &mut self.decision.verdicts);
    }

    fn bucket(&self, row: usize, number: u64) -> u8 {
        let key = self.plan.placement.and_then(|index| self.batch.key_span(self.plan, row, index));
        key.map_or_else(|| placement::by_number(number), |span| placement::by_key(self.batch.key(span)))
    }

    /// A new record's body: the batch's own where nothing in it has to go or to be respelled.
    fn new_body(&mut self, row: usize) -> Place {
        let span = self.batch.body_span(row);
        let completed = self.completed(row);
        if completed.is_none() && !self.plan.blanks() {
            return Place::Batch(span);
        }
        let start = self.decision.bodies.len();
        body::merge("{}", completed.as_deref().unwrap_or(self.batch.body(span)), &mut self.decision.bodies);
        Place::Own(Span::new(start, self.decision.bodies.len()))
    }

    fn change(&mut self, row: usize, id: RecordId) {
        let completed = self.completed(row);
        let changes = completed.as_deref().unwrap_or(self.batch.body(self.batch.body_span(row)));
        let mut new = std::mem::take(&mut self.scratch);
        new.clear();
        let old = self.decision.present_body(self.batch, self.records.get(id));
        body::merge(old, changes, &mut new);
        self.holders.move_keys(self.plan, id, old, &new);
        if !self.lookups.is_idle() {
            self.lookups.change(id, old, &new);
        }
        let start = self.decision.bodies.len();
        self.decision.bodies.push_str(&new);
        self.scratch = new;
        let place = Place::Own(Span::new(start, self.decision.bodies.len()));
        if let Some(insert) = self.records.change(id, place) {
            self.decision.inserts[insert].body = place;
        }
        self.decision.counts.updated += 1;
        verdict_bytes::push_updated(id, &mut self.decision.verdicts);
    }

    /// The row's body with the records that its look-ups point to, and with new picklist values as they were first
    /// written, if that differs from the row's own.
    fn completed(&mut self, row: usize) -> Option<String> {
        let respelled = self.respelled(row);
        if self.lookups.is_idle() {
            return respelled;
        }
        let Some(changes) = self.lookups.changes(row) else { return respelled };
        let mut completed = String::new();
        let own = respelled.as_deref().unwrap_or(self.batch.body(self.batch.body_span(row)));
        body::add(own, &changes, &mut completed);
        Some(completed)
    }

    /// The row's body with new picklist values as they were first written, if that differs.
    fn respelled(&mut self, row: usize) -> Option<String> {
        let new_choices = self.batch.new_choices(row);
        if new_choices.is_empty() {
            return None;
        }
        let body = self.batch.body(self.batch.body_span(row));
        self.picklists.settle(self.plan, new_choices, body)
    }

    fn finish(mut self) -> Decision {
        for insert in 0..self.decision.inserts.len() {
            self.push_keys_of_new(insert);
        }
        for (id, touched) in std::mem::take(&mut self.records).into_changed() {
            let Origin::Stored { version, body } = touched.origin else { continue };
            let Some(place) = touched.body else { continue };
            self.decision.updates.push(ChangedRecord { id, version, body: place });
            self.push_moved_keys(id, &body, place);
        }
        self.decision.picklist_additions = self.picklists.into_additions();
        self.decision
    }

    fn push_keys_of_new(&mut self, insert: usize) {
        let NewRecord { id, row, body } = self.decision.inserts[insert];
        for index in 0..self.plan.indexes.len() {
            let key = match body {
                Place::Batch(_) if self.plan.indexes[index].id.joins.is_none() => {
                    self.batch.key_span(self.plan, row as usize, index).map(Place::Batch)
                }
                // What is joined from two fields was no cell.
                Place::Batch(_) | Place::Own(_) => self.own_key(index, body).map(Place::Own),
            };
            self.decision.keys_gained.extend(key.map(|key| MovedKey { index: index as u16, id, key }));
        }
    }

    fn push_moved_keys(&mut self, id: RecordId, old: &str, new: Place) {
        for (place, index) in self.plan.indexes.iter().enumerate().filter(|(_, index)| index.moves) {
            let lost = body::key(old, index.id);
            let gained = self.own_key(place, new);
            if lost.as_deref() == gained.map(|span| &self.decision.keys[span.range()]) {
                continue;
            }
            let moved = |key| MovedKey { index: place as u16, id, key };
            if let Some(lost) = lost {
                let start = self.decision.keys.len();
                self.decision.keys.extend_from_slice(&lost);
                let span = Span::new(start, self.decision.keys.len());
                self.decision.keys_lost.push(moved(Place::Own(span)));
            }
            self.decision.keys_gained.extend(gained.map(|span| moved(Place::Own(span))));
        }
    }

    /// The key of a body, put into the decision's arena.
    fn own_key(&mut self, index: usize, body: Place) -> Option<Span> {
        let Decision { bodies, keys, .. } = &mut self.decision;
        let body = match body {
            Place::Batch(span) => self.batch.body(span),
            Place::Own(span) => &bodies[span.range()],
        };
        let start = keys.len();
        body::key_into(body, self.plan.indexes[index].id, keys).then(|| Span::new(start, keys.len()))
    }
}

impl Decision {
    /// What a record looks like by now.
    fn present_body<'d>(&'d self, batch: &'d Batch, touched: &'d Touched) -> &'d str {
        match (&touched.origin, touched.body) {
            (_, Some(place)) => self.body(batch, place),
            (Origin::Stored { body, .. }, None) => body,
            (Origin::Created { insert }, None) => self.body(batch, self.inserts[*insert].body),
        }
    }

    pub(crate) fn body<'d>(&'d self, batch: &'d Batch, place: Place) -> &'d str {
        match place {
            Place::Batch(span) => batch.body(span),
            Place::Own(span) => &self.bodies[span.range()],
        }
    }

    pub(crate) fn key<'d>(&'d self, batch: &'d Batch, place: Place) -> &'d [u8] {
        match place {
            Place::Batch(span) => batch.key(span),
            Place::Own(span) => &self.keys[span.range()],
        }
    }
}
