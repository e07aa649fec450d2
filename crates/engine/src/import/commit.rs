//! The committing side: a batch is decided and committed with its ledger row, and again if another write came first.

use super::{Import, ImportError};
use crate::batch::Batch;
use crate::catalog::FieldNumber;
use crate::decide::{ChangedRecord, Decision, MovedKey, NewRecord, PicklistAdditions, decide};
use crate::plan::Plan;
use crate::record_store::{ChangeSet, Insert, KeyChange, LedgerRow, RecordStore, StoreError, Update};
use crate::verdict::Counts;

/// How often a chunk is decided before a store that conflicts each time is given up.
const TRIES: u32 = 5;

/// Commits chunks, each with the ledger row that proves it.
pub(super) struct Committer<'a> {
    import: &'a Import<'a>,
    plan: &'a Plan,
    store: &'a mut dyn RecordStore,
    picklists: PicklistAdditions,
    /// The next chunk.
    chunk: u32,
    rows_through: u64,
    counts: Counts,
}

impl<'a> Committer<'a> {
    /// Takes over what earlier runs have settled.
    pub(super) fn resume(
        import: &'a Import<'a>,
        plan: &'a Plan,
        store: &'a mut dyn RecordStore,
    ) -> Result<Self, ImportError> {
        let at_start = |source| ImportError::Store { row: 1, source };
        let ledger = store.ledger(import.job, import.resource).map_err(at_start)?;
        let mut counts = Counts::default();
        ledger.iter().for_each(|row| counts += row.counts);
        Ok(Committer {
            import,
            plan,
            picklists: PicklistAdditions::new(&store.picklist_additions(plan.module).map_err(at_start)?),
            store,
            chunk: ledger.len() as u32,
            rows_through: ledger.last().map_or(0, |row| row.rows_through),
            counts,
        })
    }

    /// Data rows that are settled.
    pub(super) fn rows_through(&self) -> u64 {
        self.rows_through
    }

    /// What became of them.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// Decides and commits the rows of a batch, and answers the ledger row that proves it.
    pub(super) fn commit(&mut self, batch: &Batch) -> Result<LedgerRow, ImportError> {
        for _ in 1..TRIES {
            match self.try_commit(batch) {
                Err(StoreError::Conflict) => self.look_again(batch)?,
                settled => return settled.map_err(|source| failed(batch, source)),
            }
        }
        self.try_commit(batch).map_err(|source| failed(batch, source))
    }

    fn try_commit(&mut self, batch: &Batch) -> Result<LedgerRow, StoreError> {
        let mut decision = decide(self.plan, self.import.block, batch, &self.picklists, self.store)?;
        let ledger = LedgerRow {
            job: self.import.job,
            resource: self.import.resource,
            chunk: self.chunk,
            rows_through: batch.last_row_number(),
            counts: decision.counts,
            verdicts: std::mem::take(&mut decision.verdicts),
        };
        self.write(batch, &decision, &ledger)?;
        self.chunk += 1;
        self.rows_through = ledger.rows_through;
        self.counts += ledger.counts;
        self.picklists.extend(&decision.picklist_additions);
        Ok(ledger)
    }

    fn write(&mut self, batch: &Batch, decision: &Decision, ledger: &LedgerRow) -> Result<(), StoreError> {
        let body = |place| decision.body(batch, place);
        let insert = |new: &NewRecord| Insert { id: new.id, body: body(new.body) };
        let inserts: Vec<Insert<'_>> = decision.inserts.iter().map(insert).collect();
        let update = |old: &ChangedRecord| Update { id: old.id, version: old.version, body: body(old.body) };
        let updates: Vec<Update<'_>> = decision.updates.iter().map(update).collect();
        let key_change = |moved: &MovedKey| self.key_change(batch, decision, *moved);
        let keys_lost: Vec<KeyChange<'_>> = decision.keys_lost.iter().map(key_change).collect();
        let keys_gained: Vec<KeyChange<'_>> = decision.keys_gained.iter().map(key_change).collect();
        let additions: Vec<(FieldNumber, &str)> =
            decision.picklist_additions.iter().map(|(field, value)| (*field, value.as_str())).collect();
        self.store.commit(&ChangeSet {
            module: self.plan.module,
            user: self.import.user,
            now: self.import.now,
            block: self.import.block,
            inserts: &inserts,
            updates: &updates,
            keys_lost: &keys_lost,
            keys_gained: &keys_gained,
            picklist_additions: &additions,
            ledger,
        })
    }

    fn key_change<'d>(&self, batch: &'d Batch, decision: &'d Decision, moved: MovedKey) -> KeyChange<'d> {
        let index = &self.plan.indexes[usize::from(moved.index)];
        KeyChange { index: index.id, key: decision.key(batch, moved.key), id: moved.id, unique: index.unique }
    }

    /// After a conflict: another run may have settled the chunk, or another import may have added picklist values.
    fn look_again(&mut self, batch: &Batch) -> Result<(), ImportError> {
        let ledger = self.store.ledger(self.import.job, self.import.resource).map_err(|error| failed(batch, error))?;
        if ledger.len() as u32 > self.chunk {
            return Err(ImportError::Overtaken);
        }
        let additions = self.store.picklist_additions(self.plan.module).map_err(|error| failed(batch, error))?;
        self.picklists = PicklistAdditions::new(&additions);
        Ok(())
    }
}

fn failed(batch: &Batch, source: StoreError) -> ImportError {
    ImportError::Store { row: batch.row_number(0), source }
}
