//! Callbacks of a server of our own: which ones there are, and what came of them.

use serde::{Deserialize, Serialize};

use crate::own::DeliveryView;

/// `GET /_bulkwright/callbacks`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbacksPage {
    /// Newest job first.
    pub callbacks: Vec<CallbackDelivery>,
    /// Whether there are more.
    pub info: CallbacksInfo,
}

/// Where a page of callbacks ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbacksInfo {
    /// Callbacks of this page.
    pub count: u32,
    /// Whether there are older ones.
    pub more_records: bool,
    /// What `before` asks for them.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// One job's callback: `GET /_bulkwright/callbacks/{job_id}` and the answer to a replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackDelivery {
    /// The job; `job-{id}` is the message's `webhook-id`.
    pub job_id: String,
    /// Whose.
    pub org: String,
    /// Where to.
    pub url: String,
    /// `post`
    pub method: String,
    /// When the job ended.
    pub created_time: String,
    /// How it stands.
    pub delivery: DeliveryView,
    /// What came of each try, oldest first, the last 100 at most; not in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<Vec<CallbackTry>>,
}

/// What came of one try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackTry {
    /// When it ended.
    pub time: String,
    /// The HTTP status, if there was an answer.
    #[serde(default)]
    pub status: Option<u16>,
    /// What went wrong; null where nothing did.
    #[serde(default)]
    pub error: Option<String>,
}
