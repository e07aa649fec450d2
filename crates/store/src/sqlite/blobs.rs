//! Uploads and results as files of one folder, written through an object store's interface.
//!
//! A blob appears under its name whole and synced, or not at all: it is written under a staging name (with a `#` in it)
//! and renamed. What a killed process left half written is removed at the next start.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use fs_err as fs;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use rusqlite::Transaction;
use tempfile::NamedTempFile;

use super::sql::Doing;
use super::{Durability, directory};
use crate::Error;
use crate::failure::{FailurePoints, Moment};

/// Bytes gathered before they are written: a write for every network frame would be many small ones.
const PART_BYTES: usize = 1 << 20;
/// Random bytes of a name: enough that no two are ever the same.
const NAME_RANDOM_BYTES: usize = 16;
/// How long a blob that is there may wait for its row: longer than any request or job takes from one to the other. After
/// that nobody will come who names it.
const UNNAMED_TIME_MAX: Duration = Duration::from_secs(3600);

const DOING: &str = "writing a blob";
const REMOVING: &str = "removing a blob";

/// The folder of blobs.
pub(super) struct Blobs {
    folder: PathBuf,
    store: Arc<LocalFileSystem>,
    durability: Durability,
    failure_points: FailurePoints,
    /// Blobs of this process whose row is still to come, and since when.
    awaited: Mutex<HashMap<String, Instant>>,
}

impl Blobs {
    /// Opens the folder, making it if it is missing, and removes what was left half written.
    pub(super) fn open(folder: &Path, durability: Durability, failure_points: FailurePoints) -> Result<Blobs, Error> {
        directory::make(folder, durability)?;
        remove_staged(folder).map_err(|source| Error::Directory { path: folder.to_owned(), source })?;
        let store = LocalFileSystem::new_with_prefix(folder)
            .map_err(|error| Error::failed("opening the folder of blobs", error))?
            .with_fsync(durability == Durability::Durable);
        let awaited = Mutex::default();
        Ok(Blobs { folder: folder.to_owned(), store: Arc::new(store), durability, failure_points, awaited })
    }

    /// Streams a blob in under a new name.
    pub(super) async fn put(&self, prefix: &str, body: BoxStream<'_, Result<Bytes, Error>>) -> Result<String, Error> {
        self.failure_points.pass(DOING, Moment::Before)?;
        let name = new_name(prefix)?;
        let mut upload = self.store.put_multipart(&location(&name)?).await.map_err(writing)?;
        let written = match self.staged(write_parts(upload.as_mut(), body).await) {
            Ok(()) => {
                self.await_row(&name);
                upload.complete().await.map(|_| ()).map_err(writing)
            }
            Err(error) => Err(error),
        };
        match written {
            Ok(()) => {
                self.failure_points.pass(DOING, Moment::AfterCommit)?;
                Ok(name)
            }
            Err(error) => {
                // The first error is the one to tell; what cannot be removed now is removed at the next start.
                let _ = upload.abort().await;
                self.row_is_settled(&name);
                Err(error)
            }
        }
    }

    /// Passes the points between a blob that is written under its staging name and the one that is there.
    fn staged(&self, written: Result<(), Error>) -> Result<(), Error> {
        written?;
        self.failure_points.pass(DOING, Moment::BeforeCommit)
    }

    /// Takes a finished file in: by renaming it, or by copying where it is on another file system.
    pub(super) async fn put_file(&self, prefix: &str, file: NamedTempFile) -> Result<String, Error> {
        let name = new_name(prefix)?;
        let target = self.path(&name)?;
        let durability = self.durability;
        self.failure_points.pass(DOING, Moment::BeforeCommit)?;
        self.await_row(&name);
        let moved = blocking(move || move_into_place(file, &target, durability)).await?;
        match moved {
            Moved::Done => {
                self.failure_points.pass(DOING, Moment::AfterCommit)?;
                Ok(name)
            }
            Moved::OtherFileSystem(file) => self.copy_in(prefix, file).await,
        }
    }

    async fn copy_in(&self, prefix: &str, file: NamedTempFile) -> Result<String, Error> {
        let source = tokio::fs::File::open(file.path()).await.map_err(writing)?;
        let parts = futures::stream::try_unfold(source, |mut source| async move {
            use tokio::io::AsyncReadExt;
            let mut part = BytesMut::with_capacity(PART_BYTES);
            let read = source.read_buf(&mut part).await.map_err(writing)?;
            Ok((read > 0).then(|| (part.freeze(), source)))
        });
        self.put(prefix, parts.boxed()).await
    }

    /// The local path of a blob.
    pub(super) fn path(&self, blob: &str) -> Result<PathBuf, Error> {
        check_name(blob)?;
        Ok(self.folder.join(blob))
    }

    /// The size of a blob, and its bytes.
    pub(super) async fn get(&self, blob: &str) -> Result<(u64, BoxStream<'static, Result<Bytes, Error>>), Error> {
        let found = self.store.get(&location(blob)?).await.map_err(reading)?;
        let size = found.meta.size;
        Ok((size, found.into_stream().map_err(reading).boxed()))
    }

