//! Tells what the engine reads in files, for comparing it with other readers.
//!
//! `cargo run -p bulkwright-engine --example rows < LIST` reads lines `CHARSET<tab>PATH`, the charset empty where none is named,
//! and writes a JSON line for each: of a zip the CSV's name and bytes, of anything else the rows, and beside them those of
//! the csv crate.

use std::fs::File;
use std::io::{self, BufRead, Read, Write};

use bulkwright_engine::archive::{check_container, find_csv, open_csv};
use bulkwright_engine::limits::Limits;
use bulkwright_engine::reader::RowReader;
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (charset, path) = line.split_once('\t').ok_or("a line is CHARSET<tab>PATH")?;
        let named = (!charset.is_empty()).then_some(charset);
        let told = if path.ends_with(".zip") { zip(path) } else { table(path, named) };
        writeln!(out, "{}", told.unwrap_or_else(|failure| json!({ "refused": failure.to_string() })))?;
    }
    Ok(())
}

fn zip(path: &str) -> Result<Value, Failure> {
    let limits = Limits::default();
    check_container(&mut File::open(path)?, &limits)?;
    let entry = find_csv(&mut File::open(path)?, &limits)?;
    let mut bytes = Vec::new();
    open_csv(File::open(path)?, &entry, &limits)?.read_to_end(&mut bytes)?;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({ "name": entry.name, "bytes": hex }))
}

fn table(path: &str, named: Option<&str>) -> Result<Value, Failure> {
    let bytes = std::fs::read(path)?;
    let limits = Limits { rows_max: u64::MAX, ..Limits::default() };
    let mut reader = RowReader::open(&bytes[..], named, &limits)?;
    let (charset, delimiter) = (reader.charset(), reader.delimiter().byte());
    let header = reader.header().to_vec();
    let mut rows = Vec::new();
    while let Some(row) = reader.next_row()? {
        rows.push(json!({
            "line": row.line,
            "byte": row.byte,
            "byte_end": row.byte_end,
            "cells": row.cells().collect::<Vec<_>>(),
            "problem": row.problem.map(|problem| format!("{:?}", problem.reason())),
        }));
    }
    let text = charset.decode_for_show(&bytes[charset.mark_bytes(&bytes)..]);
    Ok(json!({
        "charset": charset.name(),
        "delimiter": char::from(delimiter).to_string(),
        "header": header,
        "rows": rows,
        "csv_crate": by_csv_crate(&text, delimiter)?,
    }))
}

fn by_csv_crate(text: &str, delimiter: u8) -> Result<Vec<Vec<String>>, Failure> {
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.delimiter(delimiter).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let rows = reader.records().map(|row| Ok(row?.iter().map(str::to_owned).collect()));
    rows.collect()
}
