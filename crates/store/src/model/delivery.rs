//! Callbacks on their way.

use bulkwright_engine::ids::{JobId, OrgId};

use super::Callback;

/// A callback that was promised when its job ended. The job's id is the delivery's: one message a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The job that ended.
    pub job: JobId,
    /// Whose.
    pub org: OrgId,
    /// Where to.
    pub callback: Callback,
    /// When the job ended.
    pub created_at: i64,
    /// Tries whose outcome is known, since it was promised or last replayed.
    pub attempts: u32,
    /// When the next one is due; `None` once it is settled.
    pub next_at: Option<i64>,
    /// How it stands.
    pub state: DeliveryState,
    /// What came of the last try.
    pub last: Option<DeliveryOutcome>,
}

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is still tried.
    Pending,
    /// The receiver took it.
    Delivered,
    /// The schedule is through, or the receiver refuses for good.
    GivenUp,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryOutcome {
    /// When it ended.
    pub at: i64,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// What went wrong, for people; `None` where nothing did.
    pub error: Option<String>,
}

/// Which deliveries are listed, newest job first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveriesQuery {
    /// Of one organisation; of all if this is `None`.
    pub org: Option<OrgId>,
    /// In one state; in any if this is `None`.
    pub state: Option<DeliveryState>,
    /// Only those of jobs before (older than) this one.
    pub before: Option<JobId>,
    /// At most so many.
    pub limit: u32,
}
