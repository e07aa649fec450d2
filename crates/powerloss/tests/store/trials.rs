//! Losses at all positions, tried by as many threads as there are cores.

use std::collections::HashSet;
use std::env;
use std::fmt;
use std::iter::successors;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bulkwright_powerloss::{Image, Loss, Operation, Random, Tree};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::history::History;
use crate::trial::{Depth, Expectations, Moment};

/// Seeded losses at a position beside a sync, where it matters most what was kept; `POWERLOSS_STATES` multiplies it.
const SEEDS_BESIDE_A_SYNC: u64 = 12;
/// Seeded losses at every other position.
const SEEDS_ELSEWHERE: u64 = 5;
/// Of this many different states, one is worked on.
const WORKED_EVERY: usize = 25;

/// Operations before a bad state that are told.
const OPERATIONS_TOLD: usize = 12;

/// What was tried.
#[derive(Default)]
pub(crate) struct Tally {
    positions: AtomicUsize,
    states: AtomicUsize,
    different: AtomicUsize,
    worked: AtomicUsize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [positions, states, different, worked] =
            [&self.positions, &self.states, &self.different, &self.worked].map(|it| it.load(Ordering::Relaxed));
        write!(
            f,
            "{positions} positions, {states} states after a loss, {different} of them different and opened, \
             {worked} of those read through and their jobs finished"
        )
    }
}

/// A state that must not be.
pub(crate) struct Bad {
    tree: Tree,
    text: String,
}

impl Bad {
    /// Keeps the disk to be looked at, and says what is wrong with it.
    pub(crate) fn kept(self) -> String {
        let kept = folder().keep();
        self.tree.write_to(&kept).unwrap();
        format!("{}the disk is kept in {}", self.text, kept.display())
    }
}

/// Losses of one history.
pub(crate) struct Trials<'a> {
    history: &'a History,
    expectations: Expectations<'a>,
    first_seed: u64,
    factor: u64,
    seen: Mutex<HashSet<(u64, Moment)>>,
    bad: Mutex<Option<Bad>>,
    tally: Tally,
}

impl<'a> Trials<'a> {
    pub(crate) fn new(history: &'a History) -> Trials<'a> {
        let number = |name: &str| env::var(name).ok().map(|it| it.parse().expect("a number is set"));
        let whole = |position| image_at(history, position).after(Loss::Nothing);
        Trials {
            history,
            expectations: Expectations::new(history, whole),
            first_seed: number("POWERLOSS_SEED").unwrap_or(1),
            factor: number("POWERLOSS_STATES").unwrap_or(1),
            seen: Mutex::default(),
            bad: Mutex::default(),
            tally: Tally::default(),
        }
    }

    /// Tries losses at the positions that are chosen, and answers what was tried, or the first bad state.
    pub(crate) fn run(self, chosen: impl Fn(usize) -> bool + Sync) -> Result<Tally, Bad> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let (trials, chosen) = (&self, &chosen);
                scope.spawn(move || trials.try_share(worker, workers, chosen));
            }
        });
        match self.bad.into_inner().unwrap_or_else(PoisonError::into_inner) {
            None => Ok(self.tally),
            Some(bad) => Err(bad),
        }
    }

    fn try_share(&self, worker: usize, workers: usize, chosen: impl Fn(usize) -> bool) {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut image = Image::default();
        for position in 0..=self.history.journal.len() {
            if position % workers == worker && chosen(position) {
                self.tally.positions.fetch_add(1, Ordering::Relaxed);
                for loss in self.losses(position) {
                    self.try_loss(&image, loss, &runtime);
                }
            }
            if self.bad.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
                return;
            }
            if let Some(operation) = self.history.journal.get(position) {
                image.advance(operation);
            }
        }
    }

    fn losses(&self, position: usize) -> Vec<Loss> {
        let mut beside = position.checked_sub(1).into_iter().chain([position]);
        let is_sync = |place: usize| self.history.journal.get(place).is_some_and(Operation::is_sync);
        let seeds = if beside.any(is_sync) { SEEDS_BESIDE_A_SYNC } else { SEEDS_ELSEWHERE };
        let seed = |nth| Random::of(self.first_seed, position as u64 * 1_000_000 + nth).number();
        let some = (0..seeds * self.factor).map(|nth| Loss::Some { seed: seed(nth) });
        [Loss::All, Loss::Nothing].into_iter().chain(some).collect()
    }

    fn try_loss(&self, image: &Image, loss: Loss, runtime: &Runtime) {
        self.tally.states.fetch_add(1, Ordering::Relaxed);
        let (tree, moment) = (image.after(loss), self.expectations.moment(image.position()));
        let new = self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert((tree.fingerprint(), moment));
        if !new {
            return;
        }
        let before = self.tally.different.fetch_add(1, Ordering::Relaxed);
        let depth = if before.is_multiple_of(WORKED_EVERY) { Depth::Worked } else { Depth::Compared };
        if depth == Depth::Worked {
            self.tally.worked.fetch_add(1, Ordering::Relaxed);
        }
        let folder = folder();
        let checked = self.expectations.check(&tree, moment, depth, folder.path(), runtime);
        if let Err(failure) = checked {
            let text = self.describe(image.position(), loss, moment, failure.as_ref());
            *self.bad.lock().unwrap_or_else(PoisonError::into_inner) = Some(Bad { tree, text });
        }
    }

    fn describe(&self, position: usize, loss: Loss, moment: Moment, failure: &dyn std::error::Error) -> String {
        let causes: Vec<String> = successors(Some(failure), |it| it.source()).map(ToString::to_string).collect();
        let last = self.history.journal[position.saturating_sub(OPERATIONS_TOLD)..position].iter();
        let last: String = last.map(|operation| format!("  {:.120}\n", format!("{operation:?}"))).collect();
        format!(
            "power lost at {position} of {} as {loss:?} (POWERLOSS_SEED={}), {} calls answered, then: {}\n{}\n\
             the last operations were\n{last}",
            self.history.journal.len(),
            self.first_seed,
            moment.answered,
            self.expectations.call(moment),
            causes.join(": ")
        )
    }
}

/// A new folder, in memory where there is such a place: what is tried need not last, and comes by the thousand.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// The disk after so many operations.
pub(crate) fn image_at(history: &History, position: usize) -> Image {
    let mut image = Image::default();
    history.journal[..position].iter().for_each(|operation| image.advance(operation));
    image
}
