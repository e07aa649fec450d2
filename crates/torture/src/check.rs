//! Holds what a server has against what it must have: every result line, every counter, every record.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context;
use bulkwright_client::api_words::JobDetails;
use bulkwright_engine::ids::{BUCKETS, ID_BASE};
use serde_json::Value;

use crate::client::{Client, Fields, unzipped};
use crate::oracle::{Oracle, Record, Verdict};
use crate::say::Tally;
use crate::sequence::{COLUMNS, Job};

/// A job that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) job: Job,
    pub(crate) details: JobDetails,
    pub(crate) result: PathBuf,
    /// Where its block of ids began when it was seen first, if it was seen.
    pub(crate) block_start: Option<i64>,
}

/// The differences between what is there and what must be.
#[derive(Clone, Debug)]
pub(crate) struct Differences {
    /// Records, changes and jobs that are missing.
    pub(crate) lost: Tally,
    /// Records, changes and jobs that are there without a cause.
    pub(crate) doubled: Tally,
    /// Counters of job details.
    pub(crate) counters: Tally,
    /// Results, ids, cells and times.
    pub(crate) wrong: Tally,
}

impl Default for Differences {
    fn default() -> Self {
        Differences {
            lost: Tally::new("lost"),
            doubled: Tally::new("doubled"),
            counters: Tally::new("wrong counter"),
            wrong: Tally::new("wrong"),
        }
    }
}

impl Differences {
    pub(crate) fn sum(&self) -> u64 {
        [&self.lost, &self.doubled, &self.counters, &self.wrong].iter().map(|tally| tally.count()).sum()
    }
}

/// What a check went through.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Checked {
    pub(crate) rows: u64,
    pub(crate) records: u64,
}

/// Checks the jobs, in the order in which they ran, and then the records.
pub(crate) async fn check(client: &Client, jobs: &[Ended], told: &mut Differences) -> anyhow::Result<Checked> {
    let mut check = Check { oracle: Oracle::default(), ids: Vec::new(), told };
    let mut rows = 0;
    for job in jobs {
        rows += u64::from(job.job.rows);
        check.job(job)?;
    }
    check.records(client).await?;
    check.by_time(client).await?;
    Ok(Checked { rows, records: check.ids.len() as u64 })
}

struct Check<'a> {
    oracle: Oracle,
    /// Ids of the oracle's records.
    ids: Vec<i64>,
    told: &'a mut Differences,
}

