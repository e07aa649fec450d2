//! The end of a run: the jobs that exist are waited for, and everything is compared.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Context;
use bulkwright_client::api_words::JobDetails;

use super::feed::{Sent, has_ended, has_key};
use super::reference;
use super::{Settings, Torture};
use crate::check::{self, Checked, Differences, Ended};
use crate::client::Client;
use crate::control;
use crate::say::{self, Tally, Verdict};

/// How long no job may show anything new before it is called stuck.
const STUCK: Duration = Duration::from_secs(60);
/// The pause between two looks at a job.
const PAUSE: Duration = Duration::from_millis(20);

/// What a run came to.
pub(super) struct End {
    jobs: usize,
    unanswered: usize,
    interruptions: u64,
    checked: Checked,
    stuck: u64,
    differences: Differences,
    resumes: super::Resumes,
}

impl End {
    /// How many of the promises held, and how many did not.
    pub(super) fn verdict(&self) -> Verdict {
        let Differences { lost, doubled, counters, wrong } = &self.differences;
        let late = &self.resumes.late;
        let broken = [lost, doubled, counters, wrong, late].map(Tally::count).into_iter().chain([self.stuck]);
        Verdict::of(broken.map(|count| count == 0))
    }

    pub(super) fn summary(&self, kills: u64, took: Duration) -> String {
        let Differences { lost, doubled, counters, wrong } = &self.differences;
        let resumes = &self.resumes;
        format!(
            "{kills} kills ({} of them left a job unfinished), {} jobs ({} of them by a create without an answer), {} rows, {} records, {:.0} s\n\
             lost {}, doubled {}, wrong counters {}, wrong {}, stuck {}, late {}\n\
             interrupted jobs went on after: median {:.2} s, 99 of 100 {:.2} s, slowest {:.2} s ({} seen)",
            self.interruptions,
            self.jobs,
            self.unanswered,
            self.checked.rows,
            self.checked.records,
            took.as_secs_f64(),
            lost.count(),
            doubled.count(),
            counters.count(),
            wrong.count(),
            self.stuck,
            resumes.late.count(),
            resumes.percentile(50).as_secs_f64(),
            resumes.percentile(99).as_secs_f64(),
            resumes.percentile(100).as_secs_f64(),
            resumes.count(),
        )
    }
}

impl Torture {
    /// Lets the jobs end, and compares.
    pub(super) async fn settle(mut self, settings: &Settings) -> anyhow::Result<End> {
        self.feed.stop();
        let server = self.site.start().await?;
        let client = self.open(&server).await?;
        let resume = self.resumes.watch(client.clone(), &server, &self.stored);
        if let Some(feeding) = self.feeding.take() {
            feeding.await??;
        }
        let sent = self.existing();
        let (ended, stuck) = self.ends(&client, &sent).await?;
        self.resumes.end(resume).await;
        say::line(format!("{} jobs have ended; comparing with the same jobs, undisturbed", ended.len()));
        let jobs: Vec<_> = ended.iter().map(|ended| ended.job.clone()).collect();
        let (checked, undisturbed) =
            tokio::try_join!(check::check(&client, &ended, &mut self.differences), reference::run(settings, &jobs),)?;
        server.stop().await?;
        self.look()?;
        self.doubled_jobs();
        self.repeated()?;
        self.compare_versions(&undisturbed)?;
        Ok(End {
            jobs: ended.len(),
            unanswered: sent.iter().filter(|(_, answered)| !answered).count(),
            interruptions: self.interruptions,
            checked,
            stuck,
            differences: self.differences,
            resumes: self.resumes,
        })
    }

