//! The decoder's state between two pieces of a file.

use encoding_rs::{Decoder, DecoderResult};

use super::UNDECODABLE;
use crate::charset::Charset;

/// Text that one byte of a file makes at most, with all that waited for it, is less than this.
const TEXT_OF_A_BYTE: usize = 16;

/// Decodes a file piece by piece.
pub(super) struct Decoding {
    charset: Charset,
    decoder: Decoder,
}

/// What came of a piece.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Decoded {
    /// Bytes of the piece that were taken.
    pub(super) read: usize,
    /// Bytes of text that were made.
    pub(super) made: usize,
    /// Everything was taken; otherwise there was no room for more text.
    pub(super) all: bool,
}

impl Decoding {
    pub(super) fn new(charset: Charset) -> Self {
        Decoding { charset, decoder: charset.decoder() }
    }

    /// Decodes as much of a piece as fits into `text`. After the last piece nothing may follow.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut [u8], is_last: bool) -> Decoded {
        if self.charset.switches_back_in_lines() {
            self.decode_lines(bytes, text, is_last)
        } else {
            decode(&mut self.decoder, bytes, text, is_last)
        }
    }

    /// Line by line, so that a switch that is never taken back spoils no more than its line (RFC 1468 wants it back).
    fn decode_lines(&mut self, bytes: &[u8], text: &mut [u8], is_last: bool) -> Decoded {
        let mut done = Decoded::default();
        loop {
            let rest = &bytes[done.read..];
            let Some(line) = memchr::memchr2(b'\n', b'\r', rest) else {
                let decoded = decode(&mut self.decoder, rest, &mut text[done.made..], is_last);
                return Decoded { read: done.read + decoded.read, made: done.made + decoded.made, all: decoded.all };
            };
            let decoded = decode(&mut self.decoder, &rest[..line], &mut text[done.made..], false);
            done.read += decoded.read;
            done.made += decoded.made;
            if !decoded.all || text.len() - done.made < TEXT_OF_A_BYTE {
                return done;
            }
            done.made += self.end_line(rest[line], &mut text[done.made..]);
            done.read += 1;
        }
    }

    /// Puts a line end into the text; what the line left unfinished is undecodable.
    fn end_line(&mut self, line_end: u8, text: &mut [u8]) -> usize {
        let made = decode(&mut self.decoder, &[line_end], text, false).made;
        if text[..made] == [line_end] {
            return made;
        }
        self.decoder = self.charset.decoder();
        text[..2].copy_from_slice(&[UNDECODABLE, line_end]);
        2
    }
}

impl std::fmt::Debug for Decoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoding").field("charset", &self.charset).finish_non_exhaustive()
    }
}

fn decode(decoder: &mut Decoder, bytes: &[u8], text: &mut [u8], is_last: bool) -> Decoded {
    let mut done = Decoded::default();
    while text.len() - done.made >= TEXT_OF_A_BYTE {
        // One place is left for what cannot be decoded.
        let room = text.len() - 1;
        let (result, read, made) =
            decoder.decode_to_utf8_without_replacement(&bytes[done.read..], &mut text[done.made..room], is_last);
        done.read += read;
        done.made += made;
        match result {
            DecoderResult::InputEmpty => return Decoded { all: true, ..done },
            DecoderResult::OutputFull => return done,
            DecoderResult::Malformed(..) => {
                text[done.made] = UNDECODABLE;
                done.made += 1;
            }
        }
    }
    done
}

/// How many bytes of a record come before this place of its text. It goes byte by byte: only rows with faults are
/// asked. Of a record of ISO-2022-JP it is taken that it begins in ASCII.
pub(in super::super) fn bytes_before(charset: Charset, record: &[u8], place: usize) -> usize {
    let mut decoding = Decoding::new(charset);
    let mut text = [0; 2 * TEXT_OF_A_BYTE];
    let (mut made, mut character) = (0, 0);
    for at in 0..record.len() {
        let decoded = decoding.decode(&record[at..=at], &mut text, at + 1 == record.len());
        made += decoded.made;
        if made > place {
            return character;
        }
        if decoded.made > 0 {
            character = at + 1;
        }
    }
    record.len()
}
