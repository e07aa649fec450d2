//! Our own view of jobs, under [`crate::path::JOBS`] (contract 12, row 59): what the vendor's job details leave open.
//! Times are RFC 3339 in UTC. The same types write and read; keys are only ever added.

use serde::{Deserialize, Serialize};

/// `GET /_bulkwright/jobs`: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsPage {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// Where the page stands.
    pub info: JobsInfo,
}

/// Where a page of jobs stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobsInfo {
    /// Jobs here.
    pub count: u32,
    /// Whether there are older ones.
    pub more_records: bool,
    /// The `before` of the next page; null at the end.
    #[serde(default)]
    pub next_before: Option<String>,
}

/// One job: `GET /_bulkwright/jobs/{id}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobView {
    /// Its id.
    pub id: String,
    /// The organisation it belongs to: a zgid.
    pub org: String,
    /// `ADDED`, `INPROGRESS`, `COMPLETED` or `FAILED`.
    pub status: String,
    /// `insert`, `update` or `upsert`.
    pub operation: String,
    /// What is written where.
    #[serde(default)]
    pub resources: Vec<ResourceView>,
    /// Rows so far, of all resources.
    #[serde(default)]
    pub counts: CountsView,
    /// When it was created.
    pub created_time: String,
    /// When a worker took it for the first time.
    #[serde(default)]
    pub started_time: Option<String>,
    /// When it ended.
    #[serde(default)]
    pub finished_time: Option<String>,
    /// How often a worker has taken it.
    #[serde(default)]
    pub attempt: u32,
    /// Attempts in a row that failed without having written anything.
    #[serde(default)]
    pub failures: u32,
    /// Processes in a row that died while they worked on nothing but it.
    #[serde(default)]
    pub deaths: u32,
    /// Why it failed, why it rests, or who works on it; null where there is nothing to explain.
    #[serde(default)]
    pub cause: Option<String>,
    /// When it is tried again, if it rests.
    #[serde(default)]
    pub rests_until: Option<String>,
    /// What must happen before a worker takes it, if none has yet. Not told in lists.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// Whether there is a result to fetch.
    #[serde(default)]
    pub has_result: bool,
    /// Where its end is told to, if that was asked.
    #[serde(default)]
    pub callback: Option<CallbackView>,
}

/// One resource of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceView {
    /// API name of the module.
    pub module: String,
    /// The upload.
    pub file_id: String,
    /// Name of the CSV inside it.
    pub file_name: String,
    /// Like the job's.
    pub status: String,
    /// Rows so far.
    #[serde(default)]
    pub counts: CountsView,
    /// Why it failed, for programs.
    #[serde(default)]
    pub code: Option<String>,
    /// Why it failed, for people.
    #[serde(default)]
    pub message: Option<String>,
}

/// Rows by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsView {
    /// Records made.
    pub added: u64,
    /// Records changed.
    pub updated: u64,
    /// Rows not written.
    pub skipped: u64,
    /// All of them.
    pub total: u64,
}

/// Where the end of a job is told to, and how that went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackView {
    /// The address.
    pub url: String,
    /// `post`
    pub method: String,
    /// Null before the job has ended, and in lists.
    #[serde(default)]
    pub delivery: Option<DeliveryView>,
}

/// How the delivery of a callback stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryView {
    /// `pending`, `delivered` or `given_up`.
    pub state: String,
    /// Tries so far.
    pub attempts: u32,
    /// When the next try is due; null once it is settled.
    #[serde(default)]
    pub next_time: Option<String>,
    /// When the last try ended.
    #[serde(default)]
    pub last_time: Option<String>,
    /// The HTTP status that it was answered with.
    #[serde(default)]
    pub last_status: Option<u16>,
    /// What went wrong in it.
    #[serde(default)]
    pub last_error: Option<String>,
}

/// The data of `event: progress` in `GET /_bulkwright/jobs/{id}/events`; those of `event: end` are a [`JobView`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// The job.
    pub id: String,
    /// Like [`JobView::status`].
    pub status: String,
    /// Rows so far.
    pub counts: CountsView,
    /// When it is tried again, if it rests.
    #[serde(default)]
    pub rests_until: Option<String>,
}

