//! Places where a test may make the store fail.
//!
//! Each step that changes what is stored passes named points: before its transaction, before the commit, and after it. A
//! test is asked at each of them and may answer with an error, panic, or end the process. There is no list of points to
//! keep: a step that commits is named because it commits, so a test that has run once undisturbed knows all of them.

use std::fmt;
use std::sync::Arc;

use crate::Error;

/// A place where something may fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FailurePoint {
    /// The step: `adding a job`.
    pub step: &'static str,
    /// Where in it.
    pub moment: Moment,
}

/// Where in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing is done yet.
    Before,
    /// Something is written that will not be seen unless the step goes on.
    Within(&'static str),
    /// All is done but the commit.
    BeforeCommit,
    /// It is committed; the caller does not know yet. An error here means that it is not known to be written.
    AfterCommit,
}

impl fmt::Display for FailurePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.moment {
            Moment::Before => write!(f, "{}: before", self.step),
            Moment::Within(place) => write!(f, "{}: {place}", self.step),
            Moment::BeforeCommit => write!(f, "{}: before the commit", self.step),
            Moment::AfterCommit => write!(f, "{}: after the commit", self.step),
        }
    }
}

/// Who is asked at each point; by default nobody.
#[derive(Clone, Default)]
pub struct FailurePoints(Option<Arc<Ask>>);

type Ask = dyn Fn(FailurePoint) -> Result<(), Error> + Send + Sync;

impl FailurePoints {
    /// Asks `ask` at each point: it returns, fails, panics or ends the process.
    pub fn from_fn(ask: impl Fn(FailurePoint) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        FailurePoints(Some(Arc::new(ask)))
    }

    /// Passes a point.
    ///
    /// # Errors
    /// Whatever the test says.
    pub fn pass(&self, step: &'static str, moment: Moment) -> Result<(), Error> {
        match &self.0 {
            None => Ok(()),
            Some(ask) => ask(FailurePoint { step, moment }),
        }
    }
}

impl fmt::Debug for FailurePoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "FailurePoints(asked)" } else { "FailurePoints(none)" })
    }
}
