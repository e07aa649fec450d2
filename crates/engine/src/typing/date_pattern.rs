//! Dates and times by a pattern: the letters of Java's `SimpleDateFormat`, as the documentation of `format` names them.
//!
//! | letter | reads |
//! |---|---|
//! | `yyyy`, `y` | a year of four digits |
//! | `yy` | two digits: 00 to 68 are 2000 to 2068, 69 to 99 are 1969 to 1999 |
//! | `M`, `MM` | the month as one or two digits |
//! | `MMM`, `MMMM` | its English name or the first three letters of it, in any case |
//! | `d`, `dd` | the day of the month, one or two digits |
//! | `E` to `EEEE` | the English name of the weekday; it has to be that day's |
//! | `H`, `k` | the hour, 0 to 23 and 1 to 24 |
//! | `h`, `K` | the hour of half a day, 1 to 12 and 0 to 11; needs `a` |
//! | `a` | AM or PM, in any case |
//! | `m`, `s`, `S` | minute, second, fraction of a second |
//! | `z`, `Z`, `X` | an offset (`Z`, `+05`, `+0530`, `+05:30`), `UTC` or `GMT`, a known abbreviation, or a zone's name (`Asia/Kolkata`) |
//!
//! Text in single quotes and all else that is no letter stands for itself, `''` for a quote, a blank for one or more of
//! them. Parts of numbers that stand side by side have as many digits as letters. Other letters are refused, so that a
//! pattern never means something else than it seems to.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::moment;
use crate::verdict::Reason;

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternFault {
    /// Which character of the pattern, from 1; `None` if something is missing.
    pub at: Option<usize>,
    /// What is wrong, for a person.
    pub what: String,
}

/// Characters that a pattern may have; the contract names no bound.
pub(super) const PATTERN_LENGTH_MAX: usize = 100;
/// Two digits up to this are a year of this century.
const THIS_CENTURY_MAX: u32 = 68;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Letters of the shortest name of a month or weekday.
const SHORT_NAME: usize = 3;

/// Abbreviations that mean one thing to everybody who is likely to write them, with their hours and minutes from UTC.
/// `IST` is India's, as in Java.
const ABBREVIATIONS: [(&str, i32, i32); 20] = [
    ("UTC", 0, 0),
    ("GMT", 0, 0),
    ("UT", 0, 0),
    ("WET", 0, 0),
    ("WEST", 1, 0),
    ("CET", 1, 0),
    ("CEST", 2, 0),
    ("EET", 2, 0),
    ("EEST", 3, 0),
    ("MSK", 3, 0),
    ("IST", 5, 30),
    ("SGT", 8, 0),
    ("JST", 9, 0),
    ("KST", 9, 0),
    ("AEST", 10, 0),
    ("AEDT", 11, 0),
    ("NZST", 12, 0),
    ("NZDT", 13, 0),
    ("HST", -10, 0),
    ("AKST", -9, 0),
];
/// Those of the four zones of North America, by the letter that they begin with.
const AMERICAN: [(&str, i32); 4] = [("E", -5), ("C", -6), ("M", -7), ("P", -8)];

/// A pattern, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatePattern {
    items: Vec<Item>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    /// A number of so many digits.
    Number(Part, Width),
    MonthName,
    WeekdayName,
    HalfDay,
    Zone,
    /// One or more blanks.
    Blank,
    /// Text that stands there, without case.
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Part {
    Year,
    YearOfCentury,
    Month,
    Day,
    /// 0 to 23.
    Hour,
    /// 1 to 24.
    HourFromOne,
    /// 1 to 12.
    HalfHour,
    /// 0 to 11.
    HalfHourFromZero,
    Minute,
    Second,
    Fraction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Exactly(usize),
    UpTo(usize),
}

/// What a cell says.
#[derive(Clone, Debug, Default)]
struct Found {
    year: u32,
    month: u32,
    day: u32,
    weekday: Option<usize>,
    hour: Option<u32>,
    half_hour: Option<u32>,
    is_afternoon: bool,
    minute: u32,
    second: u32,
    zone: Option<TimeZone>,
}

