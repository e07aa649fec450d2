//! SIGTERM under load: the server ends in time and with exit code 0, every request that was under way is answered, and
//! every answer is true after the next start.

mod caller;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bulkwright_client::Created;

use crate::check::{Differences, Ended, check};
use crate::client::{Client, Key, create_body_of};
use crate::control::{self, StoredJob};
use crate::kills::{made, wait};
use crate::random::Random;
use crate::say::{self, Verdict};
use crate::sequence::Job;
use crate::site::Site;
use caller::{Caller, Said};

/// The longest an end may take.
const END_MAX: Duration = Duration::from_secs(30);
/// Clients that call at the same time.
const CALLERS: usize = 6;
/// Rows of the job that has ended before: its result is fetched all the time.
const EARLIER_ROWS: u32 = 2_000;
/// Rows of the big job: some seconds of work.
const BIG_ROWS: u32 = 200_000;
/// The signal comes so long after the big job began, at most.
const DELAY_MAX: Duration = Duration::from_millis(600);
/// The pause between two looks at the big job.
const PAUSE: Duration = Duration::from_millis(10);

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
}

/// Runs it: a big job that was in its middle, the exit code, the time, the answers under way, and what is there
/// afterwards are a promise each.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let site = Site::new(&settings.binary, settings.folder.join("terminated"))?;
    let server = site.start().await?;
    let key = Key::of(&site.data(), server.url()).await?;
    let client = Arc::new(Client::new(server.url(), &key)?);
    let earlier = create(&client, Job::small(settings.seed, 0, EARLIER_ROWS)).await?;
    let ended = wait(&client, earlier.id()?).await?.context("a job is stuck")?;
    let big = create(&client, Job::wide(settings.seed, 1, BIG_ROWS)).await?;

    let numbers = Arc::new(AtomicU32::new(2));
    let calling = [(); CALLERS].map(|()| {
        let caller = Caller::new(settings.seed, numbers.clone(), ended.clone(), settings.folder.clone());
        tokio::spawn(caller.call(client.clone()))
    });
    begun(&client, &big).await?;
    tokio::time::sleep(Random::new(settings.seed, 0).time_below(DELAY_MAX)).await;
    let signalled = Instant::now();
    let (status, took) = server.terminate(END_MAX * 2).await?;
    let (mut said, mut dropped) = (vec![earlier, big], 0);
    for calling in calling {
        let (told, cut_off) = calling.await??;
        said.extend(told);
        dropped += u64::from(cut_off.is_some_and(|cut| cut.was_under_way(signalled)));
    }
    let code = status.code().map_or_else(|| status.to_string(), |code| code.to_string());
    say::line(format!("SIGTERM: exit code {code} after {:.2} s, {dropped} requests dropped", took.as_secs_f64()));

    let stored = control::jobs(&site.data())?;
    let cut_in_two = stored.iter().any(|job| job.file_id == said[1].file_id && job.begun && !job.ended);
    let interrupted = stored.iter().filter(|job| !job.ended).count();
    say::line(format!("{} jobs were answered for, {interrupted} of them go on after the next start", said.len()));
    let kept = keeps(&site, &key, said, &stored).await?;
    Ok(Verdict::of([cut_in_two, status.success(), took < END_MAX, dropped == 0, kept]))
}

async fn create(client: &Client, job: Job) -> anyhow::Result<Said> {
    let file_id = client.upload(made(job.clone()).await?.path(), "some.zip").await?;
    match client.create(&create_body_of(&job, &file_id)).await? {
        Created::Job(id) => Ok(Said { job, file_id, id: Some(id), ended: None }),
        Created::Unknown { why } => bail!("a create was not answered: {why}"),
    }
}

/// Waits until the big job runs.
async fn begun(client: &Client, big: &Said) -> anyhow::Result<()> {
    while client.job(big.id()?).await?.status == "ADDED" {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

/// Whether everything that was answered is true after the next start.
async fn keeps(site: &Site, key: &Key, said: Vec<Said>, stored: &[StoredJob]) -> anyhow::Result<bool> {
    let server = site.start().await?;
    let client = Client::new(server.url(), key)?;
    let mut differences = Differences::default();
    let mut ended = Vec::new();
    for job in stored {
        let said = said.iter().find(|said| said.file_id == job.file_id).context("a job is there that nobody made")?;
        let details = wait(&client, &job.id).await?.with_context(|| format!("job {} is stuck", job.id))?;
        let result = site.folder().join(format!("result-{}.zip", job.id));
        client.result(&details, &result).await?;
        if let Some((before, first)) = &said.ended
            && (*before != details.resource || fs_err::read(first)? != fs_err::read(&result)?)
        {
            differences.wrong.add(|| format!("job {} had ended otherwise", job.id));
        }
        ended.push(Ended { job: said.job.clone(), details, result, block_start: job.block_start });
    }
    for lost in said.iter().filter(|said| said.id.is_some() && stored.iter().all(|it| Some(&it.id) != said.id.as_ref()))
    {
        differences.lost.add(|| format!("job {:?}", lost.id));
    }
    let unused = said.iter().filter(|said| stored.iter().all(|job| job.file_id != said.file_id));
    for said in unused {
        let Created::Job(id) = client.create(&create_body_of(&said.job, &said.file_id)).await? else {
            bail!("a create was not answered");
        };
        let details = wait(&client, &id).await?.with_context(|| format!("job {id} is stuck"))?;
        let result = site.folder().join(format!("result-{id}.zip"));
        client.result(&details, &result).await?;
        ended.push(Ended { job: said.job.clone(), details, result, block_start: None });
    }
    check(&client, &ended, &mut differences).await?;
    server.stop().await?;
    Ok(differences.sum() == 0)
}

/// The next number of the sequence.
fn next(numbers: &AtomicU32) -> u32 {
    numbers.fetch_add(1, Ordering::Relaxed)
}
