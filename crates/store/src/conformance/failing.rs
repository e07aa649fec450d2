//! A store whose calls fail when a test says so.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{
    ChangeSet, IndexId, Key, LedgerRow, Matches, RecordStore, StoreError, Versioned,
};
use bulkwright_engine::verdict::Counts;
use bytes::Bytes;
use futures::stream::BoxStream;

use crate::failure::{FailurePoints, Moment};
use crate::model::{
    AnswerKey, Claim, Code, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Figures, Finish, FirstAnswer,
    Grant, Job, JobsQuery, NewJob, NewUpload, OauthClient, Org, PageQuery, Postponed, Record, Rest, SecretHash, Token,
    TokenKind, TokenSelection, Upload, User,
};
use crate::{Error, Store};

/// Another store, each of whose calls passes two points, named after the call: [`Moment::Before`] it is made, and
/// [`Moment::AfterCommit`], when it was made and its answer may get lost.
pub struct FailingStore {
    store: Arc<dyn Store>,
    points: FailurePoints,
}

impl FailingStore {
    /// Fails calls of `store` where `points` say so.
    pub fn new(store: Arc<dyn Store>, points: FailurePoints) -> Self {
        FailingStore { store, points }
    }

    async fn pass<T>(&self, name: &'static str, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.points.pass(name, Moment::Before)?;
        let answer = call.await?;
        self.points.pass(name, Moment::AfterCommit)?;
        Ok(answer)
    }
}

#[async_trait]
impl Store for FailingStore {
    async fn add_org(&self, org: &Org, user: &User, client: &OauthClient, tokens: &[Token]) -> Result<(), Error> {
        self.pass("add_org", self.store.add_org(org, user, client, tokens)).await
    }

    async fn update_org(&self, org: &Org) -> Result<(), Error> {
        self.pass("update_org", self.store.update_org(org)).await
    }

    async fn add_user(&self, user: &User) -> Result<(), Error> {
        self.pass("add_user", self.store.add_user(user)).await
    }

    async fn update_user(&self, user: &User) -> Result<(), Error> {
        self.pass("update_user", self.store.update_user(user)).await
    }

    async fn add_oauth_client(&self, client: &OauthClient) -> Result<(), Error> {
        self.pass("add_oauth_client", self.store.add_oauth_client(client)).await
    }

    async fn oauth_clients(&self, org: OrgId) -> Result<Vec<OauthClient>, Error> {
        self.pass("oauth_clients", self.store.oauth_clients(org)).await
    }

    async fn remove_oauth_client(&self, client_id: &str) -> Result<bool, Error> {
        self.pass("remove_oauth_client", self.store.remove_oauth_client(client_id)).await
    }

    async fn orgs(&self) -> Result<Vec<Org>, Error> {
        self.pass("orgs", self.store.orgs()).await
    }

    async fn users(&self, org: OrgId) -> Result<Vec<User>, Error> {
        self.pass("users", self.store.users(org)).await
    }

    async fn oauth_client(&self, client_id: &str) -> Result<Option<OauthClient>, Error> {
        self.pass("oauth_client", self.store.oauth_client(client_id)).await
    }

    async fn add_token(&self, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
        self.pass("add_token", self.store.add_token(kind, hash, grant)).await
    }

