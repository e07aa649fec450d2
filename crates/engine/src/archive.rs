//! The uploaded container: is it a zip that can be trusted, which entry is the CSV, and the CSV's bytes.
//!
//! Nothing in a zip is believed. The end record is judged before the directory is read, the directory is read under a
//! budget of bytes, entry names are looked at but never used as paths, and every size is counted again while reading.

mod directory;
mod end_record;
mod entry_reader;
mod problem;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{Read, Seek};

use crate::limits::Limits;

pub use entry_reader::EntryReader;
pub use problem::FileProblem;

/// The one CSV of an upload, as the zip's directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvEntry {
    /// The entry's file name, last path part. For people only: no path is ever made of it.
    pub name: String,
    /// Bytes of the CSV, as the directory declares them; the reader fails if they are not met exactly.
    pub csv_bytes: u64,
    /// Bytes it takes inside the zip.
    pub packed_bytes: u64,
    packing: Packing,
    data_offset: u64,
    crc32: u32,
}

/// How an entry's bytes are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Stored,
    Deflated,
}

/// What is refused at upload: a file that is no zip, is cut off, or has no readable directory.
///
/// # Errors
/// [`FileProblem::NotAZip`], [`FileProblem::TooLarge`] for a zip over its limit, [`FileProblem::Io`].
pub fn check_container(file: &mut (impl Read + Seek), limits: &Limits) -> Result<(), FileProblem> {
    let end = end_record::find(file, limits)?;
    match directory::read(file, &end, limits) {
        // What else is wrong with it is told when a job asks for it.
        Ok(_) | Err(FileProblem::NotSupported { .. } | FileProblem::TooLarge { .. }) => Ok(()),
        Err(problem) => Err(problem),
    }
}

/// Finds the one CSV of a zip, refusing whatever cannot be imported safely. `__MACOSX/`, `._…` files and folders are
/// passed over; other files that are no CSV and no archive are, too.
///
/// # Errors
/// [`FileProblem::NotAZip`] for what [`check_container`] refuses, [`FileProblem::NotSupported`] and
/// [`FileProblem::TooLarge`] for a zip whose content is refused, [`FileProblem::Io`].
pub fn find_csv(file: &mut (impl Read + Seek), limits: &Limits) -> Result<CsvEntry, FileProblem> {
    let end = end_record::find(file, limits)?;
    let entry = directory::read(file, &end, limits)?.the_csv()?;
    check_declared_size(&entry, limits)?;
    Ok(entry)
}

/// Opens the bytes of a CSV that [`find_csv`] found in the same file. Limits, size and CRC are checked while reading;
/// a failure arrives as an [`std::io::Error`] that [`FileProblem::from`] turns back into what it is.
///
/// # Errors
/// [`FileProblem::Io`] if the file cannot be positioned.
pub fn open_csv(file: File, entry: &CsvEntry, limits: &Limits) -> Result<EntryReader, FileProblem> {
    EntryReader::open(file, entry, limits)
}

fn check_declared_size(entry: &CsvEntry, limits: &Limits) -> Result<(), FileProblem> {
    if entry.csv_bytes == 0 {
        return Err(FileProblem::not_supported(format!(
            "the CSV {:?} has 0 bytes; a CSV needs at least a header line",
            entry.name
        )));
    }
    Allowance::of(entry, limits).check(entry.csv_bytes)
}

/// How many bytes an entry may unpack to.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    csv_bytes_max: u64,
    ratio_max: u64,
    ratio_bytes_max: u64,
}

impl Allowance {
    fn of(entry: &CsvEntry, limits: &Limits) -> Self {
        let by_ratio = entry.packed_bytes.saturating_mul(limits.ratio_max);
        Allowance {
            csv_bytes_max: limits.csv_bytes_max,
            ratio_max: limits.ratio_max,
            ratio_bytes_max: by_ratio.max(limits.ratio_free_bytes),
        }
    }

    fn check(&self, csv_bytes: u64) -> Result<(), FileProblem> {
        if csv_bytes > self.csv_bytes_max {
            return Err(FileProblem::TooLarge { what: "the unpacked CSV in bytes", limit: self.csv_bytes_max });
        }
        if csv_bytes > self.ratio_bytes_max {
            return Err(FileProblem::TooLarge {
                what: "the CSV's unpacked size as a multiple of its packed size",
                limit: self.ratio_max,
            });
        }
        Ok(())
    }
}
