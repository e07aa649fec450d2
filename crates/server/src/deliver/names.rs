//! From a receiver's name to its addresses, each judged before a connection is made. A name that was public when the job
//! was created and leads inside when it is called leads nowhere.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::callback_rule::CallbackRule;

/// Addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 64;

/// Tells the addresses of a name.
#[derive(Clone)]
pub struct NameLookup(Arc<Ask>);

type Ask = dyn Fn(String) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> + Send + Sync;

impl NameLookup {
    /// The system's own.
    pub fn system() -> Self {
        NameLookup::from_fn(|name| async move {
            let found = tokio::net::lookup_host((name, 0)).await?;
            Ok(found.map(|address| address.ip()).take(ADDRESSES_MAX).collect())
        })
    }

    /// A lookup that asks `addresses` each time.
    pub fn from_fn<F>(addresses: impl Fn(String) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        NameLookup(Arc::new(move |name| addresses(name).boxed()))
    }
}

impl fmt::Debug for NameLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameLookup(…)")
    }
}

/// A name that has no address which may be called.
#[derive(Debug, thiserror::Error)]
#[error("{name} leads to {address}, inside a network that is not called")]
pub(super) struct LeadsInside {
    name: String,
    address: IpAddr,
}

/// Resolves names for the sender. Literal addresses never come here: they are judged as they are written.
pub(super) struct GuardedNames {
    pub(super) lookup: NameLookup,
    pub(super) rule: CallbackRule,
}

impl Resolve for GuardedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let (name, rule) = (name.as_str().to_owned(), self.rule.clone());
        let looked_up = (self.lookup.0)(name.clone());
        Box::pin(async move {
            let (callable, inside): (Vec<_>, Vec<_>) = looked_up.await?.into_iter().partition(|&ip| rule.allows(ip));
            match inside.first() {
                Some(&address) if callable.is_empty() => Err(LeadsInside { name, address }.into()),
                // Port 0 stands for the port of the URL.
                _ => Ok(Box::new(callable.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs),
            }
        })
    }
}
