//! The outbox: tells receivers that their jobs have ended, at least once each.
//!
//! A callback's row was committed with its job's end. Here it is sent when it is due and what came of it is noted, in this
//! order: whoever dies in between leaves it due, and the receiver knows the repeat by its id. The worker is woken when a
//! job ends, when a callback is due, and looks by itself now and then.

mod attempt;
mod message;
mod names;
mod schedule;
mod sender;
pub(crate) mod signature;

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bulkwright_engine::ids::JobId;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::Delivery;
use futures::FutureExt;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use url::Url;

use crate::callback_rule::CallbackRule;
use crate::config::{Config, Mode};
use crate::randomness::Randomness;
use crate::state::App;
use sender::Sender;

#[cfg(test)]
mod tests;

pub use names::NameLookup;
pub(crate) use schedule::first as first_due;

/// Callbacks under way at the same time.
const UNDER_WAY_MAX: usize = 32;
/// Of those, to one host and port: a receiver that is slow does not hold up others.
const PER_HOST_MAX: usize = 4;
/// Deliveries read in one look at those that are due.
const LOOK_ROWS: u32 = 1024;
/// Deliveries read where all of a smaller look are for hosts that have their share.
const LOOK_ROWS_MAX: u32 = 65_536;
/// How often the worker looks although nobody woke it, and how long it rests where the store fails.
const POLL: Duration = Duration::from_secs(5);
/// How often it looks while callbacks are under way: what else becomes due meanwhile is not known.
const POLL_UNDER_WAY: Duration = Duration::from_secs(1);
/// Shortest wait between two looks.
const WAIT_MIN: Duration = Duration::from_millis(20);
/// Time for callbacks under way to end once the server stops. After it they are left due.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// What callbacks are sent by, and what came of them.
pub(crate) struct Callbacks {
    pub(crate) rule: CallbackRule,
    /// The waits before the first try, the second, and so on.
    pub(crate) schedule: Vec<Duration>,
    /// Time of one try.
    pub(crate) time_max: Duration,
    pub(crate) lookup: NameLookup,
    pub(crate) randomness: Randomness,
    /// Wakes the worker: a job has ended.
    pub(crate) wake: Notify,
    pub(crate) counts: Counts,
}

/// Tries since the start, by what came of them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Taken by the receiver.
    pub(crate) delivered: AtomicU64,
    /// To be tried again.
    pub(crate) postponed: AtomicU64,
    /// Not to be tried again.
    pub(crate) given_up: AtomicU64,
}

impl Callbacks {
    pub(crate) fn new(config: &Config) -> Self {
        let allow = config.callback_allow.clone();
        Callbacks {
            rule: match config.mode {
                // A receiver beside the one who develops: not for others who can reach this server.
                Mode::Dev if config.listen.ip().is_loopback() => CallbackRule::public_loopback_and(allow),
                Mode::Dev | Mode::Serve { .. } => CallbackRule::public_and(allow),
            },
            schedule: config.callback_schedule.clone(),
            time_max: config.callback_timeout,
            lookup: config.callback_lookup.clone(),
            randomness: config.randomness.clone(),
            wake: Notify::new(),
            counts: Counts::default(),
        }
    }
}

/// Delivers until the server ends.
pub(crate) async fn serve(app: Arc<App>) {
    let mut outbox = Outbox::new(app);
    while !outbox.app.draining.is_cancelled() {
        outbox.go_on().await;
    }
    outbox.finish().await;
}

struct Outbox {
    app: Arc<App>,
    /// Made for the first callback: it reads the system's certificates, which takes its time.
    sender: Option<Arc<Sender>>,
    /// Due and not begun, those that are due longest first.
    waiting: Vec<Due>,
    under_way: UnderWay,
    tries: JoinSet<(JobId, String)>,
    clock_moves: watch::Receiver<()>,
    next: Next,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// See what is due.
    Look,
    /// A place is free for what is known to wait.
    Begin,
}

struct Due {
    delivery: Delivery,
    /// Host and port.
    host: String,
}

impl Due {
    fn of(delivery: Delivery) -> Self {
        let url = Url::parse(&delivery.callback.url).ok();
        let host = url.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
        // What names no host shares one place, and is given up by the rule.
        Due { delivery, host: host.unwrap_or_default() }
    }
}

impl Outbox {
    fn new(app: Arc<App>) -> Self {
        Outbox {
            sender: None,
            waiting: Vec::new(),
            under_way: UnderWay::default(),
            tries: JoinSet::new(),
            clock_moves: app.clock.moves(),
            next: Next::Look,
            app,
        }
    }

    async fn go_on(&mut self) {
        let wait = match self.looked_and_begun().await {
            Ok(wait) => wait,
            Err(error) => {
                let error = &*error as &dyn std::error::Error;
                tracing::error!(error, "callbacks that are due cannot be sent");
                POLL
            }
        };
        self.wait(wait).await;
    }

