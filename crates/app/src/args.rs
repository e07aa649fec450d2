//! The command line. Every flag `--some-name` is also the variable `BULKWRIGHT_SOME_NAME`; a test holds them to it.

mod administration;
mod callback;
mod looking;
mod modules;
mod upkeep;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bulkwright_client::api_words::Version;
use clap::builder::BoolishValueParser;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use url::Url;

use crate::config::{DevFlags, ServeFlags};
use crate::exit;
use crate::sample::Share;
use crate::settings::{base_url, duration};

pub(crate) use administration::{
    Lifetime, OauthClientCodeArgs, OauthClientCommand, OauthClientCreateArgs, OauthClientRevokeArgs, OfOrgArgs,
    OrgCommand, OrgCreateArgs, OrgListArgs, OrgRevokeArgs, OrgUpdateArgs, TokenCommand, TokenCreateArgs,
    TokenRevokeArgs, UserCommand, UserCreateArgs, UserRevokeArgs,
};
pub(crate) use callback::{
    CallbackCommand, CallbackListArgs, CallbackReplayArgs, CallbackSecretArgs, CallbackShowArgs, ListedState,
};
pub(crate) use looking::{
    JobCommand, JobCreateArgs, JobListArgs, JobResultArgs, JobRowsArgs, JobShowArgs, JobWaitArgs, ListFormat,
    RecordCommand, RecordShowArgs, RowsForm, UploadArgs,
};
pub(crate) use modules::{ModulesCheckArgs, ModulesCommand, ModulesListArgs, ModulesShowArgs, OfFile};
pub(crate) use upkeep::{BackupArgs, DataArgs, RestoreArgs, SweepArgs, VerifyArgs};

const EXAMPLES: &str = "\
Examples:
  bulkwright load leads.csv --module Leads
  bulkwright load leads.csv --module Leads --op upsert --key Email
  bulkwright load deals.csv --module Deals --map Firma=Account_Name --format Closing_Date=dd.MM.yyyy --default Stage=Qualification
  bulkwright job list --status FAILED
  bulkwright job rows 1912852524866732224 --status skipped
  bulkwright explain INVALID_DATA
  bulkwright job show 4150868000005350003 --base-url http://127.0.0.1:8080 --token-file token.txt
  bulkwright dev
  bulkwright serve --data ./bulkwright-data
  bulkwright verify --data ./bulkwright-data
  bulkwright backup /backups/monday
  bulkwright token create --scope ZohoCRM.bulk.ALL --expires-in 1h
  bulkwright sample --rows 1000 --seed 1 --output leads.csv";

/// Moves CSV files of any size into CRM records and says what became of each row.
#[derive(Debug, Parser)]
#[command(name = "bulkwright", version, before_help = EXAMPLES, arg_required_else_help = true)]
#[command(subcommand_required = true, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) talk: Talk,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How the program talks.
#[derive(Clone, Debug, Args)]
pub(crate) struct Talk {
    /// Answer in JSON on stdout; errors are one JSON line on stderr
    #[arg(long, env = "BULKWRIGHT_JSON", global = true, value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub(crate) json: bool,
    /// When to colour
    #[arg(long, env = "BULKWRIGHT_COLOR", global = true, value_enum, default_value = "auto", help_heading = "Output")]
    pub(crate) color: Color,
    /// How progress is shown on stderr
    #[arg(
        long,
        env = "BULKWRIGHT_PROGRESS",
        global = true,
        value_enum,
        default_value = "auto",
        help_heading = "Output"
    )]
    pub(crate) progress: ProgressForm,
    /// Say nothing but the answer and errors
    #[arg(short, long, env = "BULKWRIGHT_QUIET", global = true, value_parser = BoolishValueParser::new(), help_heading = "Output")]
    pub(crate) quiet: bool,
    /// Say more; twice for everything
    #[arg(short, long, env = "BULKWRIGHT_VERBOSE", global = true, action = clap::ArgAction::Count, help_heading = "Output")]
    pub(crate) verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressForm {
    /// A bar on a terminal, lines elsewhere
    Auto,
    /// A bar
    Bar,
    /// A line at the end of each job
    Plain,
    /// A line of JSON at the end of each job
    Json,
    /// Nothing
    Off,
}

