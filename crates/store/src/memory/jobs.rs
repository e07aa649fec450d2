//! Jobs: who may claim them, who holds them, how they end.

use bulkwright_engine::ids::{IdBlock, JobId};
use bulkwright_engine::verdict::Counts;

use super::outbox;
use super::state::{HeldJob, State};
use crate::Error;
use crate::model::{
    Claim, DeliveryState, Figures, Finish, Job, JobResource, JobState, JobsQuery, NewJob, Postponed, Rest,
};

impl State {
    pub(super) fn restart(&mut self) {
        for held in self.jobs.values_mut() {
            held.lease_until = None;
            held.job.rest = None;
        }
    }

    pub(super) fn add_job(&mut self, new: &NewJob) -> Result<Job, Error> {
        self.keep_answer(new.answer.as_ref(), new.created_at)?;
        let id = match new.id {
            Some(id) if self.jobs.contains_key(&id) => {
                return Err(Error::failed("adding a job", "there is one with this id"));
            }
            Some(id) => id,
            None => JobId(self.draw_id(new.created_at.saturating_mul(1000))?),
        };
        let job = added(id, new.clone());
        self.jobs.insert(id, HeldJob { job: job.clone(), lease_until: None });
        Ok(job)
    }

    pub(super) fn list_jobs(&self, query: &JobsQuery) -> Vec<Job> {
        let newest_first = self.jobs.values().rev().map(|held| &held.job);
        let asked_for = newest_first.filter(|job| {
            query.org.is_none_or(|org| job.org == org)
                && query.state.is_none_or(|state| job.state == state)
                && query.before.is_none_or(|before| job.id < before)
        });
        asked_for.take(query.limit as usize).cloned().collect()
    }

    pub(super) fn claim(&mut self, now: i64, lease_until: i64) -> Option<(Claim, Job)> {
        let waiting = self.jobs.values_mut().filter(|held| {
            let is_free = held.lease_until.is_none_or(|until| until <= now);
            let is_rested = held.job.rest.as_ref().is_none_or(|rest| rest.until <= now);
            is_open(&held.job) && is_free && is_rested
        });
        let held = waiting.min_by_key(|held| (held.job.created_at, held.job.id))?;
        held.lease_until = Some(lease_until);
        let job = &mut held.job;
        job.state = JobState::InProgress;
        job.attempt += 1;
        job.rest = None;
        job.started_at = job.started_at.or(Some(now));
        Some((Claim { job: job.id, attempt: job.attempt }, job.clone()))
    }

    pub(super) fn progress(
        &mut self,
        claim: Claim,
        lease_until: i64,
        resource: u16,
        counts: Counts,
        charset: &str,
    ) -> Result<(), Error> {
        let held = self.held(claim)?;
        held.lease_until = Some(lease_until);
        if !charset.is_empty() {
            held.job.charset = Some(charset.to_owned());
        }
        let resource = resource_of(&mut held.job, resource)?;
        resource.state = JobState::InProgress;
        resource.counts = counts;
        Ok(())
    }

    pub(super) fn release(&mut self, claim: Claim) -> Result<(), Error> {
        self.held(claim)?.lease_until = None;
        Ok(())
    }

    pub(super) fn postpone(&mut self, claim: Claim, rest: &Rest, postponed: Postponed) -> Result<(), Error> {
        let held = self.held(claim)?;
        held.lease_until = None;
        held.job.rest = Some(rest.clone());
        match postponed {
            Postponed::Waiting => {}
            Postponed::Failed => held.job.failures += 1,
            Postponed::FailedAfterProgress => held.job.failures = 1,
        }
        Ok(())
    }

    pub(super) fn reserve(&mut self, claim: Claim, resource: u16, size: u64, now_ms: i64) -> Result<IdBlock, Error> {
        if let Some(block) = resource_of(&mut self.held(claim)?.job, resource)?.block {
            return Ok(block);
        }
        let block = self.draw_block(size, now_ms)?;
        let resource = resource_of(&mut self.held(claim)?.job, resource)?;
        resource.block = Some(block);
        resource.state = JobState::InProgress;
        Ok(block)
    }

    pub(super) fn finish(&mut self, claim: Claim, end: &Finish) -> Result<(), Error> {
        let held = self.held(claim)?;
        held.lease_until = None;
        let job = &mut held.job;
        assert_eq!(job.resources.len(), end.resources.len(), "a job ends with all of its resources");
        job.state = end.state;
        job.result_blob.clone_from(&end.result_blob);
        job.result_sum = end.result_sum;
        job.charset = end.charset.clone().or(job.charset.take());
        job.finished_at = Some(end.finished_at);
        for (resource, (state, counts, failure)) in job.resources.iter_mut().zip(&end.resources) {
            (resource.state, resource.counts) = (*state, *counts);
            resource.failure.clone_from(failure);
        }
        let delivery = outbox::promised(job, end);
        self.deliveries.extend(delivery.map(|delivery| (delivery.job, delivery)));
        Ok(())
    }

    pub(super) fn figures(&self) -> Figures {
        let jobs = || self.jobs.values();
        let states = [JobState::Added, JobState::InProgress, JobState::Completed, JobState::Failed];
        let waiting = jobs().filter(|held| is_open(&held.job) && held.lease_until.is_none());
        let pending = self.deliveries.values().filter(|delivery| delivery.state == DeliveryState::Pending);
        Figures {
            jobs: states.map(|state| jobs().filter(|held| held.job.state == state).count() as u64),
            oldest_waiting: waiting.map(|held| held.job.created_at).min(),
            deliveries_pending: pending.count() as u64,
            ..Figures::default()
        }
    }

    /// The job that this attempt holds.
    fn held(&mut self, claim: Claim) -> Result<&mut HeldJob, Error> {
        let held = self.jobs.get_mut(&claim.job).filter(|held| held.lease_until.is_some());
        held.filter(|held| held.job.attempt == claim.attempt).ok_or(Error::Fenced)
    }
}

fn is_open(job: &Job) -> bool {
    matches!(job.state, JobState::Added | JobState::InProgress)
}

fn resource_of(job: &mut Job, place: u16) -> Result<&mut JobResource, Error> {
    let resource = job.resources.get_mut(usize::from(place));
    resource.ok_or_else(|| Error::failed("using a resource of a job", "there is none at that place"))
}

fn added(id: JobId, new: NewJob) -> Job {
    Job {
        id,
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
        result_url: new.result_url,
        fixed: new.fixed,
        attempt: 0,
        started_at: None,
        finished_at: None,
        failures: 0,
        deaths: 0,
        rest: None,
    }
}
