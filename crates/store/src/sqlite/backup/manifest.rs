//! `manifest.json`: what a backup consists of. Members are only ever added.

use bulkwright_engine::catalog::Catalog;
use serde::{Deserialize, Serialize};

use super::{BLOBS, CONTROL, CREDENTIALS, DOING, RECORDS};
use crate::Error;
use crate::model::BlobSum;
use crate::upkeep::Sums;

/// Its name in the directory of a backup.
pub(super) const NAME: &str = "manifest.json";
/// The number of the form that is written, and the newest that is read.
const FORMAT: u32 = 1;

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ManifestFile {
    /// Its path in the backup.
    pub(super) name: String,
    pub(super) sum: BlobSum,
}

/// A manifest as it is stored.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// Of the program that wrote it.
    version: String,
    /// Seconds since 1970.
    pub(super) created_at: i64,
    /// What the backup holds, added up: the same as `sums` of `bulkwright verify --json`.
    sums: StoredSums,
    files: Vec<StoredFile>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    name: String,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct StoredSums {
    records: Vec<StoredRecordSums>,
    keys: u64,
    ledger: StoredCounts,
    jobs: StoredJobs,
    uploads: u64,
    deliveries: StoredDeliveries,
}

#[derive(Serialize, Deserialize)]
struct StoredRecordSums {
    org: String,
    module: String,
    records: u64,
    versions: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredCounts {
    added: u64,
    updated: u64,
    skipped: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredJobs {
    added: u64,
    in_progress: u64,
    completed: u64,
    failed: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredDeliveries {
    pending: u64,
    delivered: u64,
    given_up: u64,
}

impl Manifest {
    pub(super) fn new(created_at: i64, files: Vec<ManifestFile>, sums: &Sums, catalog: &Catalog) -> Self {
        let stored = |file: ManifestFile| StoredFile {
            name: file.name,
            bytes: file.sum.bytes,
            sha256: hex::encode(file.sum.sha256),
        };
        Manifest {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            created_at,
            sums: stored_sums(sums, catalog),
            files: files.into_iter().map(stored).collect(),
        }
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, Error> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| Error::failed(DOING, error))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a manifest, and what it names. Nothing in it leads out of a directory.
    pub(super) fn read(bytes: &[u8]) -> Result<(Manifest, Vec<ManifestFile>), Error> {
        let unusable = |why: String| Error::Damaged { what: format!("{NAME} of the backup ({why})") };
        let manifest: Manifest = serde_json::from_slice(bytes).map_err(|error| unusable(error.to_string()))?;
        if manifest.format > FORMAT {
            return Err(unusable(format!("its format is {}, this program knows up to {FORMAT}", manifest.format)));
        }
        let files: Option<Vec<ManifestFile>> = manifest.files.iter().map(file).collect();
        let files = files.ok_or_else(|| unusable("a file of it has no proper name or sum".to_owned()))?;
        let has = |name: &str| files.iter().any(|file| file.name == name);
        if !has(RECORDS) || !has(CONTROL) {
            return Err(unusable("it names no databases".to_owned()));
        }
        Ok((manifest, files))
    }
}

fn file(stored: &StoredFile) -> Option<ManifestFile> {
    let sha256 = hex::decode(&stored.sha256).ok()?.try_into().ok()?;
    let sum = BlobSum { bytes: stored.bytes, sha256 };
    is_proper(&stored.name).then(|| ManifestFile { name: stored.name.clone(), sum })
}

fn is_proper(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let blob = name.strip_prefix(BLOBS).and_then(|rest| rest.strip_prefix('/'));
    [RECORDS, CONTROL, CREDENTIALS].contains(&name)
        || blob.is_some_and(|blob| !blob.is_empty() && blob.bytes().all(plain))
}

fn stored_sums(sums: &Sums, catalog: &Catalog) -> StoredSums {
    let module = |number| catalog.by_number(number).map(|module| module.api_name.clone());
    let records = sums.records.iter().map(|it| StoredRecordSums {
        org: it.org.to_string(),
        module: module(it.module).unwrap_or_else(|| it.module.0.to_string()),
        records: it.records,
        versions: it.versions,
    });
    let [added, in_progress, completed, failed] = sums.jobs;
    let [pending, delivered, given_up] = sums.deliveries;
    let rows = sums.ledger;
    StoredSums {
        records: records.collect(),
        keys: sums.keys,
        ledger: StoredCounts { added: rows.added, updated: rows.updated, skipped: rows.skipped },
        jobs: StoredJobs { added, in_progress, completed, failed },
        uploads: sums.uploads,
        deliveries: StoredDeliveries { pending, delivered, given_up },
    }
}
