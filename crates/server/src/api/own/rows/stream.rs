//! All rows that are asked for, sent as they are read: a thread reads ahead of the client by a few pieces and no more.

use std::ops::ControlFlow;

use bulkwright_engine::result::full::{self, Filter};
use bulkwright_store::Error as StoreError;
use bulkwright_wire::rows::RowsFormat;
use bytes::Bytes;
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::asked::Asked;
use super::line;
use super::reading::Reading;
use super::view;
use crate::reply::{Answer, Refusal};

/// Rows are sent in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;
/// Pieces that wait for the client.
const PIECES_MAX: usize = 4;

type Piece = Result<Bytes, StoreError>;

/// Answers as soon as there is a first piece: what fails before that is told as an error.
pub(super) async fn answer(reading: Reading, filter: Filter, asked: &Asked) -> Result<Answer, Refusal> {
    let hint = reading.upload().reason.map(|why| format!("{why}: lines, bytes, columns and values are not known"));
    let (sender, mut pieces) = channel(PIECES_MAX);
    let content_type = asked.format.content_type();
    let mut sending = Sending { sender, format: asked.format, buffer: line::header(asked.format), left: asked.limit };
    let from = asked.from;
    tokio::task::spawn_blocking(move || {
        let walked = reading.read_here(|known| full::walk(known, &filter, from, |row| sending.row(row)));
        sending.end(walked);
    });
    let first = pieces.recv().await.transpose()?;
    let rest = stream::unfold(pieces, next_piece);
    Ok(Answer::Stream { content_type, hint, content: stream::iter(first.map(Ok)).chain(rest).boxed() })
}

async fn next_piece(mut pieces: Receiver<Piece>) -> Option<(Piece, Receiver<Piece>)> {
    let piece = pieces.recv().await?;
    Some((piece, pieces))
}

/// The rows on their way.
struct Sending {
    sender: Sender<Piece>,
    format: RowsFormat,
    buffer: Vec<u8>,
    /// Rows that may still be sent, if there is a bound.
    left: Option<u64>,
}

impl Sending {
    fn row(&mut self, row: full::FullRow) -> ControlFlow<()> {
        line::push(self.format, &view::row(row), &mut self.buffer);
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        let is_gone = self.buffer.len() >= PIECE_BYTES && self.send().is_break();
        if is_gone || self.left == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Hands on what has gathered; a client that is gone needs no more.
    fn send(&mut self) -> ControlFlow<()> {
        let piece = Bytes::from(std::mem::take(&mut self.buffer));
        if self.sender.blocking_send(Ok(piece)).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whoever reads a stream that breaks off sees that by its missing end.
    fn end(mut self, walked: Result<(), StoreError>) {
        match walked {
            Ok(()) if self.buffer.is_empty() => {}
            Ok(()) => {
                let _ = self.send();
            }
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the rows of a job cannot be read to their end"
                );
                let _ = self.sender.blocking_send(Err(error));
            }
        }
    }
}
