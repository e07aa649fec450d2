//! When a server is killed: seeded, and spread over all that a job goes through.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::feed::Step;
use crate::random::Random;

/// How long a step that is waited for may stay away; then the server is killed without it.
const STEP_MAX: Duration = Duration::from_millis(1_500);
/// How often it is looked for.
const LOOK: Duration = Duration::from_micros(200);
/// Kills in a row that come early at most: a long chunk has to have its chance, or the job would rightly be given up.
const EARLY_MAX: u32 = 5;

/// When to kill.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    /// So long after the start, ready or not.
    StartUp(Duration),
    /// So long after it was ready.
    Running(Duration),
    /// So long after the client's next step began.
    Client(Step, Duration),
    /// So long after the server was seen at this.
    Server(Doing, Duration),
}

/// What a server can be seen at from outside, by its data directory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Doing {
    /// A chunk is being committed: there is a rollback journal.
    Commit,
    /// A result is being written.
    Result,
    /// A result was written and is being put in its place: the job is about to end.
    Finish,
}

/// The moments of a run, one after another.
#[derive(Debug)]
pub(crate) struct Moments {
    random: Random,
    burst_left: u64,
    early: u32,
}

/// The stream of random numbers that moments are drawn from.
const STREAM: u64 = u64::MAX;

impl Moments {
    pub(crate) fn new(seed: u64) -> Moments {
        Moments { random: Random::new(seed, STREAM), burst_left: 0, early: 0 }
    }

    pub(crate) fn next(&mut self) -> Moment {
        if self.early == EARLY_MAX {
            self.early = 0;
            return Moment::Running(Duration::from_secs(1) + self.random.time_below(Duration::from_millis(2_500)));
        }
        self.early += 1;
        if self.burst_left > 0 {
            self.burst_left -= 1;
            return self.early_moment();
        }
        let milliseconds = Duration::from_millis;
        let random = &mut self.random;
        match random.below(100) {
            0..8 => {
                self.burst_left = random.between(2, 4);
                self.early_moment()
            }
            8..16 => Moment::StartUp(random.time_below(milliseconds(60))),
            16..45 => Moment::Running(random.time_below(milliseconds(1_000))),
            45..53 => Moment::Client(Step::Upload, random.time_below(milliseconds(15))),
            53..63 => Moment::Client(Step::Create, random.time_below(milliseconds(6))),
            63..80 => Moment::Server(Doing::Commit, random.time_below(milliseconds(60))),
            80..88 => Moment::Server(Doing::Result, random.time_below(milliseconds(20))),
            _ => Moment::Server(Doing::Finish, random.time_below(milliseconds(4))),
        }
    }

    fn early_moment(&mut self) -> Moment {
        match self.random.below(2) {
            0 => Moment::StartUp(self.random.time_below(Duration::from_millis(60))),
            _ => Moment::Running(self.random.time_below(Duration::from_millis(60))),
        }
    }
}

impl Moment {
    /// Waits for it, once the server is ready.
    pub(crate) async fn wait(self, data: &Path, steps: &mut watch::Receiver<Step>) {
        let delay = match self {
            Moment::StartUp(_) => return,
            Moment::Running(delay) => delay,
            Moment::Client(step, delay) => {
                steps.mark_unchanged();
                let _ = tokio::time::timeout(STEP_MAX, steps.wait_for(|now| *now == step)).await;
                delay
            }
            Moment::Server(doing, delay) => {
                doing.wait(data).await;
                delay
            }
        };
        tokio::time::sleep(delay).await;
    }
}

impl Doing {
    async fn wait(self, data: &Path) {
        let began = Instant::now();
        let mut seen_at_result = false;
        while began.elapsed() < STEP_MAX {
            let rendering = is_filled(&data.join("scratch"));
            seen_at_result |= rendering;
            let now = match self {
                Doing::Commit => data.join("records.db-journal").metadata().is_ok_and(|journal| journal.len() > 0),
                Doing::Result => rendering,
                Doing::Finish => seen_at_result && !rendering,
            };
            if now {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn is_filled(folder: &Path) -> bool {
    fs_err::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}
