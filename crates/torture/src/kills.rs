//! A server that is killed at random moments while a client feeds it jobs: in the end it has what an undisturbed run of
//! the same jobs has, and what an oracle says.

mod feed;
mod moment;
mod reference;
mod resume;
mod settle;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::bail;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::check::Differences;
use crate::client::{Client, Key};
use crate::control::{self, Memory, StoredJob};
use crate::say::{self, Verdict};
use crate::site::{Server, Site};
use feed::Feed;
pub(crate) use feed::{has_ended, made};
use moment::{Moment, Moments};
use resume::Resumes;
pub(crate) use settle::wait;

/// How often progress is told.
const TELL_EVERY: u64 = 10;
/// How old a token may get before the next one is asked for: they last an hour.
const TOKEN_AGE_MAX: Duration = Duration::from_secs(40 * 60);

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) kills: u64,
    pub(crate) seed: u64,
}

/// Runs it: lost, doubled, wrong counters, wrong, late and stuck are a promise each.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let site = Site::new(&settings.binary, settings.folder.join("killed"))?;
    let feed = Feed::new(settings.seed, settings.folder.join("results"))?;
    let mut torture = Torture::new(site, feed.clone());
    let began = Instant::now();
    torture.kill(settings.kills, settings.seed).await?;
    say::line(format!(
        "killed {} times in {:.0} s; waiting for the jobs",
        settings.kills,
        began.elapsed().as_secs_f64()
    ));
    let end = torture.settle(settings).await?;
    say::line(end.summary(settings.kills, began.elapsed()));
    Ok(end.verdict())
}

/// A run in progress.
struct Torture {
    site: Site,
    feed: Arc<Feed>,
    feeding: Option<JoinHandle<anyhow::Result<()>>>,
    served: watch::Sender<Option<Arc<Client>>>,
    key: Option<(Key, Instant)>,
    memory: Memory,
    /// What the control file said after the last kill.
    stored: Vec<StoredJob>,
    /// Kills that left a job unfinished.
    interruptions: u64,
    resumes: Resumes,
    differences: Differences,
}

impl Torture {
    fn new(site: Site, feed: Arc<Feed>) -> Self {
        let (served, receiver) = watch::channel(None);
        let feeding = Some(tokio::spawn(feed.clone().run(receiver)));
        Torture {
            site,
            feed,
            feeding,
            served,
            key: None,
            memory: Memory::default(),
            stored: Vec::new(),
            interruptions: 0,
            resumes: Resumes::default(),
            differences: Differences::default(),
        }
    }

    async fn kill(&mut self, kills: u64, seed: u64) -> anyhow::Result<()> {
        let mut moments = Moments::new(seed);
        let mut steps = self.feed.steps();
        for kill in 1..=kills {
            let moment = moments.next();
            let starting = self.site.spawn()?;
            if let Moment::StartUp(delay) = moment {
                tokio::time::sleep(delay).await;
                starting.kill();
            } else {
                let server = starting.ready().await?;
                let client = self.open(&server).await?;
                let resume = self.resumes.watch(client, &server, &self.stored);
                moment.wait(&self.site.data(), &mut steps).await;
                self.served.send_replace(None);
                server.kill();
                self.resumes.end(resume).await;
            }
            self.feed.count_kill();
            self.look()?;
            self.check_feeding().await?;
            if kill.is_multiple_of(TELL_EVERY) {
                say::line(format!(
                    "{kill} kills, {} jobs, {} times one was unfinished",
                    self.stored.len(),
                    self.interruptions
                ));
            }
        }
        Ok(())
    }

    /// Tells the feed of a server that is ready.
    async fn open(&mut self, server: &Server) -> anyhow::Result<Arc<Client>> {
        let key = match &self.key {
            Some((key, since)) if since.elapsed() < TOKEN_AGE_MAX => key.clone(),
            _ => {
                let key = Key::of(&self.site.data(), server.url()).await?;
                self.key = Some((key.clone(), Instant::now()));
                key
            }
        };
        let client = Arc::new(Client::new(server.url(), &key)?);
        self.served.send_replace(Some(client.clone()));
        Ok(client)
    }

    /// Looks into the control file, while no server runs.
    fn look(&mut self) -> anyhow::Result<()> {
        self.stored = control::jobs(&self.site.data())?;
        self.interruptions += u64::from(self.stored.iter().any(|job| !job.ended));
        for contradiction in self.memory.see(&self.stored) {
            self.differences.wrong.add(|| contradiction);
        }
        Ok(())
    }

    /// A feed that has ended before it was told to has met an answer that no kill explains.
    async fn check_feeding(&mut self) -> anyhow::Result<()> {
        if let Some(feeding) = self.feeding.take_if(|feeding| feeding.is_finished()) {
            feeding.await??;
            bail!("the feed has ended before its time");
        }
        Ok(())
    }
}
