//! Days and moments (contract 12, rows 12 and 42): ISO 8601, or with slashes and the month first. Nothing is guessed.

use jiff::civil;
use jiff::tz::{Offset, TimeZone};

use super::number::push_number;
use crate::verdict::Reason;

/// A day as `2026-01-31`.
pub(super) fn date<'s>(cell: &str, scratch: &'s mut String) -> Result<&'s str, Reason> {
    let (date, rest) = take_date(cell.as_bytes()).ok_or(Reason::NotADate)?;
    if !rest.is_empty() {
        return Err(Reason::NotADate);
    }
    scratch.clear();
    push_date(date?, scratch);
    Ok(scratch)
}

/// A moment as `2026-01-31T10:00:00Z`. A fraction of a second is dropped; a local time that its zone has twice is the
/// earlier one, one that it skips is moved behind the gap.
pub(super) fn date_time<'s>(cell: &str, zone: &TimeZone, scratch: &'s mut String) -> Result<&'s str, Reason> {
    let (date, time, offset) = parse(cell.as_bytes()).ok_or(Reason::NotAMoment)?;
    let local = date?.to_datetime(time);
    let moment = match offset {
        Some(offset) => offset.to_timestamp(local).map_err(|_| Reason::NotAMoment)?,
        None => zone.to_timestamp(local).map_err(|_| Reason::NotAMoment)?,
    };
    push_moment(moment, scratch);
    Ok(scratch)
}

/// A moment in UTC, in the place of what was in `scratch`.
pub(super) fn push_moment(moment: jiff::Timestamp, scratch: &mut String) {
    let utc = Offset::UTC.to_datetime(moment);
    scratch.clear();
    push_date(utc.date(), scratch);
    for (mark, part) in [('T', utc.hour()), (':', utc.minute()), (':', utc.second())] {
        scratch.push(mark);
        push_number(part.unsigned_abs().into(), 2, scratch);
    }
    scratch.push('Z');
}

/// An offset from UTC: `Z`, `+05:30`, `+0530` or `+05`.
pub(super) fn offset(text: &str) -> Option<Offset> {
    take_offset(text.as_bytes())
}

/// A day of that month, if it has so many.
type Day = Result<civil::Date, Reason>;

fn parse(text: &[u8]) -> Option<(Day, civil::Time, Option<Offset>)> {
    let (date, rest) = take_date(text)?;
    let rest = match rest.split_first()? {
        (b'T' | b't' | b' ', rest) => rest,
        _ => return None,
    };
    let (time, rest) = take_time(rest)?;
    let offset = if rest.is_empty() { None } else { Some(take_offset(rest)?) };
    Some((date, time, offset))
}

fn take_date(text: &[u8]) -> Option<(Day, &[u8])> {
    let (first, rest) = take_digits(text)?;
    match (first.len(), rest.first()?) {
        (4, b'-') => {
            let (month, rest) = take_digits_up_to(&rest[1..], 2)?;
            let (day, rest) = take_digits_up_to(rest.strip_prefix(b"-")?, 2)?;
            Some((day_of(value(first), month, day)?, rest))
        }
        (1 | 2, b'/') => {
            let (day, rest) = take_digits_up_to(&rest[1..], 2)?;
            let (year, rest) = take_digits(rest.strip_prefix(b"/")?)?;
            (year.len() == 4).then_some(())?;
            Some((day_of(value(year), value(first), day)?, rest))
        }
        _ => None,
    }
}

/// Nothing where a month or a day is too large in any month: then the parts are probably in another order.
fn day_of(year: u32, month: u32, day: u32) -> Option<Day> {
    let (year, month, day) = (year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?);
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day);
    is_date.then(|| civil::Date::new(year, month, day).map_err(|_| Reason::NoSuchDay))
}

/// `HH:mm` or `HH:mm:ss`, with or without a fraction.
fn take_time(text: &[u8]) -> Option<(civil::Time, &[u8])> {
    let (hour, rest) = take_digits_up_to(text, 2)?;
    let (minute, rest) = take_two_digits(rest.strip_prefix(b":")?)?;
    let (second, rest) = match rest.strip_prefix(b":") {
        Some(rest) => take_two_digits(rest)?,
        None => (0, rest),
    };
    let rest = match rest.strip_prefix(b".") {
        Some(fraction) => take_digits(fraction)?.1,
        None => rest,
    };
    let part = |number: u32| i8::try_from(number).ok();
    Some((civil::Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?, rest))
}

fn take_offset(text: &[u8]) -> Option<Offset> {
    let (&sign, rest) = text.split_first()?;
    if matches!(sign, b'Z' | b'z') {
        return rest.is_empty().then_some(Offset::UTC);
    }
    let (hours, rest) = take_two_digits(rest)?;
    let minutes = if rest.is_empty() { 0 } else { all_two_digits(rest.strip_prefix(b":").unwrap_or(rest))? };
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    match sign {
        b'+' => Offset::from_seconds(seconds).ok(),
        b'-' => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
}

fn take_digits(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let run = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (run > 0).then(|| text.split_at(run))
}

fn take_digits_up_to(text: &[u8], most: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = take_digits(text)?;
    (digits.len() <= most).then(|| (value(digits), rest))
}

fn take_two_digits(text: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = text.split_at_checked(2)?;
    digits.iter().all(u8::is_ascii_digit).then(|| (value(digits), rest))
}

fn all_two_digits(text: &[u8]) -> Option<u32> {
    take_two_digits(text).filter(|(_, rest)| rest.is_empty()).map(|(number, _)| number)
}

/// At most four digits come here.
fn value(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

pub(super) fn push_date(date: civil::Date, out: &mut String) {
    push_number(date.year().unsigned_abs().into(), 4, out);
    for part in [date.month(), date.day()] {
        out.push('-');
        push_number(part.unsigned_abs().into(), 2, out);
    }
}
