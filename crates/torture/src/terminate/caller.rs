//! One of the clients that call while the server ends: upload, create, look, fetch, and again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant};

use anyhow::Context;
use bulkwright_client::api_words::{JobDetails, Resource};
use bulkwright_client::{ClientError, Created};

use super::next;
use crate::client::{Client, create_body_of};
use crate::kills::{has_ended, made};
use crate::sequence::Job;

/// The pause between two looks at a job.
const PAUSE: Duration = Duration::from_millis(10);
/// Looks at one job before the next one is sent: it may wait behind a large one.
const LOOKS_MAX: u32 = 20;
/// How long before the signal a request must have been sent to be surely under way.
const SURELY: Duration = Duration::from_millis(50);

/// What answers said of one job.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) job: Job,
    pub(super) file_id: String,
    pub(super) id: Option<String>,
    /// How it ended, and its result.
    pub(super) ended: Option<(Vec<Resource>, PathBuf)>,
}

impl Said {
    pub(super) fn id(&self) -> anyhow::Result<&str> {
        self.id.as_deref().context("a job was not answered for")
    }
}

/// The request that got no answer: the last one of a caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct CutOff {
    sent: Instant,
}

impl CutOff {
    /// Whether it had reached the server before the signal.
    pub(super) fn was_under_way(self, signalled: Instant) -> bool {
        self.sent + SURELY < signalled
    }
}

/// A client and what it was told.
pub(super) struct Caller {
    seed: u64,
    numbers: Arc<AtomicU32>,
    earlier: JobDetails,
    folder: PathBuf,
    said: Vec<Said>,
    sent: Instant,
}

impl Caller {
    pub(super) fn new(seed: u64, numbers: Arc<AtomicU32>, earlier: JobDetails, folder: PathBuf) -> Self {
        Caller { seed, numbers, earlier, folder, said: Vec::new(), sent: Instant::now() }
    }

    /// Calls until there is no answer any more.
    pub(super) async fn call(mut self, client: Arc<Client>) -> anyhow::Result<(Vec<Said>, Option<CutOff>)> {
        loop {
            let cut_off = match self.round(&client).await {
                Ok(Answered::Yes) => continue,
                Ok(Answered::No) => Some(CutOff { sent: self.sent }),
                Err(error) => match error.downcast::<ClientError>()? {
                    ClientError::NoAnswer { source, .. } if source.is_connect() => None,
                    ClientError::NoAnswer { .. } => Some(CutOff { sent: self.sent }),
                    other => return Err(other.into()),
                },
            };
            return Ok((self.said, cut_off));
        }
    }

    async fn round(&mut self, client: &Client) -> anyhow::Result<Answered> {
        let number = next(&self.numbers);
        let job = Job::new(self.seed, number);
        let zip = made(job.clone()).await?;
        self.sent = Instant::now();
        let file_id = client.upload(zip.path(), "some.zip").await?;
        let body = create_body_of(&job, &file_id);
        self.said.push(Said { job, file_id, id: None, ended: None });
        let place = self.said.len() - 1;
        self.sent = Instant::now();
        let Created::Job(id) = client.create(&body).await? else { return Ok(Answered::No) };
        self.said[place].id = Some(id.clone());
        self.sent = Instant::now();
        client.result(&self.earlier, &self.folder.join(format!("earlier-{number}.zip"))).await?;
        for _ in 0..LOOKS_MAX {
            self.sent = Instant::now();
            let details = client.job(&id).await?;
            if has_ended(&details) {
                let path = self.folder.join(format!("first-{id}.zip"));
                self.sent = Instant::now();
                client.result(&details, &path).await?;
                self.said[place].ended = Some((details.resource, path));
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(Answered::Yes)
    }
}

/// Whether all requests of a round got answers.
enum Answered {
    Yes,
    No,
}
