//! One attempt at a job, on a thread that may block: prepare, import, render.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use bulkwright_engine::ids::IdBlock;
use bulkwright_engine::import::{self, Import, ImportError, Outcome};
use bulkwright_engine::plan::{NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::{LedgerRow, RecordStore, StoreError as RecordError};
use bulkwright_engine::result::{self, Part, ResultError};
use bulkwright_engine::spec::ResourceSpec;
use bulkwright_engine::typing::Person;
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{Claim, Failure, Job, JobResource, JobState};
use bulkwright_wire::time;
use jiff::tz::TimeZone;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;

use super::progress::{JobWatch, Progress};
use crate::api::create::people;
use crate::api::refusal;
use crate::reply::Refusal;
use crate::state::App;

/// The one resource of a job, by its place.
const RESOURCE: u16 = 0;

/// Everything an attempt needs, gathered before its thread begins.
pub(super) struct Attempt {
    app: Arc<App>,
    claim: Claim,
    job: Arc<Job>,
    progress: Arc<Progress>,
    spec: ResourceSpec,
    upload: PathBuf,
    people: Vec<Person>,
    time_zone: TimeZone,
    runtime: Handle,
}

/// How an attempt ended.
pub(super) enum Ended {
    /// The job is through, well or not.
    Finished(End),
    /// It was told to stop between two chunks.
    Stopped,
}

/// What there is to say about a job that is through.
pub(super) struct End {
    pub(super) state: JobState,
    pub(super) counts: Counts,
    pub(super) failure: Option<Failure>,
    pub(super) charset: Option<String>,
    pub(super) result: Option<NamedTempFile>,
}

/// Why an attempt came to no end. Another one may.
#[derive(Debug, thiserror::Error)]
pub(super) enum AttemptError {
    #[error("another attempt holds the job")]
    Fenced,
    #[error(transparent)]
    Store(StoreError),
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error(transparent)]
    Import(ImportError),
    #[error(transparent)]
    Result(#[from] ResultError),
    #[error("a file could not be opened or made")]
    File(#[from] std::io::Error),
}

impl From<StoreError> for AttemptError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced => AttemptError::Fenced,
            other => AttemptError::Store(other),
        }
    }
}

impl From<ImportError> for AttemptError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Overtaken => AttemptError::Fenced,
            other => AttemptError::Import(other),
        }
    }
}

/// A resource that cannot be processed: the job's end, and no error.
enum Prepare {
    Ready(Box<Prepared>),
    Refused(Failure),
}

impl Attempt {
    pub(super) async fn new(
        app: Arc<App>,
        claim: Claim,
        job: Arc<Job>,
        progress: Arc<Progress>,
    ) -> Result<Self, StoreError> {
        let resource = resource_of(&job)?;
        let upload = app.store.upload(job.org, resource.file).await?;
        let upload = upload.ok_or_else(|| missing("the upload of a job is gone"))?;
        let users = app.store.users(job.org).await?;
        let creator = users.iter().find(|user| user.id == job.created_by);
        let time_zone = creator.and_then(|user| time::zone(&user.time_zone).ok()).unwrap_or(TimeZone::UTC);
        Ok(Attempt {
            upload: app.store.blob_file(&upload.blob).await?,
            spec: spec_of(&job, resource),
            people: people(users),
            time_zone,
            runtime: Handle::current(),
            app,
            claim,
            job,
            progress,
        })
    }

    pub(super) fn run(&self) -> Result<Ended, AttemptError> {
        let began = Instant::now();
        let mut records = self.app.store.record_writer(self.job.org)?;
        let prepared = match self.prepare(records.as_mut())? {
            Prepare::Ready(prepared) => prepared,
            Prepare::Refused(failure) => return Ok(Ended::Finished(End::refused(failure))),
        };
        let charset = prepared.charset();
        self.progress.set_charset(charset);
        let block = self.reserve(&prepared)?;
        let (draining, progress) = (&self.app.draining, self.progress.as_ref());
        let mut watch = JobWatch { progress, draining, began };
        let outcome = import::run(&self.import(block), *prepared, records.as_mut(), &mut watch)?;
        let (state, counts, failure) = match outcome {
            Outcome::Stopped(_) => return Ok(Ended::Stopped),
            Outcome::Completed(counts) => (JobState::Completed, counts, None),
            Outcome::Failed(counts, failure) => {
                let failure = Failure { code: failure.code.as_str().to_owned(), message: failure.message };
                (JobState::Failed, counts, Some(failure))
            }
        };
        let ledger = records.ledger(self.job.id, RESOURCE)?;
        drop(records);
        let result = self.result(state, block, &ledger)?;
        Ok(Ended::Finished(End { state, counts, failure, charset: Some(charset.to_owned()), result }))
    }

