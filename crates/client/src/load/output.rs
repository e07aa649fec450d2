//! The files of a load: written under temporary names, renamed when all of them are whole (CLIENT 18 to 20).

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::ClientError;
use crate::load::plan::Plan;
use crate::load::rows::RowView;
use crate::load::tally::FirstFault;
use crate::load::verdict::{JoinedBy, RowEnd, Status};

/// The columns behind those of the source.
pub const OWN_COLUMNS: [&str; 8] =
    ["_line", "_status", "_record_id", "_code", "_column", "_errors", "_job", "_joined_by"];

/// Where the files of a load are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFiles {
    /// Every row with its outcome.
    pub results: PathBuf,
    /// The rows that were not written; it may be loaded again as it is.
    pub errors: PathBuf,
    /// The rows that may have been written; only there if there are any.
    pub unknown: Option<PathBuf>,
    /// The report.
    pub report: PathBuf,
}

/// The files while they are written.
pub(crate) struct Outputs {
    folder: PathBuf,
    name: String,
    header: Vec<String>,
    /// Source columns that are written: all but those which an earlier load added.
    kept: Vec<usize>,
    results: Table,
    errors: Table,
    unknown: Option<Table>,
}

type Table = csv::Writer<BufWriter<NamedTempFile>>;

impl Outputs {
    /// Begins the files beside their final names.
    pub(crate) fn create(folder: &Path, input: &Path, header: &[String]) -> Result<Self, ClientError> {
        fs_err::create_dir_all(folder)?;
        let name = input.file_stem().map_or_else(|| "input".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let kept: Vec<usize> =
            (0..header.len()).filter(|&column| !OWN_COLUMNS.contains(&header[column].as_str())).collect();
        let kept_header = kept.iter().map(|&column| header[column].clone());
        let header: Vec<String> = kept_header.chain(OWN_COLUMNS.map(str::to_owned)).collect();
        let results = table(folder, &header)?;
        let errors = table(folder, &header)?;
        Ok(Outputs { folder: folder.to_owned(), name, header, kept, results, errors, unknown: None })
    }

    /// Writes one row with its outcome into the files where it belongs.
    pub(crate) fn row(
        &mut self,
        row: RowView<'_>,
        end: &RowEnd,
        fault: &FirstFault,
        plan: &Plan,
        job: Option<&str>,
    ) -> Result<(), ClientError> {
        let line = row.line().to_string();
        let outcome = [
            line.as_str(),
            end.status.as_str(),
            &end.record_id,
            &fault.code,
            fault.column.map_or("", |at| &plan.columns[at].header),
            &end.errors,
            job.filter(|_| row.refused().is_none()).unwrap_or(""),
            end.joined_by.map_or("", JoinedBy::as_str),
        ];
        let cells = || self.kept.iter().map(|&column| row.cell(column));
        self.results.write_record(cells().chain(outcome)).map_err(disk)?;
        match (end.status, row.refused()) {
            (Status::Added | Status::Updated, _) => {}
            (Status::Unknown, _) => {
                if self.unknown.is_none() {
                    self.unknown = Some(table(&self.folder, &self.header)?);
                }
                let unknown = self.unknown.as_mut().expect("it was just made");
                unknown.write_record(self.kept.iter().map(|&column| row.cell(column)).chain(outcome)).map_err(disk)?;
            }
            (_, Some(refused)) if !refused.raw.is_empty() => {
                // As it stands in the file, in one cell: loading the row again refuses it again until it is mended.
                self.errors.write_record([refused.raw.as_str()].into_iter().chain(outcome)).map_err(disk)?;
            }
            _ => self.errors.write_record(cells().chain(outcome)).map_err(disk)?,
        }
        Ok(())
    }

    /// The names that the files will have.
    pub(crate) fn files(&self) -> OutputFiles {
        OutputFiles {
            results: self.path("results.csv"),
            errors: self.path("errors.csv"),
            unknown: self.unknown.is_some().then(|| self.path("unknown.csv")),
            report: self.path("report.json"),
        }
    }

    /// Gives the files their names, the report last: whoever sees it finds the others whole.
    pub(crate) fn finish(self, report: &[u8]) -> Result<(), ClientError> {
        let files = self.files();
        persist(self.results, &files.results)?;
        persist(self.errors, &files.errors)?;
        match (self.unknown, &files.unknown) {
            (Some(unknown), Some(path)) => persist(unknown, path)?,
            // One of an earlier run would speak of rows that this run knows.
            _ => remove_if_there(&self.folder.join(format!("{}.unknown.csv", self.name)))?,
        }
        let mut file = temporary(&self.folder)?;
        file.write_all(report)?;
        name(file, &files.report)
    }

    fn path(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }
}

fn table(folder: &Path, header: &[String]) -> Result<Table, ClientError> {
    let mut table = csv::WriterBuilder::new().flexible(true).from_writer(BufWriter::new(temporary(folder)?));
    table.write_record(header).map_err(disk)?;
    Ok(table)
}

fn temporary(folder: &Path) -> Result<NamedTempFile, ClientError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bulkwright-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // What people make here themselves is readable by others as far as their mask allows; so is this.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let made = builder.tempfile_in(folder);
    made.map_err(|error| in_folder(folder, &error))
}

fn in_folder(folder: &Path, error: &std::io::Error) -> ClientError {
    let text = format!("no file can be written in {} (--out names another folder): {error}", folder.display());
    ClientError::Disk(std::io::Error::new(error.kind(), text))
}

fn persist(table: Table, path: &Path) -> Result<(), ClientError> {
    let buffered = table.into_inner().map_err(|error| std::io::Error::from(error.error().kind()))?;
    let file = buffered.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    name(file, path)
}

fn name(file: NamedTempFile, path: &Path) -> Result<(), ClientError> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| {
        let text = format!("{} cannot be written: {}", path.display(), error.error);
        ClientError::Disk(std::io::Error::new(error.error.kind(), text))
    })?;
    Ok(())
}

fn remove_if_there(path: &Path) -> Result<(), ClientError> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn disk(error: csv::Error) -> ClientError {
    ClientError::Disk(std::io::Error::other(error))
}
