//! How often a job is looked at (CLIENT 23).

use std::time::Duration;

use bulkwright_wire::limit;

use crate::api::TargetKind;

/// The first pause at an own server: a small job is done in a fraction of a second.
const OWN_FIRST: Duration = Duration::from_millis(10);
/// The longest pause at an own server.
const OWN_LONGEST: Duration = Duration::from_secs(1);

/// A pause that replaces the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollInterval(pub Duration);

/// The pauses between two looks at one job.
#[derive(Clone, Debug)]
pub(crate) enum Pauses {
    Fixed(Duration),
    /// The next place in [`limit::POLL_SECONDS`].
    Vendor(usize),
    /// The next pause.
    Own(Duration),
}

impl Pauses {
    pub(crate) fn new(kind: TargetKind, interval: Option<PollInterval>) -> Self {
        match (interval, kind) {
            (Some(PollInterval(pause)), _) => Pauses::Fixed(pause),
            (None, TargetKind::Vendor) => Pauses::Vendor(0),
            (None, TargetKind::Own) => Pauses::Own(OWN_FIRST),
        }
    }

    /// How long to wait before the next look.
    pub(crate) fn next(&mut self) -> Duration {
        match self {
            Pauses::Fixed(pause) => *pause,
            Pauses::Vendor(place) => {
                let seconds = limit::POLL_SECONDS[*place];
                *place = (*place + 1).min(limit::POLL_SECONDS.len() - 1);
                Duration::from_secs(seconds)
            }
            Pauses::Own(pause) => {
                let now = *pause;
                // Each pause is about an eighth of the time waited so far: no job is noticed much later than it ends.
                *pause = (now * 9 / 8).min(OWN_LONGEST);
                now
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_has_its_schedule() {
        let first = |mut pauses: Pauses, count: usize| (0..count).map(|_| pauses.next()).collect::<Vec<_>>();
        let seconds = [5, 5, 10, 10, 15, 30, 30, 30].map(Duration::from_secs);
        assert_eq!(first(Pauses::new(TargetKind::Vendor, None), 8), seconds);
        let own = first(Pauses::new(TargetKind::Own, None), 60);
        assert_eq!((own[0], own[1], own[59]), (OWN_FIRST, OWN_FIRST * 9 / 8, OWN_LONGEST));
        let fixed = Some(PollInterval(Duration::from_millis(1)));
        assert_eq!(first(Pauses::new(TargetKind::Vendor, fixed), 2), [Duration::from_millis(1); 2]);
    }
}
