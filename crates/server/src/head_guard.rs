//! A connection that ends when the head of a request takes too long.
//!
//! The HTTP library's own timer also runs while a connection says nothing between two requests, where clients that
//! look at a job every ten seconds would meet it. It bounds that silence here; a head that has begun is timed by this.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::phase::{At, Phase};

/// Passes bytes through, and fails a read while a head takes longer than `time_max`. The first head is timed from when
/// the connection was accepted.
pub(crate) struct HeadGuard<S> {
    stream: S,
    phase: Phase,
    time_max: Duration,
    running: Option<Pin<Box<Sleep>>>,
}

impl<S> HeadGuard<S> {
    pub(crate) fn new(stream: S, phase: Phase, time_max: Duration) -> Self {
        HeadGuard { stream, phase, time_max, running: None }
    }

    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let (At::Head, since) = self.phase.now() else {
            self.running = None;
            return false;
        };
        let until = since + self.time_max;
        let running = self.running.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if running.deadline() != until {
            running.as_mut().reset(until);
        }
        running.as_mut().poll(cx).is_ready()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for HeadGuard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.phase.bytes_came();
        }
        if self.is_late(cx) {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the head of a request takes too long")));
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for HeadGuard<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::{Instant, sleep, timeout};

    use super::*;

    const TIME_MAX: Duration = Duration::from_secs(10);

    fn guarded() -> (DuplexStream, HeadGuard<DuplexStream>, Phase) {
        let (client, server) = tokio::io::duplex(64);
        let phase = Phase::new(Arc::default());
        (client, HeadGuard::new(server, phase.clone(), TIME_MAX), phase)
    }

    /// Seconds until reading fails; `None` if it still waits after an hour.
    async fn failed_after(guard: &mut HeadGuard<DuplexStream>) -> Option<u64> {
        let began = Instant::now();
        let reads = async { while guard.read_u8().await.is_ok() {} };
        timeout(Duration::from_secs(3600), reads).await.ok().map(|()| began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_is_timed_from_the_start_and_dribbling_wins_nothing() {
        let (client, mut guard, _) = guarded();
        assert_eq!(failed_after(&mut guard).await, Some(10), "silence");
        drop(client);
        let (mut client, mut guard, _) = guarded();
        let dribble = tokio::spawn(async move {
            while client.write_all(b"x").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
        });
        assert_eq!(failed_after(&mut guard).await, Some(10), "a byte a second");
        dribble.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_and_the_silence_between_requests_are_not_timed_here() {
        let (mut client, mut guard, phase) = guarded();
        client.write_all(b"x").await.unwrap();
        guard.read_u8().await.unwrap();
        phase.request_begins();
        assert_eq!(failed_after(&mut guard).await, None, "a body");
        phase.answer_begins();
        client.write_all(b"z").await.unwrap();
        assert_eq!(failed_after(&mut guard).await, None, "an answer, and the next head already there");
        phase.answer_ends();
        assert_eq!(failed_after(&mut guard).await, None, "between two requests");
        client.write_all(b"y").await.unwrap();
        assert_eq!(failed_after(&mut guard).await, Some(10), "the next head");
    }

    /// Nobody reads while an answer is worked on, so nobody sees that the time of the first head is void.
    #[tokio::test(start_paused = true)]
    async fn each_head_has_a_time_of_its_own() {
        let (mut client, mut guard, phase) = guarded();
        client.write_all(b"xy").await.unwrap();
        guard.read_u8().await.unwrap();
        phase.request_begins();
        sleep(Duration::from_secs(60)).await;
        phase.answer_begins();
        phase.answer_ends();
        assert_eq!(guard.read_u8().await.unwrap(), b'y');
        assert_eq!(failed_after(&mut guard).await, Some(10));
    }
}
