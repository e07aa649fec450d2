//! Which indexes the key tree is complete for, and making it so where a catalog wants others.
//!
//! The note `indexes` says which keys the tree has: all of an index, or some where making or taking away was broken off.
//! What has to be done is gathered first, in one walk over the records of the modules concerned, and changes nothing: a
//! field that is to be unique and is not is refused then. After that the note says that the indexes are on their way, keys
//! go and come in the order of the tree, so many a transaction, and the note says that they are there. Whatever is done
//! twice after a death does no harm.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use bulkwright_engine::body;
use bulkwright_engine::catalog::{FieldNumber, Module, ModuleNumber};
use bulkwright_engine::ids::{OrgId, RecordId};
use bulkwright_engine::plan;
use bulkwright_engine::record_store::IndexId;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::connections::{committed, in_transaction};
use super::sorted_keys::{KeyEntry, KeySorter, SortedKeys};
use super::sql::Doing;
use super::{row, seal};
use crate::Error;
use crate::failure::FailurePoints;
use crate::records::KeyHasher;

/// Keys that one transaction adds or takes away.
const KEYS_AT_ONCE: usize = 50_000;
/// Characters of a value that an error shows.
const SHOWN_CHARS_MAX: usize = 60;

const NOTE: &str = "indexes";
const READING: &str = "reading which indexes there are";
const WALKING: &str = "reading records for an index";
const CHANGING: &str = "making an index";

/// The indexes of directories from before there was a note: e-mail addresses of Leads and Contacts, names of Accounts and
/// Deals.
const BEFORE_THE_NOTE: [(u16, u16); 4] = [(1, 4), (2, 3), (3, 1), (4, 1)];

/// What the tree has of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    module: u16,
    field: u16,
    case_sensitive: bool,
    joins: Option<[u16; 2]>,
    /// Whether no value of it repeats, as far as a walk or the writes since have seen to it.
    unique: bool,
    /// Whether it has all keys.
    is_complete: bool,
}

/// An index that a catalog wants.
struct Wanted<'m> {
    kept: Kept,
    module: &'m Module,
    field: &'m str,
}

/// What there is to do.
#[derive(Default)]
struct Work<'w> {
    add: Vec<&'w Kept>,
    remove: Vec<&'w Kept>,
    check: Vec<&'w Wanted<'w>>,
}

impl Kept {
    fn index(&self) -> IndexId {
        IndexId {
            module: ModuleNumber(self.module),
            field: FieldNumber(self.field),
            case_sensitive: self.case_sensitive,
            joins: self.joins.map(|joins| joins.map(FieldNumber)),
        }
    }
}

/// Makes the key tree that of the catalog's indexes, and answers the note that has to be written then, if it is not the
/// one that is there.
///
/// # Errors
/// [`Error::NotUnique`] if records share the value of a field that is to be unique; nothing is changed then.
pub(super) fn follow(
    connection: &mut Connection,
    points: &FailurePoints,
    hasher: &KeyHasher,
    directory: &Path,
    modules: &[Module],
) -> Result<Option<Note>, Error> {
    let wanted: Vec<Wanted<'_>> = modules.iter().flat_map(of_module).collect();
    let target: Vec<Kept> = wanted.iter().map(|wanted| wanted.kept.clone()).collect();
    let (is_empty, note) = in_transaction(connection, TransactionBehavior::Deferred, READING, |tx| {
        let is_empty =
            !tx.query_row("SELECT EXISTS (SELECT 1 FROM record)", [], |row| row.get::<_, bool>(0)).doing(READING)?;
        Ok::<(bool, Option<Vec<Kept>>), Error>((is_empty, read_note(tx)?))
    })?;
    let present = note.clone().unwrap_or_else(before_the_note);
    let work = if is_empty { Work::default() } else { work(&wanted, &present) };
    if !work.add.is_empty() || !work.remove.is_empty() || !work.check.is_empty() {
        tracing::info!(
            added = work.add.len(),
            removed = work.remove.len(),
            checked = work.check.len(),
            "the indexes of the modules have changed: reading their records"
        );
        let gathered = gather(connection, hasher, directory, &work)?;
        let under_way = |kept: &Kept| Kept { is_complete: false, ..kept.clone() };
        let mut on_the_way: Vec<Kept> = work.remove.iter().chain(&work.add).map(|kept| under_way(kept)).collect();
        on_the_way.extend(present.iter().filter(|kept| !work.remove.contains(kept)).cloned());
        committed(connection, points, CHANGING, |tx| write_note(tx, &on_the_way))?;
        let Gathered { remove, add } = gathered;
        change(connection, points, remove, "DELETE FROM key WHERE hash = ?1 AND id = ?2 AND field = ?3")?;
        change(connection, points, add, "INSERT OR IGNORE INTO key (hash, id, field) VALUES (?1, ?2, ?3)")?;
    }
    Ok((note.as_ref() != Some(&target)).then_some(Note(target)))
}

