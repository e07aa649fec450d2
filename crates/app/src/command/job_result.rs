//! `job result`: the zip that says what became of each row, as the target gives it.

use std::path::{Path, PathBuf};

use bulkwright_client::Exit;
use bulkwright_client::api_words::{JobDetails, JobView, ResultLink, Status};
use serde_json::json;
use tempfile::NamedTempFile;

use super::job_show::own_view;
use super::job_view::{failure_of, rows, rows_in_words};
use crate::args::JobResultArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::{Ui, counted};

pub(crate) async fn run(args: &JobResultArgs, ui: &Ui) -> Result<Exit, Failure> {
    // What stands in the way here needs no target.
    let place = Place::of(args, ui)?;
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = fetch(args, &place, &target, ui).await;
    target.close().await;
    ended
}

/// Where a result goes.
enum Place {
    Stdout,
    File(PathBuf),
}

impl Place {
    fn of(args: &JobResultArgs, ui: &Ui) -> Result<Self, Failure> {
        let path = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.zip", args.id)));
        if path.as_os_str() == "-" {
            if ui.json {
                let message = "the zip and JSON cannot both go to stdout";
                return Err(Failure::new(Exit::Usage, message, "give --output a file, or leave --json out"));
            }
            return Ok(Place::Stdout);
        }
        if path.is_dir() {
            let message = format!("{} is a folder", path.display());
            return Err(Failure::new(Exit::Usage, message, "name a file in it with --output"));
        }
        if path.exists() && !args.force {
            return Err(is_there(&path));
        }
        Ok(Place::File(path))
    }

    /// The folder where the file grows under another name: the one it is renamed in.
    fn folder(&self) -> PathBuf {
        let folder = match self {
            Place::Stdout => Some(std::env::temp_dir()),
            Place::File(path) => path.parent().map(Path::to_owned).filter(|folder| !folder.as_os_str().is_empty()),
        };
        folder.unwrap_or_else(|| PathBuf::from("."))
    }
}

async fn fetch(args: &JobResultArgs, place: &Place, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let details = target.api.job(&args.id).await?;
    let link = details.result.as_ref().filter(|link| !link.download_url.is_empty());
    let Some(ResultLink { download_url }) = link else {
        let view = own_view(target, &args.id, ui).await;
        return Err(no_result(&details, view.and_then(stand)));
    };
    let file = temporary(&place.folder()).map_err(disk)?;
    let mut to = fs_err::tokio::OpenOptions::new().write(true).open(file.path()).await.map_err(disk)?;
    target.api.download(download_url, &mut to).await?;
    let bytes = file.as_file().metadata().map_err(disk)?.len();
    match place {
        Place::Stdout => to_stdout(&file, ui)?,
        Place::File(path) => keep(file, path, args.force)?,
    }
    let size = format!("{}, {}", counted(bytes, "byte"), rows_in_words(&details));
    match place {
        Place::Stdout => ui.talk(&format!("result of job {}: {size}", args.id)),
        Place::File(path) if ui.json => ui.answer_json(&json!({
            "job": args.id,
            "file": path.to_string_lossy(),
            "bytes": bytes,
            "rows": rows(&details),
        })),
        Place::File(path) => ui.answer(&format!("{}: {size}", path.display())),
    }
    Ok(Exit::Done)
}

/// Why there is nothing to fetch. `stand` is what a server of one's own says about a job that is not through.
fn no_result(details: &JobDetails, stand: Option<String>) -> Failure {
    let (id, status) = (&details.id, &details.status);
    match Status::parse(status) {
        Some(Status::Failed) => {
            let message = format!("job {id} failed and has no result: {}", failure_of(details));
            Failure::new(Exit::Stopped, message, "mend what is named and create a new job")
        }
        Some(Status::Completed | Status::Skipped) => {
            let message = format!("job {id} is {status} and has no result");
            Failure::new(Exit::NotFound, message, "results are kept for a while only; the counts are in `job show`")
        }
        Some(Status::Added | Status::InProgress) | None => {
            let stand = stand.map_or(String::new(), |stand| format!(": {stand}"));
            let message = format!("job {id} is {status} and has no result yet{stand}");
            Failure::new(Exit::Temporary, message, format!("wait for it with `bulkwright job wait {id}`"))
        }
    }
}

fn stand(view: JobView) -> Option<String> {
    view.cause.or_else(|| view.waits_for.map(|what| format!("it waits for {what}")))
}

fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".bulkwright-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Readable by others as far as the mask allows, like what people make themselves.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn keep(file: NamedTempFile, path: &Path, force: bool) -> Result<(), Failure> {
    let kept = if force { file.persist(path) } else { file.persist_noclobber(path) };
    match kept {
        Ok(_) => Ok(()),
        Err(failed) if failed.error.kind() == std::io::ErrorKind::AlreadyExists => Err(is_there(path)),
        Err(failed) => Err(disk(failed.error)),
    }
}

fn to_stdout(file: &NamedTempFile, ui: &Ui) -> Result<(), Failure> {
    let mut from = fs_err::File::open(file.path()).map_err(disk)?;
    ui.answer_from(&mut from).map_err(disk)
}

fn is_there(path: &Path) -> Failure {
    let message = format!("{} is there already", path.display());
    Failure::new(Exit::Usage, message, "give --force to replace it, or --output with another name")
}

fn disk(error: std::io::Error) -> Failure {
    Failure::new(Exit::Unexpected, error.to_string(), "check the disk and the rights on the folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_result_is_explained() {
        let check = |status: &str, resource: &str, stand: Option<&str>, code: u8, expected: &str| {
            let details = format!(r#"{{"id":"7","status":"{status}","resource":[{resource}]}}"#);
            let details = serde_json::from_str(&details).unwrap();
            let failure = no_result(&details, stand.map(str::to_owned));
            assert_eq!((failure.exit.code(), failure.message.as_str()), (code, expected));
            assert!(!failure.hint.is_empty());
        };
        let failed = r#"{"code":"LIMIT_EXCEEDED","message":"too many rows"}"#;
        check("FAILED", failed, None, 4, "job 7 failed and has no result: LIMIT_EXCEEDED: too many rows");
        check("FAILED", "{}", None, 4, "job 7 failed and has no result: the target does not say why");
        check("COMPLETED", "{}", None, 7, "job 7 is COMPLETED and has no result");
        check("IN PROGRESS", "{}", None, 5, "job 7 is IN PROGRESS and has no result yet");
        let stand = Some("it waits for 2 jobs before it");
        check("ADDED", "{}", stand, 5, "job 7 is ADDED and has no result yet: it waits for 2 jobs before it");
    }
}
