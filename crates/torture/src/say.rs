//! What the program tells: progress and summaries, a line each, on stdout.

#![expect(clippy::print_stdout, reason = "this is the one place of the program that prints")]

/// Tells one line.
pub(crate) fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// How many of the differences of one kind are told in full.
const DIFFERENCES_TOLD: u64 = 5;

/// Counts differences of one kind and tells the first ones.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    kind: &'static str,
    count: u64,
}

impl Tally {
    pub(crate) fn new(kind: &'static str) -> Self {
        Tally { kind, count: 0 }
    }

    pub(crate) fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        if self.count <= DIFFERENCES_TOLD {
            line(format!("{}: {}", self.kind, what()));
        }
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

/// How many promises held and how many did not: the closing line of every command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    passed: u64,
    failed: u64,
}

impl Verdict {
    pub(crate) fn of(held: impl IntoIterator<Item = bool>) -> Verdict {
        held.into_iter().fold(Verdict::default(), |sum, held| Verdict {
            passed: sum.passed + u64::from(held),
            failed: sum.failed + u64::from(!held),
        })
    }

    pub(crate) fn is_clean(self) -> bool {
        self.failed == 0
    }

    pub(crate) fn tell(self) {
        line(format!("{} passed, {} failed", self.passed, self.failed));
    }
}
