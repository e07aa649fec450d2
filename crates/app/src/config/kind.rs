//! What settings are read as and written as. Whatever a value is from, it is read by the same rules.

use bulkwright_engine::nearest::nearest;
use std::fmt::Display;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::file::quoted;
use crate::settings::{base_url, duration};
use crate::ui::grouped;

/// A value before it is read: one text or several. Numbers are texts too, so that all sources are alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    One(String),
    Many(Vec<String>),
}

/// Why a value cannot be taken, and how to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) what: String,
    pub(super) hint: String,
}

impl Given {
    /// The value of a variable.
    pub(super) fn of_text(text: &str) -> Self {
        Given::One(text.to_owned())
    }

    fn one(&self) -> Result<&str, Problem> {
        match self {
            Given::One(text) => Ok(text.trim()),
            Given::Many(_) => Err(Problem::new("a list is not taken here", "give one value")),
        }
    }

    /// The items of a list. A single text holds them with commas between.
    fn many(&self) -> Vec<&str> {
        match self {
            Given::One(text) => text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
            Given::Many(items) => items.iter().flat_map(|item| item.split(',')).map(str::trim).collect(),
        }
    }
}

impl Problem {
    pub(super) fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Problem { what: what.into(), hint: hint.into() }
    }

    fn of(text: &str, what: impl Display, hint: impl Into<String>) -> Self {
        Problem::new(format!("`{text}` is no {what}"), hint)
    }
}

/// How values of one kind are read and written.
pub(super) trait Kind<T> {
    fn read(&self, given: &Given) -> Result<T, Problem>;
    /// The value as it is written in the file.
    fn show(&self, value: &T) -> String;
}

