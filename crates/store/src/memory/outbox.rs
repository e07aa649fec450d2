//! Callbacks that are promised.

use bulkwright_engine::ids::JobId;

use super::state::State;
use crate::Error;
use crate::model::{Delivery, DeliveryOutcome, DeliveryState, Finish, Job};

/// The delivery of a job that has just ended.
pub(super) fn promised(job: &Job, end: &Finish) -> Option<Delivery> {
    let callback = job.callback.clone().filter(|_| !job.fixed)?;
    Some(Delivery {
        job: job.id,
        org: job.org,
        callback,
        created_at: end.finished_at,
        attempts: 0,
        next_at: Some(end.callback_at),
        state: DeliveryState::Pending,
        last: None,
    })
}

impl State {
    pub(super) fn due_deliveries(&self, now: i64, limit: u32) -> Vec<Delivery> {
        let is_due = |delivery: &&Delivery| delivery.next_at.is_some_and(|at| at <= now);
        let mut due: Vec<Delivery> = self.deliveries.values().filter(is_due).cloned().collect();
        due.sort_by_key(|delivery| (delivery.next_at, delivery.job));
        due.truncate(limit as usize);
        due
    }

    pub(super) fn note_delivery(
        &mut self,
        job: JobId,
        outcome: &DeliveryOutcome,
        state: DeliveryState,
        next_at: Option<i64>,
    ) -> Result<(), Error> {
        assert_eq!(next_at.is_some(), state == DeliveryState::Pending, "what is settled is never due, what is not is");
        let delivery = self.deliveries.get_mut(&job);
        let delivery = delivery.ok_or_else(|| Error::failed("noting a delivery", "the job has none"))?;
        delivery.attempts += 1;
        delivery.next_at = next_at;
        delivery.state = state;
        delivery.last = Some(outcome.clone());
        Ok(())
    }
}
