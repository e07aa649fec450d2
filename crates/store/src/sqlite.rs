//! The embedded store: one data directory, two SQLite files and a folder of blobs.
//!
//! - `records.db` (rollback journal): records, their keys, the ledger, picklist additions. What an import does to it is
//!   one transaction a chunk; its ledger is the truth about what was applied.
//! - `control.db` (WAL): jobs, uploads, access, the id counter, the outbox. Small rows, many readers.
//! - `blobs/`: uploads and results. A blob is there before the row that names it.
//! - `lock`: held by the one process that uses the directory.
//!
//! The two files are never attached to each other: SQLite has no atomic commit across files with these journals.
//! Connections live on blocking threads; the async surface only hands work over to them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bulkwright_engine::catalog::{Catalog, FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{IndexId, LedgerRow, RecordStore};
use bulkwright_engine::verdict::Counts;
use bytes::Bytes;
use futures::stream::BoxStream;
use rusqlite::TransactionBehavior;

use crate::failure::FailurePoints;
use crate::model::{
    AnswerKey, Claim, Code, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Figures, Finish, FirstAnswer,
    Grant, Job, JobsQuery, NewJob, NewUpload, OauthClient, Org, PageQuery, Postponed, Record, Rest, SecretHash, Token,
    TokenKind, TokenSelection, Upload, User,
};
use crate::records::KeyHasher;
use crate::{Error, Store};

mod access;
mod answers;
mod backup;
mod blobs;
mod chunk;
mod codes;
mod connections;
mod directory;
mod extents;
mod figures;
mod find;
mod indexes;
mod jobs;
mod ledger;
mod outbox;
mod own_modules;
mod pages;
mod row;
mod schema;
mod seal;
mod sorted_keys;
mod sql;
mod stored;
mod sums;
mod sweep;
mod upkeep;
mod uploads;
mod verify;
mod views;
mod writer;

#[cfg(test)]
mod tests;

pub use backup::restore;
pub use own_modules::OwnModules;

use blobs::Blobs;
use connections::{Access, Connections, Role};
use directory::DirectoryLock;
use upkeep::BreaksOff;
use writer::{Writer, WriterTurn};

/// Connections that read a file at the same time. Each keeps 2 MB of pages, and reads are short.
const READERS_MAX: usize = 4;

/// How a data directory is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// What survives a crash of the machine.
    pub durability: Durability,
    /// Bits of the hashes that keys are stored under. Anything but [`KeyHasher::BITS`] is for tests that need
    /// collisions, and only ever for a directory that was made with it.
    pub hash_bits: u32,
    /// How `records.db` is laid out. Takes effect when the file is made.
    pub layout: RecordsLayout,
    /// Where tests make the store fail.
    pub failure_points: FailurePoints,
}

/// What survives a crash of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Everything that was answered: each commit is synced.
    Durable,
    /// Nothing is promised: nothing is synced. For stores that are thrown away with their process.
    Temporary,
}

/// How `records.db` is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordsLayout {
    /// Bytes of a page: a power of two from 512 to 65,536.
    pub page_bytes: u32,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            durability: Durability::Durable,
            hash_bits: KeyHasher::BITS,
            layout: RecordsLayout { page_bytes: schema::RECORDS_PAGE_BYTES },
            failure_points: FailurePoints::default(),
        }
    }
}

/// A [`Store`] over a data directory.
pub struct SqliteStore {
    directory: PathBuf,
    records: Arc<Connections>,
    control: Arc<Connections>,
    control_writer: Arc<Connections>,
    writer_turn: Arc<WriterTurn>,
    hasher: KeyHasher,
    blobs: Arc<Blobs>,
    durability: Durability,
    catalog: Mutex<Arc<Catalog>>,
    /// Held by whatever looks at everything or takes something away: one of them at a time.
    upkeep: Arc<tokio::sync::Mutex<()>>,
    breaks_off: BreaksOff,
}