    async fn token(&self, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
        self.pass("token", self.store.token(kind, hash)).await
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<Token>, Error> {
        self.pass("tokens", self.store.tokens(org)).await
    }

    async fn remove_tokens(&self, selection: &TokenSelection) -> Result<u64, Error> {
        self.pass("remove_tokens", self.store.remove_tokens(selection)).await
    }

    async fn add_code(&self, hash: SecretHash, code: &Code) -> Result<(), Error> {
        self.pass("add_code", self.store.add_code(hash, code)).await
    }

    async fn take_code(&self, hash: SecretHash) -> Result<Option<Code>, Error> {
        self.pass("take_code", self.store.take_code(hash)).await
    }

    async fn answer(&self, key: &AnswerKey) -> Result<Option<FirstAnswer>, Error> {
        self.pass("answer", self.store.answer(key)).await
    }

    async fn new_id(&self, now_ms: i64) -> Result<i64, Error> {
        self.pass("new_id", self.store.new_id(now_ms)).await
    }

    async fn put_blob(&self, prefix: &str, body: BoxStream<'_, Result<Bytes, Error>>) -> Result<String, Error> {
        self.pass("put_blob", self.store.put_blob(prefix, body)).await
    }

    async fn put_blob_file(&self, prefix: &str, file: tempfile::NamedTempFile) -> Result<String, Error> {
        self.pass("put_blob_file", self.store.put_blob_file(prefix, file)).await
    }

    async fn blob_file(&self, blob: &str) -> Result<PathBuf, Error> {
        self.pass("blob_file", self.store.blob_file(blob)).await
    }

    async fn get_blob(&self, blob: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error> {
        self.pass("get_blob", self.store.get_blob(blob)).await
    }

    async fn delete_blob(&self, blob: &str) -> Result<(), Error> {
        self.pass("delete_blob", self.store.delete_blob(blob)).await
    }

    async fn add_upload(&self, upload: &NewUpload) -> Result<Upload, Error> {
        self.pass("add_upload", self.store.add_upload(upload)).await
    }

    async fn upload(&self, org: OrgId, id: FileId) -> Result<Option<Upload>, Error> {
        self.pass("upload", self.store.upload(org, id)).await
    }

    async fn add_job(&self, job: &NewJob) -> Result<Job, Error> {
        self.pass("add_job", self.store.add_job(job)).await
    }

    async fn job(&self, org: OrgId, id: JobId) -> Result<Option<Job>, Error> {
        self.pass("job", self.store.job(org, id)).await
    }

    async fn jobs(&self, query: &JobsQuery) -> Result<Vec<Job>, Error> {
        self.pass("jobs", self.store.jobs(query)).await
    }

    async fn claim(&self, worker: &str, now: i64, lease_seconds: i64) -> Result<Option<(Claim, Job)>, Error> {
        self.pass("claim", self.store.claim(worker, now, lease_seconds)).await
    }

    async fn progress(
        &self,
        claim: Claim,
        lease_until: i64,
        resource: u16,
        counts: Counts,
        charset: &str,
    ) -> Result<(), Error> {
        self.pass("progress", self.store.progress(claim, lease_until, resource, counts, charset)).await
    }

    async fn release(&self, claim: Claim) -> Result<(), Error> {
        self.pass("release", self.store.release(claim)).await
    }

    async fn postpone(&self, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
        self.pass("postpone", self.store.postpone(claim, rest, postponed)).await
    }

    async fn reserve(&self, claim: Claim, resource: u16, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
        self.pass("reserve", self.store.reserve(claim, resource, size, now_ms)).await
    }

    async fn finish(&self, claim: Claim, end: &Finish) -> Result<(), Error> {
        self.pass("finish", self.store.finish(claim, end)).await
    }

    async fn due_deliveries(&self, now: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
        self.pass("due_deliveries", self.store.due_deliveries(now, limit)).await
    }

    async fn next_delivery_at(&self) -> Result<Option<i64>, Error> {
        self.pass("next_delivery_at", self.store.next_delivery_at()).await
    }

    async fn delivery(&self, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error> {
        self.pass("delivery", self.store.delivery(org, job)).await
    }

    async fn deliveries(&self, query: &DeliveriesQuery) -> Result<Vec<Delivery>, Error> {
        self.pass("deliveries", self.store.deliveries(query)).await
    }

    async fn delivery_attempts(&self, org: OrgId, job: JobId) -> Result<Vec<DeliveryOutcome>, Error> {
        self.pass("delivery_attempts", self.store.delivery_attempts(org, job)).await
    }

    async fn replay_delivery(&self, org: OrgId, job: JobId, now: i64) -> Result<Option<Delivery>, Error> {
        self.pass("replay_delivery", self.store.replay_delivery(org, job, now)).await
    }

    async fn note_delivery(
        &self,
        job: JobId,
        outcome: &DeliveryOutcome,
        state: DeliveryState,
        next_at: Option<i64>,
    ) -> Result<(), Error> {
        self.pass("note_delivery", self.store.note_delivery(job, outcome, state, next_at)).await
    }

    fn record_writer(&self, org: OrgId) -> Result<Box<dyn RecordStore>, Error> {
        self.points.pass("record_writer", Moment::Before)?;
        let records = self.store.record_writer(org)?;
        self.points.pass("record_writer", Moment::AfterCommit)?;
        Ok(Box::new(FailingRecords { records, points: self.points.clone() }))
    }

    fn free_bytes(&self) -> Option<u64> {
        self.store.free_bytes()
    }

    async fn records(&self, org: OrgId, ids: &[RecordId]) -> Result<Vec<Option<(ModuleNumber, Record)>>, Error> {
        self.pass("records", self.store.records(org, ids)).await
    }

    async fn record(&self, org: OrgId, module: ModuleNumber, id: RecordId) -> Result<Option<Record>, Error> {
        self.pass("record", self.store.record(org, module, id)).await
    }

    async fn page(&self, org: OrgId, module: ModuleNumber, query: &PageQuery) -> Result<Vec<Record>, Error> {
        self.pass("page", self.store.page(org, module, query)).await
    }

    async fn search(&self, org: OrgId, index: IndexId, key: &[u8], limit: u32) -> Result<Vec<Record>, Error> {
        self.pass("search", self.store.search(org, index, key, limit)).await
    }

    async fn ledger_chunk(
        &self,
        org: OrgId,
        job: JobId,
        resource: u16,
        chunk: u32,
    ) -> Result<Option<LedgerRow>, Error> {
        self.pass("ledger_chunk", self.store.ledger_chunk(org, job, resource, chunk)).await
    }

    async fn picklist_additions(&self, org: OrgId, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, Error> {
        self.pass("picklist_additions", self.store.picklist_additions(org, module)).await
    }

    async fn figures(&self) -> Result<Figures, Error> {
        self.pass("figures", self.store.figures()).await
    }

    async fn check(&self) -> Result<(), Error> {
        self.pass("check", self.store.check()).await
    }
}

struct FailingRecords {
    records: Box<dyn RecordStore>,
    points: FailurePoints,
}

impl FailingRecords {
    fn pass<T>(
        &mut self,
        name: &'static str,
        call: impl FnOnce(&mut dyn RecordStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.points.pass(name, Moment::Before)?;
        let answer = call(self.records.as_mut())?;
        self.points.pass(name, Moment::AfterCommit)?;
        Ok(answer)
    }
}

impl RecordStore for FailingRecords {
    fn org(&self) -> OrgId {
        self.records.org()
    }

    fn find(&mut self, index: IndexId, keys: &[&Key]) -> Result<Matches, StoreError> {
        self.pass("records.find", |records| records.find(index, keys))
    }

    fn read(&mut self, module: ModuleNumber, ids: &[RecordId]) -> Result<Vec<Option<Versioned>>, StoreError> {
        self.pass("records.read", |records| records.read(module, ids))
    }

    fn picklist_additions(&mut self, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, StoreError> {
        self.pass("records.picklist_additions", |records| records.picklist_additions(module))
    }

    fn ledger(&mut self, job: JobId, resource: u16) -> Result<Vec<LedgerRow>, StoreError> {
        self.pass("records.ledger", |records| records.ledger(job, resource))
    }

    fn commit(&mut self, change: &ChangeSet<'_>) -> Result<(), StoreError> {
        self.pass("records.commit", |records| records.commit(change))
    }
}
