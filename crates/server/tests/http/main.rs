//! The server as its clients see it: over sockets, with real stores and real files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod harness;

mod described;

mod replay;

mod smallest_client;

mod order;

mod headers;

mod hints;

mod links;

mod tokens;

mod tenants;

mod upkeep;

mod uploads;

mod jobs;

mod callbacks;

mod looking;

mod media;

mod records;

mod connections;

mod starts;

mod disk;

mod secrets;

mod metrics;
