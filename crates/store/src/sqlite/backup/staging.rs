//! A directory that is being made: it stands beside its place under another name until it is whole.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use fs_err as fs;
use sha2::{Digest, Sha256};

use super::manifest::ManifestFile;
use super::{BLOBS, CONTROL, CREDENTIALS, DOING, RECORDS, manifest};
use crate::Error;
use crate::model::BlobSum;
use crate::sqlite::{Durability, directory};

/// Bytes that are copied at once.
const BUFFER_BYTES: usize = 1 << 20;
/// Rights of the files: they hold customers' records and what opens the server.
const FILE_MODE: u32 = 0o600;
/// What the name ends in until everything is there.
const UNFINISHED: &str = ".unfinished";

/// A directory that is being made. Dropped before it is finished, it goes.
pub(super) struct Staging {
    place: PathBuf,
    directory: PathBuf,
    durability: Durability,
    is_finished: bool,
}

impl Staging {
    /// Begins a directory that will stand at `place`, which must be free or empty. What an earlier try left goes.
    pub(super) fn beside(place: &Path, durability: Durability) -> Result<Staging, Error> {
        let failed = |source| Error::Directory { path: place.to_owned(), source };
        let place = std::path::absolute(place).map_err(failed)?;
        check_free(&place).map_err(failed)?;
        let mut name = place.file_name().ok_or_else(|| failed(ErrorKind::InvalidFilename.into()))?.to_owned();
        name.push(UNFINISHED);
        let directory = place.with_file_name(name);
        remove_left(&directory).map_err(|source| Error::Directory { path: directory.clone(), source })?;
        directory::make(&directory, durability)?;
        directory::make(&directory.join(BLOBS), durability)?;
        Ok(Staging { place, directory, durability, is_finished: false })
    }

    /// Where a file of it is.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Reads a file that stands in it already, and syncs it.
    pub(super) fn take_in(&self, name: &str) -> Result<ManifestFile, Error> {
        let read = || -> io::Result<BlobSum> {
            let file = OpenOptions::new().read(true).write(true).open(self.path(name))?;
            set_private(&file)?;
            self.sync(&file)?;
            pour(file, io::sink())
        };
        let sum = read().map_err(|error| Error::failed(DOING, error))?;
        Ok(ManifestFile { name: name.to_owned(), sum })
    }

    /// Copies a file into it, synced.
    pub(super) fn copy_in(&self, source: &Path, name: &str) -> Result<ManifestFile, Error> {
        let copy = || -> io::Result<BlobSum> {
            let mut target = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(self.path(name))?;
            let sum = pour(fs::File::open(source)?, &mut target)?;
            self.sync(&target)?;
            Ok(sum)
        };
        let sum = copy().map_err(|error| Error::failed(DOING, error))?;
        Ok(ManifestFile { name: name.to_owned(), sum })
    }

    /// Writes a file into it, synced.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        let write = || -> io::Result<()> {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(self.path(name))?;
            file.write_all(bytes)?;
            self.sync(&file)
        };
        write().map_err(|error| Error::failed(DOING, error))
    }

    /// It is whole: from now on it has its own name, which is answered.
    pub(super) fn finish(mut self) -> Result<PathBuf, Error> {
        let finish = || -> io::Result<()> {
            if self.durability == Durability::Durable {
                File::open(self.path(BLOBS))?.sync_all()?;
                File::open(&self.directory)?.sync_all()?;
            }
            // An empty directory that is there already is replaced.
            fs::rename(&self.directory, &self.place)?;
            if self.durability == Durability::Durable { directory::sync_parent(&self.place) } else { Ok(()) }
        };
        finish().map_err(|source| Error::Directory { path: self.place.clone(), source })?;
        self.is_finished = true;
        Ok(self.place.clone())
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.durability == Durability::Durable { file.sync_all() } else { Ok(()) }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_finished {
            // What led here is the error to tell; what cannot be removed now, the next try removes.
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

fn set_private(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(FILE_MODE))
}

/// Nothing stands there, or an empty directory.
fn check_free(place: &Path) -> io::Result<()> {
    match fs::read_dir(place) {
        Ok(mut entries) => match entries.next() {
            None => Ok(()),
            Some(_) => Err(ErrorKind::DirectoryNotEmpty.into()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes what a killed process left, and nothing that was never made here.
fn remove_left(directory: &Path) -> io::Result<()> {
    let ours = [RECORDS, CONTROL, CREDENTIALS, BLOBS, manifest::NAME];
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let is_ours = name.to_str().is_some_and(|name| ours.iter().any(|known| name.starts_with(known)));
        if !is_ours {
            return Err(ErrorKind::DirectoryNotEmpty.into());
        }
    }
    fs::remove_dir_all(directory)
}

/// Pours one into the other, and answers what came through.
pub(super) fn pour(mut source: impl Read, mut target: impl Write) -> io::Result<BlobSum> {
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut bytes, mut hasher) = (0, Sha256::new());
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(BlobSum { bytes, sha256: hasher.finalize().into() }),
            read => {
                hasher.update(&buffer[..read]);
                target.write_all(&buffer[..read])?;
                bytes += read as u64;
            }
        }
    }
}
