//! Files in other charsets become UTF-8 on their way into the window, and their places stay known.
//!
//! What cannot be decoded becomes the byte [`UNDECODABLE`], which no UTF-8 has: the reader finds it as it finds broken
//! UTF-8, so that it spoils its row and never enters data as a replacement character.
//!
//! Line ends are what ties the file and its text together: each one in the file is one in the text. So the bytes of
//! records that have not been passed are kept, and to pass a record is to pass as many line ends in them.

mod decoding;

use std::io::{self, Read};

use super::line_ends;
use crate::charset::Charset;
use decoding::{Decoded, Decoding};

pub(super) use decoding::bytes_before;

/// Stands in the text where the file has bytes that mean nothing in its charset.
const UNDECODABLE: u8 = 0xFF;
/// Bytes of the file that are read at once. In tests there are few, so that every boundary falls everywhere.
const READ_BYTES: usize = if cfg!(test) { 61 } else { 64 * 1024 };
/// Bytes of text that are made at once.
const TEXT_BYTES: usize = if cfg!(test) { 53 } else { 64 * 1024 };

/// A source in another charset, read as UTF-8.
#[derive(Debug)]
pub(super) struct Transcoder<R> {
    source: R,
    charset: Charset,
    decoding: Decoding,
    /// Bytes of the file from the present record on, and of the one that was passed last.
    kept: Vec<u8>,
    /// Where `kept` begins in the file.
    offset: u64,
    /// How far `kept` has been decoded.
    decoded: usize,
    present: Present,
    /// The bytes of the record that was passed last.
    last: (usize, usize),
    text: Vec<u8>,
    /// Bytes of `text` that were made, and those of them that were taken.
    made: usize,
    taken: usize,
    /// There are no more bytes of the file, and then: no more text.
    ended: bool,
    finished: bool,
}

/// The record that is being read, among the bytes of the file.
#[derive(Clone, Copy, Debug, Default)]
struct Present {
    /// Where it begins in the file.
    offset: u64,
    /// The place in `kept` up to which line ends are counted. What is before it is needed no more.
    here: usize,
    /// Line ends of the record that were passed.
    lines: u64,
    /// The last of them is a CR; an LF right behind it belongs to it.
    after_cr: bool,
}

/// Where a record is in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) byte: u64,
    pub(super) byte_end: u64,
}

impl<R: Read> Transcoder<R> {
    /// `source` begins at this byte of the file.
    pub(super) fn new(source: R, charset: Charset, offset: u64) -> Self {
        Transcoder {
            source,
            charset,
            decoding: Decoding::new(charset),
            kept: Vec::new(),
            offset,
            decoded: 0,
            present: Present { offset, ..Present::default() },
            last: (0, 0),
            text: vec![0; TEXT_BYTES],
            made: 0,
            taken: 0,
            ended: false,
            finished: false,
        }
    }