    /// Removes a blob; it may be gone already.
    pub(super) async fn delete(&self, blob: &str) -> Result<(), Error> {
        self.failure_points.pass(REMOVING, Moment::Before)?;
        self.row_is_settled(blob);
        match self.store.delete(&location(blob)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                self.failure_points.pass(REMOVING, Moment::AfterCommit)
            }
            Err(error) => Err(Error::failed(REMOVING, error)),
        }
    }
}

impl Blobs {
    /// The row that was to name a blob is there, or will not come.
    pub(super) fn row_is_settled(&self, blob: &str) {
        self.awaited().remove(blob);
    }

    /// Blobs that are there and wait for no row of this process: those of them that no row names are orphans, if the rows
    /// are read after this.
    pub(super) fn unnamed_candidates(&self) -> Result<Vec<String>, Error> {
        let failed = |error| Error::failed("listing the blobs", error);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
            // What is still written has another form of name.
            if check_name(&name).is_ok() {
                names.push(name);
            }
        }
        // After the folder: what came into it since is not in the list, what was there is awaited or has had its turn.
        let mut awaited = self.awaited();
        awaited.retain(|_, since| since.elapsed() < UNNAMED_TIME_MAX);
        names.retain(|name| !awaited.contains_key(name));
        names.sort_unstable();
        Ok(names)
    }

    /// Bytes of a blob; none if it is gone.
    pub(super) fn bytes(&self, blob: &str) -> Result<u64, Error> {
        match fs::metadata(self.path(blob)?) {
            Ok(found) => Ok(found.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(Error::failed(REMOVING, error)),
        }
    }

    /// Removes a blob right here; it may be gone already.
    pub(super) fn remove(&self, blob: &str) -> Result<(), Error> {
        self.failure_points.pass(REMOVING, Moment::Before)?;
        match fs::remove_file(self.path(blob)?) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(Error::failed(REMOVING, error)),
            _ => {}
        }
        self.failure_points.pass(REMOVING, Moment::AfterCommit)
    }

    fn await_row(&self, name: &str) {
        self.awaited().insert(name.to_owned(), Instant::now());
    }

    fn awaited(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        // Each change of it is one call, so a panic elsewhere leaves it sound.
        self.awaited.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of the listed blobs that no row of the control file names.
pub(super) fn orphans(tx: &Transaction<'_>, listed: Vec<String>) -> Result<Vec<String>, Error> {
    let doing = "looking for the rows of blobs";
    let mut unnamed: HashSet<String> = listed.into_iter().collect();
    let sql = "SELECT blob FROM upload UNION ALL SELECT result_blob FROM job WHERE result_blob IS NOT NULL";
    let mut statement = tx.prepare(sql).doing(doing)?;
    let mut rows = statement.query([]).doing(doing)?;
    while let Some(row) = rows.next().doing(doing)? {
        unnamed.remove(row.get_ref(0).and_then(|name| Ok(name.as_str()?)).doing(doing)?);
    }
    let mut unnamed: Vec<String> = unnamed.into_iter().collect();
    unnamed.sort_unstable();
    Ok(unnamed)
}

async fn write_parts(
    upload: &mut dyn MultipartUpload,
    mut body: BoxStream<'_, Result<Bytes, Error>>,
) -> Result<(), Error> {
    let mut part = BytesMut::with_capacity(PART_BYTES);
    while let Some(bytes) = body.next().await {
        part.extend_from_slice(&bytes?);
        if part.len() >= PART_BYTES {
            upload.put_part(PutPayload::from(part.split().freeze())).await.map_err(writing)?;
        }
    }
    upload.put_part(PutPayload::from(part.freeze())).await.map_err(writing)
}

enum Moved {
    Done,
    OtherFileSystem(NamedTempFile),
}

fn move_into_place(file: NamedTempFile, target: &Path, durability: Durability) -> Result<Moved, Error> {
    if durability == Durability::Durable {
        file.as_file().sync_all().map_err(writing)?;
    }
    match file.persist_noclobber(target) {
        Ok(_) => {}
        Err(refused) if refused.error.kind() == std::io::ErrorKind::CrossesDevices => {
            return Ok(Moved::OtherFileSystem(refused.file));
        }
        Err(refused) => return Err(writing(refused.error)),
    }
    if durability == Durability::Durable {
        directory::sync_parent(target).map_err(writing)?;
    }
    Ok(Moved::Done)
}

fn remove_staged(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().contains(&b'#') {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn new_name(prefix: &str) -> Result<String, Error> {
    let mut random = [0_u8; NAME_RANDOM_BYTES];
    getrandom::fill(&mut random).map_err(|error| Error::failed("naming a blob", error))?;
    Ok(format!("{prefix}-{}", hex::encode(random)))
}

fn location(blob: &str) -> Result<object_store::path::Path, Error> {
    check_name(blob)?;
    Ok(object_store::path::Path::from(blob))
}

/// Names are made here alone, so any other form means that a row was damaged; it must not lead out of the folder.
fn check_name(blob: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !blob.is_empty() && blob.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::Damaged { what: format!("the name of a blob ({blob:?})") })
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(writing)?
}

fn writing(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::failed(DOING, error)
}

fn reading(error: object_store::Error) -> Error {
    Error::failed("reading a blob", error)
}
