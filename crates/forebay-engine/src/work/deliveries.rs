//! The log of deliveries: handlers add to it, and a task beside the workers stores it in batches.
//!
//! It is kept apart from the reports of attempts, because an attempt must not wait for its log, or fail because of it.

use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use forebay_store::{
    connect::Database,
    deliveries::{self, Delivery},
};
use tokio::time::timeout;

use super::beside::beside;

/// How often it is stored.
const EVERY: Duration = Duration::from_millis(500);
/// How long storing may take at the end of the work.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// Maximum number of deliveries that wait while the database is away. Further ones are not logged.
const MOST_WAITING: usize = 10_000;
/// Maximum number of deliveries in one statement.
const AT_ONCE: usize = 1_000;

/// Deliveries that are not stored yet. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryLog(Arc<Mutex<Vec<Delivery>>>);

impl DeliveryLog {
    pub(super) fn add(&self, delivery: Delivery) {
        let mut waiting = self.waiting();
        if waiting.len() < MOST_WAITING {
            waiting.push(delivery);
        }
    }

    /// Does the work while the log is stored, and stores the rest.
    pub(super) async fn during<T>(&self, database: &Database, work: impl Future<Output = T>) -> T {
        beside(work, async |mut ended| {
            loop {
                tokio::select! {
                    _ = &mut ended => break,
                    () = tokio::time::sleep(EVERY) => self.store(database).await,
                }
            }
            let _in_time = timeout(STORE_TIMEOUT, self.store(database)).await;
        })
        .await
    }

    /// Stores what waits. If that fails, it waits for the next time.
    async fn store(&self, database: &Database) {
        loop {
            let mut batch = mem::take(&mut *self.waiting());
            if batch.is_empty() {
                return;
            }
            let rest = batch.split_off(batch.len().min(AT_ONCE));
            let stored = async {
                let client = database.client().await?;
                deliveries::add(&**client, &batch).await
            };
            let is_stored = stored.await.is_ok();
            let mut waiting = self.waiting();
            let newer = mem::take(&mut *waiting);
            *waiting = if is_stored { rest } else { batch.into_iter().chain(rest).collect() };
            waiting.extend(newer);
            if !is_stored {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Delivery>> {
        // A delivery is added as a whole, so a panic elsewhere leaves nothing to repair.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
