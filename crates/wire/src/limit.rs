//! The vendor's published limits (contract section 4) and the schema caps of its newest OpenAPI file (section 3).

mod edition;

pub use edition::{CREDIT_WINDOW_SECONDS, CREDITS_OF_A_CALL, CREDITS_OF_A_JOB, CREDITS_TOLD_FROM, Edition, EditionRow};

/// Data rows of one CSV, without the header.
pub const ROWS_MAX: u64 = 25_000;
/// Columns of a header, and mapped fields.
pub const COLUMNS_MAX: usize = 200;
/// Bytes of an uploaded zip: `25 mb`.
pub const ZIP_BYTES_MAX: u64 = 25 * 1024 * 1024;
/// Resources of a job (schema cap).
pub const RESOURCES_MAX: usize = 100;
/// Names in `file_names` (schema cap).
pub const FILE_NAMES_MAX: usize = 10;
/// Characters of a name in `file_names` (schema cap).
pub const FILE_NAME_CHARS_MAX: usize = 255;
/// Entries of `field_mappings` that are read at all (schema cap); more than [`COLUMNS_MAX`] are refused by another code.
pub const MAPPINGS_READ_MAX: usize = 500;
/// Characters of a `file_id` (schema cap).
pub const FILE_ID_CHARS_MAX: usize = 100;
/// Characters of `character_encoding` (schema cap).
pub const ENCODING_CHARS_MAX: usize = 50;
/// Characters of an `Idempotency-Key` (ours).
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// Seconds an access token lives.
pub const ACCESS_TOKEN_SECONDS: i64 = 3600;
/// Records of one page.
pub const PAGE_RECORDS_MAX: u32 = 200;
/// Field names in the `fields` parameter.
pub const PAGE_FIELDS_MAX: usize = 50;
/// Seconds between two looks at a job, in turn; the last one repeats (a schedule seen at work, contract section 4).
pub const POLL_SECONDS: [u64; 6] = [5, 5, 10, 10, 15, 30];
/// Seconds in which a code has to be exchanged.
pub const CODE_SECONDS: i64 = 120;
/// Seconds in which a code that was taken by hand has to be exchanged, unless told otherwise.
pub const SELF_CLIENT_CODE_SECONDS: i64 = 180;
/// Seconds that may be told: the longest that the vendor's API console offers.
pub const SELF_CLIENT_CODE_SECONDS_MAX: i64 = 600;
/// Access tokens of one refresh token in [`TOKEN_WINDOW_SECONDS`].
pub const TOKENS_PER_WINDOW_MAX: u32 = 10;
/// Seconds after which tokens of a refresh token are counted anew.
pub const TOKEN_WINDOW_SECONDS: i64 = 600;
