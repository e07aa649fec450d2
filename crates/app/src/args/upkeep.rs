//! The command line of those who look after a data directory.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::settings::duration;

/// Which data directory is looked after.
#[derive(Clone, Debug, Args)]
pub(crate) struct DataArgs {
    /// The data directory; if a server holds it, that server is asked
    #[arg(long, env = "BULKWRIGHT_DATA", value_name = "DIR", default_value = "./bulkwright-data")]
    pub(crate) data: PathBuf,
}

/// `verify`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright verify
  bulkwright verify --data /srv/bulkwright
  bulkwright verify --json | jq .sums")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `sweep`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright sweep                                         (says what would go)
  bulkwright sweep --now
  bulkwright sweep --now --older-than 12h --json")]
pub(crate) struct SweepArgs {
    /// Do it; without this, only say what would go
    #[arg(long, env = "BULKWRIGHT_NOW", value_parser = BoolishValueParser::new())]
    pub(crate) now: bool,
    /// How old uploads, ended jobs and their results must be, such as 12h or 7d; without it, the lifetimes of the server
    /// that holds the data, and 7 days if none does
    #[arg(long, env = "BULKWRIGHT_OLDER_THAN", value_parser = duration, value_name = "TIME")]
    pub(crate) older_than: Option<Duration>,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `backup`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright backup /backups/monday
  bulkwright backup /backups/monday --data /srv/bulkwright --json")]
pub(crate) struct BackupArgs {
    /// The directory to make, on the machine of the data. It holds the records and, in credentials.json, what opens the
    /// server: keep it as safe as the data
    pub(crate) destination: PathBuf,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}

/// `restore`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright restore /backups/monday --data ./restored
  bulkwright restore /backups/monday && bulkwright serve")]
pub(crate) struct RestoreArgs {
    /// The directory that `bulkwright backup` made
    pub(crate) backup: PathBuf,
    /// The data directory to make; nothing may be there, or an empty directory
    #[arg(long, env = "BULKWRIGHT_DATA", value_name = "DIR", default_value = "./bulkwright-data")]
    pub(crate) data: PathBuf,
}