impl SqliteStore {
    /// Opens a data directory, making what is not there yet, and voids the leases of the process before. Blocks on the
    /// disk.
    ///
    /// # Errors
    /// [`Error::InUse`] if another process holds the directory, [`Error::Directory`] if it cannot be made or written,
    /// [`Error::Newer`] if a newer version of this program made it, [`Error::Damaged`], [`Error::Failed`].
    pub fn open(directory: &Path, options: &OpenOptions) -> Result<SqliteStore, Error> {
        directory::make(directory, options.durability)?;
        let lock = Arc::new(DirectoryLock::take(directory)?);
        directory::sync_databases(directory, options.durability)?;
        let points = &options.failure_points;
        let blobs = Blobs::open(&directory.join("blobs"), options.durability, points.clone())?;
        let file = |name: &str, role| Access {
            path: directory.join(name),
            role,
            durability: options.durability,
            failure_points: points.clone(),
        };
        let mut writer = file("records.db", Role::RecordsWriter(options.layout)).open()?;
        let mut control_writer = file("control.db", Role::ControlWriter).open()?;
        schema::check_pair(&writer, &control_writer)?;
        let installation_key = schema::prepare_records(&mut writer, directory, points)?;
        schema::prepare_control(&mut control_writer, directory, points)?;
        jobs::take_over(&mut control_writer, points, |job| writer::chunks_settled(&writer, job))?;
        Ok(SqliteStore {
            directory: directory.to_owned(),
            records: Connections::new(file("records.db", Role::Reader), READERS_MAX, lock.clone()),
            control: Connections::new(file("control.db", Role::Reader), READERS_MAX, lock.clone()),
            control_writer: Connections::with(control_writer, file("control.db", Role::ControlWriter), lock.clone()),
            writer_turn: WriterTurn::new(writer, file("records.db", Role::RecordsWriter(options.layout)), lock),
            hasher: KeyHasher::new(&installation_key, options.hash_bits),
            blobs: Arc::new(blobs),
            durability: options.durability,
            catalog: Mutex::new(Arc::new(Catalog::builtin())),
            upkeep: Arc::default(),
            breaks_off: BreaksOff::default(),
        })
    }

    /// Takes the catalog that keys are recomputed by, the built-in one until then: makes the key tree that of its indexes,
    /// and the views of `records.db` (`leads`, `contacts`, …) again if it is not the one they were made from. An index that
    /// is new reads the records of its module, about a second for 200,000 of them. Waits for its turn to write; for
    /// blocking threads only.
    ///
    /// # Errors
    /// [`Error::NotUnique`] if records share a value of a field that the catalog marks unique: nothing is changed then.
    /// [`Error::Failed`].
    pub fn set_catalog(&self, catalog: &Catalog) -> Result<(), Error> {
        let points = self.records.failure_points();
        let (hasher, modules) = (&self.hasher, catalog.modules());
        self.writer_turn.wait().with(|connection| {
            let note = indexes::follow(connection, points, hasher, &self.directory, modules)?;
            // One step for what a start with a new catalog writes, so that a loss of power leaves all of it or none.
            connections::in_transaction(connection, TransactionBehavior::Deferred, views::DOING, |tx| {
                note.map_or(Ok(()), |note| note.write(tx))?;
                views::make(tx, modules)
            })
        })?;
        // It is only ever set whole, so a panic elsewhere leaves it sound.
        *self.catalog.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(catalog.clone());
        Ok(())
    }

