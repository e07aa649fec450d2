//! Proofs over the real runner and the real server, with a store that fails where it is told to: whatever happens on the
//! way, the end is that of a run that nothing has disturbed.

#[expect(dead_code, reason = "what it can do more is for the tests that see the server from outside")]
#[path = "../tests/http/harness.rs"]
mod harness;

mod random;

mod repeats;

mod every_point;
mod injector;
mod stores;
mod story;
