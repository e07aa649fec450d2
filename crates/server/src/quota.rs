//! The vendor's limits on an organisation that has an edition: credits of 24 hours, and calls at the same time (contract
//! section 4; 12, row 47). Nobody else is limited.

mod credits;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bulkwright_engine::ids::OrgId;
use bulkwright_store::Error as StoreError;
use bulkwright_store::model::JobsQuery;
use bulkwright_wire::error::{ErrorBody, ErrorCode};
use bulkwright_wire::limit::{
    CREDIT_WINDOW_SECONDS, CREDITS_OF_A_CALL, CREDITS_OF_A_JOB, CREDITS_TOLD_FROM, Edition, EditionRow,
};
use bulkwright_wire::path::Endpoint;
use tokio::sync::Mutex as AsyncMutex;

use self::credits::Spent;
use crate::access::Caller;
use crate::reply::Refusal;
use crate::state::App;

/// Jobs that are read at once to know what was spent before this process.
const JOBS_OF_A_PAGE: u32 = 200;

/// What a caller may use.
pub(crate) struct Quota {
    org: OrgId,
    client_id: String,
    edition: Edition,
    credits_max: u64,
}

/// What organisations have used.
#[derive(Default)]
pub(crate) struct Quotas {
    used: Arc<Mutex<Used>>,
    /// Held while an organisation's jobs are looked through.
    looking_back: AsyncMutex<()>,
}

/// An organisation is in here once it has called since the start, a client only while it has calls open.
#[derive(Default)]
struct Used {
    credits: HashMap<OrgId, Spent>,
    calls: HashMap<(OrgId, String), u32>,
}

/// A call within its limits. It counts as open until it is dropped.
pub(crate) struct Admitted {
    used: Arc<Mutex<Used>>,
    client: (OrgId, String),
    credits_max: u64,
    credits: u64,
    minute: i64,
}

/// A call past its limits.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) exceeded: Exceeded,
    /// What is left, where that is told.
    pub(crate) credits_remaining: Option<u64>,
}

/// The limit that a call is past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    /// So many credits are left of so many.
    Credits { left: u64, max: u64 },
    /// The client has as many calls open as it may.
    Calls { edition: Edition },
}

impl Quota {
    /// The limits of a caller; `None` if his organisation has no edition, or if the endpoint is not one of the CRM.
    pub(crate) async fn of(app: &App, caller: &Caller, endpoint: Endpoint) -> Result<Option<Self>, Refusal> {
        if endpoint == Endpoint::Profile {
            return Ok(None);
        }
        let org = caller.org(app).await?;
        let Some(name) = org.edition else { return Ok(None) };
        let Some(edition) = Edition::parse(&name) else {
            tracing::warn!(org = %org.id, edition = name, "there is no such edition: no limits hold");
            return Ok(None);
        };
        let quota = Quota {
            org: org.id,
            client_id: caller.grant.client_id.clone(),
            edition,
            credits_max: edition.credits(caller.users),
        };
        app.quotas.look_back(app, &quota).await?;
        Ok(Some(quota))
    }
}

impl Quotas {
    /// Takes a call's credits and one of the client's turns, or neither.
    pub(crate) fn admit(&self, quota: &Quota, endpoint: Endpoint, now: i64) -> Result<Admitted, Refused> {
        let mut used = lock(&self.used);
        let client = (quota.org, quota.client_id.clone());
        let spent = used.credits.entry(quota.org).or_default();
        spent.forget(now);
        let left = quota.credits_max.saturating_sub(spent.sum());
        let refused = |exceeded| Refused { exceeded, credits_remaining: told(left, quota.credits_max) };
        let credits = cost(endpoint);
        if credits > left {
            return Err(refused(Exceeded::Credits { left, max: quota.credits_max }));
        }
        let calls_max = quota.edition.row().calls_at_once_max;
        if used.calls.get(&client).is_some_and(|open| *open >= calls_max) {
            return Err(refused(Exceeded::Calls { edition: quota.edition }));
        }
        *used.calls.entry(client.clone()).or_default() += 1;
        let minute = used.credits.entry(quota.org).or_default().spend(now, credits);
        Ok(Admitted { used: self.used.clone(), client, credits_max: quota.credits_max, credits, minute })
    }

    /// What an organisation spent before this process, as far as its jobs tell: read once, at its first call.
    async fn look_back(&self, app: &App, quota: &Quota) -> Result<(), StoreError> {
        if lock(&self.used).credits.contains_key(&quota.org) {
            return Ok(());
        }
        let _turn = self.looking_back.lock().await;
        let spent = spent_on_jobs(app, quota).await?;
        // Whoever waited for the turn finds what the one before has read, and what was spent since.
        if let Entry::Vacant(unknown) = lock(&self.used).credits.entry(quota.org) {
            unknown.insert(spent);
        }
        Ok(())
    }
}

/// The newest jobs, until they are a day old or have used up everything: what is older ends earlier still.
async fn spent_on_jobs(app: &App, quota: &Quota) -> Result<Spent, StoreError> {
    let since = app.clock.seconds().saturating_sub(CREDIT_WINDOW_SECONDS);
    let mut newest_first = Vec::new();
    let mut query = JobsQuery { org: Some(quota.org), state: None, before: None, limit: JOBS_OF_A_PAGE };
    loop {
        let page = app.store.jobs(&query).await?;
        let Some(last) = page.last() else { break };
        query.before = Some(last.id);
        let is_over = last.created_at <= since || (page.len() as u32) < JOBS_OF_A_PAGE;
        newest_first.extend(page.iter().filter(|job| job.created_at > since && !job.fixed).map(|job| job.created_at));
        if is_over || newest_first.len() as u64 * CREDITS_OF_A_JOB >= quota.credits_max {
            break;
        }
    }
    let mut spent = Spent::default();
    for created_at in newest_first.into_iter().rev() {
        spent.spend(created_at, CREDITS_OF_A_JOB);
    }
    Ok(spent)
}

