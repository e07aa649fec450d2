//! From keys to records: hashes find candidates, the records decide.

use bulkwright_engine::body;
use bulkwright_engine::ids::{OrgId, RecordId};
use bulkwright_engine::record_store::{IndexId, Key, Matches};
use rusqlite::{Rows, Statement, Transaction};

use super::row;
use super::sql::Doing;
use crate::Error;
use crate::model::Record;
use crate::records::KeyHasher;

/// Entries of the key tree that are stepped over before a new search from its root is cheaper. A step costs about an
/// eighth of a search that finds its pages in the cache.
const STEPS_MAX: usize = 8;

const DOING: &str = "finding records by key";

/// A key that is looked for: the hash, and its place among those asked for. Hashes are in the order of the tree, where
/// they are signed.
type Wanted = (i64, u32);

/// A record that may carry the key at this place.
type Candidate = (RecordId, u32);

/// Ids of the records that carry each key, in the order asked.
pub(super) fn find(
    tx: &Transaction<'_>,
    hasher: &KeyHasher,
    org: OrgId,
    index: IndexId,
    keys: &[&Key],
) -> Result<Matches, Error> {
    let candidates = candidates(tx, index, &wanted(hasher, org, index, keys))?;
    let mut carriers = carriers(tx, org, index, keys, candidates)?;
    carriers.sort_unstable_by_key(|&(id, place)| (place, id));
    let mut matches = Matches::with_capacity(keys.len());
    let mut rest = carriers.as_slice();
    for place in 0..keys.len() {
        let (own, later) = rest.split_at(rest.partition_point(|&(_, at)| at as usize <= place));
        matches.push(own.iter().map(|&(id, _)| id));
        rest = later;
    }
    Ok(matches)
}

/// Whether a record other than `own[i]` carries `keys[i]`, for any `i`. Does not read the records themselves where only
/// their own entries are found, as in nearly every bulk insert.
pub(super) fn carried_by_others(
    tx: &Transaction<'_>,
    hasher: &KeyHasher,
    org: OrgId,
    index: IndexId,
    keys: &[&Key],
    own: &[RecordId],
) -> Result<bool, Error> {
    let mut candidates = candidates(tx, index, &wanted(hasher, org, index, keys))?;
    candidates.retain(|&(id, place)| own[place as usize] != id);
    Ok(!carriers(tx, org, index, keys, candidates)?.is_empty())
}

/// Records that carry a key, in id order.
pub(super) fn search(
    tx: &Transaction<'_>,
    hasher: &KeyHasher,
    org: OrgId,
    index: IndexId,
    key: &Key,
    limit: u32,
) -> Result<Vec<Record>, Error> {
    let matches = find(tx, hasher, org, index, &[key])?;
    let ids = matches.of(0).iter().take(limit as usize);
    ids.filter_map(|&id| row::get(tx, org, index.module, id).transpose()).collect()
}

fn wanted(hasher: &KeyHasher, org: OrgId, index: IndexId, keys: &[&Key]) -> Vec<Wanted> {
    let hashed = |(key, place): (&&Key, u32)| (hasher.hash(org, index, key).cast_signed(), place);
    let mut wanted: Vec<Wanted> = keys.iter().zip(0..).map(hashed).collect();
    wanted.sort_unstable();
    wanted
}

/// Walks the key tree from left to right, searching anew only over long gaps.
fn candidates(tx: &Transaction<'_>, index: IndexId, wanted: &[Wanted]) -> Result<Vec<Candidate>, Error> {
    let sql = "SELECT hash, id, field FROM key WHERE hash >= ?1 ORDER BY hash, id, field";
    let mut statement = tx.prepare_cached(sql).doing(DOING)?;
    let mut found = Vec::new();
    let mut next = 0;
    while next < wanted.len() {
        let mut rows = from_hash(&mut statement, wanted[next].0)?;
        next = walk(&mut rows, index, wanted, next, &mut found).doing(DOING)?;
    }
    Ok(found)
}

fn from_hash<'s>(statement: &'s mut Statement<'_>, hash: i64) -> Result<Rows<'s>, Error> {
    statement.query([hash]).doing(DOING)
}

/// Answers the place in `wanted` to search for next: all before it are settled.
fn walk(
    rows: &mut Rows<'_>,
    index: IndexId,
    wanted: &[Wanted],
    mut next: usize,
    found: &mut Vec<Candidate>,
) -> rusqlite::Result<usize> {
    let mut steps = 0;
    while let Some(row) = rows.next()? {
        let hash: i64 = row.get(0)?;
        while wanted.get(next).is_some_and(|&(before, _)| before < hash) {
            next += 1;
            steps = 0;
        }
        let Some(&(looked_for, _)) = wanted.get(next) else { return Ok(next) };
        if looked_for == hash {
            if row.get::<_, u16>(2)? == index.field.0 {
                let id = RecordId(row.get(1)?);
                let equal = wanted[next..].iter().take_while(|&&(other, _)| other == hash);
                found.extend(equal.map(|&(_, place)| (id, place)));
            }
            continue;
        }
        steps += 1;
        if steps > STEPS_MAX {
            return Ok(next);
        }
    }
    Ok(wanted.len())
}

/// Keeps the candidates whose record really carries the key. Records are read in the order of their tree, each once.
fn carriers(
    tx: &Transaction<'_>,
    org: OrgId,
    index: IndexId,
    keys: &[&Key],
    mut candidates: Vec<Candidate>,
) -> Result<Vec<Candidate>, Error> {
    candidates.sort_unstable();
    let mut key = Vec::new();
    let mut kept = Vec::with_capacity(candidates.len());
    for of_one_record in candidates.chunk_by(|one, other| one.0 == other.0) {
        if read_key(tx, org, index, of_one_record[0].0, &mut key)? {
            kept.extend(of_one_record.iter().filter(|&&(_, place)| keys[place as usize] == key.as_slice()));
        }
    }
    Ok(kept)
}

/// Reads a record's key of an index into `key`. False if the record has none, or is another organisation's or module's.
fn read_key(tx: &Transaction<'_>, org: OrgId, index: IndexId, id: RecordId, key: &mut Vec<u8>) -> Result<bool, Error> {
    key.clear();
    let has = row::look(tx, org, index.module, id, |record| Ok(body::key_into(row::body(&record)?, index, key)))?;
    Ok(has.unwrap_or(false))
}
