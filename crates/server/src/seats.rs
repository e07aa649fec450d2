//! The connections that are open: how many there may be, and which one goes when another wants in.
//!
//! First goes the one that has had its answers and has asked nothing for the longest time. If there is none, the one
//! that has owed the head of a request for the longest time, but not before it had a fair time to send it. A connection
//! whose request is being answered never goes: if all are, whoever wants in waits in the system's listen queue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::phase::{At, Phase};

/// How long a connection may owe a head before it counts as idle. Honest clients send theirs within some round trips;
/// the seats divided by this is how many silent ones a second a server outlasts.
const HEAD_GRACE: Duration = Duration::from_secs(1);
/// How long one that was told to leave is waited for before another one is told so.
const LEAVE_TIME: Duration = Duration::from_millis(250);

/// The seats of a server.
pub(crate) struct Seats {
    seats_max: usize,
    taken: Mutex<Taken>,
    /// Rung when a seat becomes free, and when a connection begins to ask nothing.
    changed: Arc<Notify>,
}

#[derive(Default)]
struct Taken {
    next: u64,
    by_number: HashMap<u64, Place>,
    /// Somebody was told to leave, and has until then before another one is told so.
    leaving_until: Option<Instant>,
}

/// What is known of a connection here.
#[derive(Clone)]
struct Place {
    phase: Phase,
    leave: CancellationToken,
}

/// One connection's seat; dropped, it is free.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    number: u64,
    place: Place,
}

impl Seat {
    /// What the connection is at.
    pub(crate) fn phase(&self) -> &Phase {
        &self.place.phase
    }

    /// Done when the connection has to make room.
    pub(crate) async fn leave(&self) {
        self.place.leave.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.lock().by_number.remove(&self.number);
        self.seats.changed.notify_one();
    }
}

/// What came of a look for a seat.
enum Look {
    Found(Seat),
    /// All are taken. Another look is worth it once something changes, or then.
    Full(Option<Instant>),
}

impl Seats {
    pub(crate) fn new(seats_max: usize) -> Arc<Self> {
        Arc::new(Seats { seats_max, taken: Mutex::default(), changed: Arc::default() })
    }

    /// A seat for a connection that waits to be accepted; if all are taken, as soon as somebody has left.
    pub(crate) async fn take(self: &Arc<Self>) -> Seat {
        loop {
            match self.look(Instant::now()) {
                Look::Found(seat) => return seat,
                Look::Full(None) => self.changed.notified().await,
                Look::Full(Some(until)) => {
                    let _ = tokio::time::timeout_at(until, self.changed.notified()).await;
                }
            }
        }
    }

    fn look(self: &Arc<Self>, now: Instant) -> Look {
        let mut taken = self.lock();
        if taken.by_number.len() >= self.seats_max {
            return Look::Full(taken.make_room(now));
        }
        taken.leaving_until = None;
        let number = taken.next;
        taken.next += 1;
        let place = Place { phase: Phase::new(self.changed.clone()), leave: CancellationToken::new() };
        taken.by_number.insert(number, place.clone());
        Look::Found(Seat { seats: self.clone(), number, place })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Tells the connection to leave whose turn it is. Answers when this may be asked again: none if all are busy.
    fn make_room(&mut self, now: Instant) -> Option<Instant> {
        if let Some(until) = self.leaving_until.filter(|until| *until > now) {
            return Some(until);
        }
        let staying = self.by_number.values().filter(|place| !place.leave.is_cancelled());
        let (_, from, place) = staying.filter_map(turn).min_by_key(|(rank, from, _)| (*rank, *from))?;
        if from > now {
            return Some(from);
        }
        tracing::debug!("all connections are taken: the one that is idle longest is closed");
        place.leave.cancel();
        self.leaving_until = Some(now + LEAVE_TIME);
        self.leaving_until
    }
}

/// Rank of a connection among those that may go, and from when on it may.
fn turn(place: &Place) -> Option<(u8, Instant, &Place)> {
    match place.phase.now() {
        (At::Between, since) => Some((0, since, place)),
        (At::Head, since) => Some((1, since + HEAD_GRACE, place)),
        (At::Request | At::Answer, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;

    use tokio::time::{advance, timeout};

    use super::*;

    /// Far beyond every time here; the clock of these tests stands still until it is waited for.
    const LONG: Duration = Duration::from_secs(3600);

    fn is_told(seat: &Seat) -> bool {
        seat.place.leave.is_cancelled()
    }

    fn finish(seat: &Seat) {
        seat.phase().request_begins();
        seat.phase().answer_begins();
        seat.phase().answer_ends();
    }

    async fn three(seats: &Arc<Seats>) -> [Seat; 3] {
        [seats.take().await, seats.take().await, seats.take().await]
    }

    async fn is_stuck<T>(taking: impl Future<Output = T>) -> bool {
        timeout(LONG, taking).await.is_err()
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_idle_longest_goes_before_who_has_not_asked_yet() {
        let seats = Seats::new(3);
        let [silent, later, first] = three(&seats).await;
        finish(&first);
        advance(Duration::from_secs(5)).await;
        finish(&later);
        let taking = tokio::spawn({
            let seats = seats.clone();
            async move { seats.take().await }
        });
        first.leave().await;
        assert_eq!([&silent, &later].map(is_told), [false, false]);
        drop(first);
        taking.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_busy_never_go_and_the_one_that_ends_makes_room() {
        let seats = Seats::new(3);
        let all = three(&seats).await;
        all.iter().for_each(|seat| seat.phase().request_begins());
        all[1].phase().answer_begins();
        assert!(is_stuck(seats.take()).await);
        assert_eq!(all.iter().filter(|seat| is_told(seat)).count(), 0);
        let taking = tokio::spawn({
            let seats = seats.clone();
            async move { seats.take().await }
        });
        tokio::task::yield_now().await;
        // It has its answer now: it is idle, and goes.
        all[1].phase().answer_ends();
        all[1].leave().await;
        drop(all);
        taking.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_owes_a_head_has_a_fair_time_for_it() {
        let seats = Seats::new(3);
        let [first, second, third] = three(&seats).await;
        // The next head of a connection that was idle has begun.
        finish(&first);
        advance(Duration::from_millis(500)).await;
        first.phase().bytes_came();
        let began = Instant::now();
        let taking = tokio::spawn({
            let seats = seats.clone();
            async move { seats.take().await }
        });
        let told = tokio::select! {
            () = first.leave() => "first",
            () = second.leave() => "second",
            () = third.leave() => "third",
        };
        assert!(told != "first" && began.elapsed() == Duration::from_millis(500), "{told} {:?}", began.elapsed());
        drop((first, second, third));
        taking.await.unwrap();
    }

    /// One that does not leave at once holds nobody up.
    #[tokio::test(start_paused = true)]
    async fn another_one_is_told_if_the_first_does_not_leave() {
        let seats = Seats::new(3);
        let [first, second, third] = three(&seats).await;
        finish(&second);
        advance(Duration::from_millis(1)).await;
        finish(&first);
        let taking = tokio::spawn({
            let seats = seats.clone();
            async move { seats.take().await }
        });
        second.leave().await;
        let began = Instant::now();
        first.leave().await;
        assert_eq!(began.elapsed(), LEAVE_TIME);
        drop(first);
        taking.await.unwrap();
        assert!(!is_told(&third));
    }
}
