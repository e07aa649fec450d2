//! Kills the server at random moments and compares what is left with an undisturbed run.

fn main() {}
