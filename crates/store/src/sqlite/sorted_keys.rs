//! Keys in the order of their tree, however many there are: sorted in memory run by run, and merged from a file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::Error;

/// Keys of a run, held in memory while it is gathered: 24 MB.
const RUN_KEYS_MAX: usize = 1 << 20;
/// Keys of each run that are in memory while runs are merged: 73 KB.
const WINDOW_KEYS: usize = 4096;
/// Bytes of a key in the file.
const KEY_BYTES: usize = 18;

const DOING: &str = "sorting keys";

/// An entry of the key tree, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyEntry {
    pub(super) hash: i64,
    pub(super) id: i64,
    pub(super) field: u16,
}

impl KeyEntry {
    fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..8].copy_from_slice(&self.hash.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.id.to_le_bytes());
        bytes[16..].copy_from_slice(&self.field.to_le_bytes());
        bytes
    }

    fn of_bytes(bytes: &[u8; KEY_BYTES]) -> KeyEntry {
        let eight = |at: usize| std::array::from_fn(|place| bytes[at + place]);
        KeyEntry {
            hash: i64::from_le_bytes(eight(0)),
            id: i64::from_le_bytes(eight(8)),
            field: u16::from_le_bytes([bytes[16], bytes[17]]),
        }
    }
}

/// Gathers keys in any order.
pub(super) struct KeySorter {
    run: Vec<KeyEntry>,
    run_keys_max: usize,
    /// Nameless: it goes with the process, however that ends.
    file: BufWriter<File>,
    /// Where each run ends in the file, in keys.
    ends: Vec<u64>,
}

impl KeySorter {
    /// A sorter whose file is in a directory.
    pub(super) fn new(directory: &Path) -> Result<KeySorter, Error> {
        KeySorter::with_runs(directory, RUN_KEYS_MAX)
    }

    fn with_runs(directory: &Path, run_keys_max: usize) -> Result<KeySorter, Error> {
        let file = tempfile::tempfile_in(directory).map_err(|error| Error::failed(DOING, error))?;
        Ok(KeySorter { run: Vec::new(), run_keys_max, file: BufWriter::new(file), ends: Vec::new() })
    }

    /// Takes a key.
    pub(super) fn push(&mut self, key: KeyEntry) -> Result<(), Error> {
        self.run.push(key);
        if self.run.len() < self.run_keys_max { Ok(()) } else { self.write_run() }
    }

    /// All keys in order.
    pub(super) fn sorted(mut self) -> Result<SortedKeys, Error> {
        self.write_run()?;
        let file = self.file.into_inner().map_err(|error| Error::failed(DOING, error.into_error()))?;
        let mut sorted = SortedKeys { file, runs: Vec::new(), heads: BinaryHeap::new() };
        let mut start = 0;
        for end in self.ends {
            sorted.runs.push(Run { next: start, end, window: Vec::new() });
            start = end;
        }
        for run in 0..sorted.runs.len() {
            sorted.refill_head(run)?;
        }
        Ok(sorted)
    }

    fn write_run(&mut self) -> Result<(), Error> {
        self.run.sort_unstable();
        for key in &self.run {
            self.file.write_all(&key.to_bytes()).map_err(|error| Error::failed(DOING, error))?;
        }
        let start = self.ends.last().copied().unwrap_or(0);
        self.ends.push(start + self.run.len() as u64);
        self.run.clear();
        Ok(())
    }
}

/// Keys, smallest first.
pub(super) struct SortedKeys {
    file: File,
    runs: Vec<Run>,
    /// The smallest key of each run that has more.
    heads: BinaryHeap<Reverse<(KeyEntry, usize)>>,
}

/// What is left of a run.
struct Run {
    /// The first key that is not in memory yet.
    next: u64,
    end: u64,
    /// Keys in memory, smallest last.
    window: Vec<KeyEntry>,
}

impl SortedKeys {
    /// The next key, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<KeyEntry>, Error> {
        let Some(Reverse((key, run))) = self.heads.pop() else { return Ok(None) };
        self.refill_head(run)?;
        Ok(Some(key))
    }

    fn refill_head(&mut self, place: usize) -> Result<(), Error> {
        let run = &mut self.runs[place];
        if run.window.is_empty() {
            let keys = (run.end - run.next).min(WINDOW_KEYS as u64) as usize;
            let mut bytes = vec![0; keys * KEY_BYTES];
            let offset = run.next * KEY_BYTES as u64;
            self.file.read_exact_at(&mut bytes, offset).map_err(|error| Error::failed(DOING, error))?;
            run.window = bytes.as_chunks::<KEY_BYTES>().0.iter().rev().map(KeyEntry::of_bytes).collect();
            run.next += keys as u64;
        }
        if let Some(head) = run.window.pop() {
            self.heads.push(Reverse((head, place)));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_come_back_in_order(
            keys in prop::collection::vec((any::<i64>(), any::<i64>(), any::<u16>()), 0..300),
            run_keys_max in 1..50_usize,
        ) {
            let directory = tempfile::tempdir().unwrap();
            let mut sorter = KeySorter::with_runs(directory.path(), run_keys_max).unwrap();
            let mut expected: Vec<_> = keys.into_iter().map(|(hash, id, field)| KeyEntry { hash, id, field }).collect();
            for &key in &expected {
                sorter.push(key).unwrap();
            }
            expected.sort_unstable();
            let mut sorted = sorter.sorted().unwrap();
            let mut found = Vec::new();
            while let Some(key) = sorted.next().unwrap() {
                found.push(key);
            }
            prop_assert_eq!(found, expected);
        }
    }

    /// More keys than one window holds, so that runs are read in parts.
    #[test]
    fn long_runs_are_read_in_parts() {
        let directory = tempfile::tempdir().unwrap();
        let mut sorter = KeySorter::with_runs(directory.path(), 10_000).unwrap();
        for number in 0..25_000_i64 {
            sorter.push(KeyEntry { hash: number * 7919 % 25_000, id: 1, field: 2 }).unwrap();
        }
        let mut sorted = sorter.sorted().unwrap();
        for hash in 0..25_000 {
            assert_eq!(sorted.next().unwrap(), Some(KeyEntry { hash, id: 1, field: 2 }));
        }
        assert_eq!(sorted.next().unwrap(), None);
    }
}
