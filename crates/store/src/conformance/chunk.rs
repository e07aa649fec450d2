//! Chunks for the checks, written briefly. Module 1 has a name (field 1) and two indexed fields: email (4), phone (5).

use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{IdBlock, IdNumber, JobId, RecordId, UserId};
use bulkwright_engine::key;
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Insert, KeyChange, LedgerRow, RecordStore, StoreError, Update,
};
use bulkwright_engine::verdict::Counts;

pub(super) const LEADS: ModuleNumber = ModuleNumber(1);
pub(super) const CONTACTS: ModuleNumber = ModuleNumber(2);
pub(super) const EMAIL: IndexId = IndexId { module: LEADS, field: FieldNumber(4), case_sensitive: false, joins: None };
pub(super) const PHONE: IndexId = IndexId { module: LEADS, field: FieldNumber(5), case_sensitive: false, joins: None };
pub(super) const NOW: i64 = 1_795_000_000;
pub(super) const JOB: JobId = JobId(77);
pub(super) const USER: UserId = UserId(5);

/// The id of row `row`.
pub(super) fn id(row: u64) -> RecordId {
    RecordId(IdNumber(row).id((row % 64) as u8))
}

/// A body with an email, and a phone that is as long as the name.
pub(super) fn body(name: &str, email: &str, phone: &str) -> String {
    format!(r#"{{"1":"{name}","4":"{email}","5":"{phone}"}}"#)
}

/// One chunk.
#[derive(Clone)]
pub(super) struct Chunk {
    module: ModuleNumber,
    now: i64,
    user: UserId,
    inserts: Vec<(RecordId, String)>,
    updates: Vec<(RecordId, u32, String)>,
    lost: Vec<(IndexId, Vec<u8>, RecordId)>,
    gained: Vec<(IndexId, Vec<u8>, RecordId, bool)>,
    picklist: Vec<(FieldNumber, String)>,
    ledger: LedgerRow,
}

impl Chunk {
    /// The chunk of that number in the first resource of the job.
    pub(super) fn new(chunk: u32) -> Self {
        let counts = Counts { added: u64::from(chunk), updated: 2, skipped: 3 };
        let verdicts = vec![chunk as u8; 5];
        let rows_through = u64::from(chunk) * 10 + 10;
        Chunk {
            module: LEADS,
            now: NOW,
            user: USER,
            inserts: Vec::new(),
            updates: Vec::new(),
            lost: Vec::new(),
            gained: Vec::new(),
            picklist: Vec::new(),
            ledger: LedgerRow { job: JOB, resource: 0, chunk, rows_through, counts, verdicts },
        }
    }

    /// For another resource.
    pub(super) fn resource(mut self, resource: u16) -> Self {
        self.ledger.resource = resource;
        self
    }

    /// Of another module.
    pub(super) fn module(mut self, module: ModuleNumber) -> Self {
        self.module = module;
        self
    }

    /// At another time.
    pub(super) fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// By another user.
    pub(super) fn by(mut self, user: UserId) -> Self {
        self.user = user;
        self
    }

    /// Makes a record, without keys.
    pub(super) fn insert(mut self, row: u64, body: &str) -> Self {
        self.inserts.push((id(row), body.to_owned()));
        self
    }

    /// Makes a record with an email and its key.
    pub(super) fn lead(self, row: u64, email: &str) -> Self {
        let body = body("Smith", email, "0");
        self.insert(row, &body).gain(EMAIL, email, row)
    }

    /// Changes a record that has this version.
    pub(super) fn update(mut self, row: u64, version: u32, body: &str) -> Self {
        self.updates.push((id(row), version, body.to_owned()));
        self
    }

    /// A key that goes.
    pub(super) fn lose(mut self, index: IndexId, value: &str, row: u64) -> Self {
        self.lost.push((index, key::fold(value, index.case_sensitive), id(row)));
        self
    }

    /// A key that comes and may repeat.
    pub(super) fn gain(mut self, index: IndexId, value: &str, row: u64) -> Self {
        self.gained.push((index, key::fold(value, index.case_sensitive), id(row), false));
        self
    }

    /// Every key that comes is unique.
    pub(super) fn unique(mut self) -> Self {
        self.gained.iter_mut().for_each(|gained| gained.3 = true);
        self
    }

    /// A picklist value that comes.
    pub(super) fn picklist(mut self, field: u16, value: &str) -> Self {
        self.picklist.push((FieldNumber(field), value.to_owned()));
        self
    }

    /// Its ledger row.
    pub(super) fn ledger(&self) -> &LedgerRow {
        &self.ledger
    }

    /// Commits it.
    pub(super) fn commit(&self, store: &mut dyn RecordStore) -> Result<(), StoreError> {
        let inserts: Vec<_> = self.inserts.iter().map(|(id, body)| Insert { id: *id, body }).collect();
        let updates: Vec<_> =
            self.updates.iter().map(|(id, version, body)| Update { id: *id, version: *version, body }).collect();
        let lost: Vec<_> =
            self.lost.iter().map(|(index, key, id)| KeyChange { index: *index, key, id: *id, unique: false }).collect();
        let gained = self.gained.iter();
        let gained: Vec<_> =
            gained.map(|(index, key, id, unique)| KeyChange { index: *index, key, id: *id, unique: *unique }).collect();
        let picklist: Vec<_> = self.picklist.iter().map(|(field, value)| (*field, value.as_str())).collect();
        store.commit(&ChangeSet {
            module: self.module,
            user: self.user,
            now: self.now,
            block: IdBlock { start: 0, size: 1 << 20 },
            inserts: &inserts,
            updates: &updates,
            keys_lost: &lost,
            keys_gained: &gained,
            picklist_additions: &picklist,
            ledger: &self.ledger,
        })
    }

    /// Commits it, which must succeed.
    pub(super) fn apply(&self, store: &mut dyn RecordStore) {
        self.commit(store).expect("a chunk that nothing speaks against commits");
    }

    /// Commits it, which must conflict and write nothing.
    pub(super) fn conflict(&self, store: &mut dyn RecordStore) {
        let read = |store: &mut dyn RecordStore| {
            let ids: Vec<RecordId> = (1..200).map(id).collect();
            let records = store.read(self.module, &ids).expect("records can be read");
            let ledger = store.ledger(self.ledger.job, self.ledger.resource).expect("the ledger can be read");
            (records, ledger, store.picklist_additions(self.module).expect("additions can be read"))
        };
        let before = read(store);
        let answer = self.commit(store);
        assert!(matches!(answer, Err(StoreError::Conflict)), "a conflict is expected, not {answer:?}");
        assert_eq!(read(store), before, "a conflict writes nothing");
    }
}

/// The rows of the records that carry each value, in the order asked.
pub(super) fn find(store: &mut dyn RecordStore, index: IndexId, values: &[&str]) -> Vec<Vec<RecordId>> {
    let keys: Vec<Vec<u8>> = values.iter().map(|value| key::fold(value, index.case_sensitive)).collect();
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let matches = store.find(index, &asked).expect("keys can be looked for");
    assert_eq!(matches.len(), values.len());
    (0..matches.len()).map(|place| matches.of(place).to_vec()).collect()
}