/// Says that the key tree is that of a catalog.
pub(super) struct Note(Vec<Kept>);

impl Note {
    pub(super) fn write(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        write_note(tx, &self.0)
    }
}

fn of_module(module: &Module) -> impl Iterator<Item = Wanted<'_>> {
    module.indexed().map(|field| {
        let index = plan::index_id(module, field);
        let kept = Kept {
            module: index.module.0,
            field: index.field.0,
            case_sensitive: index.case_sensitive,
            joins: index.joins.map(|joins| joins.map(|field| field.0)),
            unique: field.unique.is_some(),
            is_complete: true,
        };
        Wanted { kept, module, field: &field.api_name }
    })
}

fn before_the_note() -> Vec<Kept> {
    let kept =
        |(module, field)| Kept { module, field, case_sensitive: false, joins: None, unique: false, is_complete: true };
    BEFORE_THE_NOTE.map(kept).to_vec()
}

fn work<'w>(wanted: &'w [Wanted<'w>], present: &'w [Kept]) -> Work<'w> {
    let mut work = Work::default();
    for wanted in wanted {
        let same = present.iter().find(|kept| kept.index() == wanted.kept.index() && kept.is_complete);
        if same.is_none() {
            work.add.push(&wanted.kept);
        }
        if wanted.kept.unique && same.is_none_or(|kept| !kept.unique) {
            work.check.push(wanted);
        }
    }
    let is_wanted = |kept: &Kept| wanted.iter().any(|wanted| wanted.kept.index() == kept.index());
    work.remove.extend(present.iter().filter(|kept| !is_wanted(kept)));
    work
}

struct Gathered {
    remove: SortedKeys,
    add: SortedKeys,
}

/// Walks the records of the modules concerned, and looks at the values of fields that are to be unique.
fn gather(
    connection: &mut Connection,
    hasher: &KeyHasher,
    directory: &Path,
    work: &Work<'_>,
) -> Result<Gathered, Error> {
    let [mut add, mut remove, mut check] =
        [KeySorter::new(directory)?, KeySorter::new(directory)?, KeySorter::new(directory)?];
    in_transaction(connection, TransactionBehavior::Deferred, WALKING, |tx| {
        let mut modules: BTreeMap<u16, [Vec<IndexId>; 3]> = BTreeMap::new();
        work.add.iter().for_each(|it| modules.entry(it.module).or_default()[0].push(it.index()));
        work.remove.iter().for_each(|it| modules.entry(it.module).or_default()[1].push(it.index()));
        work.check.iter().for_each(|it| modules.entry(it.kept.module).or_default()[2].push(it.kept.index()));
        let mut key = Vec::new();
        for (module, indexes) in &modules {
            walk(tx, ModuleNumber(*module), |org, id, record| {
                for (indexes, sorter) in indexes.iter().zip([&mut add, &mut remove, &mut check]) {
                    for index in indexes {
                        key.clear();
                        if body::key_into(record, *index, &mut key) {
                            let hash = hasher.hash(org, *index, &key).cast_signed();
                            sorter.push(KeyEntry { hash, id: id.0, field: index.field.0 })?;
                        }
                    }
                }
                Ok(())
            })?;
        }
        check_unique(tx, check.sorted()?, &work.check)
    })?;
    Ok(Gathered { remove: remove.sorted()?, add: add.sorted()? })
}

