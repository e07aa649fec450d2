//! From texts of the command line to values.

use std::time::Duration;

use url::Url;

/// Reads the base address of a server.
pub(crate) fn base_url(text: &str) -> Result<Url, String> {
    bulkwright_client::base_url(text).map_err(|error| error.to_string())
}

/// Reads a time with its unit: `500ms`, `30s`, `10m`, `2h`, `7d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let unit_at = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let wrong = || format!("`{text}` is no time; write it like 500ms, 30s, 10m or 2h");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs).ok_or_else(wrong);
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(24 * 3600),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_carry_their_unit() {
        let check = |text: &str, expected: Option<Duration>| assert_eq!(duration(text).ok(), expected, "{text}");
        check("500ms", Some(Duration::from_millis(500)));
        check("30s", Some(Duration::from_secs(30)));
        check("10m", Some(Duration::from_secs(600)));
        check("2h", Some(Duration::from_secs(7200)));
        check("7d", Some(Duration::from_secs(604_800)));
        check("0s", Some(Duration::ZERO));
        check("30", None);
        check("s", None);
        check("-1s", None);
        check("99999999999999999999s", None);
        check("9999999999999999999h", None);
    }
}
