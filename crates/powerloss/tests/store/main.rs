//! The embedded store on a disk that loses power.
//!
//! A real sequence of calls runs on the disk: a new directory, uploads, jobs, chunks, results, callbacks, a store that is
//! closed and opened again. Then power is lost at every position of what the disk was asked for, in several manners, and
//! the store is opened on what is left. Whatever was answered must be there, and the call in flight wholly or not at
//! all, in both files and the blobs together.
//!
//! As a test it tries about 10,000 states. `POWERLOSS_STATES=20` tries so many times more, `POWERLOSS_SEED=7` others:
//! `POWERLOSS_STATES=20 cargo nextest run -p bulkwright-powerloss --no-capture`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod dump;
mod history;
mod plan;
mod runs;
mod trial;
mod trials;
mod work;