    fn import(&self, block: IdBlock) -> Import<'_> {
        // What is seeded looks as if it had been written when it says it was.
        let now = if self.job.fixed { self.job.created_at } else { self.app.clock.seconds() };
        let (job, user, limits) = (self.job.id, self.job.created_by, &self.app.limits);
        Import { job, resource: RESOURCE, user, now, block, limits }
    }

    fn prepare(&self, records: &mut dyn RecordStore) -> Result<Prepare, AttemptError> {
        let additions = match self.app.catalog.module(&self.spec.module) {
            Some(module) => records.picklist_additions(module.number)?,
            None => Vec::new(),
        };
        let request = Request {
            resource: usize::from(RESOURCE),
            spec: &self.spec,
            catalog: &self.app.catalog,
            people: &self.people,
            picklist_additions: &additions,
            new_picklist_values: NewPicklistValues::Add,
            time_zone: &self.time_zone,
            limits: &self.app.limits,
        };
        match prepare(File::open(&self.upload)?, &request) {
            Ok(prepared) => Ok(Prepare::Ready(Box::new(prepared))),
            Err(refused) => match refusal::of_plan(refused) {
                Refusal::Error(error) => {
                    let reason = error.details.get("reason").and_then(|reason| reason.as_str());
                    let message = reason.map_or_else(|| error.message.clone(), str::to_owned);
                    Ok(Prepare::Refused(Failure { code: error.code.row().code.to_owned(), message }))
                }
                Refusal::Store(error) => Err(error.into()),
            },
        }
    }

    /// The resource's ids: the same for every attempt.
    fn reserve(&self, prepared: &Prepared) -> Result<IdBlock, AttemptError> {
        let size = prepared.rows_bound(&self.app.limits);
        let now_ms = self.app.clock.milliseconds();
        Ok(self.runtime.block_on(self.app.store.reserve(self.claim, RESOURCE, size, now_ms))?)
    }

    /// Renders the result before the job is told to be through. A file that cannot be read to its end has none if
    /// nothing can be said about its rows.
    fn result(
        &self,
        state: JobState,
        block: IdBlock,
        ledger: &[LedgerRow],
    ) -> Result<Option<NamedTempFile>, AttemptError> {
        let mut records = self.app.store.record_writer(self.job.org)?;
        let Prepare::Ready(prepared) = self.prepare(records.as_mut())? else { return Ok(None) };
        drop(records);
        let out = NamedTempFile::new_in(&self.app.scratch)?;
        match result::write(vec![Part { prepared: *prepared, block, ledger }], self.job.created_at, out) {
            Ok(out) => Ok(Some(out)),
            Err(error) if state == JobState::Failed => {
                tracing::warn!(job = %self.job.id, error = &error as &dyn std::error::Error, "a failed job has no result");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

impl End {
    /// The end of a job of which nothing was written.
    pub(super) fn refused(failure: Failure) -> Self {
        End { state: JobState::Failed, counts: Counts::default(), failure: Some(failure), charset: None, result: None }
    }
}

/// Rows that earlier attempts have settled, as the ledger says. For blocking threads only.
pub(super) fn settled(app: &App, job: &Job) -> Result<Counts, AttemptError> {
    let mut records = app.store.record_writer(job.org)?;
    let mut counts = Counts::default();
    for row in records.ledger(job.id, RESOURCE)? {
        counts += row.counts;
    }
    Ok(counts)
}

fn resource_of(job: &Job) -> Result<&JobResource, StoreError> {
    job.resources.first().ok_or_else(|| missing("a job has no resource"))
}

fn missing(what: &'static str) -> StoreError {
    StoreError::Damaged { what: what.to_owned() }
}

fn spec_of(job: &Job, resource: &JobResource) -> ResourceSpec {
    ResourceSpec {
        module: resource.module.clone(),
        operation: job.operation,
        find_by: resource.find_by.clone(),
        ignore_empty: resource.ignore_empty.or(job.ignore_empty).unwrap_or(false),
        mappings: resource.mappings.clone(),
        charset: job.charset.clone(),
    }
}
