//! From what single conditions found to what the whole filter is true of.
//!
//! Every condition is read by its index, up to a limit. What a filter can be true of is then among what its conditions
//! found, as far as these were read to their end: beyond, nothing is known, and nothing is told.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::vec;

use bulkwright_engine::ids::RecordId;
use bulkwright_store::model::Record;

use super::filter::Filter;

/// What one condition found.
pub(super) struct Read {
    /// In the order of their ids.
    pub(super) records: Vec<Record>,
    /// Whether there are no more.
    pub(super) whole: bool,
}

/// The first `limit` records that the filter is true of, in the order of their ids. `None` if what was read does not
/// tell them. There is a read for each condition of the filter, from left to right.
pub(super) fn select(filter: &Filter, reads: Vec<Read>, limit: usize) -> Option<Vec<Record>> {
    let candidates = Candidates::of(filter, &mut reads.into_iter());
    let known_to = candidates.known_to;
    let mut found: Vec<Record> = candidates.records.into_values().filter(|record| filter.is_true_of(record)).collect();
    found.truncate(limit);
    (known_to.is_none() || found.len() == limit).then_some(found)
}

/// All that a filter can be true of.
struct Candidates {
    records: BTreeMap<RecordId, Record>,
    /// The id after which nothing is known; `None` if all is.
    known_to: Option<RecordId>,
}

impl Candidates {
    fn of(filter: &Filter, reads: &mut vec::IntoIter<Read>) -> Self {
        match filter {
            Filter::Is(_) => Self::of_read(reads.next().expect("there is a read for each condition")),
            Filter::All(list) => Self::smallest(list.iter().map(|one| Self::of(one, reads))),
            Filter::Any(list) => Self::together(list.iter().map(|one| Self::of(one, reads))),
        }
    }

    fn of_read(read: Read) -> Self {
        let last = read.records.last().map_or(RecordId(0), |record| record.id);
        let records = read.records.into_iter().map(|record| (record.id, record)).collect();
        Candidates { records, known_to: (!read.whole).then_some(last) }
    }

    /// What all conditions are true of is among what each of them is: one that was read to its end, or else the one that
    /// was read farthest.
    fn smallest(each: impl Iterator<Item = Self>) -> Self {
        let smallest = each.min_by_key(|one| (one.known_to.is_some(), Reverse(one.known_to), one.records.len()));
        smallest.expect("a group has conditions")
    }

    fn together(each: impl Iterator<Item = Self>) -> Self {
        let mut all = Candidates { records: BTreeMap::new(), known_to: None };
        for one in each {
            all.records.extend(one.records);
            all.known_to = [all.known_to, one.known_to].into_iter().flatten().min();
        }
        if let Some(known_to) = all.known_to {
            all.records.retain(|&id, _| id <= known_to);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use bulkwright_engine::catalog::{FieldNumber, ModuleNumber};
    use bulkwright_engine::ids::UserId;
    use bulkwright_engine::record_store::IndexId;
    use proptest::prelude::*;

    use super::super::filter::Test;
    use super::*;

    /// A record whose two fields hold these letters.
    fn record(id: i64, one: u8, two: u8) -> Record {
        Record {
            id: RecordId(id),
            version: 1,
            body: format!(r#"{{"1":"{}","2":"{}"}}"#, char::from(one), char::from(two)).into(),
            created_at: 0,
            created_by: UserId(1),
            modified_at: 0,
            modified_by: UserId(1),
        }
    }

    fn tests() -> impl Strategy<Value = Filter> {
        let key = |field| {
            let index =
                IndexId { module: ModuleNumber(1), field: FieldNumber(field), case_sensitive: false, joins: None };
            move |letter: u8| Filter::Is(Test::Key { index, key: vec![letter] })
        };
        prop_oneof![
            (b'a'..b'd').prop_map(key(1)),
            (b'a'..b'd').prop_map(key(2)),
            (1..20i64).prop_map(|id| Filter::Is(Test::Id(RecordId(id)))),
        ]
    }

    fn filters() -> impl Strategy<Value = Filter> {
        tests().prop_recursive(3, 10, 3, |inner| {
            let list = prop::collection::vec(inner, 2..4);
            prop_oneof![list.clone().prop_map(Filter::All), list.prop_map(Filter::Any)]
        })
    }

    /// What the store answers to one condition.
    fn read(all: &[Record], test: &Test, limit: usize) -> Read {
        let filter = Filter::Is(test.clone());
        let carriers: Vec<Record> = all.iter().filter(|record| filter.is_true_of(record)).cloned().collect();
        match test {
            Test::Id(_) => Read { records: carriers, whole: true },
            Test::Key { .. } => {
                Read { records: carriers.iter().take(limit).cloned().collect(), whole: carriers.len() < limit }
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_what_a_look_at_every_record_tells(
            filter in filters(),
            letters in prop::collection::vec((b'a'..b'd', b'a'..b'd'), 0..20),
            read_max in 0..24usize,
            limit in 1..8usize,
        ) {
            let all: Vec<Record> = (1..).zip(&letters).map(|(id, &(one, two))| record(id, one, two)).collect();
            let expected: Vec<Record> = all.iter().filter(|one| filter.is_true_of(one)).take(limit).cloned().collect();
            let reads = filter.tests().into_iter().map(|test| read(&all, test, read_max)).collect();
            let told = select(&filter, reads, limit);
            let has_enough = read_max > letters.len() || (!filter.has_all() && read_max >= limit);
            if let Some(told) = &told {
                prop_assert_eq!(told, &expected);
            }
            prop_assert!(told.is_some() || !has_enough, "reading {} did not tell", read_max);
        }
    }
}
