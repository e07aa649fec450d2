//! Credits of the last 24 hours, by the minute.

use std::collections::VecDeque;

use bulkwright_wire::limit::CREDIT_WINDOW_SECONDS;

const SECONDS_OF_A_MINUTE: i64 = 60;

/// What was spent, by minutes since 1970, oldest first: at most one entry for each minute of a day.
#[derive(Debug, Default)]
pub(super) struct Spent {
    minutes: VecDeque<(i64, u64)>,
    sum: u64,
}

impl Spent {
    /// What counts.
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }

    /// Spends at a moment and answers the minute that it stands under. A clock that is set back does not go back here.
    pub(super) fn spend(&mut self, at: i64, credits: u64) -> i64 {
        let newest = self.minutes.back().map_or(i64::MIN, |(minute, _)| *minute);
        let minute = at.div_euclid(SECONDS_OF_A_MINUTE).max(newest);
        if minute > newest {
            self.minutes.push_back((minute, 0));
        }
        if let Some((_, spent)) = self.minutes.back_mut() {
            *spent += credits;
        }
        self.sum += credits;
        minute
    }

    /// Takes back what was spent in a minute, unless that does not count any more.
    pub(super) fn give_back(&mut self, minute: i64, credits: u64) {
        if let Ok(place) = self.minutes.binary_search_by_key(&minute, |(minute, _)| *minute) {
            self.minutes[place].1 -= credits;
            self.sum -= credits;
        }
    }

    /// Forgets minutes whose every moment is a day old.
    pub(super) fn forget(&mut self, now: i64) {
        let through = (now - CREDIT_WINDOW_SECONDS).div_euclid(SECONDS_OF_A_MINUTE);
        while let Some((_, credits)) = self.minutes.pop_front_if(|(minute, _)| *minute < through) {
            self.sum -= credits;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty seconds into a minute.
    const NOW: i64 = 1_795_000_040;

    #[test]
    fn nothing_is_forgotten_before_a_day_and_little_is_kept_after_it() {
        let mut spent = Spent::default();
        for second in 0..CREDIT_WINDOW_SECONDS {
            spent.spend(NOW + second, 1);
        }
        assert_eq!((spent.sum(), spent.minutes.len()), (86_400, 1441));
        spent.forget(NOW + CREDIT_WINDOW_SECONDS);
        assert_eq!(spent.sum(), 86_400, "none is more than a day old");
        spent.forget(NOW + CREDIT_WINDOW_SECONDS + 600);
        assert_eq!(spent.sum(), 86_400 - 40 - 9 * 60, "ten minutes have ended");
        spent.forget(NOW + 3 * CREDIT_WINDOW_SECONDS);
        assert_eq!((spent.sum(), spent.minutes.len()), (0, 0));
    }

    #[test]
    fn what_is_given_back_is_of_its_minute() {
        let mut spent = Spent::default();
        let first = spent.spend(NOW, 500);
        let second = spent.spend(NOW + 60, 500);
        spent.give_back(first, 499);
        assert_eq!(spent.sum(), 501);
        assert_eq!(spent.spend(NOW - 3600, 1), second, "a clock that is set back");
        spent.forget(NOW + CREDIT_WINDOW_SECONDS + 60);
        spent.give_back(first, 1);
        assert_eq!(spent.sum(), 501);
    }
}
