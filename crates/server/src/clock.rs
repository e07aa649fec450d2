//! What time it is: a value, so that tests decide it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

/// Tells milliseconds since 1970.
#[derive(Clone)]
pub struct Clock {
    now: Arc<dyn Fn() -> i64 + Send + Sync>,
    moves: Arc<watch::Sender<()>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock::from_fn(|| Timestamp::now().as_millisecond())
    }

    /// A clock that asks `milliseconds` each time.
    pub fn from_fn(milliseconds: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Clock { now: Arc::new(milliseconds), moves: Arc::new(watch::Sender::new(())) }
    }

    /// Says that the clock was moved by hand: who waits for a time looks at it again.
    pub fn moved(&self) {
        self.moves.send_replace(());
    }

    /// Changes whenever the clock is moved by hand.
    pub(crate) fn moves(&self) -> watch::Receiver<()> {
        self.moves.subscribe()
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(&self) -> i64 {
        (self.now)()
    }

    /// Whole seconds since 1970.
    pub fn seconds(&self) -> i64 {
        self.milliseconds().div_euclid(1000)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock(…)")
    }
}
