//! The typing side: rows become batches until the file ends or fails.

use std::sync::mpsc::{Receiver, SyncSender};

use super::{Failure, FailureCode, Import};
use crate::archive::FileProblem;
use crate::batch::Batch;
use crate::inflate::InflateAhead;
use crate::plan::Plan;
use crate::reader::{ReadProblem, RowReader};

/// What comes from the typing side.
#[expect(clippy::large_enum_variant, reason = "a job sends few of them, and nearly all are chunks")]
pub(super) enum Delivery {
    /// The rows of a chunk.
    Chunk(Batch),
    /// There are no more rows.
    End,
    /// The file is at fault; rows behind the last chunk were typed for nothing.
    Failed(Failure),
    /// The disk is at fault.
    Unreadable(std::io::Error),
}

/// Reads and types rows.
pub(super) struct Typist<'a> {
    pub import: &'a Import<'a>,
    pub plan: &'a Plan,
    pub reader: RowReader<InflateAhead>,
    /// The first data row that no earlier run has settled.
    pub first_row: u64,
}

/// Why filling a batch ended.
enum Filled {
    Full,
    ToTheEnd,
    Failed(Failure),
    Unreadable(std::io::Error),
}

impl Typist<'_> {
    /// Delivers chunks until the file ends, or until nobody takes them any more: then the import was stopped, and there
    /// is nothing to tell.
    pub(super) fn run(mut self, pool: &Receiver<Batch>, deliver: &SyncSender<Delivery>) {
        while let Ok(mut batch) = pool.recv() {
            let last = match self.fill(&mut batch) {
                Filled::Full => {
                    if deliver.send(Delivery::Chunk(batch)).is_err() {
                        return;
                    }
                    continue;
                }
                Filled::ToTheEnd if batch.is_empty() => Delivery::End,
                Filled::ToTheEnd => {
                    if deliver.send(Delivery::Chunk(batch)).is_err() {
                        return;
                    }
                    Delivery::End
                }
                // What is in the batch is dropped: its rows stay unprocessed.
                Filled::Failed(failure) => Delivery::Failed(failure),
                Filled::Unreadable(error) => Delivery::Unreadable(error),
            };
            let _ = deliver.send(last);
            return;
        }
    }

    fn fill(&mut self, batch: &mut Batch) -> Filled {
        batch.begin(self.first_row);
        loop {
            let row = match self.reader.next_row() {
                Ok(Some(row)) => row,
                Ok(None) => return Filled::ToTheEnd,
                Err(problem) => return broken(problem),
            };
            if row.number < self.first_row {
                continue;
            }
            if row.number > self.import.block.size {
                return Filled::Failed(past_the_block(self.import.block.size));
            }
            batch.push(self.plan, &row);
            if batch.is_full(self.import.limits.chunk_bytes_max) {
                self.first_row = row.number + 1;
                return Filled::Full;
            }
        }
    }
}

fn broken(problem: ReadProblem) -> Filled {
    let code = match problem {
        ReadProblem::File(FileProblem::Io(error)) => return Filled::Unreadable(error),
        ReadProblem::TooManyRows { .. } | ReadProblem::File(FileProblem::TooLarge { .. }) => FailureCode::LimitExceeded,
        _ => FailureCode::FileNotSupported,
    };
    Filled::Failed(Failure { code, message: problem.to_string() })
}

/// The reader stops at the row limit and at the declared size, of which the block's size is the smaller; only a block
/// that was reserved under other limits comes here.
fn past_the_block(rows: u64) -> Failure {
    Failure {
        code: FailureCode::LimitExceeded,
        message: format!("the CSV has more than the {rows} rows that ids were reserved for; split it"),
    }
}
