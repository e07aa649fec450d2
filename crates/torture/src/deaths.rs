//! The death of the process is no attempt: a job is given up only if it alone was running, without progress, in 20
//! deaths in a row.
//!
//! A wide job is killed in its first chunk 20 times: it has failed, says why, and its upload is still there. A second
//! job of the same upload is killed 19 times: it completes like one that was never touched.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bulkwright_client::Created;

use crate::check::{Differences, Ended, check};
use crate::client::{Client, Key, create_body_of, zipped};
use crate::control;
use crate::kills::wait;
use crate::say::{self, Verdict};
use crate::sequence::Job;
use crate::site::Site;

/// Deaths in a row after which a job is given up.
const DEADLY: u32 = 20;
/// Rows of the job: a little over two chunks.
const ROWS: u32 = 120_000;
/// Time that a ready server is given to take the job. Its first chunk takes several times as long.
const LIFE: Duration = Duration::from_millis(40);
/// Starts for one death at most: a server that was killed before it took the job does not count.
const STARTS_A_DEATH_MAX: u32 = 5;

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
}

/// Runs it: the failure, its words and counts, and the job that completes are a promise each.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let site = Site::new(&settings.binary, settings.folder.join("deaths"))?;
    let job = Job::wide(settings.seed, 0, ROWS);
    let zip = zipped("wide.csv", job.csv().as_bytes())?;
    let server = site.start().await?;
    let key = Key::of(&site.data(), server.url()).await?;
    let client = Client::new(server.url(), &key)?;
    let file_id = client.upload(zip.path(), "wide.zip").await?;
    let doomed = create(&client, &job, &file_id).await?;
    server.kill();
    die(&site, &doomed, DEADLY).await?;

    let server = site.start().await?;
    let client = Client::new(server.url(), &key)?;
    let failed = wait(&client, &doomed).await?.context("a deadly job is stuck")?;
    let resource = failed.resource.first().context("a job has no resource")?;
    let message = resource.message.clone().unwrap_or_default();
    say::line(format!("after {DEADLY} deaths: {} {}: {message}", failed.status, resource.code));
    let gave_up = failed.status == "FAILED";
    let says_why = message.contains(&format!("{DEADLY} times in a row"));
    let wrote_nothing = resource.file.as_ref().and_then(|file| file.total_count) == Some(0);

    let lucky = create(&client, &job, &file_id).await?;
    server.kill();
    die(&site, &lucky, DEADLY - 1).await?;
    let server = site.start().await?;
    let client = Client::new(server.url(), &key)?;
    let details = wait(&client, &lucky).await?.context("a job is stuck after its deaths")?;
    say::line(format!("after {} deaths: {}", DEADLY - 1, details.status));
    let result = settings.folder.join("result.zip");
    client.result(&details, &result).await?;
    let mut differences = Differences::default();
    check(&client, &[Ended { job, details, result, block_start: None }], &mut differences).await?;
    server.stop().await?;
    Ok(Verdict::of([gave_up, says_why, wrote_nothing, differences.sum() == 0]))
}

async fn create(client: &Client, job: &Job, file_id: &str) -> anyhow::Result<String> {
    match client.create(&create_body_of(job, file_id)).await? {
        Created::Job(id) => Ok(id),
        Created::Unknown { why } => bail!("a create was not answered: {why}"),
    }
}

/// Kills servers while they work on the job, until the process has died so many times of it. The one that made the job
/// counts if it had taken it already.
async fn die(site: &Site, job: &str, deaths: u32) -> anyhow::Result<()> {
    let mut died = u32::from(is_held(site, job)?);
    for _ in 0..deaths * STARTS_A_DEATH_MAX {
        if died == deaths {
            return Ok(());
        }
        let server = site.start().await?;
        tokio::time::sleep(LIFE).await;
        server.kill();
        died += u32::from(is_held(site, job)?);
    }
    bail!("only {died} of {deaths} deaths hit the job")
}

fn is_held(site: &Site, job: &str) -> anyhow::Result<bool> {
    let jobs = control::jobs(&site.data())?;
    Ok(jobs.iter().find(|stored| stored.id == job).context("the job is not there")?.held)
}
