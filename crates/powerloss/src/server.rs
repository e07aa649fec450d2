//! The process that serves a disk.

use std::ffi::OsString;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use fuser::{Config, MountOption};
use nix::mount::MntFlags;

use crate::disk::Disk;
use crate::served::{Served, lock};
use crate::wire;

/// The line that tells that the disk can be used. Any other first line says why it cannot.
pub(crate) const MOUNTED: &str = "mounted";

/// What is asked of the process, a line each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A line with the number of operations so far.
    Position,
    /// The operations so far.
    Journal,
}

impl Request {
    /// How it is asked.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Request::Position => "position",
            Request::Journal => "journal",
        }
    }

    fn of(word: &str) -> Option<Request> {
        [Request::Position, Request::Journal].into_iter().find(|request| request.word() == word)
    }
}

/// Serves a new disk at the folder that the arguments name, until the input ends. [`crate::Mount`] is at the other end.
pub fn serve(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let Some(folder) = arguments.nth(1) else { return ExitCode::from(2) };
    match serve_at(Path::new(&folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve_at(folder: &Path) -> io::Result<()> {
    let mut answers = BufWriter::new(io::stdout().lock());
    let disk = Arc::new(Mutex::new(Disk::new()));
    let mut config = Config::default();
    config.mount_options = vec![MountOption::FSName("powerloss".to_owned()), MountOption::NoAtime];
    let session = match fuser::spawn_mount(Served::new(disk.clone()), folder, &config) {
        Ok(session) => session,
        Err(error) => return writeln!(answers, "{error}"),
    };
    writeln!(answers, "{MOUNTED}")?;
    let answered = answers.flush().and_then(|()| answer_all(&disk, &mut answers));
    // At once, though files may still be open: what is detached ends with this process. Who mounted through fusermount3
    // may not do this; the session takes it away then.
    let _ = nix::mount::umount2(folder, MntFlags::MNT_DETACH);
    drop(session);
    // Whoever made the folder removes it, unless he was killed.
    let _ = fs_err::remove_dir(folder);
    answered
}

fn answer_all(disk: &Mutex<Disk>, answers: &mut impl Write) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        match Request::of(&line?) {
            Some(Request::Position) => writeln!(answers, "{}", lock(disk).journal().len())?,
            Some(Request::Journal) => wire::write_journal(answers, lock(disk).journal())?,
            None => return Err(io::ErrorKind::InvalidData.into()),
        }
        answers.flush()?;
    }
    Ok(())
}