    /// The jobs that are there, each with whether an answer told so; one that an answer promised and that is not there
    /// is lost.
    fn existing(&mut self) -> Vec<(Sent, bool)> {
        let mut existing = Vec::new();
        for sent in self.feed.sent() {
            let found = self.stored.iter().find(|stored| stored.file_id == sent.file_id);
            match (&sent.id, found) {
                (Some(_), _) => existing.push((sent, true)),
                (None, Some(stored)) => existing.push((Sent { id: Some(stored.id.clone()), ..sent }, false)),
                (None, None) => {}
            }
        }
        existing
    }

    /// Waits for all jobs, and fetches each result once more: it has to be the same bytes as before.
    async fn ends(&mut self, client: &Client, sent: &[(Sent, bool)]) -> anyhow::Result<(Vec<Ended>, u64)> {
        let (mut ended, mut stuck) = (Vec::new(), 0);
        for (sent, _) in sent {
            let id = sent.id.as_deref().context("jobs without an id were left out")?;
            let Some(details) = wait(client, id).await? else {
                stuck += 1;
                say::line(format!("stuck: job {id}"));
                continue;
            };
            let result = self.site.folder().join(format!("result-{id}.zip"));
            client.result(&details, &result).await?;
            if let Some(first) = &sent.first_result
                && fs_err::read(first).ok() != fs_err::read(&result).ok()
            {
                self.differences.wrong.add(|| format!("the result of job {id} is not what it was"));
            }
            let block_start = self.memory.block_start(id);
            ended.push(Ended { job: sent.job.clone(), details, result, block_start });
        }
        Ok((ended, stuck))
    }

    /// Each upload was sent under one key until it was answered, and then its job was tried: there are as many of them. A
    /// create that has a key was sent again until it was answered.
    fn repeated(&mut self) -> anyhow::Result<()> {
        let sent = self.feed.sent();
        let uploads = control::uploads(&self.site.data())?;
        if uploads != sent.len() {
            self.differences.doubled.add(|| format!("{uploads} uploads under {} keys", sent.len()));
        }
        for sent in sent.iter().filter(|sent| has_key(&sent.job)) {
            let stored = self.stored.iter().find(|stored| stored.file_id == sent.file_id).map(|stored| &stored.id);
            if sent.id.is_none() || sent.id.as_ref() != stored {
                self.differences.wrong.add(|| format!("a create was answered with {:?}, and made {stored:?}", sent.id));
            }
        }
        Ok(())
    }

    /// No upload of this run was named by two creates, so no two jobs may name it.
    fn doubled_jobs(&mut self) {
        let mut files = HashSet::new();
        for stored in &self.stored {
            if !files.insert(&stored.file_id) {
                self.differences.doubled.add(|| format!("job {}", stored.id));
            }
        }
    }

    /// Records stand in the same order in both, so that the n-th of each is the same one.
    fn compare_versions(&mut self, undisturbed: &[(i64, i64)]) -> anyhow::Result<()> {
        let found = control::versions(&self.site.data())?;
        for ((id, version), (_, expected)) in found.iter().zip(undisturbed) {
            let say = || format!("record {id} has version {version} and not {expected}");
            match version.cmp(expected) {
                std::cmp::Ordering::Less => self.differences.lost.add(say),
                std::cmp::Ordering::Greater => self.differences.doubled.add(say),
                std::cmp::Ordering::Equal => {}
            }
        }
        if found.len() != undisturbed.len() {
            let (found, expected) = (found.len(), undisturbed.len());
            self.differences.wrong.add(|| format!("{found} records, and {expected} in the undisturbed run"));
        }
        Ok(())
    }
}

/// Waits for a job's end; `None` if nothing moves any more.
pub(crate) async fn wait(client: &Client, id: &str) -> anyhow::Result<Option<JobDetails>> {
    let mut before = client.job(id).await?;
    let mut moved = Instant::now();
    while moved.elapsed() < STUCK {
        if has_ended(&before) {
            return Ok(Some(before));
        }
        tokio::time::sleep(PAUSE).await;
        let now = client.job(id).await?;
        if now != before {
            moved = Instant::now();
        }
        before = now;
    }
    Ok(None)
}
