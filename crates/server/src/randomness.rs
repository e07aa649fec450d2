//! Chance: a value, so that tests decide it.

use std::fmt;
use std::sync::Arc;

use crate::access::random_bytes;

/// Tells numbers from 0 up to, but not including, 1.
#[derive(Clone)]
pub struct Randomness(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Randomness {
    /// The system's randomness.
    pub fn system() -> Self {
        // 53 bits are what an f64 can tell apart between 0 and 1.
        Randomness(Arc::new(|| (u64::from_le_bytes(random_bytes()) >> 11) as f64 / (1_u64 << 53) as f64))
    }

    /// Randomness that asks `number` each time.
    pub fn from_fn(number: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Randomness(Arc::new(number))
    }

    /// A number from 0 up to 1.
    pub(crate) fn number(&self) -> f64 {
        (self.0)()
    }
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness(…)")
    }
}
