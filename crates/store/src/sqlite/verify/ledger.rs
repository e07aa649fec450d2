//! The ledger: every row against its checksum and its verdicts, every verdict against its record and the other way round,
//! every job's counts against both.

use std::collections::BTreeMap;

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::{IdBlock, JobId, OrgId};
use bulkwright_engine::verdict::Counts;
use rusqlite::{Row, Rows, Transaction, params};

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::sqlite::ledger::{self, StoredRow, Tally};
use crate::sqlite::sql::{Doing, ID_NUMBER_MAX};
use crate::upkeep::DifferenceKind;

const DOING: &str = "reading the ledger";

/// A resource of a job as the control file has it.
struct Resource {
    job: JobId,
    place: u16,
    org: OrgId,
    module: Option<ModuleNumber>,
    block: Option<IdBlock>,
    is_finished: bool,
    counts: Counts,
}

/// Looks at the ledger of every job, then for ledger rows that no job has.
pub(super) fn check(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    each_resource(moment, &mut |resource| Settled::new(moment, &resource, findings)?.check())?;
    check_owners(moment, findings)?;
    for swept in ledger::swept(moment.records)? {
        if swept.counts.added.checked_add(swept.changed).is_none() {
            findings.differ(DifferenceKind::Ledger, "swept ledger rows", "counts of rows", format!("{swept:?}"));
        }
    }
    Ok(())
}

/// Each chunk that makes or changes a record gives it one version more: so the versions of an organisation's records are
/// as many as its ledger has changes of records.
pub(super) fn compare_versions(
    moment: &Moment<'_>,
    versions: &BTreeMap<OrgId, u64>,
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut changes: BTreeMap<OrgId, u64> = BTreeMap::new();
    for swept in ledger::swept(moment.records)? {
        *changes.entry(swept.org).or_default() += swept.counts.added.saturating_add(swept.changed);
    }
    each_resource(moment, &mut |resource| {
        let changes = changes.entry(resource.org).or_default();
        let block = resource.sound_block();
        let mut through = 0;
        each_row(moment.records, resource.job, resource.place, &mut |stored| {
            let tally = Tally::of(&stored.row.verdicts, block, through + 1);
            *changes += tally.counts.added + tally.changed.len() as u64;
            through = stored.row.rows_through;
            Ok(())
        })
    })?;
    let orgs: std::collections::BTreeSet<_> = changes.keys().chain(versions.keys()).copied().collect();
    for org in orgs {
        let of = |counts: &BTreeMap<OrgId, u64>| counts.get(&org).copied().unwrap_or(0);
        let what = format!("versions of all records of organisation {org}, against the changes in the ledger");
        findings.compare(DifferenceKind::Versions, what, of(&changes), of(versions));
    }
    Ok(())
}

impl Resource {
    /// The block that ids are made of; an empty one if it is none that ids can be made of.
    fn sound_block(&self) -> IdBlock {
        let fits = |block: &IdBlock| block.start.checked_add(block.size).is_some_and(|end| end <= ID_NUMBER_MAX);
        self.block.filter(fits).unwrap_or(IdBlock { start: 0, size: 0 })
    }

    fn name(&self) -> String {
        format!("job {}, resource {}", self.job, self.place)
    }
}

fn each_resource(moment: &Moment<'_>, see: &mut dyn FnMut(Resource) -> Result<(), Error>) -> Result<(), Error> {
    let sql = "SELECT job, place, org, module, block_start, block_size, job.state, added, updated, skipped
               FROM job_resource JOIN job ON job.id = job_resource.job ORDER BY job, place";
    let mut statement = moment.control.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        see(resource(moment, row).doing(DOING)?)?;
    }
    Ok(())
}

fn resource(moment: &Moment<'_>, row: &Row<'_>) -> rusqlite::Result<Resource> {
    let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let module: String = row.get(3)?;
    let block = row.get::<_, Option<i64>>(4)?.zip(row.get::<_, Option<i64>>(5)?);
    Ok(Resource {
        job: JobId(row.get(0)?),
        place: row.get(1)?,
        org: OrgId(row.get(2)?),
        module: moment.verifier.catalog.module(&module).map(|module| module.number),
        block: block.map(|(start, size)| IdBlock { start: start.cast_unsigned(), size: size.cast_unsigned() }),
        is_finished: row.get::<_, i64>(6)? >= 2,
        counts: Counts { added: number(7)?, updated: number(8)?, skipped: number(9)? },
    })
}

