//! Whether any read has seen a part of a chunk: judged afterwards, when the ledger tells where chunks end.

use std::time::Instant;

use super::reader::{Read, Seen};
use crate::say::Tally;

/// What is known after the job.
#[derive(Debug)]
pub(super) struct Judge {
    pub(super) block_start: i64,
    /// The last row of each chunk.
    pub(super) chunk_ends: Vec<i64>,
}

/// What a read says of chunks: that so many could be seen at least, and so many at most.
#[derive(Clone, Copy, Debug)]
struct Says {
    began: Instant,
    ended: Instant,
    at_least: usize,
    at_most: usize,
}

impl Judge {
    /// Counts reads that saw a part of a chunk, or less than one that had ended before they began.
    pub(super) fn torn(&self, reads: &[Read]) -> u64 {
        let mut torn = Tally::new("torn");
        let mut says = Vec::new();
        for read in reads {
            let (at_least, at_most) = match &read.seen {
                Err(error) => {
                    torn_or_failed(error);
                    continue;
                }
                Ok(Seen::Middle) => continue,
                Ok(Seen::Newest(newest)) => {
                    let row = newest.map_or(0, |number| number - self.block_start);
                    match self.chunks_through(row) {
                        Some(chunks) => (chunks, chunks),
                        None => {
                            torn.add(|| format!("row {row} was the newest, and is not the last of a chunk"));
                            continue;
                        }
                    }
                }
                Ok(Seen::Row { row, found }) => {
                    let chunk = self.chunk_ends.partition_point(|end| end < row);
                    if *found { (chunk + 1, self.chunk_ends.len()) } else { (0, chunk) }
                }
            };
            says.push(Says { began: read.began, ended: read.ended, at_least, at_most });
        }
        says.sort_unstable_by_key(|it| it.began);
        let mut ended = says.clone();
        ended.sort_unstable_by_key(|it| it.ended);
        let mut before = ended.iter().peekable();
        let mut seen = 0;
        for it in &says {
            while let Some(earlier) = before.next_if(|earlier| earlier.ended < it.began) {
                seen = seen.max(earlier.at_least);
            }
            if it.at_most < seen {
                torn.add(|| format!("{} chunks were seen after {seen} had been", it.at_most));
            }
        }
        torn.count()
    }

    /// How many chunks end with this row, if one does.
    fn chunks_through(&self, row: i64) -> Option<usize> {
        if row == 0 { Some(0) } else { self.chunk_ends.iter().position(|end| *end == row).map(|place| place + 1) }
    }
}

fn torn_or_failed(error: &anyhow::Error) {
    crate::say::line(format!("error: {error:#}"));
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn torn(seen: &[Seen]) -> u64 {
        let start = Instant::now();
        let read = |(place, seen): (usize, &Seen)| {
            let began = start + Duration::from_secs(2 * place as u64);
            Read { began, ended: began + Duration::from_secs(1), seen: Ok(*seen) }
        };
        let reads: Vec<Read> = seen.iter().enumerate().map(read).collect();
        Judge { block_start: 1_000, chunk_ends: vec![10, 20, 25] }.torn(&reads)
    }

    #[test]
    fn a_chunk_is_seen_whole_or_not_at_all() {
        let newest = |row: i64| Seen::Newest(Some(1_000 + row));
        let row = |row, found| Seen::Row { row, found };
        assert_eq!(torn(&[Seen::Newest(None), newest(10), newest(10), Seen::Middle, newest(20), newest(25)]), 0);
        assert_eq!(torn(&[newest(10), newest(15), newest(20)]), 1);
        assert_eq!(torn(&[newest(20), newest(10)]), 1);
        assert_eq!(torn(&[newest(10), row(11, false), row(10, true), row(20, true), row(11, true), newest(20)]), 0);
        assert_eq!(torn(&[row(20, true), row(11, false)]), 1);
        assert_eq!(torn(&[row(20, true), newest(10)]), 1);
        assert_eq!(torn(&[newest(20), Seen::Newest(None)]), 1);
    }
}
