//! The full result of a job, which only a server of one's own tells.

use bulkwright_wire::rows::{RowsFormat, RowsPage, RowsSummary};
use url::Url;

use super::{Api, Received};
use crate::error::ClientError;
use crate::send::Call;

/// Which rows of a job are told. What is left empty does not matter.
#[derive(Clone, Debug, Default)]
pub struct RowsFilter {
    /// `ADDED`, `UPDATED`, `SKIPPED` and `UNPROCESSED`.
    pub statuses: Vec<String>,
    /// Codes of errors.
    pub codes: Vec<String>,
    /// Reasons of errors.
    pub reasons: Vec<String>,
    /// Columns or fields of errors.
    pub columns: Vec<String>,
    /// The first row, from 1.
    pub from: Option<u64>,
    /// Rows at most.
    pub limit: Option<u64>,
}

impl RowsFilter {
    fn append_to(&self, url: &mut Url) {
        let named =
            [("status", &self.statuses), ("code", &self.codes), ("reason", &self.reasons), ("column", &self.columns)];
        let mut pairs = url.query_pairs_mut();
        for (name, values) in named {
            pairs.extend_pairs(values.iter().map(|value| (name, value)));
        }
        for (name, number) in [("from", self.from), ("limit", self.limit)] {
            pairs.extend_pairs(number.map(|number| (name, number.to_string())));
        }
    }
}

impl Api {
    /// One page of a job's rows, in file order.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rows(&self, job: &str, filter: &RowsFilter) -> Result<Received<RowsPage>, ClientError> {
        self.receive(&self.rows_call(job, filter, RowsFormat::Json)).await
    }

    /// All rows that the filter asks for, as lines of JSON or as CSV, into a file that is open for writing.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rows_file(
        &self,
        job: &str,
        filter: &RowsFilter,
        format: RowsFormat,
        file: &mut fs_err::tokio::File,
    ) -> Result<(), ClientError> {
        self.sender.download(&self.rows_call(job, filter, format), file).await
    }

    /// What is wrong with a job's rows, and how often.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rows_summary(&self, job: &str) -> Result<RowsSummary, ClientError> {
        self.read(&Call { url: self.own_job_url(&[job, "summary"]), ..self.get("counting the errors", "/") }).await
    }

    fn rows_call(&self, job: &str, filter: &RowsFilter, format: RowsFormat) -> Call<'static> {
        let mut url = self.own_job_url(&[job, "rows"]);
        url.query_pairs_mut().append_pair("format", format.as_str());
        filter.append_to(&mut url);
        Call { url, ..self.get("reading the rows", "/") }
    }
}
