//! Every record, in the order of ids: itself, the range it is in, and the keys that follow from it.

use std::collections::{BTreeMap, HashMap};

use bulkwright_engine::body;
use bulkwright_engine::catalog::ModuleNumber;
use bulkwright_engine::ids::OrgId;
use bulkwright_engine::plan;
use bulkwright_engine::record_store::IndexId;
use rusqlite::Row;

use super::extents::ExtentWalk;
use super::findings::Findings;
use super::keys;
use super::{Moment, blocks, ledger};
use crate::Error;
use crate::records::RecordColumns;
use crate::sqlite::row;
use crate::sqlite::sorted_keys::{KeyEntry, KeySorter};
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

const DOING: &str = "reading the records";

/// Walks all records once.
pub(super) fn check(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let mut walk = Walk {
        indexes: indexes(moment),
        keys: KeySorter::new(&moment.verifier.directory)?,
        versions: BTreeMap::new(),
        changed: 0,
        key: Vec::new(),
    };
    let sql = format!("SELECT {} FROM record ORDER BY id", row::COLUMNS);
    let mut statement = moment.records.prepare(&sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    let mut ranges = moment.records.prepare(ExtentWalk::SQL).doing(DOING)?;
    let mut extents = ExtentWalk::over(&mut ranges)?;
    let mut blocks = moment.control.prepare(blocks::BlockWalk::SQL).doing(DOING)?;
    let mut blocks = blocks::BlockWalk::over(&mut blocks)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let Some(record) = sound(row, findings) else { continue };
        extents.see(&record, findings)?;
        blocks.see(&record)?;
        walk.see(moment, &record, findings)?;
    }
    extents.end(findings)?;
    compare_changed(moment, walk.changed, findings)?;
    blocks::compare_swept(moment, &blocks.outside, findings)?;
    ledger::compare_versions(moment, &walk.versions, findings)?;
    keys::compare(moment, walk.keys.sorted()?, findings)
}

/// SQLite's own check finds what its index over changed records lacks; this finds what it has too much.
fn compare_changed(moment: &Moment<'_>, changed: u64, findings: &mut Findings) -> Result<(), Error> {
    let sql = "SELECT count(*) FROM record INDEXED BY record_changed WHERE version > 1";
    let listed: i64 = moment.records.query_row(sql, [], |row| row.get(0)).doing(DOING)?;
    findings.compare(DifferenceKind::Database, "changed records in their index", changed, listed.cast_unsigned());
    Ok(())
}

/// A record whose columns are at least of their types. What does not match its checksum is named and looked at further:
/// its keys may still be those that are stored.
fn sound<'row>(row: &'row Row<'_>, findings: &mut Findings) -> Option<RecordColumns<'row>> {
    let Some((record, checksum)) = row::stored(row) else {
        let id: i64 = row.get(0).unwrap_or_default();
        findings.differ(DifferenceKind::Record, format!("record {id}"), "columns of their types", "others");
        return None;
    };
    let what = || format!("record {}", record.id);
    if record.checksum() != checksum {
        let expected = format!("checksum {checksum}");
        findings.differ(DifferenceKind::Record, what(), expected, format!("checksum {}", record.checksum()));
    }
    let is_unchanged = record.version == 1;
    let looks_unchanged = (record.created_at, record.created_by) == (record.modified_at, record.modified_by);
    if record.version == 0 || (is_unchanged && !looks_unchanged) {
        findings.differ(DifferenceKind::Record, what(), "a version that fits its times", record.version.to_string());
    }
    Some(record)
}

/// The indexes of a module, and whether each is unique.
type Indexes = HashMap<ModuleNumber, Vec<(IndexId, bool)>>;

fn indexes(moment: &Moment<'_>) -> Indexes {
    let modules = moment.verifier.catalog.modules().iter();
    let of_module = modules.map(|module| {
        (module.number, module.indexed().map(|field| (plan::index_id(module, field), field.unique.is_some())).collect())
    });
    of_module.collect()
}

/// What is gathered on the way.
struct Walk {
    indexes: Indexes,
    keys: KeySorter,
    versions: BTreeMap<OrgId, u64>,
    /// Records that were changed since they were made.
    changed: u64,
    key: Vec<u8>,
}

impl Walk {
    fn see(&mut self, moment: &Moment<'_>, record: &RecordColumns<'_>, findings: &mut Findings) -> Result<(), Error> {
        *self.versions.entry(record.org).or_default() += u64::from(record.version);
        self.changed += u64::from(record.version > 1);
        let what = || format!("record {}", record.id);
        let Some(indexes) = self.indexes.get(&record.module) else {
            let found = format!("module {}", record.module.0);
            findings.differ(DifferenceKind::Record, what(), "a module of the catalog", found);
            return Ok(());
        };
        let Some(body) = std::str::from_utf8(record.body).ok().filter(|body| is_object(body)) else {
            findings.differ(DifferenceKind::Record, what(), "a body that is a JSON object", "something else");
            return Ok(());
        };
        for &(index, _) in indexes {
            self.key.clear();
            if body::key_into(body, index, &mut self.key) {
                let hash = moment.verifier.hasher.hash(record.org, index, &self.key).cast_signed();
                self.keys.push(KeyEntry { hash, id: record.id.0, field: index.field.0 })?;
            }
        }
        Ok(())
    }
}

fn is_object(body: &str) -> bool {
    body.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok()
}
