//! Blocks of ids: apart from each other, below the counter, and the home of every record.

use std::collections::BTreeMap;

use bulkwright_engine::ids::{BUCKETS, ID_BASE, IdBlock, JobId, OrgId};
use rusqlite::{Row, Rows, Statement};

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::records::RecordColumns;
use crate::sqlite::ledger;
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

const DOING: &str = "reading the blocks of ids";

/// Walks the blocks beside the records, both in the order of ids.
pub(super) struct BlockWalk<'a> {
    rows: Rows<'a>,
    current: Option<IdBlock>,
    /// Records that are in no block of a job that is there, by organisation.
    pub(super) outside: BTreeMap<OrgId, u64>,
}

impl<'a> BlockWalk<'a> {
    /// What is walked.
    pub(super) const SQL: &'static str = "SELECT block_start, block_size, job, place FROM job_resource
        WHERE block_start IS NOT NULL ORDER BY block_start, job, place";

    pub(super) fn over(statement: &'a mut Statement<'_>) -> Result<Self, Error> {
        let mut rows = statement.query([]).doing(DOING)?;
        let current = next(&mut rows)?.map(|(block, ..)| block);
        Ok(BlockWalk { rows, current, outside: BTreeMap::new() })
    }

    /// The next record.
    pub(super) fn see(&mut self, record: &RecordColumns<'_>) -> Result<(), Error> {
        while self.current.is_some_and(|block| bounds(block).1 < record.id.0) {
            self.current = next(&mut self.rows)?.map(|(block, ..)| block);
        }
        if self.current.is_none_or(|block| bounds(block).0 > record.id.0) {
            *self.outside.entry(record.org).or_default() += 1;
        }
        Ok(())
    }
}

/// No id is given twice, and none that the counter has not reached.
pub(super) fn check(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let sql = "SELECT next FROM counter";
    let next_number: i64 = moment.control.query_row(sql, [], |row| row.get(0)).doing(DOING)?;
    let mut statement = moment.control.prepare(BlockWalk::SQL).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    let mut taken_through = 0;
    while let Some((block, job, place)) = next(&mut rows)? {
        let what = format!("the block of job {job}, resource {place}");
        let end = block.start.saturating_add(block.size);
        if block.start < taken_through {
            let expected = format!("a start from {taken_through}");
            findings.differ(DifferenceKind::Block, what.as_str(), expected, block.start.to_string());
        }
        if end > next_number.cast_unsigned() {
            let expected = format!("an end up to the counter's {next_number}");
            findings.differ(DifferenceKind::Block, what.as_str(), expected, end.to_string());
        }
        taken_through = taken_through.max(end);
    }
    Ok(())
}

/// Records in no block belong to swept jobs: there are as many as those made.
pub(super) fn compare_swept(
    moment: &Moment<'_>,
    outside: &BTreeMap<OrgId, u64>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut expected: BTreeMap<OrgId, u64> = BTreeMap::new();
    for swept in ledger::swept(moment.records)? {
        if !is_there(moment, swept.job)? {
            *expected.entry(swept.org).or_default() += swept.counts.added;
        }
    }
    let orgs: std::collections::BTreeSet<_> = expected.keys().chain(outside.keys()).copied().collect();
    for org in orgs {
        let of = |counts: &BTreeMap<OrgId, u64>| counts.get(&org).copied().unwrap_or(0);
        let what = format!("records of organisation {org} outside the blocks of its jobs, against those of swept jobs");
        findings.compare(DifferenceKind::Block, what, of(&expected), of(outside));
    }
    Ok(())
}

fn is_there(moment: &Moment<'_>, job: i64) -> Result<bool, Error> {
    let mut statement = moment.control.prepare_cached("SELECT 1 FROM job WHERE id = ?1").doing(DOING)?;
    statement.exists([job]).doing(DOING)
}

fn next(rows: &mut Rows<'_>) -> Result<Option<(IdBlock, JobId, u16)>, Error> {
    rows.next().doing(DOING)?.map(block).transpose().doing(DOING)
}

fn block(row: &Row<'_>) -> rusqlite::Result<(IdBlock, JobId, u16)> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok((IdBlock { start: number(0)?, size: number(1)? }, JobId(row.get(2)?), row.get(3)?))
}

/// The smallest and the largest id of a block. A damaged one may lie anywhere.
fn bounds(block: IdBlock) -> (i64, i64) {
    let id =
        |number: u64| i64::try_from(number).unwrap_or(i64::MAX).saturating_mul(BUCKETS.into()).saturating_add(ID_BASE);
    (id(block.start.saturating_add(1)), id(block.start.saturating_add(block.size).saturating_add(1)).saturating_sub(1))
}
