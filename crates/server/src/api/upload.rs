//! `POST /crm/{v}/upload`: a zip is streamed to a blob while it is counted, hashed and limited (contract 1.3, 2.4).

use std::io;
use std::path::PathBuf;

use bulkwright_engine::archive::{self, FileProblem};
use bulkwright_engine::limits::Limits;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::NewUpload;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::header::{FEATURE, FEATURE_BULK_WRITE, ORG};
use bulkwright_wire::upload::UploadAnswer;
use bulkwright_wire::version::Version;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use multer::{Field, Multipart};
use sha2::{Digest, Sha256};

use super::multipart::{self, FormGuard};
use crate::gate::Call;
use crate::reply::{Answer, Refusal};
use crate::room::{self, NoRoom};
use crate::state::App;

/// The part that holds the zip.
const FILE_PART: &str = "file";
/// Parts of a form that are looked through for it.
const PARTS_MAX: usize = 16;
/// Bytes of a form before that part's own.
const FORM_HEAD_BYTES_MAX: u64 = 256 * 1024;
/// Characters of a file name that are kept.
const NAME_CHARS_MAX: usize = 255;

/// Takes an upload in. The blob is there before the row that names it, and goes again if there will be no row.
pub(crate) async fn receive(call: Call<'_>) -> Result<Answer, Refusal> {
    check_headers(&call)?;
    let boundary = multipart::boundary_of(call.headers).ok_or(ErrorCode::FilePartMissing)?;
    let (app, caller, version) = (call.app, call.caller, call.route.version);
    room::for_uploads(app).map_err(no_room)?;
    let turn = app.uploads.take(caller.grant.org).ok_or_else(too_many)?;
    let (mut form, guard) = multipart::form(call.body, boundary, FORM_HEAD_BYTES_MAX);
    let part = file_part(&mut form, &guard).await?;
    let name = kept_name(part.file_name());
    let stored = store(app, part, &guard, version).await?;
    drop(turn);
    let upload = NewUpload {
        id: None,
        org: caller.grant.org,
        user: caller.user.id,
        name,
        blob: stored.blob,
        bytes: stored.bytes,
        sha256: stored.sha256,
        created_at: app.clock.seconds(),
        answer: None,
    };
    let upload = app.store.add_upload(&upload).await?;
    app.metrics.upload_bytes.inc_by(upload.bytes);
    tracing::info!(file_id = %upload.id, bytes = upload.bytes, "an upload is stored");
    Ok(Answer::ok(&UploadAnswer::success(upload.id.to_string(), caller.print_time(upload.created_at))))
}

fn check_headers(call: &Call<'_>) -> Result<(), ErrorBody> {
    let feature = call.header(FEATURE).ok_or(ErrorCode::FeatureHeaderMissing)?;
    if !feature.eq_ignore_ascii_case(FEATURE_BULK_WRITE) {
        return Err(ErrorCode::NotSupportedFeature.into());
    }
    let org = call.header(ORG).ok_or(ErrorCode::OrgHeaderMissing)?;
    if org != call.caller.grant.org.to_string() {
        return Err(ErrorCode::InvalidOrgHeader.into());
    }
    Ok(())
}

fn too_many() -> ErrorBody {
    ErrorBody::new(ErrorCode::ServiceUnavailable, "too many uploads of this organisation are open, please try again")
}

fn no_room(no_room: NoRoom) -> ErrorBody {
    tracing::warn!(%no_room, "an upload is refused");
    ErrorBody::new(ErrorCode::ServiceUnavailable, format!("{no_room}; nothing was stored, please try again later"))
}

async fn file_part<'f>(form: &mut Multipart<'f>, guard: &FormGuard) -> Result<Field<'f>, Refusal> {
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(|error| guard.refusal(&error))? else { break };
        if part.name() == Some(FILE_PART) {
            guard.lift();
            return Ok(part);
        }
    }
    Err(ErrorCode::FilePartMissing.into())
}