impl DatePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(pattern: &str) -> Result<Self, PatternFault> {
        let mut items = items(pattern)?;
        check_parts(&items)?;
        fix_widths(&mut items);
        Ok(DatePattern { items })
    }

    /// The day that a cell says, as `2026-01-31`.
    pub(super) fn date<'s>(&self, cell: &str, scratch: &'s mut String) -> Result<&'s str, Reason> {
        let (local, _) = self.read(cell)?;
        scratch.clear();
        moment::push_date(local.date(), scratch);
        Ok(scratch)
    }

    /// The moment that a cell says, as `2026-01-31T10:00:00Z`; midnight without a time, in `zone` without a zone.
    pub(super) fn date_time<'s>(
        &self,
        cell: &str,
        zone: &TimeZone,
        scratch: &'s mut String,
    ) -> Result<&'s str, Reason> {
        let (local, own) = self.read(cell)?;
        let moment = own.as_ref().unwrap_or(zone).to_timestamp(local).map_err(|_| Reason::NoSuchDay)?;
        moment::push_moment(moment, scratch);
        Ok(scratch)
    }

    fn read(&self, cell: &str) -> Result<(civil::DateTime, Option<TimeZone>), Reason> {
        let mut found = Found::default();
        let mut rest = cell;
        for item in &self.items {
            rest = take(item, rest, &mut found).ok_or(Reason::NotInFormat)?;
        }
        if !rest.is_empty() {
            return Err(Reason::NotInFormat);
        }
        Ok((found.moment().ok_or(Reason::NoSuchDay)?, found.zone))
    }
}

impl Found {
    fn moment(&self) -> Option<civil::DateTime> {
        let part = |number: u32| i8::try_from(number).ok();
        let date = civil::Date::new(i16::try_from(self.year).ok()?, part(self.month)?, part(self.day)?).ok()?;
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
        if self.weekday.is_some_and(|said| said != day) {
            return None;
        }
        let hour = match (self.hour, self.half_hour) {
            (_, Some(hour)) => hour + if self.is_afternoon { 12 } else { 0 },
            (hour, None) => hour.unwrap_or(0),
        };
        let time = civil::Time::new(part(hour)?, part(self.minute)?, part(self.second)?, 0).ok()?;
        Some(date.to_datetime(time))
    }

    fn put(&mut self, part: Part, number: u32) -> Option<()> {
        let within = |range: std::ops::RangeInclusive<u32>| range.contains(&number).then_some(number);
        match part {
            Part::Year => self.year = number,
            Part::YearOfCentury => self.year = number + if number <= THIS_CENTURY_MAX { 2000 } else { 1900 },
            Part::Month => self.month = number,
            Part::Day => self.day = number,
            Part::Hour => self.hour = Some(number),
            Part::HourFromOne => self.hour = Some(within(1..=24)? % 24),
            Part::HalfHour => self.half_hour = Some(within(1..=12)? % 12),
            Part::HalfHourFromZero => self.half_hour = Some(within(0..=11)?),
            Part::Minute => self.minute = number,
            Part::Second => self.second = number,
            // Moments are stored to the second.
            Part::Fraction => {}
        }
        Some(())
    }
}

fn items(pattern: &str) -> Result<Vec<Item>, PatternFault> {
    let chars: Vec<char> = pattern.chars().collect();
    if chars.len() > PATTERN_LENGTH_MAX {
        let what = format!("it has {} characters, and {PATTERN_LENGTH_MAX} are allowed", chars.len());
        return Err(PatternFault { at: None, what });
    }
    let mut items = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let run = chars[at..].iter().take_while(|&&other| other == c).count();
        match c {
            '\'' => at = push_quoted(&chars, at, &mut items)?,
            _ if c.is_ascii_alphabetic() => {
                items.push(letter(c, run).map_err(|what| PatternFault { at: Some(at + 1), what })?);
                at += run;
            }
            _ if c.is_whitespace() => {
                if items.last() != Some(&Item::Blank) {
                    items.push(Item::Blank);
                }
                at += run;
            }
            _ => {
                push_text(c, &mut items);
                at += 1;
            }
        }
    }
    Ok(items)
}

/// Text in quotes, and a doubled quote for a quote, there or outside. Answers where it ends.
fn push_quoted(chars: &[char], open: usize, items: &mut Vec<Item>) -> Result<usize, PatternFault> {
    if chars.get(open + 1) == Some(&'\'') {
        push_text('\'', items);
        return Ok(open + 2);
    }
    let mut at = open + 1;
    loop {
        match (chars.get(at), chars.get(at + 1)) {
            (Some('\''), Some('\'')) => {
                push_text('\'', items);
                at += 2;
            }
            (Some('\''), _) => return Ok(at + 1),
            (Some(&c), _) => {
                push_text(c, items);
                at += 1;
            }
            (None, _) => {
                let what = "the quote is never closed".to_owned();
                return Err(PatternFault { at: Some(open + 1), what });
            }
        }
    }
}

