//! Which characters a file's bytes mean, settled once, on its first bytes.
//!
//! The order is fixed (contract 12, row 39): a charset that is named wins, then a byte order mark, then valid UTF-8,
//! then mostly valid UTF-8, whose broken lines spoil only themselves. What is none of these is refused by name.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use thiserror::Error;

/// Bytes from the start of a file that the charset is judged on (contract 12, row 39: 1 MiB).
pub const HEAD_BYTES: usize = 1 << 20;
/// A file without a mark is taken for UTF-8 while fewer than one line in this many is broken (row 39: 1 %).
const BROKEN_LINES_ONE_IN: u64 = 100;

const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";
const UTF_16LE_MARK: &[u8] = b"\xFF\xFE";
const UTF_16BE_MARK: &[u8] = b"\xFE\xFF";

/// A charset whose files can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Charset {
    /// UTF-8, with or without a byte order mark.
    Utf8,
}

/// Why no charset could be settled on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CharsetProblem {
    /// The label names no charset at all.
    #[error("there is no charset {label:?}; name one of the WHATWG Encoding Standard, such as UTF-8, or leave it out")]
    Unknown {
        /// The label as it was given.
        label: String,
    },
    /// The label names a charset that is known, but not read.
    #[error("the charset {name} is not supported yet; save the file as UTF-8")]
    NotYetReadable {
        /// Its canonical name.
        name: &'static str,
    },
    /// The file starts with the mark of a charset that is not read.
    #[error("the file starts with the byte order mark of {name}, which is not supported yet; save the file as UTF-8")]
    ForeignMark {
        /// The canonical name of the mark's charset.
        name: &'static str,
    },
    /// No charset was named, there is no mark, and too many lines are no UTF-8.
    #[error(
        "the file is not UTF-8: line {line} has the byte 0x{value:02X} at byte {byte} of the file, \
         and {broken_lines} of the {lines} lines looked at are broken; save the file as UTF-8"
    )]
    NotUtf8 {
        /// Physical line of the first bad byte; the first line is 1.
        line: u64,
        /// Where the first bad byte is in the file, from 0.
        byte: u64,
        /// The bad byte.
        value: u8,
        /// Lines with bad bytes among those looked at.
        broken_lines: u64,
        /// Lines looked at.
        lines: u64,
    },
}

impl Charset {
    /// The canonical name, as job details tell it.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Utf8 => UTF_8.name(),
        }
    }

    /// The charset a label means, in the WHATWG's meaning of labels.
    ///
    /// # Errors
    /// [`CharsetProblem::Unknown`] and [`CharsetProblem::NotYetReadable`].
    pub fn by_label(label: &str) -> Result<Self, CharsetProblem> {
        match Encoding::for_label(label.as_bytes()) {
            Some(found) if found == UTF_8 => Ok(Charset::Utf8),
            Some(other) => Err(CharsetProblem::NotYetReadable { name: other.name() }),
            None => Err(CharsetProblem::Unknown { label: label.to_owned() }),
        }
    }

    /// Bytes of this charset's byte order mark at the start of a file; 0 if there is none.
    pub fn mark_bytes(self, head: &[u8]) -> usize {
        match self {
            Charset::Utf8 if head.starts_with(UTF_8_MARK) => UTF_8_MARK.len(),
            Charset::Utf8 => 0,
        }
    }
}

/// Settles the charset of a file by its first [`HEAD_BYTES`] and the label that the request named, if any.
///
/// # Errors
/// Every [`CharsetProblem`]; each says what to do.
pub fn settle(head: &[u8], named: Option<&str>) -> Result<Charset, CharsetProblem> {
    let named = named.map(Charset::by_label).transpose()?;
    for (mark, charset) in [(UTF_16LE_MARK, UTF_16LE), (UTF_16BE_MARK, UTF_16BE)] {
        if head.starts_with(mark) {
            return Err(CharsetProblem::ForeignMark { name: charset.name() });
        }
    }
    match named {
        Some(charset) => Ok(charset),
        None if head.starts_with(UTF_8_MARK) => Ok(Charset::Utf8),
        None => mostly_utf8(head),
    }
}

fn mostly_utf8(head: &[u8]) -> Result<Charset, CharsetProblem> {
    let head = without_cut_character(head);
    let Err(first) = std::str::from_utf8(head) else { return Ok(Charset::Utf8) };
    let (broken_lines, lines) = count_broken_lines(head);
    if broken_lines * BROKEN_LINES_ONE_IN < lines {
        return Ok(Charset::Utf8);
    }
    let at = first.valid_up_to();
    Err(CharsetProblem::NotUtf8 {
        line: 1 + count_line_ends(&head[..at]),
        byte: at as u64,
        value: head[at],
        broken_lines,
        lines,
    })
}

