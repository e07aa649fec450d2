//! Organisations, users, OAuth clients and tokens, as the administrator makes, lists and revokes them: functions over the
//! store, for a server that runs and over a directory that no server holds.
//!
//! A secret is drawn here, stored as its hash and told once. What is revoked is first marked, then what hangs on it goes:
//! a death in between leaves nothing that opens anything.

mod client;
mod code;
mod mistake;
mod org;
mod token;
mod user;
mod values;
mod webhook;

use std::future::Future;
use std::path::Path;

use bulkwright_engine::ids::OrgId;
use bulkwright_store::Store;
use bulkwright_store::model::{Org, User};
use bulkwright_wire::administration::Request;
use bulkwright_wire::time;
use jiff::tz::TimeZone;

pub use mistake::Mistake;

use crate::Clock;
use crate::error::ServeError;
use crate::upkeep;
pub(crate) use mistake::Failed;

/// Things of one kind that a message names.
const NAMED_MAX: usize = 10;

/// Where the administrator's requests are carried out.
pub struct Administration<'a> {
    pub(crate) store: &'a dyn Store,
    pub(crate) clock: &'a Clock,
    /// The base of the API, if a server runs.
    pub(crate) base_url: Option<&'a str>,
}

impl std::fmt::Debug for Administration<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Administration").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// A request that can be carried out.
pub trait Administered: Request {
    /// Does it. Only one request of a store is carried out at a time.
    fn carried_out(self, at: &Administration<'_>) -> impl Future<Output = Result<Self::Answer, Failed>> + Send;
}

/// Carries a request out on a data directory that no server holds.
///
/// # Errors
/// [`ServeError::NoData`], [`ServeError::DirectoryInUse`], [`ServeError::Mistake`], [`ServeError::Store`].
pub async fn in_directory<R: Administered>(data: &Path, request: R) -> Result<R::Answer, ServeError> {
    let store = upkeep::open(data).await?;
    let clock = Clock::system();
    let at = Administration { store: store.as_ref(), clock: &clock, base_url: None };
    Ok(request.carried_out(&at).await?)
}

impl Administration<'_> {
    /// The organisation that is meant: the one of that id, or the only one that is not revoked.
    async fn org(&self, named: Option<&str>) -> Result<Org, Failed> {
        let orgs = self.store.orgs().await?;
        let Some(named) = named else { return Ok(only(orgs)?) };
        match orgs.iter().find(|org| org.id.to_string() == named) {
            Some(org) => Ok(org.clone()),
            None => Err(Mistake::Unknown(format!("there is no organisation {named}; {}", known_orgs(&orgs))).into()),
        }
    }

    /// The same, if it is not revoked.
    async fn living_org(&self, named: Option<&str>) -> Result<Org, Failed> {
        let org = self.org(named).await?;
        match org.revoked_at {
            Some(at) => {
                let message = format!("organisation {} is revoked since {}; choose another one", org.id, utc(at));
                Err(Mistake::Refused(message).into())
            }
            None => Ok(org),
        }
    }

    /// The organisations that a list is about: the one of that id, or all of them.
    async fn listed_orgs(&self, named: Option<&str>) -> Result<Vec<OrgId>, Failed> {
        Ok(match named {
            Some(named) => vec![self.org(Some(named)).await?.id],
            None => self.store.orgs().await?.iter().map(|org| org.id).collect(),
        })
    }

    /// Users of an organisation who are not revoked, oldest first.
    async fn living_users(&self, org: OrgId) -> Result<Vec<User>, Failed> {
        let users = self.store.users(org).await?;
        Ok(users.into_iter().filter(|user| user.revoked_at.is_none()).collect())
    }
}

fn only(orgs: Vec<Org>) -> Result<Org, Mistake> {
    let known = known_orgs(&orgs);
    let mut living = orgs.into_iter().filter(|org| org.revoked_at.is_none());
    match (living.next(), living.next()) {
        (Some(org), None) => Ok(org),
        (Some(_), Some(_)) => {
            Err(Mistake::Unusable(format!("there are several organisations: say which one with --org; {known}")))
        }
        (None, _) => {
            Err(Mistake::Unknown("there is no organisation left: make one with `bulkwright org create`".to_owned()))
        }
    }
}

fn known_orgs(orgs: &[Org]) -> String {
    let revoked = |org: &Org| if org.revoked_at.is_some() { ", revoked" } else { "" };
    known(orgs.iter().map(|org| format!("{} ({}{})", org.id, org.company_name, revoked(org))))
}

/// What there is to choose from, in a message.
fn known(things: impl Iterator<Item = String>) -> String {
    let mut things: Vec<String> = things.collect();
    if things.is_empty() {
        return "there are none".to_owned();
    }
    let more = things.len().saturating_sub(NAMED_MAX);
    things.truncate(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("known: {}{more}", things.join(", "))
}

/// A moment as programs read it.
fn utc(seconds: i64) -> String {
    time::print(seconds, &TimeZone::UTC)
}
