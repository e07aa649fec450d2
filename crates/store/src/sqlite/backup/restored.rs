//! A data directory of a backup.

use std::io::{self, ErrorKind};
use std::path::Path;

use fs_err as fs;

use super::manifest::{self, Manifest, ManifestFile};
use super::staging::{Staging, pour};
use crate::Error;
use crate::failure::{FailurePoints, Moment};
use crate::sqlite::Durability;
use crate::upkeep::RestoreReport;

const RESTORING: &str = "restoring a backup";

/// Makes the data directory of a backup, at a place that is free or an empty directory. It appears there whole or not at
/// all. Blocks on the disk.
///
/// # Errors
/// [`Error::Directory`] if the place is taken, or the backup is none or not finished; [`Error::Damaged`], which names the
/// file of the backup that is not what its manifest says; [`Error::Full`], [`Error::Failed`].
pub fn restore(backup: &Path, directory: &Path, points: &FailurePoints) -> Result<RestoreReport, Error> {
    points.pass(RESTORING, Moment::Before)?;
    let failed = |source| Error::Directory { path: backup.join(manifest::NAME), source };
    let (manifest, files) = Manifest::read(&fs::read(backup.join(manifest::NAME)).map_err(failed)?)?;
    // All of it before anything is written: a backup that is damaged leaves nothing behind.
    files.iter().try_for_each(|file| compare(backup, file))?;
    let staging = Staging::beside(directory, Durability::Durable)?;
    for file in &files {
        let copied = staging.copy_in(&backup.join(&file.name), &file.name)?;
        if copied != *file {
            return Err(damaged(file));
        }
    }
    points.pass(RESTORING, Moment::BeforeCommit)?;
    staging.finish()?;
    points.pass(RESTORING, Moment::AfterCommit)?;
    let bytes = files.iter().map(|file| file.sum.bytes).sum();
    Ok(RestoreReport { backed_up_at: manifest.created_at, files: files.len() as u64, bytes })
}

fn compare(backup: &Path, file: &ManifestFile) -> Result<(), Error> {
    let found = fs::File::open(backup.join(&file.name)).and_then(|opened| pour(opened, io::sink()));
    match found {
        Ok(sum) if sum == file.sum => Ok(()),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::failed(RESTORING, error)),
        _ => Err(damaged(file)),
    }
}

fn damaged(file: &ManifestFile) -> Error {
    Error::Damaged { what: format!("the file {} of the backup", file.name) }
}
