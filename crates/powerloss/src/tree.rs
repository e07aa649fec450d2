//! Directories and files as a disk shows them after the next start.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;

/// What is there, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tree {
    entries: BTreeMap<PathBuf, Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Entry {
    Directory,
    File(Arc<Vec<u8>>),
}

impl Tree {
    pub(crate) fn add_directory(&mut self, path: PathBuf) {
        self.entries.insert(path, Entry::Directory);
    }

    pub(crate) fn add_file(&mut self, path: PathBuf, bytes: Arc<Vec<u8>>) {
        self.entries.insert(path, Entry::File(bytes));
    }

    /// The bytes of a file.
    pub fn file(&self, path: impl AsRef<Path>) -> Option<&[u8]> {
        match self.entries.get(path.as_ref()) {
            Some(Entry::File(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Paths of directories and files, each directory before what is in it.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.entries.keys().map(PathBuf::as_path)
    }

    /// What is in one of its directories, as a tree of its own.
    pub fn below(&self, directory: impl AsRef<Path>) -> Tree {
        let below = |(path, entry): (&PathBuf, &Entry)| {
            let path = path.strip_prefix(&directory).ok().filter(|path| *path != Path::new(""))?;
            Some((path.to_owned(), entry.clone()))
        };
        Tree { entries: self.entries.iter().filter_map(below).collect() }
    }

    /// The same for trees that are the same.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(&mut hasher);
        hasher.finish()
    }

    /// Makes it in a folder that is there, and empty.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write_to(&self, folder: &Path) -> io::Result<()> {
        for (path, entry) in &self.entries {
            match entry {
                Entry::Directory => fs::create_dir(folder.join(path))?,
                Entry::File(bytes) => fs::write(folder.join(path), bytes.as_slice())?,
            }
        }
        Ok(())
    }
}
