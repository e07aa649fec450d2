//! The directory of a zip: every entry judged, one CSV chosen.

use std::io::{self, Read, Seek, SeekFrom};

use zip::{CompressionMethod, ZipArchive};

use super::end_record::EndRecord;
use super::{CsvEntry, FileProblem, Packing};
use crate::limits::Limits;

/// Directory bytes an entry may take: its fixed part, a long name, extra fields and a comment.
const ENTRY_BYTES_MAX: u64 = 4096;
/// Bytes that reading the directory may take beside the directory itself: the end record and the local headers.
const OVERHEAD_BYTES_MAX: u64 = 1 << 20;
/// How many entry names an error lists.
const NAMES_TOLD_MAX: usize = 5;

/// How the names of archives end, which might hold the CSV that was meant.
const ARCHIVE_EXTENSIONS: [&str; 10] = ["zip", "gz", "tgz", "tar", "7z", "rar", "bz2", "xz", "zst", "jar"];

/// The entries that are no folders and no system files.
#[derive(Debug)]
pub(super) struct Directory {
    files: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    path: String,
    encrypted: bool,
    symlink: bool,
    method: CompressionMethod,
    csv_bytes: u64,
    packed_bytes: u64,
    data_offset: u64,
    crc32: u32,
}

/// Reads and checks the directory as a whole: the number of entries, their names, duplicates and overlaps.
pub(super) fn read(file: &mut (impl Read + Seek), end: &EndRecord, limits: &Limits) -> Result<Directory, FileProblem> {
    check_extent(end, limits)?;
    let budget = end.directory_bytes.saturating_add(OVERHEAD_BYTES_MAX);
    let mut archive = ZipArchive::new(Budgeted { inner: file, left: budget }).map_err(FileProblem::from_zip)?;
    check_whole(&mut archive, end)?;
    let mut files = Vec::with_capacity(archive.len());
    for index in 0..archive.len() {
        files.extend(list(&mut archive, index)?);
    }
    Ok(Directory { files })
}

impl Directory {
    /// The one CSV among the entries.
    pub(super) fn the_csv(self) -> Result<CsvEntry, FileProblem> {
        if let Some(nested) = self.files.iter().find(|file| is_archive(&file.path)) {
            let what = if has_extension(&nested.path, "zip") { "a zip" } else { "an archive" };
            let told = format!("is {what} inside the zip");
            return Err(refused(&nested.path, &told, "put the CSV itself into the zip"));
        }
        let (mut csvs, others): (Vec<_>, Vec<_>) =
            self.files.into_iter().partition(|file| has_extension(&file.path, "csv"));
        match (csvs.pop(), csvs.len()) {
            (Some(csv), 0) => csv.into_entry(),
            (Some(csv), more) => {
                csvs.push(csv);
                Err(FileProblem::not_supported(format!(
                    "it holds {} CSV files ({}), and a job reads one; make one zip for each",
                    more + 1,
                    names_of(&csvs)
                )))
            }
            (None, _) => Err(no_csv(&others)),
        }
    }
}

impl Listed {
    fn into_entry(self) -> Result<CsvEntry, FileProblem> {
        if self.encrypted {
            return Err(refused(&self.path, "is encrypted", "make the zip without a password"));
        }
        if self.symlink {
            return Err(refused(&self.path, "is a symbolic link", "put the file itself into the zip"));
        }
        Ok(CsvEntry {
            packing: packing_of(&self)?,
            name: file_name(&self.path).to_owned(),
            csv_bytes: self.csv_bytes,
            packed_bytes: self.packed_bytes,
            data_offset: self.data_offset,
            crc32: self.crc32,
        })
    }
}

fn check_extent(end: &EndRecord, limits: &Limits) -> Result<(), FileProblem> {
    let entries_max = limits.entries_max as u64;
    if end.entries > entries_max {
        return Err(FileProblem::TooLarge { what: "the zip's number of entries", limit: entries_max });
    }
    let limit = entries_max.saturating_mul(ENTRY_BYTES_MAX);
    if end.directory_bytes > limit {
        return Err(FileProblem::TooLarge { what: "the zip's directory in bytes", limit });
    }
    Ok(())
}

fn check_whole<R: Read + Seek>(archive: &mut ZipArchive<R>, end: &EndRecord) -> Result<(), FileProblem> {
    if archive.has_duplicate_names() {
        return Err(FileProblem::not_supported("two of its entries have the same name; give each file its own"));
    }
    // What was judged must be what the library read, also if a later version of it chooses end records otherwise.
    if archive.len() as u64 != end.entries || archive.central_directory_start() != end.directory_start {
        return Err(FileProblem::not_a_zip("it has several end records that disagree"));
    }
    match archive.has_overlapping_entries() {
        Ok(false) => Ok(()),
        Ok(true) => Err(FileProblem::not_supported("its entries overlap; make the zip again with another program")),
        Err(error) => Err(broken_entry(error)),
    }
}

