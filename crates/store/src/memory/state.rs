//! What stands under the lock, and how ids are drawn.

use std::collections::BTreeMap;

use bulkwright_engine::ids::{FileId, IdBlock, IdNumber, JobId};

use crate::Error;
use crate::model::{
    AnswerKey, Code, Delivery, DeliveryOutcome, FirstAnswer, Job, NewUpload, OauthClient, Org, SecretHash, Token,
    Upload, User,
};

/// Milliseconds from 1970 to 2020.
const MS_UNTIL_2020: i64 = 1_577_836_800_000;

/// Everything but records and blobs, in the order in which it came.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) next_number: u64,
    pub(super) blobs_made: u64,
    pub(super) orgs: Vec<Org>,
    pub(super) users: Vec<User>,
    pub(super) clients: Vec<OauthClient>,
    pub(super) tokens: Vec<Token>,
    pub(super) codes: Vec<(SecretHash, Code)>,
    pub(super) answers: BTreeMap<AnswerKey, FirstAnswer>,
    pub(super) uploads: BTreeMap<FileId, Upload>,
    pub(super) jobs: BTreeMap<JobId, HeldJob>,
    pub(super) deliveries: BTreeMap<JobId, Delivery>,
    pub(super) attempts: BTreeMap<JobId, Vec<DeliveryOutcome>>,
}

/// A job, and until when its present attempt holds it, if one does.
#[derive(Clone, Debug)]
pub(super) struct HeldJob {
    pub(super) job: Job,
    pub(super) lease_until: Option<i64>,
}

impl State {
    pub(super) fn next_blob(&mut self) -> u64 {
        self.blobs_made += 1;
        self.blobs_made
    }

    pub(super) fn add_upload(&mut self, new: &NewUpload) -> Result<Upload, Error> {
        self.keep_answer(new.answer.as_ref(), new.created_at)?;
        let id = match new.id {
            Some(id) => id,
            None => FileId(self.draw_id(new.created_at.saturating_mul(1000))?),
        };
        let NewUpload { org, user, name, blob, bytes, sha256, created_at, .. } = new.clone();
        let upload = Upload { id, org, user, name, blob, bytes, sha256, created_at };
        self.uploads.insert(id, upload.clone());
        Ok(upload)
    }

    /// Keeps an answer, if it is the first under its key at `now`.
    pub(super) fn keep_answer(&mut self, answer: Option<&FirstAnswer>, now: i64) -> Result<(), Error> {
        let Some(answer) = answer else { return Ok(()) };
        if self.answers.get(&answer.key).is_some_and(|known| known.expires_at > now) {
            return Err(Error::Answered);
        }
        self.answers.insert(answer.key.clone(), answer.clone());
        Ok(())
    }

    pub(super) fn draw_id(&mut self, now_ms: i64) -> Result<i64, Error> {
        let block = self.draw_block(1, now_ms)?;
        Ok(IdNumber(block.start + 1).id(0))
    }

    /// `max(next, (now_ms - 2020) << 16)`, as long as the ids fit into 64 bits.
    pub(super) fn draw_block(&mut self, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
        let since_2020 = (i128::from(now_ms) - i128::from(MS_UNTIL_2020)).max(0);
        let start = i128::from(self.next_number).max(since_2020 << 16);
        let end = start + i128::from(size);
        let last_id = 1_000_000_000_000_000_000 + (end + 1) * 64;
        if last_id > i128::from(i64::MAX) {
            return Err(Error::failed("drawing ids", "they do not fit into 64 bits"));
        }
        self.next_number = end as u64;
        Ok(IdBlock { start: start as u64, size })
    }
}
