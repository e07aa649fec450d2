//! The file that is loaded, before it is known what its columns mean.
//!
//! Whatever its charset and its delimiter, parts of it are written anew, in UTF-8 with commas: the target has nothing to
//! guess. Lines and bytes that are told are those of the file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bulkwright_engine::limits::Limits;
use bulkwright_engine::reader::{ReadProblem, RowReader};

use crate::error::ClientError;
use crate::input::InputProblem;
use crate::load::rows::Rows;

/// Columns a file may have. Only some of them need to name fields, so this is far above what a job may carry.
const COLUMNS_MAX: usize = 5_000;
/// Bytes of one cell (RELIABILITY section 2); a longer one spoils its row.
const CELL_BYTES_MAX: usize = 1 << 20;

/// An open CSV. Nothing is sent or written by opening it.
#[derive(Debug)]
pub struct Input {
    path: PathBuf,
    bytes: u64,
    header: Vec<String>,
    reading: String,
    reader: RowReader<fs_err::File>,
    /// The first data row is read at once: a file without one needs no target.
    first: Rows,
}

impl Input {
    /// Opens a file and reads its header and its first row. Its charset is found out if none is named.
    ///
    /// # Errors
    /// [`ClientError::Input`] with the reason why it is no CSV or not in that charset, [`ClientError::Disk`] if it cannot
    /// be read.
    pub fn open(path: &Path, charset: Option<&str>) -> Result<Self, ClientError> {
        let bytes = look_at(path)?;
        let not_csv = |problem: ReadProblem| not_csv(path, problem);
        let mut reader = RowReader::open(fs_err::File::open(path)?, charset, &limits()).map_err(not_csv)?;
        let header: Vec<String> = reader.header_trimmed().map(str::to_owned).collect();
        let reading = in_words(reader.charset().name(), reader.delimiter().byte(), header.len());
        let mut first = Rows::default();
        if let Some(row) = reader.next_row().map_err(|problem| not_csv_below(path, problem))? {
            first.push(&row);
        }
        Ok(Input { path: path.to_owned(), bytes, header, reading, reader, first })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The names of its columns, without the white space around them.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// How it is read, in words: `UTF-8, commas, 16 columns`.
    pub fn reading(&self) -> &str {
        &self.reading
    }

    /// Whether there is no row under the header.
    pub fn has_no_rows(&self) -> bool {
        self.first.is_empty()
    }

    /// Reads one more row behind `rows`; false at the end of the file.
    pub(crate) fn read_into(&mut self, rows: &mut Rows) -> Result<bool, ClientError> {
        if !self.first.is_empty() {
            rows.append(std::mem::take(&mut self.first));
            return Ok(true);
        }
        match self.reader.next_row().map_err(|problem| not_csv_below(&self.path, problem))? {
            Some(row) => rows.push(&row),
            None => return Ok(false),
        }
        Ok(true)
    }
}

fn limits() -> Limits {
    Limits {
        rows_max: u64::MAX,
        columns_max: COLUMNS_MAX,
        cell_bytes_max: CELL_BYTES_MAX,
        time_max: Duration::MAX,
        ..Limits::lifted()
    }
}

fn look_at(path: &Path) -> Result<u64, ClientError> {
    let found = match fs_err::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(InputProblem::Missing(path.to_owned()).into());
        }
        Err(error) => return Err(error.into()),
    };
    if found.is_dir() {
        return Err(InputProblem::Folder(path.to_owned()).into());
    }
    if found.is_file() && found.len() == 0 {
        return Err(InputProblem::Empty(path.to_owned()).into());
    }
    Ok(found.len())
}

fn not_csv(path: &Path, problem: ReadProblem) -> ClientError {
    match problem {
        ReadProblem::NoHeader => InputProblem::Empty(path.to_owned()).into(),
        ReadProblem::Charset(problem) => {
            InputProblem::Charset { path: path.to_owned(), reason: problem.to_string() }.into()
        }
        other => InputProblem::NotCsv { path: path.to_owned(), reason: other.to_string() }.into(),
    }
}

/// Below the header only the disk can fail: bad rows are no errors.
fn not_csv_below(path: &Path, problem: ReadProblem) -> ClientError {
    let text = format!("{} cannot be read any further: {problem}", path.display());
    ClientError::Disk(std::io::Error::other(text))
}

fn in_words(charset: &str, delimiter: u8, columns: usize) -> String {
    let delimiter = match delimiter {
        b',' => "commas",
        b';' => "semicolons",
        b'\t' => "tabs",
        b'|' => "pipes",
        _ => "colons",
    };
    format!("{charset}, {delimiter}, {columns} {}", if columns == 1 { "column" } else { "columns" })
}
