//! The command line of what modules there are.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `modules …`
#[derive(Debug, Subcommand)]
pub(crate) enum ModulesCommand {
    /// Check a file of modules of your own, and say what it adds and changes
    Check(ModulesCheckArgs),
    /// List the modules, the built-in ones and those of a file
    List(ModulesListArgs),
    /// Show the fields and layouts of a module
    Show(ModulesShowArgs),
}

/// `modules check`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright modules check modules.toml
  bulkwright modules check modules.toml && bulkwright serve --modules modules.toml")]
pub(crate) struct ModulesCheckArgs {
    /// The file; docs/modules.md says how it is written
    pub(crate) file: PathBuf,
}

/// `modules list`
#[derive(Clone, Debug, Args)]
pub(crate) struct ModulesListArgs {
    #[command(flatten)]
    pub(crate) of: OfFile,
}

/// `modules show`
#[derive(Clone, Debug, Args)]
#[command(before_help = "\
Examples:
  bulkwright modules show Deals
  bulkwright modules show Ships --modules modules.toml
  bulkwright modules show Leads --json | jq '.fields[] | select(.unique)'")]
pub(crate) struct ModulesShowArgs {
    /// The module's API name, such as Deals
    #[arg(value_name = "MODULE")]
    pub(crate) module: String,
    #[command(flatten)]
    pub(crate) of: OfFile,
}

/// The file whose modules are meant beside the built-in ones.
#[derive(Clone, Debug, Args)]
pub(crate) struct OfFile {
    /// A file of modules of your own
    #[arg(long, env = "BULKWRIGHT_MODULES", value_name = "FILE")]
    pub(crate) modules: Option<PathBuf>,
}
