//! Callbacks that are promised.

use bulkwright_engine::ids::{JobId, OrgId};

use super::state::State;
use crate::ATTEMPTS_KEPT;
use crate::Error;
use crate::model::{DeliveriesQuery, Delivery, DeliveryOutcome, DeliveryState, Finish, Job};

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
        let attempts = self.attempts.entry(job).or_default();
        attempts.push(outcome.clone());
        if attempts.len() > ATTEMPTS_KEPT as usize {
            attempts.remove(0);
        }
        Ok(())
    }

    pub(super) fn list_deliveries(&self, query: &DeliveriesQuery) -> Vec<Delivery> {
        let wanted = |delivery: &&Delivery| {
            query.org.is_none_or(|org| org == delivery.org)
                && query.state.is_none_or(|state| state == delivery.state)
                && query.before.is_none_or(|before| delivery.job < before)
        };
        self.deliveries.values().rev().filter(wanted).take(query.limit as usize).cloned().collect()
    }

    pub(super) fn delivery_attempts(&self, org: OrgId, job: JobId) -> Vec<DeliveryOutcome> {
        let is_of_org = self.deliveries.get(&job).is_some_and(|delivery| delivery.org == org);
        self.attempts.get(&job).filter(|_| is_of_org).cloned().unwrap_or_default()
    }

    pub(super) fn replay_delivery(&mut self, org: OrgId, job: JobId, now: i64) -> Option<Delivery> {
        let delivery = self.deliveries.get_mut(&job).filter(|delivery| delivery.org == org)?;
        delivery.attempts = 0;
        delivery.next_at = Some(now);
        delivery.state = DeliveryState::Pending;
        Some(delivery.clone())
    }
}
