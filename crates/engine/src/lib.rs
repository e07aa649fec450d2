//! The import itself, without a network, a database or a clock.
//!
//! A zip with one CSV goes in, verdicts come out: [`archive`] opens the container safely, [`inflate`] unpacks it ahead,
//! [`reader`] turns its bytes into rows, [`plan`] settles everything that can be refused before row one, [`typing`]
//! makes cells into values, [`batch`] holds the rows of a chunk, [`decide`] says what becomes of each, [`import`] runs
//! all this chunk by chunk, and [`result`] writes the vendor's result file. What an import needs of a store is
//! [`record_store::RecordStore`] and nothing else; every rule of a row stands here, once.
//!
//! It is synchronous on purpose: sockets, timers and SQL belong to the crates above it.

// What there is: modules and fields, ids, requests, bounds.
pub mod catalog;
pub mod ids;
pub mod limits;
pub mod nearest;
pub mod spec;

// From the upload to rows.
pub mod archive;
pub mod charset;
pub mod delimiter;
pub mod inflate;
pub mod reader;

// From rows to verdicts.
pub mod batch;
pub mod decide;
pub mod import;
pub mod plan;
pub mod prepare;
pub mod result;
pub mod typing;
pub mod verdict;

// What is stored, and where.
pub mod body;
pub mod key;
pub mod memory;
pub mod placement;
pub mod record_store;
pub mod verdict_bytes;

#[cfg(test)]
mod testkit;
