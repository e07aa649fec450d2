//! Which records the look-ups of a chunk's rows point to: what the store has, and what earlier rows of the chunk changed
//! since, so that a row finds whatever stands above it in the file, however long chunks are.

use super::keyed::{Ids, KeyedIds};
use crate::batch::{Batch, LookedFor};
use crate::body::{self, Writer};
use crate::catalog::ModuleNumber;
use crate::ids::RecordId;
use crate::plan::Plan;
use crate::record_store::{IndexId, RecordStore, StoreError};
use crate::typing::{Asked, LookupRule, LookupTarget, Rule, TargetKey};
use crate::verdict::{Fault, Reason, RowCode};

/// Records that are read at once to see which of them there are.
const IDS_READ_AT_ONCE: usize = 4096;

/// The look-ups of a chunk, found.
pub(super) struct Lookups<'a> {
    plan: &'a Plan,
    batch: &'a Batch,
    places: Vec<Place>,
    /// For each cell that is looked for, the places it is looked for in and its slot there.
    asked: Vec<(u32, u32)>,
    /// Where those of a cell end; they begin where those of the cell before end.
    ends: Vec<u32>,
    lost: Vec<u8>,
    gained: Vec<u8>,
}

/// One way to find records of one module.
struct Place {
    module: ModuleNumber,
    /// `None`: by their id.
    index: Option<IndexId>,
    keyed: KeyedIds,
}

impl<'a> Lookups<'a> {
    /// Asks the store for the records of all look-ups: one call for each field that they are looked up by.
    pub(super) fn ask(plan: &'a Plan, batch: &'a Batch, store: &mut dyn RecordStore) -> Result<Self, StoreError> {
        let mut lookups = Lookups {
            plan,
            batch,
            places: Vec::new(),
            asked: Vec::new(),
            ends: Vec::new(),
            lost: Vec::new(),
            gained: Vec::new(),
        };
        batch.all_looked_for().iter().for_each(|cell| lookups.add(cell));
        for place in &mut lookups.places {
            place.find(batch, store)?;
        }
        Ok(lookups)
    }

    /// Whether no cell of the chunk is looked for: nothing else is asked then.
    pub(super) fn is_idle(&self) -> bool {
        self.ends.is_empty()
    }

    /// The fault of each look-up of the row that points to no record, or to several.
    pub(super) fn push_faults(&self, row: usize, faults: &mut Vec<Fault>) {
        for cell in self.batch.looked_for(row) {
            let reason = match self.found(cell) {
                Found::One(_) => continue,
                Found::None => Reason::LookUpNotFound,
                Found::Several => Reason::LookUpAmbiguous,
            };
            let mapping = Some(self.batch.all_looked_for()[cell].mapping);
            faults.push(Fault { code: RowCode::InvalidData, mapping, reason });
        }
    }

    /// The fields of the row's look-ups, as a body of their own; `None` if it has none.
    pub(super) fn changes(&self, row: usize) -> Option<String> {
        let cells = self.batch.looked_for(row);
        if cells.is_empty() {
            return None;
        }
        let mut changes = String::new();
        let mut writer = Writer::begin(&mut changes);
        for cell in cells {
            let Found::One(id) = self.found(cell) else { continue };
            let mapping = self.batch.all_looked_for()[cell].mapping;
            writer.text(&self.plan.columns[usize::from(mapping)].body_name, &id.to_string());
        }
        writer.end();
        Some(changes)
    }

    /// A row has made a record of the module that is imported.
    pub(super) fn add_created(&mut self, id: RecordId, body: &str) {
        self.move_keys(id, None, body);
    }

    /// A row has changed a record of the module that is imported.
    pub(super) fn change(&mut self, id: RecordId, old: &str, new: &str) {
        self.move_keys(id, Some(old), new);
    }

    fn move_keys(&mut self, id: RecordId, old: Option<&str>, new: &str) {
        let Lookups { plan, batch, places, lost, gained, .. } = self;
        for place in places.iter_mut().filter(|place| place.module == plan.module) {
            lost.clear();
            gained.clear();
            match place.index {
                Some(index) => {
                    old.map(|old| body::key_into(old, index, lost));
                    body::key_into(new, index, gained);
                }
                None => gained.extend_from_slice(id.to_string().as_bytes()),
            }
            if lost != gained {
                place.keyed.move_id(batch, id, lost, gained);
            }
        }
    }

    fn add(&mut self, cell: &LookedFor) {
        let rule = rule_of(self.plan, cell);
        let targets = match cell.asked {
            Asked::One(place) => &rule.targets[usize::from(place)..=usize::from(place)],
            Asked::All => &rule.targets,
        };
        for target in targets {
            let place = self.place(target);
            let slot = self.places[place].keyed.add_key(self.batch, cell.key);
            self.asked.push((place as u32, slot));
        }
        self.ends.push(self.asked.len() as u32);
    }

    /// The place of a target, a new one if there is none yet. There are few.
    fn place(&mut self, target: &LookupTarget) -> usize {
        let index = match target.by {
            TargetKey::Id => None,
            TargetKey::Index { index, .. } => Some(index),
        };
        let is_same = |place: &Place| place.module == target.module && place.index == index;
        self.places.iter().position(is_same).unwrap_or_else(|| {
            self.places.push(Place { module: target.module, index, keyed: KeyedIds::default() });
            self.places.len() - 1
        })
    }

    fn found(&self, cell: usize) -> Found {
        let start = cell.checked_sub(1).map_or(0, |before| self.ends[before]);
        let asked = &self.asked[start as usize..self.ends[cell] as usize];
        let ids = |&(place, slot): &(u32, u32)| self.places[place as usize].keyed.ids[slot as usize].as_slice();
        let mut found = asked.iter().flat_map(ids);
        match (found.next(), found.next()) {
            (None, _) => Found::None,
            (Some(&id), None) => Found::One(id),
            (Some(_), Some(_)) => Found::Several,
        }
    }
}

/// What a look-up points to.
enum Found {
    None,
    One(RecordId),
    Several,
}

impl Place {
    fn find(&mut self, batch: &Batch, store: &mut dyn RecordStore) -> Result<(), StoreError> {
        if let Some(index) = self.index {
            return self.keyed.find(index, batch, store);
        }
        let id_of = |key: &[u8]| std::str::from_utf8(key).ok()?.parse().ok();
        let ids: Vec<Option<RecordId>> = self.keyed.keys(batch).into_iter().map(id_of).collect();
        for ids in ids.chunks(IDS_READ_AT_ONCE) {
            let asked: Vec<RecordId> = ids.iter().copied().flatten().collect();
            let stored = store.read(self.module, &asked)?;
            // Answers come in the order asked, whatever order the file has its ids in.
            let mut stored = stored.into_iter();
            let mut held = |id: &Option<RecordId>| id.and_then(|_| stored.next().flatten()).map(|record| record.id);
            self.keyed.ids.extend(ids.iter().map(|id| Ids::of(held(id).as_slice())));
        }
        Ok(())
    }
}

fn rule_of<'p>(plan: &'p Plan, cell: &LookedFor) -> &'p LookupRule {
    match &plan.columns[usize::from(cell.mapping)].rule {
        Rule::Lookup(rule) => rule,
        _ => unreachable!("only cells of look-ups are looked for"),
    }
}
