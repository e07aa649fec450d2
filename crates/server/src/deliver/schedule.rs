//! When a callback is tried again, and when no more.

use std::time::Duration;

use bulkwright_store::model::DeliveryState;

use super::sender::Verdict;
use crate::randomness::Randomness;

/// Longest wait that a receiver may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);
/// Waits are spread by one part in so many, up and down: receivers that were away are not met by everybody at once.
const SPREAD: f64 = 10.0;

/// When a callback whose job ends at `now` is due for the first time.
pub(crate) fn first(schedule: &[Duration], now: i64) -> i64 {
    now.saturating_add(whole_seconds(schedule.first().copied().unwrap_or_default()))
}

/// How a delivery stands after a try that ended at `now`, and when it is due again. `attempts` counts this try too.
pub(super) fn after(
    verdict: Verdict,
    schedule: &[Duration],
    attempts: u32,
    now: i64,
    randomness: &Randomness,
) -> (DeliveryState, Option<i64>) {
    let asked = match verdict {
        Verdict::Taken => return (DeliveryState::Delivered, None),
        Verdict::Never => return (DeliveryState::GivenUp, None),
        Verdict::NotNow { retry_after } => retry_after.unwrap_or_default().min(RETRY_AFTER_MAX),
    };
    let Some(wait) = usize::try_from(attempts).ok().and_then(|attempts| schedule.get(attempts)) else {
        return (DeliveryState::GivenUp, None);
    };
    let spread = 1.0 + (2.0 * randomness.number() - 1.0) / SPREAD;
    let wait = wait.mul_f64(spread).max(asked);
    (DeliveryState::Pending, Some(now.saturating_add(whole_seconds(wait))))
}

/// The store's times are whole seconds.
fn whole_seconds(wait: Duration) -> i64 {
    i64::try_from(wait.as_millis().saturating_add(500) / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;
    const NOT_NOW: Verdict = Verdict::NotNow { retry_after: None };

    fn schedule() -> Vec<Duration> {
        [0, 5, 300, 1800].map(Duration::from_secs).to_vec()
    }

    #[test]
    fn the_schedule_is_followed_to_its_end() {
        let check = |attempts: u32, chance: f64, wait: Option<i64>| {
            let randomness = Randomness::from_fn(move || chance);
            let state = if wait.is_some() { DeliveryState::Pending } else { DeliveryState::GivenUp };
            let found = after(NOT_NOW, &schedule(), attempts, NOW, &randomness);
            assert_eq!(found, (state, wait.map(|wait| NOW + wait)), "{attempts} {chance}");
        };
        for (attempts, wait) in [(1, 5), (2, 300), (3, 1800)] {
            check(attempts, 0.5, Some(wait));
        }
        check(2, 0.0, Some(270));
        check(2, 0.999_999, Some(330));
        check(4, 0.5, None);
        check(u32::MAX, 0.5, None);
    }

    #[test]
    fn what_is_settled_is_not_due() {
        let randomness = Randomness::from_fn(|| panic!("there is no wait to spread"));
        let settled = |verdict| after(verdict, &schedule(), 1, NOW, &randomness);
        assert_eq!(settled(Verdict::Taken), (DeliveryState::Delivered, None));
        assert_eq!(settled(Verdict::Never), (DeliveryState::GivenUp, None));
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_wait_within_bounds() {
        let check = |attempts: u32, retry_after: u64, wait: Option<i64>| {
            let verdict = Verdict::NotNow { retry_after: Some(Duration::from_secs(retry_after)) };
            let found = after(verdict, &schedule(), attempts, NOW, &Randomness::from_fn(|| 0.5));
            assert_eq!(found.1, wait.map(|wait| NOW + wait), "{attempts} {retry_after}");
        };
        check(1, 120, Some(120));
        check(1, 2, Some(5));
        check(1, u64::MAX, Some(24 * 3600));
        check(4, 120, None);
    }

    #[test]
    fn the_first_wait_runs_from_the_end_of_the_job() {
        assert_eq!(first(&schedule(), NOW), NOW);
        assert_eq!(first(&[Duration::from_millis(9_600)], NOW), NOW + 10);
        assert_eq!(first(&[], NOW), NOW);
    }
}
