//! The same jobs in the same order on a fresh directory, undisturbed.

use anyhow::{Context, bail, ensure};
use bulkwright_client::Created;

use super::Settings;
use super::feed::made;
use super::settle::wait;
use crate::check::{Differences, Ended, check};
use crate::client::{Client, Key, create_body_of};
use crate::control;
use crate::sequence::Job;
use crate::site::Site;

/// Runs the jobs, checks them as those of the killed server are checked, and answers ids and versions of all records.
pub(super) async fn run(settings: &Settings, jobs: &[Job]) -> anyhow::Result<Vec<(i64, i64)>> {
    let site = Site::new(&settings.binary, settings.folder.join("undisturbed"))?;
    let server = site.start().await?;
    let client = Client::new(server.url(), &Key::of(&site.data(), server.url()).await?)?;
    let mut ids = Vec::new();
    for job in jobs {
        ids.push(create(&client, job).await?);
    }
    let mut ended = Vec::new();
    for (job, id) in jobs.iter().zip(ids) {
        let details = wait(&client, &id).await?.with_context(|| format!("job {id} is stuck without a kill"))?;
        let result = site.folder().join(format!("result-{id}.zip"));
        client.result(&details, &result).await?;
        ended.push(Ended { job: job.clone(), details, result, block_start: None });
    }
    let mut differences = Differences::default();
    check(&client, &ended, &mut differences).await?;
    ensure!(differences.sum() == 0, "the undisturbed run is not what the oracle says");
    server.stop().await?;
    control::versions(&site.data())
}

async fn create(client: &Client, job: &Job) -> anyhow::Result<String> {
    let zip = made(job.clone()).await?;
    let file_id = client.upload(zip.path(), &format!("job-{}.zip", job.number)).await?;
    match client.create(&create_body_of(job, &file_id)).await? {
        Created::Job(id) => Ok(id),
        Created::Unknown { why } => bail!("a create was not answered: {why}"),
    }
}
