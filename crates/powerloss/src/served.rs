//! The disk as the kernel asks for it.
//!
//! Written through: the kernel hands each write over before the call that made it returns (its write-back cache stays
//! off), so the journal has them in the order in which they were made. Only a mapped file, SQLite's shared memory, comes
//! when the kernel likes.

use std::ffi::OsStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner,
    OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen,
    ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use crate::disk::{Disk, Replace};
use crate::journal::{Inode, Kind};

/// How long the kernel may believe what it was told: nobody but itself changes anything.
const BELIEVED: Duration = Duration::from_secs(3600);
/// Bytes of a block, as told to those who ask how full the disk is.
const BLOCK_BYTES: u32 = 4096;
/// Blocks of the disk, all of them free: 4 TiB.
const BLOCKS: u64 = 1 << 30;
/// Bytes of the longest name.
const NAME_BYTES_MAX: u32 = 255;
/// There is one handle for everything: nothing depends on who opened a file.
const HANDLE: FileHandle = FileHandle(0);
/// Inodes are never used twice.
const GENERATION: Generation = Generation(0);

/// The file system that the kernel talks to.
pub(crate) struct Served {
    disk: Arc<Mutex<Disk>>,
}

impl Served {
    pub(crate) fn new(disk: Arc<Mutex<Disk>>) -> Served {
        Served { disk }
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    fn entry(&self, found: impl FnOnce(&mut Disk) -> Result<Inode, Errno>, reply: ReplyEntry) {
        let mut disk = self.disk();
        match found(&mut disk).and_then(|inode| attributes(&disk, inode)) {
            Ok(attributes) => reply.entry(&BELIEVED, &attributes, GENERATION),
            Err(errno) => reply.error(errno),
        }
    }

    fn done(&self, work: impl FnOnce(&mut Disk) -> Result<(), Errno>, reply: ReplyEmpty) {
        match work(&mut self.disk()) {
            Ok(()) => reply.ok(),
            Err(errno) => reply.error(errno),
        }
    }
}

/// A change is made whole or not at all, so a panic elsewhere leaves the disk sound.
pub(crate) fn lock(disk: &Mutex<Disk>) -> MutexGuard<'_, Disk> {
    disk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn inode(number: INodeNo) -> Inode {
    Inode(number.0)
}

fn attributes(disk: &Disk, inode: Inode) -> Result<FileAttr, Errno> {
    let node = disk.node(inode)?;
    Ok(FileAttr {
        ino: INodeNo(inode.0),
        size: node.size(),
        blocks: node.size().div_ceil(512),
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: file_type(node.kind()),
        perm: node.mode as u16,
        nlink: node.names,
        uid: nix::unistd::geteuid().as_raw(),
        gid: nix::unistd::getegid().as_raw(),
        rdev: 0,
        blksize: BLOCK_BYTES,
        flags: 0,
    })
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::File => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
    }
}

impl Filesystem for Served {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(|disk| disk.look(inode(parent), name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match attributes(&self.disk(), inode(ino)) {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(errno) => reply.error(errno),
        }
    }

    /// Owners and times are taken and forgotten: nothing asks for them.
    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _fh: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let (mut disk, inode) = (self.disk(), inode(ino));
        let resized = size.map_or(Ok(()), |size| disk.resize(inode, size));
        let changed = resized.and_then(|()| mode.map_or(Ok(()), |mode| disk.set_mode(inode, mode)));
        match changed.and_then(|()| attributes(&disk, inode)) {
            Ok(attributes) => reply.attr(&BELIEVED, &attributes),
            Err(errno) => reply.error(errno),
        }
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, name: &OsStr, mode: u32, _umask: u32, reply: ReplyEntry) {
        self.entry(|disk| disk.make(inode(parent), name, Kind::Directory, mode), reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let mut disk = self.disk();
        let made = disk.make(inode(parent), name, Kind::File, mode);
        match made.and_then(|inode| attributes(&disk, inode)) {
            Ok(attributes) => reply.created(&BELIEVED, &attributes, GENERATION, HANDLE, FopenFlags::FOPEN_KEEP_CACHE),
            Err(errno) => reply.error(errno),
        }
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.done(|disk| disk.unlink(inode(parent), name, Kind::File), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        self.done(|disk| disk.unlink(inode(parent), name, Kind::Directory), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, newparent: INodeNo, newname: &OsStr, reply: ReplyEntry) {
        let linked = |disk: &mut Disk| disk.link(inode(ino), inode(newparent), newname).map(|()| inode(ino));
        self.entry(linked, reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        newparent: INodeNo,
        newname: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let replace = match flags {
            RenameFlags::RENAME_NOREPLACE => Replace::Never,
            none if none.is_empty() => Replace::Files,
            _ => return reply.error(Errno::EINVAL),
        };
        self.done(|disk| disk.rename((inode(parent), name), (inode(newparent), newname), replace), reply);
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(HANDLE, FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.disk().read(inode(ino), offset, size) {
            Ok(bytes) => reply.data(bytes),
            Err(errno) => reply.error(errno),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match self.disk().write(inode(ino), offset, data) {
            Ok(()) => reply.written(data.len() as u32),
            Err(errno) => reply.error(errno),
        }
    }

    /// Closing a file promises nothing.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.done(|disk| disk.sync(inode(ino)), reply);
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _datasync: bool, reply: ReplyEmpty) {
        self.done(|disk| disk.sync(inode(ino)), reply);
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let disk = self.disk();
        let names = match disk.names(inode(ino)) {
            Ok(names) => names,
            Err(errno) => return reply.error(errno),
        };
        for (place, (name, node)) in names.iter().enumerate().skip(offset as usize) {
            let Ok(kind) = disk.node(*node).map(|it| file_type(it.kind())) else { continue };
            if reply.add(INodeNo(node.0), place as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCKS, BLOCK_BYTES, NAME_BYTES_MAX, BLOCK_BYTES);
    }
}
