//! The port file: how a program that started a server on port 0 learns where it listens.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::Path;

use super::atomic_file;
use crate::error::ServeError;

/// Takes away what an earlier server left, so that nobody reads its port while this one starts.
pub(crate) fn remove(path: &Path) -> Result<(), ServeError> {
    match fs_err::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            Err(ServeError::Directory { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Writes `ADDRESS:PORT` and a line feed, once the server answers.
pub(crate) fn write(path: &Path, address: SocketAddr) -> Result<(), ServeError> {
    let failed = |source| ServeError::Directory { path: path.to_owned(), source };
    atomic_file::write(path, format!("{address}\n").as_bytes()).map_err(failed)
}
