//! Drives the released server over HTTP as a stranger would, kills it at random moments, and compares what is left with
//! an undisturbed run and with an oracle of its own.

mod check;
mod client;
mod control;
mod kills;
mod oracle;
mod random;
mod say;
mod sequence;
mod site;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tempfile::TempDir;

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
    #[command(flatten)]
    kills: KillsArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What is done if no command is named: kills.
#[derive(Clone, Debug, Args)]
struct KillsArgs {
    /// How often the server is killed
    #[arg(long, value_name = "NUMBER", default_value_t = 1000)]
    kills: u64,
    /// The same one gives the same jobs and the same moments; a random one if it is not said
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {}

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
    let seed = match cli.kills.seed {
        Some(seed) => seed,
        None => getrandom::u64().context("no random number")? >> 32,
    };
    say::line(format!("seed {seed}: tests/torture --kills {} --seed {seed} repeats this run", cli.kills.kills));
    let settings = kills::Settings { binary, folder: folder.path().to_owned(), kills: cli.kills.kills, seed };
    let ran = kills::run(&settings).await;
    let clean = ran.as_ref().is_ok_and(|verdict| verdict.is_clean());
    if !clean {
        say::line(format!("kept for looking at: {}", folder.keep().display()));
        say::line(format!("failed: tests/torture --kills {} --seed {seed} repeats it", cli.kills.kills));
    }
    ran?.tell();
    Ok(clean)
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
