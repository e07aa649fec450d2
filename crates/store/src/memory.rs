//! A store in memory, simple enough to be believed: the model that other stores are compared with.
//!
//! Everything stands in plain maps under one lock. A write works on a copy of all of it and puts the copy in place only
//! if nothing stood against it. Records are the engine's own model, one for each organisation; blobs are files of a
//! folder that goes with the store, because an import reads a file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
use bulkwright_engine::ids::{FileId, IdBlock, JobId, OrgId, RecordId};
use bulkwright_engine::record_store::{IndexId, LedgerRow, RecordStore};
use bulkwright_engine::verdict::Counts;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use crate::model::{
    AnswerKey, Claim, Code, DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Figures, Finish, FirstAnswer,
    Grant, Job, JobsQuery, NewJob, NewUpload, OauthClient, Org, PageQuery, Postponed, Record, Rest, SecretHash, Token,
    TokenKind, TokenSelection, Upload, User,
};
use crate::{Error, Store};

mod access;
mod jobs;
mod outbox;
mod records;
mod state;

use records::{Records, Writer};
use state::State;

/// The whole store.
#[derive(Debug)]
pub struct MemoryStore {
    state: Mutex<State>,
    records: Arc<Records>,
    blobs: tempfile::TempDir,
}

impl MemoryStore {
    /// An empty store.
    ///
    /// # Errors
    /// The folder of blobs cannot be made.
    pub fn new() -> std::io::Result<Self> {
        let blobs = tempfile::Builder::new().prefix("bulkwright-memory-").tempdir()?;
        Ok(MemoryStore { state: Mutex::default(), records: Arc::default(), blobs })
    }

