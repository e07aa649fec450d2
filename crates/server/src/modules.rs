//! Modules of one's own, before a server runs with them.

use std::path::Path;

use bulkwright_engine::catalog::Catalog;

use crate::error::ServeError;
use crate::start::own_modules::ModulesFile;

/// The built-in modules with what a file adds, checked as at the start of a server, but for what its data would say.
///
/// # Errors
/// [`ServeError::Modules`], with the line.
pub fn read(path: &Path) -> Result<Catalog, ServeError> {
    ModulesFile::read(path).map(ModulesFile::into_catalog)
}
