//! A first start that is killed half-way leaves nothing that the next start cannot mend.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bulkwright_client::Created;

use crate::check::{Differences, Ended, check};
use crate::client::{Client, Key, create_body_of, zipped};
use crate::kills::wait;
use crate::random::Random;
use crate::say::{self, Tally, Verdict};
use crate::sequence::Job;
use crate::site::Site;

/// Within this time a first start is killed.
const LIFE_MAX: Duration = Duration::from_millis(30);
/// How often one directory is killed at most before it is left alone.
const KILLS_MAX: u64 = 3;
/// Rows of the job that shows that all is well.
const ROWS: u32 = 20;

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) seed: u64,
    pub(crate) starts: u64,
}

/// Runs it: each directory is a promise.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let mut spoilt = Tally::new("spoilt");
    let mut kills = 0;
    let mut held = Vec::new();
    for start in 0..settings.starts {
        let mut random = Random::new(settings.seed, start);
        let folder = settings.folder.join(format!("start-{start}"));
        let site = Site::new(&settings.binary, folder.clone())?;
        for _ in 0..random.between(1, KILLS_MAX) {
            let starting = site.spawn()?;
            tokio::time::sleep(random.time_below(LIFE_MAX)).await;
            starting.kill();
            kills += 1;
        }
        let mended = work(&site, settings.seed).await;
        held.push(mended.is_ok());
        match mended {
            Ok(()) => fs_err::remove_dir_all(&folder)?,
            Err(error) => spoilt.add(|| format!("{}: {error:#}", folder.display())),
        }
    }
    say::line(format!("{} first starts, killed {kills} times: {} spoilt", settings.starts, spoilt.count()));
    Ok(Verdict::of(held))
}

/// Starts and does a small job.
async fn work(site: &Site, seed: u64) -> anyhow::Result<()> {
    let server = site.start().await?;
    let client = Client::new(server.url(), &Key::of(&site.data(), server.url()).await?)?;
    let job = Job::small(seed, 0, ROWS);
    let zip = zipped("small.csv", job.csv().as_bytes())?;
    let file_id = client.upload(zip.path(), "small.zip").await?;
    let Created::Job(id) = client.create(&create_body_of(&job, &file_id)).await? else { bail!("no job was made") };
    let details = wait(&client, &id).await?.context("the job is stuck")?;
    let result = site.folder().join("result.zip");
    client.result(&details, &result).await?;
    let mut differences = Differences::default();
    check(&client, &[Ended { job, details, result, block_start: None }], &mut differences).await?;
    ensure!(differences.sum() == 0, "the job came to something else");
    server.stop().await?;
    leftovers(site)
}

/// What a killed start was writing is not there for ever.
fn leftovers(site: &Site) -> anyhow::Result<()> {
    for entry in fs_err::read_dir(site.data())? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        ensure!(!name.starts_with(".tmp") && !name.ends_with(".new"), "{name} was left behind");
    }
    Ok(())
}
