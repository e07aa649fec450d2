//! The key tree against the keys that follow from the records.

use std::cmp::Ordering;

use bulkwright_engine::body;
use bulkwright_engine::ids::OrgId;
use bulkwright_engine::plan;
use bulkwright_engine::record_store::IndexId;
use rusqlite::{OptionalExtension, Row};

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::sqlite::row;
use crate::sqlite::sorted_keys::{KeyEntry, SortedKeys};
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

const DOING: &str = "reading the keys";

/// Walks both in the order of the tree. What only one of them has is named.
pub(super) fn compare(moment: &Moment<'_>, mut expected: SortedKeys, findings: &mut Findings) -> Result<(), Error> {
    let sql = "SELECT hash, id, field FROM key ORDER BY hash, id, field";
    let mut statement = moment.records.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    let mut carriers = Carriers { moment, last: None };
    let mut stored = rows.next().doing(DOING)?.map(entry).transpose()?;
    let mut wanted = expected.next()?;
    loop {
        let order = match (&stored, &wanted) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(stored), Some(wanted)) => stored.cmp(wanted),
        };
        if let (Ordering::Less, Some(key)) = (order, stored) {
            findings.differ(DifferenceKind::Key, named(key), "a record that carries it", "none");
        }
        if let (Ordering::Greater, Some(key)) = (order, wanted) {
            findings.differ(DifferenceKind::Key, named(key), "a key for the value that the record has", "none");
        }
        if order != Ordering::Greater {
            stored = rows.next().doing(DOING)?.map(entry).transpose()?;
        }
        if order != Ordering::Less {
            wanted.iter().try_for_each(|&key| carriers.see(key, findings))?;
            wanted = expected.next()?;
        }
    }
}

fn entry(row: &Row<'_>) -> Result<KeyEntry, Error> {
    let read =
        || -> rusqlite::Result<KeyEntry> { Ok(KeyEntry { hash: row.get(0)?, id: row.get(1)?, field: row.get(2)? }) };
    read().doing(DOING)
}

fn named(key: KeyEntry) -> String {
    format!("key {:016x} of record {}, field {}", key.hash, key.id, key.field)
}

/// Whether unique keys have one carrier: those of one hash come one after another.
struct Carriers<'a> {
    moment: &'a Moment<'a>,
    last: Option<KeyEntry>,
}

impl Carriers<'_> {
    fn see(&mut self, key: KeyEntry, findings: &mut Findings) -> Result<(), Error> {
        let before = self.last.replace(key).filter(|before| before.hash == key.hash && before.field == key.field);
        let Some(before) = before else { return Ok(()) };
        let (Some(one), Some(other)) = (self.unique(before)?, self.unique(key)?) else { return Ok(()) };
        if one == other {
            let what = format!("field {} of record {}", key.field, key.id);
            let found = format!("record {} has it too", before.id);
            findings.differ(DifferenceKind::Key, what, "a value that no other record has", found);
        }
        Ok(())
    }

    /// Where a value of a unique field belongs, and its folded form; `None` if the field is not unique.
    fn unique(&self, key: KeyEntry) -> Result<Option<(OrgId, IndexId, Vec<u8>)>, Error> {
        let sql = format!("SELECT {} FROM record WHERE id = ?1", row::COLUMNS);
        let mut statement = self.moment.records.prepare_cached(&sql).doing(DOING)?;
        let found = statement.query_row([key.id], |row| Ok(row::stored(row).and_then(|(it, _)| self.of(&it, key))));
        Ok(found.optional().doing(DOING)?.flatten())
    }

    fn of(&self, record: &crate::records::RecordColumns<'_>, key: KeyEntry) -> Option<(OrgId, IndexId, Vec<u8>)> {
        let module = self.moment.verifier.catalog.by_number(record.module)?;
        let field = module.indexed().find(|field| field.number.0 == key.field)?;
        field.unique?;
        let index = plan::index_id(module, field);
        let value = body::key(std::str::from_utf8(record.body).ok()?, index)?;
        Some((record.org, index, value))
    }
}