/// Each record of a module, whoever's it is. One whose checksum does not match has no keys that anybody could say.
fn walk(
    tx: &Transaction<'_>,
    module: ModuleNumber,
    mut see: impl FnMut(OrgId, RecordId, &str) -> Result<(), Error>,
) -> Result<(), Error> {
    let sql = "SELECT first_id, last_id FROM extent WHERE module = ?1 ORDER BY first_id";
    let mut statement = tx.prepare(sql).doing(WALKING)?;
    let extents = statement.query_map([module.0], |row| Ok((row.get(0)?, row.get(1)?))).doing(WALKING)?;
    let extents = extents.collect::<rusqlite::Result<Vec<(i64, i64)>>>().doing(WALKING)?;
    let sql = format!("SELECT {} FROM record WHERE id BETWEEN ?1 AND ?2", row::COLUMNS);
    let mut statement = tx.prepare(&sql).doing(WALKING)?;
    for (first, last) in extents {
        let mut rows = statement.query([first, last]).doing(WALKING)?;
        while let Some(found) = rows.next().doing(WALKING)? {
            let sound = row::stored(found).filter(|(record, checksum)| record.checksum() == *checksum);
            let Some((record, _)) = sound.filter(|(record, _)| record.module == module) else { continue };
            if let Ok(body) = std::str::from_utf8(record.body) {
                see(record.org, record.id, body)?;
            }
        }
    }
    Ok(())
}

/// Compares the records whose keys have one hash: the hash alone decides nothing.
fn check_unique(tx: &Transaction<'_>, mut keys: SortedKeys, wanted: &[&Wanted<'_>]) -> Result<(), Error> {
    let mut alike: Vec<KeyEntry> = Vec::new();
    while let Some(entry) = keys.next()? {
        if alike.first().is_some_and(|first| first.hash != entry.hash) {
            compare(tx, &alike, wanted)?;
            alike.clear();
        }
        alike.push(entry);
    }
    compare(tx, &alike, wanted)
}

fn compare(tx: &Transaction<'_>, alike: &[KeyEntry], wanted: &[&Wanted<'_>]) -> Result<(), Error> {
    if alike.len() < 2 {
        return Ok(());
    }
    let mut first_of: HashMap<(i64, IndexId, Vec<u8>), i64> = HashMap::new();
    let sql = format!("SELECT {} FROM record WHERE id = ?1", row::COLUMNS);
    let mut statement = tx.prepare_cached(&sql).doing(WALKING)?;
    for entry in alike {
        let mut rows = statement.query([entry.id]).doing(WALKING)?;
        let Some(found) = rows.next().doing(WALKING)? else { continue };
        let Some((record, _)) = row::stored(found) else { continue };
        let is_its = |it: &&&Wanted<'_>| it.kept.module == record.module.0 && it.kept.field == entry.field;
        let (Some(wanted), Ok(body)) = (wanted.iter().find(is_its), std::str::from_utf8(record.body)) else { continue };
        let index = wanted.kept.index();
        let Some(key) = body::key(body, index) else { continue };
        if let Some(first) = first_of.insert((record.org.0, index, key), entry.id) {
            let value = body::get(body, index.field).map(|value| value.text().into_owned()).unwrap_or_default();
            return Err(Error::NotUnique {
                module: wanted.module.api_name.clone(),
                field: wanted.field.to_owned(),
                value: value.chars().take(SHOWN_CHARS_MAX).collect(),
                records: [RecordId(first), RecordId(entry.id)],
            });
        }
    }
    Ok(())
}

/// Adds keys or takes them away, in the order of the tree.
fn change(connection: &mut Connection, points: &FailurePoints, mut keys: SortedKeys, sql: &str) -> Result<(), Error> {
    let mut next = keys.next()?;
    while next.is_some() {
        committed(connection, points, CHANGING, |tx| {
            let mut statement = tx.prepare_cached(sql).doing(CHANGING)?;
            for _ in 0..KEYS_AT_ONCE {
                let Some(key) = next else { break };
                statement.execute(params![key.hash, key.id, key.field]).doing(CHANGING)?;
                next = keys.next()?;
            }
            Ok::<(), Error>(())
        })?;
    }
    Ok(())
}

fn read_note(tx: &Transaction<'_>) -> Result<Option<Vec<Kept>>, Error> {
    let text = seal::META.first(tx, READING, "WHERE name = ?1", &[&NOTE], |row| row.get::<_, Vec<u8>>("value"))?;
    let Some(text) = text else { return Ok(None) };
    let kept = serde_json::from_slice(&text).map_err(|_| Error::Damaged { what: format!("the note {NOTE}") })?;
    Ok(Some(kept))
}

fn write_note(tx: &Transaction<'_>, kept: &[Kept]) -> Result<(), Error> {
    let text = serde_json::to_vec(kept).map_err(|error| Error::failed(CHANGING, error))?;
    let sql = "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)";
    seal::META.insert(tx, CHANGING, sql, params![NOTE, text]).map(|_| ())
}
