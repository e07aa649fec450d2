//! What both files hold, added up.

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::OrgId;
use bulkwright_engine::verdict::Counts;
use rusqlite::{Row, Transaction};

use super::ledger;
use super::sql::Doing;
use super::stored::{delivery_state_number, state_number};
use crate::Error;
use crate::model::{DeliveryState, JobState};
use crate::upkeep::{RecordSums, Sums};

const DOING: &str = "adding up what is stored";

/// Adds everything up. Both are at one moment.
pub(super) fn read(records: &Transaction<'_>, control: &Transaction<'_>) -> Result<Sums, Error> {
    let jobs = [JobState::Added, JobState::InProgress, JobState::Completed, JobState::Failed];
    let deliveries = [DeliveryState::Pending, DeliveryState::Delivered, DeliveryState::GivenUp];
    let in_state = |table, state| number(control, &format!("SELECT count(*) FROM {table} WHERE state = {state}"));
    Ok(Sums {
        records: of_records(records)?,
        keys: number(records, "SELECT count(*) FROM key")?,
        ledger: of_ledger(records)?,
        jobs: each(jobs, |state| in_state("job", state_number(state)))?,
        uploads: number(control, "SELECT count(*) FROM upload")?,
        deliveries: each(deliveries, |state| in_state("outbox", delivery_state_number(state)))?,
    })
}

fn of_records(records: &Transaction<'_>) -> Result<Vec<RecordSums>, Error> {
    let sql = "SELECT org, module, count(*), sum(version) FROM record GROUP BY org, module ORDER BY org, module";
    let sums = |row: &Row<'_>| {
        Ok(RecordSums {
            org: OrgId(row.get(0)?),
            module: ModuleNumber(row.get(1)?),
            records: row.get::<_, i64>(2)?.cast_unsigned(),
            versions: row.get::<_, i64>(3)?.cast_unsigned(),
        })
    };
    let mut statement = records.prepare(sql).doing(DOING)?;
    statement.query_map([], sums).doing(DOING)?.collect::<rusqlite::Result<_>>().doing(DOING)
}

fn of_ledger(records: &Transaction<'_>) -> Result<Counts, Error> {
    let sum = |column| number(records, &format!("SELECT coalesce(sum({column}), 0) FROM ledger"));
    let mut counts = Counts { added: sum("added")?, updated: sum("updated")?, skipped: sum("skipped")? };
    ledger::swept(records)?.iter().for_each(|swept| counts += swept.counts);
    Ok(counts)
}

fn each<S, const N: usize>(states: [S; N], count: impl Fn(S) -> Result<u64, Error>) -> Result<[u64; N], Error> {
    let mut counts = [0; N];
    for (state, place) in states.into_iter().zip(&mut counts) {
        *place = count(state)?;
    }
    Ok(counts)
}

fn number(file: &Transaction<'_>, sql: &str) -> Result<u64, Error> {
    file.query_row(sql, [], |row| row.get::<_, i64>(0)).doing(DOING).map(i64::cast_unsigned)
}
