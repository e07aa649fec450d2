//! Uploads and results against the files that hold them.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bulkwright_engine::archive;
use bulkwright_engine::limits::Limits;
use rusqlite::Row;
use sha2::{Digest, Sha256};

use super::Moment;
use super::findings::Findings;
use crate::Error;
use crate::sqlite::blobs;
use crate::sqlite::sql::Doing;
use crate::upkeep::DifferenceKind;

/// Bytes of a file that are read at once.
const BUFFER_BYTES: usize = 1 << 16;

const DOING: &str = "reading the names of blobs";

/// Reads every blob that a row names.
pub(super) fn check(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    check_uploads(moment, findings)?;
    check_results(moment, findings)
}

/// Blobs that were listed before the rows were read, and that no row names.
pub(super) fn remark_orphans(moment: &Moment<'_>, listed: &[String], findings: &mut Findings) -> Result<(), Error> {
    for blob in blobs::orphans(moment.control, listed.to_vec())? {
        findings.remark(format!("no row names the blob {blob}; the next sweep removes it"));
    }
    Ok(())
}

fn check_uploads(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let mut statement =
        moment.control.prepare("SELECT id, blob, bytes, sha256 FROM upload ORDER BY id").doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?));
        let (id, blob, bytes, sha256): (_, _, i64, [u8; 32]) = read(row).doing(DOING)?;
        let what = format!("upload {id}, blob {blob}");
        let Some(found) = read_blob(moment, &what, &blob, digest, findings) else { continue };
        compare_sum(&what, (bytes.cast_unsigned(), sha256), found, findings);
    }
    Ok(())
}

fn check_results(moment: &Moment<'_>, findings: &mut Findings) -> Result<(), Error> {
    let sql = "SELECT id, result_blob, result_bytes, result_sha256 FROM job WHERE result_blob IS NOT NULL ORDER BY id";
    let mut statement = moment.control.prepare(sql).doing(DOING)?;
    let mut rows = statement.query([]).doing(DOING)?;
    while let Some(row) = rows.next().doing(DOING)? {
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let (id, blob, bytes, sha256): (i64, String, Option<i64>, Option<[u8; 32]>) = read(row).doing(DOING)?;
        let what = format!("result of job {id}, blob {blob}");
        if read_blob(moment, &what, &blob, unpack, findings).is_none() {
            continue;
        }
        // Earlier versions of this program kept no sum.
        let Some((bytes, sha256)) = bytes.zip(sha256) else { continue };
        let Some(found) = read_blob(moment, &what, &blob, digest, findings) else { continue };
        compare_sum(&what, (bytes.cast_unsigned(), sha256), found, findings);
    }
    Ok(())
}

fn compare_sum(what: &str, expected: (u64, [u8; 32]), found: (u64, [u8; 32]), findings: &mut Findings) {
    findings.compare(DifferenceKind::Blob, format!("bytes of {what}"), expected.0, found.0);
    findings.compare(DifferenceKind::Blob, format!("SHA-256 of {what}"), hex::encode(expected.1), hex::encode(found.1));
}

/// What `read` says of a blob; names it if it is not there or cannot be read.
fn read_blob<T>(
    moment: &Moment<'_>,
    what: &str,
    blob: &str,
    read: impl FnOnce(&Path) -> io::Result<T>,
    findings: &mut Findings,
) -> Option<T> {
    let path = moment.verifier.blobs.path(blob);
    match path.map_err(io::Error::other).and_then(|path| read(&path)) {
        Ok(it) => Some(it),
        Err(error) => {
            findings.differ(DifferenceKind::Blob, what, "a file that can be read", error.to_string());
            None
        }
    }
}

/// Size and SHA-256 of a file.
fn digest(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut hasher = Sha256::new();
    let bytes = drain(File::open(path)?, |part| hasher.update(part))?;
    Ok((bytes, hasher.finalize().into()))
}

/// Unpacks a zip of one CSV, which compares its size and its CRC.
fn unpack(path: &Path) -> io::Result<u64> {
    let limits = Limits::lifted();
    let entry = archive::find_csv(&mut File::open(path)?, &limits).map_err(io::Error::other)?;
    let reader = archive::open_csv(File::open(path)?, &entry, &limits).map_err(io::Error::other)?;
    drain(reader, |_| {})
}

fn drain(mut source: impl Read, mut see: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut bytes = 0;
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(bytes),
            read => {
                see(&buffer[..read]);
                bytes += read as u64;
            }
        }
    }
}
