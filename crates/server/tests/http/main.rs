//! The server as its clients see it: over sockets, with real stores and real files.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails where it stands")]

mod harness;

mod described;

mod supported;

mod replay;

mod smallest_client;

mod order;

mod headers;

mod hints;

mod links;

mod tokens;

mod oauth;

mod tenants;

mod borders;

mod administration;

mod upkeep;

mod uploads;

mod jobs;

mod charsets;

mod zips;

mod repeats;

mod creations;

mod callbacks;

mod look_ups;
mod looking;

mod rows;

mod media;

mod quotas;

mod records;

mod search;

mod layouts;

mod modules;

mod connections;

mod crowds;

mod tls;

mod starts;

mod disk;

mod secrets;

mod metrics;
