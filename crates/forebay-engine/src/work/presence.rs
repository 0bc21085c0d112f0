//! The row that says that this worker is there: written when it has looked for work, every few seconds and when its
//! state changes, and deleted when it ends.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use forebay_store::{
    connect::Database,
    workers::{self, Heartbeat, Process},
};
use tokio::{sync::oneshot, time::timeout};

use super::{
    beside::beside,
    shared::{Shared, Stage},
};
use crate::{clock, error::Result};

/// How often the row is written: a worker counts as dead after six times as long.
const EVERY: Duration = Duration::from_secs(5);
/// How long writing it may take. The end of the work waits for it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(2);

/// Does the work while the row says that this worker is there.
pub(super) async fn during<T>(shared: &Shared<'_>, work: impl Future<Output = T>) -> T {
    beside(work, |ended| keep(shared, ended)).await
}

async fn keep(shared: &Shared<'_>, mut ended: oneshot::Receiver<()>) {
    let (process, began) = (Process::this(), Instant::now());
    let (mut serving, mut stage) = (shared.serving.subscribe(), shared.stage.clone());
    let mut is_first = true;
    let mut may_be_written = false;
    loop {
        tokio::select! {
            _ = &mut ended => break,
            Ok(()) = serving.changed() => {}
            Ok(()) = stage.changed() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
        serving.mark_unchanged();
        let pipelines = shared.served();
        let is_stopping = *stage.borrow_and_update() != Stage::Working;
        let uptime = began.elapsed();
        may_be_written = true;
        let writing = async {
            let client = shared.database.client().await?;
            let name = shared.options.worker.as_str();
            let now = clock::now();
            let heartbeat = Heartbeat {
                name,
                process: &process,
                is_stopping,
                pipelines: &pipelines,
                now,
                uptime,
                is_first,
            };
            workers::seen(&**client, heartbeat).await
        };
        // The supervisor reports an outage of the database.
        if let Ok(Ok(())) = timeout(WRITE_TIMEOUT, writing).await {
            is_first = false;
        }
    }
    if may_be_written {
        // If this fails, the row says for a day that the worker was not seen any more.
        let _in_time = timeout(WRITE_TIMEOUT, forget(shared)).await;
    }
}

/// Frees what a worker has claimed whose [`follow`](super::follow) or [`drain`](super::drain) was dropped: its
/// hand-offs are retried at once, not when its leases expire. Takes two seconds at most.
pub async fn leave(database: &Database, worker: &str) -> Result<()> {
    let leaving = async {
        let client = database.client().await?;
        workers::release(&**client, worker).await?;
        workers::forget(&**client, worker).await
    };
    // Whatever is left is free when its lease ends.
    timeout(WRITE_TIMEOUT, leaving).await.unwrap_or(Ok(()))?;
    Ok(())
}

async fn forget(shared: &Shared<'_>) -> Result<()> {
    let client = shared.database.client().await?;
    Ok(workers::forget(&**client, &shared.options.worker).await?)
}
