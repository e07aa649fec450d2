//! Numbers by a pattern: `#,##0.00`, `#.##0,00`, `# ##0,00`, `#,##,##0.00`, `¤#,##0.00`, `#,##0.00 EUR`, `0%`, and after a
//! semicolon what a negative number looks like: `#,##0.00;(#,##0.00)`.
//!
//! A pattern says three things: which sign stands before the fraction, which sign groups digits and by how many, and
//! which currency or percent sign may stand before or behind. It does not bound the number of digits: the field does.
//! Signs that a pattern has may be missing in a cell, others may not be there. Where two signs are seen, the last is
//! the decimal one. Of a single one, `,` and `.` before three digits that begin with `#` group them (`#,##0`), a `,`
//! before three (`0,000`) too, any other is the decimal one (`0,00`, `0.000`); blanks and apostrophes always group.

use super::date_pattern::{PATTERN_LENGTH_MAX, PatternFault};
use super::number::is_currency_sign;
use crate::verdict::Reason;

/// Characters of a cell that can be a number: 18 digits before the point and 9 after it, grouped, with signs and a
/// currency's code.
const CELL_CHARS_MAX: usize = 64;
/// Letters of a currency's code: ISO 4217.
const CURRENCY_CODE_LETTERS: usize = 3;

/// A pattern, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberFormat {
    decimal: Option<char>,
    grouping: Option<Grouping>,
    /// What may stand before the number, and behind it.
    affixes: [Affix; 2],
    /// How negative numbers look, beside the minus before them that is always read.
    negative: Option<[Affix; 2]>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Grouping {
    sign: char,
    /// Digits of the last group, and of those before it.
    last: usize,
    others: usize,
}

/// What stands beside a number, blanks aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Affix(Vec<AffixPart>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum AffixPart {
    /// This text, without case.
    Text(String),
    /// `¤`: any currency's sign, or its code of three letters.
    Currency,
}

impl NumberFormat {
    /// Reads a pattern. Percent signs fit percentages only.
    ///
    /// # Errors
    /// What is wrong with it, and where.
    pub fn parse(pattern: &str, takes_percent: bool) -> Result<Self, PatternFault> {
        let missing = |what: &str| Err(PatternFault { at: None, what: what.to_owned() });
        if pattern.chars().count() > PATTERN_LENGTH_MAX {
            return missing(&format!("it has more than the {PATTERN_LENGTH_MAX} characters that are allowed"));
        }
        let (positive, negative) = match pattern.split_once(';') {
            Some((positive, negative)) => (positive, Some(negative)),
            None => (pattern, None),
        };
        let Some((start, end)) = digits_of(positive) else {
            return missing("it has no digits: write them as # and 0, as in #,##0.00");
        };
        let (decimal, grouping) = signs(positive, start, end)?;
        let affixes = [affix(positive, 0, start, takes_percent)?, affix(positive, end, positive.len(), takes_percent)?];
        let negative = match negative {
            None => None,
            Some(negative) => {
                let offset = positive.len() + 1;
                let shift = |fault: PatternFault| PatternFault { at: fault.at.map(|at| at + offset), ..fault };
                let Some((start, end)) = digits_of(negative) else {
                    return missing("what stands behind the semicolon has no digits");
                };
                let before = affix(negative, 0, start, takes_percent).map_err(shift)?;
                let behind = affix(negative, end, negative.len(), takes_percent).map_err(shift)?;
                if [&before, &behind] == [&affixes[0], &affixes[1]] {
                    return missing("negative numbers look like the others; write -#0 or (#0) behind the semicolon");
                }
                Some([before, behind])
            }
        };
        Ok(NumberFormat { decimal, grouping, affixes, negative })
    }

    /// The cell as a plain number, `-1234.5`, in the place of what was in `plain`.
    pub(super) fn plain(&self, cell: &str, plain: &mut String) -> Result<(), Reason> {
        plain.clear();
        if cell.chars().nth(CELL_CHARS_MAX).is_some() {
            return Err(Reason::NotInFormat);
        }
        let (is_negative, digits) = self.after_affixes(cell);
        if is_negative {
            plain.push('-');
        }
        self.push_plain(digits, plain).ok_or(Reason::NotInFormat)
    }