/// The last part of a path, without what would disturb a log or a header.
fn kept_name(name: Option<&str>) -> String {
    let last = name.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

struct StoredZip {
    blob: String,
    bytes: u64,
    sha256: [u8; 32],
}

async fn store(app: &App, part: Field<'_>, guard: &FormGuard, version: Version) -> Result<StoredZip, Refusal> {
    let mut intake = Intake {
        app,
        bytes: 0,
        next_look: room::BYTES_BETWEEN_LOOKS,
        bytes_max: app.limits.zip_bytes_max,
        hasher: Sha256::new(),
        refusal: None,
        guard: guard.clone(),
        too_large: too_large(version),
    };
    let blob = match app.store.put_blob("upload", intake.stream(part)).await {
        Ok(blob) => blob,
        Err(error) => return Err(intake.refusal.unwrap_or(Refusal::Store(error))),
    };
    if let Err(refusal) = check_container(app, &blob, version).await {
        if let Err(error) = app.store.delete_blob(&blob).await {
            tracing::warn!(error = &error as &dyn std::error::Error, blob, "a refused upload was not removed");
        }
        return Err(refusal);
    }
    Ok(StoredZip { blob, bytes: intake.bytes, sha256: intake.hasher.finalize().into() })
}

/// The size's error, which differs by version (contract 12, row 7).
fn too_large(version: Version) -> ErrorCode {
    ErrorCode::ImportFileTooLarge.in_version(version)
}

/// Counts, hashes and limits what passes from a part to a blob. The stream can only say that it broke off, so what is
/// to be answered is kept here.
struct Intake<'a> {
    app: &'a App,
    bytes: u64,
    /// Bytes after which the disk is asked again.
    next_look: u64,
    bytes_max: u64,
    hasher: Sha256,
    refusal: Option<Refusal>,
    guard: FormGuard,
    too_large: ErrorCode,
}

impl Intake<'_> {
    fn stream<'s, 'f: 's>(&'s mut self, part: Field<'f>) -> BoxStream<'s, Result<Bytes, StoreError>> {
        let next = |(intake, mut part): (&'s mut Self, Field<'f>)| async move {
            match intake.next(&mut part).await {
                Ok(Some(bytes)) => Ok(Some((bytes, (intake, part)))),
                Ok(None) => Ok(None),
                Err(refusal) => {
                    intake.refusal = Some(refusal);
                    Err(broken_off())
                }
            }
        };
        stream::try_unfold((self, part), next).boxed()
    }

    async fn next(&mut self, part: &mut Field<'_>) -> Result<Option<Bytes>, Refusal> {
        let chunk = part.chunk().await.map_err(|error| self.guard.refusal(&error))?;
        let Some(bytes) = chunk else { return Ok(None) };
        self.bytes += bytes.len() as u64;
        if self.bytes > self.bytes_max {
            return Err(self.too_large.into());
        }
        if self.bytes >= self.next_look {
            self.next_look = self.bytes + room::BYTES_BETWEEN_LOOKS;
            room::for_uploads(self.app).map_err(no_room)?;
        }
        self.hasher.update(&bytes);
        Ok(Some(bytes))
    }
}

fn broken_off() -> StoreError {
    StoreError::Failed { doing: "receiving an upload", source: "the upload broke off".into() }
}

async fn check_container(app: &App, blob: &str, version: Version) -> Result<(), Refusal> {
    let path = app.store.blob_file(blob).await?;
    let limits = app.limits.clone();
    let checked = tokio::task::spawn_blocking(move || check_file(path, &limits)).await;
    match checked.unwrap_or_else(|error| Err(FileProblem::Io(io::Error::other(error)))) {
        Ok(()) => Ok(()),
        Err(FileProblem::Io(source)) => {
            Err(StoreError::Failed { doing: "checking an upload", source: source.into() }.into())
        }
        Err(FileProblem::TooLarge { .. }) => Err(too_large(version).into()),
        Err(problem) => {
            tracing::info!(%problem, "an upload is no zip that can be read");
            Err(ErrorCode::InvalidFileFormat.into())
        }
    }
}

fn check_file(path: PathBuf, limits: &Limits) -> Result<(), FileProblem> {
    let mut file = fs_err::File::open(path).map_err(FileProblem::Io)?;
    archive::check_container(&mut file, limits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_without_paths_and_controls() {
        let check = |name: Option<&str>, expected: &str| assert_eq!(kept_name(name), expected, "{name:?}");
        check(Some("leads.zip"), "leads.zip");
        check(Some("../../etc/passwd"), "passwd");
        check(Some("C:\\Users\\x\\лиды.zip"), "лиды.zip");
        check(Some("a\r\nb.zip"), "ab.zip");
        check(None, "");
        check(Some(&"x".repeat(300)), &"x".repeat(255));
    }
}
