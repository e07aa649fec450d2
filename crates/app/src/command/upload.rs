//! `upload`: a zip goes up, its file_id comes back.

use std::io::Read;
use std::path::Path;

use bulkwright_client::{Exit, RepeatKey};

use crate::args::UploadArgs;
use crate::exit::Failure;
use crate::target::{NoData, Target};
use crate::ui::{Ui, counted};

/// How every zip begins that holds something.
const ZIP_MAGIC: [u8; 4] = *b"PK\x03\x04";

pub(crate) async fn run(args: &UploadArgs, ui: &Ui) -> Result<Exit, Failure> {
    // The file first: one that cannot be uploaded needs no target.
    let bytes = check(&args.file)?;
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = upload(args, bytes, &target, ui).await;
    target.close().await;
    ended
}

async fn upload(args: &UploadArgs, bytes: u64, target: &Target, ui: &Ui) -> Result<Exit, Failure> {
    let name = args.file.file_name().map_or_else(|| "upload.zip".into(), |name| name.to_string_lossy());
    ui.talk(&format!("Uploading {} ({}) to {}", args.file.display(), counted(bytes, "byte"), target.name));
    let zgid = target.api.org().await?.zgid;
    let received = target.api.upload(&args.file, &name, &zgid, &RepeatKey::random()).await?;
    let file_id = received.value.details.file_id;
    if ui.json {
        ui.answer_body(&received.body);
    } else {
        ui.answer(&file_id);
    }
    ui.talk(&format!("next: bulkwright job create --file-id {file_id} --body job.json"));
    Ok(Exit::Done)
}

/// Its size, if it is a zip.
fn check(path: &Path) -> Result<u64, Failure> {
    let shown = path.display();
    if path.is_dir() {
        return Err(Failure::new(Exit::Usage, format!("{shown} is a folder"), "name one zip file in it"));
    }
    let mut file = fs_err::File::open(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Exit::NotFound, format!("there is no file {shown}"), "check the name, or give the full path")
        }
        _ => unreadable(&error),
    })?;
    let mut head = Vec::new();
    (&mut file).take(ZIP_MAGIC.len() as u64).read_to_end(&mut head).map_err(|error| unreadable(&error))?;
    if head == ZIP_MAGIC {
        return Ok(file.metadata().map_err(|error| unreadable(&error))?.len());
    }
    let zip = path.with_extension("zip");
    let hint = format!(
        "zip it first (`zip {} {shown}`), or let `bulkwright load {shown} --module MODULE` do all of it",
        zip.display()
    );
    Err(Failure::new(Exit::Usage, format!("{shown} is no zip, and the API takes nothing else"), hint))
}

fn unreadable(error: &std::io::Error) -> Failure {
    Failure::new(Exit::Unexpected, error.to_string(), "check the disk and the rights on the file")
}