    /// Takes text, making more if there is none. Nothing only at the end.
    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.made && !self.finished {
            self.make_text()?;
        }
        let bytes = out.len().min(self.made - self.taken);
        out[..bytes].copy_from_slice(&self.text[self.taken..self.taken + bytes]);
        self.taken += bytes;
        Ok(bytes)
    }

    fn make_text(&mut self) -> io::Result<()> {
        if self.decoded == self.kept.len() && !self.ended {
            self.read_more()?;
        }
        // Also when there is nothing left: the end may have cut a character off.
        let Decoded { read, made, all } = self.decoding.decode(&self.kept[self.decoded..], &mut self.text, self.ended);
        self.decoded += read;
        (self.made, self.taken) = (made, 0);
        self.finished = self.ended && all;
        Ok(())
    }

    fn read_more(&mut self) -> io::Result<()> {
        self.forget_passed();
        let before = self.kept.len();
        self.kept.resize(before + READ_BYTES, 0);
        let read = self.source.read(&mut self.kept[before..]);
        self.kept.truncate(before + read.as_ref().map_or(0, |&bytes| bytes));
        self.ended = read? == 0;
        Ok(())
    }

    /// Moves what is kept to the front, as soon as that is the smaller part.
    fn forget_passed(&mut self) {
        let gone = self.present.here;
        if gone < self.kept.len() / 2 {
            return;
        }
        self.kept.drain(..gone);
        self.kept.shrink_to(self.kept.len().max(2 * READ_BYTES));
        self.offset += gone as u64;
        self.decoded -= gone;
        self.present.here = 0;
        self.last = (0, 0);
    }

    /// Ends the present record, which has this many physical lines, and tells where it was.
    pub(super) fn pass(&mut self, lines: u64) -> Extent {
        let start = self.present.here;
        if !self.pass_lines(lines) {
            // Its last line ends with the file.
            self.present.here = self.kept.len();
        }
        let (byte, byte_end) = (self.present.offset, self.offset + self.present.here as u64);
        self.last = (start, self.present.here);
        self.present = Present { offset: byte_end, here: self.present.here, ..Present::default() };
        Extent { byte, byte_end }
    }

    /// The bytes of the record that was passed last, as long as nothing was read since and nothing of it was dropped.
    pub(super) fn last(&self) -> &[u8] {
        &self.kept[self.last.0..self.last.1]
    }

    /// Drops the bytes of the present record, which is too long to be held. So many of its line ends have been met.
    pub(super) fn drop_present(&mut self, lines: u64) {
        self.pass_lines(lines);
        if self.present.after_cr {
            return;
        }
        let rest_of_line = line_ends::next(&self.kept, self.present.here, self.charset.units());
        let line_end = rest_of_line.map_or(self.decoded, |end| end.start.min(self.decoded));
        // Units stay whole: the file's text begins with one.
        let unit_bytes = self.charset.units().bytes();
        self.present.here += line_end.saturating_sub(self.present.here) / unit_bytes * unit_bytes;
    }

    /// Whether there were as many lines.
    fn pass_lines(&mut self, lines: u64) -> bool {
        let units = self.charset.units();
        let present = &mut self.present;
        if present.after_cr && self.kept.len() >= present.here + units.bytes() {
            present.here = line_ends::behind_lf(&self.kept, present.here, units);
            present.after_cr = false;
        }
        while present.lines < lines {
            let Some(end) = line_ends::next(&self.kept, present.here, units) else { return false };
            present.lines += 1;
            (present.here, present.after_cr) = (end.end, end.open);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_too_long_to_be_held_is_not_kept_either() {
        for charset in ["UTF-16LE", "windows-1252"] {
            let source = io::repeat(b'x').take(10_000_001);
            let mut transcoder = Transcoder::new(source, Charset::by_label(charset).unwrap(), 2);
            let mut out = vec![0; 100_000];
            while transcoder.read(&mut out).unwrap() > 0 {
                transcoder.drop_present(0);
                assert!(transcoder.kept.capacity() <= 8 * READ_BYTES, "{} bytes", transcoder.kept.capacity());
            }
            assert_eq!(transcoder.pass(1), Extent { byte: 2, byte_end: 10_000_003 }, "{charset}");
        }
    }

    #[test]
    fn line_ends_that_are_cut_in_two_are_one() {
        let file = [b"x".to_vec(), b"a\r".repeat(READ_BYTES / 2), b"\nb\r\nc".to_vec()].concat();
        let mut transcoder = Transcoder::new(&file[..], Charset::by_label("latin1").unwrap(), 0);
        let mut out = vec![0; READ_BYTES];
        let mut taken = 0;
        while taken < READ_BYTES {
            taken += transcoder.read(&mut out[taken..]).unwrap();
        }
        let lines = READ_BYTES as u64 / 2;
        transcoder.drop_present(lines);
        while transcoder.read(&mut out).unwrap() > 0 {}
        let end = READ_BYTES as u64 + 1;
        assert_eq!(transcoder.pass(lines + 1), Extent { byte: 0, byte_end: end + 3 });
        assert_eq!(transcoder.last(), b"\nb\r\n");
        assert_eq!(transcoder.pass(1), Extent { byte: end + 3, byte_end: end + 4 });
    }

    /// The LF is read, but not made into text yet.
    #[test]
    fn a_line_end_that_the_text_has_half_of_is_passed_whole() {
        let latin = Charset::by_label("latin1").unwrap();
        let mut out = vec![0; TEXT_BYTES];
        let made = Transcoder::new(io::repeat(b'x'), latin, 0).read(&mut out).unwrap();
        assert!(made < READ_BYTES, "the first bytes make more text than fits");
        let file = [&b"x".repeat(made - 1)[..], b"\r\nxx\n"].concat();
        let mut transcoder = Transcoder::new(&file[..], latin, 0);
        assert_eq!(transcoder.read(&mut out).unwrap(), made);
        transcoder.drop_present(1);
        while transcoder.read(&mut out).unwrap() > 0 {}
        assert_eq!(transcoder.pass(2), Extent { byte: 0, byte_end: file.len() as u64 });
    }
}
