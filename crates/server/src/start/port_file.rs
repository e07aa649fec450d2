//! The port file: how a program that started a server on port 0 learns where it listens.

use std::net::SocketAddr;
use std::path::Path;

use super::atomic_file;
use crate::error::ServeError;

/// Writes `ADDRESS:PORT` and a line feed, once the server answers.
pub(crate) fn write(path: &Path, address: SocketAddr) -> Result<(), ServeError> {
    let failed = |source| ServeError::Directory { path: path.to_owned(), source };
    atomic_file::write(path, format!("{address}\n").as_bytes()).map_err(failed)
}
