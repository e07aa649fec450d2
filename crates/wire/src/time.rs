//! Times as the wire prints them: ISO 8601, the user's offset, no fractions: `2021-05-11T12:38:29+05:30`.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// A time zone's name or offset could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no time zone; give an IANA name such as Europe/Berlin or an offset such as +05:30")]
pub struct UnknownZone(String);

/// A time of the wire could not be read.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no time of the form 2021-05-11T12:38:29+05:30")]
pub struct UnknownTime(String);

/// Reads an IANA name or a fixed offset.
///
/// # Errors
/// [`UnknownZone`] if it is neither.
pub fn zone(text: &str) -> Result<TimeZone, UnknownZone> {
    let unknown = || UnknownZone(text.to_owned());
    if text.starts_with(['+', '-']) {
        let sample = format!("2000-01-01T00:00:00{text}[{text}]");
        let zoned: ZonedDateTime = sample.parse().map_err(|_| unknown())?;
        return Ok(zoned.time_zone().clone());
    }
    TimeZone::get(text).map_err(|_| unknown())
}

/// Prints a moment, given in seconds since 1970, in `zone`. Moments outside the years that can be printed are printed
/// as the nearest one that can.
pub fn print(seconds: i64, zone: &TimeZone) -> String {
    let bounded = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    let moment = Timestamp::from_second(bounded).unwrap_or(Timestamp::UNIX_EPOCH);
    moment.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Reads a time of the wire to seconds since 1970.
///
/// # Errors
/// [`UnknownTime`] if it is none.
pub fn parse(text: &str) -> Result<i64, UnknownTime> {
    let moment: Timestamp = text.parse().map_err(|_| UnknownTime(text.to_owned()))?;
    Ok(moment.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_printed_in_the_users_offset() {
        let check = |zone_text: &str, seconds: i64, expected: &str| {
            assert_eq!(print(seconds, &zone(zone_text).unwrap()), expected, "{zone_text}");
            assert_eq!(parse(expected).unwrap(), seconds, "{expected}");
        };
        check("+05:30", 1_620_716_909, "2021-05-11T12:38:29+05:30");
        check("Asia/Kolkata", 1_620_716_909, "2021-05-11T12:38:29+05:30");
        check("UTC", 1_620_716_909, "2021-05-11T07:08:29+00:00");
        check("-12:00", 1_546_300_800, "2018-12-31T12:00:00-12:00");
        check("Europe/Berlin", 1_753_000_000, "2025-07-20T10:26:40+02:00");
    }

    #[test]
    fn what_is_no_zone_or_time_is_named() {
        assert_eq!(
            zone("Mars/Base").unwrap_err().to_string(),
            "`Mars/Base` is no time zone; give an IANA name such as Europe/Berlin or an offset such as +05:30"
        );
        assert!(zone("+5x").is_err());
        assert!(parse("yesterday").is_err());
        assert!(print(i64::MAX, &TimeZone::UTC).starts_with("9999-"));
    }
}