fn push_text(c: char, items: &mut Vec<Item>) {
    match items.last_mut() {
        Some(Item::Text(text)) => text.push(c),
        _ => items.push(Item::Text(c.to_string())),
    }
}

/// What a run of one letter reads, or why it reads nothing.
fn letter(letter: char, run: usize) -> Result<Item, String> {
    let number = |part, most: usize| {
        let is_fit = run <= most;
        let too_many = || format!("`{}` has more letters than digits can stand there", letter.to_string().repeat(run));
        is_fit.then_some(Item::Number(part, Width::UpTo(most))).ok_or_else(too_many)
    };
    match letter {
        'y' if run == 2 => Ok(Item::Number(Part::YearOfCentury, Width::Exactly(2))),
        'y' if run == 1 || run == 4 => Ok(Item::Number(Part::Year, Width::Exactly(4))),
        'y' => Err("a year is `yyyy` or `yy`".to_owned()),
        'M' if run >= SHORT_NAME => Ok(Item::MonthName),
        'M' => number(Part::Month, 2),
        'd' => number(Part::Day, 2),
        'E' => Ok(Item::WeekdayName),
        'H' => number(Part::Hour, 2),
        'k' => number(Part::HourFromOne, 2),
        'h' => number(Part::HalfHour, 2),
        'K' => number(Part::HalfHourFromZero, 2),
        'm' => number(Part::Minute, 2),
        's' => number(Part::Second, 2),
        'S' => number(Part::Fraction, 9),
        'a' => Ok(Item::HalfDay),
        'z' | 'Z' | 'X' => Ok(Item::Zone),
        'Y' => Err("`Y` is the year of a week; the year is `yyyy`".to_owned()),
        'D' => Err("`D` is the day of the year; the day of the month is `dd`".to_owned()),
        other => Err(format!("`{other}` is not read; use y M d E H k h K m s S a z Z X, and quote text")),
    }
}

fn check_parts(items: &[Item]) -> Result<(), PatternFault> {
    let fault = |what: &str| Err(PatternFault { at: None, what: what.to_owned() });
    let count = |parts: &[Part]| {
        items.iter().filter(|item| matches!(item, Item::Number(part, _) if parts.contains(part))).count()
    };
    let names = |wanted: &Item| items.iter().filter(|item| *item == wanted).count();
    let months = count(&[Part::Month]) + names(&Item::MonthName);
    let minutes = count(&[Part::Minute]);
    let halves = count(&[Part::HalfHour, Part::HalfHourFromZero]);
    let hours = count(&[Part::Hour, Part::HourFromOne]);
    match (count(&[Part::Year, Part::YearOfCentury]), months, count(&[Part::Day])) {
        (1, 1, 1) => {}
        (_, 0, _) if minutes > 0 => return fault("it has no month: `M` is the month, `m` the minute"),
        (0, ..) => return fault("it has no year"),
        (_, 0, _) => return fault("it has no month"),
        (_, _, 0) => return fault("it has no day of the month"),
        _ => return fault("it has a part of the day twice"),
    }
    if hours + halves > 1 || minutes > 1 || count(&[Part::Second]) > 1 || names(&Item::HalfDay) > 1 {
        return fault("it has a part of the time twice");
    }
    if names(&Item::Zone) > 1 {
        return fault("it has two time zones");
    }
    if halves != names(&Item::HalfDay) {
        return fault("`h` and `K` need `a`, and `a` needs one of them");
    }
    let seconds = count(&[Part::Second]);
    if (minutes > 0 && hours + halves == 0) || (seconds > 0 && minutes == 0) || (count(&[Part::Fraction]) > seconds) {
        return fault("it has a part of the time without the larger ones");
    }
    Ok(())
}

/// Numbers side by side have as many digits as letters; what letters read two digits at most reads two there.
fn fix_widths(items: &mut [Item]) {
    let is_number = |item: &Item| matches!(item, Item::Number(..));
    for place in 1..items.len() {
        if is_number(&items[place - 1]) && is_number(&items[place]) {
            for item in &mut items[place - 1..=place] {
                if let Item::Number(_, width @ Width::UpTo(_)) = item {
                    *width = Width::Exactly(width.most());
                }
            }
        }
    }
}

