//! Four readers for the whole of a large job: each answer comes soon, and shows a chunk whole or not at all.
//!
//! What is exact about it: every row of the file is good, so the rows of a job are records with consecutive ids, and the
//! newest record that a list shows must be the last row of a chunk, as the ledger tells afterwards. Two reads that
//! follow each other never go back. A search finds an address if and only if its chunk may be seen.

mod judge;
mod reader;

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bulkwright_client::Created;
use bulkwright_client::api_words::Operation;

use crate::client::{Client, Key, create_body, zipped};
use crate::control;
use crate::kills::wait;
use crate::say::{self, Verdict};
use crate::site::Site;
use judge::Judge;
use reader::{Read, Reader};

/// The longest a read may take.
const LONGEST: Duration = Duration::from_secs(1);

/// What a run is asked to do.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) binary: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) rows: u64,
}

/// The file of a job: its zip, its header and its addresses.
struct Leads {
    zip: tempfile::NamedTempFile,
    columns: Vec<String>,
    addresses: Vec<String>,
}

/// Runs it: reads without errors, whole chunks and short waits are a promise each, and so is the job's end.
pub(crate) async fn run(settings: &Settings) -> anyhow::Result<Verdict> {
    let site = Site::new(&settings.binary, settings.folder.join("read"))?;
    let leads = leads(settings)?;
    let server = site.start().await?;
    let key = Key::of(&site.data(), server.url()).await?;
    let client = Arc::new(Client::new(server.url(), &key)?);
    let over = Arc::new(AtomicBool::new(false));
    let addresses = Arc::new(leads.addresses.clone());
    let id = create(&client, &leads).await?;
    let began = Instant::now();
    let reading = Reader::ALL.map(|reader| {
        let (client, over, addresses) = (client.clone(), over.clone(), addresses.clone());
        tokio::spawn(async move { reader.read(&client, &addresses, &over).await })
    });
    let ended = wait(&client, &id).await;
    let took = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let mut reads: Vec<Read> = Vec::new();
    for reading in reading {
        reads.extend(reading.await?);
    }
    let details = ended?.with_context(|| format!("job {id} is stuck"))?;
    let counts = details.resource.first().and_then(|resource| resource.file.clone()).context("a job has no file")?;
    server.stop().await?;
    let judge = Judge {
        block_start: control::jobs(&site.data())?
            .first()
            .and_then(|job| job.block_start)
            .context("a job without ids")?,
        chunk_ends: control::chunk_ends(&site.data())?,
    };
    say::line(format!("{} rows in {:.2} s, {} chunks", settings.rows, took.as_secs_f64(), judge.chunk_ends.len()));
    let (errors, torn) = (reads.iter().filter(|read| read.seen.is_err()).count(), judge.torn(&reads));
    let mut times: Vec<Duration> = reads.iter().map(|read| read.ended - read.began).collect();
    times.sort_unstable();
    let at = |permille: usize| times.get((times.len() * permille).div_ceil(1000).saturating_sub(1)).copied();
    let [median, high, longest] = [500, 990, 1000].map(|permille| at(permille).unwrap_or_default());
    say::line(format!(
        "{} reads, {errors} errors, {torn} torn; waits: median {:.1} ms, 99 of 100 {:.1} ms, longest {:.1} ms",
        reads.len(),
        median.as_secs_f64() * 1e3,
        high.as_secs_f64() * 1e3,
        longest.as_secs_f64() * 1e3,
    ));
    Ok(Verdict::of([counts.added_count == Some(settings.rows), errors == 0, torn == 0, longest < LONGEST]))
}

/// Realistic leads, as the server's own program makes them.
fn leads(settings: &Settings) -> anyhow::Result<Leads> {
    let path = settings.folder.join("leads.csv");
    let mut sample = Command::new(&settings.binary);
    sample.args(["sample", "--quiet", "--rows", &settings.rows.to_string(), "--output"]).arg(&path);
    ensure!(sample.status()?.success(), "bulkwright sample has failed");
    let csv = fs_err::read(&path)?;
    let mut reader = csv::Reader::from_reader(csv.as_slice());
    let columns: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    let email = columns.iter().position(|column| column == "Email").context("leads have no Email")?;
    let addresses = reader.records().map(|row| Ok(row?.get(email).unwrap_or_default().to_owned()));
    let addresses = addresses.collect::<Result<_, csv::Error>>()?;
    Ok(Leads { zip: zipped("leads.csv", &csv)?, columns, addresses })
}

async fn create(client: &Client, leads: &Leads) -> anyhow::Result<String> {
    let file_id = client.upload(leads.zip.path(), "leads.zip").await?;
    let columns: Vec<&str> = leads.columns.iter().map(String::as_str).collect();
    match client.create(&create_body(Operation::Insert, Some("Email"), &columns, &file_id)).await? {
        Created::Job(id) => Ok(id),
        Created::Unknown { why } => bail!("a create was not answered: {why}"),
    }
}