/// What is done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Load a CSV file: every row becomes a record or is told why not
    Load(Box<LoadArgs>),
    /// Look at jobs, wait for them, fetch their results
    #[command(subcommand)]
    Job(JobCommand),
    /// Look at records
    #[command(subcommand)]
    Record(RecordCommand),
    /// See which modules and fields there are, and check a file of your own
    #[command(subcommand)]
    Modules(ModulesCommand),
    /// Look at callbacks, send them again, and see what signs them
    #[command(subcommand)]
    Callback(CallbackCommand),
    /// Upload a zip for a job
    Upload(Box<UploadArgs>),
    /// Serve the API over a data directory
    Serve(ServeArgs),
    /// Serve the API over a temporary store with documented credentials
    Dev(DevArgs),
    /// Look at everything in a data directory and name whatever is not as it has to be
    Verify(VerifyArgs),
    /// Take away uploads, results and jobs that have outlived their time, and files that nothing names
    Sweep(SweepArgs),
    /// Copy a data directory as it is at one moment, while its server runs or not
    Backup(BackupArgs),
    /// Make a data directory of a backup
    Restore(RestoreArgs),
    /// Organisations: make, list, change and revoke them
    #[command(subcommand)]
    Org(OrgCommand),
    /// Users: make, list and revoke them
    #[command(subcommand)]
    User(UserCommand),
    /// OAuth clients: make, list and revoke them
    #[command(subcommand)]
    OauthClient(OauthClientCommand),
    /// Tokens: make, list and revoke them
    #[command(subcommand)]
    Token(TokenCommand),
    /// Say what a code means, what usually causes it, and what to do
    Explain(ExplainArgs),
    /// Write a CSV file of realistic leads
    Sample(SampleArgs),
}

/// Where to and with what right.
#[derive(Clone, Debug, Args)]
pub(crate) struct TargetArgs {
    /// Base of the API, such as http://127.0.0.1:8080; without it, a server of your own over --data
    #[arg(long, env = "BULKWRIGHT_BASE_URL", value_parser = base_url, value_name = "URL", help_heading = "Target")]
    pub(crate) base_url: Option<Url>,
    /// Where access tokens are exchanged, if not at the base
    #[arg(long, env = "BULKWRIGHT_ACCOUNTS_URL", value_parser = base_url, value_name = "URL", help_heading = "Target")]
    pub(crate) accounts_url: Option<Url>,
    /// Where files are uploaded, if not at the base
    #[arg(long, env = "BULKWRIGHT_UPLOAD_URL", value_parser = base_url, value_name = "URL", help_heading = "Target")]
    pub(crate) upload_url: Option<Url>,
    /// A file that holds an access token; the variable BULKWRIGHT_TOKEN may hold one too
    #[arg(long, env = "BULKWRIGHT_TOKEN_FILE", value_name = "FILE", help_heading = "Target")]
    pub(crate) token_file: Option<PathBuf>,
    /// A server's credentials.json
    #[arg(long, env = "BULKWRIGHT_CREDENTIALS", value_name = "FILE", help_heading = "Target")]
    pub(crate) credentials: Option<PathBuf>,
    /// A PEM file of authorities to trust beside the system's, for a server with a certificate of your own making
    #[arg(long, env = "BULKWRIGHT_CA_CERT", value_name = "FILE", help_heading = "Target")]
    pub(crate) ca_cert: Option<PathBuf>,
    /// The data directory of the server of your own
    #[arg(
        long,
        env = "BULKWRIGHT_DATA",
        value_name = "DIR",
        default_value = "./bulkwright-data",
        help_heading = "Target"
    )]
    pub(crate) data: PathBuf,
    /// Version of the API: v2, v2.1, v3 to v8
    #[arg(long, env = "BULKWRIGHT_API_VERSION", value_name = "VERSION", default_value = "v8", help_heading = "Target")]
    pub(crate) api_version: Version,
    /// How long one request may take
    #[arg(long, env = "BULKWRIGHT_REQUEST_TIMEOUT", value_parser = duration, value_name = "TIME", default_value = "5m", help_heading = "Target")]
    pub(crate) request_timeout: Duration,
}