impl Width {
    fn most(self) -> usize {
        match self {
            Width::Exactly(digits) | Width::UpTo(digits) => digits,
        }
    }
}

/// What follows the item in the text, if it stands there.
fn take<'t>(item: &Item, text: &'t str, found: &mut Found) -> Option<&'t str> {
    match item {
        Item::Number(part, width) => {
            let digits = text.bytes().take(width.most()).take_while(u8::is_ascii_digit).count();
            let is_fit = match width {
                Width::Exactly(exactly) => digits == *exactly,
                Width::UpTo(_) => digits > 0,
            };
            let number = text[..digits].bytes().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
            is_fit.then(|| found.put(*part, number))??;
            Some(&text[digits..])
        }
        Item::MonthName => {
            let (place, rest) = take_name(&MONTHS, text)?;
            found.month = u32::try_from(place + 1).ok()?;
            Some(rest)
        }
        Item::WeekdayName => {
            let (place, rest) = take_name(&WEEKDAYS, text)?;
            found.weekday = Some(place);
            Some(rest)
        }
        Item::HalfDay => {
            let (half, rest) = text.split_at_checked(2)?;
            found.is_afternoon = half.eq_ignore_ascii_case("pm");
            (found.is_afternoon || half.eq_ignore_ascii_case("am")).then_some(rest)
        }
        Item::Zone => {
            let (zone, rest) = take_zone(text)?;
            found.zone = Some(zone);
            Some(rest)
        }
        Item::Blank => {
            let rest = text.trim_start();
            (rest.len() < text.len()).then_some(rest)
        }
        Item::Text(wanted) => {
            let rest = text.get(wanted.len()..)?;
            text[..wanted.len()].eq_ignore_ascii_case(wanted).then_some(rest)
        }
    }
}

/// A name in full, or the first letters of it: three, or four of `September`.
fn take_name<'t>(names: &[&str], text: &'t str) -> Option<(usize, &'t str)> {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(letters);
    let word = word.to_ascii_lowercase();
    let is_meant =
        |name: &&str| *name == word || name[..SHORT_NAME] == word || (word == "sept" && *name == "september");
    Some((names.iter().position(is_meant)?, rest))
}

fn take_zone(text: &str) -> Option<(TimeZone, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | ':' | '/' | '_');
    let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    Some((zone(name)?, rest))
}

