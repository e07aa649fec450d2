//! Counts what somebody does too often, in bounded memory, on the server's clock. A restart forgets it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bulkwright_wire::limit::{TOKEN_WINDOW_SECONDS, TOKENS_PER_WINDOW_MAX};
use sha2::{Digest, Sha256};

/// Wrong secrets from one network, for one client or for the consent page, in [`WRONG_SECRETS_SECONDS`]. Secrets have
/// 256 random bits: this keeps a confused client from filling the log, and a guesser from trying at all.
const WRONG_SECRETS_MAX: u32 = 20;
/// Short, because who shares an address with a guesser (a proxy's, an office's) is stopped with him.
const WRONG_SECRETS_SECONDS: i64 = 60;
/// Keys that are counted at the same time; of more, those that were counted longest ago are forgotten.
const KEYS_MAX: usize = 10_000;

/// Everything that is throttled.
pub(crate) struct Throttles {
    /// Access tokens by their refresh token (contract section 8).
    pub(crate) tokens: Windows,
    /// Wrong secrets by who sends them for what. Never by what alone: whoever knows the id of a client could keep its
    /// owner out.
    wrong_secrets: Windows,
}

impl Throttles {
    pub(crate) fn new() -> Self {
        Throttles {
            tokens: Windows::new(TOKENS_PER_WINDOW_MAX, TOKEN_WINDOW_SECONDS, KEYS_MAX),
            wrong_secrets: Windows::new(WRONG_SECRETS_MAX, WRONG_SECRETS_SECONDS, KEYS_MAX),
        }
    }

    /// Whether somebody has shown too many wrong secrets for `what`. Nobody is stopped whose address is not known: he
    /// would be stopped for what others did.
    pub(crate) fn refuses_secrets(&self, what: &str, peer: Option<IpAddr>, now: i64) -> bool {
        peer.is_some_and(|peer| self.wrong_secrets.is_full(Key::of_secret(what, peer), now))
    }

    /// Counts a wrong secret.
    pub(crate) fn count_wrong_secret(&self, what: &str, peer: Option<IpAddr>, now: i64) {
        if let Some(peer) = peer {
            self.wrong_secrets.take(Key::of_secret(what, peer), now);
        }
    }
}

/// What is counted: a hash, so that each takes the same memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    pub(crate) fn of_token(hash: [u8; 32]) -> Self {
        Key(hash)
    }

    /// A secret that is shown by somebody in a network.
    fn of_secret(what: &str, peer: IpAddr) -> Self {
        Key(Sha256::digest(format!("{} {what}", network_of(peer))).into())
    }
}

/// Whoever has an IPv6 address has 2^64 of them.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        v4 => v4,
    }
}

/// Counts each key from its first time on; after a while it begins anew.
pub(crate) struct Windows {
    count_max: u32,
    seconds: i64,
    keys_max: usize,
    windows: Mutex<HashMap<Key, Window>>,
}

#[derive(Clone, Copy)]
struct Window {
    began_at: i64,
    count: u32,
}

impl Windows {
    fn new(count_max: u32, seconds: i64, keys_max: usize) -> Self {
        Windows { count_max, seconds, keys_max, windows: Mutex::default() }
    }

    /// Whether the key has had all that it may have.
    fn is_full(&self, key: Key, now: i64) -> bool {
        let windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        windows.get(&key).is_some_and(|window| self.is_open(window, now) && window.count >= self.count_max)
    }

    /// Counts the key once more; `false` if it has had all that it may have.
    pub(crate) fn take(&self, key: Key, now: i64) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let known = windows.get(&key).copied().filter(|window| self.is_open(window, now));
        let window = known.unwrap_or(Window { began_at: now, count: 0 });
        if window.count >= self.count_max {
            return false;
        }
        if !windows.contains_key(&key) && windows.len() >= self.keys_max {
            self.make_room(&mut windows, now);
        }
        windows.insert(key, Window { count: window.count + 1, ..window });
        true
    }

    /// A clock that was set back begins anew too.
    fn is_open(&self, window: &Window, now: i64) -> bool {
        (0..self.seconds).contains(&now.saturating_sub(window.began_at))
    }

    /// Forgets what is over, or else the oldest.
    fn make_room(&self, windows: &mut HashMap<Key, Window>, now: i64) {
        windows.retain(|_, window| self.is_open(window, now));
        if windows.len() >= self.keys_max
            && let Some(oldest) = windows.iter().min_by_key(|(_, window)| window.began_at).map(|(key, _)| *key)
        {
            windows.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> Key {
        Key::of_token([number; 32])
    }

    #[test]
    fn a_window_opens_with_the_first_and_closes_after_its_time() {
        let windows = Windows::new(2, 60, 10);
        let check = |now: i64, expected: bool| assert_eq!(windows.take(key(1), now), expected, "at {now}");
        check(100, true);
        check(159, true);
        check(159, false);
        assert!(windows.is_full(key(1), 159));
        assert!(!windows.is_full(key(2), 159), "others are counted apart");
        assert!(!windows.is_full(key(1), 160));
        check(160, true);
        check(90, true);
    }

    #[test]
    fn memory_is_bounded_whoever_asks() {
        let windows = Windows::new(1, 60, 3);
        for number in 1..=9 {
            assert!(windows.take(key(number), i64::from(number)));
            assert!(windows.windows.lock().unwrap().len() <= 3);
        }
        assert!(windows.is_full(key(9), 9) && windows.is_full(key(8), 9), "the oldest are forgotten first");
        assert!(!windows.is_full(key(6), 9));
    }

    #[test]
    fn a_network_is_one_address_or_half_of_the_long_ones() {
        let same = |a: &str, b: &str| {
            let of = |text: &str| Key::of_secret("client", text.parse().unwrap());
            of(a) == of(b)
        };
        assert!(same("2001:db8::1", "2001:db8::ffff:2"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(!same("192.0.2.1", "192.0.2.2"));
    }
}
