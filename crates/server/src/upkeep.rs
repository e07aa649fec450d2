//! Looking after a data directory: what is asked of the store, in the words of the wire, and the same over a directory that
//! no server holds.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::Error as StoreError;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::sqlite::{self, SqliteStore};
use bulkwright_store::upkeep::{
    BackupReport, Difference as StoredDifference, Sums as StoredSums, SweepMode, Swept, Upkeep, Verification,
};
use bulkwright_wire::time;
use bulkwright_wire::upkeep::{
    BackupAnswer, DeliverySums, Difference, JobSums, LedgerSums, RecordSums, RestoreAnswer, SCHEMA, Sums, SweepAnswer,
    VerifyAnswer,
};

use jiff::tz::TimeZone;

use crate::Clock;
use crate::error::ServeError;
use crate::server::Data;
use crate::start;
use crate::sweep::Lifetimes;

/// Verifies a data directory that no server holds. A store that is too damaged to be opened is an answer too.
///
/// # Errors
/// [`ServeError::NoData`], [`ServeError::DirectoryInUse`], and what else keeps it from being opened.
pub async fn verify(data: &Path) -> Result<VerifyAnswer, ServeError> {
    let (store, catalog) = match open_with_catalog(data).await {
        Err(ServeError::Store(StoreError::Damaged { what })) => return Ok(cannot_be_opened(&what)),
        opened => opened?,
    };
    Ok(verify_answer(store.verify().await?, &catalog))
}

/// Takes away what has outlived `lifetime` from a data directory that no server holds; or says what would go.
///
/// # Errors
/// [`ServeError::NoData`], [`ServeError::DirectoryInUse`], [`ServeError::Store`].
pub async fn sweep(data: &Path, lifetime: Duration, remove: bool) -> Result<SweepAnswer, ServeError> {
    let store = open(data).await?;
    let mode = sweep_mode(remove);
    let rule = Lifetimes::all(lifetime).rule(Clock::system().seconds(), mode);
    Ok(sweep_answer(store.sweep(&rule).await?, mode))
}

/// Copies a data directory that no server holds.
///
/// # Errors
/// [`ServeError::NoData`], [`ServeError::DirectoryInUse`], [`ServeError::Directory`] if the destination is taken or cannot
/// be written, [`ServeError::Store`].
pub async fn backup(data: &Path, destination: &Path) -> Result<BackupAnswer, ServeError> {
    let (store, catalog) = open_with_catalog(data).await?;
    let report = store.backup(destination, Clock::system().seconds()).await?;
    Ok(backup_answer(report, &catalog))
}

/// Makes a data directory of a backup, at a place that is free or an empty directory.
///
/// # Errors
/// [`ServeError::Directory`] if the place is taken or the backup is none, [`ServeError::Store`], which names the file of
/// the backup that is damaged.
pub async fn restore(backup: &Path, data: &Path) -> Result<RestoreAnswer, ServeError> {
    let (backup, place) = (backup.to_owned(), data.to_owned());
    let restored =
        tokio::task::spawn_blocking(move || sqlite::restore(&backup, &place, &FailurePoints::default())).await;
    let doing = "restoring a backup";
    let report = restored.map_err(|panicked| StoreError::Failed { doing, source: panicked.into() })??;
    Ok(RestoreAnswer {
        schema: SCHEMA,
        directory: data.display().to_string(),
        backed_up_at: time::print(report.backed_up_at, &TimeZone::UTC),
        files: report.files,
        bytes: report.bytes,
    })
}

/// Opens a directory that is there already.
pub(crate) async fn open(data: &Path) -> Result<Arc<SqliteStore>, ServeError> {
    open_with_catalog(data).await.map(|(store, _)| store)
}

/// The same, with the modules that it keeps.
async fn open_with_catalog(data: &Path) -> Result<(Arc<SqliteStore>, Arc<Catalog>), ServeError> {
    if !data.join("records.db").exists() {
        return Err(ServeError::NoData { path: data.to_owned() });
    }
    start::open_store(&Data::Kept(data.to_owned()), None, FailurePoints::default()).await
}

fn cannot_be_opened(what: &str) -> VerifyAnswer {
    let difference = Difference {
        kind: "database".to_owned(),
        what: "the data directory".to_owned(),
        expected: "can be opened".to_owned(),
        found: format!("{what} is damaged"),
    };
    let (differences, more_differences, remarks) = (vec![difference], 0, Vec::new());
    VerifyAnswer { schema: SCHEMA, sound: false, differences, more_differences, remarks, sums: Sums::default() }
}

/// What a verification found, in the words of the wire.
pub(crate) fn verify_answer(verification: Verification, catalog: &Catalog) -> VerifyAnswer {
    let difference = |it: StoredDifference| {
        let StoredDifference { kind, what, expected, found } = it;
        Difference { kind: kind.as_str().to_owned(), what, expected, found }
    };
    VerifyAnswer {
        schema: SCHEMA,
        sound: verification.is_sound(),
        differences: verification.differences.into_iter().map(difference).collect(),
        more_differences: verification.more_differences,
        remarks: verification.remarks,
        sums: sums(&verification.sums, catalog),
    }
}

pub(crate) fn sweep_mode(remove: bool) -> SweepMode {
    if remove { SweepMode::Remove } else { SweepMode::Tell }
}

/// What a sweep took, in the words of the wire.
pub(crate) fn sweep_answer(swept: Swept, mode: SweepMode) -> SweepAnswer {
    let Swept { uploads, results, jobs, tokens, answers, orphans, bytes } = swept;
    let removed = mode == SweepMode::Remove;
    SweepAnswer { schema: SCHEMA, removed, uploads, results, jobs, tokens, answers, orphans, bytes }
}

/// What a backup is, in the words of the wire.
pub(crate) fn backup_answer(report: BackupReport, catalog: &Catalog) -> BackupAnswer {
    BackupAnswer {
        schema: SCHEMA,
        directory: report.directory.display().to_string(),
        files: report.files,
        bytes: report.bytes,
        jobs_waited_ms: report.jobs_waited_ms,
        sums: sums(&report.sums, catalog),
    }
}

fn sums(stored: &StoredSums, catalog: &Catalog) -> Sums {
    let module = |number| catalog.by_number(number).map(|module| module.api_name.clone());
    let records = stored.records.iter().map(|it| RecordSums {
        org: it.org.to_string(),
        module: module(it.module).unwrap_or_else(|| it.module.0.to_string()),
        records: it.records,
        versions: it.versions,
    });
    let [added, in_progress, completed, failed] = stored.jobs;
    let [pending, delivered, given_up] = stored.deliveries;
    let rows = stored.ledger;
    Sums {
        records: records.collect(),
        keys: stored.keys,
        ledger: LedgerSums { added: rows.added, updated: rows.updated, skipped: rows.skipped },
        jobs: JobSums { added, in_progress, completed, failed },
        uploads: stored.uploads,
        deliveries: DeliverySums { pending, delivered, given_up },
    }
}
