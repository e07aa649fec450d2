//! The import itself, without a network, a database or a clock.
//!
//! A zip with one CSV goes in, verdicts come out: [`archive`] opens the container safely, [`reader`] turns its bytes
//! into rows, [`plan`] settles everything that can be refused before row one, [`typing`] makes cells into values,
//! [`decide`] says what becomes of each row, and [`result`] writes the vendor's result file. What an import needs of
//! a store is [`record_store::RecordStore`] and nothing else; every rule of a row stands here, once.
//!
//! It is synchronous on purpose: sockets, timers and SQL belong to the crates above it.

pub mod archive;
pub mod catalog;
pub mod charset;
pub mod delimiter;
pub mod ids;
pub mod inflate;
pub mod limits;
pub mod reader;
pub mod record_store;
pub mod spec;
pub mod verdict;
