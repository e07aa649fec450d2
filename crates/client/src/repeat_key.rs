//! Keys under which an upload or a creation may be sent again without being done twice.

use std::fmt;

use bulkwright_wire::header::is_idempotency_key;

/// Random bytes of a run's name: 128 bits, so that no two runs of anybody meet.
const RUN_BYTES: usize = 16;

/// An `Idempotency-Key`: one request and all repeats of it. It is sent to every target, and counted on only where a server
/// of one's own answers: the vendor's knows nothing of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatKey(String);

impl RepeatKey {
    /// A key that nobody else has.
    pub fn random() -> Self {
        RepeatKey(random_name())
    }

    /// The key of that text; `None` if it cannot be one.
    pub fn of(text: &str) -> Option<Self> {
        is_idempotency_key(text).then(|| RepeatKey(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The keys of a run, one a part and operation.
#[derive(Debug)]
pub(crate) struct RunKeys {
    run: String,
}

impl RunKeys {
    pub(crate) fn new() -> Self {
        RunKeys { run: random_name() }
    }

    /// For a part's upload: the first one, or another one after that file was gone.
    pub(crate) fn upload(&self, part: usize, nth: u32) -> RepeatKey {
        self.key(format_args!("part-{part}/upload-{nth}"))
    }

    /// For the creation of a part's job.
    pub(crate) fn create(&self, part: usize) -> RepeatKey {
        self.key(format_args!("part-{part}/create"))
    }

    fn key(&self, request: fmt::Arguments<'_>) -> RepeatKey {
        RepeatKey(format!("{}/{request}", self.run))
    }
}

fn random_name() -> String {
    let mut bytes = [0; RUN_BYTES];
    getrandom::fill(&mut bytes).expect("the system gives random bytes, or no connection is safe either");
    hex::encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_a_key_for_each_request() {
        let (run, other) = (RunKeys::new(), RunKeys::new());
        let keys =
            [run.upload(1, 1), run.upload(1, 2), run.upload(2, 1), run.create(1), run.create(2), other.create(1)];
        for (place, key) in keys.iter().enumerate() {
            assert!(is_idempotency_key(key.as_str()), "{key:?}");
            assert!(!keys[..place].contains(key), "{key:?}");
        }
        assert_eq!(run.create(7), run.create(7));
        assert_ne!(RepeatKey::random(), RepeatKey::random());
        assert_eq!((RepeatKey::of("a b"), RepeatKey::of("a").unwrap().as_str()), (None, "a"));
    }
}
