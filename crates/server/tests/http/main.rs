//! The server as its clients see it: over sockets, with real stores and real files.

mod harness;

mod replay;

mod order;

mod tokens;

mod tenants;

mod uploads;

mod jobs;

mod records;

mod connections;

mod starts;