    /// Sees what is due, begins what has room, and answers how long nothing else needs to be done.
    async fn looked_and_begun(&mut self) -> Result<Duration, Box<dyn std::error::Error + Send + Sync>> {
        if self.next == Next::Look {
            self.look().await?;
        }
        self.begin()?;
        if !self.under_way.jobs.is_empty() {
            return Ok(POLL_UNDER_WAY);
        }
        let Some(next_at) = self.app.store.next_delivery_at().await? else { return Ok(POLL) };
        let wait_ms = next_at.saturating_mul(1000).saturating_sub(self.app.clock.milliseconds());
        Ok(Duration::from_millis(u64::try_from(wait_ms).unwrap_or_default()).clamp(WAIT_MIN, POLL))
    }

    async fn look(&mut self) -> Result<(), StoreError> {
        let mut rows = LOOK_ROWS;
        loop {
            let due = self.app.store.due_deliveries(self.app.clock.seconds(), rows).await?;
            let is_all = due.len() < rows as usize;
            let begun = &self.under_way.jobs;
            self.waiting = due.into_iter().filter(|due| !begun.contains(&due.job)).map(Due::of).collect();
            let is_stuck =
                self.under_way.has_room() && !self.waiting.iter().any(|due| self.under_way.has_room_for(due));
            if is_all || !is_stuck || rows >= LOOK_ROWS_MAX {
                return Ok(());
            }
            rows = rows.saturating_mul(8).min(LOOK_ROWS_MAX);
        }
    }

    fn begin(&mut self) -> Result<(), reqwest::Error> {
        for due in std::mem::take(&mut self.waiting) {
            if !self.under_way.has_room_for(&due) {
                self.waiting.push(due);
                continue;
            }
            let sender = self.sender()?;
            self.under_way.enter(&due);
            self.tries.spawn(make_try(self.app.clone(), sender, due));
        }
        Ok(())
    }

    fn sender(&mut self) -> Result<Arc<Sender>, reqwest::Error> {
        if let Some(sender) = &self.sender {
            return Ok(sender.clone());
        }
        let callbacks = &self.app.callbacks;
        let (rule, lookup, clock) = (callbacks.rule.clone(), callbacks.lookup.clone(), self.app.clock.clone());
        let sender = Arc::new(Sender::new(rule, lookup, clock, callbacks.time_max)?);
        self.sender = Some(sender.clone());
        Ok(sender)
    }

    async fn wait(&mut self, time: Duration) {
        self.next = Next::Look;
        tokio::select! {
            Some(ended) = self.tries.join_next() => {
                self.ended(ended);
                // What waits is known already, unless all of it is begun: there may be more than was read.
                if !self.waiting.is_empty() {
                    self.next = Next::Begin;
                }
            }
            () = self.app.callbacks.wake.notified() => {}
            Ok(()) = self.clock_moves.changed() => {}
            () = tokio::time::sleep(time) => {}
            () = self.app.draining.cancelled() => {}
        }
    }

    fn ended(&mut self, ended: Result<(JobId, String), tokio::task::JoinError>) {
        match ended {
            Ok((job, host)) => self.under_way.leave(job, &host),
            Err(error) => tracing::error!(%error, "a callback's task ended early"),
        }
    }

    /// Waits a little for what is under way. What is cut stays due: it may reach its receiver twice, never not at all.
    async fn finish(mut self) {
        let ends = async { while self.tries.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN_TIME_MAX, ends).await.is_err() {
            tracing::warn!(callbacks = self.tries.len(), "callbacks under way are left for the next start");
            self.tries.shutdown().await;
        }
    }
}

async fn make_try(app: Arc<App>, sender: Arc<Sender>, due: Due) -> (JobId, String) {
    let Due { delivery, host } = due;
    if AssertUnwindSafe(attempt::make(&app, sender, &delivery, &host)).catch_unwind().await.is_err() {
        tracing::error!(job = %delivery.job, "a callback met a fault of this server's own and is tried again");
        attempt::rest(&app).await;
    }
    (delivery.job, host)
}

/// What is being sent.
#[derive(Default)]
struct UnderWay {
    jobs: HashSet<JobId>,
    hosts: HashMap<String, usize>,
}

impl UnderWay {
    fn has_room(&self) -> bool {
        self.jobs.len() < UNDER_WAY_MAX
    }

    fn has_room_for(&self, due: &Due) -> bool {
        self.has_room() && self.hosts.get(&due.host).is_none_or(|&count| count < PER_HOST_MAX)
    }

    fn enter(&mut self, due: &Due) {
        self.jobs.insert(due.delivery.job);
        *self.hosts.entry(due.host.clone()).or_default() += 1;
    }

    fn leave(&mut self, job: JobId, host: &str) {
        self.jobs.remove(&job);
        if let Some(count) = self.hosts.get_mut(host) {
            *count -= 1;
            if *count == 0 {
                self.hosts.remove(host);
            }
        }
    }
}