    /// What the death of the process and a new start do: leases are void, and no job rests.
    pub fn restart(&self) {
        self.state().restart();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // It is only ever replaced whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it or nothing.
    fn write<T>(&self, work: impl FnOnce(&mut State) -> Result<T, Error>) -> Result<T, Error> {
        let mut state = self.state();
        let mut after = state.clone();
        let answer = work(&mut after)?;
        *state = after;
        Ok(answer)
    }

    fn blob_path(&self, blob: &str) -> PathBuf {
        self.blobs.path().join(blob)
    }

    fn new_blob(&self, prefix: &str) -> Result<String, Error> {
        let number = self.write(|state| Ok(state.next_blob()))?;
        Ok(format!("{prefix}-{number}"))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn add_org(&self, org: &Org, user: &User, client: &OauthClient, tokens: &[Token]) -> Result<(), Error> {
        self.write(|state| state.add_org(org, user, client, tokens))
    }

    async fn update_org(&self, org: &Org) -> Result<(), Error> {
        self.write(|state| state.update_org(org))
    }

    async fn add_user(&self, user: &User) -> Result<(), Error> {
        self.write(|state| state.add_user(user))
    }

    async fn update_user(&self, user: &User) -> Result<(), Error> {
        self.write(|state| state.update_user(user))
    }

    async fn add_oauth_client(&self, client: &OauthClient) -> Result<(), Error> {
        self.write(|state| state.add_oauth_client(client))
    }

    async fn oauth_clients(&self, org: OrgId) -> Result<Vec<OauthClient>, Error> {
        let mut found: Vec<_> = self.state().clients.iter().filter(|client| client.org == org).cloned().collect();
        found.sort_by(|one, other| one.client_id.cmp(&other.client_id));
        Ok(found)
    }

    async fn remove_oauth_client(&self, client_id: &str) -> Result<bool, Error> {
        self.write(|state| Ok(state.remove_oauth_client(client_id)))
    }

    async fn orgs(&self) -> Result<Vec<Org>, Error> {
        Ok(self.state().orgs.clone())
    }

    async fn users(&self, org: OrgId) -> Result<Vec<User>, Error> {
        Ok(self.state().users.iter().filter(|user| user.org == org).cloned().collect())
    }

    async fn oauth_client(&self, client_id: &str) -> Result<Option<OauthClient>, Error> {
        Ok(self.state().clients.iter().find(|client| client.client_id == client_id).cloned())
    }

    async fn add_token(&self, kind: TokenKind, hash: SecretHash, grant: &Grant) -> Result<(), Error> {
        self.write(|state| {
            state.add_token(&Token { kind, hash, grant: grant.clone() });
            Ok(())
        })
    }

    async fn token(&self, kind: TokenKind, hash: SecretHash) -> Result<Option<Grant>, Error> {
        let state = self.state();
        let found = state.tokens.iter().find(|known| (known.kind, known.hash) == (kind, hash));
        Ok(found.map(|known| known.grant.clone()))
    }

    async fn tokens(&self, org: OrgId) -> Result<Vec<Token>, Error> {
        let mut found: Vec<_> = self.state().tokens.iter().filter(|known| known.grant.org == org).cloned().collect();
        found.sort_by_key(|known| (known.kind == TokenKind::Refresh, known.hash.0));
        Ok(found)
    }

    async fn remove_tokens(&self, selection: &TokenSelection) -> Result<u64, Error> {
        self.write(|state| Ok(state.remove_tokens(selection)))
    }

    async fn add_code(&self, hash: SecretHash, code: &Code) -> Result<(), Error> {
        self.write(|state| {
            state.codes.push((hash, code.clone()));
            Ok(())
        })
    }

    async fn take_code(&self, hash: SecretHash) -> Result<Option<Code>, Error> {
        self.write(|state| {
            let place = state.codes.iter().position(|(known, _)| *known == hash);
            Ok(place.map(|place| state.codes.remove(place).1))
        })
    }

    async fn answer(&self, key: &AnswerKey) -> Result<Option<FirstAnswer>, Error> {
        Ok(self.state().answers.get(key).cloned())
    }

    async fn new_id(&self, now_ms: i64) -> Result<i64, Error> {
        self.write(|state| state.draw_id(now_ms))
    }

    async fn put_blob(&self, prefix: &str, body: BoxStream<'_, Result<Bytes, Error>>) -> Result<String, Error> {
        let parts: Vec<Bytes> = body.try_collect().await?;
        let name = self.new_blob(prefix)?;
        std::fs::write(self.blob_path(&name), parts.concat()).map_err(blob_failed)?;
        Ok(name)
    }

    async fn put_blob_file(&self, prefix: &str, file: tempfile::NamedTempFile) -> Result<String, Error> {
        let bytes = std::fs::read(file.path()).map_err(blob_failed)?;
        self.put_blob(prefix, stream::iter([Ok(Bytes::from(bytes))]).boxed()).await
    }

    async fn blob_file(&self, blob: &str) -> Result<PathBuf, Error> {
        Ok(self.blob_path(blob))
    }

    async fn get_blob(&self, blob: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error> {
        let bytes = std::fs::read(self.blob_path(blob)).map_err(blob_failed)?;
        Ok((bytes.len() as u64, stream::iter([Ok(Bytes::from(bytes))]).boxed()))
    }

    async fn delete_blob(&self, blob: &str) -> Result<(), Error> {
        remove_if_there(&self.blob_path(blob)).map_err(blob_failed)
    }

    async fn add_upload(&self, upload: &NewUpload) -> Result<Upload, Error> {
        self.write(|state| state.add_upload(upload))
    }

    async fn upload(&self, org: OrgId, id: FileId) -> Result<Option<Upload>, Error> {
        Ok(self.state().uploads.get(&id).filter(|upload| upload.org == org).cloned())
    }

    async fn add_job(&self, job: &NewJob) -> Result<Job, Error> {
        self.write(|state| state.add_job(job))
    }

    async fn job(&self, org: OrgId, id: JobId) -> Result<Option<Job>, Error> {
        Ok(self.state().jobs.get(&id).map(|held| &held.job).filter(|job| job.org == org).cloned())
    }

    async fn jobs(&self, query: &JobsQuery) -> Result<Vec<Job>, Error> {
        Ok(self.state().list_jobs(query))
    }

    async fn claim(&self, _worker: &str, now: i64, lease_seconds: i64) -> Result<Option<(Claim, Job)>, Error> {
        self.write(|state| Ok(state.claim(now, now.saturating_add(lease_seconds))))
    }

    async fn progress(
        &self,
        claim: Claim,
        lease_until: i64,
        resource: u16,
        counts: Counts,
        charset: &str,
    ) -> Result<(), Error> {
        self.write(|state| state.progress(claim, lease_until, resource, counts, charset))
    }

    async fn release(&self, claim: Claim) -> Result<(), Error> {
        self.write(|state| state.release(claim))
    }

    async fn postpone(&self, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
        self.write(|state| state.postpone(claim, rest, postponed))
    }

    async fn reserve(&self, claim: Claim, resource: u16, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
        self.write(|state| state.reserve(claim, resource, size, now_ms))
    }

    async fn finish(&self, claim: Claim, end: &Finish) -> Result<(), Error> {
        self.write(|state| state.finish(claim, end))
    }

    async fn due_deliveries(&self, now: i64, limit: u32) -> Result<Vec<Delivery>, Error> {
        Ok(self.state().due_deliveries(now, limit))
    }

    async fn next_delivery_at(&self) -> Result<Option<i64>, Error> {
        Ok(self.state().deliveries.values().filter_map(|delivery| delivery.next_at).min())
    }

    async fn delivery(&self, org: OrgId, job: JobId) -> Result<Option<Delivery>, Error> {
        Ok(self.state().deliveries.get(&job).filter(|delivery| delivery.org == org).cloned())
    }

    async fn deliveries(&self, query: &DeliveriesQuery) -> Result<Vec<Delivery>, Error> {
        Ok(self.state().list_deliveries(query))
    }

    async fn delivery_attempts(&self, org: OrgId, job: JobId) -> Result<Vec<DeliveryOutcome>, Error> {
        Ok(self.state().delivery_attempts(org, job))
    }

    async fn replay_delivery(&self, org: OrgId, job: JobId, now: i64) -> Result<Option<Delivery>, Error> {
        self.write(|state| Ok(state.replay_delivery(org, job, now)))
    }

    async fn note_delivery(
        &self,
        job: JobId,
        outcome: &DeliveryOutcome,
        state: DeliveryState,
        next_at: Option<i64>,
    ) -> Result<(), Error> {
        self.write(|all| all.note_delivery(job, outcome, state, next_at))
    }

    fn record_writer(&self, org: OrgId) -> Result<Box<dyn RecordStore>, Error> {
        Ok(Box::new(Writer::wait(&self.records, org)))
    }

    async fn record(&self, org: OrgId, module: ModuleNumber, id: RecordId) -> Result<Option<Record>, Error> {
        Ok(self.records.of(org).records(module).find(|(found, _)| *found == id).map(records::shown))
    }

    async fn records(&self, org: OrgId, ids: &[RecordId]) -> Result<Vec<Option<(ModuleNumber, Record)>>, Error> {
        let records = self.records.of(org);
        let shown = |&id: &RecordId| records.record(id).map(|it| (it.module, records::shown((id, it))));
        Ok(ids.iter().map(shown).collect())
    }

    async fn page(&self, org: OrgId, module: ModuleNumber, query: &PageQuery) -> Result<Vec<Record>, Error> {
        Ok(records::page(&self.records.of(org), module, query))
    }

    async fn search(&self, org: OrgId, index: IndexId, key: &[u8], limit: u32) -> Result<Vec<Record>, Error> {
        records::search(self.records.of(org), index, key, limit)
    }

    async fn ledger_chunk(
        &self,
        org: OrgId,
        job: JobId,
        resource: u16,
        chunk: u32,
    ) -> Result<Option<LedgerRow>, Error> {
        let rows = self.records.of(org).ledger(job, resource).map_err(|error| Error::failed("reading", error))?;
        Ok(rows.into_iter().find(|row| row.chunk == chunk))
    }

    async fn picklist_additions(&self, org: OrgId, module: ModuleNumber) -> Result<Vec<(FieldNumber, String)>, Error> {
        self.records.of(org).picklist_additions(module).map_err(|error| Error::failed("reading", error))
    }

    async fn figures(&self) -> Result<Figures, Error> {
        Ok(self.state().figures())
    }

    async fn check(&self) -> Result<(), Error> {
        Ok(())
    }
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn blob_failed(error: std::io::Error) -> Error {
    Error::failed("using a blob", error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance;

    fn fresh() -> MemoryStore {
        MemoryStore::new().unwrap()
    }

    #[tokio::test]
    async fn it_is_a_store() {
        conformance::store(fresh).await;
    }

    #[test]
    fn it_is_a_record_store() {
        conformance::record_store(|| Writer::wait(&Arc::default(), OrgId(694_902_309)));
    }

    #[test]
    fn a_zombie_changes_nothing() {
        conformance::zombies::the_zombie_commits_first(&fresh());
        conformance::zombies::the_zombie_commits_last(&fresh());
        conformance::zombies::interleave(&fresh());
    }
}
