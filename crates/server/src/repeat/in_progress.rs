//! Which keys have a request that is being answered.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bulkwright_store::model::AnswerKey;
use tokio::sync::watch;

/// The keys in use. Each is held by one request and a request holds one, so there are never more of them than
/// connections (`connections_max`).
#[derive(Default)]
pub(crate) struct InProgress(Mutex<HashMap<AnswerKey, watch::Receiver<()>>>);

/// A key in use. Whatever ends the request, an answer, a panic or a connection that is cut, gives it back, and wakes
/// those who wait for it.
pub(crate) struct Turn {
    keys: Arc<InProgress>,
    key: AnswerKey,
    /// Closed when it is dropped: that is what others wait for.
    _ended: watch::Sender<()>,
}

impl InProgress {
    /// A turn as soon as nobody else has one for this key.
    pub(crate) async fn turn(self: Arc<Self>, key: AnswerKey) -> Turn {
        loop {
            let mut present = match self.clone().enter(&key) {
                Ok(turn) => return turn,
                Err(present) => present,
            };
            // Nothing is ever sent: it is an error when the turn has ended.
            let _ = present.changed().await;
        }
    }

    fn enter(self: Arc<Self>, key: &AnswerKey) -> Result<Turn, watch::Receiver<()>> {
        let ended = match self.keys().entry(key.clone()) {
            Entry::Occupied(present) => return Err(present.get().clone()),
            Entry::Vacant(free) => {
                let (sender, receiver) = watch::channel(());
                free.insert(receiver);
                sender
            }
        };
        Ok(Turn { keys: self, key: key.clone(), _ended: ended })
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<AnswerKey, watch::Receiver<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        // The key is free before the channel closes, so that who wakes finds it so.
        self.keys.keys().remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bulkwright_engine::ids::OrgId;
    use bulkwright_store::model::AnsweredOperation;
    use tokio::time::timeout;

    use super::*;

    fn key(key: &str, operation: AnsweredOperation) -> AnswerKey {
        AnswerKey { org: OrgId(1), client_id: "1000.X".into(), operation, key: key.into() }
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_under_a_key() {
        let keys = Arc::new(InProgress::default());
        let within = async |key: &AnswerKey| timeout(Duration::from_secs(1), keys.clone().turn(key.clone())).await;
        let create = key("a", AnsweredOperation::CreateJob);
        let first = within(&create).await.unwrap();
        assert!(within(&create).await.is_err(), "it is in use");
        let others = [key("b", AnsweredOperation::CreateJob), key("a", AnsweredOperation::Upload)];
        for other in &others {
            assert!(within(other).await.is_ok(), "{other:?} is another key");
        }
        // Each gives its turn back as soon as it has it: they come in any order.
        let turn = || {
            let turn = keys.clone().turn(create.clone());
            tokio::spawn(async move { drop(turn.await) })
        };
        let waiting: Vec<_> = (0..8).map(|_| turn()).collect();
        tokio::task::yield_now().await;
        drop(first);
        for turn in waiting {
            timeout(Duration::from_secs(1), turn).await.expect("each has its turn").unwrap();
        }
        assert!(keys.keys().is_empty(), "nothing is left of keys that nobody uses");
    }
}
