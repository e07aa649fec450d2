//! What every request and the workers share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bulkwright_engine::catalog::Catalog;
use bulkwright_engine::ids::OrgId;
use bulkwright_engine::limits::Limits;
use bulkwright_store::Store;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::model::SecretHash;
use bulkwright_store::upkeep::Upkeep;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::{ConnectionLimits, Mode};
use crate::deliver::Callbacks;
use crate::links::Links;
use crate::metrics::Metrics;
use crate::news::JobNews;
use crate::quota::Quotas;
use crate::repeat::InProgress;
use crate::sweep::Lifetimes;
use crate::throttle::Throttles;
use crate::tls::Tls;

/// How many of an organisation read the rows of jobs at the same time: each holds a ledger and inflates an upload.
pub(crate) const ROW_READERS_PER_ORG_MAX: usize = 4;

/// One store, by what is asked of it.
#[derive(Clone)]
pub(crate) struct Stores {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) upkeep: Arc<dyn Upkeep>,
}

impl<S: Store + Upkeep> From<Arc<S>> for Stores {
    fn from(store: Arc<S>) -> Self {
        Stores { store: store.clone(), upkeep: store }
    }
}

/// One running server.
pub(crate) struct App {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) upkeep: Arc<dyn Upkeep>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) sweep_interval: Duration,
    pub(crate) connections: ConnectionLimits,
    /// What connections are wrapped in, if they are.
    pub(crate) tls: Option<Tls>,
    /// The time between two looks at the files of its certificate.
    pub(crate) tls_check_interval: Duration,
    /// Whether every connection is a proxy's, with anybody behind it.
    pub(crate) behind_proxy: bool,
    pub(crate) links: Links,
    pub(crate) callbacks: Callbacks,
    /// Hash of the secret that opens what is for the administrator; none if the credentials file is gone.
    pub(crate) admin_secret: OnceLock<SecretHash>,
    pub(crate) mode: Mode,
    pub(crate) throttles: Throttles,
    /// Held by the one request of the administrator that changes who may do what.
    pub(crate) administration: AsyncMutex<()>,
    pub(crate) uploads: Turns,
    /// Turns of those who read the rows of jobs.
    pub(crate) row_readers: Turns,
    /// Requests under a key of their client that are being answered.
    pub(crate) in_progress: Arc<InProgress>,
    /// Seconds for which an answer is kept for repeats.
    pub(crate) answer_lifetime: i64,
    /// What organisations with an edition have used of it.
    pub(crate) quotas: Quotas,
    /// Bytes that stay free on the disk of the data.
    pub(crate) disk_free_min: u64,
    /// The data directory, if it is kept.
    pub(crate) data: Option<PathBuf>,
    /// A directory for files that are not finished; empty at each start.
    pub(crate) scratch: PathBuf,
    /// Wakes a worker: there is a job.
    pub(crate) work: Notify,
    /// Tells those who look at a job what becomes of it.
    pub(crate) news: Arc<JobNews>,
    pub(crate) request_ids: RequestIds,
    pub(crate) metrics: Metrics,
    /// Where tests make the server fail.
    pub(crate) failure_points: FailurePoints,
    /// Cancelled when the server begins to end.
    pub(crate) draining: CancellationToken,
}

/// Bounds how many of an organisation do one thing at the same time.
pub(crate) struct Turns {
    per_org_max: usize,
    orgs: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

impl Turns {
    pub(crate) fn new(per_org_max: usize) -> Self {
        Turns { per_org_max, orgs: Mutex::default() }
    }

    /// A turn, given back when it is dropped; `None` if the organisation has all of its turns in use.
    pub(crate) fn take(&self, org: OrgId) -> Option<OwnedSemaphorePermit> {
        self.of(org).try_acquire_owned().ok()
    }

    /// A turn as soon as there is one.
    pub(crate) async fn wait(&self, org: OrgId) -> OwnedSemaphorePermit {
        self.of(org).acquire_owned().await.expect("nobody closes the turns")
    }

    fn of(&self, org: OrgId) -> Arc<Semaphore> {
        let mut orgs = self.orgs.lock().unwrap_or_else(PoisonError::into_inner);
        orgs.entry(org).or_insert_with(|| Arc::new(Semaphore::new(self.per_org_max))).clone()
    }
}

/// Names requests: a random word for the process and a number.
pub(crate) struct RequestIds {
    process: String,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(process: String) -> Self {
        RequestIds { process, next: AtomicU64::new(1) }
    }

    pub(crate) fn next(&self) -> String {
        format!("{}-{}", self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
