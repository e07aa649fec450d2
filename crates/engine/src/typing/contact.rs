//! Addresses: the vendor's regular expressions R1, R2 and R3 (contract 7.1), read by hand in linear time.
//!
//! They use look-ahead and atomic groups, which no linear regular expression engine has; what these mean here is said
//! at each function.

use unicode_general_category::{GeneralCategory, get_general_category};

use crate::verdict::Reason;

/// Code points that the part after the `@` may have.
const DOMAIN_LENGTHS: std::ops::RangeInclusive<usize> = 4..=256;
/// Letters that the last label of a domain may have.
const TOP_LEVEL_LENGTHS: std::ops::RangeInclusive<usize> = 2..=22;

/// R1. No class of it holds `@` and none of a domain's holds `.`, so that both split the address in one way only.
pub(super) fn email(cell: &str) -> Result<&str, Reason> {
    let (local, domain) = cell.split_once('@').ok_or(Reason::NotAnEmail)?;
    (is_local_part(local) && is_domain(domain)).then_some(cell).ok_or(Reason::NotAnEmail)
}

fn is_local_part(local: &str) -> bool {
    let mut chars = local.chars();
    chars.next().is_some_and(|first| matches!(first, '+' | '-' | '_') || is_word(first))
        && chars.all(|c| is_word(c) || is_local_mark(c))
}

fn is_local_mark(c: char) -> bool {
    matches!(c, '!' | '#'..='\'' | '*' | '+' | '-'..='/' | '=' | '?' | '^'..='`' | '{'..='~')
}

fn is_domain(domain: &str) -> bool {
    let Some((labels, top_level)) = domain.rsplit_once('.') else { return false };
    DOMAIN_LENGTHS.contains(&domain.chars().count())
        && TOP_LEVEL_LENGTHS.contains(&top_level.chars().count())
        && top_level.chars().all(is_letter_or_mark)
        && labels.split('.').all(is_label)
}

/// Words joined by any number of `-` and `_`: neither may begin or end a label.
fn is_label(label: &str) -> bool {
    label.starts_with(is_word) && label.ends_with(is_word) && label.chars().all(|c| c == '-' || c == '_' || is_word(c))
}

/// `[\p{L}\p{M}\p{N}]`
fn is_word(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { is_letter_or_mark(c) || c.is_numeric() }
}

/// `[\p{L}\p{M}]`
fn is_letter_or_mark(c: char) -> bool {
    use GeneralCategory as Is;
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    matches!(
        get_general_category(c),
        Is::UppercaseLetter
            | Is::LowercaseLetter
            | Is::TitlecaseLetter
            | Is::ModifierLetter
            | Is::OtherLetter
            | Is::NonspacingMark
            | Is::SpacingMark
            | Is::EnclosingMark
    )
}

/// R2, with parentheses passed over (contract 12, row 45). The value keeps them.
pub(super) fn phone<'a>(cell: &'a str, scratch: &mut String) -> Result<&'a str, Reason> {
    if memchr::memchr2(b'(', b')', cell.as_bytes()).is_none() {
        return is_phone(cell.as_bytes()).then_some(cell).ok_or(Reason::NotAPhone);
    }
    scratch.clear();
    scratch.extend(cell.chars().filter(|c| !matches!(c, '(' | ')')));
    is_phone(scratch.trim().as_bytes()).then_some(cell).ok_or(Reason::NotAPhone)
}

/// Runs of letters and digits. Between two of them stands nothing but one of `.`, `-`, a space, or `.` or `-` with a
/// space after it: R2's first branch, which its atomic group makes as long as it can be. Two spaces are its second
/// branch. Then come an extension and a mark of its end.
fn is_phone(text: &[u8]) -> bool {
    let mut rest = text.strip_prefix(b"+").unwrap_or(text);
    if matches!(rest.first(), Some(b'.' | b'-')) {
        return false;
    }
    let start = rest.len();
    while let Some(after) = after_run(rest).or_else(|| after_double_space(rest)) {
        rest = after;
    }
    if rest.len() == start {
        return false;
    }
    rest = after_extension(rest);
    matches!(rest, b"" | b"#" | b";")
}

fn after_run(text: &[u8]) -> Option<&[u8]> {
    let text = skip_one(text, b".-");
    after_alphanumerics(skip_one(text, b" "))
}

