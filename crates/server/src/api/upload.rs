//! `POST /crm/{v}/upload`: a zip is streamed to a blob while it is counted, hashed and limited (contract 1.3, 2.4).

use std::io;
use std::path::PathBuf;

use bulkwright_engine::archive::{self, FileProblem};
use bulkwright_engine::ids::FileId;
use bulkwright_engine::limits::Limits;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::{AnsweredOperation, NewUpload};
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::header::{FEATURE, FEATURE_BULK_WRITE, ORG};
use bulkwright_wire::upload::UploadAnswer;
use bulkwright_wire::version::{Difference, Version};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use http::header::EXPECT;
use multer::{Field, Multipart};
use sha2::{Digest, Sha256};

use super::multipart::{self, FormGuard};
use crate::access::Caller;
use crate::gate::Call;
use crate::hint;
use crate::repeat::{self, Content, First, Keyed, Made};
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
    let Some(boundary) = multipart::boundary_of(call.headers) else { return Err(no_form(call).await) };
    let keyed = repeat::keyed(&call, AnsweredOperation::Upload).await?;
    let (app, caller, version) = (call.app, call.caller, call.route.version);
    let turn = app.uploads.take(caller.grant.org).ok_or_else(too_many)?;
    let (mut form, guard) = multipart::form(call.body, boundary, FORM_HEAD_BYTES_MAX);
    let first = match keyed {
        Some(Keyed::Again(kept)) => {
            let part = file_part(&mut form, &guard).await?;
            let file_name = part.file_name().map(str::to_owned);
            let sha256 = hashed(Intake::new(app, &guard), part).await?;
            return repeat::answered(kept, content(caller, file_name.as_deref(), sha256));
        }
        Some(Keyed::First(first)) => Some(first),
        None => None,
    };
    room::for_uploads(app).map_err(no_room)?;
    let part = file_part(&mut form, &guard).await?;
    let file_name = part.file_name().map(str::to_owned);
    let stored = store(app, part, &guard).await.map_err(|refusal| dated(refusal, app, caller, version))?;
    drop(turn);
    added(app, caller, stored, file_name.as_deref(), first).await
}

/// Adds the row of a zip that is there. If another request under the same key was faster, its answer stands.
async fn added(
    app: &App,
    caller: &Caller,
    zip: StoredZip,
    file_name: Option<&str>,
    first: Option<First>,
) -> Result<Answer, Refusal> {
    let (id, created_at) = (FileId(app.store.new_id(app.clock.milliseconds()).await?), app.clock.seconds());
    let made = Made::ok(&UploadAnswer::success(id.to_string(), caller.print_time(created_at)));
    let content = content(caller, file_name, zip.sha256);
    let upload = NewUpload {
        id: Some(id),
        org: caller.grant.org,
        user: caller.user.id,
        name: kept_name(file_name),
        blob: zip.blob,
        bytes: zip.bytes,
        sha256: zip.sha256,
        created_at,
        answer: first.as_ref().map(|first| first.answer(app, content, &made, created_at)),
    };
    match (app.store.add_upload(&upload).await, upload.answer) {
        (Err(StoreError::Answered), Some(own)) => {
            remove(app, &upload.blob).await;
            return repeat::answer_of_the_faster(app, own).await;
        }
        (added, _) => added?,
    };
    app.metrics.upload_bytes.inc_by(upload.bytes);
    tracing::info!(file_id = %id, bytes = upload.bytes, "an upload is stored");
    Ok(Answer::from(made).with_hint(zip.hint))
}

/// What an upload says, for those who compare it.
fn content(caller: &Caller, file_name: Option<&str>, sha256: [u8; 32]) -> Content {
    Content::of_upload(&caller.grant.org.to_string(), file_name, sha256)
}

fn check_headers(call: &Call<'_>) -> Result<(), ErrorBody> {
    let feature = call.header(FEATURE).ok_or(ErrorCode::FeatureHeaderMissing)?;
    if !feature.eq_ignore_ascii_case(FEATURE_BULK_WRITE) {
        return Err(ErrorCode::NotSupportedFeature.into());
    }
    let org = call.header(ORG).ok_or(ErrorCode::OrgHeaderMissing)?;
    let own = call.caller.grant.org;
    if org != own.to_string() {
        return Err(ErrorBody::from(ErrorCode::InvalidOrgHeader).with_hint(Some(hint::of_foreign_org(own))));
    }
    Ok(())
}

/// A body that is no form has no part; its first bytes tell what it is in its place. A client that waits for a word before
/// it sends them is not made to.
async fn no_form(call: Call<'_>) -> Refusal {
    let head = if call.headers.contains_key(EXPECT) { Ok(None) } else { call.body.next().await.map(Some) };
    let head = match head {
        Ok(head) => head.map(Option::unwrap_or_default),
        Err(refusal) => return refusal,
    };
    let hint = hint::of_body_without_parts(call.headers, head.as_deref());
    ErrorBody::from(ErrorCode::FilePartMissing).with_hint(Some(hint)).into()
}

fn too_many() -> ErrorBody {
    ErrorBody::new(ErrorCode::ServiceUnavailable, "too many uploads of this organisation are open, please try again")
}

