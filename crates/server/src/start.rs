//! What happens between the command and the first request.

pub(crate) mod listen;

pub(crate) mod port_file;

pub(crate) mod atomic_file;

pub(crate) mod credentials;

pub(crate) mod first;

pub(crate) mod descriptors;

pub(crate) mod own_modules;

pub(crate) mod webhook_keys;

pub mod dev;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bulkwright_engine::catalog::Catalog;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};

use crate::error::ServeError;
use crate::server::Data;
use own_modules::ModulesFile;

/// Opens the embedded store on a blocking thread, with the modules of the file or, without one, those that it keeps, and
/// brings its views and keys up to them.
pub(crate) async fn open_store(
    data: &Data,
    modules: Option<ModulesFile>,
    failure_points: FailurePoints,
) -> Result<(Arc<SqliteStore>, Arc<Catalog>), ServeError> {
    let durability = match data {
        Data::Kept(_) => Durability::Durable,
        Data::Temporary(_) => Durability::Temporary,
    };
    let directory = data.directory().to_owned();
    let options = OpenOptions { durability, failure_points, ..OpenOptions::default() };
    let opened = tokio::task::spawn_blocking(move || open(&directory, &options, modules)).await;
    let (store, catalog) = opened.map_err(|error| ServeError::Store(panicked(error)))??;
    Ok((Arc::new(store), Arc::new(catalog)))
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

fn open(
    directory: &Path,
    options: &OpenOptions,
    modules: Option<ModulesFile>,
) -> Result<(SqliteStore, Catalog), ServeError> {
    let store = SqliteStore::open(directory, options)?;
    let catalog = own_modules::settle(&store, modules, directory)?;
    Ok((store, catalog))
}

fn panicked(error: tokio::task::JoinError) -> bulkwright_store::Error {
    bulkwright_store::Error::Failed { doing: "opening the data directory", source: error.into() }
}
