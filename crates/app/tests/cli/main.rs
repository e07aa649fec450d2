//! The built program, driven as people drive it: arguments in; exit code, output and files out.
//!
//! `BULKWRIGHT_BIN` names another binary, so that the released one goes through the same tests.

#![expect(clippy::unwrap_used, reason = "in a test a failed unwrap is a failed test")]

mod administration;
mod callbacks;
mod charsets;
mod codes;
mod configured;
mod files;
mod job_show;
mod joined;
mod look_ups;
mod looking;
mod modules;
mod program;
mod refused;
mod rows;
mod servers;
mod tls;

mod upkeep;
