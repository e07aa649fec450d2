//! Requests that are sent again under a key of their client: what was made is not made twice, and the answer to the
//! first request is given again.
//!
//! A client that lost an answer cannot know whether there was one, so it asks again with the same `Idempotency-Key`. The
//! answer is kept by the store, in the transaction of what it tells of: whatever happened to the first request, its
//! server or its connection, a repeat finds both or neither. Requests under one key are answered one after another; who
//! comes while another is at work waits, and two that pass each other nevertheless are told apart by the store.
//!
//! Only what was done is kept. A refused request has made nothing and may be mended under its key.

mod content;
mod in_progress;

use bulkwright_store::model::{AnswerKey, AnsweredOperation, FirstAnswer};
use bulkwright_wire::error::ErrorCode;
use bulkwright_wire::header::{IDEMPOTENCY_KEY, is_idempotency_key};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use tokio::time::timeout;

pub(crate) use content::Content;
pub(crate) use in_progress::InProgress;
use in_progress::Turn;

use crate::gate::Call;
use crate::reply::{Answer, Refusal, json_bytes};
use crate::state::App;

/// A request under a key, by what is known of those before it.
pub(crate) enum Keyed {
    /// There was one, and this is what it was answered.
    Again(FirstAnswer),
    /// It is the first, or those before came to nothing.
    First(First),
}

/// The first request under its key. While this lives, others under it wait.
pub(crate) struct First {
    key: AnswerKey,
    _turn: Turn,
}

/// What a request is answered that makes something: known before it is made, so that it can be kept with it.
pub(crate) struct Made {
    status: StatusCode,
    body: Vec<u8>,
}

/// The request's key with what is known of it; `None` if the client gave none. Waits for one under the same key that is
/// being answered: its organisation, its OAuth client (tokens come and go) and the operation are part of the key.
pub(crate) async fn keyed(call: &Call<'_>, operation: AnsweredOperation) -> Result<Option<Keyed>, Refusal> {
    let Some(key) = key_of(call.headers)? else { return Ok(None) };
    let (app, grant) = (call.app, &call.caller.grant);
    let key = AnswerKey { org: grant.org, client_id: grant.client_id.clone(), operation, key };
    let turn = timeout(app.connections.repeat_wait_max, app.in_progress.clone().turn(key.clone())).await;
    let turn = turn.map_err(|_| ErrorCode::IdempotencyKeyInUse)?;
    let kept = app.store.answer(&key).await?;
    let kept = kept.filter(|kept| kept.expires_at > app.clock.seconds());
    Ok(Some(kept.map_or(Keyed::First(First { key, _turn: turn }), Keyed::Again)))
}

/// The key that the client chose. Two of them are none.
fn key_of(headers: &HeaderMap) -> Result<Option<String>, ErrorCode> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|text| is_idempotency_key(text) && values.next().is_none());
    text.map(|text| Some(text.to_owned())).ok_or(ErrorCode::InvalidIdempotencyKey)
}

impl Made {
    /// 200 with a body of `wire`.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Made { status: StatusCode::OK, body: json_bytes(body) }
    }

    /// 201 with a body of `wire`.
    pub(crate) fn created(body: &impl Serialize) -> Self {
        Made { status: StatusCode::CREATED, body: json_bytes(body) }
    }
}

impl From<Made> for Answer {
    fn from(made: Made) -> Self {
        Answer::Json { status: made.status, body: made.body, hint: None }
    }
}

impl First {
    /// What is to be kept beside what the request makes at `now`.
    pub(crate) fn answer(&self, app: &App, content: Content, made: &Made, now: i64) -> FirstAnswer {
        FirstAnswer {
            key: self.key.clone(),
            content: content.0,
            status: made.status.as_u16(),
            body: made.body.clone(),
            expires_at: now.saturating_add(app.answer_lifetime),
        }
    }
}

/// The kept answer, if the request is the one that it was given to.
pub(crate) fn answered(kept: FirstAnswer, content: Content) -> Result<Answer, Refusal> {
    if kept.content != content.0 {
        return Err(ErrorCode::IdempotencyKeyReused.into());
    }
    tracing::info!(operation = ?kept.key.operation, "a kept answer is given again");
    let status = StatusCode::from_u16(kept.status).expect("what is kept was a status");
    Ok(Answer::Replayed { status, body: kept.body })
}

/// The answer to another request under the key that was faster than this one, as the store noticed.
pub(crate) async fn answer_of_the_faster(app: &App, refused: FirstAnswer) -> Result<Answer, Refusal> {
    let kept = app.store.answer(&refused.key).await?.ok_or(ErrorCode::IdempotencyKeyInUse)?;
    answered(kept, Content(refused.content))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn one_key_is_read_and_anything_else_is_none() {
        let check = |values: &[&'static [u8]], expected: Result<Option<&str>, ErrorCode>| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(IDEMPOTENCY_KEY, HeaderValue::from_bytes(value).unwrap());
            }
            assert_eq!(key_of(&headers).as_ref().map(Option::as_deref), expected.as_ref().copied(), "{values:?}");
        };
        check(&[], Ok(None));
        check(&[b"load-7/create"], Ok(Some("load-7/create")));
        check(&[b""], Err(ErrorCode::InvalidIdempotencyKey));
        check(&[b"with blank"], Err(ErrorCode::InvalidIdempotencyKey));
        check(&[b"\xff"], Err(ErrorCode::InvalidIdempotencyKey));
        check(&[b"a", b"a"], Err(ErrorCode::InvalidIdempotencyKey));
    }
}
