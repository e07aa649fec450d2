//! A job's ledger and upload, opened to be read again.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use bulkwright_engine::catalog::{Catalog, FieldNumber};
use bulkwright_engine::ids::{JobId, OrgId};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::plan::{NewPicklistValues, Refusal as PlanRefusal, Request};
use bulkwright_engine::prepare::{Prepared, prepare};
use bulkwright_engine::record_store::{LedgerRow, StoreError as RecordError};
use bulkwright_engine::result::ResultError;
use bulkwright_engine::result::full::{self, Known};
use bulkwright_engine::spec::ResourceSpec;
use bulkwright_engine::typing::Person;
use bulkwright_store::model::{BlobSum, Job, JobResource, JobState};
use bulkwright_store::{Error as StoreError, Store};
use bulkwright_wire::rows::{RowsJob, UploadState};
use bulkwright_wire::time;
use jiff::tz::TimeZone;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;

use crate::api::create::people;
use crate::api::details::status;
use crate::reply::Refusal;
use crate::state::App;
use crate::work::{intact, spec_of};

/// The one resource of a job, by its place.
const RESOURCE: u16 = 0;

const DOING: &str = "reading the rows of a job";

/// A job that is read. Whoever reads has a turn: an upload is inflated on a thread of its own.
pub(super) struct Reading {
    job: Job,
    resource: JobResource,
    spec: ResourceSpec,
    store: Arc<dyn Store>,
    source: Result<Prepared, String>,
    _turn: OwnedSemaphorePermit,
}

/// What is needed to open the upload of a job.
struct Opening {
    store: Arc<dyn Store>,
    catalog: Arc<Catalog>,
    limits: Limits,
    job: Job,
    /// Where it is, and what it was when it came.
    upload: Option<(PathBuf, BlobSum)>,
    people: Vec<Person>,
    picklist_additions: Vec<(FieldNumber, String)>,
    time_zone: TimeZone,
    turn: OwnedSemaphorePermit,
}

impl Reading {
    /// Opens what there is of a job.
    pub(super) async fn of(app: &App, job: Job) -> Result<Self, Refusal> {
        let turn = app.row_readers.wait(job.org).await;
        let resource = job.resources.first().cloned().ok_or_else(no_resource)?;
        let upload = match app.store.upload(job.org, resource.file).await? {
            Some(upload) => {
                let came = BlobSum { bytes: upload.bytes, sha256: upload.sha256 };
                Some((app.store.blob_file(&upload.blob).await?, came))
            }
            None => None,
        };
        let users = app.store.users(job.org).await?;
        let creator = users.iter().find(|user| user.id == job.created_by);
        let time_zone = creator.and_then(|user| time::zone(&user.time_zone).ok()).unwrap_or(TimeZone::UTC);
        let picklist_additions = match app.catalog.module(&resource.module) {
            Some(module) => app.store.picklist_additions(job.org, module.number).await?,
            None => Vec::new(),
        };
        let opening = Opening {
            store: app.store.clone(),
            catalog: app.catalog.clone(),
            limits: app.limits.clone(),
            job,
            upload,
            people: people(users),
            picklist_additions,
            time_zone,
            turn,
        };
        blocking(move || opening.open(resource)).await?
    }

    /// The mappings of a column or field of this name.
    pub(super) fn mappings_named(&self, name: &str) -> Vec<u16> {
        full::mappings_named(self.source.as_ref().ok(), &self.spec, name)
    }

    pub(super) fn job(&self) -> RowsJob {
        RowsJob { id: self.job.id.to_string(), status: status(self.job.state).as_str().to_owned() }
    }

    /// Whether the upload can be read, or why not.
    pub(super) fn upload(&self) -> UploadState {
        UploadState { available: self.source.is_ok(), reason: self.source.as_ref().err().cloned() }
    }

    /// Reads on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        self,
        read: impl FnOnce(Known<'_, Ledger>) -> Result<T, ResultError> + Send + 'static,
    ) -> Result<T, Refusal> {
        blocking(move || self.read_here(read)).await?.map_err(Refusal::Store)
    }

    /// Reads on this thread.
    pub(super) fn read_here<T>(
        self,
        read: impl FnOnce(Known<'_, Ledger>) -> Result<T, ResultError>,
    ) -> Result<T, StoreError> {
        let Reading { job, resource, spec, store, source, _turn } = self;
        let is_over = matches!(job.state, JobState::Completed | JobState::Failed);
        let rows_min = if is_over { resource.counts.total() } else { 0 };
        let ledger =
            Ledger { store, org: job.org, job: job.id, chunk: 0, rows: 0, rows_min, runtime: Handle::current() };
        read(Known { spec: &spec, ledger, block: resource.block, source: source.ok(), is_over }).map_err(failed)
    }
}

/// The chunks of a job's ledger, each read when it is asked for. For blocking threads only.
pub(super) struct Ledger {
    store: Arc<dyn Store>,
    org: OrgId,
    job: JobId,
    /// The next one.
    chunk: u32,
    /// Rows that are settled up to it, and that have to be at the end.
    rows: u64,
    rows_min: u64,
    runtime: Handle,
}

impl Iterator for Ledger {
    type Item = Result<LedgerRow, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.runtime.block_on(self.store.ledger_chunk(self.org, self.job, RESOURCE, self.chunk));
        match row {
            Ok(Some(row)) => {
                (self.chunk, self.rows) = (self.chunk + 1, row.rows_through);
                Some(Ok(row))
            }
            // A job that is being swept loses its first chunk first.
            Ok(None) if self.chunk > 0 && self.rows < self.rows_min => {
                let what = format!("the ledger of job {} (chunk {} is missing)", self.job, self.chunk);
                Some(Err(RecordError::Damaged { what }))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error.into())),
        }
    }
}

impl Opening {
    fn open(self, resource: JobResource) -> Result<Reading, Refusal> {
        let spec = spec_of(&self.job, &resource);
        let source = self.source(&spec)?;
        Ok(Reading { job: self.job, resource, spec, store: self.store, source, _turn: self.turn })
    }

    /// The upload, or why it cannot be read, for people.
    fn source(&self, spec: &ResourceSpec) -> Result<Result<Prepared, String>, StoreError> {
        let Some((path, came)) = &self.upload else {
            return Ok(Err("the upload has outlived its time and was removed".to_owned()));
        };
        if let Some(damage) = intact::damage(path, *came).map_err(failed)? {
            return Ok(Err(damage.message));
        }
        let request = Request {
            resource: usize::from(RESOURCE),
            spec,
            catalog: &self.catalog,
            people: &self.people,
            picklist_additions: &self.picklist_additions,
            new_picklist_values: NewPicklistValues::Add,
            time_zone: &self.time_zone,
            limits: &self.limits,
        };
        match prepare(File::open(path).map_err(failed)?, &request) {
            Ok(prepared) => Ok(Ok(prepared)),
            Err(refusal @ PlanRefusal::Unreadable(_)) => Err(failed(refusal)),
            Err(refusal) => Ok(Err(format!("the upload cannot be read any more as the job asks: {refusal}"))),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Failed { doing: DOING, source: source.into() }
}

/// A job has its resource for as long as it is there.
fn no_resource() -> StoreError {
    StoreError::Damaged { what: "a job has no resource".to_owned() }
}
