//! Jobs as they are stored, and ids.

use bulkwright_engine::ids::{FileId, IdNumber, JobId, UserId};
use bulkwright_engine::spec::{DefaultValue, Mapping, Operation};
use bulkwright_engine::verdict::Counts;

use super::access::{ORG, OTHER_ORG};
use super::chunk::NOW;
use crate::Store;
use crate::model::{BlobSum, Callback, Failure, Finish, Job, JobResource, JobState, JobsQuery, NewJob};

const SUM: BlobSum = BlobSum { bytes: 22, sha256: [7; 32] };

/// A mapping with every member that a request can give, and one with none.
fn mappings() -> Vec<Mapping> {
    let bare = Mapping {
        field: "Last_Name".to_owned(),
        index: Some(-1),
        format: None,
        find_by: None,
        module: None,
        default: None,
    };
    let default = |value| Some(DefaultValue { value, name: Some("N".to_owned()), module: None });
    vec![
        Mapping { default: default(Some(serde_json::json!({"a": [1, "é", null]}))), ..bare.clone() },
        Mapping { default: default(Some(serde_json::Value::Null)), format: Some("MM".to_owned()), ..bare.clone() },
        Mapping { default: default(None), find_by: Some("Email".to_owned()), index: None, ..bare.clone() },
        Mapping { module: Some("Accounts".to_owned()), ..bare },
    ]
}

pub(super) fn resource() -> JobResource {
    JobResource {
        kind: "data".to_owned(),
        module: "Leads".to_owned(),
        file: FileId(33),
        find_by: Some("Email".to_owned()),
        ignore_empty: Some(false),
        mappings: mappings(),
        csv_name: "leads.csv".to_owned(),
        block: None,
        state: JobState::Added,
        counts: Counts::default(),
        failure: None,
    }
}

pub(super) fn new_job(created_at: i64) -> NewJob {
    NewJob {
        id: None,
        org: ORG,
        created_by: UserId(9),
        created_at,
        operation: Operation::Upsert,
        ignore_empty: Some(true),
        charset: None,
        version: "v2.1".to_owned(),
        callback: Some(Callback { url: "https://example.com/hook".to_owned(), method: "post".to_owned() }),
        resources: vec![resource(), JobResource { find_by: None, ignore_empty: None, mappings: vec![], ..resource() }],
        result_url: None,
        fixed: false,
        answer: None,
    }
}

pub(super) async fn job(store: &dyn Store, id: JobId) -> Job {
    store.job(ORG, id).await.expect("a job is read").expect("the job is there")
}

/// The numbers are part of the format: a backend that drew others could give an id twice after a move.
pub(super) async fn ids_are_of_one_counter_that_follows_the_clock(store: &dyn Store) {
    let number_at = |now_ms: u64| (now_ms - 1_577_836_800_000) << 16;
    let (now_ms, later_ms) = (NOW.unsigned_abs() * 1000, NOW.unsigned_abs() * 1000 + 1);
    let draw = async |now_ms: u64| store.new_id(now_ms.cast_signed()).await.expect("an id is drawn");
    assert_eq!(draw(now_ms).await, IdNumber(number_at(now_ms) + 1).id(0));
    assert_eq!(draw(now_ms).await, IdNumber(number_at(now_ms) + 2).id(0), "the next number of the same millisecond");
    let upload = store.add_upload(&super::blobs::new_upload(NOW)).await.expect("an upload is added");
    assert_eq!(upload.id.0, IdNumber(number_at(now_ms) + 3).id(0));
    let added = store.add_job(&new_job(NOW)).await.expect("a job is added");
    assert_eq!(added.id.0, IdNumber(number_at(now_ms) + 4).id(0));
    let (claim, _) = store.claim("w", NOW, 60).await.expect("a claim is answered").expect("a job waits");
    let block = store.reserve(claim, 0, 1000, later_ms.cast_signed()).await.expect("a block is reserved");
    assert_eq!((block.start, block.size), (number_at(later_ms), 1000));
    let next = store.reserve(claim, 1, 5, now_ms.cast_signed()).await.expect("a block is reserved");
    assert_eq!((next.start, next.size), (number_at(later_ms) + 1000, 5), "the clock went back");
    assert_eq!(draw(0).await, IdNumber(number_at(later_ms) + 1006).id(0));
}