/// Ledger rows of a resource in the order of their chunks. What cannot be read is told as damaged.
fn each_row(
    tx: &Transaction<'_>,
    job: JobId,
    place: u16,
    see: &mut dyn FnMut(StoredRow) -> Result<(), Error>,
) -> Result<(), Error> {
    let sql = format!("SELECT {} FROM ledger WHERE job = ?1 AND resource = ?2 ORDER BY chunk, bucket", ledger::COLUMNS);
    let mut statement = tx.prepare_cached(&sql).doing(DOING)?;
    let mut rows = statement.query(params![job.0, place]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        // What cannot be understood is named by the walk over all rows.
        if let Some(stored) = ledger::stored(row) {
            see(stored)?;
        }
    }
    Ok(())
}

/// The ledger of one resource, walked beside the records of its block.
struct Settled<'a> {
    moment: &'a Moment<'a>,
    resource: &'a Resource,
    findings: &'a mut Findings,
    counts: Counts,
    rows_through: u64,
    next_chunk: u32,
}

impl<'a> Settled<'a> {
    fn new(moment: &'a Moment<'a>, resource: &'a Resource, findings: &'a mut Findings) -> Result<Self, Error> {
        let swept = ledger::swept_of(moment.records, resource.org, resource.job.0)?;
        Ok(Settled { moment, resource, findings, counts: swept.counts, rows_through: 0, next_chunk: 0 })
    }

    fn check(mut self) -> Result<(), Error> {
        // Of a job whose ledger rows are being swept only the sums can be compared.
        let is_going = self.counts != Counts::default();
        let (first, last) = self.resource.sound_block().bounds();
        let sql = "SELECT id, org, module FROM record WHERE id BETWEEN ?1 AND ?2 ORDER BY id";
        let mut statement = self.moment.records.prepare_cached(sql).doing(DOING)?;
        let mut records = statement.query([first.0, last.0]).doing(DOING)?;
        let mut present = next_record(&mut records)?;
        let (tx, job, place) = (self.moment.records, self.resource.job, self.resource.place);
        each_row(tx, job, place, &mut |stored| {
            let tally = self.check_row(&stored, is_going)?;
            for id in tally.added.iter().filter(|_| !is_going) {
                self.meet(*id, &mut present, &mut records)?;
            }
            self.check_changed(&tally)
        })?;
        while let Some(record) = present.filter(|_| !is_going) {
            self.without_verdict(record);
            present = next_record(&mut records)?;
        }
        self.compare_counts();
        Ok(())
    }

    fn check_row(&mut self, stored: &StoredRow, is_going: bool) -> Result<Tally, Error> {
        let row = &stored.row;
        let what = format!("ledger row of {}, chunk {}", self.resource.name(), row.chunk);
        let kind = DifferenceKind::Ledger;
        if !stored.is_sound {
            self.findings.differ(kind, what.as_str(), "a row that matches its checksum", "one that does not");
        }
        if stored.org != self.resource.org {
            self.findings.compare(kind, format!("organisation of the {what}"), self.resource.org, stored.org);
        }
        if is_going && self.next_chunk == 0 {
            // The chunks before this one are swept.
            (self.next_chunk, self.rows_through) = (row.chunk, row.rows_through.saturating_sub(row.counts.total()));
        }
        self.findings.compare(kind, format!("place of the {what}"), self.next_chunk, row.chunk);
        let tally = Tally::of(&row.verdicts, self.resource.sound_block(), self.rows_through.saturating_add(1));
        let Counts { added, updated, skipped } = tally.counts;
        self.findings.compare(kind, format!("added rows of the {what}"), added, row.counts.added);
        self.findings.compare(kind, format!("updated rows of the {what}"), updated, row.counts.updated);
        self.findings.compare(kind, format!("skipped rows of the {what}"), skipped, row.counts.skipped);
        let through = self.rows_through.saturating_add(tally.counts.total());
        self.findings.compare(kind, format!("last row of the {what}"), through, row.rows_through);
        self.rows_through = row.rows_through;
        self.next_chunk = row.chunk.saturating_add(1);
        self.counts += row.counts;
        Ok(tally)
    }

