//! What happens between the command and the first request.

pub(crate) mod listen;

pub(crate) mod port_file;

pub(crate) mod atomic_file;

pub(crate) mod credentials;

pub(crate) mod first;

pub(crate) mod descriptors;

pub(crate) mod webhook_keys;

pub mod dev;

use std::path::PathBuf;
use std::sync::Arc;

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};

use crate::error::ServeError;
use crate::server::Data;

/// Opens the embedded store on a blocking thread and brings its views up to the catalog.
pub(crate) async fn open_store(
    data: &Data,
    catalog: Arc<Catalog>,
    failure_points: FailurePoints,
) -> Result<Arc<SqliteStore>, ServeError> {
    let durability = match data {
        Data::Kept(_) => Durability::Durable,
        Data::Temporary(_) => Durability::Temporary,
    };
    let directory = data.directory().to_owned();
    let options = OpenOptions { durability, failure_points, ..OpenOptions::default() };
    let opened = tokio::task::spawn_blocking(move || open(directory, &options, &catalog)).await;
    let store = opened.map_err(|error| ServeError::Store(panicked(error)))??;
    Ok(Arc::new(store))
}

/// A directory for files that are not finished, without what a killed process left there. The store is open: no other
/// process is at work here.
pub(crate) fn scratch(data: &Data) -> Result<PathBuf, ServeError> {
    let path = data.directory().join("scratch");
    let emptied = match fs_err::remove_dir_all(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => fs_err::create_dir(&path),
    };
    emptied.map_err(|source| ServeError::Directory { path: path.clone(), source })?;
    Ok(path)
}

fn open(directory: PathBuf, options: &OpenOptions, catalog: &Catalog) -> Result<SqliteStore, ServeError> {
    let store = SqliteStore::open(&directory, options)?;
    store.set_catalog(catalog)?;
    Ok(store)
}

fn panicked(error: tokio::task::JoinError) -> bulkwright_store::Error {
    bulkwright_store::Error::Failed { doing: "opening the data directory", source: error.into() }
}
