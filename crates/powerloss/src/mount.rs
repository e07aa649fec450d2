//! The disk at a place in the tree, and how it goes away again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use fuser::{BackgroundSession, Config, MountOption};
use nix::mount::{MntFlags, MsFlags};
use nix::sched::CloneFlags;
use tempfile::TempDir;

use crate::disk::Disk;
use crate::journal::Journal;
use crate::served::{Served, lock};

/// What talks to the kernel.
const DEVICE: &str = "/dev/fuse";

/// Why there is no disk to try power losses on.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// The kernel cannot, or the container may not.
    #[error(
        "{DEVICE} is missing or closed to this user: power losses cannot be tried without FUSE (load the kernel's fuse module, or give the container --device {DEVICE})"
    )]
    NoFuse(#[source] io::Error),
    /// This user may not mount.
    #[error("a FUSE file system cannot be mounted at {}: run as root (in a container: --cap-add SYS_ADMIN), or install fuse3 for its fusermount3", at.display())]
    Refused {
        /// Where it was to be.
        at: PathBuf,
        /// What the kernel or fusermount3 said.
        #[source]
        source: io::Error,
    },
    /// There is no place for it.
    #[error("no folder can be made to mount at")]
    NoFolder(#[source] io::Error),
}

/// An empty disk in memory, mounted at a folder of its own until this is dropped.
///
/// As root it is mounted in a namespace of the calling thread: seen by this thread and by those that it starts from now
/// on, by nobody else, and gone with the last of them, however the process ends. Make runtimes and pools after it.
pub struct Mount {
    disk: Arc<Mutex<Disk>>,
    session: Option<BackgroundSession>,
    folder: TempDir,
}

impl Mount {
    /// Mounts one.
    ///
    /// # Errors
    /// A [`MountError`] that says what is missing.
    pub fn new() -> Result<Mount, MountError> {
        std::fs::File::options().read(true).write(true).open(DEVICE).map_err(MountError::NoFuse)?;
        // Who may not do this may still mount through fusermount3, in everybody's sight.
        let _ = leave_shared_namespace();
        let folder = tempfile::Builder::new().prefix("powerloss-").tempdir().map_err(MountError::NoFolder)?;
        let disk = Arc::new(Mutex::new(Disk::new()));
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("powerloss".to_owned()), MountOption::NoAtime];
        let session = fuser::spawn_mount(Served::new(disk.clone()), folder.path(), &config)
            .map_err(|source| MountError::Refused { at: folder.path().to_owned(), source })?;
        Ok(Mount { disk, session: Some(session), folder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// How many operations there were so far.
    pub fn position(&self) -> usize {
        lock(&self.disk).journal().len()
    }

    /// All operations so far.
    pub fn journal(&self) -> Journal {
        lock(&self.disk).journal().clone()
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // At once, though files may still be open (after a panic): what is detached ends with its last user.
        let _ = nix::mount::umount2(self.folder.path(), MntFlags::MNT_DETACH);
        drop(self.session.take());
    }
}

/// From here on this thread's mounts are its own.
fn leave_shared_namespace() -> nix::Result<()> {
    nix::sched::unshare(CloneFlags::CLONE_NEWNS)?;
    let nothing: Option<&str> = None;
    nix::mount::mount(nothing, "/", nothing, MsFlags::MS_REC | MsFlags::MS_PRIVATE, nothing)
}
