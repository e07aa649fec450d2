//! A disk that loses power, and what it may hold afterwards.
//!
//! [`Mount`] serves a file system from memory through FUSE: real programs, SQLite and all, work on it as on any other.
//! Each change that the kernel hands over, and each sync, becomes one [`Operation`] of a [`Journal`]. From it an
//! [`Image`] tells, for every position, what the disk surely held if power was lost there and what was still under way;
//! [`Image::after`] makes a [`Tree`] of it, one of the many that a disk might show at the next start.
//!
//! # What is assumed of a disk
//!
//! - A sync is truthful: when `fsync` of a file has returned, its bytes and its size are there for good.
//! - A sector of 512 bytes is written whole or not at all. Larger writes are torn between any two sectors.
//! - A rename inside of a directory is one step: never both names, never none.
//! - What is at rest stays: only what was written since the last sync is at risk.
//!
//! # What is not assumed
//!
//! - That writes arrive in the order they were made, in one file or among several. Any later one may be there without
//!   any earlier one, and a truncation without the writes before it.
//! - That a file's sync keeps its name. Names are lost and kept one by one, whatever became of the bytes, until the
//!   directory itself is synced: a file that was synced may be gone, one that was removed may be back, a rename may not
//!   have happened, and a name may lead to a file that is still empty.
//! - That a file which grew is zero where nothing arrived: it may hold what the disk held there before.
//! - That reading back what was written means that it is there.
//!
//! What a *killed* process leaves is another matter than what a disk without power leaves: the kernel keeps all of it, and
//! the next process finds it whether it is durable or not. [`Loss::Nothing`] is that state.
//!
//! Damage of what is at rest (flipped bits, files cut short) is another matter, and not shown here.

mod crash;
mod disk;
mod image;
mod journal;
mod mount;
mod random;
mod served;
mod server;
mod tree;
mod wire;

pub use crash::Loss;
pub use image::Image;
pub use journal::{Inode, Journal, Operation};
pub use mount::{Mount, MountError};
pub use random::Random;
pub use server::serve;
pub use tree::Tree;
