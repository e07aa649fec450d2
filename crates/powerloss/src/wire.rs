//! A journal as bytes, from the process that serves the disk to the one that tries losses on it.
//!
//! Numbers are 8 bytes, little endian; bytes and names come after their length. Each operation begins with its kind.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::journal::{Inode, Journal, Kind, Operation};

/// Bytes of the longest write or name that is believed: the kernel writes at most 16 MiB at once.
const BYTES_MAX: u64 = 16 << 20;

/// The kinds of operations.
mod kind {
    pub(super) const WRITE: u64 = 1;
    pub(super) const RESIZE: u64 = 2;
    pub(super) const SYNC_FILE: u64 = 3;
    pub(super) const LINK_FILE: u64 = 4;
    pub(super) const LINK_DIRECTORY: u64 = 5;
    pub(super) const UNLINK: u64 = 6;
    pub(super) const RENAME: u64 = 7;
    pub(super) const SYNC_DIRECTORY: u64 = 8;
}

/// Writes a journal: its length, then its operations.
pub(crate) fn write_journal(to: &mut impl Write, journal: &Journal) -> io::Result<()> {
    write_numbers(to, &[journal.len() as u64])?;
    journal.iter().try_for_each(|operation| write_operation(to, operation))
}

/// Reads what [`write_journal`] wrote.
pub(crate) fn read_journal(from: &mut impl Read) -> io::Result<Journal> {
    let length = read_number(from)?;
    (0..length).map(|_| read_operation(from)).collect()
}

fn write_operation(to: &mut impl Write, operation: &Operation) -> io::Result<()> {
    match operation {
        Operation::Write { file, offset, bytes } => {
            write_numbers(to, &[kind::WRITE, file.0, *offset])?;
            write_bytes(to, bytes)
        }
        Operation::Resize { file, size } => write_numbers(to, &[kind::RESIZE, file.0, *size]),
        Operation::SyncFile { file } => write_numbers(to, &[kind::SYNC_FILE, file.0]),
        Operation::Link { directory, name, node, kind } => {
            let kind = match kind {
                Kind::File => kind::LINK_FILE,
                Kind::Directory => kind::LINK_DIRECTORY,
            };
            write_numbers(to, &[kind, directory.0, node.0])?;
            write_bytes(to, name.as_bytes())
        }
        Operation::Unlink { directory, name } => {
            write_numbers(to, &[kind::UNLINK, directory.0])?;
            write_bytes(to, name.as_bytes())
        }
        Operation::Rename { from, to: target, node } => {
            write_numbers(to, &[kind::RENAME, node.0, from.0.0, target.0.0])?;
            write_bytes(to, from.1.as_bytes())?;
            write_bytes(to, target.1.as_bytes())
        }
        Operation::SyncDirectory { directory } => write_numbers(to, &[kind::SYNC_DIRECTORY, directory.0]),
    }
}

fn read_operation(from: &mut impl Read) -> io::Result<Operation> {
    let kind = read_number(from)?;
    let first = Inode(read_number(from)?);
    Ok(match kind {
        kind::WRITE => {
            let offset = read_number(from)?;
            Operation::Write { file: first, offset, bytes: read_bytes(from)?.into() }
        }
        kind::RESIZE => Operation::Resize { file: first, size: read_number(from)? },
        kind::SYNC_FILE => Operation::SyncFile { file: first },
        kind::LINK_FILE | kind::LINK_DIRECTORY => {
            let node = Inode(read_number(from)?);
            let kind = if kind == kind::LINK_FILE { Kind::File } else { Kind::Directory };
            Operation::Link { directory: first, name: read_name(from)?, node, kind }
        }
        kind::UNLINK => Operation::Unlink { directory: first, name: read_name(from)? },
        kind::RENAME => {
            let [from_directory, to_directory] = [Inode(read_number(from)?), Inode(read_number(from)?)];
            let (old, new) = (read_name(from)?, read_name(from)?);
            Operation::Rename { from: (from_directory, old), to: (to_directory, new), node: first }
        }
        kind::SYNC_DIRECTORY => Operation::SyncDirectory { directory: first },
        _ => return Err(io::ErrorKind::InvalidData.into()),
    })
}

fn write_numbers(to: &mut impl Write, numbers: &[u64]) -> io::Result<()> {
    numbers.iter().try_for_each(|number| to.write_all(&number.to_le_bytes()))
}

fn write_bytes(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    write_numbers(to, &[bytes.len() as u64])?;
    to.write_all(bytes)
}

fn read_number(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_bytes(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = read_number(from)?;
    if length > BYTES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length as usize];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn read_name(from: &mut impl Read) -> io::Result<OsString> {
    read_bytes(from).map(OsString::from_vec)
}