    /// Whether a cell is negative, and its digits. A sign may stand before what stands before them or behind it, once.
    fn after_affixes<'c>(&self, cell: &'c str) -> (bool, &'c str) {
        if let Some([before, behind]) = &self.negative
            && let Some(digits) = before.strip_start(cell).and_then(|rest| behind.strip_end(rest))
        {
            return (true, digits);
        }
        let [before, behind] = &self.affixes;
        let (sign, rest) = after_sign(cell);
        let rest = before.strip_start(rest).unwrap_or(rest);
        let (sign, rest) = if sign.is_some() { (sign, rest) } else { after_sign(rest) };
        (sign == Some('-'), behind.strip_end(rest).unwrap_or(rest))
    }

    fn push_plain(&self, digits: &str, plain: &mut String) -> Option<()> {
        let (whole, fraction) = match self.decimal.and_then(|sign| digits.split_once(sign)) {
            Some((_, "")) => return None,
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let start = plain.len();
        match self.grouping {
            Some(grouping) => grouping.push_plain(whole, plain)?,
            None => plain.push_str(whole),
        }
        if !is_number(&plain[start..]) || !is_number(fraction) || (whole.is_empty() && fraction.is_empty()) {
            return None;
        }
        if plain.len() == start {
            plain.push('0');
        }
        if !fraction.is_empty() {
            plain.push('.');
            plain.push_str(fraction);
        }
        Some(())
    }
}

impl Grouping {
    /// All signs or none: groups that are there have their digits.
    fn push_plain(self, whole: &str, plain: &mut String) -> Option<()> {
        let count = whole.chars().filter(|&c| is_sign(c, self.sign)).count();
        for (place, group) in whole.split(|c| is_sign(c, self.sign)).enumerate() {
            let is_sound = match place {
                _ if count == 0 => true,
                0 => (1..=self.others).contains(&group.len()),
                _ if place == count => group.len() == self.last,
                _ => group.len() == self.others,
            };
            is_sound.then(|| plain.push_str(group))?;
        }
        Some(())
    }
}

/// Blanks of every width group alike, and so do both apostrophes: which of them a file has is seldom visible.
fn is_sign(c: char, sign: char) -> bool {
    c == sign || (is_blank(c) && is_blank(sign)) || (is_apostrophe(c) && is_apostrophe(sign))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{2009}' | '\u{202f}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '\u{2019}')
}

/// Where the digits of a pattern begin and end, in bytes.
fn digits_of(pattern: &str) -> Option<(usize, usize)> {
    let is_digit = |c: char| matches!(c, '#' | '0');
    Some((pattern.find(is_digit)?, pattern.rfind(is_digit)? + 1))
}

fn position(pattern: &str, byte: usize) -> Option<usize> {
    Some(pattern[..byte].chars().count() + 1)
}

/// The decimal sign and the grouping.
fn signs(pattern: &str, start: usize, end: usize) -> Result<(Option<char>, Option<Grouping>), PatternFault> {
    let core = &pattern[start..end];
    let found: Vec<(usize, char)> = core.char_indices().filter(|(_, c)| !matches!(c, '#' | '0')).collect();
    let Some(&(last_at, last)) = found.last() else { return Ok((None, None)) };
    for &(at, c) in &found {
        if !(matches!(c, ',' | '.') || is_blank(c) || is_apostrophe(c)) {
            let what = format!("`{c}` cannot stand among the digits");
            return Err(PatternFault { at: position(pattern, start + at), what });
        }
    }
    let first = found[0].1;
    let is_decimal = match found.as_slice() {
        [_] => is_decimal_alone(last, &core[last_at + last.len_utf8()..]),
        _ => last != first,
    };
    let decimal = is_decimal.then_some(last);
    let groups = if is_decimal { &found[..found.len() - 1] } else { &found[..] };
    let whole = if is_decimal { &core[..last_at] } else { core };
    if decimal.is_some_and(|sign| !matches!(sign, ',' | '.')) {
        let what = format!("`{last}` cannot be the decimal sign; that is `.` or `,`");
        return Err(PatternFault { at: position(pattern, start + last_at), what });
    }
    if let Some((at, c)) = groups.iter().find(|(_, c)| *c != first || Some(*c) == decimal) {
        let what = format!("`{c}` is one sign too many: digits are grouped by one sign, and the fraction has another");
        return Err(PatternFault { at: position(pattern, start + at), what });
    }
    Ok((decimal, if groups.is_empty() { None } else { Some(grouping(whole, first)?) }))
}

