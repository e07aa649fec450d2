//! Cutting the source into parts: rows on record boundaries, packed as a zip that fits the target.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;

use bulkwright_wire::outcome::ECHOED_COLUMNS;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;

use crate::error::ClientError;
use crate::load::plan::Plan;
use crate::load::rows::Rows;
use crate::load::settings::PartLimits;
use crate::load::source::Input;

/// Rows of one job with everything that is needed to join their verdicts.
#[derive(Debug)]
pub(crate) struct Part {
    /// 1 is the first.
    pub(crate) number: usize,
    /// All rows of the part, also those that are not sent.
    pub(crate) rows: Rows,
    /// Places in `rows` of the rows that are sent.
    pub(crate) sent: Vec<usize>,
    /// The zip; `None` if no row of the part can be sent.
    pub(crate) zip: Option<NamedTempFile>,
}

/// Makes parts, one after another.
#[derive(Debug)]
pub(crate) struct PartMaker {
    input: Input,
    limits: PartLimits,
    /// Columns of the plan in the order in which they are written and mapped; settled with the first part.
    order: Vec<usize>,
    /// Rows that were read but did not fit into the part before.
    carried: Rows,
    number: usize,
    ended: bool,
}

impl PartMaker {
    pub(crate) fn new(input: Input, limits: PartLimits) -> Self {
        PartMaker { input, limits, order: Vec::new(), carried: Rows::default(), number: 0, ended: false }
    }

    /// Columns of the plan in the order in which they are written and mapped. Empty before the first part.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// The next part; `None` at the end of the file. At most one part's rows are held.
    pub(crate) fn next(&mut self, plan: &Plan) -> Result<Option<Part>, ClientError> {
        let mut rows = self.read()?;
        if rows.is_empty() {
            return Ok(None);
        }
        if self.order.is_empty() {
            self.order = mapping_order(plan, &rows);
        }
        self.number += 1;
        loop {
            let (zip, sent) = self.pack(&rows, plan)?;
            let bytes = zip.as_file().metadata()?.len();
            if sent.is_empty() {
                return Ok(Some(Part { number: self.number, rows, sent, zip: None }));
            }
            if bytes <= self.limits.zip_bytes_max {
                return Ok(Some(Part { number: self.number, rows, sent, zip: Some(zip) }));
            }
            self.shorten(&mut rows, &sent);
        }
    }

    /// The rest of the file, a piece at a time, for rows that will not be sent.
    pub(crate) fn next_unsent(&mut self) -> Result<Option<Rows>, ClientError> {
        let rows = self.read()?;
        Ok((!rows.is_empty()).then_some(rows))
    }

    fn read(&mut self) -> Result<Rows, ClientError> {
        let mut rows = std::mem::take(&mut self.carried);
        while !self.ended && rows.len() < self.limits.rows_max && rows.bytes() < self.limits.bytes_max {
            self.ended = !self.input.read_into(&mut rows)?;
        }
        if rows.len() > self.limits.rows_max {
            self.carried = rows.split_off(self.limits.rows_max);
        }
        Ok(rows)
    }

    /// A zip that came out too large is made again from half of its rows; a single row that is too large is not sent.
    fn shorten(&mut self, rows: &mut Rows, sent: &[usize]) {
        if let [only] = sent {
            rows.refuse(*only, format!("the row alone is over the {} bytes of a zip", self.limits.zip_bytes_max));
            return;
        }
        let mut rest = rows.split_off(sent[sent.len() / 2]);
        rest.append(std::mem::take(&mut self.carried));
        self.carried = rest;
    }

    fn pack(&self, rows: &Rows, plan: &Plan) -> Result<(NamedTempFile, Vec<usize>), ClientError> {
        let mut file = NamedTempFile::with_prefix("bulkwright-")?;
        let mut zip = zip::ZipWriter::new(std::io::BufWriter::with_capacity(1 << 16, file.as_file_mut()));
        zip.start_file(self.csv_name(), SimpleFileOptions::default()).map_err(std::io::Error::from)?;
        let sent = {
            let mut csv = csv::WriterBuilder::new().buffer_capacity(1 << 16).from_writer(&mut zip);
            csv.write_record(self.order.iter().map(|&at| &plan.columns[at].field)).map_err(disk)?;
            let sent = self.write_rows(&mut csv, rows, plan)?;
            csv.flush()?;
            sent
        };
        zip.finish().map_err(std::io::Error::from)?.flush()?;
        Ok((file, sent))
    }

    fn write_rows(
        &self,
        csv: &mut csv::Writer<impl Write>,
        rows: &Rows,
        plan: &Plan,
    ) -> Result<Vec<usize>, ClientError> {
        let mut sent = Vec::with_capacity(rows.len());
        for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.refused().is_none()) {
            csv.write_record(self.order.iter().map(|&at| row.cell(plan.columns[at].column))).map_err(disk)?;
            sent.push(index);
        }
        Ok(sent)
    }

    /// The name inside the zip: the vendor's result is named after it.
    fn csv_name(&self) -> String {
        format!("part-{:04}.csv", self.number)
    }
}

fn disk(error: csv::Error) -> ClientError {
    ClientError::Disk(std::io::Error::other(error))
}

/// The columns that are echoed come first: the one that rows are joined by, or those that tell most rows apart
/// (CLIENT 17).
fn mapping_order(plan: &Plan, rows: &Rows) -> Vec<usize> {
    let mut first = match plan.join_column {
        Some(at) => vec![at],
        None => Vec::new(),
    };
    let mut by_distinctness: Vec<(usize, usize)> =
        plan.columns.iter().enumerate().map(|(at, column)| (distinct(rows, column.column), at)).collect();
    by_distinctness.sort_by_key(|&(distinct, at)| (std::cmp::Reverse(distinct), at));
    for (_, at) in by_distinctness {
        if first.len() < ECHOED_COLUMNS && !first.contains(&at) {
            first.push(at);
        }
    }
    let others: Vec<usize> = (0..plan.columns.len()).filter(|at| !first.contains(at)).collect();
    first.into_iter().chain(others).collect()
}

fn distinct(rows: &Rows, column: usize) -> usize {
    let hasher = RandomState::new();
    let seen: HashSet<u64> = rows.iter().map(|row| hasher.hash_one(row.cell(column))).collect();
    seen.len()
}
