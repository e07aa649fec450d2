//! How fast a zipped CSV is unpacked and cut into rows.
//!
//! `cargo run --release -p bulkwright-engine --example read_speed [FILE.zip | ROWS]`
//!
//! Without a file it makes one: ROWS leads (1,000,000 unless told) of 16 columns and about 284 bytes each, some of
//! them quoted, some not ASCII. Each line tells one way of reading the same file, the best of five turns.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;
use std::time::Instant;

use bulkwright_engine::archive::{CsvEntry, find_csv, open_csv};
use bulkwright_engine::inflate::InflateAhead;
use bulkwright_engine::limits::Limits;
use bulkwright_engine::reader::RowReader;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

type Failure = Box<dyn std::error::Error>;

const ROWS: u64 = 1_000_000;
const TURNS: usize = 5;
const HEADER: &str = "Last_Name,First_Name,Company,Email,Phone,Mobile,Lead_Status,Lead_Source,Annual_Revenue,\
    No_of_Employees,Website,Street,City,Country,First_Contact,Description\n";

fn main() -> Result<(), Failure> {
    let argument = std::env::args().nth(1);
    let made = tempfile::NamedTempFile::new()?;
    let path = match &argument {
        Some(file) if file.parse::<u64>().is_err() => Path::new(file),
        rows => {
            make_zip(made.as_file(), rows.as_deref().map_or(Ok(ROWS), str::parse)?)?;
            made.path()
        }
    };
    let entry = find_csv(&mut File::open(path)?, &Limits::lifted())?;
    writeln!(io::stdout(), "{}: {} bytes packed, {} unpacked", entry.name, entry.packed_bytes, entry.csv_bytes)?;
    let open = || Ok::<_, Failure>(open_csv(File::open(path)?, &entry, &Limits::lifted())?);

    let mut unpacked = Vec::new();
    open()?.read_to_end(&mut unpacked)?;
    let rows = rows_of(&unpacked[..])?;
    measure("unpack", &entry, rows, || Ok(io::copy(&mut open()?, &mut io::sink())?))?;
    measure("cut into rows (unpacked, in memory)", &entry, rows, || rows_of(&unpacked[..]))?;
    for (charset, file) in in_other_charsets(&unpacked)? {
        let what = format!("the same table in {charset}");
        measure(&what, &entry, rows, || rows_in(&file[..], Some(charset)))?;
    }
    measure("both, one after the other", &entry, rows, || rows_of(open()?))?;
    measure("both at once, on two threads", &entry, rows, || rows_of(InflateAhead::start(open()?)?))?;
    measure("the same, looking at every cell", &entry, rows, || cell_bytes_of(InflateAhead::start(open()?)?))
}

/// Prints the best of some turns.
fn measure(
    what: &str,
    entry: &CsvEntry,
    rows: u64,
    mut turn: impl FnMut() -> Result<u64, Failure>,
) -> Result<(), Failure> {
    let mut best = f64::INFINITY;
    for _ in 0..TURNS {
        let start = Instant::now();
        std::hint::black_box(turn()?);
        best = best.min(start.elapsed().as_secs_f64());
    }
    let (rows, megabytes) = (rows as f64 / best, entry.csv_bytes as f64 / 1e6 / best);
    writeln!(io::stdout(), "{what:<36} {best:>6.3} s {rows:>11.0} rows/s {megabytes:>6.0} MB/s")?;
    Ok(())
}

fn in_other_charsets(utf8: &[u8]) -> Result<[(&'static str, Vec<u8>); 2], Failure> {
    let text = std::str::from_utf8(utf8)?;
    let windows = encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
    Ok([("windows-1252", windows), ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect())])
}

fn rows_of(source: impl Read) -> Result<u64, Failure> {
    rows_in(source, None)
}

fn rows_in(source: impl Read, charset: Option<&str>) -> Result<u64, Failure> {
    let mut reader = RowReader::open(source, charset, &Limits::lifted())?;
    let mut rows = 0;
    while let Some(row) = reader.next_row()? {
        if let Some(problem) = row.problem {
            return Err(format!("line {}: {problem}", row.line).into());
        }
        rows += 1;
    }
    Ok(rows)
}

fn cell_bytes_of(source: impl Read) -> Result<u64, Failure> {
    let mut reader = RowReader::open(source, None, &Limits::lifted())?;
    let mut bytes = 0;
    while let Some(row) = reader.next_row()? {
        bytes += row.cells().map(|cell| cell.len() as u64).sum::<u64>();
    }
    Ok(bytes)
}

fn make_zip(file: &File, rows: u64) -> Result<(), Failure> {
    let mut zip = ZipWriter::new(BufWriter::new(file));
    zip.start_file("leads.csv", SimpleFileOptions::default().large_file(true))?;
    zip.write_all(HEADER.as_bytes())?;
    let mut line = String::new();
    for number in 0..rows {
        line.clear();
        push_lead(&mut line, number)?;
        zip.write_all(line.as_bytes())?;
    }
    zip.finish()?.flush()?;
    Ok(())
}

/// One lead in which every cell that would compress too well is spelled out of a mixed number.
fn push_lead(line: &mut String, number: u64) -> std::fmt::Result {
    let mixed = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let pick = |shift: u32, words: &[&'static str]| words[(mixed >> shift) as usize % words.len()];
    let last = pick(3, &["Müller", "Okonkwo", "Nowak", "García", "Smith", "Tanaka", "O'Neill", "Kowalska"]);
    let first = pick(9, &["Anna", "José", "Li", "Maria", "Tom", "Zoë", "Ravi", "Fatima"]);
    let city = pick(17, &["Zürich", "Lagos", "Kraków", "Austin", "Osaka", "Pune", "Lyon", "Recife"]);
    let (phone, street, revenue) = (mixed >> 31, (mixed >> 40) % 900, (mixed >> 21) % 10_000_000);
    write!(
        line,
        "{last},{first},\"{last}, {city} & Sons {:x} Ltd.\",{first}.{number}@{:08x}.example.com,",
        phone & 0xFFFF,
        mixed >> 32
    )?;
    write!(line, "+1 555 {:07},+44 20 {:08},", phone % 10_000_000, phone % 99_999_999)?;
    write!(
        line,
        "{},{},",
        pick(25, &["Contacted", "Not Contacted", "Lost Lead"]),
        pick(28, &["Web", "Trade Show", "Partner"])
    )?;
    write!(line, "{}.{:02},{},https://www.{:010x}.example.com,", revenue, mixed % 100, mixed % 5000, mixed >> 24)?;
    write!(line, "\"{street} Long Street, Apt {}\",{city},{},", mixed % 77, pick(11, &["Poland", "India", "Japan"]))?;
    let remark =
        if number.is_multiple_of(50) { "said \"\"call me\"\"\nnext week, " } else { "asked for the price list, " };
    writeln!(line, "2026-{:02}-{:02},\"{remark}ref {mixed:016x}\"", 1 + mixed % 12, 1 + (mixed >> 5) % 28)
}
