//! Archives as people and attackers make them: what is taken, what is refused, when, and how cheaply.

mod by_hand;
mod hostile;
mod made;
mod plain;

use std::fs::File;
use std::io::{Cursor, Read, Write};

use super::*;
use made::*;

const CSV: &[u8] = b"Last_Name,Email\nPotter,harry@example.com\n";

/// Small limits that a test can reach.
fn limits() -> Limits {
    Limits {
        zip_bytes_max: 8 << 20,
        csv_bytes_max: 32 << 20,
        ratio_free_bytes: 1 << 20,
        ratio_max: 100,
        entries_max: 10,
        ..Limits::default()
    }
}

fn on_disk(zip: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(zip).unwrap();
    file
}

/// Everything a job does with a file, as one answer: its CSV, or the refusal.
fn read_csv(zip: &[u8]) -> Result<Vec<u8>, FileProblem> {
    let mut file = on_disk(zip);
    let entry = find_csv(&mut file, &limits())?;
    let mut csv = Vec::new();
    open_csv(file, &entry, &limits())?.read_to_end(&mut csv)?;
    Ok(csv)
}

/// When a file is refused, and in which words.
fn refusal(zip: &[u8]) -> String {
    if let Err(problem) = check_container(&mut Cursor::new(zip), &limits()) {
        return format!("at upload: {problem}");
    }
    if let Err(problem) = find_csv(&mut Cursor::new(zip), &limits()) {
        return format!("at creation: {problem}");
    }
    match read_csv(zip) {
        Err(problem) => format!("while reading: {problem}"),
        Ok(csv) => format!("{} bytes are read", csv.len()),
    }
}

fn check_refused(zip: &[u8], expected: &str) {
    assert_eq!(refusal(zip), expected);
}
