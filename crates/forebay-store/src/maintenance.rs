//! Periodic tasks, each done by one of all workers: when each was last started.

use std::time::Duration;

use tokio_postgres::{GenericClient, types::Type};

use crate::error::Result;

forebay_domain::words! {
    /// A task of its own rhythm.
    pub enum Task {
        /// Checking every reference for hand-offs that are missing.
        Reconcile = "reconcile",
        /// Deleting history that is past its retention.
        Prune = "prune",
        /// Deleting logs, pages and the trail of breakers that are past theirs.
        PruneScraping = "prune_scraping",
    }
}

/// Whether the caller should do a task now: it was not started within `every`, and no other worker got it.
pub async fn begin(client: &impl GenericClient, task: Task, every: Duration) -> Result<bool> {
    let statement = "insert into forebay.maintenance as u (task, began_at) values ($1, now()) \
         on conflict (task) do update set began_at = now() \
         where u.began_at <= now() - make_interval(secs => $2)";
    let num_begun = client
        .execute_typed(statement, &[(&task.as_str(), Type::TEXT), (&every.as_secs_f64(), Type::FLOAT8)])
        .await?;
    Ok(num_begun > 0)
}
