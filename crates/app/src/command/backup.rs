//! `backup`: a copy of a data directory.

use bulkwright_client::Exit;
use bulkwright_client::api_words::upkeep::{BackupAnswer, BackupRequest};
use bulkwright_server::upkeep;

use super::verify::sums;
use crate::args::BackupArgs;
use crate::data_directory::{json, looked_after};
use crate::exit::Failure;
use crate::ui::{Ui, grouped};

/// Writes a backup.
pub(crate) async fn run(args: &BackupArgs, ui: &Ui) -> Result<Exit, Failure> {
    let unusable =
        |error| Failure::new(Exit::Usage, format!("{} is no place: {error}", args.destination.display()), "");
    // A server has a working directory of its own.
    let destination = std::path::absolute(&args.destination).map_err(unusable)?;
    let data = &args.data.data;
    let here = upkeep::backup(data, &destination);
    let request = BackupRequest { destination: destination.display().to_string() };
    let answer = looked_after(data, here, async |server| server.backup(&request).await).await?;
    if ui.json {
        ui.answer_json(&json(&answer));
    } else {
        lines(&answer).iter().for_each(|line| ui.answer(line));
    }
    Ok(Exit::Done)
}

fn lines(answer: &BackupAnswer) -> Vec<String> {
    let (files, bytes) = (grouped(answer.files), grouped(answer.bytes));
    let mut lines = vec![format!("backup:   {}, {files} files, {bytes} bytes", answer.directory)];
    lines.extend(sums(&answer.sums));
    lines.push(format!("waited:   jobs stood still for {} ms", grouped(answer.jobs_waited_ms)));
    lines.push(format!("restore:  bulkwright restore {} --data DIR", answer.directory));
    lines
}
