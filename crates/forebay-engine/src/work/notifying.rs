//! Notifications in the workers: each notifier has a loop of its own, so a slow receiver delays no other.
//!
//! All workers do the same. A notifier is locked while one of them compares its alerts, and a notification is claimed
//! while one of them sends it.

use std::time::Duration;

use forebay_store::notifications::{self, outbox};
use futures_util::future::join_all;

use super::shared::Shared;
use crate::{
    error::Result,
    notify::{Notifier, decide, send_due},
};

/// How often a worker looks for something to decide or to send.
const LOOK: Duration = Duration::from_secs(2);

/// Decides and sends until it is dropped. The supervisor reports an outage of the database.
pub(super) async fn run(shared: &Shared<'_>) {
    let notifying = &shared.options.notifying;
    let each = notifying.notifiers.iter().map(async |notifier| {
        loop {
            if let Err(error) = one(shared, notifier, false).await
                && !error.is_unreachable()
            {
                let (name, code) = (&notifier.name, error.code());
                tracing::warn!(notifier = name, code, "the alerts cannot be compared: {error}");
            }
            tokio::time::sleep(LOOK.min(notifying.every)).await;
        }
    });
    join_all(each).await;
}

/// Decides and sends once, before a drain ends. All news is told now, because there is no later round.
pub(super) async fn round(shared: &Shared<'_>) -> Result<()> {
    let each = shared.options.notifying.notifiers.iter().map(|notifier| one(shared, notifier, true));
    join_all(each).await.into_iter().collect()
}

/// Gives back what this worker has claimed and did not send to the end.
pub(super) async fn release(shared: &Shared<'_>) -> Result<()> {
    if !shared.options.notifying.notifiers.is_empty() {
        let client = shared.database.client().await?;
        outbox::release(&**client, &shared.options.worker).await?;
    }
    Ok(())
}

async fn one(shared: &Shared<'_>, notifier: &Notifier, at_once: bool) -> Result<()> {
    let (database, notifying) = (shared.database, &shared.options.notifying);
    let notifier_id = {
        let client = database.client().await?;
        let project = notifying.project.as_deref().unwrap_or_default();
        notifications::declare(&**client, project, &notifier.name, notifier.kind()).await?
    };
    decide(database, notifying, notifier, notifier_id, at_once).await?;
    send_due(database, notifier, notifier_id, &shared.options.worker).await
}
