//! Modules of one's own: from their file to the catalog, and what a data directory says to that.
//!
//! A directory keeps the file that was last in force, so that whoever opens it later (a server without `--modules`, a load,
//! `verify`, `backup`) means the same by what is stored.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use bulkwright_engine::catalog::{Catalog, CatalogError, GivenNumbers, ModuleNumber};
use bulkwright_store::Error as StoreError;
use bulkwright_store::sqlite::{OwnModules, SqliteStore};

use crate::error::ServeError;

/// Bytes of a modules file; thousands of fields are less.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// A modules file that is sound by itself.
#[derive(Debug)]
pub(crate) struct ModulesFile {
    path: PathBuf,
    text: String,
    catalog: Catalog,
}

impl ModulesFile {
    /// Reads and checks a file.
    pub(crate) fn read(path: &Path) -> Result<Self, ServeError> {
        let text = text_of(path)?;
        let catalog = Catalog::builtin().with_own(&text).map_err(|error| faulty(&path.display().to_string(), error))?;
        Ok(ModulesFile { path: path.to_owned(), text, catalog })
    }

    pub(crate) fn into_catalog(self) -> Catalog {
        self.catalog
    }
}

/// Gives a store its catalog: by the file that was given, else by the one that was last in force. A file that contradicts
/// what is stored is refused. It is kept last: one that the store cannot follow is not what the next start goes by.
pub(crate) fn settle(store: &SqliteStore, given: Option<ModulesFile>, data: &Path) -> Result<Catalog, ServeError> {
    let kept = store.own_modules()?;
    let (catalog, own) = settled(store, kept.as_ref(), given, data)?;
    store.set_catalog(&catalog)?;
    if let Some(own) = own.filter(|own| kept.as_ref() != Some(own)) {
        store.keep_own_modules(&own, &catalog)?;
    }
    Ok(catalog)
}

/// The catalog, and what is to be kept of it.
fn settled(
    store: &SqliteStore,
    kept: Option<&OwnModules>,
    given: Option<ModulesFile>,
    data: &Path,
) -> Result<(Catalog, Option<OwnModules>), ServeError> {
    let (place, text, catalog) = match (given, kept) {
        (Some(file), _) => (file.path.display().to_string(), file.text, file.catalog),
        (None, Some(kept)) => {
            let place = format!("the modules file that {} keeps", data.display());
            let catalog = Catalog::builtin().with_own(&kept.file).map_err(|error| faulty(&place, error))?;
            tracing::debug!("the modules of one's own are those of an earlier start");
            (place, kept.file.clone(), catalog)
        }
        (None, None) => return Ok((Catalog::builtin(), None)),
    };
    let mut numbers = match kept {
        Some(kept) => GivenNumbers::parse(&kept.numbers)
            .ok_or_else(|| StoreError::Damaged { what: "the note own_numbers".to_owned() })?,
        None => GivenNumbers::default(),
    };
    numbers.take_in(&catalog).map_err(|error| faulty(&place, error))?;
    let lost = store.modules_with_records()?.into_iter().find(|number| catalog.by_number(*number).is_none());
    if let Some(ModuleNumber(number)) = lost {
        let name = numbers.module(ModuleNumber(number)).unwrap_or_default();
        let reason =
            format!("there are records of module {name}, number {number}, and it is not in the file; put it back");
        return Err(ServeError::Modules { place, reason });
    }
    let own = OwnModules { file: text, numbers: numbers.to_string() };
    Ok((catalog, Some(own)))
}

fn text_of(path: &Path) -> Result<String, ServeError> {
    let failed = |error: std::io::Error| ServeError::Modules {
        place: path.display().to_string(),
        reason: format!("it cannot be read: {error}"),
    };
    let mut text = String::new();
    File::open(path).map_err(failed)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(failed)?;
    if text.len() as u64 > FILE_BYTES_MAX {
        let reason = format!("it has more than {FILE_BYTES_MAX} bytes");
        return Err(ServeError::Modules { place: path.display().to_string(), reason });
    }
    Ok(text)
}

fn faulty(place: &str, CatalogError { line, reason }: CatalogError) -> ServeError {
    let place = line.map_or_else(|| place.to_owned(), |line| format!("{place}, line {line}"));
    ServeError::Modules { place, reason }
}
