//! The command line of what looks at jobs and records, and of the API's calls one by one.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::TargetArgs;
use crate::settings::duration;

/// `job …`
#[derive(Debug, Subcommand)]
pub(crate) enum JobCommand {
    /// Show a job: what it does, how far it is, its counts and its result, and why it failed or rests
    Show(Box<JobShowArgs>),
    /// List jobs, newest first
    List(Box<JobListArgs>),
    /// Wait for the end of a job, and show it
    Wait(Box<JobWaitArgs>),
    /// Fetch the result of a job: a zip with a CSV that says what became of each row
    Result(Box<JobResultArgs>),
    /// Show what became of each row of a job, with all that is wrong with it (a server of your own)
    Rows(Box<JobRowsArgs>),
    /// Create a job from a request body of your own
    Create(Box<JobCreateArgs>),
}

/// `job show`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job show 4150868000005350003
  bulkwright job show 4150868000005350003 --json | jq .status
  bulkwright job show 4150868000005350003 --raw --api-version v2.1")]
pub(crate) struct JobShowArgs {
    /// The job's id
    pub(crate) id: String,
    /// Print the status line, the headers and the body as they were received
    #[arg(long, env = "BULKWRIGHT_RAW", value_parser = BoolishValueParser::new(), conflicts_with = "show_curl")]
    pub(crate) raw: bool,
    /// Print the curl command for the same request, its token masked, and send nothing
    #[arg(long, env = "BULKWRIGHT_SHOW_CURL", value_parser = BoolishValueParser::new())]
    pub(crate) show_curl: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `job list`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job list
  bulkwright job list --status FAILED --limit 10
  bulkwright job list --format csv > jobs.csv
  bulkwright job list --json | jq '.jobs[].cause'")]
pub(crate) struct JobListArgs {
    /// Only jobs in this state
    #[arg(long, env = "BULKWRIGHT_STATUS", value_enum, ignore_case = true, value_name = "STATUS")]
    pub(crate) status: Option<ListedStatus>,
    /// Jobs at most
    #[arg(long, env = "BULKWRIGHT_LIMIT", value_name = "JOBS", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
    /// Only jobs that are older than this one
    #[arg(long, env = "BULKWRIGHT_BEFORE", value_name = "ID")]
    pub(crate) before: Option<String>,
    /// How the jobs are written; --json is the same as --format json
    #[arg(long, env = "BULKWRIGHT_FORMAT", value_enum, default_value = "table")]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// A state that jobs are listed by, as the API spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum ListedStatus {
    /// Waiting for a worker
    Added,
    /// Running, or resting before another attempt
    InProgress,
    /// Through; the counts say how many rows were written
    Completed,
    /// Could not be processed
    Failed,
}

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// Columns for the eye
    Table,
    /// A CSV with a header
    Csv,
    /// The server's answer
    Json,
}

/// `job wait`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job wait 4150868000005350003
  bulkwright job wait 4150868000005350003 --timeout 10m
  bulkwright job wait 4150868000005350003 --json | jq -c 'select(.message_type == \"summary\")'")]
