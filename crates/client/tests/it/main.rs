//! The client against a scripted server on loopback: what it sends, what it repeats, and what it makes of answers.

#![expect(clippy::unwrap_used, reason = "in a test a failed unwrap is a failed test")]

mod calls;
mod fake;
mod keys;
mod loads;
mod script;
mod waits;
