//! Editions: what an organisation may ask in 24 hours, and at the same time (contract section 4).

/// Seconds over which credits are counted.
pub const CREDIT_WINDOW_SECONDS: i64 = 24 * 3600;
/// Credits of a job that is created.
pub const CREDITS_OF_A_JOB: u64 = 500;
/// Credits of every other call.
pub const CREDITS_OF_A_CALL: u64 = 1;
/// How much of its credits an organisation has used when answers begin to tell what is left: one of so many parts.
pub const CREDITS_TOLD_FROM: u64 = 2;

/// What an organisation has bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Edition {
    /// `Free`
    Free,
    /// `Standard`
    Standard,
    /// `Professional`
    Professional,
    /// `Enterprise`, and what is sold as One.
    Enterprise,
    /// `Ultimate`
    Ultimate,
}

/// One row of the table of editions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditionRow {
    /// Its name.
    pub name: &'static str,
    /// Credits of 24 hours, whoever is in the organisation.
    pub credits: u64,
    /// Credits beside them for each of its users.
    pub credits_per_user: u64,
    /// What both may come to; `None` if that has no end.
    pub credits_max: Option<u64>,
    /// Calls of one OAuth client of an organisation at the same time.
    pub calls_at_once_max: u32,
}

impl Edition {
    /// Every edition, smallest first.
    pub const ALL: [Edition; 5] =
        [Edition::Free, Edition::Standard, Edition::Professional, Edition::Enterprise, Edition::Ultimate];

    /// Its row of the table.
    pub const fn row(self) -> EditionRow {
        match self {
            Edition::Free => row("Free", 5_000, 0, Some(5_000), 5),
            Edition::Standard => row("Standard", 50_000, 250, Some(100_000), 10),
            Edition::Professional => row("Professional", 50_000, 500, Some(3_000_000), 15),
            Edition::Enterprise => row("Enterprise", 50_000, 1_000, Some(5_000_000), 20),
            Edition::Ultimate => row("Ultimate", 50_000, 2_000, None, 25),
        }
    }

    /// Reads a name in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Edition::ALL.into_iter().find(|edition| edition.row().name.eq_ignore_ascii_case(text))
    }

    /// Credits of 24 hours of an organisation with so many users.
    pub fn credits(self, users: u64) -> u64 {
        let row = self.row();
        let credits = row.credits.saturating_add(row.credits_per_user.saturating_mul(users));
        row.credits_max.map_or(credits, |max| credits.min(max))
    }
}

const fn row(
    name: &'static str,
    credits: u64,
    credits_per_user: u64,
    credits_max: Option<u64>,
    calls_at_once_max: u32,
) -> EditionRow {
    EditionRow { name, credits, credits_per_user, credits_max, calls_at_once_max }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_grow_with_users_up_to_their_end() {
        let check = |name: &str, users: u64, credits: u64, calls: u32| {
            let edition = Edition::parse(name).unwrap();
            assert_eq!((edition.credits(users), edition.row().calls_at_once_max), (credits, calls), "{name} {users}");
        };
        check("Free", 1, 5_000, 5);
        check("free", 1_000, 5_000, 5);
        check("Standard", 1, 50_250, 10);
        check("STANDARD", 1_000, 100_000, 10);
        check("Professional", 10, 55_000, 15);
        check("Professional", 100_000, 3_000_000, 15);
        check("Enterprise", 10, 60_000, 20);
        check("Enterprise", 100_000, 5_000_000, 20);
        check("Ultimate", 10, 70_000, 25);
        check("Ultimate", 1_000_000, 2_000_050_000, 25);
        check("Ultimate", u64::MAX, u64::MAX, 25);
        assert_eq!(Edition::parse("One"), None);
    }
}
