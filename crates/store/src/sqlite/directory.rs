//! The data directory: made private, and held by one process at a time.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::Durability;
use crate::Error;

/// Rights of a data directory: it holds customers' records, so nobody else may look in.
const DIRECTORY_MODE: u32 = 0o700;
/// Rights of the files made here.
const FILE_MODE: u32 = 0o600;
/// Bytes read of a lock file: more than any process id has.
const PID_BYTES_MAX: u64 = 20;

/// Makes a directory and those above it where they are missing. Their names are synced even if they are there: a process
/// that was killed may have made any of them without having come to that.
pub(super) fn make(directory: &Path, durability: Durability) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(directory);
    made.and_then(|()| if durability == Durability::Durable { sync_names(directory) } else { Ok(()) })
        .map_err(|source| Error::Directory { path: directory.to_owned(), source })
}

/// Syncs the names that lead to a directory, up to where its file system begins.
fn sync_names(directory: &Path) -> io::Result<()> {
    let directory = fs_err::canonicalize(directory)?;
    let device = fs_err::metadata(&directory)?.dev();
    for above in directory.ancestors().skip(1) {
        if fs_err::metadata(above)?.dev() != device {
            break;
        }
        match File::open(above) {
            Ok(above) => above.sync_all()?,
            // Closed to this user, so it was there before him.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Syncs the directory that `path` stands in, so that a new name in it survives a crash of the machine.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if parent != Path::new("") => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Syncs what a process that was killed has left of the databases to the kernel: SQLite builds on what it reads without
/// asking whether it is durable. A header that is not, say, is lost with the machine, and the log of many commits with it.
pub(super) fn sync_databases(directory: &Path, durability: Durability) -> Result<(), Error> {
    if durability != Durability::Durable {
        return Ok(());
    }
    for name in ["records.db", "records.db-journal", "control.db", "control.db-journal", "control.db-wal"] {
        let path = directory.join(name);
        match File::open(&path).and_then(|file| file.sync_all()) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(Error::Directory { path, source }),
            _ => {}
        }
    }
    Ok(())
}

/// The right to use a data directory, given back when the last holder drops it or the process ends in any way.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock, and writes this process's id into the file for those who come second.
    pub(super) fn take(directory: &Path) -> Result<DirectoryLock, Error> {
        let path = directory.join("lock");
        let failed = |source| Error::Directory { path: path.clone(), source };
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false).mode(FILE_MODE);
        let mut file = options.open(&path).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(Error::InUse { path: directory.to_owned(), pid: read_pid(&mut file) });
            }
            Err(errno) => return Err(failed(errno.into())),
        }
        write_pid(&mut file).map_err(failed)?;
        Ok(DirectoryLock { _file: file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{}", std::process::id())
}

/// What the holder wrote; 0 if it has not come to that yet.
fn read_pid(file: &mut File) -> u32 {
    let mut text = String::new();
    match file.take(PID_BYTES_MAX).read_to_string(&mut text) {
        Ok(_) => text.trim().parse().unwrap_or(0),
        Err(_) => 0,
    }
}
