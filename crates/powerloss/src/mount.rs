//! The disk at a place in the tree, as its users hold it.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

use crate::journal::Journal;
use crate::server::{MOUNTED, Request};
use crate::wire;

/// What talks to the kernel.
const DEVICE: &str = "/dev/fuse";

/// Why there is no disk to try power losses on.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// The kernel cannot, or the container may not.
    #[error(
        "{DEVICE} is missing or closed to this user ({0}): power losses cannot be tried without FUSE; load the kernel's \
         fuse module, or give the container --device {DEVICE}"
    )]
    NoFuse(io::Error),
    /// This user may not mount.
    #[error(
        "a FUSE file system cannot be mounted ({0}): run as root (in a container with --cap-add SYS_ADMIN), or install \
         fuse3 for its fusermount3"
    )]
    Refused(String),
    /// The process that serves the disk cannot be started or talked to.
    #[error("the process that serves the disk cannot be used: {0}")]
    Process(#[from] io::Error),
}

/// An empty disk in memory, mounted at a folder of its own until this is dropped.
///
/// A process of its own serves it: unmapping a mapped file waits for the disk with the memory of the whole process
/// locked, so a disk in the same one could never answer. It takes the mount away when its input ends, which is when this
/// is dropped or when the process that holds it ends in any way.
pub struct Mount {
    server: Mutex<Server>,
    folder: TempDir,
}

struct Server {
    process: Child,
    /// `None` once it was told to end.
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Mount {
    /// Mounts one. `program` is this crate's binary, `powerloss-disk`.
    ///
    /// # Errors
    /// A [`MountError`] that says what is missing.
    pub fn new(program: impl AsRef<Path>) -> Result<Mount, MountError> {
        fs_err::File::options().read(true).write(true).open(DEVICE).map_err(MountError::NoFuse)?;
        let folder = tempfile::Builder::new().prefix("powerloss-").tempdir()?;
        let mut command = Command::new(program.as_ref());
        command.arg(folder.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        // Whoever ends the group of the tests must leave it the time to unmount.
        let mut process = command.process_group(0).spawn()?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().expect("it was asked to be piped");
        let mut server = Server { process, requests, answers: BufReader::new(answers) };
        match server.line()?.as_str() {
            MOUNTED => Ok(Mount { server: Mutex::new(server), folder }),
            refused => Err(MountError::Refused(refused.to_owned())),
        }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// How many operations there were so far.
    ///
    /// # Panics
    /// If the serving process is gone.
    pub fn position(&self) -> usize {
        let position = self.ask(Request::Position, |server| server.line()?.parse().map_err(io::Error::other));
        position.expect("the process that serves the disk answers")
    }

    /// All operations so far.
    ///
    /// # Panics
    /// If the serving process is gone.
    pub fn journal(&self) -> Journal {
        let journal = self.ask(Request::Journal, |server| wire::read_journal(&mut server.answers));
        journal.expect("the process that serves the disk answers")
    }

    fn ask<T>(&self, request: Request, answer: impl FnOnce(&mut Server) -> io::Result<T>) -> io::Result<T> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(requests) = &mut server.requests {
            writeln!(requests, "{}", request.word())?;
        }
        answer(&mut server)
    }
}

impl Server {
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.requests = None;
        // It may have been ended by others; there is nothing left to do then.
        let _ = self.process.wait();
    }
}
