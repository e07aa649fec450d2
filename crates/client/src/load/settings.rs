//! What a load is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use bulkwright_wire::create::Operation;
use bulkwright_wire::limit;

use crate::load::fields::FieldOptions;
use crate::load::poll::PollInterval;

/// Bytes of source rows that a part may have: what bounds memory where cells are large.
pub const PART_BYTES_MAX: usize = 128 << 20;

/// What a load is asked to do.
#[derive(Clone, Debug)]
pub struct LoadSettings {
    /// API name of the module.
    pub module: String,
    /// What happens to rows.
    pub operation: Operation,
    /// The field that matches rows to records, by API name or label.
    pub key: Option<String>,
    /// The field that rows are joined by, if that is not the key.
    pub join_by: Option<String>,
    /// Whether empty cells leave a field alone.
    pub ignore_empty: bool,
    /// What is said of columns and fields beyond their names.
    pub fields: FieldOptions,
    /// The folder of the output files.
    pub out: PathBuf,
    /// Where a part ends.
    pub parts: PartLimits,
    /// How often a job is looked at; `None` for what fits the target.
    pub poll_interval: Option<PollInterval>,
    /// How long is waited for jobs altogether; `None` for ever.
    pub wait: Option<Duration>,
}

/// Where a part ends.
#[derive(Clone, Copy, Debug)]
pub struct PartLimits {
    /// Rows at most.
    pub rows_max: usize,
    /// Bytes of its zip at most.
    pub zip_bytes_max: u64,
    /// Bytes of its rows at most.
    pub bytes_max: usize,
}

impl Default for PartLimits {
    fn default() -> Self {
        PartLimits {
            rows_max: limit::ROWS_MAX as usize,
            zip_bytes_max: limit::ZIP_BYTES_MAX,
            bytes_max: PART_BYTES_MAX,
        }
    }
}
