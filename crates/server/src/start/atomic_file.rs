//! Files that are there whole or not at all: written beside their place, synced, and renamed into it.

use std::io::{self, Write};
use std::path::Path;

/// Writes `content` as the file at `path`. Only its owner may read it.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Temporary files are made with mode 0600, so that no other user can read them at any moment.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    fs_err::File::open(directory)?.sync_all()
}
