//! The part of the file that is in memory: one reused buffer that the source is read into.

use std::io::{self, Read};

/// Bytes read at once. Measured: larger windows leave the second-level cache and gain nothing.
pub(super) const WINDOW_BYTES: usize = 256 * 1024;

/// A window over a source. The unread bytes stand together in it; it grows for a long record and shrinks again.
#[derive(Debug)]
pub(super) struct Window<R> {
    source: Source<R>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Where `bytes[0]` is in the file.
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

/// The file from its start: the head that was looked at already, then the rest.
#[derive(Debug)]
struct Source<R> {
    head: Vec<u8>,
    head_read: usize,
    rest: R,
}

impl<R: Read> Window<R> {
    /// A window over `head` from the byte `skipped` on, then over `rest`.
    pub(super) fn new(head: Vec<u8>, skipped: usize, rest: R, usual_bytes: usize, bytes_max: usize) -> Self {
        Window {
            source: Source { head, head_read: skipped, rest },
            bytes: Vec::new(),
            start: 0,
            end: 0,
            offset: skipped as u64,
            usual_bytes,
            bytes_max: bytes_max.max(usual_bytes),
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

    /// A place of the window as an offset in the file.
    pub(super) fn offset_of(&self, place: usize) -> u64 {
        self.offset + place as u64
    }

    /// Everything before this place has been read and may go.
    pub(super) fn consume_to(&mut self, place: usize) {
        self.start = place;
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

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let head = &self.head[self.head_read..];
        if head.is_empty() {
            return self.rest.read(out);
        }
        let bytes = head.len().min(out.len());
        out[..bytes].copy_from_slice(&head[..bytes]);
        self.head_read += bytes;
        if self.head_read == self.head.len() {
            (self.head, self.head_read) = (Vec::new(), 0);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL_BYTES: usize = 16;
    const BYTES_MAX: usize = 100;

    #[test]
    fn it_grows_to_its_limit_and_shrinks_again() {
        let mut window = Window::new(b"head".to_vec(), 1, io::repeat(b'x').take(500), USUAL_BYTES, BYTES_MAX);
        let mut held = Vec::new();
        while window.grow().unwrap() == Growth::More {
            held.push(window.bytes().len());
        }
        assert_eq!(held, [16, 32, 64, 100]);
        assert_eq!(window.grow().unwrap(), Growth::Full);
        assert_eq!((window.bytes.capacity(), window.offset_of(window.start())), (BYTES_MAX, 1));
        window.consume_to(95);
        assert_eq!(window.grow().unwrap(), Growth::More);
        assert_eq!(window.bytes(), b"xxxxxxxxxxxxxxxx");
        assert_eq!((window.bytes.capacity(), window.offset_of(window.start())), (USUAL_BYTES, 96));
        assert!(window.source.head.capacity() == 0, "the head is gone once it was read");
    }
}