fn is_decimal_alone(sign: char, digits: &str) -> bool {
    match sign {
        ',' => digits.len() != 3,
        '.' => digits.len() != 3 || !(digits.starts_with('#') && digits.ends_with('0')),
        _ => false,
    }
}

fn grouping(whole: &str, sign: char) -> Result<Grouping, PatternFault> {
    let groups: Vec<usize> = whole.split(sign).map(str::len).collect();
    let last = groups[groups.len() - 1];
    let others = if groups.len() > 2 { groups[groups.len() - 2] } else { last };
    let is_even = groups[1..groups.len() - 1].iter().all(|&digits| digits == others);
    if last == 3 && matches!(others, 2 | 3) && is_even {
        return Ok(Grouping { sign, last, others });
    }
    let what = "digits are grouped by three, or by two before the last three".to_owned();
    Err(PatternFault { at: None, what })
}

/// What stands beside the digits: a sign of a currency, its code or short name, a percent sign, a minus, parentheses.
fn affix(pattern: &str, start: usize, end: usize, takes_percent: bool) -> Result<Affix, PatternFault> {
    let mut parts = Vec::new();
    for (at, c) in pattern[start..end].char_indices() {
        let refused = |what: String| PatternFault { at: position(pattern, start + at), what };
        match c {
            '%' if !takes_percent => {
                return Err(refused("a percent sign fits fields of type percent only".to_owned()));
            }
            _ if c.is_ascii_digit() || matches!(c, ';' | '‰' | '"') => {
                return Err(refused(format!("`{c}` cannot stand beside the digits")));
            }
            '¤' => parts.push(AffixPart::Currency),
            _ if c == '\'' || is_white(c) => {}
            _ => match parts.last_mut() {
                Some(AffixPart::Text(text)) => text.push(c),
                _ => parts.push(AffixPart::Text(c.to_string())),
            },
        }
    }
    Ok(Affix(parts))
}

