//! The server's seam: jobs, uploads, access and the reading of records.

use std::path::PathBuf;

use async_trait::async_trait;
use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{IndexId, LedgerRow, RecordStore};
use bulkwright_engine::verdict::Counts;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::Error;
use crate::model::{
    AnswerKey, Claim, Code, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Figures, Finish, FirstAnswer,
    Grant, Job, JobsQuery, NewJob, NewUpload, OauthClient, Org, PageQuery, Postponed, Record, Rest, SecretHash, Token,
    TokenKind, TokenSelection, Upload, User,
};

/// Everything the server keeps. Answers are durable: what returned `Ok` is there after a SIGKILL.
///
/// The store has no clock. Times are given to it: seconds since 1970, or milliseconds where a number of the id counter
/// is drawn. The counter rises whatever the clock does: its next number is `max(next, (now_ms - 2020) << 16) + size`.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    // --- access ---

    /// Adds an organisation, its first user, its first OAuth client and the tokens that it begins with in one transaction.
    async fn add_org(&self, org: &Org, user: &User, client: &OauthClient, tokens: &[Token]) -> Result<(), Error>;
    /// Gives an organisation that is there everything that this says of it.
    async fn update_org(&self, org: &Org) -> Result<(), Error>;
    /// Adds a user to an organisation that is there.
    async fn add_user(&self, user: &User) -> Result<(), Error>;
    /// Gives a user that is there everything that this says of him.
    async fn update_user(&self, user: &User) -> Result<(), Error>;
    /// Adds an OAuth client to an organisation that is there.
    async fn add_oauth_client(&self, client: &OauthClient) -> Result<(), Error>;
    /// OAuth clients of an organisation, by id.
    async fn oauth_clients(&self, org: OrgId) -> Result<Vec<OauthClient>, Error>;
    /// Removes an OAuth client with all its tokens and codes. Answers whether it was there.
    async fn remove_oauth_client(&self, client_id: &str) -> Result<bool, Error>;
    /// All organisations, oldest first.
    async fn orgs(&self) -> Result<Vec<Org>, Error>;
    /// Users of an organisation, oldest first.
    async fn users(&self, org: OrgId) -> Result<Vec<User>, Error>;
    /// The OAuth client of that id.
    async fn oauth_client(&self, client_id: &str) -> Result<Option<OauthClient>, Error>;
    /// Stores a token by its hash. A token that is there already keeps the grant given last.
    async fn add_token(&self, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error>;
    /// What a token stands for, expired or not; `None` if there is no such token.
    async fn token(&self, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error>;

    /// Tokens of an organisation, expired or not, by hash; access tokens first.
    async fn tokens(&self, org: OrgId) -> Result<Vec<Token>, Error>;
    /// Removes tokens. Answers how many that were.
    async fn remove_tokens(&self, selection: &TokenSelection) -> Result<u64, Error>;
    /// Stores an authorization code by its hash.
    async fn add_code(&self, hash: SecretHash, code: &Code) -> Result<(), Error>;
    /// Takes an authorization code, expired or not: whoever comes later finds none.
    async fn take_code(&self, hash: SecretHash) -> Result<Option<Code>, Error>;

    // --- answers ---

    /// The answer that is kept under a key, expired or not.
    async fn answer(&self, key: &AnswerKey) -> Result<Option<FirstAnswer>, Error>;

    // --- ids ---

    /// A new id for something that is no record: a number of the one counter, bucket 0. `now_ms` is the wall clock in
    /// milliseconds since 1970. No id is given twice, and each is larger than all before it, across restarts too.
    async fn new_id(&self, now_ms: i64) -> Result<i64, Error>;

    // --- uploads and blobs ---

    /// Streams a blob in under a new name that begins with `prefix` (`upload`, `result`), synced when it returns, and
    /// answers the name. On an error nothing is left behind.
    async fn put_blob(&self, prefix: &str, body: BoxStream<'_, Result<Bytes, Error>>) -> Result<String, Error>;
    /// Takes a finished local file in as a blob, synced when it returns. The file is moved where that is possible.
    async fn put_blob_file(&self, prefix: &str, file: tempfile::NamedTempFile) -> Result<String, Error>;
    /// A local, seekable path of a blob (remote blobs would be spooled first).
    async fn blob_file(&self, blob: &str) -> Result<PathBuf, Error>;
    /// Size of a blob, and its bytes from the first to the last.
    async fn get_blob(&self, blob: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error>;
    /// Removes a blob that no row names. It is no error if it is gone.
    async fn delete_blob(&self, blob: &str) -> Result<(), Error>;
    /// Adds an upload whose blob is there, and its answer if there is one to keep, in one transaction. Its id is drawn at
    /// `created_at` unless it has one.
    ///
    /// # Errors
    /// [`Error::Answered`] if an answer that has not ended at `created_at` is kept under the key already.
    async fn add_upload(&self, upload: &NewUpload) -> Result<Upload, Error>;
    /// An upload of this organisation.
    async fn upload(&self, org: OrgId, id: FileId) -> Result<Option<Upload>, Error>;

    // --- jobs ---

    /// Adds a job, and its answer if there is one to keep, in one transaction: it is queued when this returns. Its id is
    /// drawn at `created_at` unless it has one.
    ///
    /// # Errors
    /// [`Error::Answered`] if an answer that has not ended at `created_at` is kept under the key already.
    async fn add_job(&self, job: &NewJob) -> Result<Job, Error>;
    /// A job of this organisation.
    async fn job(&self, org: OrgId, id: JobId) -> Result<Option<Job>, Error>;
    /// Jobs, newest first by id.
    async fn jobs(&self, query: &JobsQuery) -> Result<Vec<Job>, Error>;
    /// Takes the oldest job that waits, or whose lease has ended at `now`, and that does not rest: ADDED becomes
    /// INPROGRESS, the attempt is one more, and the rest is forgotten. At start, when the data directory's lock is fresh,
    /// leases of the process before are already void and no job rests.
    async fn claim(&self, worker: &str, now: i64, lease_seconds: i64) -> Result<Option<(Claim, Job)>, Error>;
    /// Holds on to a claim, and shows counts and charset to those who look meanwhile. An empty charset is one that is
    /// not known yet and leaves the present one.
    async fn progress(
        &self,
        claim: Claim,
        lease_until: i64,
        resource: u16,
        counts: Counts,
        charset: &str,
    ) -> Result<(), Error>;
    /// Gives a claim back unfinished: the job can be claimed again at once, and the claim holds nothing any more. The
    /// job stays INPROGRESS to those who look: a status never goes back.
    async fn release(&self, claim: Claim) -> Result<(), Error>;
    /// Gives a claim back until the rest is over: like [`Store::release`], but nobody claims the job before. Counts the
    /// attempt as failed if it was.
    async fn postpone(&self, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error>;
    /// The id block of a resource: reserved once, the same for every later attempt. `now_ms` is the wall clock in
    /// milliseconds since 1970; the block starts at `max(next, (now_ms - 2020) << 16)`.
    async fn reserve(&self, claim: Claim, resource: u16, size: u64, now_ms: i64) -> Result<IdBlock, Error>;
    /// Ends a job, in one transaction: states, counts, the result's name, and the outbox row if the job has a callback
    /// and is not fixed.
    async fn finish(&self, claim: Claim, end: &Finish) -> Result<(), Error>;

    // --- deliveries ---

    /// Deliveries that are due at `now`, those that are due longest first.
    async fn due_deliveries(&self, now: i64, limit: u32) -> Result<Vec<Delivery>, Error>;
    /// When the next delivery is due, if one is pending.
    async fn next_delivery_at(&self) -> Result<Option<i64>, Error>;
    /// The delivery of a job, if it has a callback and is through.
    async fn delivery(&self, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error>;
    /// Deliveries, newest job first.
    async fn deliveries(&self, query: &DeliveriesQuery) -> Result<Vec<Delivery>, Error>;
    /// What came of the tries of a delivery, oldest first; of very many only the last [`crate::ATTEMPTS_KEPT`].
    async fn delivery_attempts(&self, org: OrgId, job: JobId) -> Result<Vec<DeliveryOutcome>, Error>;
    /// Makes a delivery due at `now` as if it were new: it is pending, none of its attempts counts. Answers it as it is
    /// then; `None` if the job has none.
    async fn replay_delivery(&self, org: OrgId, job: JobId, now: i64) -> Result<Option<Delivery>, Error>;
    /// Notes what came of a try: one attempt more, and either when the next one is due or how it was settled. A try whose
    /// outcome was never noted, because the process died, is due as it was before.
    async fn note_delivery(
        &self,
        job: JobId,
        outcome: &DeliveryOutcome,
        state: DeliveryState,
        next_at: Option<i64>,
    ) -> Result<(), Error>;

    // --- records ---

    /// What an import of this organisation writes through. One writer at a time: the call waits until the writer
    /// before it is dropped. Holding it from the first look-up to the last commit means that nothing a chunk was
    /// decided on can change under it. For blocking threads only.
    fn record_writer(&self, org: OrgId) -> Result<Box<dyn RecordStore>, Error>;
    /// One record.
    async fn record(&self, org: OrgId, module: ModuleNumber, id: RecordId) -> Result<Option<Record>, Error>;
    /// Records of any module, and the module of each, in the order asked; `None` where there is none.
    async fn records(&self, org: OrgId, ids: &[RecordId]) -> Result<Vec<Option<(ModuleNumber, Record)>>, Error>;
    /// One page of a module's records, read in one short transaction that is over when this returns.
    async fn page(&self, org: OrgId, module: ModuleNumber, query: &PageQuery) -> Result<Vec<Record>, Error>;
    /// Records that carry this folded key, in id order, at most `limit`.
    async fn search(&self, org: OrgId, index: IndexId, key: &[u8], limit: u32) -> Result<Vec<Record>, Error>;
    /// The ledger row of one chunk of a resource, for those who read a job's rows: no writer is waited for.
    async fn ledger_chunk(&self, org: OrgId, job: JobId, resource: u16, chunk: u32)
    -> Result<Option<LedgerRow>, Error>;
    /// Picklist values added by writes.
    async fn picklist_additions(&self, org: OrgId, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, Error>;

    /// What the store holds, in numbers.
    async fn figures(&self) -> Result<Figures, Error>;
    /// Bytes that the disk under the store has left right now; `None` where that is not known.
    fn free_bytes(&self) -> Option<u64> {
        None
    }
    /// Whether the store can read and write right now: for `ready`.
    async fn check(&self) -> Result<(), Error>;
}
