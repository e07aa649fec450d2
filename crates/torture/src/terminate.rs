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
use crate::control;
use crate::kills::{has_ended, made, wait};
use crate::random::Random;
use crate::say::{self, Verdict};
use crate::sequence::Job;
use crate::site::Site;
use caller::{Caller, Said};

/// The longest an end may take.
const END_MAX: Duration = Duration::from_secs(30);
/// Clients that call at the same time.
const CALLERS: usize = 6;
/// Rows of the big job: five chunks.
const ROWS: u32 = 250_000;
/// The signal comes so long after the big job showed its first chunk, at most.
const DELAY_MAX: Duration = Duration::from_millis(500);
/// The pause between two looks at the big job.
const PAUSE: Duration = Duration::from_millis(10);

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
}

/// Runs it: a big job that was in its middle, the exit code, the time, the answers under way, and what is there afterwards are a promise each.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let site = Site::new(&settings.binary, settings.folder.join("terminated"))?;
    let server = site.start().await?;
    let key = Key::of(&site.data(), server.url()).await?;
    let client = Arc::new(Client::new(server.url(), &key)?);
    let big = big_job(&client, settings.seed).await?;

    let numbers = Arc::new(AtomicU32::new(1));
    let calling: Vec<_> = (0..CALLERS)
        .map(|_| {
            let caller = Caller::new(settings.seed, numbers.clone(), settings.folder.clone());
            tokio::spawn(caller.call(client.clone()))
        })
        .collect();
    let cut_in_two = in_the_middle(&client, &big).await?;
    tokio::time::sleep(Random::new(settings.seed, 0).time_below(DELAY_MAX)).await;
    let signalled = Instant::now();
    let (status, took) = server.terminate(END_MAX * 2).await?;
    let (mut said, mut dropped) = (vec![big], 0);
    for calling in calling {
        let (told, cut_off) = calling.await??;
        said.extend(told);
        dropped += u64::from(cut_off.is_some_and(|cut| cut.was_under_way(signalled)));
    }
    let code = status.code().map_or_else(|| status.to_string(), |code| code.to_string());
    say::line(format!("SIGTERM: exit code {code} after {:.2} s, {dropped} requests dropped", took.as_secs_f64()));

    let kept = keeps(&site, &key, said).await?;
    Ok(Verdict::of([cut_in_two, status.success(), took < END_MAX, dropped == 0, kept]))
}

/// A job that runs all the time.
async fn big_job(client: &Client, seed: u64) -> anyhow::Result<Said> {
    let job = Job::wide(seed, ROWS);
    let file_id = client.upload(made(job.clone()).await?.path(), "wide.zip").await?;
    match client.create(&create_body_of(&job, &file_id)).await? {
        Created::Job(id) => Ok(Said { job, file_id, id: Some(id), ended: None }),
        Created::Unknown { why } => bail!("a create was not answered: {why}"),
    }
}

/// Waits until the big job has settled some rows; whether it had others left.
async fn in_the_middle(client: &Client, big: &Said) -> anyhow::Result<bool> {
    let id = big.id.as_deref().context("the big job was answered for")?;
    loop {
        let details = client.job(id).await?;
        if has_ended(&details) {
            return Ok(false);
        }
        let file = details.resource.first().and_then(|resource| resource.file.as_ref());
        if file.and_then(|file| file.total_count).is_some_and(|rows| rows > 0) {
            return Ok(true);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether everything that was answered is true after the next start.
async fn keeps(site: &Site, key: &Key, said: Vec<Said>) -> anyhow::Result<bool> {
    let stored = control::jobs(&site.data())?;
    let interrupted = stored.iter().filter(|job| !job.ended).count();
    let server = site.start().await?;
    let client = Client::new(server.url(), key)?;
    let mut differences = Differences::default();
    let mut ended = Vec::new();
    for job in &stored {
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
    say::line(format!("{} jobs were answered for, {interrupted} of them went on after the next start", said.len()));
    check(&client, &ended, &mut differences).await?;
    server.stop().await?;
    Ok(differences.sum() == 0)
}

/// The next number of the sequence.
fn next(numbers: &AtomicU32) -> u32 {
    numbers.fetch_add(1, Ordering::Relaxed)
}
