//! Request bodies: read at a rate, up to a size, and drained when they are refused.

use std::time::Duration;

use bulkwright_wire::error::ErrorCode;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::ConnectionLimits;
use crate::reply::Refusal;

/// Silence in the middle of a body that is refused, after which its client is taken to wait for the answer.
const DRAIN_SILENCE_MAX: Duration = Duration::from_millis(250);

/// The body of a request under its limits. Only the time spent waiting for the client counts, not our own.
pub(crate) struct RequestBody {
    incoming: Incoming,
    received: u64,
    waited: Duration,
    ended: bool,
    /// The client waits for a word before it sends the body.
    expects_continue: bool,
    limits: BodyLimits,
}

struct BodyLimits {
    idle_max: Duration,
    grace: Duration,
    rate_min: u64,
    drain_bytes_max: u64,
    drain_time_max: Duration,
}

/// What became of the part of a body that nobody wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// The whole body was taken: the connection can be used again.
    Whole,
    /// Something is left: the connection has to close.
    Cut,
    /// The client has stopped in the middle: it is answered, and what it may still send is taken meanwhile.
    Silent,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, expects_continue: bool, limits: &ConnectionLimits) -> Self {
        let ended = incoming.is_end_stream();
        let limits = BodyLimits {
            idle_max: limits.body_idle_max,
            grace: limits.body_grace,
            rate_min: limits.body_rate_min,
            drain_bytes_max: limits.drain_bytes_max,
            drain_time_max: limits.drain_time_max,
        };
        RequestBody { incoming, received: 0, waited: Duration::ZERO, ended, expects_continue, limits }
    }

    /// The next bytes; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        while !self.ended {
            let began = Instant::now();
            let frame = timeout(self.limits.idle_max, self.incoming.frame()).await;
            self.waited += began.elapsed();
            match frame {
                Err(_) => return Err(self.too_slow()),
                Ok(None) => self.ended = true,
                Ok(Some(Err(error))) => return Err(self.broken(&error)),
                Ok(Some(Ok(frame))) => {
                    // Trailers carry nothing that is asked for.
                    if let Ok(bytes) = frame.into_data() {
                        self.received += bytes.len() as u64;
                        self.check_rate()?;
                        return Ok(Some(bytes));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The whole body, up to `bytes_max`.
    pub(crate) async fn read_whole(&mut self, bytes_max: usize) -> Result<Vec<u8>, Refusal> {
        let mut whole = Vec::new();
        while let Some(bytes) = self.next().await? {
            if whole.len() + bytes.len() > bytes_max {
                return Err(ErrorCode::RequestTooLarge.into());
            }
            whole.extend_from_slice(&bytes);
        }
        Ok(whole)
    }

    /// Takes what is left, up to a bound, so that a client which sends everything before it listens sees the answer.
    /// One that waits for our word is not made to send.
    pub(crate) async fn drain(&mut self) -> Drained {
        if self.ended {
            return Drained::Whole;
        }
        if self.expects_continue && self.received == 0 {
            return Drained::Cut;
        }
        let time_max = self.limits.drain_time_max;
        let bytes_max = self.received.saturating_add(self.limits.drain_bytes_max);
        let rest = async {
            while self.received <= bytes_max {
                match timeout(DRAIN_SILENCE_MAX, self.next()).await {
                    Err(_) => return Drained::Silent,
                    Ok(Ok(Some(_))) => {}
                    Ok(Ok(None)) => return Drained::Whole,
                    Ok(Err(_)) => return Drained::Cut,
                }
            }
            Drained::Cut
        };
        timeout(time_max, rest).await.unwrap_or(Drained::Cut)
    }

    /// Goes on taking what is left, behind the answer: a connection that closes over bytes which nobody has read takes
    /// the answer with it. The same bounds hold, and the end of the server is another.
    pub(crate) fn drain_behind_the_answer(mut self, draining: CancellationToken) {
        let bytes_max = self.received.saturating_add(self.limits.drain_bytes_max);
        let rest = async move {
            let time_max = self.limits.drain_time_max;
            let taken = async { while self.received <= bytes_max && matches!(self.next().await, Ok(Some(_))) {} };
            let _ = timeout(time_max, taken).await;
        };
        tokio::spawn(async move { draining.run_until_cancelled(rest).await });
    }

    fn check_rate(&mut self) -> Result<(), Refusal> {
        let seconds = self.waited.as_secs();
        let slow = self.waited > self.limits.grace && self.received < self.limits.rate_min.saturating_mul(seconds);
        if slow { Err(self.too_slow()) } else { Ok(()) }
    }

    /// A client this slow is not listened to any longer, not even to drain it.
    fn too_slow(&mut self) -> Refusal {
        self.limits.drain_bytes_max = 0;
        self.limits.drain_time_max = Duration::ZERO;
        ErrorCode::RequestTimeout.into()
    }

    fn broken(&mut self, error: &hyper::Error) -> Refusal {
        self.limits.drain_time_max = Duration::ZERO;
        tracing::debug!(%error, received_bytes = self.received, "a request body broke off");
        ErrorCode::InvalidRequest.into()
    }
}
