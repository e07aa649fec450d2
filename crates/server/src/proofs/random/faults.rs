//! What befalls an attempt, and where: at the n-th point that the store is passed at, outside or inside of a call.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use bulkwright_store::Error as StoreError;
use bulkwright_store::failure::{FailurePoint, FailurePoints};
use proptest::prelude::*;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Clock;

/// Points of an attempt at a job of several chunks, and some more.
const POINTS_MAX: usize = 90;
const HOUR_MS: i64 = 3_600_000;
/// Longer than any rest and any lease.
const LONG_MS: i64 = 400_000;

/// What happens at the point that is passed as the n-th.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    at: usize,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    /// The call fails, or has failed only in what it answers.
    Fails,
    /// The process dies: from here on nothing is written any more.
    Dies,
    /// The server is told to end.
    Stops,
    /// The lease is over, and another worker takes the job while this one goes on.
    IsOvertaken,
    ClockGoesForward,
    ClockGoesBack,
}

impl Fault {
    pub(super) const NAMES: [&str; 6] =
        ["fails", "dies", "stops", "is overtaken", "clock goes forward", "clock goes back"];

    fn name(&self) -> &'static str {
        Fault::NAMES[self.what as usize]
    }
}

pub(super) fn fault() -> impl Strategy<Value = Fault> {
    let what = prop_oneof![
        3 => Just(What::Fails),
        3 => Just(What::Dies),
        1 => Just(What::Stops),
        2 => Just(What::IsOvertaken),
        1 => Just(What::ClockGoesForward),
        1 => Just(What::ClockGoesBack),
    ];
    (0..POINTS_MAX, what).prop_map(|(at, what)| Fault { at, what })
}

/// Asked at every point.
pub(super) struct Faults {
    now_ms: AtomicI64,
    latest_ms: AtomicI64,
    attempt: Mutex<AttemptFate>,
    /// Told when another worker may take the job.
    pub(super) overtaken: Notify,
}

#[derive(Default)]
struct AttemptFate {
    fault: Option<Fault>,
    passed: usize,
    is_dead: bool,
    draining: CancellationToken,
    met: BTreeMap<&'static str, u32>,
}

impl Faults {
    pub(super) fn new(now_ms: i64) -> Arc<Self> {
        Arc::new(Faults {
            now_ms: AtomicI64::new(now_ms),
            latest_ms: AtomicI64::new(now_ms),
            attempt: Mutex::default(),
            overtaken: Notify::new(),
        })
    }

    pub(super) fn points(self: &Arc<Self>) -> FailurePoints {
        let faults = self.clone();
        FailurePoints::from_fn(move |point| faults.pass(point))
    }

    pub(super) fn clock(self: &Arc<Self>) -> Clock {
        let faults = self.clone();
        Clock::from_fn(move || faults.now_ms.load(Ordering::SeqCst))
    }

    /// Begins an attempt that this will happen to.
    pub(super) fn arm(&self, fault: Option<Fault>, draining: CancellationToken) {
        let mut attempt = self.attempt();
        (attempt.fault, attempt.passed, attempt.draining) = (fault, 0, draining);
    }

    /// Ends it; nothing happens until the next. Whether the process has died.
    pub(super) fn disarm(&self) -> bool {
        let mut attempt = self.attempt();
        attempt.fault = None;
        std::mem::take(&mut attempt.is_dead)
    }

    /// Lets so much time pass that no rest and no lease is left, whatever the clock has done.
    pub(super) fn time_passes(&self) {
        let latest = self.latest_ms.fetch_add(LONG_MS, Ordering::SeqCst) + LONG_MS;
        self.now_ms.store(latest, Ordering::SeqCst);
    }

    pub(super) fn met(&self) -> BTreeMap<&'static str, u32> {
        self.attempt().met.clone()
    }

    fn attempt(&self) -> MutexGuard<'_, AttemptFate> {
        self.attempt.lock().unwrap()
    }

    fn pass(&self, point: FailurePoint) -> Result<(), StoreError> {
        let mut attempt = self.attempt();
        if attempt.is_dead {
            return failed(point);
        }
        attempt.passed += 1;
        let passed = attempt.passed;
        let Some(fault) = attempt.fault.take_if(|fault| fault.at < passed) else { return Ok(()) };
        *attempt.met.entry(fault.name()).or_default() += 1;
        match fault.what {
            What::Fails => return failed(point),
            What::Dies => {
                attempt.is_dead = true;
                // Nobody is there any more to wait for.
                attempt.draining.cancel();
                return failed(point);
            }
            What::Stops => attempt.draining.cancel(),
            What::IsOvertaken => {
                self.turn_clock(LONG_MS);
                self.overtaken.notify_one();
            }
            What::ClockGoesForward => self.turn_clock(HOUR_MS),
            What::ClockGoesBack => self.turn_clock(-HOUR_MS),
        }
        Ok(())
    }

    fn turn_clock(&self, by_ms: i64) {
        let now = self.now_ms.fetch_add(by_ms, Ordering::SeqCst) + by_ms;
        self.latest_ms.fetch_max(now, Ordering::SeqCst);
    }
}

fn failed(point: FailurePoint) -> Result<(), StoreError> {
    Err(StoreError::Failed { doing: point.step, source: format!("the test says so ({point})").into() })
}
