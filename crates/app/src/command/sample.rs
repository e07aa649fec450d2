//! `sample`: realistic leads for trying things out.

use std::io::{BufWriter, Write};
use std::path::Path;

use bulkwright_client::Exit;

use crate::args::SampleArgs;
use crate::exit::Failure;
use crate::sample::{self, Sample, SampleReport};
use crate::ui::{Ui, counted};

pub(crate) fn run(args: &SampleArgs, ui: &Ui) -> Result<Exit, Failure> {
    let sample = Sample { rows: args.rows, seed: args.seed, bad: args.bad };
    let report = match &args.output {
        Some(path) => write_file(&sample, path),
        None => sample::write(&sample, &mut std::io::stdout().lock()),
    };
    let report = match report {
        Ok(report) => report,
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
        Err(error) => return Err(Failure::new(Exit::Unexpected, error.to_string(), "check the disk and the folder")),
    };
    ui.talk(&in_words(&report, args.output.as_deref()));
    Ok(Exit::Done)
}

fn write_file(sample: &Sample, path: &Path) -> std::io::Result<SampleReport> {
    let mut file = BufWriter::new(fs_err::File::create(path)?);
    let report = sample::write(sample, &mut file)?;
    file.flush()?;
    Ok(report)
}

fn in_words(report: &SampleReport, path: Option<&Path>) -> String {
    let place = path.map_or(String::new(), |path| format!(" to {}", path.display()));
    let mut text = format!("{} written{place}", counted(report.rows, "row"));
    if report.bad_rows() > 0 {
        let kinds =
            report.faults().filter(|(_, rows)| *rows > 0).map(|(kind, rows)| format!("{rows} {}", kind.words()));
        text.push_str(&format!(", {} of them bad ({})", report.bad_rows(), kinds.collect::<Vec<_>>().join(", ")));
    }
    text
}
