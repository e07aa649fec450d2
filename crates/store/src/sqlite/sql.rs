//! Small rules of every statement here: how errors are told, how numbers are stored, how ids are drawn.

use bulkwright_engine::ids::{BUCKETS, ID_BASE, IdBlock, IdNumber};
use rusqlite::{ErrorCode, Transaction, params};

use super::seal;
use crate::Error;

/// Milliseconds from 1970 to 2020: what the id counter begins at.
const MS_UNTIL_2020: i64 = 1_577_836_800_000;
/// Numbers the counter leaves for each millisecond, as a power of two.
const NUMBERS_PER_MS_LOG2: u32 = 16;
/// The largest number whose ids are in int64.
pub(super) const ID_NUMBER_MAX: u64 = ((i64::MAX - ID_BASE) / BUCKETS as i64 - 1) as u64;

/// Says what was being done when SQLite failed.
pub(super) trait Doing<T> {
    /// Turns the error into one of the store's.
    fn doing(self, doing: &'static str) -> Result<T, Error>;
}

impl<T> Doing<T> for rusqlite::Result<T> {
    fn doing(self, doing: &'static str) -> Result<T, Error> {
        self.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::Damaged { what: format!("the database ({error}, while {doing})") }
            }
            _ => Error::failed(doing, error),
        })
    }
}

/// Whether a row was refused because one like it is there.
pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

/// Milliseconds of a time in seconds.
pub(super) fn milliseconds(seconds: i64) -> i64 {
    seconds.saturating_mul(1000)
}

/// Draws one id of the counter.
pub(super) fn draw_id(tx: &Transaction<'_>, now_ms: i64) -> Result<i64, Error> {
    let block = draw_block(tx, 1, now_ms)?;
    Ok(IdNumber(block.start + 1).id(0))
}

/// Draws a block of id numbers: it starts at what the counter's next is or, if larger, at what the clock says.
pub(super) fn draw_block(tx: &Transaction<'_>, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
    let doing = "drawing ids";
    let next = seal::COUNTER.first(tx, doing, "WHERE one = 1", &[], |row| row.get::<_, i64>("next"))?;
    let next = next.ok_or_else(|| Error::Damaged { what: "the counter of ids".to_owned() })?.cast_unsigned();
    let since_2020 = u64::try_from(now_ms.saturating_sub(MS_UNTIL_2020)).unwrap_or(0);
    let start = next.max(since_2020.saturating_mul(1 << NUMBERS_PER_MS_LOG2));
    let Some(end) = start.checked_add(size).filter(|end| *end <= ID_NUMBER_MAX) else {
        let what = format!("{size} more ids after number {start} do not fit into 64 bits");
        return Err(Error::failed(doing, what));
    };
    seal::COUNTER.update(tx, doing, &[&1], "next = ?2", params![end.cast_signed()])?;
    Ok(IdBlock { start, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_last_until_2081() {
        let start_of_2081_ms: u64 = 3_502_915_200_000;
        let number = (start_of_2081_ms - MS_UNTIL_2020 as u64) << NUMBERS_PER_MS_LOG2;
        assert!(number < ID_NUMBER_MAX);
        assert!(IdNumber(ID_NUMBER_MAX).id(BUCKETS - 1) > ID_BASE);
    }
}
