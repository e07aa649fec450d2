//! Makes one point of a story fail, and remembers all that were passed.

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bulkwright_store::Error as StoreError;
use bulkwright_store::failure::{FailurePoint, FailurePoints, Moment};
use tokio::sync::Notify;

/// Longest wait for the server to be told to stop. What waits goes on then, and the story tells of no stop.
const STOP_TIME_MAX: Duration = Duration::from_secs(20);

/// How a point fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Error,
    Panic,
}

/// The steps of a store at which the story itself interferes, whatever else fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// Fails the first time that it is to be taken, so that a job is put to rest.
    pub(super) fails_once: &'static str,
    /// After it was taken for the first time, the server is stopped, so that a job is given back.
    pub(super) stops_after: &'static str,
}

/// Asked at every point of a story.
pub(super) struct Injector {
    steps: Steps,
    /// The point that fails, counted from 0.
    at: Option<usize>,
    how: How,
    course: Mutex<Course>,
    /// Told when the server is to be stopped.
    pub(super) stop: Notify,
    stopped: (Sender<()>, Mutex<Receiver<()>>),
}

#[derive(Default)]
struct Course {
    passed: Vec<FailurePoint>,
    has_failed_once: bool,
    has_stopped: bool,
    failed: Option<FailurePoint>,
}

impl Injector {
    pub(super) fn new(steps: Steps, at: Option<usize>, how: How) -> Arc<Self> {
        let (sender, receiver) = channel();
        let (course, stopped) = (Mutex::default(), (sender, Mutex::new(receiver)));
        Arc::new(Injector { steps, at, how, course, stop: Notify::new(), stopped })
    }

    pub(super) fn points(self: &Arc<Self>) -> FailurePoints {
        let injector = self.clone();
        FailurePoints::from_fn(move |point| injector.pass(point))
    }

    /// The server has been told to stop: what waited for that goes on.
    pub(super) fn told_to_stop(&self) {
        let _ = self.stopped.0.send(());
    }

    /// The point that has failed, if the story came to it.
    pub(super) fn failed(&self) -> Option<FailurePoint> {
        self.course().failed
    }

    /// How often each point was passed.
    pub(super) fn passed(&self) -> BTreeMap<FailurePoint, usize> {
        let mut times = BTreeMap::new();
        for point in &self.course().passed {
            *times.entry(*point).or_default() += 1;
        }
        times
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        // A panic that is injected is raised when the lock is free again.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, point: FailurePoint) -> Result<(), StoreError> {
        let (fails, stops) = {
            let mut course = self.course();
            let is_the_one = self.at == Some(course.passed.len());
            course.passed.push(point);
            if is_the_one {
                course.failed = Some(point);
            }
            let fails_once = point.step == self.steps.fails_once && !course.has_failed_once;
            course.has_failed_once |= fails_once;
            let is_taken = point.step == self.steps.stops_after && point.moment == Moment::AfterCommit;
            let stops = is_taken && !is_the_one && !course.has_stopped;
            course.has_stopped |= stops;
            (is_the_one.then_some(self.how).or(fails_once.then_some(How::Error)), stops)
        };
        if stops {
            self.stop.notify_one();
            let waiting = self.stopped.1.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = waiting.recv_timeout(STOP_TIME_MAX);
        }
        match fails {
            None => Ok(()),
            Some(How::Error) => {
                Err(StoreError::Failed { doing: point.step, source: format!("the test says so ({point})").into() })
            }
            // Without the hook that would print a hundred expected panics.
            Some(How::Panic) => resume_unwind(Box::new(format!("the test says so ({point})"))),
        }
    }
}
