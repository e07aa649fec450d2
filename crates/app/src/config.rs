//! The server's configuration, read in one place: flag over environment over file over default.
//!
//! [`table`] is the list of settings: where each is kept, what it is read as, and its flag if it has one. The commented
//! `default.toml` is their documentation; it is compiled in, is what `--print-config` prints with the values that hold,
//! and its comments are the help of the flags. A new setting is a row of the table and a paragraph of that file; tests
//! hold the two together.

mod file;
mod flags;
mod kind;
mod printed;
mod table;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bulkwright_client::Exit;
use bulkwright_engine::limits::Limits;
use bulkwright_server::Config;

use crate::exit::Failure;
use crate::logging::LogFormat;
use file::Place;
use kind::{Given, Problem};
use table::SETTINGS;

pub(crate) use flags::{DevFlags, Flags, ServeFlags};

/// The configuration file of a directory that a server is started in.
const FILE_NAME: &str = "bulkwright.toml";

/// All that a server is told, and how its process talks.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) server: Config,
    pub(crate) data: PathBuf,
    pub(crate) log_format: LogFormat,
    pub(crate) log_level: &'static str,
    preset: Preset,
}

/// Which limits hold where none is given singly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Preset {
    Vendor,
    None,
}

/// Settings, and where those are from that are no defaults.
#[derive(Debug)]
pub(crate) struct Resolved {
    pub(crate) settings: Settings,
    /// By place in the table.
    origins: HashMap<usize, Origin>,
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Flag(&'static str),
    Variable(String),
    File(Place),
}

/// A value for the setting at that place of the table.
#[derive(Debug)]
struct Statement {
    setting: usize,
    given: Given,
    origin: Origin,
}

impl Settings {
    fn defaults() -> Self {
        let data = PathBuf::from("./bulkwright-data");
        Settings {
            server: Config::serve(data.clone()),
            data,
            log_format: LogFormat::Text,
            log_level: "info",
            preset: Preset::Vendor,
        }
    }

    /// Sets the limits that presets differ in; the others stay as they are.
    fn set_preset(&mut self, preset: Preset) {
        let from = match preset {
            Preset::Vendor => Limits::default(),
            Preset::None => Limits::lifted(),
        };
        let Limits { rows_max, zip_bytes_max, csv_bytes_max, ratio_max, time_max, .. } = from;
        let present = self.server.limits.clone();
        self.server.limits = Limits { rows_max, zip_bytes_max, csv_bytes_max, ratio_max, time_max, ..present };
        self.preset = preset;
    }
}

impl Resolved {
    /// Reads everything: the file named by `--config` or the one of this directory, the environment, the flags.
    pub(crate) fn read<C>(config: Option<&Path>, flags: &Flags<C>) -> Result<Self, Failure> {
        let file = match config {
            Some(path) => Some((path, text_of(path)?)),
            None => optional_text_of(Path::new(FILE_NAME))?.map(|text| (Path::new(FILE_NAME), text)),
        };
        let variable = |name: &str| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        resolve(file.as_ref().map(|(path, text)| (*path, text.as_str())), &variable, flags.statements())
    }

    /// The commented default file with the values that hold.
    pub(crate) fn print(&self) -> String {
        printed::print(self)
    }
}

/// Puts the sources over each other.
fn resolve(
    file: Option<(&Path, &str)>,
    variable: &dyn Fn(&str) -> Option<String>,
    flags: Vec<Statement>,
) -> Result<Resolved, Failure> {
    let mut resolved = Resolved { settings: Settings::defaults(), origins: HashMap::new() };
    let in_file = file.map(|(path, text)| file::statements(path, text)).transpose()?;
    for mut layer in [in_file.unwrap_or_default(), in_environment(variable), flags] {
        // In the table's order, whatever theirs: the preset comes before the limits that it sets.
        layer.sort_by_key(|statement| statement.setting);
        for statement in layer {
            resolved.apply(statement)?;
        }
    }
    Ok(resolved)
}

fn in_environment(variable: &dyn Fn(&str) -> Option<String>) -> Vec<Statement> {
    let stated = |(setting, row): (usize, &table::Setting)| {
        let text = variable(&row.variable)?;
        Some(Statement { setting, given: Given::of_text(&text), origin: Origin::Variable(row.variable.clone()) })
    };
    SETTINGS.iter().enumerate().filter_map(stated).collect()
}

impl Resolved {
    fn apply(&mut self, statement: Statement) -> Result<(), Failure> {
        let Statement { setting, given, origin } = statement;
        let row = &SETTINGS[setting];
        match (row.read)(&mut self.settings, &given) {
            Ok(()) => {
                self.origins.insert(setting, origin);
                Ok(())
            }
            Err(Problem { what, hint }) => {
                let place = match &origin {
                    Origin::File(place) => format!("`{}` in [{}] of {place}", row.key, row.table),
                    Origin::Flag(name) => format!("--{name}"),
                    Origin::Variable(name) => name.clone(),
                };
                Err(Failure::new(Exit::Usage, format!("{place}: {what}"), hint))
            }
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag(name) => write!(f, "flag --{name}"),
            Origin::Variable(name) => write!(f, "variable {name}"),
            Origin::File(place) => write!(f, "file {place}"),
        }
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    fs_err::read_to_string(path).map_err(|error| unreadable(&error))
}

fn optional_text_of(path: &Path) -> Result<Option<String>, Failure> {
    match fs_err::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(&error)),
    }
}

fn unreadable(error: &io::Error) -> Failure {
    Failure::new(Exit::Usage, format!("the configuration cannot be read: {error}"), "check --config and the file")
}