/// `load`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright load leads.csv --module Leads
  bulkwright load leads.csv --module Leads --op upsert --key Email
  bulkwright load deals.csv --module Deals --map Firma=Account_Name --format Closing_Date=dd.MM.yyyy --default Stage=Qualification
  bulkwright load leads.errors.csv --module Leads          (after fixing its rows)
  bulkwright load leads.csv --module Leads --json | jq")]
pub(crate) struct LoadArgs {
    /// The CSV file; its first line names the columns by fields or their labels
    pub(crate) file: PathBuf,
    /// The module that the rows go to, such as Leads
    #[arg(short, long, env = "BULKWRIGHT_MODULE", value_name = "MODULE")]
    pub(crate) module: String,
    /// What happens to rows
    #[arg(long, env = "BULKWRIGHT_OP", value_enum, default_value = "insert")]
    pub(crate) op: Op,
    /// The field that matches rows to records; needed to update and upsert, with insert it skips what exists
    #[arg(short, long, env = "BULKWRIGHT_KEY", value_name = "FIELD")]
    pub(crate) key: Option<String>,
    /// The field that outcomes are joined to rows by, if that is not the key
    #[arg(long, env = "BULKWRIGHT_JOIN_BY", value_name = "FIELD")]
    pub(crate) join_by: Option<String>,
    /// Leave a field alone where the cell is empty
    #[arg(long, env = "BULKWRIGHT_IGNORE_EMPTY", value_parser = BoolishValueParser::new())]
    pub(crate) ignore_empty: bool,
    /// A column and the field that it becomes, of a look-up with what finds its record: Firma=Account_Name.Website
    #[arg(long = "map", env = "BULKWRIGHT_MAP", value_name = "COLUMN=FIELD", value_parser = pair, value_delimiter = '\n')]
    pub(crate) maps: Vec<(String, String)>,
    /// A field and how its dates or numbers are written, such as Closing_Date=dd.MM.yyyy or 'Amount=#.##0,00'
    #[arg(long = "format", env = "BULKWRIGHT_FORMAT", value_name = "FIELD=PATTERN", value_parser = pair, value_delimiter = '\n')]
    pub(crate) formats: Vec<(String, String)>,
    /// A field and what it gets where the cell is empty, or in all rows where no column carries it
    #[arg(long = "default", env = "BULKWRIGHT_DEFAULT", value_name = "FIELD=VALUE", value_parser = pair, value_delimiter = '\n')]
    pub(crate) defaults: Vec<(String, String)>,
    /// The layout that records get, by id or name; without it, the standard one
    #[arg(long, env = "BULKWRIGHT_LAYOUT", value_name = "LAYOUT")]
    pub(crate) layout: Option<String>,
    /// The file's charset, such as windows-1252 or Shift_JIS; without it, it is found out
    #[arg(long, env = "BULKWRIGHT_CHARSET", value_name = "CHARSET")]
    pub(crate) charset: Option<String>,
    /// The folder of NAME.results.csv, NAME.errors.csv and NAME.report.json
    #[arg(long, env = "BULKWRIGHT_OUT", value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// Rows of one job at most
    #[arg(long, env = "BULKWRIGHT_ROWS_PER_JOB", value_name = "ROWS", default_value = "25000", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub(crate) rows_per_job: u32,
    /// How long to wait for jobs altogether; without it, as long as it takes
    #[arg(long, env = "BULKWRIGHT_WAIT", value_parser = duration, value_name = "TIME")]
    pub(crate) wait: Option<Duration>,
    /// The time between two looks at a job
    #[arg(long, env = "BULKWRIGHT_POLL_INTERVAL", value_parser = duration, value_name = "TIME")]
    pub(crate) poll_interval: Option<Duration>,
    /// Exit with 9 if the file has no rows
    #[arg(long, env = "BULKWRIGHT_ERROR_IF_EMPTY", value_parser = BoolishValueParser::new())]
    pub(crate) error_if_empty: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `NAME=VALUE`; the value may have more `=` in it.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || value.is_empty() {
        return Err("write it as NAME=VALUE, with something on both sides".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// What happens to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Op {
    /// Rows become records
    Insert,
    /// Records are changed
    Update,
    /// Records are changed where the key is found, and made elsewhere
    Upsert,
}

/// `serve`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright serve
  bulkwright serve --data /srv/bulkwright --listen 127.0.0.1:9000
  bulkwright serve --listen 127.0.0.1:0 --port-file port.txt
  bulkwright serve --print-config")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) configuration: ConfigArgs,
    #[command(flatten)]
    pub(crate) flags: ServeFlags,
}

/// `dev`
#[derive(Clone, Debug, Args)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub(crate) configuration: ConfigArgs,
    #[command(flatten)]
    pub(crate) flags: DevFlags,
}