impl Affix {
    /// The text behind the affix at its start, if that is there.
    fn strip_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        let strip = |text: &'t str, part: &AffixPart| match part {
            AffixPart::Text(wanted) => {
                let rest = text.get(wanted.len()..)?;
                is_same(&text[..wanted.len()], wanted).then_some(rest)
            }
            AffixPart::Currency => text.strip_prefix(is_currency_sign).or_else(|| {
                let rest = text.get(CURRENCY_CODE_LETTERS..)?;
                is_currency_code(&text[..CURRENCY_CODE_LETTERS]).then_some(rest)
            }),
        };
        self.0.iter().try_fold(text, |text, part| Some(strip(text, part)?.trim_start_matches(is_white)))
    }

    /// The text before the affix at its end, if that is there.
    fn strip_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        let split = |text: &'t str, bytes: usize| text.split_at_checked(text.len().checked_sub(bytes)?);
        let strip = |text: &'t str, part: &AffixPart| match part {
            AffixPart::Text(wanted) => split(text, wanted.len()).filter(|(_, it)| is_same(it, wanted)).map(|it| it.0),
            AffixPart::Currency => text
                .strip_suffix(is_currency_sign)
                .or_else(|| split(text, CURRENCY_CODE_LETTERS).filter(|(_, it)| is_currency_code(it)).map(|it| it.0)),
        };
        self.0.iter().rev().try_fold(text, |text, part| Some(strip(text, part)?.trim_end_matches(is_white)))
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn is_currency_code(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_white(c: char) -> bool {
    c.is_whitespace() || is_blank(c)
}

fn after_sign(text: &str) -> (Option<char>, &str) {
    for (sign, means) in [('-', '-'), ('\u{2212}', '-'), ('+', '+')] {
        if let Some(rest) = text.strip_prefix(sign) {
            return (Some(means), rest.trim_start_matches(is_white));
        }
    }
    (None, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(pattern: &str, cell: &str) -> Result<String, Reason> {
        let mut plain = String::new();
        NumberFormat::parse(pattern, true).unwrap().plain(cell, &mut plain)?;
        Ok(plain)
    }

    #[test]
    fn patterns_read_numbers() {
        let check = |pattern: &str, cell: &str, expected: &str| {
            assert_eq!(plain(pattern, cell).as_deref(), Ok(expected), "{pattern} {cell}");
        };
        check("#,##0.00", "1,234.5", "1234.5");
        check("#,##0.00", "1234.5", "1234.5");
        check("#,##0.00", "-12", "-12");
        check("#,##0", "1,234,567", "1234567");
        check("#.##0,00", "1.234.567,89", "1234567.89");
        check("#.##0,00", "+,5", "0.5");
        check("#.##0", "1.234", "1234");
        check("0,00", "1234,5", "1234.5");
        check("0.000", "1.234", "1.234");
        check("0,000", "1,234", "1234");
        check("0.###", "1.2", "1.2");
        check("# ##0,00", "1 234,50", "1234.50");
        check("# ##0,00", "1\u{a0}234\u{202f}567,50", "1234567.50");
        check("#'##0.00", "1\u{2019}234.50", "1234.50");
        check("#,##,##0.00", "12,34,567.8", "1234567.8");
        check("¤#,##0.00", "€1,234.50", "1234.50");
        check("¤#,##0.00", "-$5", "-5");
        check("¤#,##0.00", "$-5", "-5");
        check("¤ #,##0.00", "CHF 5.10", "5.10");
        check("¤#,##0.00", "5.10", "5.10");
        check("#,##0.00 ¤", "5.10 EUR", "5.10");
        check("#,##0.00 'kr.'", "5.10 KR.", "5.10");
        check("Rs. #,##,##0", "Rs. 12,34,567", "1234567");
        check("0,0 %", "12,5%", "12.5");
        check("0%", "12", "12");
        check("#,##0.00;(#,##0.00)", "(1,234.50)", "-1234.50");
        check("¤#,##0.00;(¤#,##0.00)", "(£1,234.50)", "-1234.50");
        check("#,##0.00;#,##0.00-", "1,234.50-", "-1234.50");
        check("0.0", "\u{2212}5", "-5");
    }

    #[test]
    fn cells_of_another_form_are_refused() {
        let check =
            |pattern: &str, cell: &str| assert_eq!(plain(pattern, cell), Err(Reason::NotInFormat), "{pattern} {cell}");
        check("#.##0,00", "1,234.5");
        check("#.##0,00", "12.34,5");
        check("#.##0,00", "1.2345,6");
        check("#.##0,00", "1234.567,8");
        check("#.##0,00", "1,");
        check("#.##0,00", "");
        check("#.##0,00", "-");
        check("#.##0,00", ",");
        check("#,##0", "1.5");
        check("0", "1,000");
        check("#,##,##0.00", "1,234,567");
        check("#,##0.00", "$5");
        check("¤#,##0.00", "Rs. 5");
        check("#,##0.00", "(5)");
        check("#,##0.00", "5-");
        check("#,##0.00", "--5");
        check("#,##0.00", "1e5");
        check("#,##0.00", "٣");
        check("#,##0.00", &"1".repeat(65));
    }

    #[test]
    fn faulty_patterns_say_what_is_wrong_and_where() {
        let check = |pattern: &str, at: Option<usize>, what: &str| {
            let fault = NumberFormat::parse(pattern, false).expect_err(pattern);
            assert_eq!((fault.at, fault.what.as_str()), (at, what), "{pattern}");
        };
        check("", None, "it has no digits: write them as # and 0, as in #,##0.00");
        check("yyyy", None, "it has no digits: write them as # and 0, as in #,##0.00");
        check("#,##0.00%", Some(9), "a percent sign fits fields of type percent only");
        check("#_##0", Some(2), "`_` cannot stand among the digits");
        check(
            "#,##0.0,0",
            Some(6),
            "`.` is one sign too many: digits are grouped by one sign, and the fraction has another",
        );
        check("#,##0 0", Some(6), "`\u{20}` cannot be the decimal sign; that is `.` or `,`");
        check("#.##0.00,0", None, "digits are grouped by three, or by two before the last three");
        check("#,#0.00", None, "digits are grouped by three, or by two before the last three");
        check("12#,##0", Some(1), "`1` cannot stand beside the digits");
        check("0.0;0.0", None, "negative numbers look like the others; write -#0 or (#0) behind the semicolon");
        check("0.0;-", None, "what stands behind the semicolon has no digits");
        check("0.0;(0.0)%", Some(10), "a percent sign fits fields of type percent only");
    }

    proptest::proptest! {
        #[test]
        fn nothing_makes_a_pattern_panic(pattern in "[#0,. '¤%;()EUR€-]{0,12}", cell in "[0-9,. '€$%()EUR-]{0,12}") {
            if let Ok(format) = NumberFormat::parse(&pattern, true) {
                let _ = format.plain(&cell, &mut String::new());
            }
        }
    }
}
