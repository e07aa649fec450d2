//! The reading rules as tables. Every input is read with windows of several sizes and must give the same rows.

mod cells;
mod charsets;
mod files;
mod places;
mod round_trip;

use std::io::{self, Read};

use super::*;

/// A window so small that every boundary falls everywhere, up to one that holds the whole file.
const WINDOW_BYTES: [usize; 6] = [1, 2, 3, 7, 64, 4096];
/// Bytes a row may have in these tests unless one is about that.
const ROW_BYTES_MAX: usize = 4096;

/// Gives its bytes a few at a time, then the error if there is one.
struct Dribble<'a> {
    bytes: &'a [u8],
    step: usize,
    failure: Option<io::Error>,
}

impl Read for Dribble<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            return self.failure.take().map_or(Ok(0), Err);
        }
        let step = self.step.min(out.len());
        self.bytes.read(&mut out[..step])
    }
}

/// Limits small enough to be reached in a test.
fn limits() -> Limits {
    Limits { cell_bytes_max: 100, columns_max: 5, ..Limits::lifted() }
}

fn open_sized(file: &[u8], window_bytes: usize) -> Result<RowReader<Dribble<'_>>, ReadProblem> {
    open_named(file, None, window_bytes)
}

fn open_named<'f>(
    file: &'f [u8],
    charset: Option<&str>,
    window_bytes: usize,
) -> Result<RowReader<Dribble<'f>>, ReadProblem> {
    let source = Dribble { bytes: file, step: window_bytes, failure: None };
    RowReader::open_sized(source, charset, &limits(), Sizes { window_bytes, row_bytes_max: ROW_BYTES_MAX })
}

/// A row as text: what a table can be written in.
fn told(row: &Row<'_>) -> String {
    let cells: Vec<_> = row.cells().collect();
    let told = format!("{} line {} byte {}..{} {cells:?}", row.number, row.line, row.byte, row.byte_end);
    match row.problem.zip(row.problem_place()) {
        None => told,
        Some((problem, place)) => format!("{told} {problem:?} at {place}"),
    }
}

/// All rows of a file, or the problem that ended it, the same for every size of window.
fn read_all(file: &[u8]) -> Vec<String> {
    read_all_named(file, None)
}

fn read_all_named(file: &[u8], charset: Option<&str>) -> Vec<String> {
    let mut by_size = WINDOW_BYTES.map(|window_bytes| read_all_sized(file, charset, window_bytes));
    for (size, rows) in WINDOW_BYTES.iter().zip(&by_size) {
        assert_eq!(rows, &by_size[0], "a window of {size} bytes gives other rows");
    }
    std::mem::take(&mut by_size[0])
}

fn read_all_sized(file: &[u8], charset: Option<&str>, window_bytes: usize) -> Vec<String> {
    let mut reader = match open_named(file, charset, window_bytes) {
        Ok(reader) => reader,
        Err(problem) => return vec![problem.to_string()],
    };
    let mut rows = Vec::new();
    loop {
        match reader.next_row() {
            Ok(Some(row)) => {
                if let Some(raw) = row.raw() {
                    assert_eq!(raw, &file[row.byte as usize..row.byte_end as usize], "raw bytes of {}", row.number);
                }
                rows.push(told(&row));
            }
            Ok(None) => return rows,
            Err(problem) => {
                rows.push(problem.to_string());
                assert!(matches!(reader.next_row(), Ok(None)), "after a problem there are no more rows");
                return rows;
            }
        }
    }
}

/// The cells of each row and the problem, without places.
fn cells_of(file: &[u8]) -> Vec<String> {
    read_all(file)
        .iter()
        .map(|row| row.split_once(" [").map_or(row.clone(), |(_, cells)| format!("[{cells}")))
        .map(|row| row.split_once(" at line ").map_or(row.clone(), |(cells, _)| cells.to_owned()))
        .collect()
}
