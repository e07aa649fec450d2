//! What time it is: a value, so that tests decide it.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

/// Tells milliseconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Clock(Arc::new(|| Timestamp::now().as_millisecond()))
    }

    /// A clock that asks `milliseconds` each time.
    pub fn from_fn(milliseconds: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Clock(Arc::new(milliseconds))
    }

    /// Milliseconds since 1970.
    pub fn milliseconds(&self) -> i64 {
        (self.0)()
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
