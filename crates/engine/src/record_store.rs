//! The engine's seam: what a store must do for an import.
//!
//! The engine decides, the store answers and writes. Matching, duplicates, blanking and merging are rules of a row and
//! stand in [`crate::decide`]; a store knows keys as bytes and bodies as text, and nothing of their meaning beyond
//! [`crate::body`], with which it checks that a hash hit really is the key.

use crate::catalog::{FieldNumber, ModuleNumber};
use crate::ids::{IdBlock, JobId, OrgId, RecordId, UserId};
use crate::verdict::Counts;

/// The index over one field: keys of `find_by` and of unique fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexId {
    /// The module.
    pub module: ModuleNumber,
    /// Its field.
    pub field: FieldNumber,
    /// Whether keys that differ in case are different keys. Fixed when the index is made.
    pub case_sensitive: bool,
    /// The two fields that the value is joined from, where no field of its own holds it (`Full_Name`).
    pub joins: Option<[FieldNumber; 2]>,
}

/// A folded key: the bytes by which two values are the same. Made by [`crate::key`] alone.
pub type Key = [u8];

/// Which live records carry each of the keys that were asked for, in the order asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Matches {
    /// `ends[i]` is where the ids of key `i` end in `ids`; they begin where those of key `i - 1` end.
    ends: Vec<u32>,
    ids: Vec<RecordId>,
}

impl Matches {
    /// An empty answer with room for `keys` keys.
    pub fn with_capacity(keys: usize) -> Self {
        Matches { ends: Vec::with_capacity(keys), ids: Vec::new() }
    }

    /// Adds the answer for the next key: none, one or several ids.
    pub fn push(&mut self, ids: impl IntoIterator<Item = RecordId>) {
        self.ids.extend(ids);
        self.ends.push(self.ids.len() as u32);
    }

    /// The ids that carry key `index`.
    pub fn of(&self, index: usize) -> &[RecordId] {
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before] as usize);
        &self.ids[start..self.ends[index] as usize]
    }

    /// How many keys were answered.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no key was asked for.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// A record as it stands, for an update to be decided on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// Its id.
    pub id: RecordId,
    /// 1 when it was made, one more with each change.
    pub version: u32,
    /// Its values: a [`crate::body`].
    pub body: Box<str>,
}

/// A record to be made. Bodies are slices of one buffer: nothing is allocated for a row.
#[derive(Clone, Copy, Debug)]
pub struct Insert<'a> {
    /// The new id.
    pub id: RecordId,
    /// Its values.
    pub body: &'a str,
}

/// A record to be changed.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Which one.
    pub id: RecordId,
    /// The version it was decided on; the stored one must still be this, and becomes one more.
    pub version: u32,
    /// All of its values after the change.
    pub body: &'a str,
}

/// A key that a record gains or loses.
#[derive(Clone, Copy, Debug)]
pub struct KeyChange<'a> {
    /// The index.
    pub index: IndexId,
    /// The folded value.
    pub key: &'a Key,
    /// The record.
    pub id: RecordId,
    /// Whether no other record may carry the key after the commit.
    pub unique: bool,
}

/// The ledger row of one chunk: the proof that it was applied, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// The job.
    pub job: JobId,
    /// Place of the resource in the job, from 0.
    pub resource: u16,
    /// Place of the chunk in the resource, from 0.
    pub chunk: u32,
    /// Data rows of the file that are settled up to the end of this chunk.
    pub rows_through: u64,
    /// What became of the chunk's rows.
    pub counts: Counts,
    /// Its verdicts, encoded by [`crate::verdict_bytes`].
    pub verdicts: Vec<u8>,
}

/// Everything that one chunk writes.
#[derive(Debug)]
pub struct ChangeSet<'a> {
    /// The module.
    pub module: ModuleNumber,
    /// Who writes: `Created_By` and `Modified_By`.
    pub user: UserId,
    /// When, in seconds since 1970: `Created_Time` and `Modified_Time`.
    pub now: i64,
    /// The block that the inserts' ids are from: the store keeps blocks by module to list records in id order.
    pub block: IdBlock,
    /// Records to be made, in rising id order.
    pub inserts: &'a [Insert<'a>],
    /// Records to be changed, each at most once.
    pub updates: &'a [Update<'a>],
    /// Keys that go, applied before those that come.
    pub keys_lost: &'a [KeyChange<'a>],
    /// Keys that come.
    pub keys_gained: &'a [KeyChange<'a>],
    /// Picklist values met in written rows that the field does not list yet.
    pub picklist_additions: &'a [(FieldNumber, &'a str)],
    /// The ledger row that commits with all this.
    pub ledger: &'a LedgerRow,
}

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A version or a unique key no longer holds, or the ledger row is there already: read again and decide again.
    #[error("another write came first; the chunk has to be decided again")]
    Conflict,
    /// A stored record or ledger row does not match its checksum. It was not served.
    #[error("{what} is damaged: its checksum does not match")]
    Damaged {
        /// What is damaged, for a person: `record 1000…`.
        what: String,
    },
    /// The store failed: disk, database, lock. Trying again later may help.
    #[error("the store failed while {doing}")]
    Failed {
        /// What it was doing.
        doing: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What a store must do for an import. Every store passes the same conformance suite.
///
/// A value is bound to one organisation and sees only its records. Calls are batches, never single rows.
pub trait RecordStore: Send {
    /// The organisation whose records these are.
    fn org(&self) -> OrgId;

    /// Ids of the live records that carry each key, in the order asked: none, one or several, each in rising order.
    /// A hash only finds candidates: the store compares the record's own folded value before it answers.
    ///
    /// # Errors
    /// [`StoreError::Failed`], [`StoreError::Damaged`].
    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError>;

    /// The present version and values of records of `module`, in the order asked; `None` where there is none.
    ///
    /// # Errors
    /// [`StoreError::Failed`], [`StoreError::Damaged`].
    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError>;

    /// Picklist values that were added to fields of `module` by earlier writes, in the order they came.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError>;

    /// The ledger rows of a resource, by chunk: what earlier attempts have already settled.
    ///
    /// # Errors
    /// [`StoreError::Failed`], [`StoreError::Damaged`].
    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError>;

    /// All or nothing, durable when it returns: inserts, updates with the version they were decided on, keys, picklist
    /// additions and the ledger row. A reader sees all of it or none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a version or a unique key no longer holds, an id exists, or the ledger row is there
    /// already; nothing was written then. [`StoreError::Failed`] if it is not known to be written.
    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError>;
}
