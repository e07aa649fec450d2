//! `restore`: a data directory of a backup.

use bulkwright_client::Exit;
use bulkwright_server::upkeep;

use crate::args::RestoreArgs;
use crate::data_directory::json;
use crate::exit::Failure;
use crate::own_server::failure;
use crate::ui::{Ui, grouped};

/// Makes a data directory where nothing is yet.
pub(crate) async fn run(args: &RestoreArgs, ui: &Ui) -> Result<Exit, Failure> {
    if !args.backup.exists() {
        let message = format!("{} is no backup", args.backup.display());
        return Err(Failure::new(Exit::NotFound, message, "give the directory that bulkwright backup made"));
    }
    let answer = upkeep::restore(&args.backup, &args.data).await.map_err(|error| failure(&error))?;
    if ui.json {
        ui.answer_json(&json(&answer));
        return Ok(Exit::Done);
    }
    let (files, bytes) = (grouped(answer.files), grouped(answer.bytes));
    ui.answer(&format!("restored: {}, {files} files, {bytes} bytes, as of {}", answer.directory, answer.backed_up_at));
    ui.answer(&format!("next:     bulkwright serve --data {}", answer.directory));
    Ok(Exit::Done)
}