/// Where a server's configuration is, and whether it is only to be seen.
#[derive(Clone, Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration file; without it, ./bulkwright.toml if it is there
    #[arg(long, env = "BULKWRIGHT_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print the configuration that holds, with what each setting means and where it is from, and start nothing
    #[arg(long, env = "BULKWRIGHT_PRINT_CONFIG", value_parser = BoolishValueParser::new())]
    pub(crate) print_config: bool,
}

/// `explain`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright explain MANDATORY_NOT_FOUND
  bulkwright explain invalid-data
  bulkwright explain 'MANDATORY_NOT_FOUND-Company,Last_Name:DUPLICATE_DATA-Email'
  bulkwright explain --json | jq -r '.codes[].code'")]
pub(crate) struct ExplainArgs {
    /// A code, or the ERRORS of a row as it stands in a result; without one, all codes are listed
    pub(crate) code: Vec<String>,
}

/// `sample`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright sample --rows 1000 --seed 1 --output leads.csv
  bulkwright sample --rows 1000 --seed 1 --bad 2% --output leads-dirty.csv")]
pub(crate) struct SampleArgs {
    /// Data rows
    #[arg(long, env = "BULKWRIGHT_ROWS", value_name = "ROWS")]
    pub(crate) rows: u64,
    /// Any number; the same one gives the same bytes
    #[arg(long, env = "BULKWRIGHT_SEED", value_name = "NUMBER", default_value = "1")]
    pub(crate) seed: u64,
    /// The share of rows that have a fault
    #[arg(long, env = "BULKWRIGHT_BAD", value_name = "PERCENT", default_value = "0%")]
    pub(crate) bad: Share,
    /// The file to write; stdout if it is not said
    #[arg(short, long, env = "BULKWRIGHT_OUTPUT", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// A command line that is no order: help that was asked for, or a mistake.
#[derive(Debug)]
pub(crate) struct NoOrder {
    pub(crate) error: clap::Error,
    /// Whether JSON was asked for.
    pub(crate) json: bool,
}

/// Reads the command line.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, NoOrder> {
    let words: Vec<OsString> = words.into_iter().collect();
    let json = words.iter().any(|word| word == "--json");
    let matches = command().try_get_matches_from(words).map_err(|error| NoOrder { error, json })?;
    Cli::from_arg_matches(&matches).map_err(|error| NoOrder { error, json })
}

/// The command line with the table of exit codes under its help.
fn command() -> clap::Command {
    Cli::command().after_help(exit::table())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        command().debug_assert();
    }

    #[test]
    fn every_flag_has_its_variable_by_one_rule() {
        let mut flags = 0;
        each_command(&command(), &mut |command| {
            for arg in command.get_arguments().filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version")) {
                let Some(long) = arg.get_long() else { continue };
                let expected = format!("BULKWRIGHT_{}", long.replace('-', "_").to_uppercase());
                let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
                assert_eq!(variable.as_deref(), Some(expected.as_str()), "{} --{long}", command.get_name());
                flags += 1;
            }
        });
        assert!(flags > 30, "{flags} flags were seen");
    }

    #[test]
    fn no_text_of_the_help_names_a_command_that_is_not_there() {
        each_command(&command(), &mut |command| {
            let help = command.clone().render_long_help().to_string();
            for absent in ["resume", "retry", "login", "doctor", "check"] {
                assert!(!help.contains(&format!("bulkwright {absent}")), "{} names {absent}", command.get_name());
            }
        });
    }

    fn each_command(command: &clap::Command, see: &mut dyn FnMut(&clap::Command)) {
        see(command);
        for sub in command.get_subcommands() {
            each_command(sub, see);
        }
    }
}
