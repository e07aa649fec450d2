//! The way of one part: upload, create, wait, fetch the result.

use std::time::Duration;

use bulkwright_wire::create::{CreateBody, CreateBodyDefault, CreateBodyMapping, CreateBodyResource, ModuleName};
use bulkwright_wire::details::{JobDetails, Status as JobStatus};
use tempfile::NamedTempFile;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::api::{Api, Created, TargetKind};
use crate::error::ClientError;
use crate::exit::Exit;
use crate::load::part::Part;
use crate::load::plan::Plan;
use crate::load::poll::Pauses;
use crate::load::settings::LoadSettings;
use crate::load::watch::{Event, Watch};
use crate::repeat_key::{RepeatKey, RunKeys};

/// Looks for a result that should be there (CLIENT 10).
const RESULT_TRIES: u32 = 4;

/// What came of a part.
#[derive(Debug)]
pub(crate) enum PartEnd {
    /// Its job ended.
    Ended { details: Box<JobDetails>, result: Result<NamedTempFile, String>, stop: Option<Stop> },
    /// It has no row that can be sent, so no job was needed.
    NothingToSend,
    /// No job was created for it.
    NotSent(Stop),
    /// There is a job, or there may be one, and nobody knows what it did.
    Unknown { job: Option<String>, why: String, stop: Option<Stop> },
}

/// Why a run ends before the end of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// How the process ends.
    pub exit: Exit,
    /// Why, in words.
    pub message: String,
    /// The API's code, if it gave one.
    pub code: Option<String>,
}

impl Stop {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Stop { exit, message: message.into(), code: None }
    }
}

impl From<&ClientError> for Stop {
    fn from(error: &ClientError) -> Self {
        Stop { exit: error.exit(), message: error.to_string(), code: error.code().map(str::to_owned) }
    }
}

/// Everything that all parts of a run have in common.
pub(crate) struct Carrier<'a> {
    pub(crate) api: &'a Api,
    pub(crate) kind: TargetKind,
    pub(crate) keys: &'a RunKeys,
    pub(crate) zgid: &'a str,
    pub(crate) settings: &'a LoadSettings,
    pub(crate) plan: &'a Plan,
    pub(crate) watch: &'a dyn Watch,
    pub(crate) stop: &'a CancellationToken,
    /// When the waiting ends.
    pub(crate) deadline: Option<Instant>,
}

