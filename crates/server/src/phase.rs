//! What a connection is at, told by those who serve it.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

/// What a connection is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    /// It owes the head of a request, from when it was accepted or from the head's first byte; a handshake is part of it.
    Head,
    /// A request's body comes in, or its answer is worked on.
    Request,
    /// The answer goes out.
    Answer,
    /// It has its answers and asks nothing.
    Between,
}

/// The phase of one connection, and since when it lasts. Clones tell of the same connection.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    now: Arc<Mutex<(At, Instant)>>,
    /// Rung when the connection begins to ask nothing.
    idle: Arc<Notify>,
}

impl Phase {
    /// Of a connection that was just accepted.
    pub(crate) fn new(idle: Arc<Notify>) -> Self {
        Phase { now: Arc::new(Mutex::new((At::Head, Instant::now()))), idle }
    }

    /// What the connection is at, and since when.
    pub(crate) fn now(&self) -> (At, Instant) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is(&self, at: At) -> bool {
        self.now().0 == at
    }

    /// Bytes came: after an answer they are the beginning of the next head.
    pub(crate) fn bytes_came(&self) {
        if self.is(At::Between) {
            self.enter(At::Head);
        }
    }

    /// The head is read; a body and an answer follow.
    pub(crate) fn request_begins(&self) {
        self.enter(At::Request);
    }

    /// The body is read and the answer known.
    pub(crate) fn answer_begins(&self) {
        self.enter(At::Answer);
    }

    /// The answer is handed to the socket. What comes next is another head.
    pub(crate) fn answer_ends(&self) {
        if self.is(At::Answer) {
            self.enter(At::Between);
            self.idle.notify_one();
        }
    }

    fn enter(&self, at: At) {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner) = (at, Instant::now());
    }
}
