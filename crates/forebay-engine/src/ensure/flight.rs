//! One look for all who ask at the same time.
//!
//! The look is a task of its own, so it goes on when those who asked for it are gone: half of a scrape would be of use
//! to nobody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared as SharedFuture},
};

use super::{AnsweredFrom, EnsureError, EnsureOptions, Ensured, Shared, Wanted};

type Flight = SharedFuture<BoxFuture<'static, Arc<Ensured>>>;

/// The looks that are under way. Those who want the same in another way do not share one.
#[derive(Debug, Default)]
pub(super) struct Flights {
    under_way: Mutex<HashMap<(Wanted, bool, bool), Flight>>,
}

impl Flights {
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

    fn end(&self, key: &(Wanted, bool, bool)) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn begin(shared: &Arc<Shared>, key: &(Wanted, bool, bool)) -> Flight {
    let (shared, key) = (Arc::clone(shared), key.clone());
    let task = in_background(async move || {
        let (wanted, force, read_only) = &key;
        let options = EnsureOptions { force: *force, read_only: *read_only };
        let answer = Arc::new(super::sync::look(&shared, wanted, options).await);
        shared.remember(wanted, &answer);
        // Only now: who comes between the two finds it in memory.
        shared.flights.end(&key);
        answer
    });
    async move { task.await.unwrap_or_else(|_| Arc::new(broken())) }.boxed().shared()
}

/// Goes on with something whoever waits for it. On a thread of its own, because a run's future holds what may not move
/// between threads, and sorts and hashes as it goes.
pub(super) fn in_background<T: Send + 'static>(
    work: impl AsyncFnOnce() -> T + Send + 'static,
) -> tokio::task::JoinHandle<T> {
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || runtime.block_on(work()))
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