impl Check<'_> {
    fn job(&mut self, ended: &Ended) -> anyhow::Result<()> {
        let Ended { job, details, .. } = ended;
        let (verdicts, counts) = self.oracle.apply(job);
        let file = details.resource.first().and_then(|resource| resource.file.as_ref());
        let file = file.with_context(|| format!("job {} has no file", details.id))?;
        let told = [file.added_count, file.updated_count, file.skipped_count, file.total_count];
        let total = counts.added + counts.updated + counts.skipped;
        let expected = [counts.added, counts.updated, counts.skipped, total].map(Some);
        if details.status != "COMPLETED" || told != expected {
            let say = || format!("job {}: {} {told:?} and not {expected:?}", details.id, details.status);
            self.told.counters.add(say);
        }
        self.result(ended, &verdicts)
    }

    fn result(&mut self, ended: &Ended, verdicts: &[Verdict]) -> anyhow::Result<()> {
        let csv = match unzipped(&ended.result) {
            Ok(csv) => String::from_utf8(csv)?,
            Err(error) => {
                self.told.wrong.add(|| format!("the result of job {}: {error:#}", ended.details.id));
                String::new()
            }
        };
        let mut lines = csv.lines();
        let header = format!("{},STATUS,RECORD_ID,ERRORS", COLUMNS[..3].join(","));
        self.line(ended, 0, lines.next(), &header);
        let mut block = ended.block_start;
        for (row, verdict) in (1..).zip(verdicts) {
            let found = lines.next();
            let (word, id, errors) = match verdict {
                Verdict::Added => {
                    let id = found.and_then(record_id).unwrap_or_default();
                    let begins = number_of(id) - i64::from(row);
                    if *block.get_or_insert(begins) != begins {
                        self.told.wrong.add(|| format!("job {} row {row}: {id} is not of its block", ended.details.id));
                    }
                    self.ids.push(id);
                    ("ADDED", Some(id), "")
                }
                Verdict::Updated(place) => {
                    let record = self.oracle.find(*place).context("the oracle changes only records that it has")?;
                    ("UPDATED", Some(self.ids[record]), "")
                }
                Verdict::Skipped(errors) => ("SKIPPED", None, *errors),
            };
            let id = id.map(|id| id.to_string()).unwrap_or_default();
            let source = ended.job.row(row);
            let [email, employees, company] = [0, 1, 2].map(|column| ended.job.cell(&source, COLUMNS[column]));
            self.line(ended, row, found, &format!("{email},{employees},{company},{word},{id},{errors}"));
        }
        self.line(ended, ended.job.rows + 1, lines.next(), "");
        Ok(())
    }

    /// Behind the last line there is none, which is the same as an empty one.
    fn line(&mut self, ended: &Ended, row: u32, found: Option<&str>, expected: &str) {
        let found = found.unwrap_or_default();
        if found != expected {
            self.told.wrong.add(|| format!("job {} row {row}: {found:?} and not {expected:?}", ended.details.id));
        }
    }

    /// Reads all records by id, page by page. Ids rise from job to job and from row to row.
    async fn records(&mut self, client: &Client) -> anyhow::Result<()> {
        let mut pages = Pages::new("id");
        let mut next = 0;
        let mut shown_alike = None;
        while let Some(records) = pages.next(client).await? {
            for record in records {
                let id = id_of(&record)?;
                while next < self.ids.len() && self.ids[next] < id {
                    self.told.lost.add(|| format!("record {}", self.ids[next]));
                    next += 1;
                }
                if self.ids.get(next) != Some(&id) {
                    self.told.doubled.add(|| format!("record {id}"));
                    continue;
                }
                let expected = self.oracle.records()[next];
                self.cells(id, &expected, &record, &mut shown_alike)?;
                next += 1;
            }
        }
        for id in &self.ids[next..] {
            self.told.lost.add(|| format!("record {id}"));
        }
        Ok(())
    }

    /// The written cells are the oracle's, all others the same in every record.
    fn cells(
        &mut self,
        id: i64,
        expected: &Record,
        found: &Fields,
        shown_alike: &mut Option<String>,
    ) -> anyhow::Result<()> {
        for column in COLUMNS {
            let cell = text_of(found, column)?;
            let must = self.oracle.cell(expected, column);
            if cell.trim_end() != must.trim_end() {
                self.told.wrong.add(|| format!("record {id}: {column} is {cell:?} and not {must:?}"));
            }
        }
        let written = |name: &str| COLUMNS.contains(&name) || OWN.contains(&name);
        let rest: Vec<_> = found.iter().filter(|(name, _)| !written(name)).map(|(name, it)| (name, it.get())).collect();
        let rest = format!("{rest:?}");
        if *shown_alike.get_or_insert_with(|| rest.clone()) != rest {
            self.told.wrong.add(|| format!("record {id}: {rest}"));
        }
        Ok(())
    }

    /// Reads all records by Modified_Time: who was written by a later job comes later, and all of them come.
    async fn by_time(&mut self, client: &Client) -> anyhow::Result<()> {
        let mut pages = Pages::new("Modified_Time");
        let mut times: BTreeMap<usize, (String, String)> = BTreeMap::new();
        let mut before = String::new();
        let mut count = 0;
        while let Some(records) = pages.next(client).await? {
            for record in records {
                count += 1;
                let (id, modified) = (id_of(&record)?, text_of(&record, "Modified_Time")?);
                if modified < before || modified < text_of(&record, "Created_Time")? {
                    self.told.wrong.add(|| format!("record {id}: Modified_Time {modified} comes after {before}"));
                }
                before.clone_from(&modified);
                if let Ok(place) = self.ids.binary_search(&id) {
                    let writer = self.oracle.turn(self.oracle.records()[place].last.job);
                    times.entry(writer).or_insert_with(|| (modified.clone(), modified.clone())).1.clone_from(&modified);
                }
            }
        }
        if count != self.ids.len() {
            self.told.wrong.add(|| format!("by Modified_Time there are {count} records and not {}", self.ids.len()));
        }
        for ((one, (_, last)), (other, (first, _))) in times.iter().zip(times.iter().skip(1)) {
            if last > first {
                self.told
                    .wrong
                    .add(|| format!("the job at place {one} wrote until {last}, and that at {other} from {first} on"));
            }
        }
        Ok(())
    }
}

/// What every record has of its own, and is looked at elsewhere.
const OWN: [&str; 4] = ["id", "Created_Time", "Modified_Time", "Full_Name"];

/// Fields that are read, beside those that were written.
const OTHER_FIELDS: &str = "id,Created_Time,Modified_Time,Created_By,Modified_By,Owner,First_Name,Phone,Mobile,Lead_Status,\
    Lead_Source,Annual_Revenue,Website,Street,City,Country,Rating,Email_Opt_Out";

/// All records in one order.
struct Pages {
    sort_by: &'static str,
    token: Option<String>,
    ended: bool,
}

impl Pages {
    fn new(sort_by: &'static str) -> Pages {
        Pages { sort_by, token: None, ended: false }
    }

    async fn next(&mut self, client: &Client) -> anyhow::Result<Option<Vec<Fields>>> {
        if self.ended {
            return Ok(None);
        }
        let fields = match self.sort_by {
            "id" => format!("{},{OTHER_FIELDS}", COLUMNS.join(",")),
            _ => "id,Created_Time,Modified_Time".to_owned(),
        };
        let mut query = vec![("fields", fields.as_str()), ("per_page", "200")];
        match &self.token {
            Some(token) => query.push(("page_token", token)),
            None => query.extend([("sort_by", self.sort_by), ("sort_order", "asc")]),
        }
        let Some(page) = client.leads(&query).await? else { return Ok(None) };
        self.token = page.info.next_page_token;
        self.ended = self.token.is_none();
        Ok(Some(page.data))
    }
}

fn number_of(id: i64) -> i64 {
    (id - ID_BASE) / i64::from(BUCKETS)
}

/// The RECORD_ID of a result line: the cell before the last. No cell of ours has a comma.
fn record_id(line: &str) -> Option<i64> {
    line.rsplit(',').nth(1)?.parse().ok()
}

fn id_of(record: &Fields) -> anyhow::Result<i64> {
    text_of(record, "id")?.parse().context("an id is no number")
}

/// A field as text; empty if it is null.
pub(crate) fn text_of(record: &Fields, name: &str) -> anyhow::Result<String> {
    let raw = record.get(name).with_context(|| format!("a record comes without {name}"))?;
    Ok(match serde_json::from_str(raw.get())? {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    })
}
