//! One lookup for all callers in this process that make the same request at the same time.
//!
//! The lookup is a separate task and continues without its callers, because half a scrape is useless.

use std::{
    collections::{HashMap, HashSet},
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared as SharedFuture},
};
use tokio_util::task::TaskTracker;

use super::answer::{EnsureOptions, Ensured, Wanted};

/// A request. Callers that request the same data with different options do not share a lookup.
type Key = (Wanted, EnsureOptions);

type Flight = SharedFuture<BoxFuture<'static, Arc<Ensured>>>;

/// The lookups that are in flight.
#[derive(Clone, Debug, Default)]
pub(super) struct SingleFlight {
    in_flight: Arc<Mutex<HashMap<Key, Flight>>>,
    /// Scopes that are being refreshed while their stored data is served.
    revalidating: Arc<Mutex<HashSet<Wanted>>>,
}

impl SingleFlight {
    /// Waits for the lookup of the same request, or starts it as a task of `tasks`.
    pub(super) async fn join<F>(
        &self,
        tasks: &TaskTracker,
        wanted: &Wanted,
        options: EnsureOptions,
        look_up: impl FnOnce() -> F,
    ) -> Arc<Ensured>
    where
        F: Future<Output = Arc<Ensured>> + Send + 'static,
    {
        // Who asks decides only how the scrape is counted.
        let key = (wanted.clone(), EnsureOptions { is_on_demand: false, ..options });
        let flight = {
            let mut in_flight = lock(&self.in_flight);
            in_flight
                .entry(key)
                .or_insert_with_key(|key| {
                    let landing = Landing { in_flight: Arc::clone(&self.in_flight), key: key.clone() };
                    let looking = look_up();
                    let task = tasks.spawn(async move {
                        let answer = looking.await;
                        drop(landing);
                        answer
                    });
                    async move { task.await.unwrap_or_else(|_| Arc::new(Ensured::stopped())) }
                        .boxed()
                        .shared()
                })
                .clone()
        };
        flight.await
    }

    /// The right to refresh a scope in the background; `None`: another caller has it. Dropping it releases it.
    pub(super) fn begin_revalidating(&self, wanted: &Wanted) -> Option<Revalidation> {
        let is_first = lock(&self.revalidating).insert(wanted.clone());
        is_first
            .then(|| Revalidation { revalidating: Arc::clone(&self.revalidating), wanted: wanted.clone() })
    }
}

/// Removes a lookup from those in flight, however it ends.
struct Landing {
    in_flight: Arc<Mutex<HashMap<Key, Flight>>>,
    key: Key,
}

impl Drop for Landing {
    fn drop(&mut self) {
        lock(&self.in_flight).remove(&self.key);
    }
}

/// The right to refresh a scope in the background.
pub(super) struct Revalidation {
    revalidating: Arc<Mutex<HashSet<Wanted>>>,
    wanted: Wanted,
}

impl Drop for Revalidation {
    fn drop(&mut self) {
        lock(&self.revalidating).remove(&self.wanted);
    }
}

/// Both collections are consistent between any two statements, so a panic elsewhere leaves nothing to repair.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
