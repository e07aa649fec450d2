//! The command line of what becomes of callbacks.

use clap::builder::BoolishValueParser;
use clap::{Args, Subcommand, ValueEnum};

use super::TargetArgs;
use super::upkeep::DataArgs;

/// `callback …`
#[derive(Debug, Subcommand)]
pub(crate) enum CallbackCommand {
    /// List callbacks, newest job first
    List(Box<CallbackListArgs>),
    /// Show a job's callback and what came of each try
    Show(Box<CallbackShowArgs>),
    /// Send callbacks again; receivers know the repeat by its webhook-id
    Replay(Box<CallbackReplayArgs>),
    /// Show what callbacks are signed with, or change it
    Secret(CallbackSecretArgs),
}

/// `callback list`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright callback list
  bulkwright callback list --state given_up
  bulkwright callback list --json | jq '.callbacks[].delivery.last_error'")]
pub(crate) struct CallbackListArgs {
    /// Only callbacks in this state
    #[arg(long, env = "BULKWRIGHT_STATE", value_enum, value_name = "STATE")]
    pub(crate) state: Option<ListedState>,
    /// Callbacks at most
    #[arg(long, env = "BULKWRIGHT_LIMIT", value_name = "CALLBACKS", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub(crate) limit: u32,
    /// Only those of jobs that are older than this one
    #[arg(long, env = "BULKWRIGHT_BEFORE", value_name = "ID")]
    pub(crate) before: Option<String>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// A state that callbacks are listed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum ListedState {
    /// Still tried
    Pending,
    /// Taken by the receiver
    Delivered,
    /// The schedule is through, or the receiver refuses for good
    GivenUp,
}

impl ListedState {
    /// The word of the API.
    pub(crate) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// `callback show`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright callback show 1912852524866732225
  bulkwright callback show 1912852524866732225 --json | jq .tries")]
pub(crate) struct CallbackShowArgs {
    /// The job's id
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `callback replay`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright callback replay 1912852524866732225
  bulkwright callback replay --given-up                    (all of them, once the receiver is well again)")]
pub(crate) struct CallbackReplayArgs {
    /// The ids of the jobs
    #[arg(required_unless_present = "given_up")]
    pub(crate) id: Vec<String>,
    /// All callbacks that were given up
    #[arg(long, env = "BULKWRIGHT_GIVEN_UP", value_parser = BoolishValueParser::new(), conflicts_with = "id")]
    pub(crate) given_up: bool,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
}

/// `callback secret`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright callback secret
  bulkwright callback secret --rotate                      (the one before signs too until the next change)
  bulkwright callback secret --json | jq -r '.secrets[0]'")]
pub(crate) struct CallbackSecretArgs {
    /// The organisation (zgid); needed where there are several
    #[arg(long, env = "BULKWRIGHT_ORG", value_name = "ZGID")]
    pub(crate) org: Option<String>,
    /// Make a new secret
    #[arg(long, env = "BULKWRIGHT_ROTATE", value_parser = BoolishValueParser::new())]
    pub(crate) rotate: bool,
    #[command(flatten)]
    pub(crate) data: DataArgs,
}
