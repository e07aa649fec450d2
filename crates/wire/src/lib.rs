//! The Zoho CRM Bulk Write API as data: what stands on the wire, and nothing that does anything.
//!
//! Server and client read the same tables: [`version`], [`path`], [`scope`], [`error`], [`header`] and [`limit`] hold
//! each fact once, graded by its evidence where it is not certain; [`explain`] puts each code into words; [`host`] says where the vendor serves them from. The
//! bodies are types in the wire's key order: [`upload`], [`create`], [`details`], [`oauth`], [`account`], [`settings`],
//! [`record`]; [`outcome`] is the result CSV, [`own`] and [`rows`] what only a server of our own tells.
//! There is no I/O here and no knowledge of how an import works: that is the engine's.

pub mod version;

pub mod path;

pub mod host;

pub mod scope;

pub mod limit;

pub mod time;

pub mod header;

pub mod error;

pub mod explain;

pub mod upload;

pub mod create;

pub mod details;

pub mod outcome;

pub mod oauth;

pub mod account;

pub mod settings;

pub mod layouts;

pub mod record;

pub mod criteria;

pub mod own;

pub mod rows;

pub mod callback;

pub mod exchange;

pub mod upkeep;

pub mod administration;