pub(super) async fn ids_rise_even_if_the_clock_goes_back(store: &dyn Store) {
    let clock = [1_795_000_000_000, 1_795_000_000_000, 5, -5, 1_795_000_000_001, i64::MIN];
    let mut before = IdNumber(0).id(0);
    for now_ms in clock {
        let id = store.new_id(now_ms).await.expect("an id is drawn");
        assert!(id > before, "{id} at {now_ms} after {before}");
        assert_eq!(id % 64, 0, "an id that is no record's has bucket 0");
        before = id;
    }
    let added = store.add_job(&new_job(NOW - 1_000_000)).await.expect("a job is added");
    assert!(added.id.0 > before);
    store.new_id(i64::MAX).await.expect_err("an id that does not fit into 64 bits is not given");
    assert!(store.new_id(5).await.expect("an id is drawn after that") > added.id.0);
}

pub(super) async fn a_job_is_read_back_whole(store: &dyn Store) {
    let new = new_job(NOW);
    let added = store.add_job(&new).await.expect("a job is added");
    let expected = Job {
        id: added.id,
        org: new.org,
        created_by: new.created_by,
        created_at: new.created_at,
        operation: new.operation,
        ignore_empty: new.ignore_empty,
        charset: new.charset,
        version: new.version,
        callback: new.callback,
        resources: new.resources,
        state: JobState::Added,
        result_blob: None,
        result_sum: None,
        result_url: None,
        fixed: false,
        attempt: 0,
        started_at: None,
        finished_at: None,
        failures: 0,
        deaths: 0,
        rest: None,
    };
    assert_eq!(added, expected);
    assert_eq!(job(store, added.id).await, expected);
    assert_eq!(store.job(OTHER_ORG, added.id).await.expect("a job is looked for"), None);
    let seeded = NewJob {
        id: Some(JobId(4_150_868_000_005_350_003)),
        callback: None,
        charset: Some("UTF-8".to_owned()),
        result_url: Some("https://x/y.zip".to_owned()),
        fixed: true,
        ..new_job(NOW)
    };
    let seeded = store.add_job(&seeded).await.expect("a job with an id is added");
    assert_eq!((seeded.id, seeded.fixed, seeded.callback.as_ref()), (JobId(4_150_868_000_005_350_003), true, None));
    assert_eq!(job(store, seeded.id).await, seeded);
    let again = NewJob { id: Some(seeded.id), ..new_job(NOW) };
    store.add_job(&again).await.expect_err("an id is given once");
}

pub(super) async fn a_job_ends_with_what_it_is_told(store: &dyn Store) {
    let added = store.add_job(&new_job(NOW)).await.expect("a job is added");
    let (claim, _) = store.claim("w", NOW, 60).await.expect("a claim is answered").expect("a job waits");
    let counts = Counts { added: 9, updated: 1, skipped: 2 };
    store.progress(claim, NOW + 90, 1, counts, "windows-1252").await.expect("progress is written");
    let shown = job(store, added.id).await;
    assert_eq!((shown.resources[1].counts, shown.resources[1].state), (counts, JobState::InProgress));
    assert_eq!(shown.charset.as_deref(), Some("windows-1252"));
    store.progress(claim, NOW + 90, 1, counts, "").await.expect("progress is written");
    assert_eq!(job(store, added.id).await.charset.as_deref(), Some("windows-1252"));
    let failure = Failure { code: "LIMIT_EXCEEDED".to_owned(), message: "25,001 rows".to_owned() };
    let end = Finish {
        state: JobState::Failed,
        resources: vec![
            (JobState::Completed, counts, None),
            (JobState::Failed, Counts::default(), Some(failure.clone())),
        ],
        result_blob: Some("result-1".to_owned()),
        result_sum: Some(SUM),
        charset: Some("UTF-8".to_owned()),
        finished_at: NOW + 7,
        callback_at: NOW + 9,
    };
    store.finish(claim, &end).await.expect("a job is finished");
    let ended = job(store, added.id).await;
    assert_eq!((ended.started_at, ended.finished_at, ended.attempt), (Some(NOW), Some(NOW + 7), 1));
    assert_eq!((ended.state, ended.result_blob.as_deref()), (JobState::Failed, Some("result-1")));
    assert_eq!(ended.result_sum, Some(SUM));
    assert_eq!(ended.charset.as_deref(), Some("UTF-8"));
    assert_eq!((ended.resources[0].state, ended.resources[0].counts), (JobState::Completed, counts));
    assert_eq!((ended.resources[1].state, &ended.resources[1].failure), (JobState::Failed, &Some(failure)));
    let promised = store.delivery(ORG, added.id).await.expect("a delivery is read").expect("a callback is promised");
    assert_eq!((promised.created_at, promised.next_at, promised.attempts), (NOW + 7, Some(NOW + 9), 0));
    let again = store.finish(claim, &end).await;
    assert!(matches!(again, Err(crate::Error::Fenced)), "a job ends once, not {again:?}");
    assert!(store.claim("w", NOW + 1_000_000, 60).await.expect("a claim is answered").is_none());
}