    async fn new_ids(&self, now_ms: i64) -> Result<i64, Error> {
        self.control_writer.write("drawing an id", move |tx| sql::draw_id(tx, now_ms)).await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn add_org(&self, org: &Org, user: &User, client: &OauthClient, tokens: &[Token]) -> Result<(), Error> {
        let (org, user, client, tokens) = (org.clone(), user.clone(), client.clone(), tokens.to_vec());
        let doing = "adding an organisation";
        self.control_writer.write(doing, move |tx| access::add_org(tx, &org, &user, &client, &tokens)).await
    }

    async fn update_org(&self, org: &Org) -> Result<(), Error> {
        let org = org.clone();
        self.control_writer.write("changing an organisation", move |tx| access::update_org(tx, &org)).await
    }

    async fn add_user(&self, user: &User) -> Result<(), Error> {
        let user = user.clone();
        self.control_writer.write("adding a user", move |tx| access::add_user(tx, &user)).await
    }

    async fn update_user(&self, user: &User) -> Result<(), Error> {
        let user = user.clone();
        self.control_writer.write("changing a user", move |tx| access::update_user(tx, &user)).await
    }

    async fn add_oauth_client(&self, client: &OauthClient) -> Result<(), Error> {
        let client = client.clone();
        self.control_writer.write("adding an OAuth client", move |tx| access::add_oauth_client(tx, &client)).await
    }

    async fn oauth_clients(&self, org: OrgId) -> Result<Vec<OauthClient>, Error> {
        self.control.read("reading OAuth clients", move |tx| access::oauth_clients(tx, org)).await
    }

    async fn remove_oauth_client(&self, client_id: &str) -> Result<bool, Error> {
        let client_id = client_id.to_owned();
        let doing = "removing an OAuth client";
        self.control_writer.write(doing, move |tx| access::remove_oauth_client(tx, &client_id)).await
    }

    async fn orgs(&self) -> Result<Vec<Org>, Error> {
        self.control.read("reading organisations", access::orgs).await
    }

    async fn users(&self, org: OrgId) -> Result<Vec<User>, Error> {
        self.control.read("reading users", move |tx| access::users(tx, org)).await
    }

    async fn oauth_client(&self, client_id: &str) -> Result<Option<OauthClient>, Error> {
        let client_id = client_id.to_owned();
        self.control.read("reading an OAuth client", move |tx| access::oauth_client(tx, &client_id)).await
    }

    async fn add_token(&self, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
        let grant = grant.clone();
        self.control_writer.write("adding a token", move |tx| access::add_token(tx, kind, hash, &grant)).await
    }

    async fn token(&self, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
        self.control.read("reading a token", move |tx| access::token(tx, kind, hash)).await
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<Token>, Error> {
        self.control.read("reading tokens", move |tx| access::tokens(tx, org)).await
    }

    async fn remove_tokens(&self, selection: &TokenSelection) -> Result<u64, Error> {
        let selection = selection.clone();
        self.control_writer.write("removing tokens", move |tx| access::remove_tokens(tx, &selection)).await
    }

    async fn add_code(&self, hash: SecretHash, code: &Code) -> Result<(), Error> {
        let code = code.clone();
        self.control_writer.write("adding a code", move |tx| codes::add(tx, hash, &code)).await
    }

    async fn take_code(&self, hash: SecretHash) -> Result<Option<Code>, Error> {
        self.control_writer.write("taking a code", move |tx| codes::take(tx, hash)).await
    }

    async fn answer(&self, key: &AnswerKey) -> Result<Option<FirstAnswer>, Error> {
        let key = key.clone();
        self.control.read("reading a kept answer", move |tx| answers::get(tx, &key)).await
    }

    async fn new_id(&self, now_ms: i64) -> Result<i64, Error> {
        self.new_ids(now_ms).await
    }

    async fn put_blob(&self, prefix: &str, body: BoxStream<'_, Result<Bytes, Error>>) -> Result<String, Error> {
        self.blobs.put(prefix, body).await
    }

    async fn put_blob_file(&self, prefix: &str, file: tempfile::NamedTempFile) -> Result<String, Error> {
        self.blobs.put_file(prefix, file).await
    }

    async fn blob_file(&self, blob: &str) -> Result<PathBuf, Error> {
        self.blobs.path(blob)
    }

    async fn get_blob(&self, blob: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error> {
        self.blobs.get(blob).await
    }

    async fn delete_blob(&self, blob: &str) -> Result<(), Error> {
        self.blobs.delete(blob).await
    }

    async fn add_upload(&self, upload: &NewUpload) -> Result<Upload, Error> {
        let upload = upload.clone();
        let blob = upload.blob.clone();
        let added = self.control_writer.write("adding an upload", move |tx| uploads::add(tx, upload)).await;
        self.blobs.row_is_settled(&blob);
        added
    }

    async fn upload(&self, org: OrgId, id: FileId) -> Result<Option<Upload>, Error> {
        self.control.read("reading an upload", move |tx| uploads::get(tx, org, id)).await
    }

    async fn add_job(&self, job: &NewJob) -> Result<Job, Error> {
        let job = job.clone();
        self.control_writer.write("adding a job", move |tx| jobs::add(tx, job)).await
    }

    async fn job(&self, org: OrgId, id: JobId) -> Result<Option<Job>, Error> {
        self.control.read("reading a job", move |tx| jobs::get(tx, org, id)).await
    }

    async fn jobs(&self, query: &JobsQuery) -> Result<Vec<Job>, Error> {
        let query = query.clone();
        self.control.read("listing jobs", move |tx| jobs::list(tx, &query)).await
    }

    async fn claim(&self, worker: &str, now: i64, lease_seconds: i64) -> Result<Option<(Claim, Job)>, Error> {
        let worker = worker.to_owned();
        let lease_until = now.saturating_add(lease_seconds);
        self.control_writer.write("claiming a job", move |tx| jobs::claim(tx, &worker, now, lease_until)).await
    }

    async fn progress(
        &self,
        claim: Claim,
        lease_until: i64,
        resource: u16,
        counts: Counts,
        charset: &str,
    ) -> Result<(), Error> {
        let charset = charset.to_owned();
        let doing = "writing a job's progress";
        self.control_writer
            .write(doing, move |tx| jobs::progress(tx, claim, lease_until, resource, counts, &charset))
            .await
    }

    async fn release(&self, claim: Claim) -> Result<(), Error> {
        self.control_writer.write("releasing a job", move |tx| jobs::release(tx, claim)).await
    }

    async fn postpone(&self, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
        let rest = rest.clone();
        self.control_writer.write("postponing a job", move |tx| jobs::postpone(tx, claim, &rest, postponed)).await
    }

    async fn reserve(&self, claim: Claim, resource: u16, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
        let doing = "reserving ids";
        self.control_writer.write(doing, move |tx| jobs::reserve(tx, claim, resource, size, now_ms)).await
    }

    async fn finish(&self, claim: Claim, end: &Finish) -> Result<(), Error> {
        let end = end.clone();
        let blob = end.result_blob.clone();
        let finished = self.control_writer.write("finishing a job", move |tx| jobs::finish(tx, claim, &end)).await;
        blob.iter().for_each(|blob| self.blobs.row_is_settled(blob));
        finished
    }

    async fn due_deliveries(&self, now: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
        self.control.read("reading deliveries that are due", move |tx| outbox::due(tx, now, limit)).await
    }

    async fn next_delivery_at(&self) -> Result<Option<i64>, Error> {
        self.control.read("reading when a delivery is due", outbox::next_at).await
    }

    async fn delivery(&self, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error> {
        self.control.read("reading a delivery", move |tx| outbox::get(tx, org, job)).await
    }

    async fn deliveries(&self, query: &DeliveriesQuery) -> Result<Vec<Delivery>, Error> {
        let query = query.clone();
        self.control.read("listing deliveries", move |tx| outbox::list(tx, &query)).await
    }

    async fn delivery_attempts(&self, org: OrgId, job: JobId) -> Result<Vec<DeliveryOutcome>, Error> {
        self.control.read("reading attempts at a delivery", move |tx| outbox::attempts(tx, org, job)).await
    }

    async fn replay_delivery(&self, org: OrgId, job: JobId, now: i64) -> Result<Option<Delivery>, Error> {
        self.control_writer.write("replaying a delivery", move |tx| outbox::replay(tx, org, job, now)).await
    }

    async fn note_delivery(
        &self,
        job: JobId,
        outcome: &DeliveryOutcome,
        state: DeliveryState,
        next_at: Option<i64>,
    ) -> Result<(), Error> {
        let outcome = outcome.clone();
        let doing = "noting a delivery";
        self.control_writer.write(doing, move |tx| outbox::note(tx, job, &outcome, state, next_at)).await
    }

    fn record_writer(&self, org: OrgId) -> Result<Box<dyn RecordStore>, Error> {
        Ok(Box::new(Writer::new(self.writer_turn.wait(), org, self.hasher.clone())))
    }

    async fn record(&self, org: OrgId, module: ModuleNumber, id: RecordId) -> Result<Option<Record>, Error> {
        self.records.read("reading a record", move |tx| row::get(tx, org, module, id)).await
    }

    async fn records(&self, org: OrgId, ids: &[RecordId]) -> Result<Vec<Option<(ModuleNumber, Record)>>, Error> {
        let ids = ids.to_vec();
        self.records
            .read("reading records", move |tx| ids.iter().map(|&id| row::of_any_module(tx, org, id)).collect())
            .await
    }

    async fn page(&self, org: OrgId, module: ModuleNumber, query: &PageQuery) -> Result<Vec<Record>, Error> {
        let query = query.clone();
        self.records.read("reading a page of records", move |tx| pages::page(tx, org, module, &query)).await
    }

    async fn search(&self, org: OrgId, index: IndexId, key: &[u8], limit: u32) -> Result<Vec<Record>, Error> {
        let (hasher, key) = (self.hasher.clone(), key.to_owned());
        self.records.read("searching records", move |tx| find::search(tx, &hasher, org, index, &key, limit)).await
    }

    async fn ledger_chunk(
        &self,
        org: OrgId,
        job: JobId,
        resource: u16,
        chunk: u32,
    ) -> Result<Option<LedgerRow>, Error> {
        self.records.read("reading the ledger", move |tx| writer::ledger_chunk(tx, org, job, resource, chunk)).await
    }

    async fn picklist_additions(&self, org: OrgId, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, Error> {
        self.records.read("reading picklist additions", move |tx| row::picklist_additions(tx, org, module)).await
    }

    async fn figures(&self) -> Result<Figures, Error> {
        let directory = self.directory.clone();
        self.control.read("counting jobs", move |tx| figures::read(tx, &directory)).await
    }

    fn free_bytes(&self) -> Option<u64> {
        figures::free_bytes(&self.directory)
    }

    async fn check(&self) -> Result<(), Error> {
        self.records.read("checking the records file", schema::check_readable).await?;
        self.control_writer.write("checking the control file", schema::check_writable).await
    }
}