fn cost(endpoint: Endpoint) -> u64 {
    match endpoint {
        Endpoint::CreateJob => CREDITS_OF_A_JOB,
        _ => CREDITS_OF_A_CALL,
    }
}

impl From<Exceeded> for ErrorBody {
    fn from(exceeded: Exceeded) -> Self {
        let (message, hint) = match exceeded {
            Exceeded::Credits { left, max } => {
                let costs = format!("a job costs {CREDITS_OF_A_JOB}, another call {CREDITS_OF_A_CALL}");
                let hint = format!("{left} of {max} credits are left; {costs}, and each comes back after 24 hours");
                ("the API credits of 24 hours are used up", hint)
            }
            Exceeded::Calls { edition } => {
                let EditionRow { name, calls_at_once_max, .. } = edition.row();
                let hint = format!("the edition {name} allows a client {calls_at_once_max} calls at the same time");
                ("too many calls at the same time", hint)
            }
        };
        ErrorBody::new(ErrorCode::TooManyRequests, message).with_hint(Some(hint))
    }
}

/// What is left, once so much is used that it is told.
fn told(left: u64, max: u64) -> Option<u64> {
    ((max - left).saturating_mul(CREDITS_TOLD_FROM) >= max).then_some(left)
}

impl Admitted {
    /// Ends the call: a create that made no job costs no more than any call. Answers what is left, where that is told.
    pub(crate) fn settled(self, has_made: bool) -> Option<u64> {
        let mut used = lock(&self.used);
        let spent = used.credits.entry(self.client.0).or_default();
        if !has_made {
            spent.give_back(self.minute, self.credits - CREDITS_OF_A_CALL);
        }
        told(self.credits_max.saturating_sub(spent.sum()), self.credits_max)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut used = lock(&self.used);
        if let Entry::Occupied(mut calls) = used.calls.entry(self.client.clone()) {
            *calls.get_mut() -= 1;
            if *calls.get() == 0 {
                calls.remove();
            }
        }
    }
}

fn lock(used: &Mutex<Used>) -> MutexGuard<'_, Used> {
    used.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000;

    fn free(client_id: &str) -> Quota {
        let edition = Edition::Free;
        Quota { org: OrgId(1), client_id: client_id.to_owned(), edition, credits_max: edition.credits(1) }
    }

    fn admit(quotas: &Quotas, client_id: &str, endpoint: Endpoint, now: i64) -> Result<Admitted, Exceeded> {
        quotas.admit(&free(client_id), endpoint, now).map_err(|refused| refused.exceeded)
    }

    #[test]
    fn calls_at_the_same_time_are_counted_by_client() {
        let quotas = Quotas::default();
        let open: Vec<_> = (0..5).map(|_| admit(&quotas, "a", Endpoint::Org, NOW).unwrap()).collect();
        assert_eq!(admit(&quotas, "a", Endpoint::Org, NOW).err(), Some(Exceeded::Calls { edition: Edition::Free }));
        assert!(admit(&quotas, "b", Endpoint::Org, NOW).is_ok());
        let mut open = open.into_iter();
        open.next().unwrap().settled(true);
        assert!(admit(&quotas, "a", Endpoint::Org, NOW).is_ok(), "one has ended");
        drop(open.next());
        assert!(admit(&quotas, "a", Endpoint::Org, NOW).is_ok(), "one has broken off");
        drop(open);
        assert!(lock(&quotas.used).calls.is_empty());
    }

    #[test]
    fn credits_are_spent_and_come_back_after_a_day() {
        let quotas = Quotas::default();
        for job in 0..5 {
            let left = admit(&quotas, "a", Endpoint::CreateJob, NOW).unwrap().settled(true);
            assert_eq!(left, (job == 4).then_some(2500), "told from the half on");
        }
        let refused = admit(&quotas, "a", Endpoint::CreateJob, NOW).unwrap().settled(false);
        assert_eq!(refused, Some(2499), "a job that was refused is a call");
        for _ in 0..4 {
            admit(&quotas, "b", Endpoint::CreateJob, NOW + 3600).unwrap();
        }
        let left = |left| Some(Exceeded::Credits { left, max: 5000 });
        assert_eq!(admit(&quotas, "a", Endpoint::CreateJob, NOW + 3600).err(), left(499));
        for left in (0..499).rev() {
            assert_eq!(admit(&quotas, "a", Endpoint::Org, NOW + 3600).unwrap().settled(true), Some(left));
        }
        assert_eq!(admit(&quotas, "a", Endpoint::Org, NOW + 3600).err(), left(0));
        assert_eq!(admit(&quotas, "a", Endpoint::Org, NOW + CREDIT_WINDOW_SECONDS - 1).err(), left(0));
        let a_day_later = NOW + CREDIT_WINDOW_SECONDS + 60;
        assert_eq!(admit(&quotas, "a", Endpoint::Org, a_day_later).unwrap().settled(true), Some(2500));
    }
}
