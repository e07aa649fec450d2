//! One attempt at a job, on a thread that may block: prepare, import, render.

use std::fs::File;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use bulkwright_engine::ids::IdBlock;
use bulkwright_engine::import::{self, Import, ImportError, Outcome};
use bulkwright_engine::plan::{self, NewPicklistValues, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::{RecordStore, StoreError as RecordError};
use bulkwright_engine::result::{self, Abandoned, Part, ResultError, Settled};
use bulkwright_engine::spec::ResourceSpec;
use bulkwright_engine::typing::Person;
use bulkwright_engine::verdict::Counts;
use bulkwright_store::Error as StoreError;
use bulkwright_store::failure::Moment;
use bulkwright_store::model::{BlobSum, Claim, Failure, Job, JobResource, JobState};
use bulkwright_wire::time;
use jiff::tz::TimeZone;
use tempfile::NamedTempFile;
use tokio::runtime::Handle;
use tracing::Span;

use super::intact;
use super::progress::{JobWatch, Progress};
use super::timed::Timed;
use crate::api::create::people;
use crate::api::refusal;
use crate::reply::Refusal;
use crate::state::App;

/// The one resource of a job, by its place.
const RESOURCE: u16 = 0;

const RENDERING: &str = "rendering a result";

/// Everything an attempt needs, gathered before its thread begins.
pub(super) struct Attempt {
    app: Arc<App>,
    claim: Claim,
    job: Arc<Job>,
    progress: Arc<Progress>,
    spec: ResourceSpec,
    upload: PathBuf,
    came: BlobSum,
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
    pub(super) result: Option<(NamedTempFile, BlobSum)>,
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
    /// Opened twice: to be imported, and to be echoed in the result beside that.
    Ready {
        import: Box<Prepared>,
        result: Box<Prepared>,
    },
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
            came: BlobSum { bytes: upload.bytes, sha256: upload.sha256 },
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
        let (prepared, again) = match self.prepare(records.as_mut())? {
            Prepare::Ready { import, result } => (import, result),
            Prepare::Refused(failure) => return Ok(Ended::Finished(self.refused(failure, records.as_mut())?)),
        };
        let charset = prepared.charset();
        self.progress.set_charset(charset);
        let block = self.reserve(&prepared)?;
        let earlier = records.ledger(self.job.id, RESOURCE)?;
        let (outcome, result) = thread::scope(|scope| {
            let (chunks, committed) = channel();
            let settled = earlier.into_iter().map(|row| Ok(row.into())).chain(committed);
            let rendering = thread::Builder::new().name("render-result".to_owned());
            let span = Span::current();
            let render = move || span.in_scope(|| self.render(*again, block, settled));
            let rendering = rendering.spawn_scoped(scope, render)?;
            let (app, progress) = (self.app.as_ref(), self.progress.as_ref());
            let mut watch = JobWatch { progress, chunks: &chunks, app, job: self.job.id, began };
            let commit_seconds = &app.metrics.chunk_commit_seconds;
            let mut timed = Timed { records: records.as_mut(), commit_seconds };
            let outcome = import::run(&self.import(block), *prepared, &mut timed, &mut watch);
            // A rendering that has ended needs no telling.
            let _ = match outcome {
                Ok(Outcome::Completed(_)) => chunks.send(Ok(Settled::All)),
                // Rows behind the last chunk are looked for when nothing more is said.
                Ok(Outcome::Failed(..)) => Ok(()),
                Ok(Outcome::Stopped(_)) | Err(_) => chunks.send(Err(Abandoned)),
            };
            drop((chunks, records));
            let result = rendering.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok::<_, std::io::Error>((outcome, result))
        })?;
        self.end(outcome?, result, charset)
    }

    fn end(
        &self,
        outcome: Outcome,
        result: Result<NamedTempFile, ResultError>,
        charset: &str,
    ) -> Result<Ended, AttemptError> {
        let (state, counts, failure) = match outcome {
            Outcome::Stopped(_) => return Ok(Ended::Stopped),
            Outcome::Completed(counts) => (JobState::Completed, counts, None),
            Outcome::Failed(counts, failure) => {
                let failure = Failure { code: failure.code.as_str().to_owned(), message: failure.message };
                (JobState::Failed, counts, Some(failure))
            }
        };
        let result = match result {
            Ok(file) => {
                let sum = BlobSum::of_file(file.path())?;
                Some((file, sum))
            }
            // A file that cannot be read to its end has no result if nothing can be said about its rows.
            Err(error) if state == JobState::Failed => {
                let cause = &error as &dyn std::error::Error;
                tracing::warn!(error = cause, "a failed job has no result");
                None
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Ended::Finished(End { state, counts, failure, charset: Some(charset.to_owned()), result }))
    }

    fn import(&self, block: IdBlock) -> Import<'_> {
        // What is seeded looks as if it had been written when it says it was.
        let now = if self.job.fixed { self.job.created_at } else { self.app.clock.seconds() };
        let (job, user, limits) = (self.job.id, self.job.created_by, &self.app.limits);
        Import { job, resource: RESOURCE, user, now, block, limits }
    }

    fn prepare(&self, records: &mut dyn RecordStore) -> Result<Prepare, AttemptError> {
        if let Some(damage) = intact::damage(&self.upload, self.came)? {
            return Ok(Prepare::Refused(damage));
        }
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
        let (first, second) = (File::open(&self.upload)?, File::open(&self.upload)?);
        let both = prepare(first, &request).and_then(|import| Ok((import, prepare(second, &request)?)));
        match both {
            Ok((import, result)) => Ok(Prepare::Ready { import: Box::new(import), result: Box::new(result) }),
            Err(refusal) => refused(refusal),
        }
    }

    /// The resource's ids: the same for every attempt.
    fn reserve(&self, prepared: &Prepared) -> Result<IdBlock, AttemptError> {
        let size = prepared.rows_bound(&self.app.limits);
        let now_ms = self.app.clock.milliseconds();
        Ok(self.runtime.block_on(self.app.store.reserve(self.claim, RESOURCE, size, now_ms))?)
    }

    /// Renders the result beside the import: it is there a moment after the last chunk, before the job is told to be
    /// through.
    fn render(
        &self,
        prepared: Prepared,
        block: IdBlock,
        settled: impl Iterator<Item = Result<Settled, Abandoned>>,
    ) -> Result<NamedTempFile, ResultError> {
        let points = &self.app.failure_points;
        let failed = |error| ResultError::from(std::io::Error::other(error));
        points.pass(RENDERING, Moment::Before).map_err(failed)?;
        let out = NamedTempFile::new_in(&self.app.scratch)?;
        let out = result::write(vec![Part { prepared, block, settled }], self.job.created_at, out)?;
        points.pass(RENDERING, Moment::AfterCommit).map_err(failed)?;
        Ok(out)
    }

    /// The end of a job whose resource is refused now, although it was not when the job was created: what earlier
    /// attempts have written stays and is counted.
    fn refused(&self, failure: Failure, records: &mut dyn RecordStore) -> Result<End, AttemptError> {
        let counts = settled_in(records, &self.job)?;
        Ok(End { state: JobState::Failed, counts, failure: Some(failure), charset: None, result: None })
    }
}

