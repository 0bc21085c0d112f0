//! One look for all who ask at the same time.
//!
//! The look is a task of its own, so it goes on when those who asked for it are gone: half of a scrape would be of use
//! to nobody.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared as SharedFuture},
};

use tokio::sync::oneshot;

use super::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Shared, Wanted};

/// What is wanted, whether by force, and whether without scraping.
type Key = (Wanted, bool, bool);

type Flight = SharedFuture<BoxFuture<'static, Arc<Ensured>>>;

/// The looks that are under way. Those who want the same in another way do not share one.
#[derive(Debug, Default)]
pub(super) struct SingleFlight {
    under_way: Mutex<HashMap<Key, Flight>>,
    /// Scopes that are brought up to date while what is stored is served.
    revalidating: Mutex<HashSet<Wanted>>,
}

impl SingleFlight {
    /// Waits for a look that is under way, or begins one.
    pub(super) async fn join(
        &self,
        shared: &Arc<Shared>,
        wanted: &Wanted,
        options: EnsureOptions,
    ) -> Arc<Ensured> {
        let key = (wanted.clone(), options.force, options.read_only);
        let flight = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.entry(key).or_insert_with_key(|key| begin(shared, key)).clone()
        };
        flight.await
    }

    /// Whether the caller is to bring a scope up to date; false if somebody is at it.
    pub(super) fn begin_revalidating(&self, wanted: &Wanted) -> bool {
        self.revalidating.lock().unwrap_or_else(PoisonError::into_inner).insert(wanted.clone())
    }

    pub(super) fn end_revalidating(&self, wanted: &Wanted) {
        self.revalidating.lock().unwrap_or_else(PoisonError::into_inner).remove(wanted);
    }

    fn end(&self, key: &Key) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn begin(shared: &Arc<Shared>, key: &Key) -> Flight {
    let ends = Ends { shared: Arc::clone(shared), key: key.clone() };
    let task = tokio::spawn(async move {
        let (wanted, force, read_only) = &ends.key;
        let options = EnsureOptions { force: *force, read_only: *read_only };
        let answer = Arc::new(super::refresh::look(&ends.shared, wanted, options).await);
        ends.shared.remember(wanted, &answer);
        answer
    });
    async move { task.await.unwrap_or_else(|_| Arc::new(broken())) }.boxed().shared()
}

/// Takes a look out of those under way, however it ends; after its answer is in memory, for who comes between the two.
struct Ends {
    shared: Arc<Shared>,
    key: Key,
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.shared.flights.end(&self.key);
    }
}

/// Goes on with something whoever waits for it, on a thread of its own: a run's future holds what may not move between
/// threads, and its thread must not be one of those that the run itself waits for.
pub(super) fn in_background<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> oneshot::Receiver<T> {
    let (sender, receiver) = oneshot::channel();
    let runtime = tokio::runtime::Handle::current();
    // Nobody may be there any more to be told.
    std::thread::spawn(move || drop(sender.send(runtime.block_on(work()))));
    receiver
}

/// The answer of a task that panicked or was stopped with its runtime.
fn broken() -> Ensured {
    Ensured {
        success: false,
        source: AnsweredFrom::None,
        last_sync: None,
        is_fresh: false,
        is_partial: false,
        warnings: Vec::new(),
        error: Some(EnsureError {
            code: "ensure_stopped".to_owned(),
            message: "the look for fresh data was stopped before its end".to_owned(),
            hint: Some("ask again".to_owned()),
            retry_after_seconds: None,
        }),
        run_id: None,
        num_records: None,
        answered_by: None,
        tried: Vec::new(),
        fresh_until: None,
    }
}
