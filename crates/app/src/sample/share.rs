//! A share of rows as people write it: `2%`, `0.5%`, `0.02`.

use std::str::FromStr;

use anyhow::{Context, bail, ensure};

/// A share from 0 to 1, exact to nine decimals: no rounding of a binary fraction decides how many rows are bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Share {
    billionths: u64,
}

const BILLION: u64 = 1_000_000_000;

impl Share {
    /// How many of `rows` this share is, rounded to the nearest row and half up.
    pub(crate) fn of(self, rows: u64) -> u64 {
        let exact = u128::from(rows) * u128::from(self.billionths);
        ((exact + u128::from(BILLION / 2)) / u128::from(BILLION)) as u64
    }
}

impl FromStr for Share {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Share, anyhow::Error> {
        let billionths = match text.trim().strip_suffix('%') {
            Some(percent) => scaled_decimal(percent.trim_end(), 7)?,
            None => fraction(text.trim())?,
        };
        ensure!(billionths <= BILLION, "`{text}` is more than all rows: a share goes up to 100%");
        Ok(Share { billionths })
    }
}

/// A bare `2` could mean 2 % or all rows twice, so it is asked back instead of guessed.
fn fraction(text: &str) -> Result<u64, anyhow::Error> {
    let billionths = scaled_decimal(text, 9)?;
    ensure!(billionths < BILLION, "`{text}` is not a share below 1: write `{text}%` if you mean percent");
    Ok(billionths)
}

/// Reads digits with an optional point as a whole number of 10^-`decimals`.
fn scaled_decimal(text: &str, decimals: usize) -> Result<u64, anyhow::Error> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        bail!("`{text}` is not a share: write it as 2%, 0.5% or 0.02");
    }
    ensure!(part.len() <= decimals, "`{text}` has more than {decimals} digits after the point");
    let scaled = format!("{digits}{:0<width$}", "", width = decimals - part.len());
    scaled.parse().with_context(|| format!("`{text}` is more than all rows: a share goes up to 100%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_exactly() {
        let cases = [
            ("0", 0),
            ("0%", 0),
            ("2%", 20_000_000),
            ("0.5%", 5_000_000),
            (" 2 % ", 20_000_000),
            ("0.02", 20_000_000),
            (".02", 20_000_000),
            ("100%", BILLION),
            ("33.3333333%", 333_333_333),
            ("0.000000001", 1),
        ];
        for (text, billionths) in cases {
            assert_eq!(text.parse::<Share>().unwrap(), Share { billionths }, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_share_is_refused_with_what_to_write() {
        let cases = [
            ("", "`` is not a share: write it as 2%, 0.5% or 0.02"),
            (".", "`.` is not a share: write it as 2%, 0.5% or 0.02"),
            ("two", "`two` is not a share: write it as 2%, 0.5% or 0.02"),
            ("-1%", "`-1` is not a share: write it as 2%, 0.5% or 0.02"),
            ("1e-2", "`1e-2` is not a share: write it as 2%, 0.5% or 0.02"),
            ("2", "`2` is not a share below 1: write `2%` if you mean percent"),
            ("101%", "`101%` is more than all rows: a share goes up to 100%"),
            ("99999999999999999999%", "`99999999999999999999` is more than all rows: a share goes up to 100%"),
            ("0.00000001%", "`0.00000001` has more than 7 digits after the point"),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Share>().unwrap_err().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn a_share_of_rows_is_rounded_half_up() {
        let cases = [("2%", 1_000, 20), ("2%", 24, 0), ("2%", 25, 1), ("2%", 74, 1), ("2%", 75, 2), ("100%", 7, 7)];
        for (share, rows, expected) in cases {
            assert_eq!(share.parse::<Share>().unwrap().of(rows), expected, "{share} of {rows}");
        }
        assert_eq!("100%".parse::<Share>().unwrap().of(u64::MAX), u64::MAX);
    }
}
