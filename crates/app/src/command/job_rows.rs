//! `job rows`: what became of each row, with all that is wrong with it.

use std::path::{Path, PathBuf};

use bulkwright_client::api_words::{RowError, RowView, RowsFormat, RowsPage};
use bulkwright_client::{Exit, RowsFilter, TargetKind};
use tempfile::NamedTempFile;

use crate::args::{JobRowsArgs, RowsForm};
use crate::exit::Failure;
use crate::table;
use crate::target::{NoData, Target};
use crate::ui::Ui;

/// Characters of a value and of a column's name in a table; the other forms tell all that is told.
const CELL_CHARS_MAX: usize = 40;
/// Columns of a table whose cells are numbers.
const NUMBERS: std::ops::Range<usize> = 0..2;

pub(crate) async fn run(args: &JobRowsArgs, ui: &Ui) -> Result<Exit, Failure> {
    let format = match args.format {
        _ if ui.json => Some(RowsFormat::JsonLines),
        RowsForm::Table => None,
        RowsForm::Jsonl => Some(RowsFormat::JsonLines),
        RowsForm::Csv => Some(RowsFormat::Csv),
    };
    // What stands in the way here needs no target.
    let place = args.output.as_ref().filter(|path| path.as_os_str() != "-");
    if let Some(path) = place.filter(|path| path.exists() && !args.force) {
        let message = format!("{} is there already", path.display());
        return Err(Failure::new(Exit::Usage, message, "give --force to replace it, or --output with another name"));
    }
    let target = Target::resolve(&args.target, NoData::Refuse).await?;
    let ended = show(args, format, place, &target, ui).await;
    target.close().await;
    ended
}

async fn show(
    args: &JobRowsArgs,
    format: Option<RowsFormat>,
    place: Option<&PathBuf>,
    target: &Target,
    ui: &Ui,
) -> Result<Exit, Failure> {
    if target.kind().await? == TargetKind::Vendor {
        let message = format!("{} has no rows to show: the API of the vendor has the result zip alone", target.name);
        let hint = format!("fetch it with `bulkwright job result {}`", args.id);
        return Err(Failure::new(Exit::Usage, message, hint));
    }
    let filter = RowsFilter {
        statuses: args.status.clone(),
        codes: args.code.clone(),
        reasons: args.reason.clone(),
        columns: args.column.clone(),
        from: args.from,
        limit: args.limit,
    };
    match format {
        None => table(args, &filter, place, target, ui).await,
        Some(format) => whole(args, &filter, format, place, target, ui).await,
    }
}

async fn table(
    args: &JobRowsArgs,
    filter: &RowsFilter,
    place: Option<&PathBuf>,
    target: &Target,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let page = target.api.rows(&args.id, filter).await?.value;
    match place {
        Some(path) => fs_err::write(path, lines(&page).join("\n") + "\n").map_err(disk)?,
        None => lines(&page).iter().for_each(|line| ui.answer(line)),
    }
    if let Some(why) = &page.upload.reason {
        ui.warn(&format!("{why}: lines, columns and values are not known any more"));
    }
    if let Some(next) = page.info.next_from {
        ui.talk(&format!("there are more: add --from {next}, or --format csv --output FILE for all"));
    } else if page.rows.is_empty() {
        ui.talk("no such rows");
    }
    Ok(Exit::Done)
}

/// A stream that breaks off must not look like one that is whole: it is fetched beside the file and then put in its place.
async fn whole(
    args: &JobRowsArgs,
    filter: &RowsFilter,
    format: RowsFormat,
    place: Option<&PathBuf>,
    target: &Target,
    ui: &Ui,
) -> Result<Exit, Failure> {
    let folder = place.and_then(|path| path.parent()).filter(|folder| !folder.as_os_str().is_empty());
    let beside = if place.is_some() { Path::new(".").to_owned() } else { std::env::temp_dir() };
    let file = NamedTempFile::new_in(folder.map_or(beside, Path::to_owned)).map_err(disk)?;
    let mut to = fs_err::tokio::OpenOptions::new().write(true).open(file.path()).await.map_err(disk)?;
    target.api.rows_file(&args.id, filter, format, &mut to).await?;
    match place {
        Some(path) => {
            file.persist(path).map_err(|error| disk(error.error))?;
            ui.talk(&format!("rows of job {}: {}", args.id, path.display()));
        }
        None => ui.answer_from(&mut fs_err::File::open(file.path()).map_err(disk)?).map_err(disk)?,
    }
    Ok(Exit::Done)
}

fn lines(page: &RowsPage) -> Vec<String> {
    let header = ["ROW", "LINE", "STATUS", "RECORD", "CODE", "REASON", "COLUMN", "VALUE", "ADVICE"];
    table::lines(header, page.rows.iter().flat_map(lines_of).collect(), &NUMBERS)
}

/// A line for each error, and one for a row without any.
fn lines_of(row: &RowView) -> Vec<[String; 9]> {
    let with = |error: Option<&RowError>| {
        let text = |text: Option<&String>| table::shortened(text.map_or("", String::as_str), CELL_CHARS_MAX);
        [
            row.row.to_string(),
            row.line.map(|line| line.to_string()).unwrap_or_default(),
            row.status.clone(),
            row.record_id.clone().unwrap_or_default(),
            error.map(|error| error.code.clone()).unwrap_or_default(),
            error.map(|error| error.reason.clone()).unwrap_or_default(),
            text(error.and_then(|error| error.column.as_ref().or(error.field.as_ref()))),
            text(error.and_then(|error| error.value.as_ref())),
            error.map(|error| error.advice.clone()).unwrap_or_default(),
        ]
    };
    if row.errors.is_empty() { vec![with(None)] } else { row.errors.iter().map(|error| with(Some(error))).collect() }
}

fn disk(error: std::io::Error) -> Failure {
    Failure::new(Exit::Unexpected, error.to_string(), "check the disk and the rights on the folder")
}
