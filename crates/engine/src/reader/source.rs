//! What the window is filled from: the file from its start, as it stands or turned into UTF-8.

use std::io::{self, Read};

use super::transcoder::Transcoder;
use crate::charset::Charset;

/// The file's text in UTF-8.
#[derive(Debug)]
pub(super) enum Source<R> {
    /// It is UTF-8 already.
    AsItStands(Whole<R>),
    /// It passes through a layer that remembers where in the file its lines are.
    Transcoded(Box<Transcoder<Whole<R>>>),
}

/// The file from its start: the head that was looked at already, then the rest.
#[derive(Debug)]
pub(super) struct Whole<R> {
    pub(super) head: Vec<u8>,
    head_read: usize,
    rest: R,
}

impl<R: Read> Source<R> {
    /// The text of `head` from the byte `skipped` on, then that of `rest`.
    pub(super) fn new(head: Vec<u8>, skipped: usize, rest: R, charset: Charset) -> Self {
        let whole = Whole { head, head_read: skipped, rest };
        if charset.is_utf8() {
            return Source::AsItStands(whole);
        }
        Source::Transcoded(Box::new(Transcoder::new(whole, charset, skipped as u64)))
    }

    pub(super) fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self {
            Source::AsItStands(whole) => whole.read(out),
            Source::Transcoded(transcoder) => transcoder.read(out),
        }
    }
}

impl<R: Read> Read for Whole<R> {
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
