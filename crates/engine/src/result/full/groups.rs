//! Faults of a resource, counted by code, reason and mapping, each with its first row.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::{FullFault, Known, Place, Upload, each_settled};
use crate::record_store::{LedgerRow, StoreError};
use crate::result::ResultError;
use crate::verdict::{Counts, Fault};
use crate::verdict_bytes::RowVerdict;

/// Groups that are told; rows of further ones are only counted.
pub const GROUPS_MAX: usize = 100;

/// Rows with one and the same fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// How many.
    pub rows: u64,
    /// Which data row is the first of them, from 1.
    pub first_row: u64,
    /// Where that is; `None` if the upload is gone.
    pub place: Option<Place>,
    /// The fault, as the first row has it.
    pub fault: FullFault,
}

/// All groups, the largest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Groups {
    /// All rows that are settled.
    pub counts: Counts,
    /// The largest ones.
    pub groups: Vec<Group>,
    /// How many there are beside those.
    pub left_off: usize,
}

/// Counts the faults of everything that is settled.
///
/// # Errors
/// [`ResultError::Ledger`], [`ResultError::SourceShort`] and [`ResultError::VerdictMissing`].
pub fn groups(known: Known<'_, impl Iterator<Item = Result<LedgerRow, StoreError>>>) -> Result<Groups, ResultError> {
    let Known { spec, ledger, block, source, .. } = known;
    let (mut counts, mut counted) = (Counts::default(), HashMap::<Fault, (u64, u64)>::new());
    let ledger = ledger.inspect(|chunk| chunk.iter().for_each(|chunk| counts += chunk.counts));
    let _ = each_settled(ledger, block, 1, |number, verdict| {
        if let RowVerdict::Skipped(faults) = verdict {
            faults.for_each(|fault| counted.entry(fault).or_insert((0, number)).0 += 1);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut largest: Vec<_> = counted.into_iter().collect();
    largest.sort_unstable_by_key(|&(fault, (rows, first_row))| (u64::MAX - rows, first_row, fault));
    let left_off = largest.len().saturating_sub(GROUPS_MAX);
    largest.truncate(GROUPS_MAX);
    let groups = Upload::new(spec, source).with_examples(largest)?;
    Ok(Groups { counts, groups, left_off })
}

impl Upload<'_> {
    /// Reads the first row of each group, in file order; the groups keep theirs.
    fn with_examples(&mut self, counted: Vec<(Fault, (u64, u64))>) -> Result<Vec<Group>, ResultError> {
        let mut in_file_order: Vec<_> = counted.into_iter().enumerate().collect();
        in_file_order.sort_unstable_by_key(|(_, (_, (_, first_row)))| *first_row);
        let mut groups = Vec::with_capacity(in_file_order.len());
        for of_row in in_file_order.chunk_by(|(_, (_, (_, one))), (_, (_, (_, other)))| one == other) {
            let first_row = of_row[0].1.1.1;
            let faults = of_row.iter().map(|(_, (fault, _))| *fault);
            let (place, full) = self.placed(first_row, faults)?;
            groups.extend(
                of_row
                    .iter()
                    .zip(full)
                    .map(|((rank, (_, (rows, _))), fault)| (*rank, Group { rows: *rows, first_row, place, fault })),
            );
        }
        groups.sort_unstable_by_key(|(rank, _)| *rank);
        Ok(groups.into_iter().map(|(_, group)| group).collect())
    }
}
