//! Line ends among the bytes of a file, in any charset: LF, CR, and CRLF as one.

use crate::charset::Units;

/// A line end, or the half of one that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineEnd {
    /// Where it begins.
    pub(super) start: usize,
    /// Where the next line begins.
    pub(super) end: usize,
    /// It is a CR with nothing known behind it: an LF there would belong to it.
    pub(super) open: bool,
}

/// The first line end from a place on, which must be the beginning of a unit.
pub(super) fn next(bytes: &[u8], from: usize, units: Units) -> Option<LineEnd> {
    let start = match units {
        Units::Bytes => from + memchr::memchr2(b'\n', b'\r', bytes.get(from..)?)?,
        _ => (from..bytes.len()).step_by(2).find(|&at| matches!(unit_at(bytes, at, units), Some(b'\n' | b'\r')))?,
    };
    let end = start + units.bytes();
    if unit_at(bytes, start, units) == Some(b'\n') {
        return Some(LineEnd { start, end, open: false });
    }
    match bytes.len() < end + units.bytes() {
        true => Some(LineEnd { start, end, open: true }),
        false => Some(LineEnd { start, end: behind_lf(bytes, end, units), open: false }),
    }
}

/// Where a line begins if an LF at this place belongs to the CR before it.
pub(super) fn behind_lf(bytes: &[u8], at: usize, units: Units) -> usize {
    if unit_at(bytes, at, units) == Some(b'\n') { at + units.bytes() } else { at }
}

/// Line ends in text.
pub(super) fn count(text: &[u8]) -> u64 {
    let mut count = 0;
    let mut from = 0;
    while let Some(end) = next(text, from, Units::Bytes) {
        count += 1;
        from = end.end;
    }
    count
}

/// The character of a unit if it is one of ASCII's.
fn unit_at(bytes: &[u8], at: usize, units: Units) -> Option<u8> {
    match (units, bytes.get(at..)?) {
        (Units::Bytes, [byte, ..]) => Some(*byte),
        (Units::LowFirst, [low, 0, ..]) => Some(*low),
        (Units::HighFirst, [0, low, ..]) => Some(*low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_found_in_every_kind_of_unit() {
        let check = |bytes: &[u8], units: Units, expected: &[(usize, usize, bool)]| {
            let (mut found, mut from) = (Vec::new(), 0);
            while let Some(LineEnd { start, end, open }) = next(bytes, from, units) {
                found.push((start, end, open));
                from = end;
            }
            assert_eq!(found, expected, "{bytes:?}");
        };
        check(b"a\nb\r\nc\rd", Units::Bytes, &[(1, 2, false), (3, 5, false), (6, 7, false)]);
        check(b"\r\r\n\r", Units::Bytes, &[(0, 1, false), (1, 3, false), (3, 4, true)]);
        // U+0A0A and U+0D00 are no line ends, nor is what stands across two units.
        check(b"\n\n\0\r\n\0", Units::LowFirst, &[(4, 6, false)]);
        check(b"\n\n\r\0\0\n", Units::HighFirst, &[(4, 6, false)]);
        check(b"\r\0\n\0x\0\r\0", Units::LowFirst, &[(0, 4, false), (6, 8, true)]);
        check(b"\0\r\0\n\0\r\0", Units::HighFirst, &[(0, 4, false), (4, 6, true)]);
        assert_eq!(count(b"\n\r\n\ra\n"), 4);
    }
}
