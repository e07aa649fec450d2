//! What must come of a sequence of jobs, told by the plainest rules: row after row, a map from keys to records.

use std::collections::HashMap;

use bulkwright_client::api_words::Operation;

use crate::sequence::{COLUMNS, Fault, Job, Key, Row};

/// A row of a job: how records are named here, whatever id a server gave them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) job: u32,
    pub(crate) row: u32,
}

/// Who wrote a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) added: Place,
    /// Who wrote the columns that updates leave alone.
    named: Place,
    /// Who wrote it last.
    pub(crate) last: Place,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Added,
    Updated(Place),
    Skipped(&'static str),
}

/// What a job comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) added: u64,
    pub(crate) updated: u64,
    pub(crate) skipped: u64,
}

/// The records after the jobs that it was told of.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    /// Each with its turn.
    jobs: HashMap<u32, (usize, Job)>,
    /// In the order they were made, which is the order of their ids.
    records: Vec<Record>,
    places: HashMap<Place, usize>,
    holders: HashMap<Key, Vec<usize>>,
}

impl Oracle {
    /// Applies the next job, and tells the verdict of each row.
    pub(crate) fn apply(&mut self, job: &Job) -> (Vec<Verdict>, Counts) {
        self.jobs.insert(job.number, (self.jobs.len(), job.clone()));
        let mut counts = Counts::default();
        let verdicts = (1..=job.rows).map(|number| {
            let verdict = self.settle(job, &job.row(number));
            match verdict {
                Verdict::Added => counts.added += 1,
                Verdict::Updated(_) => counts.updated += 1,
                Verdict::Skipped(_) => counts.skipped += 1,
            }
            verdict
        });
        (verdicts.collect(), counts)
    }

    fn settle(&mut self, job: &Job, row: &Row) -> Verdict {
        let place = Place { job: job.number, row: row.number };
        match row.fault {
            Some(Fault::BadKey) => return Verdict::Skipped("INVALID_DATA-Email"),
            Some(Fault::BadNumber) => return Verdict::Skipped("INVALID_DATA-No_of_Employees"),
            Some(Fault::NoName) => return Verdict::Skipped("MANDATORY_NOT_FOUND-Last_Name"),
            None => {}
        }
        let found = match row.key {
            _ if !job.keyed => &[][..],
            None if job.operation == Operation::Update => return Verdict::Skipped("MANDATORY_NOT_FOUND-Email"),
            None => &[][..],
            Some(key) => self.holders.get(&key).map(Vec::as_slice).unwrap_or_default(),
        };
        match (found, job.operation) {
            ([], Operation::Update) => Verdict::Skipped("RESOURCE_NOT_FOUND-Email"),
            ([], Operation::Insert | Operation::Upsert) => self.add(place, row),
            (&[record], Operation::Update | Operation::Upsert) => self.change(record, place, job.operation),
            _ => Verdict::Skipped("DUPLICATE_DATA-Email"),
        }
    }

    fn add(&mut self, place: Place, row: &Row) -> Verdict {
        let record = self.records.len();
        self.records.push(Record { added: place, named: place, last: place });
        self.places.insert(place, record);
        if let Some(key) = row.key {
            self.holders.entry(key).or_default().push(record);
        }
        Verdict::Added
    }

    fn change(&mut self, record: usize, place: Place, operation: Operation) -> Verdict {
        let record = &mut self.records[record];
        record.last = place;
        if operation == Operation::Upsert {
            record.named = place;
        }
        Verdict::Updated(record.added)
    }

    /// All records in the order they were made.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The place of a record in [`Oracle::records`].
    pub(crate) fn find(&self, added: Place) -> Option<usize> {
        self.places.get(&added).copied()
    }

    /// Whose turn came how late: the place of a job in the order in which they ran.
    pub(crate) fn turn(&self, job: u32) -> usize {
        self.jobs[&job].0
    }

    /// What a record holds in a column.
    pub(crate) fn cell(&self, record: &Record, column: &str) -> String {
        let from_update = COLUMNS[..3].contains(&column);
        let writer = if from_update { record.last } else { record.named };
        let (_, job) = &self.jobs[&writer.job];
        job.cell(&job.row(writer.row), column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies jobs of a seed until every verdict was given.
    #[test]
    fn a_record_is_what_its_last_writers_say() {
        let mut oracle = Oracle::default();
        let mut sum = Counts::default();
        let mut reasons = std::collections::BTreeSet::new();
        for job in (0..40).map(|number| Job::new(1, number)).filter(|job| job.rows < 30_000) {
            let (verdicts, counts) = oracle.apply(&job);
            assert_eq!(verdicts.len(), job.rows as usize);
            sum.added += counts.added;
            sum.updated += counts.updated;
            reasons.extend(verdicts.iter().filter_map(|verdict| match verdict {
                Verdict::Skipped(reason) => Some(*reason),
                _ => None,
            }));
        }
        assert_eq!(oracle.records().len() as u64, sum.added);
        assert!(sum.updated > 1_000, "{sum:?}");
        let expected = [
            "DUPLICATE_DATA-Email",
            "INVALID_DATA-Email",
            "INVALID_DATA-No_of_Employees",
            "MANDATORY_NOT_FOUND-Email",
            "MANDATORY_NOT_FOUND-Last_Name",
            "RESOURCE_NOT_FOUND-Email",
        ];
        assert_eq!(reasons.into_iter().collect::<Vec<_>>(), expected);
        let changed = oracle.records().iter().find(|record| record.named != record.last).unwrap();
        assert_eq!(oracle.cell(changed, "Company"), format!("Company {}-{}", changed.last.job, changed.last.row));
        assert_eq!(oracle.cell(changed, "Last_Name"), format!("Name {}-{}", changed.named.job, changed.named.row));
        let place = oracle.find(changed.added).unwrap();
        assert_eq!(oracle.records()[place].added, changed.added);
    }
}
