//! Answers that are kept for repeated requests.

use super::access::{ORG, OTHER_ORG};
use super::{blobs, jobs};
use crate::model::{AnswerKey, AnsweredOperation, FirstAnswer, JobsQuery, NewJob, NewUpload};
use crate::{Error, Store};

const NOW: i64 = 1_795_000_000;
const DAY: i64 = 86_400;

fn key(operation: AnsweredOperation, key: &str) -> AnswerKey {
    AnswerKey { org: ORG, client_id: "1000.X".to_owned(), operation, key: key.to_owned() }
}

fn answer(operation: AnsweredOperation, name: &str) -> FirstAnswer {
    let body = format!("{{\"of\":\"{name}\"}}").into_bytes();
    FirstAnswer { key: key(operation, name), content: [3; 32], status: 201, body, expires_at: NOW + DAY }
}

pub(super) async fn an_answer_is_kept_with_what_it_is_about(store: &dyn Store) {
    let of_job = answer(AnsweredOperation::CreateJob, "a");
    let of_upload = answer(AnsweredOperation::Upload, "a");
    let job = NewJob { created_at: NOW, answer: Some(of_job.clone()), ..jobs::new_job(0) };
    let id = store.add_job(&job).await.expect("a job is added").id;
    let drawn = store.new_id(NOW * 1000).await.expect("an id is drawn");
    let upload = NewUpload {
        id: Some(bulkwright_engine::ids::FileId(drawn)),
        created_at: NOW,
        answer: Some(of_upload.clone()),
        ..blobs::new_upload(NOW)
    };
    assert_eq!(store.add_upload(&upload).await.expect("an upload is added").id.0, drawn);
    let kept = async |key| store.answer(&key).await.expect("an answer is read");
    assert_eq!(kept(of_job.key.clone()).await, Some(of_job.clone()));
    assert_eq!(kept(of_upload.key.clone()).await, Some(of_upload.clone()), "operations are apart");
    let others = [
        AnswerKey { org: OTHER_ORG, ..of_job.key.clone() },
        AnswerKey { client_id: "1000.Y".to_owned(), ..of_job.key.clone() },
        key(AnsweredOperation::CreateJob, "A"),
    ];
    for other in others {
        assert_eq!(kept(other).await, None);
    }

    // A second one under the same key changes nothing at all.
    let again = NewJob { created_at: NOW + DAY - 1, ..job.clone() };
    let refused = store.add_job(&again).await;
    assert!(matches!(refused, Err(Error::Answered)), "{refused:?}");
    let refused = store.add_upload(&NewUpload { id: None, created_at: NOW + DAY - 1, ..upload.clone() }).await;
    assert!(matches!(refused, Err(Error::Answered)), "{refused:?}");
    let all = JobsQuery { limit: 10, ..JobsQuery::default() };
    let listed: Vec<_> = store.jobs(&all).await.expect("jobs are listed").into_iter().map(|job| job.id).collect();
    assert_eq!(listed, [id]);

    // When the answer has ended, the key is free.
    let later = FirstAnswer { body: b"later".to_vec(), expires_at: NOW + 2 * DAY, ..of_job.clone() };
    let later_job = NewJob { created_at: NOW + DAY, answer: Some(later.clone()), ..job };
    store.add_job(&later_job).await.expect("a job is added");
    assert_eq!(kept(of_job.key).await, Some(later));
}