impl Carrier<'_> {
    /// Uploads a part. Costs nothing and creates nothing.
    pub(crate) async fn upload(&self, part: &Part) -> Result<String, ClientError> {
        self.upload_under(part, &self.keys.upload(part.number, 1)).await
    }

    async fn upload_under(&self, part: &Part, key: &RepeatKey) -> Result<String, ClientError> {
        let zip = part.zip.as_ref().expect("a part without rows to send is not uploaded");
        let name = format!("part-{:04}.zip", part.number);
        let uploaded = self.api.upload(zip.path(), &name, self.zgid, key).await?;
        Ok(uploaded.value.details.file_id)
    }

    /// Takes a part all its way. `order` are the plan's columns as they stand in the part.
    pub(crate) async fn carry(&self, part: &Part, uploaded: Option<String>, order: &[usize]) -> PartEnd {
        if part.sent.is_empty() {
            return PartEnd::NothingToSend;
        }
        let uploaded = match uploaded {
            Some(file_id) => Ok(file_id),
            None => self.upload(part).await,
        };
        if self.stop.is_cancelled() {
            return PartEnd::NotSent(interrupted());
        }
        let created = match uploaded {
            Ok(file_id) => self.create(part, file_id, order).await,
            Err(error) => Err(error),
        };
        let created = match created {
            Ok(created) => created,
            Err(error) => return PartEnd::NotSent(Stop::from(&error)),
        };
        let id = match created {
            Created::Job(id) => id,
            Created::Unknown { why } => {
                let why = format!("whether the job was created is not known: {why}");
                return PartEnd::Unknown { job: None, why, stop: None };
            }
        };
        self.watch.see(&Event::JobCreated { id: &id, part: part.number, rows: part.sent.len() });
        match self.wait(&id).await {
            Ok(details) => self.fetch(details).await,
            Err(stop) => {
                let why = format!("job {id} was created, and what it did is not known: {}", stop.message);
                PartEnd::Unknown { job: Some(id), why, stop: Some(stop) }
            }
        }
    }

    async fn create(&self, part: &Part, file_id: String, order: &[usize]) -> Result<Created, ClientError> {
        let key = self.keys.create(part.number);
        match self.api.create(&self.body(file_id, order), &key).await {
            // An upload may have ended in the meantime; a new one costs nothing (CLIENT 6). It needs a key of its own, or
            // it is answered with the one that has ended; a creation that was refused may be mended under its key.
            Err(error) if matches!(error.code(), Some("INVALID_FILE_ID" | "FILE_NOT_FOUND")) => {
                let file_id = self.upload_under(part, &self.keys.upload(part.number, 2)).await?;
                self.api.create(&self.body(file_id, order), &key).await
            }
            other => other,
        }
    }

    fn body(&self, file_id: String, order: &[usize]) -> CreateBody {
        let mapping = |(index, &at): (usize, &usize)| {
            let column = &self.plan.columns[at];
            CreateBodyMapping {
                api_name: column.field.clone(),
                index: Some(index),
                format: column.format.clone(),
                find_by: column.find_by.clone(),
                default_value: column.default.clone().map(CreateBodyDefault::new),
            }
        };
        let constants = self.plan.constants.iter().map(|constant| CreateBodyMapping {
            api_name: constant.field.clone(),
            index: None,
            format: None,
            find_by: constant.find_by.clone(),
            default_value: Some(CreateBodyDefault::new(constant.value.clone())),
        });
        CreateBody {
            character_encoding: Some("UTF-8".to_owned()),
            operation: self.settings.operation.as_str(),
            ignore_empty: self.settings.ignore_empty.then_some(true),
            resource: vec![CreateBodyResource {
                kind: "data",
                module: ModuleName { api_name: self.settings.module.clone() },
                file_id,
                find_by: self.plan.key.clone(),
                field_mappings: order.iter().enumerate().map(mapping).chain(constants).collect(),
            }],
        }
    }

    /// Looks at a job until it has ended.
    async fn wait(&self, id: &str) -> Result<JobDetails, Stop> {
        let mut pauses = Pauses::new(self.kind, self.settings.poll_interval);
        let disbelieved_until = Instant::now() + self.api.patience().disbelief;
        loop {
            self.pause(pauses.next()).await?;
            let details = match self.api.job(id).await {
                Ok(details) => details,
                // A job that was just created may not be known everywhere yet (CLIENT 10).
                Err(error) if error.code() == Some("RESOURCE_NOT_FOUND") && Instant::now() < disbelieved_until => {
                    continue;
                }
                Err(error) => return Err(Stop::from(&error)),
            };
            self.watch.see(&Event::JobSeen { id, status: &details.status });
            if JobStatus::parse(&details.status).is_some_and(JobStatus::is_final) {
                return Ok(details);
            }
        }
    }

    async fn pause(&self, pause: Duration) -> Result<(), Stop> {
        let wake = Instant::now() + pause;
        let until = self.deadline.map_or(wake, |deadline| deadline.min(wake));
        tokio::select! {
            () = self.stop.cancelled() => return Err(interrupted()),
            () = tokio::time::sleep_until(until) => {}
        }
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => {
                Err(Stop::new(Exit::WaitOver, "the time to wait (--wait) ran out; the job goes on"))
            }
            _ => Ok(()),
        }
    }

    /// The result of a job that has ended; a missing one is looked for again for a while.
    async fn fetch(&self, mut details: JobDetails) -> PartEnd {
        let mut missing = "the job has no result".to_owned();
        for attempt in 0..RESULT_TRIES {
            if let Some(link) = details.result.as_ref().filter(|link| !link.download_url.is_empty()) {
                match self.download(&link.download_url).await {
                    Ok(file) => return PartEnd::Ended { details: Box::new(details), result: Ok(file), stop: None },
                    Err(error @ (ClientError::ForeignHost { .. } | ClientError::Disk(_))) => {
                        let stop = Some(Stop::from(&error));
                        return PartEnd::Ended { details: Box::new(details), result: Err(error.to_string()), stop };
                    }
                    Err(error) => missing = error.to_string(),
                }
            } else if JobStatus::parse(&details.status) != Some(JobStatus::Completed) {
                break;
            }
            let last = attempt + 1 == RESULT_TRIES;
            if last || self.pause(self.api.patience().disbelief / RESULT_TRIES).await.is_err() {
                break;
            }
            if let Ok(seen) = self.api.job(&details.id).await {
                details = seen;
            }
        }
        PartEnd::Ended { details: Box::new(details), result: Err(missing), stop: None }
    }

    async fn download(&self, url: &str) -> Result<NamedTempFile, ClientError> {
        let file = NamedTempFile::with_prefix("bulkwright-")?;
        let mut to = fs_err::tokio::OpenOptions::new().write(true).open(file.path()).await?;
        self.api.download(url, &mut to).await?;
        Ok(file)
    }
}

pub(crate) fn interrupted() -> Stop {
    Stop::new(Exit::Interrupted, "interrupted")
}
