//! Room on the disk: uploads stop first, then jobs between two chunks, so that what little is left is there for the small
//! writes that tell how things stand: tokens, progress, ends.

use crate::state::App;

/// Bytes of an upload after which the disk is asked again.
pub(crate) const BYTES_BETWEEN_LOOKS: u64 = 1 << 20;
/// The share of the bytes to be kept free that jobs may use up, so that what was taken in can be worked off.
const SHARE_OF_JOBS: u64 = 2;

/// Too little room, in words for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the disk of the server has {free} bytes left, and {needed} are to stay free")]
pub(crate) struct NoRoom {
    free: u64,
    needed: u64,
}

/// Whether more may be taken in. A disk that says nothing is asked by writing.
pub(crate) fn for_uploads(app: &App) -> Result<(), NoRoom> {
    check(app, app.disk_free_min)
}

/// Whether a job may write its next chunk.
pub(crate) fn for_jobs(app: &App) -> Result<(), NoRoom> {
    check(app, app.disk_free_min / SHARE_OF_JOBS)
}

fn check(app: &App, needed: u64) -> Result<(), NoRoom> {
    match app.store.free_bytes() {
        Some(free) if free < needed => Err(NoRoom { free, needed }),
        _ => Ok(()),
    }
}
