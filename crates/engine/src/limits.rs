//! The limits an import is given. The engine knows none of its own: the server reads them from its settings.

use std::time::Duration;

/// Bounds of one resource. `u64::MAX` lifts one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Data rows a CSV may have (contract section 4: 25,000).
    pub rows_max: u64,
    /// Columns a header may have, and fields a mapping may name (contract section 4: 200).
    pub columns_max: usize,
    /// Bytes of the uploaded zip (contract section 4: 25 MB).
    pub zip_bytes_max: u64,
    /// Bytes the CSV may unpack to, counted while reading (RELIABILITY section 2: 1 GiB).
    pub csv_bytes_max: u64,
    /// How many times its packed size an entry may unpack to, counted past [`Limits::ratio_free_bytes`].
    pub ratio_max: u64,
    /// Unpacked bytes below which the ratio is not asked about: honest repetitive files exceed it there.
    pub ratio_free_bytes: u64,
    /// Entries a zip's directory may name.
    pub entries_max: usize,
    /// Bytes one cell may have; a longer one spoils its row (contract 12, row 58: 1 MiB).
    pub cell_bytes_max: usize,
    /// Bytes of typed rows that commit together. A job below it is one chunk, and all or nothing. 56 MiB, because each
    /// chunk touches every page of the key tree and is synced three times, so that fewer are faster, and because two
    /// of them with what they become in the store have to stay below 300 MB.
    pub chunk_bytes_max: usize,
    /// Wall time one job may take.
    pub time_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rows_max: 25_000,
            columns_max: 200,
            zip_bytes_max: 25 * 1024 * 1024,
            csv_bytes_max: 1 << 30,
            ratio_max: 100,
            ratio_free_bytes: 64 << 20,
            entries_max: 100,
            cell_bytes_max: 1 << 20,
            chunk_bytes_max: 56 << 20,
            time_max: Duration::from_secs(3600),
        }
    }
}

impl Limits {
    /// Rows, zip, CSV bytes, ratio and time lifted together, for the owner of a server; the rest stays.
    pub fn lifted() -> Self {
        Limits {
            rows_max: u64::MAX,
            zip_bytes_max: u64::MAX,
            csv_bytes_max: u64::MAX,
            ratio_max: u64::MAX,
            time_max: Duration::MAX,
            ..Limits::default()
        }
    }
}
