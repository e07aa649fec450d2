//! The Bulk Write API over HTTP, and the workers behind it.
//!
//! [`Server::start`] opens the store, listens and returns; [`run`] does that until it is told to stop. Everything that
//! comes in passes one gate (URL, method, authentication, scope, application, in this order), everything that goes out
//! is built in one place, and each job is run by a worker through the engine and told to
//! its receiver by another.
//!
//! There is no web framework here: the wire's order of evaluation and its headers are not what frameworks give, and one
//! table of paths needs none. Connections are accepted by a loop of our own because every one of them is under
//! limits of time and size from its first byte.

mod clock;
mod config;
mod error;
mod randomness;
mod server;

mod accept;
mod connection;
mod head_guard;
mod phase;
mod seats;
mod stall_guard;
mod tls;

mod body;
mod gate;
mod router;

mod access;
mod api;
mod callback_rule;
mod hint;
mod links;
mod metrics;
mod news;
mod quota;
mod repeat;
mod reply;
mod room;
mod state;
mod throttle;

mod start;

mod work;

mod deliver;
mod sweep;

pub mod upkeep;

pub mod administration;
pub mod modules;
#[cfg(test)]
extern crate self as bulkwright_server;
#[cfg(test)]
mod proofs;

pub use clock::Clock;
pub use config::{Config, ConnectionLimits, Mode};
pub use deliver::NameLookup;
pub use error::ServeError;
pub use randomness::Randomness;
pub use server::{Running, Server, run};
pub use start::credentials::{CREDENTIALS_FILE, Credentials};
pub use start::dev;
