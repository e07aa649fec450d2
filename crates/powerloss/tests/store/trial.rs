//! One disk after a loss: what a start makes of it, against what was answered before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bulkwright_engine::ids::JobId;
use bulkwright_engine::key;
use bulkwright_engine::record_store::LedgerRow;
use bulkwright_powerloss::Tree;
use bulkwright_store::Store;
use bulkwright_store::model::{PageQuery, SortBy};
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};
use futures::TryStreamExt;
use tokio::runtime::Runtime;

use crate::dump::{self, CONTROL, Dump, RECORDS};
use crate::history::{History, Step, data_in};
use crate::plan::{self, EMAIL, LEADS, ORG, PHONE};
use crate::{trials, work};

/// What a start after a loss is measured by.
pub(crate) struct Expectations<'a> {
    history: &'a History,
    /// Both files after each step and one more start: leases are void then, and the like.
    started: Vec<Dump>,
    /// Every blob that ever was, and its bytes.
    blobs: BTreeMap<&'a str, &'a [u8]>,
}

/// What was answered at a position, and what was under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Moment {
    /// Steps that were answered.
    pub(crate) answered: usize,
    /// Whether the next one had begun.
    pub(crate) in_flight: bool,
}

/// How much is asked of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// That it is one of the two that may be.
    Compared,
    /// And that all of it is found through the store's own calls, and its jobs can be finished.
    Worked,
}

type Failure = Box<dyn std::error::Error>;

