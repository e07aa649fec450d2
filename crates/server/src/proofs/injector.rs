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

/// The point that fails: the `time`-th passing of it, from 1. Threads pass points beside each other, so a count over all
/// points would not name the same one twice.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) point: FailurePoint,
    pub(super) time: usize,
}

/// The steps of a store at which the story itself interferes, whatever else fails.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// Fails the first time that it is to be taken, so that a job is put to rest.
    pub(super) fails_once: &'static str,
    /// After it was taken for the first time, the server is stopped, so that a job is given back.
    pub(super) stops_after: &'static str,
    /// Shows how far a job is, and renews its lease; waited for before the server is stopped.
    pub(super) shows: &'static str,
}

/// Asked at every point of a story.
pub(super) struct Injector {
    steps: Steps,
    at: Option<At>,
    how: How,
    course: Mutex<Course>,
    /// Told when the server is to be stopped.
    pub(super) stop: Notify,
    /// Told at each point.
    passed_one: Notify,
    stopped: (Sender<()>, Mutex<Receiver<()>>),
}

#[derive(Default)]
struct Course {
    passed: BTreeMap<FailurePoint, usize>,
    has_failed_once: bool,
    has_stopped: bool,
    has_failed: bool,
}

impl Injector {
    pub(super) fn new(steps: Steps, at: Option<At>, how: How) -> Arc<Self> {
        let (sender, receiver) = channel();
        let (course, stopped) = (Mutex::default(), (sender, Mutex::new(receiver)));
        Arc::new(Injector { steps, at, how, course, stop: Notify::new(), passed_one: Notify::new(), stopped })
    }

    pub(super) fn points(self: &Arc<Self>) -> FailurePoints {
        let injector = self.clone();
        FailurePoints::from_fn(move |point| injector.pass(point))
    }

    /// Waits until the job's progress is shown.
    pub(super) async fn shown(&self) {
        while !self.course().passed.keys().any(|point| point.step == self.steps.shows) {
            self.passed_one.notified().await;
        }
    }

    /// The server has been told to stop: what waited for that goes on.
    pub(super) fn told_to_stop(&self) {
        let _ = self.stopped.0.send(());
    }

    /// Whether the story came to the point that fails.
    pub(super) fn has_failed(&self) -> bool {
        self.course().has_failed
    }

    /// How often each point was passed.
    pub(super) fn passed(&self) -> BTreeMap<FailurePoint, usize> {
        self.course().passed.clone()
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        // A panic that is injected is raised when the lock is free again.
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass(&self, point: FailurePoint) -> Result<(), StoreError> {
        let (fails, stops) = {
            let mut course = self.course();
            let times = course.passed.entry(point).or_default();
            *times += 1;
            let is_the_one = self.at.is_some_and(|at| at.point == point && at.time == *times);
            course.has_failed |= is_the_one;
            let fails_once = point.step == self.steps.fails_once && !course.has_failed_once;
            course.has_failed_once |= fails_once;
            let is_taken = point.step == self.steps.stops_after && point.moment == Moment::AfterCommit;
            let stops = is_taken && !is_the_one && !course.has_stopped;
            course.has_stopped |= stops;
            (is_the_one.then_some(self.how).or(fails_once.then_some(How::Error)), stops)
        };
        self.passed_one.notify_one();
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