pub(crate) struct JobWaitArgs {
    /// The job's id
    pub(crate) id: String,
    /// How long to wait; without it, as long as it takes
    #[arg(long, env = "BULKWRIGHT_TIMEOUT", value_parser = duration, value_name = "TIME")]
    pub(crate) timeout: Option<Duration>,
    /// The time between two looks at a job of the vendor's cloud; a server of your own says by itself when it is through
    #[arg(long, env = "BULKWRIGHT_POLL_INTERVAL", value_parser = duration, value_name = "TIME")]
    pub(crate) poll_interval: Option<Duration>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `job result`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job result 4150868000005350003
  bulkwright job result 4150868000005350003 --output result.zip --force
  bulkwright job result 4150868000005350003 --output - | bsdtar -xOf -")]
pub(crate) struct JobResultArgs {
    /// The job's id
    pub(crate) id: String,
    /// The file to write, `-` for stdout; ID.zip if it is not said
    #[arg(short, long, env = "BULKWRIGHT_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, env = "BULKWRIGHT_FORCE", value_parser = BoolishValueParser::new())]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `job rows`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job rows 1912852524866732224 --status skipped
  bulkwright job rows 1912852524866732224 --code INVALID_DATA --column Email
  bulkwright job rows 1912852524866732224 --status skipped --format csv --output skipped.csv
  bulkwright job rows 1912852524866732224 --json | jq -c '.errors[]'")]
pub(crate) struct JobRowsArgs {
    /// The job's id
    pub(crate) id: String,
    /// Only these rows: added, updated, skipped, unprocessed; may be given several times
    #[arg(long, env = "BULKWRIGHT_STATUS", value_name = "STATUS", value_delimiter = ',')]
    pub(crate) status: Vec<String>,
    /// Only rows with an error of this code; may be given several times
    #[arg(long, env = "BULKWRIGHT_CODE", value_name = "CODE", value_delimiter = ',')]
    pub(crate) code: Vec<String>,
    /// Only rows with an error for this reason, such as not_an_email; may be given several times
    #[arg(long, env = "BULKWRIGHT_REASON", value_name = "REASON", value_delimiter = ',')]
    pub(crate) reason: Vec<String>,
    /// Only rows with an error in this column or field; may be given several times
    #[arg(long, env = "BULKWRIGHT_COLUMN", value_name = "COLUMN")]
    pub(crate) column: Vec<String>,
    /// Begin at this row
    #[arg(long, env = "BULKWRIGHT_FROM", value_name = "ROW", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) from: Option<u64>,
    /// Rows at most; without it a table has 200, and a file all
    #[arg(long, env = "BULKWRIGHT_LIMIT", value_name = "ROWS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// How the rows are written; --json is the same as --format jsonl
    #[arg(long, env = "BULKWRIGHT_FORMAT", value_enum, default_value = "table")]
    pub(crate) format: RowsForm,
    /// The file to write; stdout if it is not said
    #[arg(short, long, env = "BULKWRIGHT_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long, env = "BULKWRIGHT_FORCE", value_parser = BoolishValueParser::new())]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowsForm {
    /// Columns for the eye, a line for each error
    Table,
    /// A line of JSON for each row
    Jsonl,
    /// A CSV with a header, a line for each error
    Csv,
}

/// `job create`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright job create --body job.json --file-id 1912852524866666688
  jq -n '{operation:\"insert\",resource:[{type:\"data\",module:{api_name:\"Leads\"}}]}' |
    bulkwright job create --body - --file-id 1912852524866666688")]
pub(crate) struct JobCreateArgs {
    /// The request body, a JSON file; `-` for stdin
    #[arg(long, env = "BULKWRIGHT_BODY", value_name = "FILE")]
    pub(crate) body: PathBuf,
    /// The upload: put into every resource whose file_id is missing or no number
    #[arg(long, env = "BULKWRIGHT_FILE_ID", value_name = "ID")]
    pub(crate) file_id: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `upload`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  zip leads.zip leads.csv && bulkwright upload leads.zip
  bulkwright upload leads.zip --json | jq -r .details.file_id")]
pub(crate) struct UploadArgs {
    /// The zip; it holds the CSV that a job is to read
    pub(crate) file: PathBuf,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `record …`
#[derive(Debug, Subcommand)]
pub(crate) enum RecordCommand {
    /// Show a record, field by field
    Show(Box<RecordShowArgs>),
}

/// `record show`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright record show Leads 1912852524866732225
  bulkwright record show Leads 1912852524866732225 --json | jq '.data[0].Email'")]
pub(crate) struct RecordShowArgs {
    /// The module, such as Leads
    pub(crate) module: String,
    /// The record's id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}