/// `(?![.])` stands behind the runs that follow two spaces. It can only give back runs until one of them began with a
/// space or `-`; where none did, and a dot follows that begins no run, the number is refused.
fn after_double_space(text: &[u8]) -> Option<&[u8]> {
    let mut rest = after_alphanumerics(text.strip_prefix(b"  ")?)?;
    let mut can_give_back = false;
    while let Some(after) = rest.first().filter(|c| b" .-".contains(c)).and_then(|_| after_alphanumerics(&rest[1..])) {
        can_give_back |= rest[0] != b'.';
        rest = after;
    }
    (rest.first() != Some(&b'.') || can_give_back).then_some(rest)
}

fn after_extension(text: &[u8]) -> &[u8] {
    let mut rest = text;
    while let Some(after) = after_alphanumerics(skip_one(skip_all(rest, b','), b";")) {
        rest = after;
    }
    if rest.len() == text.len() {
        return rest;
    }
    while let Some(after) = rest.strip_prefix(b"#").and_then(after_alphanumerics) {
        rest = after;
    }
    rest
}

fn after_alphanumerics(text: &[u8]) -> Option<&[u8]> {
    let run = text.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
    (run > 0).then(|| &text[run..])
}

fn skip_one<'a>(text: &'a [u8], any_of: &[u8]) -> &'a [u8] {
    if text.first().is_some_and(|byte| any_of.contains(byte)) { &text[1..] } else { text }
}

fn skip_all(text: &[u8], byte: u8) -> &[u8] {
    &text[text.iter().take_while(|&&found| found == byte).count()..]
}

/// R3. The scheme is a list of alternatives, the empty one among them; whichever lets the rest match will do.
pub(super) fn website(cell: &str) -> Result<&str, Reason> {
    let without_scheme = ["http://", "https://", "ftp://"].iter().find_map(|scheme| cell.strip_prefix(scheme));
    let starts = [Some(cell), without_scheme, after_www(cell), without_scheme.and_then(after_www)];
    starts.into_iter().flatten().any(is_site).then_some(cell).ok_or(Reason::NotAWebsite)
}

/// R3 says `www.` with the dot unescaped: any character.
fn after_www(text: &str) -> Option<&str> {
    let mut chars = text.strip_prefix("www")?.chars();
    chars.next().filter(|&c| !is_line_end(c))?;
    Some(chars.as_str())
}

/// A host of two labels or more. A `/` or `?` behind the first character of a later label ends the host, and all that
/// follows on the line may be anything.
fn is_site(text: &str) -> bool {
    let Some((first, mut rest)) = text.split_once('.') else { return false };
    if first.is_empty() || !first.chars().all(is_first_label_char) {
        return false;
    }
    loop {
        let mut chars = rest.chars();
        if !chars.next().is_some_and(is_later_label_char) {
            return false;
        }
        match chars.find(|&c| matches!(c, '.' | '/' | '?') || !is_later_label_char(c)) {
            None => return true,
            Some('.') => rest = chars.as_str(),
            Some('/' | '?') => return !chars.any(is_line_end),
            Some(_) => return false,
        }
    }
}

fn is_first_label_char(c: char) -> bool {
    !matches!(c, '\0'..='\x19' | '"'..='\'' | '*'..=',' | '.' | '/' | ':'..='?' | '['..='^' | '`' | '{' | '}'..='\x7f')
}

fn is_later_label_char(c: char) -> bool {
    !matches!(c, '\0'..='\x19' | '"' | '$'..=',' | '.' | '/' | '<' | '>' | '@' | '['..='^' | '`' | '{' | '}'..='\x7f')
}

fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `forms.py` made it with an engine that runs the patterns as they are.
    const FORMS: &str = include_str!("contact/forms.tsv");

    #[test]
    fn every_form_is_what_the_documented_patterns_say() {
        let (mut seen, mut wrong) = (0, Vec::new());
        for line in FORMS.lines().filter(|line| !line.starts_with('#')) {
            let [kind, verdict, text] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let text: String = serde_json::from_str(text).unwrap();
            let fits = match kind {
                "email" => email(&text).is_ok(),
                "phone" => phone(&text, &mut String::new()).is_ok(),
                "website" => website(&text).is_ok(),
                _ => panic!("{line}"),
            };
            seen += 1;
            if fits != (verdict == "yes") {
                wrong.push(line);
            }
        }
        assert!(seen > 1000, "{seen}");
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
