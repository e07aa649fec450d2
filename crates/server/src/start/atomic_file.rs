//! Files that are there whole or not at all: written beside their place, synced, and renamed into it.

use std::io::{self, Write};
use std::path::Path;

use tempfile::Builder;

/// What a file is called beside its place, until it is whole: its name and this.
const SUFFIX: &str = ".new";

/// Writes `content` as the file at `path`. Only its owner may read it. The file beside it has one name for ever, so that
/// what a killed process left is written over by the next one, and nothing gathers.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut beside = name.to_owned();
    beside.push(SUFFIX);
    match fs_err::remove_file(directory.join(beside)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    // Temporary files are made with mode 0600, so that no other user can read them at any moment.
    let mut file = Builder::new().prefix(name).suffix(SUFFIX).rand_bytes(0).tempfile_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs_err::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_write_left_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("some.json");
        fs_err::write(folder.path().join("some.json.new"), "hal").unwrap();
        for content in ["half", "whole"] {
            write(&path, content.as_bytes()).unwrap();
            assert_eq!(fs_err::read_to_string(&path).unwrap(), content);
            assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 1);
        }
    }
}
