//! Numbers as people write them (contract 12, row 41): decimal point, comma groups of three, sign, leading currency
//! sign. Read into two 64-bit parts, so that nothing is ever rounded that was not asked for.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::verdict::Reason;

/// Digits after the point that a cell may have.
const FRACTION_DIGITS_MAX: usize = 9;

/// A whole number in its one spelling: no sign but `-`, no leading zeros.
pub(super) fn integer<'s>(cell: &str, digits: u8, scratch: &'s mut String) -> Result<&'s str, Reason> {
    let number = Number::parse(cell)?;
    if number.nanos != 0 {
        return Err(Reason::NotAnInteger);
    }
    if number.whole >= 10_u64.pow(u32::from(digits)) {
        return Err(Reason::TooManyDigits);
    }
    Ok(spelled(number.is_negative, number.whole, 0, 0, scratch))
}

/// A decimal number with exactly `places` digits after the point; more in the cell are rounded half up, away from zero.
pub(super) fn decimal<'s>(cell: &str, digits: u8, places: u8, scratch: &'s mut String) -> Result<&'s str, Reason> {
    let number = Number::parse(cell)?;
    let unit = 10_u64.pow(FRACTION_DIGITS_MAX as u32 - u32::from(places));
    let rounded = (number.nanos + unit / 2) / unit;
    let carry = rounded / 10_u64.pow(u32::from(places));
    let whole = number.whole + carry;
    if whole >= 10_u64.pow(u32::from(digits)) {
        return Err(Reason::TooManyDigits);
    }
    let fraction = rounded % 10_u64.pow(u32::from(places));
    Ok(spelled(number.is_negative, whole, fraction, usize::from(places), scratch))
}

struct Number {
    is_negative: bool,
    whole: u64,
    /// The fraction in units of 10^-9.
    nanos: u64,
}

impl Number {
    fn parse(cell: &str) -> Result<Number, Reason> {
        let (is_negative, digits) = after_signs(cell);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(Reason::NotANumber),
            Some((whole, fraction)) => (whole, fraction),
            None if digits.is_empty() => return Err(Reason::NotANumber),
            None => (digits, ""),
        };
        Ok(Number { is_negative, whole: parse_whole(whole)?, nanos: parse_fraction(fraction)? })
    }
}

/// A sign may stand before or behind the currency sign, once.
fn after_signs(cell: &str) -> (bool, &str) {
    let (sign, rest) = after_sign(cell);
    let rest = rest.strip_prefix(is_currency_sign).unwrap_or(rest);
    if sign.is_some() {
        return (sign == Some('-'), rest);
    }
    let (sign, rest) = after_sign(rest);
    (sign == Some('-'), rest)
}

fn after_sign(text: &str) -> (Option<char>, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (Some('-'), &text[1..]),
        Some(b'+') => (Some('+'), &text[1..]),
        _ => (None, text),
    }
}

pub(super) fn is_currency_sign(c: char) -> bool {
    if c.is_ascii() { c == '$' } else { get_general_category(c) == GeneralCategory::CurrencySymbol }
}

/// Nothing at all is zero here: `.5` is a number.
fn parse_whole(text: &str) -> Result<u64, Reason> {
    if memchr::memchr(b',', text.as_bytes()).is_none() {
        return text.bytes().try_fold(0, push_digit);
    }
    let mut whole = 0;
    for (place, group) in text.split(',').enumerate() {
        let is_sound = if place == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        if !is_sound {
            return Err(Reason::NotANumber);
        }
        whole = group.bytes().try_fold(whole, push_digit)?;
    }
    Ok(whole)
}

fn parse_fraction(text: &str) -> Result<u64, Reason> {
    if text.len() > FRACTION_DIGITS_MAX {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        return Err(if is_number { Reason::TooManyDigits } else { Reason::NotANumber });
    }
    let fraction = text.bytes().try_fold(0, push_digit)?;
    Ok(fraction * 10_u64.pow((FRACTION_DIGITS_MAX - text.len()) as u32))
}

fn push_digit(number: u64, digit: u8) -> Result<u64, Reason> {
    if !digit.is_ascii_digit() {
        return Err(Reason::NotANumber);
    }
    number.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0'))).ok_or(Reason::TooManyDigits)
}

fn spelled(is_negative: bool, whole: u64, fraction: u64, places: usize, scratch: &mut String) -> &str {
    scratch.clear();
    if is_negative && (whole, fraction) != (0, 0) {
        scratch.push('-');
    }
    push_number(whole, 1, scratch);
    if places > 0 {
        scratch.push('.');
        push_number(fraction, places, scratch);
    }
    scratch
}

/// Appends `number` in decimal, with zeros before it up to `width` digits.
pub(super) fn push_number(mut number: u64, width: usize, out: &mut String) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while number > 0 || digits.len() - start < width {
        start -= 1;
        digits[start] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    digits[start..].iter().for_each(|&digit| out.push(char::from(digit)));
}