/// A number of things, in bounds.
pub(super) struct Count(pub(super) RangeInclusive<u64>);
/// A number of bytes, in bounds.
pub(super) struct Size(pub(super) RangeInclusive<u64>);
/// A time, in bounds of milliseconds.
pub(super) struct Time(pub(super) RangeInclusive<u64>);
/// The same, or `none` for no bound at all.
pub(super) struct OrNone<K>(pub(super) K);
/// An address to listen on.
pub(super) struct Address;
/// The base of links; an empty text is none.
pub(super) struct BaseUrl;
/// A path that must be there.
pub(super) struct Directory;
/// A path; an empty text is none.
pub(super) struct OptionalFile;
/// One of a few words.
pub(super) struct Choice<T: 'static>(pub(super) &'static [(&'static str, T)]);
/// Networks as address and length of prefix.
pub(super) struct Networks;
/// Yes or no.
pub(super) struct Switch;
/// Times, as many as are allowed.
pub(super) struct Times {
    pub(super) each: Time,
    pub(super) count: RangeInclusive<u64>,
}

/// Bytes of each unit, the largest first among those of one family.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];
/// Milliseconds of each unit.
const TIME_UNITS: [(&str, u64); 5] = [("d", 24 * 3_600_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
/// What lifts a bound.
const NO_BOUND: &str = "none";

/// Numbers of the width that a setting happens to have.
pub(super) trait Number: Copy + TryFrom<u64> + TryInto<u64> {}

impl Number for u64 {}
impl Number for usize {}

impl<T: Number> Kind<T> for Count {
    fn read(&self, given: &Given) -> Result<T, Problem> {
        let text = given.one()?;
        let (least, most) = (*self.0.start(), *self.0.end());
        let hint = || format!("write one from {} to {}", grouped(least), grouped(most));
        let number: Option<u64> = text.replace('_', "").parse().ok();
        let number = number.filter(|number| self.0.contains(number)).and_then(|number| T::try_from(number).ok());
        number.ok_or_else(|| Problem::of(text, "whole number that is allowed here", hint()))
    }

    fn show(&self, value: &T) -> String {
        as_u64(*value).to_string()
    }
}

impl<T: Number> Kind<T> for Size {
    fn read(&self, given: &Given) -> Result<T, Problem> {
        let text = given.one()?;
        let bytes = size(text).ok_or_else(|| Problem::of(text, "size", "write it like 512B, 16KiB or 25MB"))?;
        let (least, most) = (plain_size(*self.0.start()), plain_size(*self.0.end()));
        let inside = self.0.contains(&bytes).then_some(bytes).and_then(|bytes| T::try_from(bytes).ok());
        inside.ok_or_else(|| Problem::of(text, "size that is allowed here", format!("give {least} to {most}")))
    }

    fn show(&self, value: &T) -> String {
        quoted(&plain_size(as_u64(*value)))
    }
}

impl Kind<Duration> for Time {
    fn read(&self, given: &Given) -> Result<Duration, Problem> {
        self.read_text(given.one()?)
    }

    fn show(&self, value: &Duration) -> String {
        quoted(&plain_time(*value))
    }
}

impl Time {
    fn read_text(&self, text: &str) -> Result<Duration, Problem> {
        let hint = "write it like 500ms, 30s, 10m, 2h or 7d";
        let time = duration(text).map_err(|_| Problem::of(text, "time", hint))?;
        let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        if self.0.contains(&milliseconds) {
            return Ok(time);
        }
        let [least, most] = [self.0.start(), self.0.end()].map(|&bound| plain_time(Duration::from_millis(bound)));
        Err(Problem::of(text, "time that is allowed here", format!("give {least} to {most}")))
    }
}

/// The value of a bound that is lifted.
pub(super) trait Lifted: PartialEq {
    const LIFTED: Self;
}

impl Lifted for u64 {
    const LIFTED: Self = u64::MAX;
}

impl Lifted for Duration {
    const LIFTED: Self = Duration::MAX;
}

impl<T: Lifted, K: Kind<T>> Kind<T> for OrNone<K> {
    fn read(&self, given: &Given) -> Result<T, Problem> {
        if given.one()? == NO_BOUND {
            return Ok(T::LIFTED);
        }
        let or_none = |problem: Problem| Problem { hint: format!("{}, or none", problem.hint), ..problem };
        self.0.read(given).map_err(or_none)
    }

    fn show(&self, value: &T) -> String {
        if *value == T::LIFTED { quoted(NO_BOUND) } else { self.0.show(value) }
    }
}

impl Kind<SocketAddr> for Address {
    fn read(&self, given: &Given) -> Result<SocketAddr, Problem> {
        let text = given.one()?;
        text.parse().map_err(|_| Problem::of(text, "address with a port", "write it like 127.0.0.1:8080"))
    }

    fn show(&self, value: &SocketAddr) -> String {
        quoted(&value.to_string())
    }
}

impl Kind<Option<Url>> for BaseUrl {
    fn read(&self, given: &Given) -> Result<Option<Url>, Problem> {
        let text = given.one()?;
        // What was given is not repeated: it may hold a password, which is one reason to refuse it.
        let problem = |_| {
            let what = "this is no base of links";
            Problem::new(what, "write it like https://crm.example.com, without a name, a password, ? and #")
        };
        if text.is_empty() { Ok(None) } else { base_url(text).map(Some).map_err(problem) }
    }

    fn show(&self, value: &Option<Url>) -> String {
        quoted(value.as_ref().map_or("", Url::as_str))
    }
}

impl Kind<PathBuf> for Directory {
    fn read(&self, given: &Given) -> Result<PathBuf, Problem> {
        match given.one()? {
            "" => Err(Problem::new("the path is empty", "name a directory")),
            text => Ok(PathBuf::from(text)),
        }
    }

    fn show(&self, value: &PathBuf) -> String {
        quoted(&value.to_string_lossy())
    }
}

impl Kind<Option<PathBuf>> for OptionalFile {
    fn read(&self, given: &Given) -> Result<Option<PathBuf>, Problem> {
        let text = given.one()?;
        Ok((!text.is_empty()).then(|| PathBuf::from(text)))
    }

    fn show(&self, value: &Option<PathBuf>) -> String {
        quoted(&value.as_ref().map(|path| path.to_string_lossy()).unwrap_or_default())
    }
}

impl<T: Copy + PartialEq> Kind<T> for Choice<T> {
    fn read(&self, given: &Given) -> Result<T, Problem> {
        let text = given.one()?;
        let found = self.0.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let words: Vec<&str> = self.0.iter().map(|(word, _)| *word).collect();
            let hint = match nearest(text, words.iter().copied()) {
                Some(word) => format!("did you mean `{word}`?"),
                None => format!("choose {}", alternatives(&words)),
            };
            Problem::new(format!("`{text}` is none of {}", words.join(", ")), hint)
        })
    }

    fn show(&self, value: &T) -> String {
        let found = self.0.iter().find(|(_, known)| known == value);
        quoted(found.map_or("", |(word, _)| word))
    }
}

impl Kind<bool> for Switch {
    fn read(&self, given: &Given) -> Result<bool, Problem> {
        match given.one()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            text => Err(Problem::of(text, "answer to yes or no", "write true or false")),
        }
    }

    fn show(&self, value: &bool) -> String {
        value.to_string()
    }
}

impl Kind<Vec<IpNet>> for Networks {
    fn read(&self, given: &Given) -> Result<Vec<IpNet>, Problem> {
        let network = |text: &str| {
            let problem = |_| Problem::of(text, "network", "write it like 10.1.0.0/16 or fd00::/8");
            text.parse().map_err(problem)
        };
        given.many().into_iter().map(network).collect()
    }

    fn show(&self, value: &Vec<IpNet>) -> String {
        list(value.iter().map(IpNet::to_string))
    }
}

impl Kind<Vec<Duration>> for Times {
    fn read(&self, given: &Given) -> Result<Vec<Duration>, Problem> {
        let texts = given.many();
        if !self.count.contains(&(texts.len() as u64)) {
            let hint = format!("give {} to {} of them", self.count.start(), self.count.end());
            return Err(Problem::new(format!("these are {} times", texts.len()), hint));
        }
        texts.into_iter().map(|text| self.each.read_text(text)).collect()
    }

    fn show(&self, value: &Vec<Duration>) -> String {
        list(value.iter().map(|time| plain_time(*time)))
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.map(|item| quoted(&item)).collect();
    format!("[{}]", items.join(", "))
}

fn alternatives(words: &[&str]) -> String {
    match words {
        [most @ .., last] if !most.is_empty() => format!("{} or {last}", most.join(", ")),
        _ => words.concat(),
    }
}

fn as_u64<T: Number>(number: T) -> u64 {
    number.try_into().unwrap_or(u64::MAX)
}

/// Reads `25MB`: a whole number and a unit, in any case.
fn size(text: &str) -> Option<u64> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, bytes) = SIZE_UNITS.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

fn plain_size(bytes: u64) -> String {
    if bytes == 0 { "0B".to_owned() } else { in_largest_unit(bytes, &SIZE_UNITS) }
}

fn plain_time(time: Duration) -> String {
    let milliseconds = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match milliseconds {
        0 => "0s".to_owned(),
        // A single day reads better beside other hours.
        _ if milliseconds == TIME_UNITS[0].1 => in_largest_unit(milliseconds, &TIME_UNITS[1..]),
        _ => in_largest_unit(milliseconds, &TIME_UNITS),
    }
}

/// Without a remainder, in as few digits as there can be.
fn in_largest_unit(number: u64, units: &[(&str, u64)]) -> String {
    let (unit, each) = units.iter().find(|(_, each)| number.is_multiple_of(*each)).expect("the last unit is 1");
    format!("{}{unit}", number / each)
}
