//! The ranges of ids against the records that are in them.

use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::OrgId;
use rusqlite::{Row, Rows, Statement};

use super::findings::Findings;
use crate::Error;
use crate::records::RecordColumns;
use crate::sqlite::extents::Extent;
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

const DOING: &str = "reading the ranges of ids";

/// Walks the ranges beside the records, both in the order of ids.
pub(super) struct ExtentWalk<'a> {
    rows: Rows<'a>,
    current: Option<Counted>,
}

/// A range, and what was seen of it.
struct Counted {
    org: OrgId,
    module: ModuleNumber,
    extent: Extent,
    first: Option<i64>,
    last: Option<i64>,
    records: u64,
    unchanged: u64,
}

impl<'a> ExtentWalk<'a> {
    /// What is walked.
    pub(super) const SQL: &'static str = "SELECT first_id, last_id, created_at, records, unchanged, org, module
        FROM extent ORDER BY first_id, last_id, org, module";

    pub(super) fn over(statement: &'a mut Statement<'_>) -> Result<Self, Error> {
        let mut rows = statement.query([]).doing(DOING)?;
        let current = next(&mut rows)?;
        Ok(ExtentWalk { rows, current })
    }

    /// The next record.
    pub(super) fn see(&mut self, record: &RecordColumns<'_>, findings: &mut Findings) -> Result<(), Error> {
        let id = record.id.0;
        while self.current.as_ref().is_some_and(|range| range.extent.last < id) {
            self.advance(findings)?;
        }
        let own = self.current.as_mut().filter(|range| range.extent.first <= id);
        match own.filter(|range| (range.org, range.module) == (record.org, record.module)) {
            Some(range) => range.count(record, findings),
            None => {
                let expected = format!("a range of organisation {}, module {}", record.org, record.module.0);
                findings.differ(DifferenceKind::Extent, format!("record {id}"), expected, "none that holds it");
            }
        }
        Ok(())
    }

    /// There are no more records.
    pub(super) fn end(&mut self, findings: &mut Findings) -> Result<(), Error> {
        while self.current.is_some() {
            self.advance(findings)?;
        }
        Ok(())
    }

    fn advance(&mut self, findings: &mut Findings) -> Result<(), Error> {
        let next = next(&mut self.rows)?;
        if let Some(ended) = std::mem::replace(&mut self.current, next) {
            ended.compare(findings);
            let overlaps = self.current.as_ref().is_some_and(|next| next.extent.first <= ended.extent.last);
            if overlaps {
                findings.differ(DifferenceKind::Extent, ended.name(), "an end before the next range begins", "overlap");
            }
        }
        Ok(())
    }
}

impl Counted {
    fn count(&mut self, record: &RecordColumns<'_>, findings: &mut Findings) {
        self.first.get_or_insert(record.id.0);
        self.last = Some(record.id.0);
        self.records += 1;
        self.unchanged += u64::from(record.version == 1);
        if record.created_at != self.extent.created_at {
            let what = format!("record {} in the {}", record.id, self.name());
            findings.compare(DifferenceKind::Extent, what, self.extent.created_at, record.created_at);
        }
    }

    fn compare(&self, findings: &mut Findings) {
        let of = |what: &str| format!("{what} of the {}", self.name());
        let (kind, extent) = (DifferenceKind::Extent, self.extent);
        findings.compare(kind, of("records"), self.records, extent.records);
        findings.compare(kind, of("unchanged records"), self.unchanged, extent.unchanged);
        findings.compare(kind, of("first id"), self.first.unwrap_or_default(), extent.first);
        findings.compare(kind, of("last id"), self.last.unwrap_or_default(), extent.last);
    }

    fn name(&self) -> String {
        let Extent { first, last, .. } = self.extent;
        format!("range {first} to {last} of organisation {}, module {}", self.org, self.module.0)
    }
}

fn next(rows: &mut Rows<'_>) -> Result<Option<Counted>, Error> {
    rows.next().doing(DOING)?.map(counted).transpose().doing(DOING)
}

fn counted(row: &Row<'_>) -> rusqlite::Result<Counted> {
    let (org, module) = (OrgId(row.get(5)?), ModuleNumber(row.get(6)?));
    Ok(Counted { org, module, extent: Extent::read(row)?, first: None, last: None, records: 0, unchanged: 0 })
}
