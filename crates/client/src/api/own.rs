//! What only a server of one's own tells: which jobs there are, and why a job stands where it stands.

use std::time::Duration;

use bulkwright_wire::callback::{CallbackDelivery, CallbacksPage};
use bulkwright_wire::own::{JobView, JobsPage};
use bulkwright_wire::path;
use url::Url;

use super::{Api, Received};
use crate::error::ClientError;
use crate::host;
use crate::send::Call;

/// Which jobs are listed.
#[derive(Clone, Debug, Default)]
pub struct JobsFilter {
    /// In this state; in any if it is not said.
    pub status: Option<String>,
    /// At most so many; the server's own number if it is not said.
    pub limit: Option<u32>,
    /// Only those that are older than this one.
    pub before: Option<String>,
}

/// Which callbacks are listed.
#[derive(Clone, Debug, Default)]
pub struct CallbacksFilter {
    /// `pending`, `delivered` or `given_up`; in any state if it is not said.
    pub state: Option<String>,
    /// At most so many; the server's own number if it is not said.
    pub limit: Option<u32>,
    /// Only those of jobs that are older than this one.
    pub before: Option<String>,
}

/// Adds the parameters that are said.
fn append(url: &mut Url, parameters: [(&str, &Option<String>); 3]) {
    for (name, value) in parameters {
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
    }
}

impl Api {
    /// One page of jobs, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn jobs(&self, filter: &JobsFilter) -> Result<Received<JobsPage>, ClientError> {
        let mut url = host::under(&self.base_url, path::JOBS);
        let limit = filter.limit.map(|limit| limit.to_string());
        append(&mut url, [("status", &filter.status), ("limit", &limit), ("before", &filter.before)]);
        self.receive(&Call { url, ..self.get("listing the jobs", "/") }).await
    }

    /// A job with what the vendor's details leave open.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job_view(&self, id: &str) -> Result<JobView, ClientError> {
        self.read(&Call { url: self.own_job_url(&[id]), ..self.get("looking at the job", "/") }).await
    }

    /// A job as soon as it is through, or as it is when the time is over.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job_view_within(&self, id: &str, time: Duration) -> Result<JobView, ClientError> {
        let mut url = self.own_job_url(&[id, "wait"]);
        url.set_query(Some(&format!("timeout={}ms", time.as_millis())));
        self.read(&Call { url, ..self.get("waiting for the job", "/") }).await
    }

    /// One page of callbacks, newest job first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn callbacks(&self, filter: &CallbacksFilter) -> Result<Received<CallbacksPage>, ClientError> {
        let mut url = host::under(&self.base_url, path::CALLBACKS);
        let limit = filter.limit.map(|limit| limit.to_string());
        append(&mut url, [("state", &filter.state), ("limit", &limit), ("before", &filter.before)]);
        self.receive(&Call { url, ..self.get("listing the callbacks", "/") }).await
    }

    /// A job's callback, with what came of each try.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn callback(&self, job: &str) -> Result<CallbackDelivery, ClientError> {
        let url = self.own_url(path::CALLBACKS, &[job]);
        self.read(&Call { url, ..self.get("looking at the callback", "/") }).await
    }

    /// Has a job's callback sent again.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn replay_callback(&self, job: &str) -> Result<CallbackDelivery, ClientError> {
        let url = self.own_url(path::CALLBACKS, &[job, "replay"]);
        // Asked twice, it is due twice: the receiver knows the message by its id.
        self.read(&Call { url, method: reqwest::Method::POST, ..self.get("replaying the callback", "/") }).await
    }

    pub(super) fn own_job_url(&self, segments: &[&str]) -> Url {
        self.own_url(path::JOBS, segments)
    }

    /// An id is taken as it is: whether it is one is the server's to say.
    fn own_url(&self, path: &str, segments: &[&str]) -> Url {
        let mut url = host::under(&self.base_url, path);
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }
}
