//! Drives the released server over HTTP as a stranger would, kills it at random moments, and compares what is left with
//! an undisturbed run and with an oracle of its own.

mod check;
mod client;
mod control;
mod deaths;
mod first_starts;
mod kills;
mod oracle;
mod random;
mod readers;
mod say;
mod sequence;
mod site;
mod terminate;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tempfile::TempDir;

use say::Verdict;

/// Tortures a released server.
#[derive(Debug, Parser)]
#[command(name = "torture")]
struct Cli {
    /// The server's binary
    #[arg(
        long,
        env = "BULKWRIGHT_BIN",
        value_name = "FILE",
        default_value = "target/release/bulkwright",
        global = true
    )]
    bin: PathBuf,
    /// Where the temporary folder is made: on the disk that is to be tried
    #[arg(long, value_name = "DIR", global = true)]
    dir: Option<PathBuf>,
    /// The same one gives the same jobs and the same moments; a random one if it is not said
    #[arg(long, value_name = "NUMBER", global = true)]
    seed: Option<u64>,
    /// How often the server is killed
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    kills: u64,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is done; if nothing is named, the server is killed at random moments.
#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Kill it in the first chunk of a job: 20 times, and 19 times
    Deaths,
    /// Kill first starts on new directories
    FirstStarts {
        /// Directories
        #[arg(long, value_name = "NUMBER", default_value_t = 100)]
        starts: u64,
    },
    /// End it by SIGTERM under load
    Terminate,
    /// Four readers for the whole of a large job
    Readers {
        /// Rows of the job
        #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
        rows: u64,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let clean = tokio::select! {
        clean = run(&cli) => clean?,
        // What is dropped here ends the processes that were started.
        () = interrupted() => false,
    };
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(cli: &Cli) -> anyhow::Result<bool> {
    let binary = fs_err::canonicalize(&cli.bin).context("run cargo build --release -p bulkwright")?;
    let folder = folder(cli)?;
    let seed = match cli.seed {
        Some(seed) => seed,
        None => u64::from(getrandom::u32().context("no random number")?),
    };
    say::line(format!("seed {seed}: {} repeats this run", again(cli, seed)));
    let ran = torture(cli, binary, folder.path().to_owned(), seed).await;
    let clean = ran.as_ref().is_ok_and(|verdict| verdict.is_clean());
    if !clean {
        say::line(format!("failed; {} repeats it, and {} is kept", again(cli, seed), folder.keep().display()));
    }
    ran?.tell();
    Ok(clean)
}

async fn torture(cli: &Cli, binary: PathBuf, folder: PathBuf, seed: u64) -> anyhow::Result<Verdict> {
    match cli.command {
        None => kills::run(&kills::Settings { binary, folder, kills: cli.kills, seed }).await,
        Some(Command::Deaths) => deaths::run(&deaths::Settings { binary, folder, seed }).await,
        Some(Command::FirstStarts { starts }) => {
            first_starts::run(&first_starts::Settings { binary, folder, seed, starts }).await
        }
        Some(Command::Terminate) => terminate::run(&terminate::Settings { binary, folder, seed }).await,
        Some(Command::Readers { rows }) => readers::run(&readers::Settings { binary, folder, rows }).await,
    }
}

/// The command that repeats a run.
fn again(cli: &Cli, seed: u64) -> String {
    let what = match cli.command {
        None => format!("--kills {}", cli.kills),
        Some(Command::Deaths) => "deaths".to_owned(),
        Some(Command::FirstStarts { starts }) => format!("first-starts --starts {starts}"),
        Some(Command::Terminate) => "terminate".to_owned(),
        Some(Command::Readers { rows }) => format!("readers --rows {rows}"),
    };
    format!("tests/torture {what} --seed {seed}")
}

fn folder(cli: &Cli) -> anyhow::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("bulkwright-torture-");
    Ok(match &cli.dir {
        Some(dir) => builder.tempdir_in(dir)?,
        None => builder.tempdir()?,
    })
}

async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("SIGTERM can be listened to on every Unix");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