/// What cannot be prepared is the job's end, unless it was the disk that failed.
fn refused(refusal: plan::Refusal) -> Result<Prepare, AttemptError> {
    match refusal::of_plan(refusal) {
        Refusal::Error(error) => {
            let reason = error.details.get("reason").and_then(|reason| reason.as_str());
            let message = reason.map_or_else(|| error.message.clone(), str::to_owned);
            Ok(Prepare::Refused(Failure { code: error.code.row().code.to_owned(), message }))
        }
        Refusal::Store(error) => Err(error.into()),
    }
}

/// Rows that earlier attempts have settled, as the ledger says. For blocking threads only.
pub(super) fn settled(app: &App, job: &Job) -> Result<Counts, AttemptError> {
    settled_in(app.store.record_writer(job.org)?.as_mut(), job)
}

fn settled_in(records: &mut dyn RecordStore, job: &Job) -> Result<Counts, AttemptError> {
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

/// What a job asks of one of its resources.
pub(crate) fn spec_of(job: &Job, resource: &JobResource) -> ResourceSpec {
    ResourceSpec {
        module: resource.module.clone(),
        operation: job.operation,
        find_by: resource.find_by.clone(),
        ignore_empty: resource.ignore_empty.or(job.ignore_empty).unwrap_or(false),
        mappings: resource.mappings.clone(),
        charset: job.charset.clone(),
    }
}
