//! Where jobs, uploads, access and records are kept.
//!
//! Two seams: [`bulkwright_engine::record_store::RecordStore`] is what an import needs of the records (sync, batches),
//! [`Store`] is what the server needs of everything else (async). [`sqlite`] implements both over a data directory:
//! a records file whose ledger is the truth, a control file for jobs and access, and blobs. Domain types only: wire
//! types never enter here.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod error;
pub mod failure;
#[cfg(any(test, feature = "conformance"))]
pub mod memory;
pub mod model;
pub mod records;
pub mod sqlite;
pub mod store;
pub mod upkeep;

/// Attempts at a delivery that are kept, of each delivery.
pub const ATTEMPTS_KEPT: u32 = 100;

pub use error::Error;
pub use store::Store;
