//! The program `bulkwright`.

#[cfg(test)]
mod sample;

fn main() {}
