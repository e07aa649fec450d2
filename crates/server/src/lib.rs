//! The Bulk Write API over HTTP, and the workers behind it.
//!
//! [`Server::start`] opens the store, listens and returns; [`run`] does that until it is told to stop. Everything that
//! comes in passes one gate (URL, method, authentication, scope, application, in this order), everything that goes out
//! is built in one place, and each job is run by a worker through the engine.
//!
//! There is no web framework here: the wire's order of evaluation and its headers are not what frameworks give, and a
//! table of twelve paths needs none. Connections are accepted by a loop of our own because every one of them is under
//! limits of time and size from its first byte.

mod clock;
mod config;
mod error;
mod server;

mod accept;
mod head_guard;
mod stall_guard;

mod body;
mod gate;
mod router;

mod access;
mod api;
mod links;
mod reply;
mod room;
mod state;

mod start;

mod work;

mod sweep;

pub mod upkeep;

pub use clock::Clock;
pub use config::{Config, ConnectionLimits, Mode};
pub use error::ServeError;
pub use server::{Running, Server, run};
pub use start::credentials::{CREDENTIALS_FILE, Credentials};
pub use start::dev;
