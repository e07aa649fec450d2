//! The outbox against receivers on loopback, with a clock that is moved by hand and a store that is really reopened.

mod answers;
mod forms;
mod kills;
mod outbox;
mod places;
mod receiver;
mod times;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bulkwright_engine::catalog::Catalog;
use bulkwright_engine::ids::{FileId, JobId, OrgId, UserId};
use bulkwright_engine::spec::Operation;
use bulkwright_engine::verdict::Counts;
use bulkwright_store::failure::FailurePoints;
use bulkwright_store::model::{
    Callback, Delivery, Finish, JobResource, JobState, NewJob, OauthClient, Org, SecretHash, User,
};
use bulkwright_store::sqlite::{Durability, OpenOptions, SqliteStore};
use bulkwright_store::{Error as StoreError, Store};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::config::Config;
use crate::links::{Links, Scheme};
use crate::randomness::Randomness;
use crate::server;
use crate::state::App;
use receiver::{Receiver, Reply};

/// Longest wait for what must happen.
const TIME_MAX: Duration = Duration::from_secs(60);
const BEGIN: i64 = 1_795_000_000;
const ORG: OrgId = OrgId(7);
const USER: UserId = UserId(9);

/// A clock that only tests move.
#[derive(Clone)]
struct HandClock {
    seconds: Arc<AtomicI64>,
    clock: Clock,
}

impl HandClock {
    fn new() -> Self {
        let seconds = Arc::new(AtomicI64::new(BEGIN));
        let told = seconds.clone();
        HandClock { seconds, clock: Clock::from_fn(move || told.load(Ordering::SeqCst) * 1000) }
    }

    fn now(&self) -> i64 {
        self.seconds.load(Ordering::SeqCst)
    }

    fn set(&self, seconds: i64) {
        self.seconds.store(seconds, Ordering::SeqCst);
        self.clock.moved();
    }
}

/// A data directory, and how servers over it are told to deliver.
struct World {
    directory: TempDir,
    clock: HandClock,
    config: Config,
}

/// An outbox at work.
struct Process {
    app: Arc<App>,
    task: JoinHandle<()>,
}

impl World {
    /// Loopback may be called, the waits are not spread, and a try may take long.
    fn new() -> Self {
        let (directory, clock) = (tempfile::tempdir().unwrap(), HandClock::new());
        let config = Config {
            clock: clock.clock.clone(),
            callback_allow: vec!["127.0.0.0/8".parse().unwrap()],
            callback_timeout: TIME_MAX,
            randomness: Randomness::from_fn(|| 0.5),
            ..Config::serve(directory.path().to_owned())
        };
        World { directory, clock, config }
    }

    async fn start(&self) -> Process {
        Process::over(self.app().await)
    }

    /// What an outbox and a worker share, over the directory as it is.
    async fn app(&self) -> Arc<App> {
        let store = opened(self.directory.path(), &self.config.failure_points).await;
        if store.orgs().await.unwrap().is_empty() {
            add_org(&store).await;
        }
        let links = Links::new(&self.config, Scheme::Http, "127.0.0.1:8080".parse().unwrap()).unwrap();
        let (store, catalog) = (Arc::new(store), Arc::new(Catalog::builtin()));
        Arc::new(server::app(&self.config, store.into(), catalog, links, self.directory.path().to_owned()))
    }
}

/// Opens a store that a process before may be about to let go.
async fn opened(directory: &Path, failure_points: &FailurePoints) -> SqliteStore {
    let options = OpenOptions {
        durability: Durability::Temporary,
        failure_points: failure_points.clone(),
        ..OpenOptions::default()
    };
    let opens = async {
        loop {
            match SqliteStore::open(directory, &options) {
                Err(StoreError::InUse { .. }) => tokio::time::sleep(Duration::from_millis(1)).await,
                opened => return opened.unwrap(),
            }
        }
    };
    tokio::time::timeout(TIME_MAX, opens).await.expect("the process before lets go")
}

async fn add_org(store: &SqliteStore) {
    let time_zone = "+05:30".to_owned();
    let org = Org {
        id: ORG,
        company_name: "Zylker".to_owned(),
        time_zone: time_zone.clone(),
        edition: None,
        webhook_keys: Vec::new(),
        revoked_at: None,
    };
    let (full_name, email) = ("Patricia Boyle".to_owned(), "patricia@example.com".to_owned());
    let user = User { id: USER, org: ORG, full_name, email, time_zone, sign_in: None, revoked_at: None };
    let client = OauthClient {
        client_id: "1000.X".to_owned(),
        secret: SecretHash::of("x"),
        org: ORG,
        name: String::new(),
        redirect_uris: Vec::new(),
    };
    store.add_org(&org, &user, &client, &[]).await.unwrap();
}

impl Process {
    fn over(app: Arc<App>) -> Self {
        let task = tokio::spawn(super::serve(app.clone()));
        Process { app, task }
    }

    /// Ends it between two instructions. What it has begun is cut.
    async fn kill(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }

    /// Ends a job, as a worker does, that calls back to `url`.
    async fn end_job(&self, url: &str) -> JobId {
        end_job(&self.app, url).await
    }

    async fn delivery(&self, job: JobId) -> Delivery {
        self.app.store.delivery(ORG, job).await.unwrap().expect("a job that has ended has its delivery")
    }

    /// Waits until a delivery has had so many tries.
    async fn tried(&self, job: JobId, attempts: u32) -> Delivery {
        let comes = async {
            loop {
                let delivery = self.delivery(job).await;
                if delivery.attempts >= attempts {
                    return delivery;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let delivery = tokio::time::timeout(TIME_MAX, comes).await.expect("the callback is tried");
        assert_eq!(delivery.attempts, attempts);
        delivery
    }

    /// Lets the outbox look, now: what is due by then has been begun when this returns.
    async fn looks(&self) {
        let receiver = Receiver::answering(Reply::status(200)).await;
        let job = self.end_job(&receiver.url()).await;
        self.tried(job, 1).await;
    }
}

async fn end_job(app: &App, url: &str) -> JobId {
    let now = app.clock.seconds();
    let job = app.store.add_job(&new_job(url, now)).await.unwrap();
    let (claim, _) = app.store.claim("worker", now, 60).await.unwrap().unwrap();
    assert_eq!(claim.job, job.id);
    let end = Finish {
        state: JobState::Completed,
        resources: vec![(JobState::Completed, Counts::default(), None)],
        result_blob: None,
        result_sum: None,
        charset: None,
        finished_at: now,
        callback_at: super::first_due(&app.callbacks.schedule, now),
    };
    app.store.finish(claim, &end).await.unwrap();
    app.callbacks.wake.notify_one();
    job.id
}

fn new_job(url: &str, created_at: i64) -> NewJob {
    let resource = JobResource {
        kind: "data".to_owned(),
        module: "Leads".to_owned(),
        file: FileId(1),
        find_by: None,
        ignore_empty: None,
        mappings: Vec::new(),
        csv_name: "leads.csv".to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    };
    NewJob {
        id: None,
        org: ORG,
        created_by: USER,
        created_at,
        operation: Operation::Insert,
        ignore_empty: None,
        charset: None,
        version: "v2.1".to_owned(),
        callback: Some(Callback { url: url.to_owned(), method: "post".to_owned() }),
        resources: vec![resource],
        result_url: None,
        fixed: false,
        answer: None,
    }
}
