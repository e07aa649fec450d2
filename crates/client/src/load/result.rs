//! Reading a result zip (contract section 6).

use std::io::Read;

use bulkwright_wire::outcome::{COLUMNS, RowStatus};

use crate::error::ClientError;

/// Bytes of a result CSV that are read at most: far above what 25,000 rows with three cells of 1 MiB could honestly be.
const RESULT_BYTES_MAX: u64 = 8 << 30;

/// What a result says of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResultRow {
    /// The echoed cells.
    pub(crate) echoes: Vec<String>,
    /// `None` for a word that is not known.
    pub(crate) status: Option<RowStatus>,
    pub(crate) record_id: String,
    pub(crate) errors: String,
}

/// Reads the one CSV of a result zip, row by row, and gives each row to `take`.
pub(crate) fn read(
    zip: impl Read + std::io::Seek,
    job: &str,
    mut take: impl FnMut(ResultRow),
) -> Result<(), ClientError> {
    let bad = |reason: String| ClientError::BadResult { job: job.to_owned(), reason };
    let mut archive = zip::ZipArchive::new(zip).map_err(|error| bad(error.to_string()))?;
    let index = csv_index(&mut archive).ok_or_else(|| bad("the zip holds no CSV".to_owned()))?;
    let entry = archive.by_index(index).map_err(|error| bad(error.to_string()))?;
    let mut csv = csv::ReaderBuilder::new().flexible(true).from_reader(entry.take(RESULT_BYTES_MAX));
    let header = csv.byte_headers().map_err(|error| bad(error.to_string()))?.clone();
    let places = Places::of(&header).ok_or_else(|| bad(format!("its header lacks {}", COLUMNS.join(", "))))?;
    let mut record = csv::ByteRecord::new();
    while csv.read_byte_record(&mut record).map_err(|error| bad(error.to_string()))? {
        take(places.row(&record));
    }
    Ok(())
}

/// The last CSV wins, as in the vendor's own client.
fn csv_index<R: Read + std::io::Seek>(archive: &mut zip::ZipArchive<R>) -> Option<usize> {
    (0..archive.len()).rev().find(|&index| {
        let is_csv = |name: &str| name.to_lowercase().ends_with(".csv");
        archive.by_index_raw(index).is_ok_and(|entry| entry.is_file() && entry.name().is_ok_and(|name| is_csv(&name)))
    })
}

/// Where the columns are. Theirs is the last one of each name: the echoed ones carry names that we gave.
struct Places {
    status: usize,
    record_id: usize,
    errors: usize,
    echoes: usize,
}

impl Places {
    fn of(header: &csv::ByteRecord) -> Option<Self> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_uppercase()).collect();
        let place = |name: &str| names.iter().rposition(|found| found == name);
        let [status, record_id, errors] = COLUMNS.map(place);
        let (status, record_id, errors) = (status?, record_id?, errors?);
        Some(Places { status, record_id, errors, echoes: status.min(record_id).min(errors) })
    }

    fn row(&self, record: &csv::ByteRecord) -> ResultRow {
        let cell = |at: usize| String::from_utf8_lossy(record.get(at).unwrap_or_default()).into_owned();
        ResultRow {
            echoes: (0..self.echoes).map(cell).collect(),
            status: RowStatus::parse(&cell(self.status)),
            record_id: cell(self.record_id),
            errors: cell(self.errors),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    pub(crate) fn zipped(name: &str, csv: &str) -> Cursor<Vec<u8>> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(csv.as_bytes()).unwrap();
        zip.finish().unwrap()
    }

    fn rows(csv: &str) -> Vec<ResultRow> {
        let mut found = Vec::new();
        read(zipped("Leads-part.csv", csv), "1", |row| found.push(row)).unwrap();
        found
    }

    #[test]
    fn rows_are_read_by_the_names_of_their_columns() {
        let expected = ResultRow {
            echoes: vec!["a@b.example".into(), "Ü, \"x\"\n".into()],
            status: Some(RowStatus::Added),
            record_id: "42".into(),
            errors: String::new(),
        };
        let check = |csv: &str| assert_eq!(rows(csv), std::slice::from_ref(&expected), "{csv}");
        check("Email,Name,STATUS,RECORD_ID,ERRORS\na@b.example,\"Ü, \"\"x\"\"\n\",ADDED,42,\n");
        check("Email,Name,Record_Id,Status,Errors\r\na@b.example,\"Ü, \"\"x\"\"\n\",42,added,\r\n");
        assert_eq!(rows("Email,STATUS,RECORD_ID,ERRORS\n"), []);
    }

    #[test]
    fn what_is_no_result_is_named() {
        let check = |zip: Cursor<Vec<u8>>, expected: &str| {
            let error = read(zip, "77", |_| {}).unwrap_err().to_string();
            assert!(error.contains("77") && error.contains(expected), "{error}");
        };
        check(Cursor::new(b"no zip".to_vec()), "cannot be read");
        check(zipped("readme.txt", "STATUS"), "holds no CSV");
        check(zipped("x.csv", "a,b\n1,2\n"), "lacks STATUS, RECORD_ID, ERRORS");
    }
}
