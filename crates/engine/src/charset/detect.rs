//! What the bytes of a file without a name and without a mark show.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{ISO_2022_JP, UTF_16BE, UTF_16LE};

use super::{Charset, HEAD_BYTES};

/// A file is taken for UTF-8 while fewer than one line in this many is broken (row 39: 1 %).
const BROKEN_LINES_ONE_IN: u64 = 100;
/// A file is taken for UTF-16 if at least one unit in this many has a zero for its high byte: delimiters, digits and
/// line ends do, whatever the language.
const ZEROS_ONE_IN: usize = 16;
/// For each zero on the other side (letters such as U+4E00 have one) it has more than this many on the right one.
const ZEROS_FOR_EACH_OTHER: usize = 2;
/// Text that is valid UTF-8 with zeros in it is taken for UTF-16 only if they are in more than one unit of this many: most
/// of its letters are those of ASCII, or it would not be valid.
const ZEROS_ONE_IN_UTF_8: usize = 2;
/// What every switch of ISO-2022-JP begins with; no CSV in another charset has it.
const ESCAPE: u8 = 0x1B;

/// The charset that is most likely: UTF-16 by its zero bytes, ISO-2022-JP by its switches, then UTF-8 if the bytes are
/// valid or nearly so, and only then what letters are frequent.
pub(super) fn charset_of(head: &[u8]) -> Charset {
    utf16(head)
        .or_else(|| switched(head))
        .or_else(|| mostly_utf8(head).then_some(Charset::UTF_8))
        .unwrap_or_else(|| by_letters(head, Iso2022JpDetection::Deny))
}

/// Text in UTF-16 has nearly all its zeros on one side of its units (a few letters have their own on the other), and its
/// line ends are whole units.
fn utf16(head: &[u8]) -> Option<Charset> {
    memchr::memchr(0, head)?;
    let (units, _) = head.as_chunks::<2>();
    let zeros = |side: usize| units.iter().filter(|unit| unit[side] == 0).count();
    let [first, second] = [zeros(0), zeros(1)];
    let (charset, high, low) = if second > first { (UTF_16LE, 1, 0) } else { (UTF_16BE, 0, 1) };
    let is_one_sided = first.max(second) > ZEROS_FOR_EACH_OTHER * first.min(second);
    let is_frequent = first.max(second) * ZEROS_ONE_IN >= units.len();
    let is_line_end = |byte: u8| matches!(byte, b'\n' | b'\r');
    let has_line_ends = || units.iter().any(|unit| unit[high] == 0 && is_line_end(unit[low]));
    let has_none = || !head.iter().any(|&byte| is_line_end(byte));
    let is_no_utf8 = || simdutf8::basic::from_utf8(without_cut_character(head)).is_err();
    let has_enough = first.max(second) * ZEROS_ONE_IN_UTF_8 > units.len() || is_no_utf8();
    (is_one_sided && is_frequent && has_enough && (has_line_ends() || has_none())).then_some(Charset(charset))
}

fn switched(head: &[u8]) -> Option<Charset> {
    if memchr::memchr(ESCAPE, head).is_none() || !head.is_ascii() {
        return None;
    }
    let found = by_letters(head, Iso2022JpDetection::Allow);
    (found == Charset(ISO_2022_JP)).then_some(found)
}

fn by_letters(head: &[u8], iso_2022_jp: Iso2022JpDetection) -> Charset {
    let mut detector = EncodingDetector::new(iso_2022_jp);
    detector.feed(head, head.len() < HEAD_BYTES);
    Charset(detector.guess(None, Utf8Detection::Deny))
}

fn mostly_utf8(head: &[u8]) -> bool {
    let head = without_cut_character(head);
    if simdutf8::basic::from_utf8(head).is_ok() {
        return true;
    }
    let (broken, lines) = count_broken_lines(head);
    broken * BROKEN_LINES_ONE_IN < lines
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