pub(super) async fn jobs_are_listed_newest_first(store: &dyn Store) {
    let mut ids = Vec::new();
    for (org, created_at) in [(ORG, NOW + 50), (OTHER_ORG, NOW + 60), (ORG, NOW), (ORG, NOW + 9)] {
        let new = NewJob { org, ..new_job(created_at) };
        ids.push(store.add_job(&new).await.expect("a job is added").id);
    }
    let list = async |query: JobsQuery| {
        let jobs = store.jobs(&query).await.expect("jobs are listed");
        jobs.into_iter().map(|job| job.id).collect::<Vec<_>>()
    };
    let all = JobsQuery { limit: 99, ..JobsQuery::default() };
    let of_org = JobsQuery { org: Some(ORG), ..all.clone() };
    assert_eq!(list(all.clone()).await, [ids[3], ids[2], ids[1], ids[0]], "by id, not by time");
    assert_eq!(list(of_org.clone()).await, [ids[3], ids[2], ids[0]]);
    assert_eq!(list(JobsQuery { limit: 2, ..of_org.clone() }).await, [ids[3], ids[2]]);
    assert_eq!(list(JobsQuery { before: Some(ids[2]), limit: 2, ..of_org.clone() }).await, [ids[0]]);
    assert_eq!(list(JobsQuery { before: Some(ids[0]), ..all.clone() }).await, []);
    assert_eq!(list(JobsQuery { limit: 0, ..all.clone() }).await, []);
    store.claim("w", NOW, 60).await.expect("a claim is answered").expect("the oldest is taken");
    let in_state = |state| JobsQuery { state: Some(state), ..of_org.clone() };
    assert_eq!(list(in_state(JobState::InProgress)).await, [ids[2]]);
    assert_eq!(list(in_state(JobState::Added)).await, [ids[3], ids[0]]);
    assert_eq!(list(in_state(JobState::Completed)).await, []);
    let whole = store.jobs(&JobsQuery { limit: 1, ..all }).await.expect("jobs are listed");
    assert_eq!(whole, [job(store, ids[3]).await], "what is listed is what is read");
}

pub(super) async fn figures_count_what_is_there(store: &dyn Store) {
    let figures = async || store.figures().await.expect("figures are read");
    let empty = figures().await;
    assert_eq!((empty.jobs, empty.oldest_waiting, empty.deliveries_pending), ([0; 4], None, 0));
    for created_at in [NOW + 5, NOW, NOW + 9] {
        store.add_job(&new_job(created_at)).await.expect("a job is added");
    }
    assert_eq!((figures().await.jobs, figures().await.oldest_waiting), ([3, 0, 0, 0], Some(NOW)));
    let (claim, _) = store.claim("w", NOW, 60).await.expect("a claim is answered").expect("a job waits");
    assert_eq!((figures().await.jobs, figures().await.oldest_waiting), ([2, 1, 0, 0], Some(NOW + 5)));
    store.finish(claim, &end(JobState::Completed, 2)).await.expect("a job is finished");
    let (claim, _) = store.claim("w", NOW, 60).await.expect("a claim is answered").expect("a job waits");
    store.finish(claim, &end(JobState::Failed, 2)).await.expect("a job is finished");
    let (claim, _) = store.claim("w", NOW, 60).await.expect("a claim is answered").expect("a job waits");
    let ended = figures().await;
    assert_eq!((ended.jobs, ended.oldest_waiting, ended.deliveries_pending), ([0, 1, 1, 1], None, 2));
    store.release(claim).await.expect("a claim is given back");
    assert_eq!(figures().await.oldest_waiting, Some(NOW + 9), "it waits again");
}

/// The end of a job whose resources all came to nothing.
pub(super) fn end(state: JobState, resources: usize) -> Finish {
    Finish {
        state,
        resources: vec![(state, Counts::default(), None); resources],
        result_blob: None,
        result_sum: None,
        charset: None,
        finished_at: NOW,
        callback_at: NOW,
    }
}
