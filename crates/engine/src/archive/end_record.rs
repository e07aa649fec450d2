//! The end record of a zip, read before anything it describes, so that a directory of a million entries is refused
//! for the price of its last 64 KiB.

use std::io::{Read, Seek, SeekFrom};

use memchr::memmem;

use super::FileProblem;
use crate::limits::Limits;

/// What the end record says about the directory, checked against the file's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndRecord {
    /// Entries the directory has.
    pub(super) entries: u64,
    /// Bytes the directory has.
    pub(super) directory_bytes: u64,
    /// Where the directory starts in the file.
    pub(super) directory_start: u64,
}

/// Bytes of the end record without its comment (APPNOTE 4.3.16).
const END_RECORD_BYTES: usize = 22;
const END_RECORD_SIGNATURE: &[u8; 4] = b"PK\x05\x06";
/// Longest comment behind it: its length is 16 bits.
const COMMENT_BYTES_MAX: usize = u16::MAX as usize;
/// Bytes of the zip64 locator, which stands right before the end record (APPNOTE 4.3.15).
const LOCATOR_BYTES: usize = 20;
const LOCATOR_SIGNATURE: &[u8; 4] = b"PK\x06\x07";
/// Bytes of the zip64 end record without extensible data (APPNOTE 4.3.14).
const ZIP64_RECORD_BYTES: usize = 56;
const ZIP64_RECORD_SIGNATURE: &[u8; 4] = b"PK\x06\x06";
const DIRECTORY_SIGNATURE: &[u8; 4] = b"PK\x01\x02";
/// Bytes from the end that are looked at.
const TAIL_BYTES: usize = LOCATOR_BYTES + END_RECORD_BYTES + COMMENT_BYTES_MAX;

/// Finds the end record and the start of the directory.
pub(super) fn find(file: &mut (impl Read + Seek), limits: &Limits) -> Result<EndRecord, FileProblem> {
    let length = file.seek(SeekFrom::End(0))?;
    if length > limits.zip_bytes_max {
        return Err(FileProblem::TooLarge { what: "the zip in bytes", limit: limits.zip_bytes_max });
    }
    let tail_start = length.saturating_sub(TAIL_BYTES as u64);
    let tail = read_at(file, tail_start, (length - tail_start) as usize)?;
    let at = end_record_in(&tail).ok_or_else(|| missing_end(length))?;
    let fields = &tail[at..];
    let record_start = tail_start + at as u64;
    let found = match zip64_locator(&tail[..at]) {
        Some(offset) if needs_zip64(fields) => zip64_record(file, offset, record_start - LOCATOR_BYTES as u64)?,
        _ => Described {
            entries: u64::from(u16_at(fields, 10)),
            bytes: u64::from(u32_at(fields, 12)),
            offset: u64::from(u32_at(fields, 16)),
            end: record_start,
        },
    };
    check_directory(file, &found)
}

/// A directory as an end record describes it, and where that record starts.
struct Described {
    entries: u64,
    bytes: u64,
    offset: u64,
    end: u64,
}

fn check_directory(file: &mut (impl Read + Seek), found: &Described) -> Result<EndRecord, FileProblem> {
    let fits = found.bytes.checked_add(found.offset).is_some_and(|end| end <= found.end);
    if !fits {
        return Err(FileProblem::not_a_zip(format!(
            "its end record (byte {}) describes a directory that is not in the file, so a part of it is missing",
            found.end
        )));
    }
    let start = found.end - found.bytes;
    if found.entries > 0 && !starts_with(file, start, DIRECTORY_SIGNATURE)? {
        return Err(FileProblem::not_a_zip(format!(
            "there is no directory at byte {start}, where its end record says"
        )));
    }
    Ok(EndRecord { entries: found.entries, directory_bytes: found.bytes, directory_start: start })
}

/// The last signature whose comment fits into the file: the one every reader takes.
fn end_record_in(tail: &[u8]) -> Option<usize> {
    memmem::FinderRev::new(END_RECORD_SIGNATURE).rfind_iter(tail).find(|&at| {
        let record = &tail[at..];
        record.len() >= END_RECORD_BYTES && record.len() - END_RECORD_BYTES >= usize::from(u16_at(record, 20))
    })
}

fn needs_zip64(record: &[u8]) -> bool {
    u16_at(record, 10) == u16::MAX || u32_at(record, 12) == u32::MAX || u32_at(record, 16) == u32::MAX
}

fn zip64_locator(before_record: &[u8]) -> Option<u64> {
    let locator = before_record.last_chunk::<LOCATOR_BYTES>()?;
    locator.starts_with(LOCATOR_SIGNATURE).then(|| u64_at(locator, 8))
}

/// The zip64 record is where its locator says, or, if bytes were put before the zip, right before the locator.
fn zip64_record(file: &mut (impl Read + Seek), told: u64, locator_start: u64) -> Result<Described, FileProblem> {
    let last_possible = locator_start.saturating_sub(ZIP64_RECORD_BYTES as u64);
    for start in [told, last_possible] {
        if start <= last_possible && starts_with(file, start, ZIP64_RECORD_SIGNATURE)? {
            let record = read_at(file, start, ZIP64_RECORD_BYTES)?;
            return Ok(Described {
                entries: u64_at(&record, 32),
                bytes: u64_at(&record, 40),
                offset: u64_at(&record, 48),
                end: start,
            });
        }
    }
    Err(FileProblem::not_a_zip(format!("there is no zip64 end record at byte {told}, where its locator says")))
}

fn missing_end(length: u64) -> FileProblem {
    match length {
        0 => FileProblem::not_a_zip("it has 0 bytes"),
        _ => FileProblem::not_a_zip(format!("it has no end record in its {length} bytes, so it is cut off or no zip")),
    }
}

fn starts_with(file: &mut (impl Read + Seek), at: u64, signature: &[u8; 4]) -> Result<bool, FileProblem> {
    Ok(read_at(file, at, signature.len())? == signature)
}

fn read_at(file: &mut (impl Read + Seek), at: u64, bytes: usize) -> Result<Vec<u8>, FileProblem> {
    file.seek(SeekFrom::Start(at))?;
    let mut read = vec![0; bytes];
    file.read_exact(&mut read)?;
    Ok(read)
}

fn u16_at(record: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([record[at], record[at + 1]])
}

fn u32_at(record: &[u8], at: usize) -> u32 {
    u32::from(u16_at(record, at)) | u32::from(u16_at(record, at + 2)) << 16
}

fn u64_at(record: &[u8], at: usize) -> u64 {
    u64::from(u32_at(record, at)) | u64::from(u32_at(record, at + 4)) << 32
}