fn no_room(no_room: NoRoom) -> ErrorBody {
    tracing::warn!(%no_room, "an upload is refused");
    ErrorBody::new(ErrorCode::ServiceUnavailable, format!("{no_room}; nothing was stored, please try again later"))
}

async fn file_part<'f>(form: &mut Multipart<'f>, guard: &FormGuard) -> Result<Field<'f>, Refusal> {
    let mut others = Vec::new();
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(|error| guard.refusal(&error))? else { break };
        if part.name() == Some(FILE_PART) {
            guard.lift();
            return Ok(part);
        }
        others.push((part.name().unwrap_or_default().to_owned(), part.file_name().is_some()));
    }
    Err(ErrorBody::from(ErrorCode::FilePartMissing).with_hint(Some(hint::of_parts(&others))).into())
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
    /// Why no job will take it, if that is known already.
    hint: Option<String>,
}

/// SHA-256 of a part whose bytes are there already.
async fn hashed(mut intake: Intake<'_>, mut part: Field<'_>) -> Result<[u8; 32], Refusal> {
    // Nothing is written, so the disk is not asked.
    intake.next_look = u64::MAX;
    while intake.next(&mut part).await?.is_some() {}
    Ok(intake.hasher.finalize().into())
}

async fn store(app: &App, part: Field<'_>, guard: &FormGuard) -> Result<StoredZip, Refusal> {
    let mut intake = Intake::new(app, guard);
    let blob = match app.store.put_blob("upload", intake.stream(part)).await {
        Ok(blob) => blob,
        Err(error) => return Err(intake.refusal.unwrap_or(Refusal::Store(error))),
    };
    if let Err(refusal) = check_container(app, &blob).await {
        remove(app, &blob).await;
        return Err(refusal.or_hint(|| hint::of_file(&intake.head)));
    }
    let hint = hint::of_taken_file(&intake.head);
    Ok(StoredZip { blob, bytes: intake.bytes, sha256: intake.hasher.finalize().into(), hint })
}

/// Removes a blob that no row will name.
async fn remove(app: &App, blob: &str) {
    if let Err(error) = app.store.delete_blob(blob).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            blob,
            "an upload that comes to nothing was not removed"
        );
    }
}

/// The size's error. Its text is the vendor's, whatever the limit of this server is.
fn too_large(bytes_max: u64) -> ErrorBody {
    let hint = format!("a zip has {bytes_max} bytes at most; split the CSV and upload its parts");
    ErrorBody::from(ErrorCode::ImportFileTooLarge).with_hint(Some(hint))
}

/// What is no zip was told with the time by versions before the newest.
fn dated(refusal: Refusal, app: &App, caller: &Caller, version: Version) -> Refusal {
    match refusal {
        Refusal::Error(error)
            if error.code == ErrorCode::InvalidFileFormat && !version.has(Difference::FileFormatHasNoDetails) =>
        {
            error.with("created_time", caller.print_time(app.clock.seconds())).into()
        }
        other => other,
    }
}

/// Counts, hashes and limits what passes from a part to a blob. The stream can only say that it broke off, so what is
/// to be answered is kept here.
struct Intake<'a> {
    app: &'a App,
    bytes: u64,
    /// The first of them, to tell what kind of file this is.
    head: Vec<u8>,
    /// Bytes after which the disk is asked again.
    next_look: u64,
    bytes_max: u64,
    hasher: Sha256,
    refusal: Option<Refusal>,
    guard: FormGuard,
}

impl<'a> Intake<'a> {
    fn new(app: &'a App, guard: &FormGuard) -> Self {
        Intake {
            app,
            bytes: 0,
            head: Vec::new(),
            next_look: room::BYTES_BETWEEN_LOOKS,
            bytes_max: app.limits.zip_bytes_max,
            hasher: Sha256::new(),
            refusal: None,
            guard: guard.clone(),
        }
    }

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
            return Err(too_large(self.bytes_max).into());
        }
        if self.bytes >= self.next_look {
            self.next_look = self.bytes + room::BYTES_BETWEEN_LOOKS;
            room::for_uploads(self.app).map_err(no_room)?;
        }
        let head_left = hint::HEAD_BYTES - self.head.len();
        self.head.extend(bytes.iter().take(head_left));
        self.hasher.update(&bytes);
        Ok(Some(bytes))
    }
}

fn broken_off() -> StoreError {
    StoreError::Failed { doing: "receiving an upload", source: "the upload broke off".into() }
}

async fn check_container(app: &App, blob: &str) -> Result<(), Refusal> {
    let path = app.store.blob_file(blob).await?;
    let limits = app.limits.clone();
    let checked = tokio::task::spawn_blocking(move || check_file(path, &limits)).await;
    match checked.unwrap_or_else(|error| Err(FileProblem::Io(io::Error::other(error)))) {
        Ok(()) => Ok(()),
        Err(FileProblem::Io(source)) => {
            Err(StoreError::Failed { doing: "checking an upload", source: source.into() }.into())
        }
        Err(FileProblem::TooLarge { .. }) => Err(too_large(app.limits.zip_bytes_max).into()),
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