fn zone(name: &str) -> Option<TimeZone> {
    if let Some(offset) = moment::offset(name) {
        return Some(TimeZone::fixed(offset));
    }
    // `GMT+05:30`
    let after = name.get(..3).filter(|start| ["GMT", "UTC"].iter().any(|it| it.eq_ignore_ascii_case(start)));
    if let Some(offset) = after.and_then(|_| moment::offset(&name[3..])) {
        return Some(TimeZone::fixed(offset));
    }
    let fixed =
        |hours: i32, minutes: i32| Some(TimeZone::fixed(Offset::from_seconds(hours * 3600 + minutes * 60).ok()?));
    let known = ABBREVIATIONS.iter().find(|(short, ..)| short.eq_ignore_ascii_case(name));
    if let Some(&(_, hours, minutes)) = known {
        return fixed(hours, minutes);
    }
    for (letter, hours) in AMERICAN {
        for (rest, summer) in [("ST", 0), ("DT", 1)] {
            if name.len() == 3 && name[..1].eq_ignore_ascii_case(letter) && name[1..].eq_ignore_ascii_case(rest) {
                return fixed(hours + summer, 0);
            }
        }
    }
    // Names of zones have a slash, so that no abbreviation is taken for one.
    name.contains('/').then(|| TimeZone::get(name).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(pattern: &str, cell: &str) -> Result<String, Reason> {
        DatePattern::parse(pattern).unwrap().date(cell, &mut String::new()).map(str::to_owned)
    }

    fn moment(pattern: &str, cell: &str) -> Result<String, Reason> {
        let zone = TimeZone::get("America/New_York").unwrap();
        DatePattern::parse(pattern).unwrap().date_time(cell, &zone, &mut String::new()).map(str::to_owned)
    }

    #[test]
    fn patterns_read_days() {
        let check = |pattern: &str, cell: &str, expected: &str| {
            assert_eq!(date(pattern, cell).as_deref(), Ok(expected), "{pattern} {cell}");
        };
        check("yyyy/MM/dd", "2026/01/31", "2026-01-31");
        check("yyyy/MM/dd", "2026/1/3", "2026-01-03");
        check("dd.MM.yyyy", "31.1.2026", "2026-01-31");
        check("d-MMM-yyyy", "3-jan-2026", "2026-01-03");
        check("d MMMM yyyy", "3  September 2026", "2026-09-03");
        check("d MMM yyyy", "3 Sept 2026", "2026-09-03");
        check("MMMM d, yyyy", "FEBRUARY 29, 2024", "2024-02-29");
        check("yyyyMMdd", "20260131", "2026-01-31");
        check("ddMMyy", "310126", "2026-01-31");
        check("M/d/yy", "1/31/68", "2068-01-31");
        check("M/d/yy", "1/31/69", "1969-01-31");
        check("EEE, dd MMM yyyy", "Sat, 31 Jan 2026", "2026-01-31");
        check("'am' d. M. yyyy", "am 3. 1. 2026", "2026-01-03");
        check("yyyy'-''-'MM-dd", "2026-'-01-31", "2026-01-31");
        check("dd/MM/yyyy HH:mm", "31/01/2026 23:59", "2026-01-31");
        check("yyyy年M月d日", "2026年1月31日", "2026-01-31");
    }

    #[test]
    fn cells_that_do_not_fit_say_why() {
        let check =
            |pattern: &str, cell: &str, reason| assert_eq!(date(pattern, cell), Err(reason), "{pattern} {cell}");
        check("dd.MM.yyyy", "31/01/2026", Reason::NotInFormat);
        check("dd.MM.yyyy", "31.01.26", Reason::NotInFormat);
        check("dd.MM.yyyy", "31.01.2026 ", Reason::NotInFormat);
        check("dd.MM.yyyy", "031.01.2026", Reason::NotInFormat);
        check("dd.MM.yyyy", "30.02.2026", Reason::NoSuchDay);
        check("dd.MM.yyyy", "29.02.2025", Reason::NoSuchDay);
        check("dd.MM.yyyy", "01.13.2026", Reason::NoSuchDay);
        check("yyyyMMdd", "2026131", Reason::NotInFormat);
        check("d MMM yyyy", "3 Ja 2026", Reason::NotInFormat);
        check("EEE dd MMM yyyy", "Fri 31 Jan 2026", Reason::NoSuchDay);
        check("yyyy-MM-dd HH:mm", "2026-01-31 24:00", Reason::NoSuchDay);
        check("yyyy-MM-dd", "２０２６-01-31", Reason::NotInFormat);
        check("yyyy年M月d日", "2026ñ1月31日", Reason::NotInFormat);
    }

    #[test]
    fn patterns_read_moments() {
        let check = |pattern: &str, cell: &str, expected: &str| {
            assert_eq!(moment(pattern, cell).as_deref(), Ok(expected), "{pattern} {cell}");
        };
        // Without a zone it is the user's; a day begins at midnight.
        check("dd.MM.yyyy", "31.01.2026", "2026-01-31T05:00:00Z");
        check("dd.MM.yyyy HH:mm:ss", "31.01.2026 10:20:30", "2026-01-31T15:20:30Z");
        check("dd.MM.yyyy HH:mm:ss.SSS", "31.01.2026 10:20:30.999", "2026-01-31T15:20:30Z");
        check("MM/dd/yyyy hh:mm a", "01/31/2026 12:05 am", "2026-01-31T05:05:00Z");
        check("MM/dd/yyyy h:mm a", "01/31/2026 1:05 PM", "2026-01-31T18:05:00Z");
        check("MM/dd/yyyy K:mma", "01/31/2026 0:05PM", "2026-01-31T17:05:00Z");
        check("yyyy-MM-dd kk:mm", "2026-01-31 24:10", "2026-01-31T05:10:00Z");
        check("yyyyMMddHHmmss", "20260131102030", "2026-01-31T15:20:30Z");
        check("yyyy-MM-dd'T'HH:mm:ssX", "2026-01-31T10:20:30+05:30", "2026-01-31T04:50:30Z");
        check("yyyy-MM-dd'T'HH:mm:ssXXX", "2026-01-31t10:20:30Z", "2026-01-31T10:20:30Z");
        check("yyyy-MM-dd HH:mm Z", "2026-01-31 10:20 -0800", "2026-01-31T18:20:00Z");
        check("yyyy-MM-dd HH:mm z", "2026-01-31 10:20 PST", "2026-01-31T18:20:00Z");
        check("yyyy-MM-dd HH:mm z", "2026-07-31 10:20 edt", "2026-07-31T14:20:00Z");
        check("yyyy-MM-dd HH:mm z", "2026-01-31 10:20 IST", "2026-01-31T04:50:00Z");
        check("yyyy-MM-dd HH:mm z", "2026-01-31 10:20 GMT+05:30", "2026-01-31T04:50:00Z");
        check("yyyy-MM-dd HH:mm z", "2026-07-31 10:20 Europe/Berlin", "2026-07-31T08:20:00Z");
        // The hour that spring skips is moved behind the gap, of the one that autumn has twice the first is meant.
        check("yyyy-MM-dd HH:mm", "2026-03-08 02:30", "2026-03-08T07:30:00Z");
        check("yyyy-MM-dd HH:mm", "2026-11-01 01:30", "2026-11-01T05:30:00Z");
        assert_eq!(moment("yyyy-MM-dd HH:mm z", "2026-01-31 10:20 BST"), Err(Reason::NotInFormat));
        assert_eq!(moment("MM/dd/yyyy h:mm a", "01/31/2026 13:05 PM"), Err(Reason::NotInFormat));
    }

    #[test]
    fn faulty_patterns_say_what_is_wrong_and_where() {
        let check = |pattern: &str, at: Option<usize>, what: &str| {
            let fault = DatePattern::parse(pattern).expect_err(pattern);
            assert_eq!((fault.at, fault.what.as_str()), (at, what), "{pattern}");
        };
        check("YYYY-MM-dd", Some(1), "`Y` is the year of a week; the year is `yyyy`");
        check("yyyy-MM-DD", Some(9), "`D` is the day of the year; the day of the month is `dd`");
        check("yyyy-mm-dd", None, "it has no month: `M` is the month, `m` the minute");
        check("yyyy-MM", None, "it has no day of the month");
        check("dd.MM.", None, "it has no year");
        check("HH:mm", None, "it has no month: `M` is the month, `m` the minute");
        check("dd.MM.yyy", Some(7), "a year is `yyyy` or `yy`");
        check("ddd.MM.yyyy", Some(1), "`ddd` has more letters than digits can stand there");
        check("dd.MM.yyyy 'at HH", Some(12), "the quote is never closed");
        check("dd.MM.yyyy at", Some(13), "`t` is not read; use y M d E H k h K m s S a z Z X, and quote text");
        check("dd.MM.yyyy hh:mm", None, "`h` and `K` need `a`, and `a` needs one of them");
        check("dd.MM.yyyy HH:mm a", None, "`h` and `K` need `a`, and `a` needs one of them");
        check("dd.MM.yyyy HH hh a", None, "it has a part of the time twice");
        check("dd.MM.yyyy mm", None, "it has a part of the time without the larger ones");
        check("dd.MM.yyyy dd", None, "it has a part of the day twice");
        check("dd.MM.yyyy HH z Z", None, "it has two time zones");
        check("", None, "it has no year");
        check(&"d".repeat(101), None, "it has 101 characters, and 100 are allowed");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_a_pattern_panic(pattern in "[yMdEHkhKmsSazZX'./ :é]{0,14}", cell in "[0-9a-zA-Zé/:+. -]{0,14}") {
            if let Ok(pattern) = DatePattern::parse(&pattern) {
                let _ = pattern.date_time(&cell, &TimeZone::UTC, &mut String::new());
            }
        }

        #[test]
        fn what_a_pattern_writes_it_reads(year in 1970..2068_i32, month in 1..=12_i32, day in 1..=28_i32) {
            let month_name = MONTHS[usize::try_from(month - 1).unwrap()];
            let expected = format!("{year:04}-{month:02}-{day:02}");
            for (pattern, cell) in [
                ("dd.MM.yyyy", format!("{day:02}.{month:02}.{year}")),
                ("M/d/yy", format!("{month}/{day}/{:02}", year % 100)),
                ("yyyyMMdd", format!("{year}{month:02}{day:02}")),
                ("MMMM d, yyyy", format!("{month_name} {day}, {year}")),
            ] {
                proptest::prop_assert_eq!(date(pattern, &cell), Ok(expected.clone()));
            }
        }
    }
}