impl CountsView {
    /// With their sum.
    pub fn new(added: u64, updated: u64, skipped: u64) -> Self {
        CountsView { added, updated, skipped, total: added + updated + skipped }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_has_these_keys_in_this_order() {
        let counts = CountsView::new(9, 0, 2);
        let job = JobView {
            id: "1912852524866732224".into(),
            org: "694902309".into(),
            status: "FAILED".into(),
            operation: "insert".into(),
            resources: vec![ResourceView {
                module: "Leads".into(),
                file_id: "1912852524866666688".into(),
                file_name: "leads.csv".into(),
                status: "FAILED".into(),
                counts,
                code: Some("LIMIT_EXCEEDED".into()),
                message: Some("too many rows".into()),
            }],
            counts,
            created_time: "2026-11-25T14:48:11+00:00".into(),
            started_time: Some("2026-11-25T14:48:11+00:00".into()),
            finished_time: Some("2026-11-25T14:48:12+00:00".into()),
            attempt: 1,
            failures: 0,
            deaths: 0,
            cause: Some("LIMIT_EXCEEDED: too many rows".into()),
            rests_until: None,
            waits_for: None,
            has_result: false,
            callback: Some(CallbackView {
                url: "https://example.com/".into(),
                method: "post".into(),
                delivery: Some(DeliveryView {
                    state: "pending".into(),
                    attempts: 1,
                    next_time: Some("2026-11-25T14:48:17+00:00".into()),
                    last_time: Some("2026-11-25T14:48:12+00:00".into()),
                    last_status: Some(500),
                    last_error: Some("the answer was HTTP 500".into()),
                }),
            }),
        };
        let info = JobsInfo { count: 1, more_records: true, next_before: Some("1912852524866732224".into()) };
        let page = JobsPage { jobs: vec![job], info };
        insta::assert_snapshot!(serde_json::to_string_pretty(&page).unwrap(), @r#"
        {
          "jobs": [
            {
              "id": "1912852524866732224",
              "org": "694902309",
              "status": "FAILED",
              "operation": "insert",
              "resources": [
                {
                  "module": "Leads",
                  "file_id": "1912852524866666688",
                  "file_name": "leads.csv",
                  "status": "FAILED",
                  "counts": {
                    "added": 9,
                    "updated": 0,
                    "skipped": 2,
                    "total": 11
                  },
                  "code": "LIMIT_EXCEEDED",
                  "message": "too many rows"
                }
              ],
              "counts": {
                "added": 9,
                "updated": 0,
                "skipped": 2,
                "total": 11
              },
              "created_time": "2026-11-25T14:48:11+00:00",
              "started_time": "2026-11-25T14:48:11+00:00",
              "finished_time": "2026-11-25T14:48:12+00:00",
              "attempt": 1,
              "failures": 0,
              "deaths": 0,
              "cause": "LIMIT_EXCEEDED: too many rows",
              "rests_until": null,
              "waits_for": null,
              "has_result": false,
              "callback": {
                "url": "https://example.com/",
                "method": "post",
                "delivery": {
                  "state": "pending",
                  "attempts": 1,
                  "next_time": "2026-11-25T14:48:17+00:00",
                  "last_time": "2026-11-25T14:48:12+00:00",
                  "last_status": 500,
                  "last_error": "the answer was HTTP 500"
                }
              }
            }
          ],
          "info": {
            "count": 1,
            "more_records": true,
            "next_before": "1912852524866732224"
          }
        }
        "#);
        assert_eq!(serde_json::from_str::<JobsPage>(&serde_json::to_string(&page).unwrap()).unwrap(), page);
    }

    #[test]
    fn progress_has_these_keys_in_this_order() {
        let progress = JobProgress {
            id: "1912852524866732224".into(),
            status: "INPROGRESS".into(),
            counts: CountsView::new(9, 0, 2),
            rests_until: None,
        };
        insta::assert_snapshot!(serde_json::to_string(&progress).unwrap(), @r#"{"id":"1912852524866732224","status":"INPROGRESS","counts":{"added":9,"updated":0,"skipped":2,"total":11},"rests_until":null}"#);
    }

    #[test]
    fn what_a_newer_or_older_server_tells_is_read() {
        let job = r#"{"id":"1","org":"2","status":"ADDED","operation":"insert","created_time":"","new":{}}"#;
        assert_eq!(serde_json::from_str::<JobView>(job).unwrap().counts, CountsView::default());
    }
}