/// A full head that ends inside a character is not broken there: the rest of the character follows in the file.
fn without_cut_character(head: &[u8]) -> &[u8] {
    if head.len() < HEAD_BYTES {
        return head;
    }
    let is_continuation = |byte: &u8| byte & 0b1100_0000 == 0b1000_0000;
    let last_start = head.iter().rposition(|byte| !is_continuation(byte)).unwrap_or(0);
    let (whole, last) = head.split_at(last_start);
    let is_cut = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
    if is_cut { whole } else { head }
}

fn count_broken_lines(head: &[u8]) -> (u64, u64) {
    let (mut broken, mut all) = (0, 0);
    for line in head.split(|byte| matches!(byte, b'\n' | b'\r')).filter(|line| !line.is_empty()) {
        all += 1;
        broken += u64::from(std::str::from_utf8(line).is_err());
    }
    (broken, all)
}

/// Physical line ends: LF, CR, and CRLF as one.
fn count_line_ends(bytes: &[u8]) -> u64 {
    let mut count = 0;
    let mut before = 0;
    for &byte in bytes {
        count += u64::from(byte == b'\r' || byte == b'\n' && before != b'\r');
        before = byte;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD_LINE: &str = "Müller,Zürich\n";

    fn lines(good: usize, broken: usize) -> Vec<u8> {
        let mut file = GOOD_LINE.repeat(good).into_bytes();
        file.extend(b"M\xFCller\r\n".repeat(broken));
        file
    }

    #[test]
    fn a_label_wins_and_a_wrong_one_says_what_is_wrong_with_it() {
        let check = |label: &str, expected: Result<Charset, &str>| {
            let found = settle(b"a,b\n", Some(label)).map_err(|problem| problem.to_string());
            assert_eq!(found.as_ref().copied().map_err(String::as_str), expected, "{label}");
        };
        check("UTF-8", Ok(Charset::Utf8));
        check(" utf8 ", Ok(Charset::Utf8));
        check("ISO-8859-1", Err("the charset windows-1252 is not supported yet; save the file as UTF-8"));
        check("utf-16", Err("the charset UTF-16LE is not supported yet; save the file as UTF-8"));
        check(
            "UTF-9",
            Err(
                "there is no charset \"UTF-9\"; name one of the WHATWG Encoding Standard, such as UTF-8, or leave it out",
            ),
        );
        assert_eq!(settle(&lines(0, 5), Some("utf-8")), Ok(Charset::Utf8), "named: broken rows are spoiled one by one");
    }

    #[test]
    fn marks_decide() {
        assert_eq!(settle(b"\xEF\xBB\xBFa\n\xFF\n", None), Ok(Charset::Utf8));
        assert_eq!(Charset::Utf8.mark_bytes(b"\xEF\xBB\xBFa"), 3);
        assert_eq!(Charset::Utf8.mark_bytes(b"a"), 0);
        for named in [None, Some("utf-8")] {
            assert_eq!(settle(b"\xFF\xFEa\0", named), Err(CharsetProblem::ForeignMark { name: "UTF-16LE" }));
            assert_eq!(settle(b"\xFE\xFF\0a", named), Err(CharsetProblem::ForeignMark { name: "UTF-16BE" }));
        }
    }

    #[test]
    fn under_one_percent_of_broken_lines_is_still_utf8() {
        assert_eq!(settle(&lines(100, 0), None), Ok(Charset::Utf8));
        assert_eq!(settle(&lines(100, 1), None), Ok(Charset::Utf8));
        let expected = CharsetProblem::NotUtf8 {
            line: 100,
            byte: (GOOD_LINE.len() * 99 + 1) as u64,
            value: 0xFC,
            broken_lines: 1,
            lines: 100,
        };
        assert_eq!(settle(&lines(99, 1), None), Err(expected.clone()));
        assert_eq!(
            expected.to_string(),
            "the file is not UTF-8: line 100 has the byte 0xFC at byte 1585 of the file, \
             and 1 of the 100 lines looked at are broken; save the file as UTF-8"
        );
    }

    #[test]
    fn a_character_cut_by_the_end_of_the_head_is_not_broken() {
        let mut head = vec![b'a'; HEAD_BYTES - 2];
        head.extend("€".as_bytes().iter().take(2));
        assert_eq!(settle(&head, None), Ok(Charset::Utf8));
        let short = &head[1..];
        assert!(matches!(settle(short, None), Err(CharsetProblem::NotUtf8 { line: 1, .. })), "the file ends inside it");
    }
}