    /// An added row has its record, and no record before it is without a verdict.
    fn meet(&mut self, id: i64, present: &mut Option<Present>, records: &mut Rows<'_>) -> Result<(), Error> {
        while let Some(record) = present.filter(|record| record.id < id) {
            self.without_verdict(record);
            *present = next_record(records)?;
        }
        let Some(record) = present.filter(|record| record.id == id) else {
            let what = format!("verdict of {}: record {id} was added", self.resource.name());
            self.findings.differ(DifferenceKind::Verdict, what, "the record", "none");
            return Ok(());
        };
        *present = next_record(records)?;
        let own = (self.resource.org, self.resource.module);
        if (record.org, Some(record.module)) != own {
            let expected = format!("organisation {} and the module of {}", own.0, self.resource.name());
            let found = format!("organisation {}, module {}", record.org, record.module.0);
            self.findings.differ(DifferenceKind::Verdict, format!("record {id}"), expected, found);
        }
        Ok(())
    }

    fn without_verdict(&mut self, record: Present) {
        let expected = format!("a verdict of {}", self.resource.name());
        self.findings.differ(DifferenceKind::Verdict, format!("record {}", record.id), expected, "none");
    }

    fn check_changed(&mut self, tally: &Tally) -> Result<(), Error> {
        let sql = "SELECT 1 FROM record WHERE id = ?1 AND org = ?2";
        let mut statement = self.moment.records.prepare_cached(sql).doing(DOING)?;
        for id in &tally.changed {
            if !statement.exists(params![id, self.resource.org.0]).doing(DOING)? {
                let what = format!("verdict of {}: record {id} was updated", self.resource.name());
                self.findings.differ(DifferenceKind::Verdict, what, "the record", "none");
            }
        }
        Ok(())
    }

    /// A job that is through has the counts of its ledger. One that is not shows at most those.
    fn compare_counts(&mut self) {
        let (ledger, shown) = (self.counts, self.resource.counts);
        let of = |counts: Counts| [("added", counts.added), ("updated", counts.updated), ("skipped", counts.skipped)];
        for ((name, settled), (_, shown)) in of(ledger).into_iter().zip(of(shown)) {
            let what = format!("{name} rows of {}", self.resource.name());
            if self.resource.is_finished {
                self.findings.compare(DifferenceKind::Job, what, settled, shown);
            } else if shown > settled {
                self.findings.differ(DifferenceKind::Job, what, format!("at most {settled}"), shown.to_string());
            }
        }
    }
}

/// A record beside the verdicts.
#[derive(Clone, Copy)]
struct Present {
    id: i64,
    org: OrgId,
    module: ModuleNumber,
}

fn next_record(records: &mut Rows<'_>) -> Result<Option<Present>, Error> {
    let present =
        |row: &Row<'_>| Ok(Present { id: row.get(0)?, org: OrgId(row.get(1)?), module: ModuleNumber(row.get(2)?) });
    records.next().doing(DOING)?.map(present).transpose().doing(DOING)
}

/// Every ledger row can be read, and belongs to a resource that is there.
fn check_owners(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let sql = format!("SELECT {} FROM ledger ORDER BY job, resource, chunk, bucket", ledger::COLUMNS);
    let mut statement = moment.records.prepare(&sql).doing(DOING)?;
    let mut owner = moment.control.prepare("SELECT 1 FROM job_resource WHERE job = ?1 AND place = ?2").doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let Some(stored) = ledger::stored(row) else {
            let job: i64 = row.get(0).unwrap_or_default();
            let what = format!("a ledger row of job {job}");
            findings.differ(DifferenceKind::Ledger, what, "columns of their types", "others");
            continue;
        };
        let row = stored.row;
        if !owner.exists(params![row.job.0, row.resource]).doing(DOING)? {
            let what = format!("ledger row of job {}, resource {}, chunk {}", row.job, row.resource, row.chunk);
            findings.differ(DifferenceKind::Ledger, what, "a job that is there", "none");
        }
    }
    Ok(())
}
