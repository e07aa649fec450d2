//! Reads a CSV with the csv crate, row by row into one reused record, and does nothing with it. Prints the seconds that took:
//! the floor that `benches/compare` measures an import against.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: parse_only FILE.csv")?;
    let start = Instant::now();
    let mut reader = csv::ReaderBuilder::new().from_path(path)?;
    let mut record = csv::ByteRecord::new();
    let (mut rows, mut bytes) = (0_u64, 0_u64);
    while reader.read_byte_record(&mut record)? {
        rows += 1;
        bytes += record.as_slice().len() as u64;
    }
    let seconds = start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{seconds:.6} s {rows} rows {bytes} bytes of cells")?;
    Ok(())
}
