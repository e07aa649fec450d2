//! The flags of settings, made from their table.

use std::marker::PhantomData;

use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches};

use super::kind::Given;
use super::table::{Commands, Flag, Repeats, SETTINGS, Setting};
use super::{Origin, Settings, Statement, printed};

/// What was said on the command line of `C`.
#[derive(Clone, Debug)]
pub(crate) struct Flags<C> {
    /// By place in the table.
    given: Vec<(usize, Given)>,
    command: PhantomData<C>,
}

/// The flags of `serve`.
pub(crate) type ServeFlags = Flags<Serve>;
/// The flags of `dev`: those of `serve` without the data directory, and those of its throw-away certificate.
pub(crate) type DevFlags = Flags<Dev>;

#[derive(Clone, Debug)]
pub(crate) struct Serve;

#[derive(Clone, Debug)]
pub(crate) struct Dev;

/// A command that starts a server.
pub(crate) trait Starts {
    /// Whether it has this flag.
    fn has(commands: Commands) -> bool;
}

impl Starts for Serve {
    fn has(commands: Commands) -> bool {
        commands != Commands::Dev
    }
}

impl Starts for Dev {
    fn has(commands: Commands) -> bool {
        commands != Commands::Serve
    }
}

impl<C> Flags<C> {
    pub(super) fn statements(&self) -> Vec<Statement> {
        let stated = |(setting, given): &(usize, Given)| {
            let name = SETTINGS[*setting].flag.as_ref().map_or("", |flag| flag.name);
            Statement { setting: *setting, given: given.clone(), origin: Origin::Flag(name) }
        };
        self.given.iter().map(stated).collect()
    }
}

impl<C: Starts> clap::Args for Flags<C> {
    fn augment_args(command: Command) -> Command {
        let defaults = Settings::defaults();
        let args = flags_of::<C>().map(|(_, setting, flag)| arg(setting, flag, &defaults));
        command.args(args)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: Starts> FromArgMatches for Flags<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = flags_of::<C>().filter_map(|(place, _, flag)| Some((place, given_by(matches, flag)?)));
        Ok(Flags { given: given.collect(), command: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flags_of<C: Starts>() -> impl Iterator<Item = (usize, &'static Setting, &'static Flag)> {
    let with_flag = |(place, setting): (usize, &'static Setting)| Some((place, setting, setting.flag.as_ref()?));
    SETTINGS.iter().enumerate().filter_map(with_flag).filter(|(_, _, flag)| C::has(flag.commands))
}

/// Values stay texts here: they are read where those of the file and of the environment are.
fn arg(setting: &'static Setting, flag: &'static Flag, defaults: &Settings) -> Arg {
    let action = if flag.repeats == Repeats::Yes { ArgAction::Append } else { ArgAction::Set };
    let default = (setting.show)(defaults).trim_matches('"').to_owned();
    let help = printed::help_of(setting);
    let help =
        if matches!(default.as_str(), "" | "[]" | "false") { help } else { format!("{help} [default: {default}]") };
    let arg = Arg::new(flag.name)
        .long(flag.name)
        .env(setting.variable.as_str())
        .value_name(flag.value_name)
        .action(action)
        .help(help);
    match flag.alone {
        Some(meaning) => arg.num_args(0..=1).require_equals(true).default_missing_value(meaning),
        None => arg,
    }
}

/// What stands on the command line. What clap has found in a variable is left to the reader of the environment, which
/// knows it as such.
fn given_by(matches: &ArgMatches, flag: &Flag) -> Option<Given> {
    if matches.value_source(flag.name) != Some(clap::parser::ValueSource::CommandLine) {
        return None;
    }
    let texts: Vec<String> = matches.get_many::<String>(flag.name)?.cloned().collect();
    match flag.repeats {
        Repeats::Yes => Some(Given::Many(texts)),
        Repeats::No => texts.into_iter().next().map(Given::One),
    }
}
