//! What a disk surely holds at a position of the journal, and what is still under way.

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::crash::{Fate, Loss};
use crate::disk::put;
use crate::journal::{Inode, Kind, Operation};
use crate::tree::Tree;

/// Bytes that a disk writes whole or not at all.
pub(crate) const SECTOR_BYTES: usize = 512;

/// The disk after the first operations of a journal.
#[derive(Clone, Debug)]
pub struct Image {
    position: usize,
    files: HashMap<Inode, FileImage>,
    directories: HashMap<Inode, DirectoryImage>,
}

#[derive(Clone, Debug, Default)]
struct FileImage {
    durable: Arc<Vec<u8>>,
    /// Since the last sync, each with its place in the journal.
    pending: Vec<(usize, Change)>,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: u64, bytes: Arc<[u8]> },
    Resize { size: u64 },
}

#[derive(Clone, Debug, Default)]
struct DirectoryImage {
    durable: BTreeMap<OsString, Inode>,
    pending: Vec<NameChange>,
}

/// A rename is two of them with one place in the journal.
#[derive(Clone, Debug)]
struct NameChange {
    place: usize,
    name: OsString,
    leads_to: Option<Inode>,
}

impl Default for Image {
    fn default() -> Self {
        Image {
            position: 0,
            files: HashMap::new(),
            directories: HashMap::from([(Inode::ROOT, DirectoryImage::default())]),
        }
    }
}

impl Image {
    /// How many operations it has seen.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Takes the next operation in.
    pub fn advance(&mut self, operation: &Operation) {
        let place = self.position;
        self.position += 1;
        match operation {
            Operation::Write { file, offset, bytes } => {
                self.change(*file, Change::Write { offset: *offset, bytes: bytes.clone() });
            }
            Operation::Resize { file, size } => self.change(*file, Change::Resize { size: *size }),
            Operation::SyncFile { file } => self.files.entry(*file).or_default().sync(),
            Operation::Link { directory, name, node, kind } => {
                match kind {
                    Kind::File => drop(self.files.entry(*node).or_default()),
                    Kind::Directory => drop(self.directories.entry(*node).or_default()),
                }
                self.change_name(*directory, place, name, Some(*node));
            }
            Operation::Unlink { directory, name } => self.change_name(*directory, place, name, None),
            Operation::Rename { from, to, node } => {
                self.change_name(from.0, place, &from.1, None);
                self.change_name(to.0, place, &to.1, Some(*node));
            }
            Operation::SyncDirectory { directory } => self.directories.entry(*directory).or_default().sync(),
        }
    }

    /// What the disk might show if power was lost here.
    pub fn after(&self, loss: Loss) -> Tree {
        let fate = Fate::new(loss, self.position);
        let mut tree = Tree::default();
        let mut to_visit = vec![(PathBuf::new(), Inode::ROOT)];
        while let Some((path, directory)) = to_visit.pop() {
            for (name, node) in self.directories[&directory].after(&fate) {
                let path = path.join(name);
                match self.files.get(&node) {
                    Some(file) => tree.add_file(path, file.after(node, &fate)),
                    None => {
                        tree.add_directory(path.clone());
                        to_visit.push((path, node));
                    }
                }
            }
        }
        tree
    }

    fn change(&mut self, file: Inode, change: Change) {
        let place = self.position - 1;
        self.files.entry(file).or_default().pending.push((place, change));
    }

    fn change_name(&mut self, directory: Inode, place: usize, name: &OsString, leads_to: Option<Inode>) {
        let change = NameChange { place, name: name.clone(), leads_to };
        self.directories.entry(directory).or_default().pending.push(change);
    }
}

impl FileImage {
    fn sync(&mut self) {
        let bytes = Arc::make_mut(&mut self.durable);
        for (_, change) in self.pending.drain(..) {
            match change {
                Change::Write { offset, bytes: written } => put(bytes, offset, &written),
                Change::Resize { size } => bytes.resize(size as usize, 0),
            }
        }
    }

    fn after(&self, inode: Inode, fate: &Fate) -> Arc<Vec<u8>> {
        let mut bytes = self.durable.clone();
        for (place, change) in &self.pending {
            match change {
                Change::Write { offset, bytes: written } => {
                    for (start, part) in sectors(*offset, written) {
                        let sector = start / SECTOR_BYTES as u64;
                        if fate.keeps_sector(inode, *place, sector, *offset, written.len()) {
                            put(Arc::make_mut(&mut bytes), start, part);
                        } else if start >= self.durable.len() as u64
                            && let Some(stale) = fate.stale(*place, sector)
                        {
                            put(Arc::make_mut(&mut bytes), start, &stale[..part.len()]);
                        }
                    }
                }
                Change::Resize { size } if fate.keeps(inode, *place) => {
                    Arc::make_mut(&mut bytes).resize(*size as usize, 0);
                }
                Change::Resize { .. } => {}
            }
        }
        bytes
    }
}

impl DirectoryImage {
    fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    fn after(&self, fate: &Fate) -> BTreeMap<OsString, Inode> {
        let mut names = self.durable.clone();
        for change in self.pending.iter().filter(|change| fate.keeps_name(change.place)) {
            change.clone().apply(&mut names);
        }
        names
    }
}

impl NameChange {
    fn apply(self, names: &mut BTreeMap<OsString, Inode>) {
        match self.leads_to {
            Some(node) => drop(names.insert(self.name, node)),
            None => drop(names.remove(&self.name)),
        }
    }
}

/// A write cut where sectors of the file begin, each part with its offset in the file.
fn sectors(offset: u64, bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let first = SECTOR_BYTES - (offset as usize % SECTOR_BYTES);
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    let parts = std::iter::once(head).chain(rest.chunks(SECTOR_BYTES));
    parts.scan(offset, |next, part| {
        let start = *next;
        *next += part.len() as u64;
        Some((start, part))
    })
}
