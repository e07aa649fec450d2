//! Ledger rows become counts: first those of their job, then, when the job is gone, those of all jobs that are.

use bulkwright_engine::ids::{IdBlock, JobId, OrgId};
use rusqlite::{Transaction, params};

use crate::Error;
use crate::sqlite::ledger::{self, Swept, Tally};
use crate::sqlite::seal;
use crate::sqlite::sql::Doing;

/// Ledger rows that go in one transaction: each may have a million verdicts.
const ROWS_AT_ONCE: u32 = 8;
/// The job of the row for all jobs that are gone.
const ALL_GONE: i64 = 0;

const DOING: &str = "sweeping the ledger";

/// Removes the next ledger rows of a job and notes what they came to. Answers how many went.
///
/// # Errors
/// [`Error::Damaged`] if one of them cannot be counted.
pub(super) fn settle(tx: &Transaction<'_>, org: OrgId, job: JobId, blocks: &[Option<IdBlock>]) -> Result<usize, Error> {
    let mut noted = ledger::swept_of(tx, org, job.0)?;
    let chunks = count_some(tx, job, blocks, &mut noted)?;
    let mut statement =
        tx.prepare("DELETE FROM ledger WHERE job = ?1 AND resource = ?2 AND chunk = ?3").doing(DOING)?;
    for (resource, chunk) in &chunks {
        statement.execute(params![job.0, resource, chunk]).doing(DOING)?;
    }
    if !chunks.is_empty() {
        note(tx, &noted)?;
    }
    Ok(chunks.len())
}

fn count_some(
    tx: &Transaction<'_>,
    job: JobId,
    blocks: &[Option<IdBlock>],
    noted: &mut Swept,
) -> Result<Vec<(u16, u32)>, Error> {
    let sql = format!(
        "SELECT {} FROM ledger WHERE job = ?1 ORDER BY resource, chunk, bucket LIMIT {ROWS_AT_ONCE}",
        ledger::COLUMNS
    );
    let mut statement = tx.prepare(&sql).doing(DOING)?;
    let mut rows = statement.query([job.0]).doing(DOING)?;
    let mut chunks = Vec::new();
    while let Some(row) = rows.next().doing(DOING)? {
        let stored = ledger::stored(row).filter(|stored| stored.is_sound && stored.org == noted.org);
        let counted = stored.and_then(|stored| {
            let block = blocks.get(usize::from(stored.row.resource)).copied().flatten()?;
            let first_row = stored.row.rows_through.checked_sub(stored.row.counts.total())? + 1;
            let tally = Tally::of(&stored.row.verdicts, block, first_row);
            (tally.counts == stored.row.counts).then_some((stored.row, tally))
        });
        let Some((row, tally)) = counted else {
            return Err(Error::Damaged { what: format!("a ledger row of job {job}") });
        };
        noted.counts += row.counts;
        noted.changed += tally.changed.len() as u64;
        chunks.push((row.resource, row.chunk));
    }
    Ok(chunks)
}

/// Jobs that something is noted of.
pub(super) fn noted_jobs(tx: &Transaction<'_>) -> Result<Vec<(OrgId, i64)>, Error> {
    let noted = ledger::swept(tx)?.into_iter();
    Ok(noted.filter(|it| it.job != ALL_GONE).map(|it| (it.org, it.job)).collect())
}

/// Adds what is noted of these jobs to that of all that are gone.
pub(super) fn fold(tx: &Transaction<'_>, gone: &[(OrgId, i64)]) -> Result<(), Error> {
    let doing = "adding up swept ledger rows";
    for &(org, job) in gone {
        let (of_job, mut of_all) = (ledger::swept_of(tx, org, job)?, ledger::swept_of(tx, org, ALL_GONE)?);
        of_all.counts += of_job.counts;
        of_all.changed += of_job.changed;
        note(tx, &of_all)?;
        tx.execute("DELETE FROM swept WHERE org = ?1 AND job = ?2", params![org.0, job]).doing(doing)?;
    }
    Ok(())
}

fn note(tx: &Transaction<'_>, noted: &Swept) -> Result<(), Error> {
    let sql = "INSERT OR REPLACE INTO swept (org, job, added, updated, skipped, changed)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let [added, updated, skipped] = [noted.counts.added, noted.counts.updated, noted.counts.skipped];
    let [added, updated, skipped, changed] = [added, updated, skipped, noted.changed].map(u64::cast_signed);
    let values = params![noted.org.0, noted.job, added, updated, skipped, changed];
    seal::SWEPT.insert(tx, "noting swept ledger rows", sql, values).map(|_| ())
}
