//! Ids as types, so that one is never taken for another.
//!
//! Everything that Bulkwright numbers itself is `10^18 + n * 64 + bucket`: 19 digits, inside int64 until 2081, with the
//! placement bucket in the six low bits so that an id alone finds its shard.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

/// Where our own ids begin: `10^18` makes every one of them 19 digits long.
pub const ID_BASE: i64 = 1_000_000_000_000_000_000;

/// Buckets an installation places its records in. Fixed for ever: the number is part of every id.
pub const BUCKETS: u8 = 64;

/// The number of an id: its place in the one durable counter of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdNumber(pub u64);

impl IdNumber {
    /// The id that this number gives in `bucket` (below [`BUCKETS`]).
    pub fn id(self, bucket: u8) -> i64 {
        debug_assert!(bucket < BUCKETS);
        ID_BASE + (self.0 as i64) * i64::from(BUCKETS) + i64::from(bucket)
    }
}

/// A block of id numbers that one resource of one job owns. Row `r` (the first data row is 1) has number `start + r`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdBlock {
    /// The number before the block's first.
    pub start: u64,
    /// How many rows it covers.
    pub size: u64,
}

impl IdBlock {
    /// The id of data row `row` (1 is the first), placed in `bucket`; `None` past the block's end.
    pub fn record(self, row: u64, bucket: u8) -> Option<RecordId> {
        (row >= 1 && row <= self.size).then(|| RecordId(IdNumber(self.start + row).id(bucket)))
    }

    /// The smallest and the largest record id that the block can give.
    pub fn bounds(self) -> (RecordId, RecordId) {
        let first = IdNumber(self.start + 1).id(0);
        let last = IdNumber(self.start + self.size).id(BUCKETS - 1);
        (RecordId(first), RecordId(last))
    }
}

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            /// Reads the decimal digits of the wire. A sign is no digit.
            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                if text.starts_with(['+', '-']) {
                    return "x".parse::<i64>().map($name);
                }
                text.parse().map($name)
            }
        }
    )*};
}

id_type! {
    /// An organisation, the tenant: the wire's `zgid`.
    OrgId;
    /// A user of an organisation.
    UserId;
    /// A record of any module.
    RecordId;
    /// A bulk write job.
    JobId;
    /// An uploaded zip: the wire's `file_id`.
    FileId;
}
