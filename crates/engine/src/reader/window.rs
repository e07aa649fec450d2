//! The part of the file that is in memory: one reused buffer that the source is read into.

use std::io::{self, Read};

use super::Sizes;
use super::source::Source;
use super::transcoder::Extent;

/// Bytes read at once. Measured: larger windows leave the second-level cache and gain nothing.
pub(super) const WINDOW_BYTES: usize = 256 * 1024;

/// A window over a source. The unread bytes stand together in it; it grows for a long record and shrinks again.
#[derive(Debug)]
pub(super) struct Window<R> {
    source: Source<R>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `bytes[0]` is in the file, if that is read as it stands.
    offset: u64,
    usual_bytes: usize,
    bytes_max: usize,
    ended: bool,
    failure: Option<io::Error>,
}

/// What asking for more bytes gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// There are more bytes; all places in the window have changed.
    More,
    /// The source has ended: what is unread is all there is.
    Ended,
    /// The window may not grow any further.
    Full,
}

impl<R: Read> Window<R> {
    /// A window over a text that begins at the byte `offset` of the file.
    pub(super) fn new(source: Source<R>, offset: usize, sizes: Sizes) -> Self {
        Window {
            source,
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: offset as u64,
            usual_bytes: sizes.window_bytes,
            bytes_max: sizes.row_bytes_max.max(sizes.window_bytes),
            ended: false,
            failure: None,
        }
    }

    /// The bytes in memory; those before [`Window::start`] have been read.
    #[inline(always)]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.end]
    }

    /// Where the unread bytes begin.
    #[inline(always)]
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Whether nothing comes behind the bytes in memory.
    #[inline(always)]
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Takes a record off the window that ends at this place, and tells where in the file it was. `gone` bytes of it
    /// were in earlier windows, and it has this many physical lines.
    #[inline(always)]
    pub(super) fn pass(&mut self, place: usize, gone: usize, lines: u64) -> Extent {
        let start = std::mem::replace(&mut self.start, place);
        match &mut self.source {
            Source::AsItStands(_) => {
                Extent { byte: self.offset + start as u64 - gone as u64, byte_end: self.offset + place as u64 }
            }
            Source::Transcoded(transcoder) => transcoder.pass(lines),
        }
    }

    /// Drops what is in the window of a record that goes on, up to this place. So many of its line ends have been met.
    pub(super) fn drop_to(&mut self, place: usize, lines: u64) {
        self.start = place;
        if let Source::Transcoded(transcoder) = &mut self.source {
            transcoder.drop_present(lines);
        }
    }

    /// The bytes of the file between two places, which are those of the record that was passed last.
    #[inline(always)]
    pub(super) fn raw(&self, start: usize, end: usize) -> &[u8] {
        match &self.source {
            Source::AsItStands(_) => &self.bytes[start..end],
            Source::Transcoded(transcoder) => transcoder.last(),
        }
    }

    /// Keeps the unread bytes and reads more behind them.
    pub(super) fn grow(&mut self) -> io::Result<Growth> {
        if let Some(failure) = self.failure.take() {
            self.ended = true;
            return Err(failure);
        }
        if self.ended {
            return Ok(Growth::Ended);
        }
        let unread = self.end - self.start;
        if unread >= self.bytes_max {
            return Ok(Growth::Full);
        }
        self.make_room(unread);
        self.fill()
    }

    fn make_room(&mut self, unread: usize) {
        self.bytes.copy_within(self.start..self.end, 0);
        self.offset += self.start as u64;
        (self.start, self.end) = (0, unread);
        let wanted = if unread < self.usual_bytes { self.usual_bytes } else { (unread * 2).min(self.bytes_max) };
        self.bytes.reserve_exact(wanted.saturating_sub(self.bytes.len()));
        self.bytes.resize(wanted, 0);
        if wanted == self.usual_bytes {
            self.bytes.shrink_to_fit();
        }
    }

    fn fill(&mut self) -> io::Result<Growth> {
        let before = self.end;
        while self.end < self.bytes.len() {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(read) => self.end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What came before the failure is still given.
                Err(error) if self.end > before => {
                    self.failure = Some(error);
                    break;
                }
                Err(error) => {
                    self.ended = true;
                    return Err(error);
                }
            }
        }
        Ok(if self.end > before { Growth::More } else { Growth::Ended })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charset::Charset;

    const USUAL_BYTES: usize = 16;
    const BYTES_MAX: usize = 100;

    #[test]
    fn it_grows_to_its_limit_and_shrinks_again() {
        let rest = io::repeat(b'x').take(500);
        let source = Source::new(b"head".to_vec(), 1, rest, Charset::UTF_8);
        let mut window = Window::new(source, 1, Sizes { window_bytes: USUAL_BYTES, row_bytes_max: BYTES_MAX });
        let mut held = Vec::new();
        while window.grow().unwrap() == Growth::More {
            held.push(window.bytes().len());
        }
        assert_eq!(held, [16, 32, 64, 100]);
        assert_eq!(window.grow().unwrap(), Growth::Full);
        assert_eq!((window.bytes.capacity(), window.offset), (BYTES_MAX, 1));
        assert_eq!(window.pass(95, 0, 1), Extent { byte: 1, byte_end: 96 });
        assert_eq!(window.grow().unwrap(), Growth::More);
        assert_eq!(window.bytes(), b"xxxxxxxxxxxxxxxx");
        assert_eq!((window.bytes.capacity(), window.offset), (USUAL_BYTES, 96));
        let Source::AsItStands(whole) = &window.source else { panic!("UTF-8 is read as it stands") };
        assert!(whole.head.capacity() == 0, "the head is gone once it was read");
    }
}