/// One entry, or nothing for folders and what operating systems add.
fn list<R: Read + Seek>(archive: &mut ZipArchive<R>, index: usize) -> Result<Option<Listed>, FileProblem> {
    let entry = archive.by_index_raw(index).map_err(broken_entry)?;
    let path = match entry.name() {
        Ok(name) => name.into_owned(),
        Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
    };
    check_path(&path)?;
    if entry.is_dir() || is_system_file(&path) {
        return Ok(None);
    }
    let data_offset = entry.data_start();
    Ok(Some(Listed {
        encrypted: entry.encrypted(),
        symlink: entry.is_symlink(),
        method: entry.compression(),
        csv_bytes: entry.size(),
        packed_bytes: entry.compressed_size(),
        data_offset: data_offset.ok_or_else(|| refused(&path, "has no place in the file", "make the zip again"))?,
        crc32: entry.crc32(),
        path,
    }))
}

/// Names are never used as paths; one that tries to be a dangerous path says that the zip was made to harm.
fn check_path(path: &str) -> Result<(), FileProblem> {
    let climbs = path_parts(path).any(|part| part == "..");
    let absolute = path.starts_with(['/', '\\']) || path.as_bytes().get(1) == Some(&b':');
    if climbs || absolute || path.is_empty() || path.chars().any(char::is_control) {
        return Err(refused(path, "has a forbidden name", "use a plain relative file name"));
    }
    Ok(())
}

fn packing_of(file: &Listed) -> Result<Packing, FileProblem> {
    match file.method {
        CompressionMethod::Stored if file.packed_bytes == file.csv_bytes => Ok(Packing::Stored),
        CompressionMethod::Stored => {
            Err(refused(&file.path, "is stored with two different sizes", "make the zip again"))
        }
        CompressionMethod::Deflated => Ok(Packing::Deflated),
        other => {
            Err(refused(&file.path, &format!("is packed with {other:?}"), "use deflate, the usual method, or none"))
        }
    }
}

fn no_csv(others: &[Listed]) -> FileProblem {
    match others {
        [] => FileProblem::not_supported("it holds no file; put one CSV file (name ending in .csv) into it"),
        some => FileProblem::not_supported(format!(
            "it holds no CSV, only {}; put one file whose name ends in .csv into it",
            names_of(some)
        )),
    }
}

fn names_of(files: &[Listed]) -> String {
    let told: Vec<_> = files.iter().take(NAMES_TOLD_MAX).map(|file| format!("{:?}", file_name(&file.path))).collect();
    match files.len().saturating_sub(told.len()) {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

fn refused(path: &str, what: &str, remedy: &str) -> FileProblem {
    FileProblem::not_supported(format!("the entry {path:?} {what}; {remedy}"))
}

fn broken_entry(error: zip::result::ZipError) -> FileProblem {
    match FileProblem::from_zip(error) {
        FileProblem::NotAZip { reason } => FileProblem::not_supported(format!(
            "an entry is not where the directory says: {reason}; make the zip again"
        )),
        other => other,
    }
}

fn is_system_file(path: &str) -> bool {
    path_parts(path).next() == Some("__MACOSX") || file_name(path).starts_with("._")
}

fn is_archive(path: &str) -> bool {
    ARCHIVE_EXTENSIONS.iter().any(|extension| has_extension(path, extension))
}

fn has_extension(path: &str, extension: &str) -> bool {
    file_name(path).rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

fn file_name(path: &str) -> &str {
    path_parts(path).last().unwrap_or(path)
}

/// Parts of an entry's name. Some Windows programs separate them by a backslash.
fn path_parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '\\'])
}

/// A file of which only so many bytes may be read, whatever its directory makes the library do.
struct Budgeted<'a, R> {
    inner: &'a mut R,
    left: u64,
}

impl<R: Read> Read for Budgeted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        match self.left.checked_sub(read as u64) {
            Some(left) => self.left = left,
            None => return Err(over_budget().into()),
        }
        Ok(read)
    }
}

impl<R: Seek> Seek for Budgeted<'_, R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

fn over_budget() -> FileProblem {
    FileProblem::not_a_zip("its directory leads through more of the file than it can have")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_in_a_typed_error() {
        let mut file = io::Cursor::new([0; 100]);
        let mut budgeted = Budgeted { inner: &mut file, left: 60 };
        budgeted.read_exact(&mut [0; 60]).unwrap();
        budgeted.seek(SeekFrom::Start(0)).unwrap();
        let error = budgeted.read(&mut [0; 1]).unwrap_err();
        assert!(matches!(FileProblem::from(error), FileProblem::NotAZip { .. }));
    }
}
