//! The default file, and what it becomes with the values that hold.

use std::fmt::Write;

use super::table::{SETTINGS, Setting};
use super::{Resolved, Settings};

/// The commented default file.
pub(super) const DEFAULT_FILE: &str = include_str!("default.toml");

/// The default file with the values that hold, and where each is from that is not the default.
pub(super) fn print(resolved: &Resolved) -> String {
    let settings = &resolved.settings;
    let mut base = Settings::defaults();
    base.set_preset(settings.preset);
    let mut printed = String::with_capacity(DEFAULT_FILE.len());
    for line in lines() {
        match line {
            Line::Other(text) => printed.push_str(text),
            Line::Setting { place, asleep } => {
                let Setting { key, show, .. } = &SETTINGS[place];
                let (value, usual) = (show(settings), show(&base));
                let mark = if asleep && value == usual { "# " } else { "" };
                write!(printed, "{mark}{key} = {value}").expect("a text takes every character");
                let is_usual = value == usual && value == show(&Settings::defaults());
                if let Some(origin) = resolved.origins.get(&place).filter(|_| !is_usual && mark.is_empty()) {
                    write!(printed, " # from {origin}").expect("a text takes every character");
                }
            }
        }
        printed.push('\n');
    }
    printed
}

/// What the default file says of a setting in the first line over it.
pub(super) fn help_of(setting: &Setting) -> String {
    let mut comment: Option<&str> = None;
    for line in lines() {
        match line {
            Line::Setting { place, .. } if std::ptr::eq(&SETTINGS[place], setting) => break,
            Line::Other(text) if text.starts_with("# ") => comment = comment.or(text.strip_prefix("# ")),
            Line::Setting { .. } | Line::Other(_) => comment = None,
        }
    }
    comment.unwrap_or_default().to_owned()
}

/// A line of the default file.
pub(super) enum Line {
    /// A setting, by its place in the table.
    Setting {
        place: usize,
        /// It stands in a comment: something else decides it unless it is given.
        asleep: bool,
    },
    Other(&'static str),
}

pub(super) fn lines() -> impl Iterator<Item = Line> {
    let mut table = "";
    DEFAULT_FILE.lines().map(move |text| {
        if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            table = name;
            return Line::Other(text);
        }
        let awake = text.strip_prefix("# ").unwrap_or(text);
        let key = awake.split_once(" = ").map_or("", |(key, _)| key);
        let place = SETTINGS.iter().position(|setting| setting.table == table && setting.key == key);
        place.map_or(Line::Other(text), |place| Line::Setting { place, asleep: awake != text })
    })
}
