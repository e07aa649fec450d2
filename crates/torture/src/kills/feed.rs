//! The client that goes on feeding jobs while the server under it is killed again and again.
//!
//! What it repeats. An upload without an answer is sent again under its `Idempotency-Key`, so that no second file lies
//! there. Every second create has a key too and is simply sent again. The others are those of a client that knows no
//! keys: one that got a connection and no answer may have made a job, and is never sent again; whether it did is looked up
//! in the control file, by the upload that only this create named. A create that got no connection did nothing and is
//! sent again, like every request that only reads.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use bulkwright_client::api_words::{JobDetails, Status};
use bulkwright_client::{ClientError, Created, RepeatKey};
use tempfile::NamedTempFile;
use tokio::sync::watch;

use crate::client::{self, Client};
use crate::sequence::Job;

/// Jobs that are known to wait or run at most, before the next one is fed.
const BACKLOG_MAX: usize = 3;
/// Jobs at most: so many, and so many more for each kill. Without a bound there is more to compare than to kill.
const JOBS_AT_FIRST: u64 = 8;
const JOBS_A_KILL: u64 = 5;
/// The pause between two looks at them, and before a request is repeated.
const PAUSE: Duration = Duration::from_millis(5);

/// What the client is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Idle,
    Upload,
    Create,
}

/// A job that was sent to the server, or may have been.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) job: Job,
    pub(crate) file_id: String,
    /// The job's id, if an answer told it: always in the end, where the create had a key.
    pub(crate) id: Option<String>,
    /// Its result, as fetched when the job was first seen to have ended.
    pub(crate) first_result: Option<PathBuf>,
}

/// What is known about the feeding, while it goes on.
#[derive(Debug)]
pub(crate) struct Feed {
    seed: u64,
    folder: PathBuf,
    sent: Mutex<Vec<Sent>>,
    kills: AtomicU64,
    stopped: AtomicBool,
    step: watch::Sender<Step>,
}

impl Feed {
    /// A feed of the jobs of this seed. First results go into the folder.
    pub(crate) fn new(seed: u64, folder: PathBuf) -> anyhow::Result<Arc<Feed>> {
        fs_err::create_dir_all(&folder)?;
        let (step, _) = watch::channel(Step::Idle);
        let (sent, kills, stopped) = (Mutex::default(), AtomicU64::new(0), AtomicBool::new(false));
        Ok(Arc::new(Feed { seed, folder, sent, kills, stopped, step }))
    }

    pub(crate) fn steps(&self) -> watch::Receiver<Step> {
        self.step.subscribe()
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The server was killed once more.
    pub(crate) fn count_kill(&self) {
        self.kills.fetch_add(1, Ordering::Relaxed);
    }

    /// No further job is begun.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Feeds jobs to whatever server is there, until it is stopped.
    pub(crate) async fn run(self: Arc<Self>, mut served: watch::Receiver<Option<Arc<Client>>>) -> anyhow::Result<()> {
        let mut number = 0;
        while !self.stopped.load(Ordering::Relaxed) {
            let job = Job::new(self.seed, number);
            let zip = made(job.clone()).await?;
            let file_id = self.upload(&job, &zip, &mut served).await?;
            self.create(job, file_id, &mut served).await?;
            self.step.send_replace(Step::Idle);
            self.wait_for_room(&mut served).await?;
            number += 1;
        }
        Ok(())
    }

    async fn upload(
        &self,
        job: &Job,
        zip: &NamedTempFile,
        served: &mut watch::Receiver<Option<Arc<Client>>>,
    ) -> anyhow::Result<String> {
        let key = RepeatKey::random();
        loop {
            let client = present(served).await?;
            self.step.send_replace(Step::Upload);
            match client.upload_under(&key, zip.path(), &format!("job-{}.zip", job.number)).await {
                Err(ClientError::NoAnswer { .. }) => tokio::time::sleep(PAUSE).await,
                answer => return Ok(answer?),
            }
        }
    }

    async fn create(
        &self,
        job: Job,
        file_id: String,
        served: &mut watch::Receiver<Option<Arc<Client>>>,
    ) -> anyhow::Result<()> {
        let body = client::create_body_of(&job, &file_id);
        let (key, is_repeated) = (RepeatKey::random(), has_key(&job));
        let place = self.add(Sent { job, file_id, id: None, first_result: None });
        loop {
            let client = present(served).await?;
            self.step.send_replace(Step::Create);
            match client.create_under(&key, &body).await {
                Ok(Created::Job(id)) => {
                    self.change(place, |sent| sent.id = Some(id));
                    return Ok(());
                }
                Ok(Created::Unknown { .. }) if is_repeated => tokio::time::sleep(PAUSE).await,
                Ok(Created::Unknown { .. }) => return Ok(()),
                // No connection was made: nothing was sent.
                Err(ClientError::NoAnswer { .. }) => tokio::time::sleep(PAUSE).await,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Looks at the jobs that are not known to have ended until there are few of them, and fetches results.
    async fn wait_for_room(&self, served: &mut watch::Receiver<Option<Arc<Client>>>) -> anyhow::Result<()> {
        loop {
            let client = present(served).await?;
            let mut open = 0;
            for (place, sent) in self.sent().iter().enumerate().filter(|(_, sent)| sent.first_result.is_none()) {
                let Some(id) = &sent.id else { continue };
                open += 1;
                let details = match client.job(id).await {
                    Err(ClientError::NoAnswer { .. }) => break,
                    answer => answer?,
                };
                if has_ended(&details) && self.fetch(&client, &details, place).await? {
                    open -= 1;
                }
            }
            let jobs_max = JOBS_AT_FIRST + JOBS_A_KILL * self.kills.load(Ordering::Relaxed);
            let is_room = open < BACKLOG_MAX && (self.sent().len() as u64) < jobs_max;
            if is_room || self.stopped.load(Ordering::Relaxed) {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn fetch(&self, client: &Client, details: &JobDetails, place: usize) -> anyhow::Result<bool> {
        let path = self.folder.join(format!("first-{}.zip", details.id));
        match client.result(details, &path).await {
            Err(ClientError::NoAnswer { .. }) => Ok(false),
            fetched => {
                fetched?;
                self.change(place, |sent| sent.first_result = Some(path));
                Ok(true)
            }
        }
    }

    fn add(&self, sent: Sent) -> usize {
        let mut all = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(sent);
        all.len() - 1
    }

    fn change(&self, place: usize, change: impl FnOnce(&mut Sent)) {
        change(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner)[place]);
    }
}

/// Whether the client of this job's create knows keys, and sends it again.
pub(crate) fn has_key(job: &Job) -> bool {
    job.number.is_multiple_of(2)
}

pub(crate) fn has_ended(details: &JobDetails) -> bool {
    Status::parse(&details.status).is_some_and(Status::is_final)
}

/// The file of a job, made where it may take time.
pub(crate) async fn made(job: Job) -> anyhow::Result<NamedTempFile> {
    let name = format!("job-{}.csv", job.number);
    tokio::task::spawn_blocking(move || client::zipped(&name, job.csv().as_bytes())).await?
}

async fn present(served: &mut watch::Receiver<Option<Arc<Client>>>) -> anyhow::Result<Arc<Client>> {
    let client = served.wait_for(Option::is_some).await.context("the run is over")?;
    client.clone().context("it was just seen to be there")
}
