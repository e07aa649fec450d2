//! The file system as running programs see it: everything that was written is there.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use fuser::Errno;

use crate::journal::{Inode, Journal, Kind, Operation};

/// Bytes of the largest file: more than any test writes, less than memory.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A file or directory.
pub(crate) struct Node {
    pub(crate) content: Content,
    pub(crate) mode: u32,
    pub(crate) names: u32,
}

pub(crate) enum Content {
    File(Vec<u8>),
    Directory(BTreeMap<OsString, Inode>),
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match self.content {
            Content::File(_) => Kind::File,
            Content::Directory(_) => Kind::Directory,
        }
    }

    pub(crate) fn size(&self) -> u64 {
        match &self.content {
            Content::File(bytes) => bytes.len() as u64,
            Content::Directory(_) => 0,
        }
    }
}

/// Files, directories, and the journal of how they came to be. Each change is made and noted in one step.
pub(crate) struct Disk {
    nodes: HashMap<Inode, Node>,
    next: u64,
    journal: Journal,
}

impl Disk {
    pub(crate) fn new() -> Disk {
        let root = Node { content: Content::Directory(BTreeMap::new()), mode: 0o700, names: 1 };
        Disk { nodes: HashMap::from([(Inode::ROOT, root)]), next: Inode::ROOT.0 + 1, journal: Journal::new() }
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn node(&self, inode: Inode) -> Result<&Node, Errno> {
        self.nodes.get(&inode).ok_or(Errno::ENOENT)
    }

    pub(crate) fn look(&self, directory: Inode, name: &OsStr) -> Result<Inode, Errno> {
        self.names(directory)?.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(crate) fn names(&self, directory: Inode) -> Result<&BTreeMap<OsString, Inode>, Errno> {
        match &self.node(directory)?.content {
            Content::Directory(names) => Ok(names),
            Content::File(_) => Err(Errno::ENOTDIR),
        }
    }

    pub(crate) fn read(&self, file: Inode, offset: u64, size: u32) -> Result<&[u8], Errno> {
        let Content::File(bytes) = &self.node(file)?.content else { return Err(Errno::EISDIR) };
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let end = start.saturating_add(size as usize).min(bytes.len());
        Ok(&bytes[start..end])
    }

    pub(crate) fn write(&mut self, file: Inode, offset: u64, bytes: &[u8]) -> Result<(), Errno> {
        let end = offset.saturating_add(bytes.len() as u64);
        if end > FILE_BYTES_MAX {
            return Err(Errno::ENOSPC);
        }
        put(self.bytes_mut(file)?, offset, bytes);
        self.journal.push(Operation::Write { file, offset, bytes: Arc::from(bytes) });
        Ok(())
    }

    pub(crate) fn resize(&mut self, file: Inode, size: u64) -> Result<(), Errno> {
        if size > FILE_BYTES_MAX {
            return Err(Errno::ENOSPC);
        }
        self.bytes_mut(file)?.resize(size as usize, 0);
        self.journal.push(Operation::Resize { file, size });
        Ok(())
    }

    pub(crate) fn set_mode(&mut self, inode: Inode, mode: u32) -> Result<(), Errno> {
        self.nodes.get_mut(&inode).ok_or(Errno::ENOENT)?.mode = mode & 0o7777;
        Ok(())
    }

    pub(crate) fn sync(&mut self, inode: Inode) -> Result<(), Errno> {
        let operation = match self.node(inode)?.kind() {
            Kind::File => Operation::SyncFile { file: inode },
            Kind::Directory => Operation::SyncDirectory { directory: inode },
        };
        self.journal.push(operation);
        Ok(())
    }

    pub(crate) fn make(&mut self, directory: Inode, name: &OsStr, kind: Kind, mode: u32) -> Result<Inode, Errno> {
        if self.names(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        let content = match kind {
            Kind::File => Content::File(Vec::new()),
            Kind::Directory => Content::Directory(BTreeMap::new()),
        };
        let node = Inode(self.next);
        self.next += 1;
        self.nodes.insert(node, Node { content, mode: mode & 0o7777, names: 0 });
        self.link(node, directory, name)?;
        Ok(node)
    }

    pub(crate) fn link(&mut self, node: Inode, directory: Inode, name: &OsStr) -> Result<(), Errno> {
        let kind = self.node(node)?.kind();
        if self.names(directory)?.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        self.names_mut(directory)?.insert(name.to_owned(), node);
        self.count_names(node, 1);
        self.journal.push(Operation::Link { directory, name: name.to_owned(), node, kind });
        Ok(())
    }

    /// Bytes stay while a program has the file open: inodes are never given back.
    pub(crate) fn unlink(&mut self, directory: Inode, name: &OsStr, kind: Kind) -> Result<(), Errno> {
        let node = self.look(directory, name)?;
        match (&self.node(node)?.content, kind) {
            (Content::File(_), Kind::Directory) => return Err(Errno::ENOTDIR),
            (Content::Directory(_), Kind::File) => return Err(Errno::EISDIR),
            (Content::Directory(names), Kind::Directory) if !names.is_empty() => return Err(Errno::ENOTEMPTY),
            _ => {}
        }
        self.names_mut(directory)?.remove(name);
        self.count_names(node, -1);
        self.journal.push(Operation::Unlink { directory, name: name.to_owned() });
        Ok(())
    }

    /// Files only replace files; a directory replaces nothing.
    pub(crate) fn rename(&mut self, from: (Inode, &OsStr), to: (Inode, &OsStr), replace: Replace) -> Result<(), Errno> {
        let node = self.look(from.0, from.1)?;
        if let Ok(there) = self.look(to.0, to.1) {
            if there == node {
                return Ok(());
            }
            let both_files = [node, there].map(|it| self.node(it).map(Node::kind)) == [Ok(Kind::File), Ok(Kind::File)];
            if replace == Replace::Never || !both_files {
                return Err(Errno::EEXIST);
            }
            self.count_names(there, -1);
        }
        self.names_mut(to.0)?.insert(to.1.to_owned(), node);
        self.names_mut(from.0)?.remove(from.1);
        let [from, to] = [from, to].map(|(directory, name)| (directory, name.to_owned()));
        self.journal.push(Operation::Rename { from, to, node });
        Ok(())
    }

    fn bytes_mut(&mut self, file: Inode) -> Result<&mut Vec<u8>, Errno> {
        match &mut self.nodes.get_mut(&file).ok_or(Errno::ENOENT)?.content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(Errno::EISDIR),
        }
    }

    fn names_mut(&mut self, directory: Inode) -> Result<&mut BTreeMap<OsString, Inode>, Errno> {
        match &mut self.nodes.get_mut(&directory).ok_or(Errno::ENOENT)?.content {
            Content::Directory(names) => Ok(names),
            Content::File(_) => Err(Errno::ENOTDIR),
        }
    }

    fn count_names(&mut self, inode: Inode, change: i32) {
        if let Some(node) = self.nodes.get_mut(&inode) {
            node.names = node.names.saturating_add_signed(change);
        }
    }
}

/// Whether a rename may take a name that is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replace {
    Never,
    Files,
}

/// Puts bytes into a file, which grows with zeros up to them.
pub(crate) fn put(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let start = offset as usize;
    let end = start + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[start..end].copy_from_slice(bytes);
}
