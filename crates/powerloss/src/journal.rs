//! Everything that was asked of the disk, in order.

use std::ffi::OsString;
use std::sync::Arc;

/// A file or directory, whatever its names are. Never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Inode(pub u64);

impl Inode {
    /// The directory at the top.
    pub const ROOT: Inode = Inode(1);
}

/// What a name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// One change, or one sync.
#[derive(Clone, Debug)]
pub enum Operation {
    /// Bytes into a file, which grows if they reach beyond its end.
    Write {
        /// The file.
        file: Inode,
        /// Where the bytes begin.
        offset: u64,
        /// What is written.
        bytes: Arc<[u8]>,
    },
    /// A file cut short or made longer with zeros.
    Resize {
        /// The file.
        file: Inode,
        /// Its bytes from now on.
        size: u64,
    },
    /// `fsync` or `fdatasync` of a file.
    SyncFile {
        /// The file.
        file: Inode,
    },
    /// A new name: of a new file or directory, or one more of a file that has one.
    Link {
        /// Where the name stands.
        directory: Inode,
        /// The name.
        name: OsString,
        /// What it leads to.
        node: Inode,
        /// What that is.
        kind: Kind,
    },
    /// A name that goes.
    Unlink {
        /// Where it stood.
        directory: Inode,
        /// The name.
        name: OsString,
    },
    /// A name that takes the place of another, or of none.
    Rename {
        /// Where the old name stood.
        from: (Inode, OsString),
        /// Where the new one stands.
        to: (Inode, OsString),
        /// What it leads to.
        node: Inode,
    },
    /// `fsync` of a directory: its names, not what they lead to.
    SyncDirectory {
        /// The directory.
        directory: Inode,
    },
}

impl Operation {
    /// Whether it makes something durable.
    pub fn is_sync(&self) -> bool {
        matches!(self, Operation::SyncFile { .. } | Operation::SyncDirectory { .. })
    }
}

/// The operations of a mount, from its first to its last. A position is the number of operations before it.
pub type Journal = Vec<Operation>;