impl<'a> Expectations<'a> {
    /// Starts once from each answered state, with nothing lost.
    pub(crate) fn new(history: &'a History, whole: impl Fn(usize) -> Tree) -> Expectations<'a> {
        let started = history.steps.iter().map(|step| started(step, &whole(step.to))).collect();
        let blobs = history.steps.iter().flat_map(|step| &step.blobs);
        let blobs = blobs.map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
        Expectations { history, started, blobs }
    }

    /// What a position means.
    pub(crate) fn moment(&self, position: usize) -> Moment {
        let steps = &self.history.steps;
        let answered = steps.partition_point(|step| step.to <= position);
        Moment { answered, in_flight: steps.get(answered).is_some_and(|next| next.from < position) }
    }

    /// The call that is under way or comes next.
    pub(crate) fn call(&self, moment: Moment) -> &str {
        self.history.steps.get(moment.answered).map_or("the end", |step| step.call.as_str())
    }

    /// Starts on what is left, in an empty folder.
    pub(crate) fn check(
        &self,
        tree: &Tree,
        moment: Moment,
        depth: Depth,
        folder: &Path,
        on: &Runtime,
    ) -> Result<(), Failure> {
        tree.write_to(folder)?;
        let directory = data_in(folder);
        drop(open(&directory)?);
        let found = Dump::of_sound(&directory)?;
        self.check_state(&found, moment)?;
        self.check_blobs(&found, &directory.join("blobs"), moment)?;
        if depth == Depth::Worked && moment.answered > 0 {
            let store = open(&directory)?;
            on.block_on(check_reads(&store, &found))?;
            on.block_on(self.check_finished(&store, &directory))?;
        }
        Ok(())
    }

    /// The state before the call in flight, or the one after it.
    fn check_state(&self, found: &Dump, moment: Moment) -> Result<(), Failure> {
        let Some(before) = moment.answered.checked_sub(1).map(|last| &self.started[last]) else {
            return self.check_new(found);
        };
        let after = self.started.get(moment.answered).filter(|_| moment.in_flight);
        if found == before || Some(found) == after {
            return Ok(());
        }
        let mut text = format!("neither before the call:\n{}", found.difference(before));
        if let Some(after) = after {
            text += &format!("nor after it:\n{}", found.difference(after));
        }
        Err(text.into())
    }

    /// A directory that was being made is a new one, which draws its own key.
    fn check_new(&self, found: &Dump) -> Result<(), Failure> {
        let new = self.started[0].clone().without_installation_key();
        let found = found.clone().without_installation_key();
        if found == new { Ok(()) } else { Err(format!("no new directory:\n{}", found.difference(&new)).into()) }
    }

    /// Blobs that were answered are there, rows name only blobs that are, and what is there is whole.
    fn check_blobs(&self, found: &Dump, folder: &Path, moment: Moment) -> Result<(), Failure> {
        let mut there = BTreeSet::new();
        for entry in std::fs::read_dir(folder)? {
            let name = entry?.file_name().into_string().map_err(|name| format!("a blob is named {name:?}"))?;
            let bytes = self.blobs.get(name.as_str()).ok_or_else(|| format!("{name} was never told of"));
            if std::fs::read(folder.join(&name))? != *bytes? {
                return Err(format!("{name} has other bytes than it was given").into());
            }
            there.insert(name);
        }
        let last = moment.answered.checked_sub(1).map(|last| &self.history.steps[last]);
        // One that is being deleted may be there or not: the step after says which are still wanted.
        let next = self.history.steps.get(moment.answered).filter(|_| moment.in_flight);
        let wanted = last.into_iter().flat_map(|step| step.blobs.keys());
        let wanted = wanted.filter(|name| next.is_none_or(|next| next.blobs.contains_key(*name)));
        let rows =
            ["upload", "job"].map(|table| found.tables[&format!("{CONTROL} {table}")].iter()).into_iter().flatten();
        let named = self.blobs.keys().filter(|name| rows.clone().any(|row| row.contains(&format!("'{name}'"))));
        match wanted.map(String::as_str).chain(named.copied()).find(|name| !there.contains(*name)) {
            Some(name) => Err(format!("{name} is not there").into()),
            None => Ok(()),
        }
    }

    /// A second server takes over: the jobs end with the very records, keys and ledger rows of the undisturbed run.
    async fn check_finished(&self, store: &SqliteStore, directory: &Path) -> Result<(), Failure> {
        work::work_all(store, &mut ()).await;
        let sql = "SELECT id, csv_name FROM job JOIN job_resource ON job = id ORDER BY id";
        let jobs = pairs(&directory.join(CONTROL), sql)?;
        for (id, csv_name) in &jobs {
            let (id, place) = (JobId(*id), plan::place(csv_name));
            let job = store.job(ORG, id).await?.ok_or("a job is not there")?;
            let blob = job.result_blob.ok_or_else(|| format!("job {place} has no result"))?;
            let (_, parts) = store.get_blob(&blob).await?;
            let bytes = parts.try_collect::<Vec<_>>().await?.concat();
            if job.state != plan::jobs()[place].end || bytes != plan::result_bytes(place) {
                return Err(format!("job {place} ended as {:?} with {} bytes", job.state, bytes.len()).into());
            }
        }
        let Some(last) = jobs.len().checked_sub(1) else { return Ok(()) };
        let (found, expected) = (Dump::of(directory)?, &self.history.after_job(last).dump);
        // Where the undisturbed run drew ids for one more job before it began this one, the ids are others.
        let comparable = store_jobs(expected).len() == jobs.len();
        if !comparable || found.records() == expected.records() {
            return Ok(());
        }
        Err(format!("finished, the records differ from an undisturbed run's:\n{}", found.difference(expected)).into())
    }
}

impl History {
    /// The step that ended a job of the plan.
    fn after_job(&self, place: usize) -> &Step {
        let mut ends = self.steps.iter().filter(|step| step.call == "finish");
        ends.nth(place).expect("every job of the plan ends, in its order")
    }
}

/// A start after an answered call, with nothing lost. What is on the disk must be what both files showed then.
fn started(step: &Step, whole: &Tree) -> Dump {
    let folder = trials::folder();
    whole.write_to(folder.path()).unwrap();
    let directory = data_in(folder.path());
    let found = Dump::of(&directory).unwrap();
    assert!(found == step.dump, "the disk after {}: {}", step.call, found.difference(&step.dump));
    drop(open(&directory).unwrap());
    Dump::of(&directory).unwrap()
}

fn open(directory: &Path) -> Result<SqliteStore, bulkwright_store::Error> {
    // On what was left of a disk that syncs; from here on nothing is lost any more.
    SqliteStore::open(directory, &OpenOptions { durability: Durability::Temporary, ..OpenOptions::default() })
}

/// Records are listed, found by both of their keys and read by id, and the ledger's checksums hold.
async fn check_reads(store: &SqliteStore, dump: &Dump) -> Result<(), Failure> {
    let rows = |table: &str| dump.tables[&format!("{RECORDS} {table}")].len();
    let all = PageQuery { sort_by: SortBy::Id, descending: false, after: None, skip: 0, limit: 1_000_000 };
    let records = store.page(ORG, LEADS, &all).await?;
    if records.len() != rows("record") {
        return Err(format!("{} of {} records are listed", records.len(), rows("record")).into());
    }
    for record in &records {
        for (index, field) in [(EMAIL, "4"), (PHONE, "5")] {
            let value = value(&record.body, field).ok_or("a lead has both fields")?;
            let found = store.search(ORG, index, &key::fold(value, false), 1_000_000).await?;
            if !found.contains(record) {
                return Err(format!("record {} is not found by {value}", record.id.0).into());
            }
        }
    }
    let ledger = |job| -> Result<Vec<LedgerRow>, Failure> { Ok(store.record_writer(ORG)?.ledger(job, 0)?) };
    let mut counted = 0;
    for job in store_jobs(dump) {
        counted += ledger(job)?.iter().map(|row| row.counts.added as usize).sum::<usize>();
    }
    if counted != records.len() {
        return Err(format!("the ledger counts {counted} records, there are {}", records.len()).into());
    }
    Ok(())
}

/// The jobs in a dump: the first column of their table.
fn store_jobs(dump: &Dump) -> Vec<JobId> {
    let jobs = &dump.tables[&format!("{CONTROL} job")];
    let ids = jobs.iter().filter_map(|row| row.split('|').next()?.parse().ok());
    ids.map(JobId).collect()
}

/// A field of a body of the plan.
fn value<'a>(body: &'a str, field: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!(r#""{field}":""#))?;
    rest.split_once('"').map(|(value, _)| value)
}

fn pairs(file: &Path, sql: &str) -> Result<Vec<(i64, String)>, rusqlite::Error> {
    let connection = dump::open(file)?;
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
