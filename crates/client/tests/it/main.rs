//! The client against a scripted server on loopback: what it sends, what it repeats, and what it makes of answers.

mod calls;
mod fake;
mod loads;
mod script;
